"""Adds up the JUnit files of a test run: prints what failed, then one line "N passed, N failed"
(", N skipped"); exit code 1 on failures.

A runner that left no file, or a file without a test, counts as a failure."""
from __future__ import annotations

import sys
import xml.etree.ElementTree as xml
from pathlib import Path


def main() -> int:
    folder = Path(sys.argv[1])
    wanted = {"unit", "fuzz", "functional"} | ({"conformance", "conformance-scope"} if Path("../shared/conformance").is_dir() else set())
    passed = failed = skipped = 0
    for name in sorted(wanted | {path.stem for path in folder.glob("*.xml")}):
        path = folder / f"{name}.xml"
        try:
            cases = list(xml.parse(path).getroot().iter("testcase"))
        except (OSError, xml.ParseError) as error:
            print(f"FAILED {name}: no result ({error})")
            failed += 1
            continue
        if not cases:
            print(f"FAILED {name}: no test ran")
            failed += 1
        for case in cases:
            if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
                print(f"FAILED {name}: {case.get('classname', '')}::{case.get('name')}")
                failed += 1
            elif case.find("skipped") is not None:
                skipped += 1
            else:
                passed += 1
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
