"""Collects the error sentences of programs, for tests/docs/check_sentences.py: into a file of this process in the
directory that FLEETCAST_SENTENCES names. Without that, nothing is kept."""

import json
import os
import re

DIRECTORY = os.environ.get("FLEETCAST_SENTENCES")
# "fleetcast get: cannot …"; a log line has its time first.
SAID = re.compile(r"^(?:fleetcast|wdsmcast)(?: [a-z-]+)*: .+")


def _in_json(line):
    """The texts of errors in a line of JSON."""
    try:
        waiting = [json.loads(line)]
    except ValueError:
        return
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if isinstance(one.get("error"), dict) and one["error"].get("text"):
                yield one["error"]["text"]
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


def hear(text):
    """What a program said; gives it back."""
    if DIRECTORY and text:
        found = []
        for line in text.splitlines():
            found += [line] if SAID.match(line) else _in_json(line) if line.startswith("{") else []
        if found:
            os.makedirs(DIRECTORY, exist_ok=True)
            with open(os.path.join(DIRECTORY, f"{os.getpid()}.txt"), "a", encoding="utf-8",
                      errors="backslashreplace") as file:
                file.write("".join(sentence + "\n" for sentence in found))
    return text
