#!/usr/bin/env python3
"""Compares the ABI of libwdstptc.so with the committed record of it.

    abi.py --library LIBRARY [--compiler CC] [--headers DIR] [--record FILE] [--update]

The record (api/wdstptc.abi) lists what compiled programs depend on: the exported symbols with their
versions and signatures, size and offsets of every structure, values of enumerations and constants,
signatures of callbacks. It is taken from the library's symbol table and from what the C compiler
itself says of the public headers (its debug information), so nothing can be forgotten.

Exit codes: 0 the same, 1 different, 2 could not be found out. --update writes the record instead.
"""

import argparse
import difflib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADERS = ("wdserror.h", "wdsmcerr.h", "wdstci.h", "fleetcast_ext.h")
POINTER_BYTES = 8
KEYWORDS = {"structure_type": "struct", "union_type": "union", "enumeration_type": "enum"}
PREAMBLE = """\
# What programs compiled against libwdstptc.so depend on, where pointers have 64 bits.
# A test compares this with the library. Lines may be added; a line that changes or goes breaks
# programs that exist. To change it on purpose: ./dev abi --update, and commit the difference.
"""


class AbiError(Exception):
    """The ABI could not be found out; the text is for people."""


def run(*command):
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    except OSError as error:
        raise AbiError(f"cannot run {command[0]}: {error.strerror}") from None
    if done.returncode != 0:
        raise AbiError(f"`{' '.join(command)}` failed:\n{done.stderr.strip()}")
    return done.stdout


# ---- the library ---------------------------------------------------------------------------------


def exported_symbols(library):
    """name -> name@version; data would have its size in programs, so that is said, too."""
    symbols = {}
    listing = run("nm", "--dynamic", "--defined-only", "--extern-only", "--with-symbol-versions",
                  "--format=posix", library)
    for line in listing.splitlines():
        name, kind, *rest = line.split()
        if kind == "A":  # the version's own name
            continue
        data = f" (data, {int(rest[1], 16)} bytes)" if kind not in "TW" else ""
        symbols[name.split("@")[0]] = name.replace("@@", "@") + data
    if not symbols:
        raise AbiError(f"{library} exports nothing")
    return symbols


def soname(library):
    found = re.search(r"\(SONAME\).*\[(.*)\]", run("readelf", "--dynamic", "--wide", library))
    return found.group(1) if found else "none"


# ---- the headers, as the preprocessor sees them --------------------------------------------------


def probe_text():
    return "".join(f"#include <{header}>\n" for header in HEADERS)


def preprocess(compiler, folder, probe):
    """(macros, declared functions) of our own headers."""
    macros, text, ours = {}, [], False
    for line in run(*compiler, "-E", "-dD", f"-I{folder}", probe).splitlines():
        if marker := re.match(r'# \d+ "(.*?)"', line):
            ours = Path(marker.group(1)).name in HEADERS
        elif ours and (macro := re.match(r"#define (\w+) (.+)", line)):
            macros[macro.group(1)] = constant(macro.group(2).strip())
        elif ours:
            text.append(line)
    functions = re.findall(r"\b((?:WdsTransportClient|Fleetcast)[A-Za-z0-9]+)\s*\(", " ".join(text))
    return macros, set(functions)


def constant(text):
    """The value where it is a plain number: 0x1 and 1 are the same to a program."""
    number = re.fullmatch(r"(0[xX][0-9a-fA-F]+|\d+)[uUlL]*", text)
    return str(int(number.group(1), 0)) if number else text


# ---- the headers, as the compiler sees them ------------------------------------------------------


class Entry:
    """One entry of the debug information."""

    def __init__(self, tag):
        self.tag = tag
        self.attributes = {}
        self.children = []

    def number(self, name):
        return int(self.attributes.get(name, "0").split()[0], 0)

    @property
    def name(self):
        return self.attributes.get("name")


