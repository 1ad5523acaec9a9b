#!/usr/bin/env python3
"""Gathers the error sentences that the tests before this one provoked into one file, for people to read, and checks what
a program can check of them.

    check_sentences.py --heard DIRECTORY --out FILE
    check_sentences.py --self-test

Each sentence says what was tried or what is wrong, in printable text, with nothing of the program's inside in it. What
changes from run to run (numbers, addresses, temporary names) is put as N, so the file is the same each time.
Exit codes: 0 right, 1 wrong, 77 nothing was heard.
"""

import argparse
import os
import re
import shutil
import sys
from pathlib import Path

LONGEST = 1200
VARIABLE = ((re.compile(r"/tmp/[^\s'\"`,;:)]*|/dev/shm/[^\s'\"`,;:)]*"), "PATH"),
            (re.compile(r"SHA256:[A-Za-z0-9+/]{43}"), "SHA256:DIGITS"),
            (re.compile(r"(?:\\udc[0-9a-f]{2})+"), "BYTES"),  # of names that are no UTF-8
            (re.compile(r"(\w)\1{30,}"), r"\1…"),
            (re.compile(r"\b[0-9a-f]{16,}\b"), "DIGITS"),
            (re.compile(r"\d+(?:[.:]\d+)*"), "N"))
FAULTS = ((re.compile(r"[^ -~\u00a0-\ud7ff\ue000-\uffff\U00010000-\U0010ffff]"), "a control character"),
          (re.compile(r"%[sdu]\b|\{\}|\(null\)|std::|caf::|0x[0-9a-f]{8,}|_t\b"), "something of the program's inside"),
          (re.compile(r"  "), "two spaces"),
          (re.compile(r"(?<!\.)\.\.(?![./])"), "two full stops"),
          (re.compile(r"[,;:]\s*$"), "no end"),
          (re.compile(r"\b[Ww]hoever\b|\bso many\b"), "English that english.md does not want"))


def normal(sentence):
    for pattern, word in VARIABLE:
        sentence = pattern.sub(word, sentence)
    return sentence


def faults(sentence):
    found = [what for pattern, what in FAULTS if pattern.search(sentence)]
    return found + (["too long"] if len(sentence) > LONGEST else [])


def gathered(directory):
    return sorted({normal(line) for file in Path(directory).glob("*.txt")
                   for line in file.read_text(encoding="utf-8").splitlines()})


def self_test():
    bad = ["fleetcast get: cannot open  x", "fleetcast get: std::bad_alloc", "fleetcast get: it ended:",
           "fleetcast get: cannot open \x1b[1mx", "fleetcast get: cannot open x..", "fleetcast get: " + "x" * LONGEST]
    missed = [sentence for sentence in bad if not faults(sentence)]
    good = "fleetcast get: cannot open /tmp/x.1: No such file or directory ... (5 of 7)."
    if missed or faults(good) or normal(good) != \
            "fleetcast get: cannot open PATH: No such file or directory ... (N of N).":
        sys.exit(f"the check misses {missed}, or finds {faults(good)} in {normal(good)!r}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heard", metavar="DIRECTORY")
    parser.add_argument("--out", metavar="FILE")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        return self_test()
    sentences = gathered(options.heard) if os.path.isdir(options.heard or "") else []
    shutil.rmtree(options.heard or "", ignore_errors=True)  # the next run is heard anew
    if not sentences:
        print("no sentence was heard: the tests that provoke them did not run")
        sys.exit(77)
    Path(options.out).write_text("".join(sentence + "\n" for sentence in sentences), encoding="utf-8")
    wrong = [f"{what}: {sentence}" for sentence in sentences for what in faults(sentence)]
    print("\n".join(wrong) or f"{len(sentences)} sentences are well; read them in {options.out}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
