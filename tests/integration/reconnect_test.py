#!/usr/bin/env python3
"""The server goes away in the middle and comes back: `fleetcast get` waits for it and goes on. Over loopback, without root.

    reconnect_test.py --bin build/release/bin
"""

import os
import signal
import sys
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lib import files, schema  # noqa: E402
from lib.fleetcast import Receiver  # noqa: E402
from lib.scene import SECONDS, LoopbackScene, require, run_scenes  # noqa: E402

SIZE = 24 * (1 << 20) + 1234
RATE = 48_000_000  # four seconds


class Scene(LoopbackScene):
    """A server of one object, and receivers that have patience."""

    def __init__(self, workspace, options, name):
        super().__init__(workspace, options, name, SIZE)
        self.serve()

    def serve(self, *extra, rate=RATE):
        super().serve(*extra, rate=rate)

    def get(self, which=1, patience=60):
        name = f"{self.name}{which}"
        return Receiver(self.workspace, self.bin, name, self.server.url("image"), os.path.join(self.copies, name),
                        known_servers=os.path.join(self.workspace.path, f"{name}-known"), patience=patience)

    def check(self, receiver, reconnections):
        status = receiver.wait(SECONDS)
        require(status == 0, f"{receiver.name} ended with {status}: {receiver.failure_text}")
        receiver.check_success(self.digest)
        for event in receiver.events:
            schema.check(event, "get")
        came = receiver.event("completed")["reconnections"]
        require(came == reconnections, f"{receiver.name} says that the server came back {came} times, not {reconnections}")

    def await_waiting(self, receiver):
        receiver.program.wait_until(lambda: receiver.event("progress").get("waiting_for_server"), SECONDS,
                                    "it waited for the server")


def arrived(receiver):
    return receiver.event("progress").get("bytes", 0)


def goes_on_after_a_restart(scene):
    """Once as a service manager does it, once by a crash. Progress never goes back."""
    receivers = [scene.get(which) for which in (1, 2)]
    for share, number in ((0.3, signal.SIGTERM), (0.6, signal.SIGKILL)):
        for receiver in receivers:
            receiver.wait_for_progress(share, SECONDS)
        scene.end_server(number)
        for receiver in receivers:
            scene.await_waiting(receiver)
        scene.serve()
    for receiver in receivers:
        scene.check(receiver, 2)
        steps = [event["bytes"] for event in receiver.events if event["event"] == "progress"]
        require(steps == sorted(steps), "its progress went back")
        told = [event["text"] for event in receiver.events if event["event"] == "warning"]
        require(sum("waits up to 60 s for the server to come back" in text for text in told) == 2, f"it says {told}")
        require(sum("the server is back after" in text for text in told) == 2, f"it says {told}")
    print("two receivers, two restarts: both complete, each block once")


def sends_little_again(scene):
    receiver = scene.get()
    receiver.wait_for_progress(0.7, SECONDS)
    before = arrived(receiver)
    scene.end_server(signal.SIGTERM)
    scene.await_waiting(receiver)
    scene.serve()
    scene.check(receiver, 1)
    sent = scene.bytes_sent()[0]
    require(sent <= SIZE - before + SIZE // 20, f"{before} of {SIZE} bytes were there, and {sent} were sent")
    print(f"{before} of {SIZE} bytes were there, {sent} were sent after the restart")


def never_mixes_versions(scene):
    receiver = scene.get()
    receiver.wait_for_progress(0.4, SECONDS)
    scene.end_server(signal.SIGKILL)
    scene.await_waiting(receiver)
    files.make_random_file(scene.source + ".new", SIZE)
    os.rename(scene.source + ".new", scene.source)
    scene.serve()
    status = receiver.wait(SECONDS)
    require(status == 1, f"{receiver.name} ended with {status}")
    require("the object was changed meanwhile" in receiver.failure_text, f"it says {receiver.failure_text}")
    require(not os.path.exists(receiver.target), "there is something under the final name")
    print("an object that was replaced meanwhile: a named failure, no mixture")


def gives_up_in_time(scene):
    receiver = scene.get(patience=2)
    receiver.wait_for_progress(0.3, SECONDS)
    scene.end_server(signal.SIGKILL)
    began = time.monotonic()
    require(receiver.wait(SECONDS) == 1, f"{receiver.name} ended with {receiver.program.status}")
    waited = time.monotonic() - began
    require(1.5 < waited, f"it gave up after {waited:.1f} s")
    require("s of waiting for the server" in receiver.failure_text, f"it says {receiver.failure_text}")
    require(receiver.event("failed").get("kept"), "it keeps nothing for the next time")
    scene.serve()
    print(f"patience of two seconds: gave up after {waited:.1f} s, and keeps what came")


def ends_when_refused(scene):
    receiver = scene.get()
    receiver.wait_for_progress(0.3, SECONDS)
    scene.end_server(signal.SIGTERM)
    scene.await_waiting(receiver)
    os.rename(scene.source, scene.source + ".gone")
    scene.serve()
    require(receiver.wait(SECONDS) == 1, f"{receiver.name} ended with {receiver.program.status}")
    require("image" in receiver.failure_text and "refused" in receiver.failure_text, f"it says {receiver.failure_text}")
    print("the object is no longer there: ends at once")


def is_interrupted_while_it_waits(scene):
    receiver = scene.get()
    receiver.wait_for_progress(0.3, SECONDS)
    scene.end_server(signal.SIGTERM)
    scene.await_waiting(receiver)
    receiver.program.signal(signal.SIGINT)
    require(receiver.wait(SECONDS) == 130, f"{receiver.name} ended with {receiver.program.status}")
    scene.serve()
    print("Ctrl-C while it waits: ends, and keeps what came")


CASES = (goes_on_after_a_restart, sends_little_again, never_mixes_versions, gives_up_in_time, ends_when_refused,
         is_interrupted_while_it_waits)


if __name__ == "__main__":
    run_scenes(__doc__.splitlines()[0], Scene, CASES)
