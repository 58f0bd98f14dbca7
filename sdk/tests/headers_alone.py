#!/usr/bin/env python3
"""The C headers compile alone in every C and C++ standard, and hold no padding. Usage: headers_alone.py INCLUDE_DIR"""
import sys

from compilers import accepts, c_compilers, cxx_compilers

C_STANDARDS = ["c89", "c99", "c11", "c17"]
CXX_STANDARDS = ["c++98", "c++11", "c++14", "c++17", "c++20"]
HEADERS = ["pinion/plugin.h", "pinion/services.h"]
# Each macro that is more than a number is used once.
USE = """
#include <{header}>
#include <{header}>
int uses(const struct pinion_bus_v1 *bus);
int uses(const struct pinion_bus_v1 *bus) { return PINION_HAS(bus, cancel) && PINION_ABI_TARGET >= 0x0001; }
"""


def main():
    include = sys.argv[1]
    jobs = [(c, "c", s) for c in c_compilers() for s in C_STANDARDS]
    jobs += [(c, "c++", s) for c in cxx_compilers() for s in CXX_STANDARDS]
    failed = 0
    for header in HEADERS:
        for compiler, language, standard in jobs:
            fine, said = accepts(compiler, language, standard, include, USE.replace("{header}", header), "-Wpadded")
            if not fine:
                failed += 1
                print(f"{header} with {compiler} -std={standard}:\n{said}")
    if len({job[0] for job in jobs}) < 2:
        print("no C and C++ compiler was found")
        return 1
    print(f"{len(HEADERS) * len(jobs)} compilations, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
