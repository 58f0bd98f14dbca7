"""The core names no plugin, and plugins see nothing of the core.

Why: a plugin that the core knows by name is not a plugin; one that includes the core cannot be built outside.
"""
import re

from tree import lines_matching, without_comments

# Ids that are also ordinary words of the protocol or of files. As a whole string they say nothing about a plugin.
ORDINARY = {
    "files": "an option of archives",
    "install": "a key of standalone server files, and a word of the Panel's paths",
    "sftp": "a folder of the node's keys, and a word of the Panel's paths",
    "system": "a section of config.yml, and of /api/system",
    "websocket": "the value of the Upgrade header, and a token's purpose",
}


def check(tree):
    problems = []
    ids = "|".join(map(re.escape, tree.plugin_ids))
    names = "|".join(re.escape(one) for one in tree.plugin_ids if one not in ORDINARY)
    for name in tree.matching(r"core/.*\.(cpp|hpp|in|txt)"):
        if name.endswith("_test.cpp"):  # a test of the bus may well use an address that people know
            continue
        text = without_comments(tree.text(name))
        found = []
        found += [(line, f"the plugin file {m.group(0)}") for line, m in lines_matching(text, rf"\b(?:{ids})\.so\b")]
        found += [(line, f"the folder {m.group(0)}") for line, m in lines_matching(text, rf"plugins/(?:{ids})\b")]
        found += [(line, f"the address {m.group(0)}")
                  for line, m in lines_matching(text, rf'"(?:{ids})/[a-z][a-z-]*"')]
        if names:
            found += [(line, f"the plugin {m.group(0)}") for line, m in lines_matching(text, rf'"(?:{names})"')]
        problems += [f"{name}:{line}: the core names {what}" for line, what in found]

    rooms = {name.split("/")[1] for name in tree.matching(r"core/[^/]+/.*")}
    for name in tree.matching(r"(plugins|sdk)/.*\.(cpp|hpp|c|h)"):
        for line, match in lines_matching(without_comments(tree.text(name)), r'#\s*include\s*[<"]([^>"]+)[>"]'):
            path = match.group(1)
            first = path.split("/")[0]
            own = (tree.root / name).parent / path
            core = "core/" in path or (first in rooms and "/" in path and not own.exists())
            if core:
                problems.append(f"{name}:{line}: includes {path} of the core")
            if path.startswith("Poco/"):
                problems.append(f"{name}:{line}: includes {path}: plugins and SDK share no Poco")
            if name.startswith("plugins/") and path.startswith("pinion/draft/"):
                problems.append(f"{name}:{line}: includes the draft {path}")
    for name in tree.matching(r"plugins/.*CMakeLists\.txt"):
        for line, match in lines_matching(tree.text(name), r"\b(core_\w+|Poco::\w+)"):
            problems.append(f"{name}:{line}: links {match.group(1)}")
    for name in tree.matching(r"plugins/[^/]+/.*\.(cpp|hpp)"):
        own = name.split("/")[1]
        others = "|".join(re.escape(one) for one in tree.plugin_ids if one != own)
        for line, match in lines_matching(without_comments(tree.text(name)), rf'#\s*include\s*"[^"]*\b(?:{others})/src'):
            problems.append(f"{name}:{line}: includes another plugin's file: {match.group(0)}")
    return problems
