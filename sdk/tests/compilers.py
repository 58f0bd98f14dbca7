"""The compilers of this machine that the SDK's header tests try."""
import shutil
import subprocess


def found(*names):
    """Paths of those that are there, each program once."""
    out = []
    for name in names:
        path = shutil.which(name)
        if path and path not in out:
            out.append(path)
    return out


def c_compilers():
    return found("gcc") + found("clang", "clang-14")[:1]


def cxx_compilers():
    """Clang's driver compiles C++ when it is told the language, so clang++ need not be there."""
    return found("g++") + found("clang++", "clang++-14", "clang", "clang-14")[:1]


def accepts(compiler, language, standard, include, source, *options):
    """(whether it compiles, what the compiler said). Nothing is written."""
    run = subprocess.run(
        [compiler, "-x", language, f"-std={standard}", "-pedantic-errors", "-Wall", "-Wextra", "-Werror", *options,
         "-I", str(include), "-fsyntax-only", "-"], input=source, capture_output=True, text=True)
    return run.returncode == 0, run.stderr
