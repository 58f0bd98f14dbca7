#!/usr/bin/env python3
"""The checks are alive: on a small tree with one fault of each kind, each fault is found, and nothing else is."""
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import documents
import formatting
import headers
import layering
import raw_files
import shutil
import symbols
import words
from tree import Tree

SLEEP = "time." + "sleep(1)"
GOOD = {
    "core/base/good.hpp": "#pragma once\n#include <string>\n// \"power/act\" in a comment\n"
                          "inline std::string power() { return \"the power plugin is a word\"; }\n",
    "core/bus/bus_test.cpp": '#include "base/good.hpp"\nauto x = "power/act";\n',
    "core/config/keys.cpp": 'auto section = "system";\n',
    "plugins/power/src/power.cpp": "#include <vector>\n",
    "core/filesystem/tree.cpp": '#include <filesystem>\nint a = ::openat(1, "x", 0);\n',
    "core/http/stream.cpp": "// ::open(path)\nvoid f() { one.open(path.c_str()); many->remove(x); Store::open(a.c_str());"
                            " ::fstat(fd, &i); ::ftruncate(fd, 0); }\nResult<void> open(const Path &path);\n"
                            'auto said = "::unlink(path)";\n',
    "core/app/main.cpp": "#include <filesystem>\n",
    "plugins/system/src/system.cpp": "#include <pinion/cpp/plugin.hpp>\n",
    "docs/a.md": "# A b\n[b](b.md#what-is-it) [out](https://example.org)\n<!-- snippet: code.cpp#tag -->\n"
                 "```cpp\nint a;\n```\n",
    "docs/b.md": "# What is it?\n",
    "docs/sdk/rules.md": '1. A rule.\n   Test: "a good test"\n',
    "docs/adr/0001-a.md": "# a\n",
    "code.cpp": "// [tag]\nint a;\n// [tag]\n",
    "core/base/good_test.cpp": 'TEST_CASE("a good test") { host.sleep(5); }\n',
    "docs/security.md": '| 1 | a | b | "test_good" "a good test" |\n| 2 | a | b | none yet |\n',
    "tests/functional/test_good.py": "def test_good():\n    pass\n",
    "tests/functional/support/wait.py": f"import time\n{SLEEP}\n",
}
# check, what is changed, what the one problem must say
FAULTS = [
    (layering, {"core/app/a.cpp": 'auto a = "power/act";\n'}, 'names the address "power/act"'),
    (layering, {"core/app/a.cpp": 'auto a = "power";\n'}, 'names the plugin "power"'),
    (layering, {"core/app/a.cpp": 'auto a = "lib/system.so";\n'}, "names the plugin file system.so"),
    (layering, {"core/app/CMakeLists.txt": "install(plugins/power)\n"}, "names the folder plugins/power"),
    (layering, {"plugins/power/src/power.cpp": '#include "base/good.hpp"\n'}, "includes base/good.hpp of the core"),
    (layering, {"plugins/power/src/power.cpp": "#include <Poco/Net/X.h>\n"}, "includes Poco/Net/X.h"),
    (layering, {"plugins/power/CMakeLists.txt": "link(core_bus)\n"}, "links core_bus"),
    (layering, {"plugins/power/src/power.cpp": '#include "../../system/src/x.hpp"\n'}, "another plugin's file"),
    *[(raw_files, {"plugins/power/src/power.cpp": line + "\n"}, f"power.cpp:1: a path is used by hand: {call};")
      for line, call in [("int a = ::open(path, 0);", "open"), ("int a = open(path.c_str(), 0);", "open"),
                         ("int a = open(path, O_RDONLY);", "open"), ("int a = ::openat(fd, name, 0);", "openat"),
                         ("int a = openat(fd, name, 0);", "openat"), ("int a = ::unlink(path);", "unlink"),
                         ("int a = ::rename(a, b);", "rename"), ("int a = std::rename(a.c_str(), b.c_str());", "rename"),
                         ("int a = std::remove(\n    a.c_str());", "remove"), ("int a = ::mkdir(path, 0755);", "mkdir"),
                         ("int a = ::chmod(path, 0);", "chmod"), ("int a = ::chown(path, 0, 0);", "chown"),
                         ("int a = lchown(path, 0, 0);", "lchown"), ("int a = ::stat(path, &info);", "stat"),
                         ("int a = lstat(path, &info);", "lstat"), ("int a = fstatat(fd, path, &info, 0);", "fstatat"),
                         ("DIR *a = opendir(path);", "opendir"), ("int a = ::symlink(a, b);", "symlink"),
                         ("int a = ::link(a, b);", "link"), ("auto a = ::readlink(a, b, 1);", "readlink"),
                         ("int a = ::truncate(path, 0);", "truncate"), ("int a = truncate(path.c_str(), 0);", "truncate"),
                         ("int a = utimensat(fd, path, t, 0);", "utimensat"), ("FILE *a = fopen(path, mode);", "fopen"),
                         ("bool a = access(path, R_OK);", "access"), ("long a = ::syscall(SYS_openat2, fd);", "syscall"),
                         ("namespace fs = std::filesystem;", "filesystem"), ("#include <filesystem>", "filesystem"),
                         ("std::ifstream file(path);", "fstream"), ("std::ofstream file;", "fstream"),
                         ("#include <fstream>", "fstream"), ("#include \"Poco/File.h\"", "Poco")]],
    (raw_files, {"core/docker/new.cpp": "int a = ::unlink(path);\n"}, "core/docker/new.cpp:1: a path is used by hand"),
    (raw_files, {"core/app/main.cpp": "#include <filesystem>\nint a = ::unlink(path);\n"}, "by hand: unlink"),
    (raw_files, {"core/app/main.cpp": "int a;\n"}, "allows it filesystem, which it does not use"),
    (words, {"core/base/good_test.cpp": "void f() { std::this_thread::sleep_for(1s); }\n"}, "a test sleeps: sleep_for("),
    (words, {"core/base/good_test.cpp": "void f() { ::usleep(5); }\n"}, "a test sleeps: ::usleep("),
    (words, {"tests/functional/test_a.py": f"{SLEEP}\n"}, "a test sleeps: " + SLEEP[:-2]),
    (words, {"docs/b.md": "# What is it?\ncd /" + "work/main\n"}, "a path of one machine"),
    (documents, {"docs/a.md": "[b](gone.md)\n"}, "leads nowhere: gone.md"),
    (documents, {"docs/a.md": "[b](b.md#elsewhere)\n"}, "no heading for #elsewhere"),
    (documents, {"code.cpp": "// [tag]\nint b;\n// [tag]\n"}, "differs from code.cpp, [tag]"),
    (documents, {"code.cpp": "// [tag]\nint a;\n"}, "no lines between two marks [tag]"),
    (documents, {"docs/a.md": "<!-- snippet: code.cpp#tag -->\nint a;\n"}, "no code block after it"),
    (documents, {"docs/sdk/rules.md": '1. A rule.\n   Test: "a lost test"\n'}, 'there is no test "a lost test"'),
    (documents, {"docs/sdk/rules.md": "1. A rule.\n"}, "a rule without its test"),
    (documents, {"docs/security.md": '| 1 | a | b | "test_good" "a lost test" |\n'}, 'there is no test "a lost test"'),
    (documents, {"docs/security.md": "| 1 | a | b | soon |\n"}, "a row that names no test"),
    (documents, {"docs/adr/0001-b.md": "# b\n"}, "two decisions have the number 0001"),
    (headers, {"core/base/bad.hpp": "#pragma once\ninline std::string text();\n"}, "bad.hpp: does not compile alone"),
    (headers, {"core/base/bad.hpp": "struct Twice {};\n"}, "bad.hpp: does not say #pragma once"),
]
if shutil.which("clang-format-14"):
    FAULTS.append((formatting, {"core/base/bad.cpp": "int  a ;\n"}, "bad.cpp: not as clang-format-14 writes it"))

