#!/usr/bin/env python3
"""A job of the fleet whose server or agent goes away in the middle: it waits, and goes on with what arrived. Over loopback,
without root.

    fleet_goes_on_test.py --bin build/release/bin
"""

import json
import os
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lib import files  # noqa: E402
from lib.fleetcast import await_listening, program  # noqa: E402
from lib.loopback import free_port  # noqa: E402
from lib.scene import SECONDS, LoopbackScene, require, run_scenes  # noqa: E402

SIZE = 24 * (1 << 20) + 1234
RATE = 48_000_000  # four seconds


class Coordinator:
    """`fleetcast fleet get --json` of the scene's object for its one agent."""

    def __init__(self, scene, *options):
        self.hosts = []
        self.job = None
        self.program = scene.workspace.start(f"{scene.name} coordinator", [
            program(scene.bin), "fleet", "get", scene.server.url("image"), "image", "--hosts", scene.address, "--json",
            *options], self._on_line)

    def _on_line(self, line):
        event = json.loads(line) if line.startswith("{") else {}
        if event.get("event") in ("host", "report"):
            self.hosts.append(event)
        self.job = event.get("job", self.job)

    def last(self):
        return self.hosts[-1] if self.hosts else {}

    def wait_for_share(self, share):
        self.program.wait_until(lambda: self.last().get("percent", 0) >= 100 * share, SECONDS, f"{share:.0%} had arrived")

    def wait_for_state(self, state):
        self.program.wait_until(lambda: any(host["state"] == state for host in self.hosts), SECONDS, f"the host was {state}")


class Scene(LoopbackScene):
    """A server of one object and an agent that is to get it."""

    def __init__(self, workspace, options, name):
        super().__init__(workspace, options, name, SIZE)
        self.address = f"127.0.0.1:{free_port()}"
        self.agent_state = workspace.directory(f"{name}-agent")
        self.agent = None
        self.serve(rate=RATE)
        self.start_agent()

    def start_agent(self, *options):
        self.agent = self.workspace.start(f"{self.name} agent", [
            program(self.bin), "agent", "--listen", self.address, "--allow-dir", self.copies, "--state-dir",
            self.agent_state, *options])
        await_listening(self.agent)

    def end_agent(self, number):
        self.agent.signal(number)
        self.agent.wait(SECONDS)

    def kept(self):
        place = os.path.join(self.agent_state, "agent-jobs")
        return sorted(os.listdir(place)) if os.path.isdir(place) else []

    def check_done(self, coordinator):
        status = coordinator.program.wait(SECONDS)
        host = coordinator.last()
        require(status == 0 and host["succeeded"] and host["digest"] == self.digest, f"ended with {status}: {host}")
        require(files.sha256(os.path.join(self.copies, "image")) == self.digest, "the copy is another one")
        require(os.listdir(self.copies) == ["image"], f"left beside it: {os.listdir(self.copies)}")
        require(not self.kept(), f"the agent still keeps {self.kept()}")

    def close(self):
        super().close()
        self.agent.stop()


def waits_for_the_server(scene):
    coordinator = Coordinator(scene)
    coordinator.wait_for_share(0.3)
    scene.end_server(signal.SIGKILL)
    coordinator.wait_for_state("waiting for server")
    scene.serve(rate=RATE)
    scene.check_done(coordinator)
    print("the server is killed and started again: the job waits, and goes on")


def gives_the_server_up_in_time(scene):
    scene.end_agent(signal.SIGTERM)
    scene.start_agent("--patience", "1")
    coordinator = Coordinator(scene)
    coordinator.wait_for_share(0.3)
    scene.end_server(signal.SIGKILL)
    require(coordinator.program.wait(SECONDS) == 1, f"the coordinator ended with {coordinator.program.status}")
    require("of waiting for the server" in coordinator.last()["error"]["text"], f"it says {coordinator.last()}")
    require(not scene.kept(), f"a job that is over is kept: {scene.kept()}")
    scene.serve()
    print("a server that stays away: the job fails, by the agent's patience")


def goes_on_in_its_next_life(scene, number=signal.SIGTERM):
    """The transmission begins anew for what is missing only."""
    coordinator = Coordinator(scene)
    coordinator.wait_for_share(0.6)
    scene.end_agent(number)
    before = coordinator.last()["bytes"]
    require(scene.kept() == [f"{coordinator.job}.json"], f"the agent keeps {scene.kept()}")
    scene.start_agent()
    scene.check_done(coordinator)
    require(any("are here already" in line for line in scene.agent.lines), "the agent began from nothing")
    sent = scene.bytes_sent()[0]
    require(sent <= SIZE + SIZE // 3, f"of {SIZE} bytes {before} were there, and {sent} were sent in all")
    print(f"the agent is ended by {signal.Signals(number).name} with {before} of {SIZE} bytes and started again:"
          f" {sent} sent in all")


def goes_on_after_a_crash(scene):
    goes_on_in_its_next_life(scene, signal.SIGKILL)


def goes_on_without_a_coordinator(scene):
    """Nobody has to ask again: the job is the agent's."""
    coordinator = Coordinator(scene)
    coordinator.wait_for_share(0.3)
    coordinator.program.signal(signal.SIGKILL)
    coordinator.program.wait(SECONDS)
    scene.end_agent(signal.SIGKILL)
    scene.start_agent()
    scene.agent.wait_until(lambda: any(f"job {coordinator.job}: done" in line for line in scene.agent.lines), SECONDS,
                           "the job was done")
    require(files.sha256(os.path.join(scene.copies, "image")) == scene.digest, "the copy is another one")
    print("agent and coordinator are killed: the agent goes on alone")


def keeps_nothing_that_was_cancelled(scene):
    coordinator = Coordinator(scene)
    coordinator.wait_for_share(0.3)
    done = subprocess.run([program(scene.bin), "fleet", "cancel", "--job", coordinator.job, "--hosts", scene.address],
                          capture_output=True, text=True, timeout=SECONDS, check=False)
    require(done.returncode == 0, f"fleet cancel ended with {done.returncode}: {done.stdout}{done.stderr}")
    require(coordinator.program.wait(SECONDS) == 1, f"the coordinator ended with {coordinator.program.status}")
    require(not scene.kept() and not os.listdir(scene.copies), f"left: {scene.kept()} {os.listdir(scene.copies)}")
    print("a job that was cancelled leaves nothing, and does not come back")


CASES = (waits_for_the_server, gives_the_server_up_in_time, goes_on_in_its_next_life, goes_on_after_a_crash,
         goes_on_without_a_coordinator, keeps_nothing_that_was_cancelled)


if __name__ == "__main__":
    run_scenes(__doc__.splitlines()[0], Scene, CASES)
