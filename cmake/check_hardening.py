#!/usr/bin/env python3
"""Fails unless the binaries are hardened: what the compiler and the linker were asked for is read back.

    check_hardening.py FILE...                      check these programs and shared libraries
    check_hardening.py --self-test [--compiler CC]  build a program with each flag taken away, and see it found

Each file needs:
  1. Position-independent code: type DYN, and for a program (any name without .so) a loader, so PIE.
  2. A stack that is not executable.
  3. Full RELRO: the GNU_RELRO segment, and BIND_NOW.
  4. The stack protector: the file calls __stack_chk_fail.
  5. FORTIFY: the file calls at least one of libc's checking functions, such as __memcpy_chk.
  6. An RPATH or RUNPATH, if there is one, whose elements all begin with $ORIGIN. The loader takes an empty
     element for the current directory, and anything else is a path of the machine that built the file.

Rules 4 and 5 show that the flag reached some of the code, not all of it.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path


class Unreadable(Exception):
    """Not an ELF file, or one that readelf cannot read."""


class Elf:
    """What readelf says about one file."""

    def __init__(self, path):
        self.path = str(path)
        text = self._readelf("--file-header", "--program-headers", "--dynamic", "--dyn-syms")
        self.type = self._first(r"^\s*Type:\s+(\w+)", text)
        self.has_loader = re.search(r"^\s*INTERP\s", text, re.MULTILINE) is not None
        # The flags stand between six numbers and the alignment: "RW", or "R E" and "RWE" with the right to execute.
        self.stack = self._first(r"^\s*GNU_STACK(?:\s+0x[0-9a-f]+){5}\s+([RWE ]+?)\s+0", text)
        self.has_relro = re.search(r"^\s*GNU_RELRO\s", text, re.MULTILINE) is not None
        self.binds_now = re.search(r"\(BIND_NOW\)|\(FLAGS\).*\bBIND_NOW\b|\(FLAGS_1\).*\bNOW\b",
                                   text) is not None
        self.paths = re.findall(r"\((?:RPATH|RUNPATH)\)[^\[]*\[(.*)\]", text)
        self.calls = set(re.findall(r"\sUND\s+([^\s@]+)", text))

    def _readelf(self, *options):
        result = subprocess.run(["readelf", "--wide", *options, self.path], capture_output=True, text=True,
                                errors="replace", check=False, env={**os.environ, "LC_ALL": "C"})
        if result.returncode != 0 or "ELF Header" not in result.stdout:
            raise Unreadable((result.stderr.strip() or "not an ELF file").splitlines()[0])
        return result.stdout

    @staticmethod
    def _first(pattern, text):
        found = re.search(pattern, text, re.MULTILINE)
        return found.group(1) if found else None


def problems_of(path):
    """A sentence for each thing that is missing, with the flag that gives it."""
    try:
        elf = Elf(path)
    except Unreadable as error:
        return [f"{path}: cannot be checked: {error}"]
    is_library = ".so" in Path(path).name
    fortified = {name for name in elf.calls if re.fullmatch(r"__\w+_chk", name)}
    found = []
    if elf.type != "DYN":
        found.append(f"not position-independent, type {elf.type}"
                     f" ({'-shared -fPIC' if is_library else '-fPIE -pie'})")
    elif not is_library and not elf.has_loader:
        found.append("no program interpreter, so not a PIE program (-fPIE -pie)")
    if elf.stack is None or "E" in elf.stack:
        found.append("executable stack (-z noexecstack)")
    if not elf.has_relro:
        found.append("no GNU_RELRO segment (-z relro)")
    if not elf.binds_now:
        found.append("no BIND_NOW: symbols are bound lazily (-z now)")
    if "__stack_chk_fail" not in elf.calls:
        found.append("no stack protector: __stack_chk_fail is never called (-fstack-protector-strong)")
    if not fortified:
        found.append("no FORTIFY: none of libc's *_chk functions is called (-O2 -D_FORTIFY_SOURCE=2)")
    for written in elf.paths:
        for element in written.split(":"):
            if not element:
                found.append(f"an empty element in the RPATH or RUNPATH [{written}] (-rpath)")
            elif not re.match(r"\$(ORIGIN|\{ORIGIN\})(/|$)", element):
                found.append(f"'{element}' in the RPATH or RUNPATH does not begin with $ORIGIN (-rpath)")
    return [f"{path}: {problem}" for problem in found]


# ---- self-test ------------------------------------------------------------------------------------

SOURCE = """
#include <string.h>
extern int puts(const char*);
int copied(const char* text) { char copy[64]; strcpy(copy, text); return puts(copy); }
int main(int count, char** texts) { return copied(texts[count - 1]); }
"""

HARDENED = ["-O2", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2", "-fstack-protector-strong", "-Wl,-z,noexecstack",
            "-Wl,-z,relro", "-Wl,-z,now", "-Wl,-rpath,$ORIGIN/../lib"]
PROGRAM = ["-fPIE", "-pie"]
LIBRARY = ["-fPIC", "-shared"]

# What is taken away again, and a word of the one complaint that is due; no word: all is well.
CASES = [
    ("program", PROGRAM, [], None),
    ("libsample.so.1", LIBRARY, [], None),
    ("program", PROGRAM, ["-Wl,-rpath,$ORIGIN"], None),
    ("program", PROGRAM, ["-fno-pie", "-no-pie"], "-fPIE -pie"),
    ("program", LIBRARY, [], "no program interpreter"),
    ("program", PROGRAM, ["-Wl,-z,execstack"], "executable stack"),
    ("program", PROGRAM, ["-Wl,-z,norelro"], "GNU_RELRO"),
    ("program", PROGRAM, ["-Wl,-z,lazy"], "BIND_NOW"),
    ("program", PROGRAM, ["-fno-stack-protector"], "stack protector"),
    ("program", PROGRAM, ["-U_FORTIFY_SOURCE"], "FORTIFY"),
    ("program", PROGRAM, ["-Wl,-rpath,/opt/lib"], "'/opt/lib'"),
    ("program", PROGRAM, ["-Wl,-rpath,lib"], "'lib'"),
    ("program", PROGRAM, ["-Wl,-rpath,$ORIGINAL/lib"], "'$ORIGINAL/lib'"),
    ("program", PROGRAM, ["-Wl,-rpath,$ORIGIN/lib:"], "an empty element"),
    ("program", PROGRAM, ["-Wl,--disable-new-dtags,-rpath,/opt/lib"], "'/opt/lib'"),
    ("libsample.so.1", LIBRARY, ["-Wl,-z,execstack"], "executable stack"),
    ("libsample.so.1", LIBRARY, ["-Wl,-z,norelro"], "GNU_RELRO"),
    ("libsample.so.1", LIBRARY, ["-Wl,-z,lazy"], "BIND_NOW"),
    ("libsample.so.1", LIBRARY, ["-fno-stack-protector"], "stack protector"),
    ("libsample.so.1", LIBRARY, ["-U_FORTIFY_SOURCE"], "FORTIFY"),
]


def self_test(compiler):
    failures = []
    with tempfile.TemporaryDirectory() as directory:
        source = Path(directory) / "sample.c"
        source.write_text(SOURCE, encoding="utf-8")
        for name, kind, without, expected in CASES:
            target = Path(directory) / name
            subprocess.run([compiler, *HARDENED, *kind, *without, str(source), "-o", str(target)], check=True)
            problems = problems_of(target)
            as_expected = (not problems if expected is None
                           else len(problems) == 1 and expected in problems[0])
            if not as_expected:
                failures.append(f"{name} with {' '.join(without) or 'all flags'}: expected"
                                f" {expected or 'no complaint'}, got {problems}")
        for name in ("sample.c", "missing"):
            if not any("cannot be checked" in problem for problem in problems_of(Path(directory) / name)):
                failures.append(f"{name} was taken for a hardened program")
    for failure in failures:
        print(failure, file=sys.stderr)
    print(f"hardening self-test: {len(CASES) + 2} files, {len(failures)} failures")
    return 1 if failures else 0


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("files", nargs="*", metavar="FILE")
    arguments.add_argument("--self-test", action="store_true")
    arguments.add_argument("--compiler", default="cc", metavar="CC", help="for --self-test (default: cc)")
    options = arguments.parse_args()
    if options.self_test:
        return self_test(options.compiler)
    if not options.files:
        arguments.error("name the files to check")
    problems = [problem for path in options.files for problem in problems_of(path)]
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        print(f"hardened: {', '.join(Path(path).name for path in options.files)}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
