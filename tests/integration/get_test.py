#!/usr/bin/env python3
"""`fleetcast get` and `wdsmcast` as scripts start them: nobody reads what they say, signals are ignored,
the name server or the server does not answer. Over loopback, without root.

    get_test.py --bin build/release/bin [--preload slow_lookup.so]
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lib import files, script  # noqa: E402
from lib.fleetcast import Receiver, Server  # noqa: E402
from lib.loopback import free_port  # noqa: E402
from lib.workspace import LabError, Workspace  # noqa: E402

SIZE = 3 * (1 << 20) + 1234
TALKING_RATE = 16_000_000  # so that there is progress to tell of, which is said once a second
SLOW_SIZE = 64 << 20
SLOW_RATE = 4_000_000  # bits a second: minutes for SLOW_SIZE, whatever the machine
STOPPED_SIZE = 3 << 20
STOPPED_RATE = 8_000_000  # three seconds
SECONDS = 120


def require(condition, text):
    if not condition:
        raise LabError(text)


def serve(workspace, options, name, size, rate=None):
    source = workspace.directory(name)
    digest = files.make_random_file(os.path.join(source, "image"), size)
    return Server(workspace, options.bin, source, f"127.0.0.1:{free_port()}", "lo", rate=rate,
                  state_dir=workspace.directory(f"{name}-state")), digest


def unread():
    """The writing end of a pipe whose reader has gone."""
    reading, writing = os.pipe()
    os.close(reading)
    return writing


def commands(options, server, target):
    get = [os.path.join(options.bin, "fleetcast"), "get", server.url("image"), target]
    return {"get": get, "get --json": [*get, "--json"],
            "wdsmcast": [os.path.join(options.bin, "wdsmcast"), "/Transfer-File",
                         f"/Server:{server.listen}", f"/Namespace:{server.namespace}",
                         "/SourceFile:image", f"/DestinationFile:{target}", "/Progress",
                         "/Verbose"]}


def goes_on_when_nobody_reads(workspace, options):
    server, digest = serve(workspace, options, "unread", SIZE, TALKING_RATE)
    copies = workspace.directory("unread-copies")
    target = os.path.join(copies, "copy")
    closed = ["sh", "-c", "exec \"$@\" >&- 2>&-", "sh"]
    for name, command in commands(options, server, target).items():
        for how, wrap in (("to a pipe that nobody reads", []), ("to streams that are closed", closed)):
            pipe = unread()
            done = subprocess.run([*wrap, *command], stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe,
                                  timeout=SECONDS, check=False)
            os.close(pipe)
            require(done.returncode == 0, f"{name} {how} ended with {done.returncode}, not with 0")
            require(files.sha256(target) == digest, f"{name} {how} stored something else")
            require(os.listdir(copies) == ["copy"], f"{name} {how} left {os.listdir(copies)}")
            os.remove(target)
    server.stop()
    print("nobody reads: the transfer goes on")


def stays_deaf_to_what_is_ignored(workspace, options):
    server, _ = serve(workspace, options, "slow", SLOW_SIZE, SLOW_RATE)
    copies = workspace.directory("slow-copies")
    receiver = Receiver(workspace, options.bin, "nohup get", server.url("image"),
                        os.path.join(copies, "copy"),
                        wrap=lambda command: ["sh", "-c", "trap '' HUP; exec \"$@\"", "sh", *command])
    receiver.program.wait_until(lambda: receiver.event("started"), SECONDS, "it began")
    receiver.program.signal(signal.SIGHUP)
    said = len(receiver.events)
    receiver.program.wait_until(lambda: len(receiver.events) > said + 3, SECONDS,
                                "it went on after SIGHUP")
    receiver.program.signal(signal.SIGTERM)
    status = receiver.wait(SECONDS)
    require(status == 143, f"`nohup get` ended with {status} on SIGTERM, not with 143")
    require("copy" not in os.listdir(copies), "there is something under the final name")
    server.stop()
    print("nohup: SIGHUP is not heard, SIGTERM is")


def say_seconds(line):
    """Of "waiting for the server for 2 s" and "nothing for 2 s"."""
    found = re.search(r"(?:waiting for the server|nothing) for (\d+) s", line)
    return int(found.group(1)) if found else None


def says_that_it_waits_for_a_silent_server(workspace, options):
    """One that takes the connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        program = workspace.start("get", [os.path.join(options.bin, "fleetcast"), "get",
                                          f"127.0.0.1:{port}/lab/image",
                                          os.path.join(workspace.directory("silent-copies"), "copy")])
        program.wait_until(lambda: any(say_seconds(line) for line in program.lines), SECONDS,
                           "it said that it waits for the server")
        first = next(say_seconds(line) for line in program.lines if say_seconds(line))
        require(first <= 3, f"it waited {first} s before it said so")
        program.signal(signal.SIGTERM)
        require(program.wait(SECONDS) == 143, f"get ended with {program.status} on SIGTERM")
    print("a server that says nothing: get says since when it waits")


