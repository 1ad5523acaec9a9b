#!/usr/bin/env python3
"""Every --help: words that a terminal of 80 columns shows as they are, with examples and exit codes."""

import argparse
import subprocess
import sys

COLUMNS = 80

COMMANDS = [[], ["serve"], ["get"], ["identity"], ["console"], ["top"], ["agent"], ["simulate"],
            ["simulate", "fleet"], ["simulate", "session"], ["bench"], ["fleet"],
            ["fleet", "get"], ["fleet", "status"], ["fleet", "cancel"], ["fleet", "retry"], ["fleet", "jobs"],
            ["fleet", "cert"], ["fleet", "cert", "init"], ["fleet", "cert", "host"], ["fleet", "cert", "list"]]

# Groups say which commands they have; what these do, and how they end, is theirs to say.
GROUPS = [[], ["fleet"], ["fleet", "cert"]]


def complaints(program, command):
    done = subprocess.run([program, *command, "--help"], capture_output=True, check=False, timeout=20)
    if done.returncode != 0 or done.stderr:
        yield f"ends with {done.returncode}, says {done.stderr!r} on standard error"
    try:
        text = done.stdout.decode("utf-8")
    except UnicodeDecodeError as error:
        yield f"is not UTF-8: {error}"
        return
    for line in text.splitlines():
        if not line.isprintable():
            yield f"has control characters: {line!r}"
        # Examples are lines to be copied: they may be as long as they are.
        if len(line) > COLUMNS and not line.startswith("  fleetcast "):
            yield f"has {len(line)} columns: {line!r}"
    if "fleetcast" not in text or "xample" not in text and command[:2] != ["fleet", "cert"]:
        yield "has no examples"
    if command not in GROUPS and "xit code" not in text and command[:2] != ["fleet", "cert"]:
        yield "does not say how it ends"


def misuse(program):
    """Words that are none."""
    for words, expected in ((["srve"], '"serve"'), ([], "Commands: "), (["fleet", "gte"], '"get"'),
                            (["fleet"], "Commands: ")):
        done = subprocess.run([program, *words], capture_output=True, text=True, check=False, timeout=20)
        if done.returncode != 2 or expected not in done.stderr:
            yield f"`fleetcast {' '.join(words)}` ends with {done.returncode} and says {done.stderr!r}"
    done = subprocess.run([program, "help", "serve"], capture_output=True, text=True, check=False, timeout=20)
    if done.returncode != 0 or "--namespace" not in done.stdout:
        yield "`fleetcast help serve` is not `fleetcast serve --help`"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    program = parser.parse_args().program
    found = [f"fleetcast {' '.join(command)} --help {what}" for command in COMMANDS
             for what in complaints(program, command)]
    found += misuse(program)
    print("\n".join(found) or f"{len(COMMANDS)} helps are well")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
