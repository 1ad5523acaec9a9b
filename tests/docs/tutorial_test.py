#!/usr/bin/env python3
"""The tutorial's program: does it compile, does it work? And the README's: does it compile?

    tutorial_test.py compile --cc CC --library LIBWDSTPTC --out DIR [-- FLAG...]
        extracts them and builds them as strict C99 where any warning is an error; FLAGs are the
        sanitizers' that the library was built with
    tutorial_test.py run --bin BIN_DIR --out DIR
        lets what `compile` built receive from `fleetcast serve` on loopback
"""

import argparse
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lab"))
sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

from extract_tutorial import TutorialError, extract_to  # noqa: E402
from lib import files  # noqa: E402
from lib.fleetcast import Server  # noqa: E402
from lib.workspace import LabError, Workspace  # noqa: E402

README = ROOT / "README.md"
TUTORIAL = ROOT / "docs" / "api" / "tutorial.md"
SOURCE = "receive.c"
PROGRAM = "receive"
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]

# For one object; generous, since sanitizers and a busy machine are slow.
SECONDS = 100


def compile_program(options):
    sources = extract_to(TUTORIAL, options.out)
    if [path.name for path in sources] != [SOURCE]:
        raise LabError(f"the tutorial is to hold one program, {SOURCE}, not"
                       f" {', '.join(path.name for path in sources)}")
    build(options, STRICT, sources[0], PROGRAM)
    found = re.search(r"^```c\n(.*?)^```$", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    if not found:
        raise LabError("the README holds no program in C")
    shortest = Path(options.out) / "shortest.c"
    shortest.write_text(found.group(1), encoding="utf-8")
    # Less strict: it names what it does not use, and casts functions as programs for Windows do.
    build(options, ["-std=c99", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter"], shortest, "shortest")


def build(options, flags, source, program):
    library = Path(options.library)
    command = [options.cc, *flags, *options.flags, f"-I{ROOT / 'api'}", str(source),
               f"-L{library.parent}", "-lwdstptc", f"-Wl,-rpath,{library.parent}",
               "-o", str(Path(options.out) / program)]
    if subprocess.run(command, check=False).returncode != 0:
        raise LabError(f"{source.name} does not build: {' '.join(command)}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Trial:
    """A server, and the program that receives from it."""

    def __init__(self, workspace, options):
        self._workspace = workspace
        self._program = os.path.join(options.out, PROGRAM)
        if not os.access(self._program, os.X_OK):
            raise LabError(f"there is no {self._program}; run docs.tutorial_compiles first")
        self.source = workspace.directory("source")
        self._copies = workspace.directory("copies")
        self._server = Server(workspace, options.bin, self.source, f"127.0.0.1:{free_port()}", "lo")

    def receive(self, name):
        """Exit code, what it said, where the copy is to be."""
        target = os.path.join(self._copies, name)
        program = self._workspace.start(
            "receive", ["env", f"XDG_CONFIG_HOME={self._workspace.path}", self._program,
                        self._server.listen, self._server.namespace, name, target])
        return program.wait(SECONDS), "\n".join(program.lines), target

    def check_whole(self, name, size):
        digest = files.make_random_file(os.path.join(self.source, name), size)
        code, words, target = self.receive(name)
        if code != 0:
            raise LabError(f"{name}, {size} bytes: ended with {code}: {words}")
        if files.sha256(target) != digest:
            raise LabError(f"{name}, {size} bytes: the copy is not the original")

    def check_missing(self, name):
        code, words, _ = self.receive(name)
        if code != 1 or name not in words:
            raise LabError(f"for a missing object it ended with {code} and said: {words}")

    def check_no_leftovers(self, expected):
        found = sorted(os.listdir(self._copies))
        if found != sorted(expected):
            raise LabError(f"expected {sorted(expected)} among the copies, found {found}")

    def stop(self):
        self._server.stop()


def run_program(options):
    with Workspace() as workspace:
        trial = Trial(workspace, options)
        trial.check_whole("image", 5 * 180224 + 4321)
        trial.check_whole("empty", 0)
        trial.check_missing("no-such-object")
        trial.check_no_leftovers(["image", "empty"])
        trial.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    build = commands.add_parser("compile")
    build.add_argument("--cc", required=True)
    build.add_argument("--library", required=True)
    build.add_argument("--out", required=True)
    build.add_argument("flags", nargs="*")
    build.set_defaults(function=compile_program)
    run = commands.add_parser("run")
    run.add_argument("--bin", required=True)
    run.add_argument("--out", required=True)
    run.set_defaults(function=run_program)
    options = parser.parse_args()
    try:
        options.function(options)
    except (LabError, TutorialError) as error:
        sys.exit(f"tutorial_test.py: {error}")


if __name__ == "__main__":
    main()
