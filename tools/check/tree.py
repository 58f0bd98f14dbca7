"""The source tree and a build of it, as the checks see them."""
import functools
import json
import pathlib
import re
import shutil
import subprocess


class Tree:
    def __init__(self, root, build):
        self.root = root
        self.build = build

    @functools.cached_property
    def files(self):
        """Paths below the root of all that belongs to the tree: what git tracks, or everything in an archive."""
        if (self.root / ".git").exists() and shutil.which("git"):
            said = subprocess.run(["git", "-c", f"safe.directory={self.root}", "-C", str(self.root), "ls-files", "-z"],
                                  check=True, capture_output=True, text=True).stdout
            names = [name for name in said.split("\0") if name]
        else:
            names = [str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file()]
            names = [name for name in names if not name.startswith(("build/", ".cache/"))]
        return sorted(name for name in names if (self.root / name).is_file())

    def matching(self, pattern):
        """Files whose whole path matches the regular expression."""
        return [name for name in self.files if re.fullmatch(pattern, name)]

    @functools.lru_cache(maxsize=None)
    def text(self, name):
        return (self.root / name).read_text(encoding="utf-8", errors="replace")

    @functools.cached_property
    def plugin_ids(self):
        return sorted({name.split("/")[1] for name in self.matching(r"plugins/[^/]+/src/.*")})

    @functools.cached_property
    def commands(self):
        path = self.build / "compile_commands.json"
        return json.loads(path.read_text()) if path.exists() else []

    @functools.cached_property
    def compiled(self):
        """The source files of the build."""
        return {pathlib.Path(entry["file"]) for entry in self.commands}

    @functools.cached_property
    def compile_flags(self):
        """Of each folder with sources: the -I, -isystem, -D and -std flags of one of its files."""
        out = {}
        for entry in self.commands:
            words = entry["command"].split()
            flags = []
            for at, word in enumerate(words):
                if word == "-isystem":
                    flags += [word, words[at + 1]]
                elif word.startswith(("-I", "-D", "-std=")):
                    flags.append(word)
            out.setdefault(str(pathlib.Path(entry["file"]).parent), flags)
        return out


def without_comments(text):
    """C and C++ text with comments blanked; line numbers stay."""
    def blank(match):
        found = match.group(0)
        return found if found[0] in "\"'R" else re.sub(r"[^\n]", " ", found)
    pattern = r'R"\w*\(.*?\)\w*"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|//[^\n]*|/\*.*?\*/'
    return re.sub(pattern, blank, text, flags=re.S)


def lines_matching(text, pattern):
    """(line number, the match) of each match."""
    for match in re.finditer(pattern, text):
        yield text.count("\n", 0, match.start()) + 1, match
