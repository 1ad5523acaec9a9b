"""The frame of a lab script: options, root, signals, exit codes.

Exit codes: 0 everything was right, 1 it was not, 2 it could not be tried, 130 or 143 interrupted.
"""

import argparse
import os
import signal
import sys

from . import files
from .workspace import LabError

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))


def parser(description, examples=""):
    """Every script takes the programs' directory, as `--bin DIR` or as its first argument."""
    result = argparse.ArgumentParser(
        description=description, epilog=examples and f"examples:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    result.add_argument("bin_dir", nargs="?", metavar="BIN_DIR",
                        help="where the programs are (default: build/release/bin)")
    result.add_argument("--bin", metavar="DIR", help="the same, as an option")
    return result


def parse(arguments, argv=None):
    options = arguments.parse_args(argv)
    options.bin = os.path.abspath(options.bin or options.bin_dir
                                  or os.path.join(ROOT, "build", "release", "bin"))
    return options


def size(text):
    try:
        return files.size_of(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; say 1408, 64K, 256M or 5G") from None


def rate(text):
    """Bits a second of "800000", "100M" or "1G"."""
    units = {"K": 1_000, "M": 1_000_000, "G": 1_000_000_000}
    factor = units.get(text[-1:].upper(), 1)
    try:
        return int(text[:-1] if factor > 1 else text) * factor
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no rate; say 800000, 100M or 1G") from None


def require_root():
    if os.geteuid() != 0:
        print(f"{os.path.basename(sys.argv[0])}: network namespaces take root; try: sudo"
              f" {' '.join(sys.argv)}", file=sys.stderr)
        sys.exit(2)


def _interrupt(number, _frame):
    sys.exit(128 + number)


def main(function):
    """Runs `function`; signals unwind it, so that everything it made is cleaned up."""
    # nft and ip live where users' PATH often does not look.
    os.environ["PATH"] += os.pathsep + os.pathsep.join(("/usr/sbin", "/sbin"))
    sys.stdout.reconfigure(line_buffering=True)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        function()
    except LabError as error:
        print(f"{os.path.basename(sys.argv[0])}: FAILED: {error}", file=sys.stderr)
        sys.exit(1)
