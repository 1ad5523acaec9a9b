#!/usr/bin/env python3
"""Writes the programs of a tutorial to files.

    extract_tutorial.py TUTORIAL.md DIRECTORY

Fenced blocks whose opening line says `file=NAME` are written to DIRECTORY/NAME, blocks of one name
one after another. Prints the names.
"""

import re
import sys
from pathlib import Path

OPENING = re.compile(r"^```\S*\s+file=(\S+)\s*$")
PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


class TutorialError(Exception):
    """The tutorial is not as it must be; the text is for people."""


def extract(text):
    """Programs by name, in the order of their first block."""
    programs = {}
    name = None
    for number, line in enumerate(text.splitlines(), start=1):
        if name is None:
            opening = OPENING.match(line)
            if not opening:
                continue
            name = opening.group(1)
            if not PLAIN_NAME.fullmatch(name):
                raise TutorialError(f"line {number}: '{name}' is not a plain file name")
            programs.setdefault(name, [])
        elif line.startswith("```"):
            name = None
        else:
            programs[name].append(line)
    if name is not None:
        raise TutorialError(f"the last block of {name} is not closed with ```")
    if not programs:
        raise TutorialError("there is no block marked file=NAME")
    return {name: "\n".join(lines).strip("\n") + "\n" for name, lines in programs.items()}


def extract_to(tutorial, directory):
    """Paths of the files written."""
    programs = extract(Path(tutorial).read_text(encoding="utf-8"))
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    for name, program in programs.items():
        (directory / name).write_text(program, encoding="utf-8")
    return [directory / name for name in programs]


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        for path in extract_to(sys.argv[1], sys.argv[2]):
            print(path)
    except (OSError, TutorialError) as error:
        sys.exit(f"extract_tutorial.py: {sys.argv[1]}: {error}")


if __name__ == "__main__":
    main()
