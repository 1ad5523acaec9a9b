#!/usr/bin/env python3
"""The line that `fleetcast fleet cert host` prints brings a certificate to its host, the first time and after a
renewal. Run as it was printed, with an `ssh` that runs the command here, below a directory in place of /.

    fleet_cert_test.py --bin build/release/bin
"""

import os
import stat
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lib import script  # noqa: E402
from lib.fleetcast import await_listening, program  # noqa: E402
from lib.loopback import free_port  # noqa: E402
from lib.workspace import LabError, Workspace  # noqa: E402

SECONDS = 60
NAME = "127.0.0.1"
FILES = ["ca.pem", "host.key", "host.pem"]

# Whom it was called for, and the command with /etc moved below a directory.
SSH = """#!/bin/sh
echo "$1" >> "$STAND_IN/calls"
shift
exec sh -c "$(printf '%s' "$*" | sed "s|/etc/|$STAND_IN/etc/|g")"
"""


def require(condition, text):
    if not condition:
        raise LabError(text)


class Hosts:
    """The authority's host and, behind `ssh`, the agent's."""

    def __init__(self, workspace, options):
        self.options = options
        self.remote = workspace.directory("remote")
        tools = workspace.directory("tools")
        with open(os.path.join(tools, "ssh"), "w", encoding="ascii") as file:
            file.write(SSH)
        os.chmod(os.path.join(tools, "ssh"), 0o755)
        os.makedirs(os.path.join(self.remote, "etc"))
        self.environment = {**os.environ, "STAND_IN": self.remote, "XDG_CONFIG_HOME": workspace.directory("a config"),
                            "PATH": f"{tools}:{os.environ['PATH']}"}
        self.made = os.path.join(workspace.path, "a config", "fleetcast", "fleet", "hosts", NAME)
        self.arrived = os.path.join(self.remote, "etc", "fleetcast", "agent")

    def run(self, argv, **how):
        done = subprocess.run(argv, env=self.environment, capture_output=True, text=True, timeout=SECONDS,
                              check=False, **how)
        require(done.returncode == 0, f"{argv} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def certify(self, *more):
        """Makes a certificate, and copies it by what was printed."""
        said = self.run([program(self.options.bin), "fleet", "cert", *more])
        lines = [line.removeprefix("next: ") for line in said.splitlines() if line.startswith("next: ")]
        require(len(lines) == 1, f"there is not one line to run next: {said}")
        self.run(lines[0], shell=True)

    def contents(self, place):
        result = {}
        for name in os.listdir(place):
            with open(os.path.join(place, name), "rb") as file:
                result[name] = file.read()
        return result

    def check_arrived(self, when):
        """The same files and nothing else, and the key is nobody else's."""
        found = sorted(os.listdir(self.arrived))
        require(found == FILES, f"{when} the host has {found}, not {FILES}")
        require(self.contents(self.arrived) == self.contents(self.made), f"{when} the host has other files")
        mode = stat.S_IMODE(os.stat(os.path.join(self.arrived, "host.key")).st_mode)
        require(mode == 0o600, f"{when} the key has mode {mode:o}")


def test():
    options = script.parse(script.parser(__doc__.splitlines()[0]))
    with Workspace() as workspace:
        os.environ["HOME"] = workspace.directory("home")
        hosts = Hosts(workspace, options)
        hosts.run([program(options.bin), "fleet", "cert", "init"])
        hosts.certify("host", NAME, "node1.example")
        hosts.check_arrived("the first time")
        before = hosts.contents(hosts.arrived)
        hosts.certify("host", NAME, "--renew")
        hosts.check_arrived("after a renewal")
        require(hosts.contents(hosts.arrived)["host.pem"] != before["host.pem"], "the old certificate is still there")
        with open(os.path.join(hosts.remote, "calls"), encoding="ascii") as calls:
            require(set(calls.read().split()) == {f"root@{NAME}"}, "another host was called")
        hosts.run([program(options.bin), "fleet", "cert", "host", "soon", "--days", "10"])
        listed = hosts.run([program(options.bin), "fleet", "cert", "list"])
        due = [line.split()[0] for line in listed.splitlines() if line.endswith("(renew it with --renew)")]
        require(due == ["soon"], f"the list says of {due} that they are to be renewed:\n{listed}")
        check_agent(workspace, options, hosts)


def check_agent(workspace, options, hosts):
    """What arrived is what an agent takes."""
    there = [argument for option, name in (("--cert", "host.pem"), ("--key", "host.key"), ("--ca", "ca.pem"))
             for argument in (option, os.path.join(hosts.arrived, name))]
    agent = workspace.start("agent", [
        program(options.bin), "agent", "--listen", f"{NAME}:{free_port()}", "--allow-dir",
        workspace.directory("allowed"), "--state-dir", workspace.directory("state"), *there])
    await_listening(agent)
    require(agent.stop() == 0, f"the agent ended with {agent.status}")
    print("the printed line works the first time and after a renewal")


if __name__ == "__main__":
    script.main(test)
