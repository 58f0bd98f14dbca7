#!/usr/bin/env python3
"""The layout of each released ABI version still holds, and the gate that says so is alive.

Usage: layout_gate.py SDK_DIR. First every tests/layout_v*.c must compile against the headers as they are. Then known
breaks are applied to a copy of the headers: each must be refused; known harmless growth must pass.
"""
import pathlib
import re
import shutil
import sys
import tempfile

from compilers import accepts, c_compilers, cxx_compilers

# (what was done, file, pattern, replacement): each breaks plugins that were built before.
BREAKS = [
    ("a slot in the middle of a table", "plugin.h", r"(  pinion_status \(\*offer\))", r"  void (*between)(void);\n\1"),
    ("a slot at the end without a band", "plugin.h", r"(\} pinion_bus_v1;)", r"  void (*later)(void);\n\1"),
    ("two slots swapped", "plugin.h", r"(  pinion_status \(\*keep\)[^;]*;)(.*?)(  int32_t \(\*cancelled\)[^;]*;)",
     r"\3\2\1"),
    ("a slot removed", "services.h", r"  pinion_status \(\*scan\)[^;]*;", ""),
    ("a slot renamed", "services.h", r"\(\*use_once\)", "(*use_one_time)"),
    ("a member in the middle of a struct", "plugin.h", r"(  uint64_t seq;)", r"  uint64_t trace;\n\1"),
    ("a member widened", "plugin.h", r"uint16_t abi_minor;", "uint32_t abi_minor;"),
    ("a member narrowed without moving another", "services.h", r"uint32_t write_timeout_ms;",
     "uint16_t write_timeout_ms; uint16_t pad;"),
    ("a frozen struct grown", "plugin.h", r"(\} pinion_span;)", r"  size_t capacity;\n\1"),
    ("an error's text shortened", "plugin.h", r"message\[500\]", "message[496]"),
    ("the status widened", "plugin.h", r"typedef int32_t pinion_status;", "typedef int64_t pinion_status;"),
    ("a slot's argument added", "services.h", r"(\(\*set_state\)\(const pinion_host \*host, )", r"\1uint32_t flags, "),
    ("a slot's argument changed", "services.h", r"uint16_t code, pinion_span reason", "uint32_t code, pinion_span reason"),
    ("a slot's result changed", "services.h", r"int64_t \(\*read_body\)", "int32_t (*read_body)"),
    ("a callback's argument added", "services.h", r"typedef void \(\*pinion_timer_fn\)\(void \*user\)",
     "typedef void (*pinion_timer_fn)(void *user, uint64_t id)"),
    ("const lost on a lent pointer", "plugin.h",
     r"\(\*pinion_event_fn\)\(void \*user, const pinion_event \*event\)",
     "(*pinion_event_fn)(void *user, pinion_event *event)"),
    ("a status renumbered", "plugin.h", r"PINION_E_BUSY \(-4\)", "PINION_E_BUSY (-14)"),
    ("a flag renumbered", "services.h", r"PINION_ROUTE_LANE 2u", "PINION_ROUTE_LANE 8u"),
    ("the entry's symbol of another type", "plugin.h", r"extern PINION_EXPORT const pinion_entry_v1 ",
     "extern PINION_EXPORT const pinion_plugin_v1 "),
]
GROWTH = [
    ("nothing", "plugin.h", r"\Z", ""),
    ("a slot in a band of a later version", "plugin.h", r"(\} pinion_bus_v1;)",
     r"#if PINION_ABI_TARGET >= 0x0002\n  void (*later)(void);\n#endif\n\1"),
    ("a new status and a new flag", "plugin.h", r"(#define PINION_EVENT_RAW 1u)",
     r"#define PINION_E_NEW (-11)\n#define PINION_EVENT_NEW 4u\n\1"),
    ("a new table", "services.h", r"(typedef struct pinion_store_v1)",
     r"typedef struct pinion_new_v1 { uint32_t size; uint32_t reserved; } pinion_new_v1;\n\1"),
    ("another name for an argument", "plugin.h", r"uint32_t deadline_ms,(\s+)pinion_done_fn done",
     r"uint32_t ms,\1pinion_done_fn done"),
]


def main():
    sdk = pathlib.Path(sys.argv[1])
    layouts = sorted((sdk / "tests").glob("layout_v*.c"))
    jobs = [(c, "c", s) for c in c_compilers() for s in ("c89", "c17")]
    jobs += [(c, "c++", "c++98") for c in cxx_compilers()]
    problems = []
    if not layouts or not jobs:
        problems.append("there is no layout file or no compiler")
    for layout in layouts:
        text = layout.read_text()
        for compiler, language, standard in jobs:
            fine, said = accepts(compiler, language, standard, sdk / "include", text)
            if not fine:
                problems.append(f"{layout.name} with {compiler} -std={standard}:\n{said}")

        compiler, language, standard = jobs[0]
        for changes, wanted in ((BREAKS, False), (GROWTH, True)):
            for what, file, pattern, replacement in changes:
                with tempfile.TemporaryDirectory() as folder:
                    copy = pathlib.Path(folder) / "include" / "pinion"
                    copy.mkdir(parents=True)
                    for header in ("plugin.h", "services.h"):
                        shutil.copy(sdk / "include" / "pinion" / header, copy)
                    before = (copy / file).read_text()
                    after = re.sub(pattern, replacement, before, count=1, flags=re.S)
                    if after == before and what != "nothing":
                        problems.append(f"the mutation \"{what}\" changes nothing: bring its pattern up to date")
                        continue
                    (copy / file).write_text(after)
                    fine, said = accepts(compiler, language, standard, copy.parent, text)
                    if fine != wanted:
                        problems.append(f"{layout.name}: \"{what}\" was {'taken' if fine else 'refused'}\n{said}")
                    # A mutation that is no C at all would prove nothing.
                    valid, said = accepts(compiler, language, standard, copy.parent, "#include <pinion/services.h>\n")
                    if not valid:
                        problems.append(f"the mutation \"{what}\" does not compile by itself:\n{said}")
    print("\n".join(problems) or f"{len(layouts)} layouts hold; {len(BREAKS)} breaks refused, {len(GROWTH)} growths taken")
    return 1 if problems else 0


sys.exit(main())