def forecasts_nothing_while_the_server_is_stopped(workspace, options):
    """In the middle of a transfer: how long nothing has come, in place of a time that is left and a cause that is none."""
    server, digest = serve(workspace, options, "stopped", STOPPED_SIZE, STOPPED_RATE)
    target = os.path.join(workspace.directory("stopped-copies"), "copy")
    program = workspace.start("get", [os.path.join(options.bin, "fleetcast"), "get", server.url("image"), target])
    program.wait_until(lambda: any(" left" in line for line in program.lines), SECONDS, "it told of progress")
    server.program.signal(signal.SIGSTOP)
    try:
        program.wait_until(lambda: say_seconds(program.lines[-1] if program.lines else ""), SECONDS,
                           "it said that nothing comes")
        said = len(program.lines)
        program.wait_until(lambda: len(program.lines) > said, SECONDS, "it said that once more")
        figures = [line for line in program.lines if re.match(r"\d+ s: ", line)]
    finally:
        server.program.signal(signal.SIGCONT)
    first = next(number for number, line in enumerate(figures) if say_seconds(line))
    require(say_seconds(figures[first]) <= 3, f"it first said {figures[first]!r}")
    for line in figures[:first]:
        left = re.search(r"(\S+) left", line)
        require(not left or left.group(1).count(":") == 1, f"while nothing came: {line!r}")
    for line in figures[first:]:
        require(" left" not in line and "packets" not in line, f"while nothing came: {line!r}")
    require(program.wait(SECONDS) == 0, f"get ended with {program.status} once the server went on")
    require(files.sha256(target) == digest, "the copy is wrong")
    server.stop()
    print("a server that is stopped: get says how long nothing has come")


def is_pending(pid, number):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
        words = dict(line.split(":", 1) for line in status)
    return int(words["ShdPnd"], 16) >> (number - 1) & 1


def ends_at_once_when_told_twice(workspace, options):
    """Nobody can interrupt a name lookup; whoever presses Ctrl-C again does not wait for it."""
    copies = workspace.directory("lookup-copies")
    program = workspace.start("get", ["env", f"LD_PRELOAD={options.preload}",
                                      os.path.join(options.bin, "fleetcast"), "get",
                                      "slow.test/lab/image", os.path.join(copies, "copy")])
    program.wait_until(lambda: "looking up" in program.lines, SECONDS, "it looked the name up")
    program.signal(signal.SIGINT)
    # Until it is taken a second one is none: the kernel keeps one of each.
    until = time.monotonic() + SECONDS
    while is_pending(program.pid, signal.SIGINT):
        require(time.monotonic() < until, "get does not take SIGINT")
    program.signal(signal.SIGINT)
    status = program.wait(SECONDS)
    require(status in (130, -signal.SIGINT), f"get ended with {status} on the second SIGINT")
    require(not os.listdir(copies), f"get left {os.listdir(copies)}")
    print("a second SIGINT ends a name lookup")


def test():
    arguments = script.parser(__doc__.splitlines()[0])
    arguments.add_argument("--preload", help="slow_lookup.c, compiled; without it, its test is left out")
    options = script.parse(arguments)
    with Workspace() as workspace:
        os.environ["HOME"] = workspace.directory("home")
        os.environ.pop("XDG_CONFIG_HOME", None)
        goes_on_when_nobody_reads(workspace, options)
        stays_deaf_to_what_is_ignored(workspace, options)
        says_that_it_waits_for_a_silent_server(workspace, options)
        forecasts_nothing_while_the_server_is_stopped(workspace, options)
        if options.preload:
            ends_at_once_when_told_twice(workspace, options)


if __name__ == "__main__":
    script.main(test)
