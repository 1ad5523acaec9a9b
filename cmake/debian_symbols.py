#!/usr/bin/env python3
"""Compares debian/libwdstptc1.symbols with the record of the ABI, api/wdstptc.abi.

    debian_symbols.py            exit code 1 when a call of the record is missing, or one is too many, or when the changelog
                                 has another version than the project
    debian_symbols.py --update   write the file: calls that are new there get the changelog's version

A package that uses a call depends on the version of libwdstptc1 that stands beside it here; so a version that was
released never changes.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / "api" / "wdstptc.abi"
SYMBOLS = ROOT / "debian" / "libwdstptc1.symbols"
CHANGELOG = ROOT / "debian" / "changelog"
PROJECT = ROOT / "CMakeLists.txt"


def recorded():
    """name@VERSION of each call, and of each version itself, as the linker sees them."""
    calls = re.findall(r"^(\w+)@(\w+\.[0-9.]+): ", RECORD.read_text(encoding="ascii"), re.MULTILINE)
    nodes = {node for _, node in calls}
    return sorted([f"{node}@{node}" for node in nodes] + [f"{name}@{node}" for name, node in calls])


def known():
    """What the file says already: symbol -> version of the package."""
    if not SYMBOLS.exists():
        return {}
    return dict(re.findall(r"^ (\S+) (\S+)$", SYMBOLS.read_text(encoding="ascii"), re.MULTILINE))


def packaged_version():
    return re.match(r"\S+ \(([^)]+)\)", CHANGELOG.read_text(encoding="utf-8")).group(1)


def project_version():
    return re.search(r"^project\(\s*\S+\s+VERSION\s+([0-9.]+)", PROJECT.read_text(encoding="utf-8"), re.MULTILINE).group(1)


def text_of(symbols):
    version = packaged_version()
    before = known()
    soname = re.search(r"^soname (\S+)$", RECORD.read_text(encoding="ascii"), re.MULTILINE).group(1)
    lines = [f"{soname} libwdstptc1 #MINVER#", "* Build-Depends-Package: libwdstptc-dev",
             *(f" {symbol} {before.get(symbol, version)}" for symbol in symbols)]
    return "\n".join(lines) + "\n"


def main():
    if sys.argv[1:] not in ([], ["--update"]):
        sys.exit(__doc__)
    symbols = recorded()
    if sys.argv[1:]:
        SYMBOLS.write_text(text_of(symbols), encoding="ascii")
    wrong = sorted(set(symbols) ^ set(known()))
    if wrong:
        sys.exit(f"{SYMBOLS.relative_to(ROOT)} and {RECORD.relative_to(ROOT)} differ in: {', '.join(wrong)}\n"
                 "If that is meant: cmake/debian_symbols.py --update")
    if re.split("[-~+]", packaged_version())[0] != project_version():
        sys.exit(f"{CHANGELOG.relative_to(ROOT)} is of {packaged_version()}, the project of {project_version()}")
    print(f"{SYMBOLS.relative_to(ROOT)} has the {len(symbols)} symbols of the record")


if __name__ == "__main__":
    main()
