"""Every C++ header compiles alone, with the flags of its folder, and says `#pragma once`.

Why: a header that needs another to come first breaks whoever sorts includes. A header that is the first include of a
file that the build compiles is proven by that build; only the others are compiled here.
"""
import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

from tree import without_comments


def proven(tree):
    """Headers that come first in some file of the build."""
    out = set()
    for name in tree.matching(r".*\.cpp"):
        path = tree.root / name
        if path not in tree.compiled:
            continue
        first = re.search(r'#\s*include\s*[<"]([^>"]+)[>"]', without_comments(tree.text(name)))
        if first:
            places = (path.parent, tree.root / "core", tree.root / "sdk/include")
            out.update(str((place / first.group(1)).relative_to(tree.root)) for place in places
                       if (place / first.group(1)).exists())
    return out


def check(tree):
    compiler = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")
    if not compiler:
        return ["headers: no C++ compiler was found"]
    launcher = [shutil.which("ccache")] if shutil.which("ccache") else []
    general = ["-std=c++20", "-I", str(tree.root / "sdk/include"), "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-O0"]

    def flags_of(name):
        folder = (tree.root / name).parent
        for one in (folder, folder / "src", *folder.parents):
            if str(one) in tree.compile_flags:
                return tree.compile_flags[str(one)]
        return ["-I", str(tree.root / "core")] if name.startswith("core/") else []

    # The same folder each time: its path is part of what ccache compares.
    folder = tree.build / "headers-alone"
    folder.mkdir(exist_ok=True)

    def one(name):
        # An object is written, though nobody wants it: only compilations with one are remembered by ccache.
        source = folder / (name.replace("/", "_") + ".cpp")
        source.write_text(f'#include "{tree.root / name}"\n')
        run = subprocess.run([*launcher, compiler, *general, *flags_of(name), "-c", str(source), "-o", f"{source}.o"],
                             capture_output=True, text=True, env={**os.environ, "CCACHE_NOHASHDIR": "true"})
        if run.returncode == 0:
            return None
        reason = next((line for line in run.stderr.splitlines() if "error" in line), run.stderr.strip()[:200])
        return f"{name}: does not compile alone: {reason}"

    names = tree.matching(r"(core|plugins|sdk)/.*\.hpp")
    problems = [f"{name}: does not say #pragma once" for name in names if "#pragma once" not in tree.text(name)]
    # Parts of one header, which includes them at its end.
    parts = ("detail/host_impl.hpp", "detail/fake_tables.hpp")
    done = proven(tree)
    names = [name for name in names if name not in done and not name.endswith(parts)]
    with ThreadPoolExecutor(max(2, min(4, os.cpu_count() or 2))) as workers:
        return problems + [problem for problem in workers.map(one, names) if problem]
