#!/usr/bin/env python3
"""Checks the links of the documentation as it is installed: cmake/installed_docs.py, then check_links.py."""

import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main():
    with tempfile.TemporaryDirectory() as scratch:
        into = Path(scratch) / "fleetcast"
        subprocess.run([sys.executable, HERE.parents[1] / "cmake" / "installed_docs.py", "--into", into], check=True)
        return subprocess.run([sys.executable, HERE / "check_links.py", into], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
