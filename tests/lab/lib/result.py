"""Figures for programs: where they come from, and the file they go to."""

import json
import os
import subprocess

from .script import ROOT


def origin():
    """What figures are worth nothing without."""
    return {"commit": _commit(), "machine": _machine()}


def _commit():
    """Of the sources beside this script, if git knows them."""
    result = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"],
                            capture_output=True, text=True, check=False)
    return result.stdout.strip() if result.returncode == 0 else None


def _machine():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return {"cpu": models[0] if models else "unknown", "cores": os.cpu_count(),
            "kernel": os.uname().release}


def write_json(path, figures):
    """`-` is standard output."""
    text = json.dumps(figures, indent=2)
    if path == "-":
        print(text)
    else:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text + "\n")