class DebugInformation:
    ENTRY = re.compile(r"\s*<(\d+)><([0-9a-f]+)>: Abbrev Number: \d+ \(DW_TAG_(\w+)\)")
    ATTRIBUTE = re.compile(r"\s*<[0-9a-f]+>\s+DW_AT_(\w+)\s*:\s*(?:\([^)]*\):? )*(.*)")

    def __init__(self, compiled):
        self.entries, self.top = {}, []
        path = []
        for line in run("readelf", "--debug-dump=info", "--wide", compiled).splitlines():
            if found := self.ENTRY.match(line):
                depth, offset, tag = int(found.group(1)), int(found.group(2), 16), found.group(3)
                entry = self.entries[offset] = Entry(tag)
                del path[depth:]
                (path[-1].children if depth > 1 else self.top).append(entry)
                path.append(entry)
            elif path and (found := self.ATTRIBUTE.match(line)):
                path[-1].attributes[found.group(1)] = found.group(2).strip()
        self.our_files = {
            int(number, 0) for number, name in re.findall(
                r"^\s+(\d+)\t(?:\d+\t)+(?:\(.*\): )?(\S+)$",
                run("readelf", "--debug-dump=rawline", "--wide", compiled), re.MULTILINE)
            if name in HEADERS}

    def is_ours(self, entry):
        return entry.number("decl_file") in self.our_files

    def type_of(self, entry):
        # "<0x60a>", and in newer binutils the name behind it
        reference = re.match(r"<0x([0-9a-f]+)>", entry.attributes.get("type", ""))
        return self.entries[int(reference.group(1), 16)] if reference else None

    def size_of(self, kind):
        """Bytes; None: not known to the language, as of a function."""
        if kind is None:
            return None
        if "byte_size" in kind.attributes:
            return kind.number("byte_size")
        if kind.tag == "pointer_type":
            return POINTER_BYTES
        if kind.tag in ("typedef", "const_type", "volatile_type"):
            return self.size_of(self.type_of(kind))
        if kind.tag == "array_type":
            size = self.size_of(self.type_of(kind))
            for bound in kind.children:
                size *= bound.number("upper_bound") + 1
            return size
        return None

    def spell(self, kind):
        """A type as C writes it."""
        if kind is None:
            return "void"
        target = None if kind.tag == "typedef" else self.type_of(kind)
        if kind.tag == "pointer_type":
            if target is not None and target.tag == "subroutine_type":
                return self.spell_function(target, "(*)")
            return f"{self.spell(target)}*"
        if kind.tag in ("const_type", "volatile_type"):
            return f"{kind.tag.split('_')[0]} {self.spell(target)}"
        if kind.tag == "subroutine_type":
            return self.spell_function(kind, "")
        if kind.tag == "array_type":
            bounds = "".join(f"[{bound.number('upper_bound') + 1}]" for bound in kind.children)
            return f"{self.spell(target)}{bounds}"
        if kind.tag in KEYWORDS:
            return f"{KEYWORDS[kind.tag]} {kind.name or '(unnamed)'}"
        return kind.name

    def spell_function(self, kind, middle):
        given = [self.spell(self.type_of(child)) for child in kind.children
                 if child.tag == "formal_parameter"]
        if any(child.tag == "unspecified_parameters" for child in kind.children):
            given.append("...")
        return f"{self.spell(self.type_of(kind))} {middle}({', '.join(given) or 'void'})"

    def members(self, kind, base=0, indent="  "):
        lines = []
        for member in kind.children:
            if member.tag != "member":
                continue
            offset, of = base + member.number("data_member_location"), self.type_of(member)
            lines.append(f"{indent}{offset:4} {self.size_of(of):3}  {self.spell(of)}"
                         f" {member.name or ''}".rstrip())
            if of.tag in ("structure_type", "union_type") and not of.name:
                lines += self.members(of, offset, indent + "  ")
        return lines

    def describe(self, entry):
        """The lines for one type that our headers declare, keyed by its name."""
        if entry.tag in ("structure_type", "union_type"):
            return [f"{self.spell(entry)}: {entry.number('byte_size')} bytes", *self.members(entry)]
        if entry.tag == "enumeration_type":
            values = [f"  {child.name} = {child.number('const_value')}" for child in entry.children]
            return [f"{self.spell(entry)}: {entry.number('byte_size')} bytes", *values]
        size = self.size_of(entry)
        return [f"typedef {entry.name} = {self.spell(self.type_of(entry))}"
                f"{f', {size} bytes' if size else ''}"]


def compile_probe(compiler, folder, probe, functions):
    """Debug information has no functions that nobody calls, but has every type that is named."""
    lines = [f"typedef __typeof__({name}) abi_of_{name};\n" for name in sorted(functions)]
    probe.write_text(probe_text() + "".join(lines), encoding="ascii")
    compiled = str(probe.with_suffix(".o"))
    run(*compiler, "-std=c99", "-O0", "-gdwarf-4", "-fno-eliminate-unused-debug-types",
        f"-I{folder}", "-c", str(probe), "-o", compiled)
    return DebugInformation(compiled)


# ---- the record ----------------------------------------------------------------------------------


def take_record(library, compiler, folder):
    symbols = exported_symbols(library)
    with tempfile.TemporaryDirectory(prefix="fleetcast-abi-") as scratch:
        probe = Path(scratch) / "probe.c"
        probe.write_text(probe_text(), encoding="ascii")
        macros, declared = preprocess(compiler, folder, str(probe))
        if unlike := declared ^ symbols.keys():
            raise AbiError("not both declared in a public header and exported by the library: "
                           + ", ".join(sorted(unlike)))
        debug = compile_probe(compiler, folder, probe, declared)
    signatures, types = {}, []
    for entry in debug.top:
        if entry.tag == "typedef" and entry.name.startswith("abi_of_"):
            signatures[entry.name.removeprefix("abi_of_")] = debug.spell(debug.type_of(entry))
        elif debug.is_ours(entry) and entry.name and entry.tag in (*KEYWORDS, "typedef"):
            types.append("\n".join(debug.describe(entry)))
    parts = [f"soname {soname(library)}",
             *(f"{symbols[name]}: {signatures[name]}" for name in sorted(symbols)),
             *sorted(types), *(f"#define {name} {macros[name]}" for name in sorted(macros))]
    return PREAMBLE + "".join(part + "\n" for part in parts)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--library", required=True)
    parser.add_argument("--compiler", default="cc", help="C compiler (default: cc)")
    parser.add_argument("--headers", type=Path, default=ROOT / "api", help="folder (default: api)")
    parser.add_argument("--record", type=Path, default=ROOT / "api" / "wdstptc.abi")
    parser.add_argument("--update", action="store_true", help="write the record")
    options = parser.parse_args()
    try:
        actual = take_record(options.library, options.compiler.split(), options.headers)
    except AbiError as error:
        print(f"abi: {error}", file=sys.stderr)
        return 2
    known = options.record.read_text(encoding="ascii") if options.record.exists() else ""
    if actual == known:
        print(f"The ABI is as recorded in {options.record.name}, {len(known.splitlines())} lines")
        return 0
    sys.stdout.writelines(difflib.unified_diff(
        known.splitlines(True), actual.splitlines(True), f"{options.record.name}, as recorded",
        "as built"))
    if options.update:
        options.record.write_text(actual, encoding="ascii")
        print(f"Written to {options.record}; look at the difference before you commit it")
        return 0
    print("\nabi: the ABI is not what the record says. Programs that are compiled already notice"
          " every line that\nchanged or went. If that is meant: ./dev abi --update, and commit"
          " api/wdstptc.abi with the change.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
