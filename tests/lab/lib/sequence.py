"""Runs lab scripts one after another, as a person would, and sums up."""

import os
import subprocess
import sys
import time

from . import table
from .workspace import LabError, uninterrupted

HERE = os.path.realpath(os.path.join(os.path.dirname(__file__), ".."))


def run_all(bin_dir, commands):
    """`commands`: each a script of this folder and its arguments. Goes on after a failure."""
    rows = []
    for command in commands:
        print(f"\n==> {' '.join(command)}", flush=True)
        started = time.monotonic()
        code = _run([os.path.join(HERE, command[0]), "--bin", bin_dir] + command[1:])
        rows.append([" ".join(command), time.monotonic() - started,
                     "passed" if code == 0 else f"FAILED ({code})"])
    print()
    table.show(["script", "seconds", "result"], rows)
    failed = [row[0] for row in rows if row[2] != "passed"]
    if failed:
        raise LabError(f"{len(failed)} of {len(rows)} failed: {'; '.join(failed)}")


def _run(argv):
    process = subprocess.Popen([sys.executable] + argv)
    try:
        return process.wait()
    except BaseException:
        # It cleans up after itself; wait for that.
        with uninterrupted():
            process.terminate()
            process.wait()
        raise
