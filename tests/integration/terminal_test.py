#!/usr/bin/env python3
"""What people see on narrow and on dumb terminals: the object, the host and the cause, and no cursor sequence where the
terminal has none. Over loopback and pseudo-terminals, without root.

    terminal_test.py --bin build/release/bin
"""

import os
import re
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lib import files, script  # noqa: E402
from lib.console import Console, Terminal, isolate  # noqa: E402
from lib.fleetcast import Receiver, Server, await_listening, program  # noqa: E402
from lib.loopback import free_port  # noqa: E402
from lib.workspace import LabError, Workspace  # noqa: E402

OBJECT = "releases-2026-11/debian-installer-bookworm-amd64-netboot.img"
SIZE = 300_000
SLOW = "slow-abcdefghijklmnopqrstuvwxyz0123456789-zyxwvutsrqponmlkjihgfedcba"  # xterm repeats no character by a sequence
SLOW_SIZE = 64 << 20
RATE = 4_000_000  # bits a second: half a second for SIZE, minutes for SLOW_SIZE
ESCAPE = "\x1b"
SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>]")


def require(condition, text):
    if not condition:
        raise LabError(text)


class Stage:
    def __init__(self, workspace, options):
        self.options = options
        self.workspace = workspace
        source = workspace.directory("source")
        os.makedirs(os.path.join(source, os.path.dirname(OBJECT)))
        files.make_random_file(os.path.join(source, OBJECT), SIZE)
        files.make_sparse_file(os.path.join(source, SLOW), SLOW_SIZE)
        self.server = Server(workspace, options.bin, source, f"127.0.0.1:{free_port()}", "lo", rate=RATE)
        self.host = f"127.0.0.1:{free_port()}"
        agent = workspace.start("agent", [
            program(options.bin), "agent", "--listen", self.host, "--allow-dir", workspace.directory("allowed"),
            "--state-dir", workspace.directory("agent-state")])
        await_listening(agent)

    def on_terminal(self, term, columns, code, *arguments):
        """What a command shows until it ends."""
        terminal = Terminal([program(self.options.bin), *arguments], term, columns, LC_ALL="C")
        ended = terminal.wait()
        require(ended == code, f"{arguments} on {term} ended with {ended}, not {code}: {terminal.shown}")
        return terminal.shown

    def fleet_get(self, term, columns, destination, code):
        return self.on_terminal(term, columns, code, "fleet", "get", self.server.url(OBJECT), destination,
                                "--hosts", self.host)


def check_in_sight(shown, *wanted):
    """Wherever lines were broken."""
    text = re.sub(r"\s", "", SEQUENCE.sub("", shown))
    for one in wanted:
        require(re.sub(r"\s", "", one) in text, f"not in sight: {one!r} in {shown}")


def check_plain(shown):
    require(ESCAPE not in shown, f"a dumb terminal was sent cursor sequences: {shown!r}")


def check_width(text, columns):
    for line in text.splitlines():
        require(len(line) <= columns, f"{len(line)} columns on a terminal of {columns}: {line!r}")


def fleet(stage):
    for columns in (60, 80):
        shown = stage.fleet_get("dumb", columns, f"copy-{columns}", 0)
        check_plain(shown)
        check_in_sight(shown, OBJECT, "127.0.0.1", "done", "1 of 1 hosts succeeded")
        shown = stage.fleet_get("dumb", columns, "../outside", 1)
        check_plain(shown)
        check_in_sight(shown, OBJECT, "127.0.0.1", "failed", "leads out of")
    shown = stage.fleet_get("xterm", 60, "../outside", 1)
    require(ESCAPE in shown, f"a terminal that can do it is drawn over: {shown!r}")
    report = shown[shown.rindex(ESCAPE + "[J") + len(ESCAPE + "[J"):]
    check_in_sight(report, OBJECT, "127.0.0.1", "failed", "leads out of")
    check_width(report[:report.index("0 of 1 hosts")], 60)
    print("fleet get: object, host and cause are in sight at 60 and 80 columns; plain on a dumb terminal")


def get(stage):
    target = os.path.join(stage.workspace.path, "copy")
    shown = stage.on_terminal("dumb", 60, 0, "get", stage.server.url(OBJECT), target, "--known-servers",
                              os.path.join(stage.workspace.path, "known"))
    check_plain(shown)
    print("get: plain on a dumb terminal")


def top(stage):
    receiver = Receiver(stage.workspace, stage.options.bin, "slow", stage.server.url(SLOW),
                        os.path.join(stage.workspace.path, "slow"))
    Console(stage.options.bin, stage.server.program.pid).wait_for(
        "a receiver", lambda console: [one for one in console.sessions() if one["receivers"] == 1])
    for columns in (60, 80):
        shown = stage.on_terminal("dumb", columns, 0, "top", str(stage.server.program.pid))
        check_plain(shown)
        check_width(shown, columns)
        check_in_sight(shown, SLOW, os.uname().nodename, "LIMITED BY")
        shown = stage.on_terminal("xterm", columns, 0, "top", str(stage.server.program.pid), "--count", "1",
                                  "--interval", "0.1")
        check_in_sight(shown, SLOW)
    receiver.program.stop()
    print("top: object, host and cause are in sight at 60 and 80 columns; plain on a dumb terminal")


def test():
    options = script.parse(script.parser(__doc__.splitlines()[0]))
    with Workspace() as workspace:
        isolate(workspace)
        os.environ["HOME"] = workspace.directory("home")
        os.environ.pop("XDG_CONFIG_HOME", None)
        stage = Stage(workspace, options)
        fleet(stage)
        get(stage)
        top(stage)
        stage.server.stop()


if __name__ == "__main__":
    script.main(test)
