"""Built plugins export one symbol and need known libraries only; the daemon exports nothing of its own.

Why: a second exported symbol can be taken for another plugin's; a shared library that two plugins need is a hidden
dependency between them; a symbol of the daemon would become an interface that nobody decided on.
"""
import re
import subprocess

# What a plugin may need: the C and C++ run-time, RE2 with what that needs, libssh and libcrypto. Never Poco.
MAY_NEED = r"(?:libc|libm|libgcc_s|libstdc\+\+|libre2|libsqlite3|libssh|libcrypto|libicu\w+|libabsl_\w+|ld-linux-x86-64|ld-linux-aarch64)\.so[.\d]*"
# Only in builds with a sanitizer.
SANITIZER = r"lib(?:asan|ubsan|tsan)\.so[.\d]*"


def dynamic(file):
    """Names of the symbols that a file defines for others."""
    said = subprocess.run(["nm", "-D", "--defined-only", "--format=posix", str(file)], check=True, capture_output=True,
                          text=True).stdout
    return [line.split()[0].split("@")[0] for line in said.splitlines() if line.strip()]


def needed(file):
    said = subprocess.run(["readelf", "-d", str(file)], check=True, capture_output=True, text=True).stdout
    return re.findall(r"\(NEEDED\).*\[(.+?)\]", said)


def check(tree):
    problems = []
    cache = tree.build / "CMakeCache.txt"
    sanitized = cache.exists() and "-fsanitize=" in cache.read_text(errors="replace")
    allowed = f"{MAY_NEED}|{SANITIZER}" if sanitized else MAY_NEED
    folder = tree.build / "lib" / "pinion" / "plugins"
    plugins = sorted(folder.glob("*.so"))
    missing = set(tree.plugin_ids) - {plugin.stem for plugin in plugins}
    problems += [f"{folder}: the plugin {one} is not built" for one in sorted(missing)]
    for plugin in plugins:
        exported = dynamic(plugin)
        if exported != ["pinion_plugin_entry_v1"]:
            problems.append(f"{plugin.name}: exports {', '.join(exported[:5]) or 'nothing'}"
                            f"{' and more' if len(exported) > 5 else ''}, not pinion_plugin_entry_v1 alone")
        problems += [f"{plugin.name}: needs {one}" for one in needed(plugin) if not re.fullmatch(allowed, one)]
    daemon = tree.build / "bin" / "pinion"
    if not daemon.exists():
        return problems + [f"{daemon}: the daemon is not built"]
    # The linker itself exports what a shared library on its line refers to (copies of its data, its templates).
    own = [name for name in dynamic(daemon) if "pinion" in name]
    if own:
        problems.append(f"bin/pinion: exports {len(own)} symbols of its own, the first is {own[0]}")
    return problems
