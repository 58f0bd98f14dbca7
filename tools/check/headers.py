"""Every C++ header compiles alone, twice in one file, with the flags of its folder.

Why: a header that needs another to come first breaks whoever sorts includes.
"""
import os
import pathlib
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor


def check(tree):
    compiler = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")
    if not compiler:
        return ["headers: no C++ compiler was found"]
    launcher = [shutil.which("ccache")] if shutil.which("ccache") else []
    general = ["-std=c++20", "-I", str(tree.root / "sdk/include")]

    def flags_of(name):
        folder = (tree.root / name).parent
        for one in (folder, folder / "src", *folder.parents):
            if str(one) in tree.compile_flags:
                return tree.compile_flags[str(one)]
        room = ["-I", str(tree.root / "core")] if name.startswith("core/") else []
        return room

    def one(name, folder):
        # An object is written, though nobody wants it: only compilations with one are remembered by ccache.
        source = pathlib.Path(folder) / (name.replace("/", "_") + ".cpp")
        source.write_text(f'#include "{tree.root / name}"\n#include "{tree.root / name}"\n')
        run = subprocess.run([*launcher, compiler, *general, *flags_of(name), "-Wall", "-Wextra", "-Wpedantic", "-Werror",
                              "-O0", "-c", str(source), "-o", f"{source}.o"], capture_output=True, text=True,
                             env={**os.environ, "CCACHE_NOHASHDIR": "true"})
        if run.returncode == 0:
            return None
        reason = next((line for line in run.stderr.splitlines() if "error" in line), run.stderr.strip()[:200])
        return f"{name}: does not compile alone: {reason}"

    # The same folder each time: its path is part of what ccache compares.
    folder = tree.build / "headers-alone"
    folder.mkdir(exist_ok=True)
    names = tree.matching(r"(core|plugins|sdk/include)/.*\.hpp")
    # Parts of one header that say so: "Included by host.hpp."
    names = [name for name in names if not name.endswith(("detail/host_impl.hpp", "detail/fake_tables.hpp"))]
    with ThreadPoolExecutor(max(2, min(4, os.cpu_count() or 2))) as workers:
        return [problem for problem in workers.map(lambda name: one(name, folder), names) if problem]
