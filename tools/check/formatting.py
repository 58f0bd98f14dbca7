"""C++ and C text is as clang-format-14 writes it, when that tool is there."""
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor


def check(tree):
    tool = shutil.which("clang-format-14")
    if not tool:
        print("formatting: clang-format-14 is not there; nothing checked")
        return []
    names = tree.matching(r".*\.(cpp|hpp|c|h)")

    def one(name):
        run = subprocess.run([tool, "--dry-run", "-Werror", str(tree.root / name)], capture_output=True)
        return f"{name}: not as clang-format-14 writes it" if run.returncode else None
    with ThreadPoolExecutor(2) as workers:
        return [problem for problem in workers.map(one, names) if problem]
