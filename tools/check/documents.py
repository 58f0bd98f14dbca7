"""Links lead somewhere, quoted code is the code, named tests exist.

A code block after `<!-- snippet: FILE#TAG -->` must equal the lines between the two marks `[TAG]` in that file. In
docs/sdk/rules.md each rule ends with a line `Test: "name"`; in docs/security.md each attack's row ends with such names.
"""
import re
import textwrap

from tree import lines_matching

SNIPPET = r"<!-- snippet: ([^#\s]+)#([\w-]+) -->\n+```\w*\n(.*?)```"


def anchors(text):
    """The anchors of a Markdown file's headings, as the usual sites make them."""
    for line in re.findall(r"^#+ (.*)$", text, re.M):
        yield re.sub(r"[^\w\- ]", "", line.lower()).strip().replace(" ", "-")


def tagged(text, tag):
    """The lines between the two marks of a tag, or None."""
    parts = re.split(rf"^[ \t]*(?://|#|/\*) \[{re.escape(tag)}\].*\n", text, flags=re.M)
    return textwrap.dedent(parts[1]) if len(parts) == 3 else None


def check(tree):
    problems = []
    for name in tree.matching(r".*\.md"):
        text = tree.text(name)
        prose = re.sub(r"```.*?```", lambda m: "\n" * m.group(0).count("\n"), text, flags=re.S)
        for line, match in lines_matching(prose, r"\]\(([^)\s]+)\)"):
            target, _, anchor = match.group(1).partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            path = (tree.root / name).parent / target if target else tree.root / name
            if not path.exists():
                problems.append(f"{name}:{line}: the link leads nowhere: {match.group(1)}")
            elif anchor and path.suffix == ".md" and anchor not in anchors(path.read_text()):
                problems.append(f"{name}:{line}: {target or name} has no heading for #{anchor}")
        for line, match in lines_matching(text, r"<!-- snippet: "):
            if not re.match(SNIPPET, text[match.start():], re.S):
                problems.append(f"{name}:{line}: a snippet's mark with no code block after it")
        for match in re.finditer(SNIPPET, text, re.S):
            line = text.count("\n", 0, match.start()) + 1
            file, tag, shown = match.groups()
            code = tagged(tree.text(file), tag) if (tree.root / file).is_file() else None
            if code is None:
                problems.append(f"{name}:{line}: {file} has no lines between two marks [{tag}]")
            elif code.rstrip() != shown.rstrip():
                problems.append(f"{name}:{line}: the snippet differs from {file}, [{tag}]")

    tests = set()
    for name in tree.matching(r".*_test\.cpp"):
        tests.update(re.findall(r'TEST_CASE\(\s*"((?:[^"\\]|\\.)*)"', tree.text(name)))
    tests.update(re.findall(r"add_test\(NAME (\w+)", "".join(map(tree.text, tree.matching(r".*CMakeLists\.txt")))))
    rules = "docs/sdk/rules.md"
    if rules in tree.files:
        text = tree.text(rules)
        for line, match in lines_matching(text, r'^\s*Test: (.*(?:\n\s+.*)*)$'.replace("^", "(?m:^)").replace("$", "(?m:$)")):
            for test in re.findall(r'"([^"]+)"', " ".join(match.group(1).split())):
                if test not in tests:
                    problems.append(f"{rules}:{line}: there is no test \"{test}\"")
        for line, match in lines_matching(text, r"(?m)^\d+\. (.*(?:\n   .*)*)"):
            if "Test: " not in match.group(0):
                problems.append(f"{rules}:{line}: a rule without its test")
    security = "docs/security.md"
    if security in tree.files:
        for name in tree.matching(r"tests/functional/test_\w+\.py"):
            tests.update(re.findall(r"(?m)^def (test_\w+)", tree.text(name)))
        for line, match in lines_matching(tree.text(security), r"(?m)^\| \d+ \|.*\| ([^|]+) \|$"):
            named = re.findall(r'"([^"]+)"', match.group(1))
            problems += [f'{security}:{line}: there is no test "{test}"' for test in named if test not in tests]
            if not named and match.group(1) != "none yet":
                problems.append(f"{security}:{line}: a row that names no test")
    numbers = [name.split("/")[-1][:4] for name in tree.matching(r"docs/adr/\d{4}-.*\.md")]
    problems += [f"docs/adr: two decisions have the number {n}" for n in sorted(set(numbers)) if numbers.count(n) > 1]
    return problems
