#!/usr/bin/env python3
"""Writes the layout test of one ABI version from the headers as they are now: once, when the version is made.

    sdk/abi/make_layout.py 0x0001 > sdk/tests/layout_v0_1.c

After that the file is read-only: a later header, compiled for the old target, must still satisfy it. It needs no tool
but a compiler: an array of negative size where an offset, a size or a value moved, and a return of the wrong pointer
type where a function's signature changed.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

INCLUDE = pathlib.Path(__file__).resolve().parent.parent / "include"
HEADERS = ["plugin.h", "services.h"]


def source(header):
    text = (INCLUDE / "pinion" / header).read_text()
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    return text.replace("\\\n", " ")


def structs(text):
    """(name, [member declarations]) of every struct with a body."""
    for match in re.finditer(r"(?:typedef )?struct (pinion_\w+) \{(.*?)\n?\}", text, re.S):
        members = [" ".join(one.split()) for one in match.group(2).split(";") if one.strip()]
        yield match.group(1), members


def member_name(declaration):
    function = re.search(r"\(\*(\w+)\)", declaration)
    return function.group(1) if function else re.search(r"(\w+)(?:\[\d+\])?$", declaration).group(1)


def functions(text):
    """(name, result, arguments) of every callback typedef."""
    for match in re.finditer(r"typedef ([\w ]+?) \(\*(pinion_\w+)\)\((.*?)\);", text, re.S):
        yield match.group(2), match.group(1), " ".join(match.group(3).split())


def constants(text):
    for match in re.finditer(r"#define (PINION_\w+)\s+(\(?-?\d[\w]*\)?)\s*$", text, re.M):
        if not match.group(1).startswith("PINION_ABI_"):
            yield match.group(1)


def plain(text):
    """The typedef that might be widened, by what it was."""
    return text.replace("pinion_status", "int32_t")


def without_names(arguments):
    return ", ".join(re.sub(r"\s*\b\w+$", "", one.strip()) if not one.strip().endswith("*") else one.strip()
                     for one in arguments.split(","))


def measure(asked):
    """The numbers of C expressions, from a program that prints them."""
    program = "#include <pinion/services.h>\n#include <stdio.h>\nint main(void) {\n"
    program += "".join(f'  printf("%ld\\n", (long)({one}));\n' for one in asked) + "  return 0;\n}\n"
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        (path / "m.c").write_text(program)
        subprocess.run(["cc", "-I", str(INCLUDE), str(path / "m.c"), "-o", str(path / "m")], check=True)
        out = subprocess.run([str(path / "m")], check=True, capture_output=True, text=True).stdout
    return [int(line) for line in out.split()]


def main():
    target = sys.argv[1]
    asked, lines = [], []
    for header in HEADERS:
        text = source(header)
        for name in constants(text):
            asked.append(name)
        for name, members in structs(text):
            typed = f"struct {name}"
            for one in map(member_name, members):
                asked.append(f"offsetof({typed}, {one})")
                asked.append(f"sizeof((({typed} *)0)->{one})")
            asked.append(f"sizeof({typed})")
        for name, result, arguments in functions(text):
            lines.append(f"{plain(result)} (*check_{name}({name} f))({plain(without_names(arguments))}) {{ return f; }}")
        for name, members in structs(text):
            for declaration in members:
                match = re.match(r"(.*?)\(\*(\w+)\)\((.*)\)$", declaration)
                if match:
                    result, slot, arguments = match.groups()
                    lines.append(f"{plain(result.strip())} (*check_{name}_{slot}(struct {name} *t))"
                                 f"({plain(without_names(arguments))}) {{ return t->{slot}; }}")
    print(f"""/* The layout of ABI {int(target, 16) >> 8}.{int(target, 16) & 255} on 64-bit machines. Written by sdk/abi/make_layout.py when the version was made;
 * never edited. It does not compile when an offset, a size, a value or a signature moved. */
#define PINION_ABI_TARGET {target}
#include <pinion/services.h>

/* clang-format off */
#define SAME(name, value, expected) typedef char name[(value) == (expected) ? 1 : -1]
""")
    for number, (expression, value) in enumerate(zip(asked, measure(asked))):
        print(f"SAME(same_{number}, {expression}, {value});")
    print()
    lines.append("const struct pinion_entry_v1 *check_entry(void) { return &pinion_plugin_entry_v1; }")
    for line in lines:
        prototype = line[:line.index(" {")]
        print(prototype + ";")
        print(line)


main()