ENTRY = "__attribute__((visibility(\"default\"))) const int pinion_plugin_entry_v1 = 1;\n"
# name, source, options, what the one problem must say (None: no problem)
LIBRARIES = [
    ("power.so", ENTRY, ["-fvisibility=hidden"], None),
    ("power.so", ENTRY + "int leaked(void) { return 1; }\n", [], "power.so: exports"),
    ("power.so", "static int nothing;\n", ["-fvisibility=hidden"], "power.so: exports nothing"),
    ("power.so", ENTRY, ["-fvisibility=hidden", "-Wl,--no-as-needed", "-lz"], "power.so: needs libz"),
    ("daemon", "int main(void) { return 0; }\n", [], None),
    ("daemon", "int pinion_inner(void) { return 1; }\nint main(void) { return 0; }\n", ["-rdynamic"],
     "exports 1 symbols of its own"),
]


def plant(folder, files):
    root = pathlib.Path(folder)
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "build").mkdir()
    return Tree(root, root / "build")


def compiled(source, options, output):
    output.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cc", "-x", "c", "-", "-fPIC", "-o", str(output), *options], input=source, text=True, check=True)


def main():
    failures = []

    def expect(what, problems, wanted):
        if wanted is None and problems:
            failures.append(f"{what}: wants no problem, found {problems}")
        if wanted is not None and (len(problems) != 1 or wanted not in problems[0]):
            failures.append(f"{what}: wants one problem with \"{wanted}\", found {problems}")

    for check in (layering, raw_files, words, documents, headers):
        with tempfile.TemporaryDirectory() as folder:
            expect(f"{check.__name__} on the good tree", check.check(plant(folder, GOOD)), None)
    for check, change, wanted in FAULTS:
        files = {**GOOD, **change}
        if check is headers:  # one compilation each is enough
            files = change
        if check is formatting:
            files = change
        with tempfile.TemporaryDirectory() as folder:
            expect(f"{check.__name__} with {change}", check.check(plant(folder, files)), wanted)
    for name, source, options, wanted in LIBRARIES:
        with tempfile.TemporaryDirectory() as folder:
            tree = plant(folder, {"plugins/power/src/power.cpp": ""})
            plugin, daemon = tree.build / "lib/pinion/plugins/power.so", tree.build / "bin/pinion"
            compiled(ENTRY, ["-shared", "-fvisibility=hidden"], plugin)
            compiled("int main(void) { return 0; }\n", [], daemon)
            if name == "daemon":
                compiled(source, options, daemon)
            else:
                compiled(source, ["-shared", *options], plugin)
            expect(f"symbols with {name} of {source!r} {options}", symbols.check(tree), wanted)
    print("\n".join(failures) or f"{len(FAULTS) + len(LIBRARIES)} faults judged rightly")
    return 1 if failures else 0


sys.exit(main())
