"""Words that may not be in the tree: sleeping as synchronisation in tests, and paths of somebody's machine.

Why: a test that sleeps is slow on a fast machine and fails on a slow one; a path of one machine works on that one only.
"""
from tree import lines_matching, without_comments

# Member functions (`host.sleep(10)` of the SDK, which the fake host's clock drives) are no sleeping of a thread.
SLEEP_CPP = r"\bsleep_(?:for|until)\s*\(|(?<![\w.>:])(?:::)?(?:u|nano)?sleep\s*\("
SLEEP_PYTHON = r"\btime\.sleep\s*\("
# Polling with a deadline lives in the helpers of the functional tests, and only there; the bench measures rest.
MAY_SLEEP = ("tests/functional/support/", "tests/bench/")
# Spelled in parts, or this file would hold them.
PATHS = r"(?<![\w.$}])/(?:work/(?:main|shared)|tmp/" + r"build|home/(?!container/)\w+/)"


def check(tree):
    problems = []
    for name in tree.matching(r".*_test\.(cpp|c)|.*_for_tests\.hpp|sdk/include/pinion/testing/.*|tests/.*\.(cpp|hpp)"):
        for line, match in lines_matching(without_comments(tree.text(name)), SLEEP_CPP):
            problems.append(f"{name}:{line}: a test sleeps: {match.group(0)}; wait for a condition with a deadline")
    for name in tree.matching(r"tests/.*\.py"):
        if name.startswith(MAY_SLEEP):
            continue
        for line, match in lines_matching(tree.text(name), SLEEP_PYTHON):
            problems.append(f"{name}:{line}: a test sleeps: {match.group(0)}; use a helper that waits with a deadline")
    for name in tree.files:
        if name.endswith((".png", ".so", ".db", ".gz")):
            continue
        for line, match in lines_matching(tree.text(name), PATHS):
            problems.append(f"{name}:{line}: a path of one machine: {match.group(0)}")
    return problems
