"""Files are opened and changed by path in few places, each with its reason; never on a server's volume.

Why: whoever owns a server plants links in its folder. Only the confined filesystem (core/filesystem, and pinion.files/1
for plugins) goes through them safely, so every other use of a path must be of a place that no owner can write to.
"""
import re

from tree import lines_matching, without_comments

HOME = "core/filesystem/"
# A file that may, what for, and what it uses. One that uses something else is found, and so is a line that is not needed.
ALLOWED = {
    "core/app/configure.cpp": ("writes config.yml, where root says", "filesystem open rename unlink"),
    "core/app/main.cpp": ("makes the paths of the command line absolute", "filesystem"),
    "core/app/plugin_folder.cpp": ("finds the plugins beside the program", "filesystem"),
    "core/archives/idle_priority.cpp": ("asks the kernel for a low priority of its thread", "syscall"),
    "core/archives/pack.cpp": ("goes down from a descriptor of the tree, a name at a time, following no link",
                               "fstatat openat readlink readlinkat"),
    "core/config/read.cpp": ("reads config.yml and the files that it names, root's", "open"),
    "core/config/write.cpp": ("writes config.yml, root's", "mkostemp open realpath rename stat unlink"),
    "core/docker/cgroup.cpp": ("reads the kernel's figures in /sys/fs/cgroup and /proc", "open stat"),
    "core/docker/environment_list.cpp": ("looks whether a time zone is known in /usr/share/zoneinfo", "access"),
    "core/docker/mounts.cpp": ("looks at the sources of mounts, which only the config can name", "access realpath"),
    "core/docker/resources.cpp": ("looks what the kernel's cgroups can do in /sys/fs/cgroup", "access"),
    "core/docker/verbs.cpp": ("empties the engine's log of a container, which only root can write to", "open"),
    "core/loader/library.cpp": ("looks whose a plugin's library is before it is loaded", "filesystem stat"),
    "core/loader/loader.cpp": ("lists the folder of the plugins", "filesystem"),
    "core/loader/node_folders.cpp": ("makes the node's own folders, below root's", "filesystem mkdir open"),
    "core/log/log.cpp": ("writes the daemon's log and logrotate's rules", "filesystem mkdir open unlink"),
    "core/machine/facts.cpp": ("reads the kernel's figures in /proc and /etc/os-release", "fstream"),
    "core/machine/preparation.cpp": ("makes the node's own folders at the start; the time zone; waits for a child",
                                     "filesystem mkdir syscall"),
    "core/machine/report.cpp": ("asks how full the disk of the node's own folder is", "statvfs"),
    "core/servers/states_file.cpp": ("keeps states.json in the node's own folder", "open rename"),
    "core/standalone/demo_image.cpp": ("reads busybox of the host for the demo's image", "fstream"),
    "core/standalone/folder_source.cpp": ("reads the definitions of servers, root's", "filesystem fstream"),
    "core/standalone/setup.cpp": ("makes a standalone node's folder, where root says", "filesystem open unlink"),
    "core/store/store.cpp": ("opens the database in the node's own folder", "open rename unlink"),
    "plugins/activity/src/wings_database.cpp": ("looks for Wings' database by the descriptor of the node's own folder",
                                                "fstatat"),
    "plugins/install/src/node_files.cpp": ("keeps logs below a folder of the node, by its descriptor, following no link",
                                           "mkdirat openat unlinkat"),
    "plugins/sftp/src/conversation.cpp": ("has requests of these names", "opendir realpath"),
    "plugins/sftp/src/conversation.hpp": ("has requests of these names", "opendir realpath"),
    "plugins/sftp/src/conversation_io.cpp": ("lists a folder by the descriptor that pinion.files/1 gave, a name at a time, following no"
                                             " link", "fdopendir fstatat"),
    "plugins/sftp/src/host_key.cpp": ("keeps the host key in a folder of the node, by its descriptor", "openat renameat"),
    "plugins/sftp/src/spool.cpp": ("keeps activity in a folder of the node, by its descriptor", "openat"),
}

# Names that stand for nothing else, with and without "::".
PLAIN = ("openat openat2 creat unlinkat renameat renameat2 mkdirat rmdir fchmodat lchown fchownat lstat fstatat statx stat64"
         " opendir fdopendir scandir nftw symlinkat linkat readlink readlinkat mkfifo mknod mknodat utime utimes utimensat"
         " futimesat faccessat euidaccess fopen freopen mkstemp mkostemp mkdtemp tmpfile realpath chdir chroot statvfs"
         " setxattr lsetxattr getxattr lgetxattr name_to_handle_at open_by_handle_at inotify_add_watch syscall"
         " archive_read_open_filename archive_write_open_filename archive_read_disk_open archive_write_disk_new").split()
# Ordinary words as well: with "::", or with what only a path or its flags look like.
WORDS = "open unlink rename remove mkdir chmod chown stat link symlink truncate access glob ftw mount".split()
PATH = r"(?:[^;{}]*?(?:\.c_str\(\)|\bO_[A-Z]+\b|\bAT_[A-Z]+\b|\b[FRWX]_OK\b))"
CALLS = [
    (rf"(?<![\w.>:])(?:::\s*)?({'|'.join(PLAIN)})\s*\(", None),
    (rf"(?<![\w>)]::)(?<![\w>:])::\s*({'|'.join(WORDS)})\s*\(", None),
    (rf"\bstd::(remove|rename)\s*\({PATH}", None),
    (rf"(?<![\w.>:])({'|'.join(WORDS)})\s*\({PATH}", None),
    (r"\bstd::filesystem\b|#\s*include\s*<filesystem>", "filesystem"),
    (r"\b(?:basic_)?[io]?fstream\b", "fstream"),
    (r"\bPoco/(?:File|FileStream|DirectoryIterator|DirectoryWatcher|RecursiveDirectoryIterator|TemporaryFile|Glob)\.h\b",
     "Poco"),
]


def looked_at(tree):
    for name in tree.matching(r"(core|plugins|sdk/include)/.*\.(cpp|hpp|h|c)"):
        tests = name.endswith(("_test.cpp", "_test.hpp", "_for_tests.hpp", "/fixture.hpp"))
        if not tests and not name.startswith((HOME, "core/loader/test_plugins/", "sdk/include/pinion/testing/")):
            yield name


def uses(text):
    """(line, the call or library) of each use."""
    text = re.sub(r'(?<!include )"(?:\\.|[^"\\\n])*"', '""', text)  # words in what is said are no calls
    found = {}
    for pattern, called in CALLS:
        for line, match in lines_matching(text, pattern):
            found.setdefault((line, called or match.group(1)), None)
    return sorted(found)


def check(tree):
    problems, needed = [], {}
    for name in looked_at(tree):
        allowed = ALLOWED.get(name, ("", ""))[1].split()
        for line, call in uses(without_comments(tree.text(name))):
            needed.setdefault(name, set()).add(call)
            if call not in allowed:
                problems.append(f"{name}:{line}: a path is used by hand: {call}; go through core/filesystem or"
                                " pinion.files/1, or give the reason in tools/check/raw_files.py")
    for name, (_, allowed) in ALLOWED.items():
        for call in sorted(set(allowed.split()) - needed.get(name, set())):
            if name in tree.files:
                problems.append(f"{name}: tools/check/raw_files.py allows it {call}, which it does not use")
    return problems
