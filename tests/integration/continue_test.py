#!/usr/bin/env python3
"""`fleetcast get` is killed, interrupted or left by its server, and run again: it continues. Over loopback, without root.

    continue_test.py --bin build/release/bin
"""

import os
import re
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lib import files, schema  # noqa: E402
from lib.fleetcast import Receiver  # noqa: E402
from lib.scene import LoopbackScene, require, run_scenes  # noqa: E402

SIZE = 24 * (1 << 20) + 1234
RATE = 48_000_000  # four seconds: blocks are recorded after half a second
BLOCK = 180_224
HEADER = 8192  # of a journal
SECONDS = 120
HIDDEN = re.compile(r"\.fleetcast-[0-9a-z]{8}-[0-9a-z]{6}")


class Scene(LoopbackScene):
    """A server of one object, and a directory for copies."""

    def __init__(self, workspace, options, name):
        super().__init__(workspace, options, name, SIZE)
        self.target = os.path.join(self.copies, "image")
        self.started = 0
        self.serve(rate=RATE)

    def get(self, *extra):
        self.started += 1
        return Receiver(self.workspace, self.bin, f"{self.name}{self.started}", self.server.url("image"), self.target,
                        known_servers=os.path.join(self.workspace.path, f"{self.name}-known"), extra=extra)

    def hidden(self):
        """Path of the one hidden file, or None."""
        found = [name for name in os.listdir(self.copies) if HIDDEN.fullmatch(name)]
        require(len(found) <= 1, f"several hidden files: {found}")
        return os.path.join(self.copies, found[0]) if found else None

    def recorded(self):
        """Whether the journal has a record."""
        hidden = self.hidden()
        return hidden and os.path.exists(hidden + ".journal") and os.path.getsize(hidden + ".journal") > HEADER

    def begin(self, *extra, share=0.5):
        """A transfer of which so much has arrived, and something is recorded."""
        receiver = self.get(*extra)
        receiver.program.wait_until(lambda: receiver.progress >= share and self.recorded(), SECONDS,
                                    f"{share:.0%} had arrived")
        return receiver

    def end_with(self, receiver, number):
        """Ends it by a signal; bytes that are kept, if it says so."""
        receiver.program.signal(number)
        status = receiver.wait(SECONDS)
        require(status in (-number, 128 + number), f"{receiver.name} ended with {status} on signal {number}")
        require(not os.path.exists(self.target), "there is something under the final name")
        require(sorted(os.listdir(self.copies)) == sorted(map(os.path.basename, (self.hidden(), self.hidden() + ".journal"))),
                f"left are {os.listdir(self.copies)}")
        return receiver.event("failed").get("kept", {}).get("bytes")

    def complete(self, *extra, digest=None):
        """Gets it once more, as fast as it goes; what it says of what it continued: announced, and proven."""
        self.server.stop()
        self.serve()
        receiver = self.get(*extra)
        require(receiver.wait(SECONDS) == 0, f"{receiver.name} ended with {receiver.program.status}: {receiver.failure_text}")
        for event in receiver.events:
            schema.check(event, "get")
        require(files.sha256(self.target) == (digest or self.digest), "the copy has other bytes than the object")
        return receiver.event("continuing").get("bytes", 0), receiver.event("completed")["continued_bytes"], receiver

    def require_clean(self):
        require(os.listdir(self.copies) == ["image"], f"success leaves {os.listdir(self.copies)}")


def continues_after_a_kill(scene):
    receiver = scene.begin(share=0.75)
    arrived = receiver.event("progress")["bytes"]
    scene.end_with(receiver, signal.SIGKILL)
    kept, proven, _ = scene.complete()
    require(0 < kept == proven, f"{kept} bytes were kept, and {proven} of them proven")
    # A second of data may be lost, and this machine may have been busy elsewhere.
    require(kept >= arrived / 4, f"of {arrived} bytes {kept} were kept")
    scene.require_clean()
    print(f"SIGKILL after {arrived} bytes: {kept} were kept, the rest came")


def continues_again_and_again(scene):
    """Each time a bit further."""
    before = 0
    for share in (0.3, 0.5, 0.7):
        receiver = scene.begin(share=share)
        require(receiver.event("continuing").get("bytes", 0) >= before, "less is left than was kept")
        before = scene.end_with(receiver, signal.SIGTERM)
        require(before and before >= share * SIZE - 8 * BLOCK, f"at {share:.0%} {before} bytes are kept")
    kept, proven, _ = scene.complete()
    require(kept == proven == before, f"{before} bytes were kept, {kept} found, {proven} proven")
    scene.require_clean()
    print("three times SIGTERM: nothing that was written is lost")


def continues_when_the_server_died(scene):
    receiver = scene.begin()
    scene.server.program.signal(signal.SIGKILL)
    scene.server.program.wait(SECONDS)
    require(receiver.wait(SECONDS) == 1, f"{receiver.name} ended with {receiver.program.status}")
    kept_event = receiver.event("failed").get("kept", {})
    require(kept_event.get("file") == scene.hidden(), f"it says that {kept_event} is kept")
    scene.serve()
    kept, proven, _ = scene.complete()
    require(kept == proven == kept_event["bytes"], f"{kept_event['bytes']} were kept, {kept} found, {proven} proven")
    scene.require_clean()
    print("the server died: a new one sends the rest")


def continues_a_whole_copy(scene):
    """It was cut short between the last block and the rename: what has its name then is a directory."""
    receiver = scene.begin()
    os.mkdir(scene.target)
    require(receiver.wait(SECONDS) == 3, f"its target became a directory: {receiver.program.status}")
    os.rmdir(scene.target)
    kept, proven, _ = scene.complete()
    require(kept == proven == SIZE, f"{kept} of {SIZE} bytes were kept")
    scene.require_clean()
    print("all was here: nothing comes again")


def never_mixes_versions(scene):
    scene.end_with(scene.begin(), signal.SIGKILL)
    with open(scene.source, "rb") as file:
        content = bytearray(file.read())
    content[:BLOCK] = os.urandom(BLOCK)
    digest = replace(scene, content)
    kept, proven, _ = scene.complete(digest=digest)
    require(kept > 0 and proven < kept, f"{kept} bytes were kept, and {proven} proven, though one block has changed")
    scene.require_clean()
    os.remove(scene.target)
    # And one of another size.
    scene.server.stop()
    scene.serve(rate=RATE)
    scene.end_with(scene.begin(), signal.SIGKILL)
    digest = replace(scene, content[:len(content) - 5 * BLOCK])
    kept, proven, _ = scene.complete(digest=digest)
    require(0 < proven <= kept, f"{kept} bytes were kept, and {proven} proven")
    scene.require_clean()
    os.remove(scene.target)
    # And one that has nothing in common with it.
    replace(scene, content)
    scene.server.stop()
    scene.serve(rate=RATE)
    scene.end_with(scene.begin(), signal.SIGKILL)
    digest = replace(scene, os.urandom(SIZE))
    kept, proven, _ = scene.complete(digest=digest)
    require(kept > 0 and proven == 0, f"{kept} bytes were kept, and {proven} proven")
    scene.require_clean()
    print("a replaced object: the new one, whole")


def replace(scene, content):
    fresh = scene.source + ".new"
    with open(fresh, "wb") as file:
        file.write(content)
    os.rename(fresh, scene.source)
    return files.sha256(scene.source)


def starts_over_when_asked(scene):
    scene.end_with(scene.begin(), signal.SIGKILL)
    kept, proven, receiver = scene.complete("--fresh")
    require((kept, proven) == (0, 0), f"--fresh continued at {kept}")
    require("--fresh" in receiver.event("warning").get("text", ""), f"--fresh says {receiver.event('warning')}")
    scene.require_clean()
    os.remove(scene.target)
    scene.server.stop()
    scene.serve(rate=RATE)
    receiver = scene.get("--no-keep")
    receiver.wait_for_progress(0.3, SECONDS)
    receiver.program.signal(signal.SIGTERM)
    require(receiver.wait(SECONDS) == 143, f"--no-keep ended with {receiver.program.status}")
    require(not os.listdir(scene.copies), f"--no-keep left {os.listdir(scene.copies)}")
    print("--fresh and --no-keep keep nothing")


def leaves_alone_what_may_be_planted(scene):
    scene.end_with(scene.begin(), signal.SIGKILL)
    planted = scene.hidden()
    os.chmod(planted + ".journal", 0o666)
    kept, _, receiver = scene.complete()
    require(kept == 0, "a journal that everybody can write was used")
    require("left alone" in receiver.event("warning").get("text", ""), f"it says {receiver.event('warning')}")
    print("a journal that others can write is left alone, and named")


def begins_on_its_own_beside_another(scene):
    first = scene.begin(share=0.3)
    second = scene.get()
    second.wait_for_progress(0.01, SECONDS)
    require(not second.event("continuing"), "the second one continues what the first one writes")
    require("still runs" in second.event("warning").get("text", ""), f"it says {second.event('warning')}")
    for receiver in (first, second):
        require(receiver.wait(SECONDS) == 0, f"{receiver.name} ended with {receiver.program.status}")
        require(files.sha256(scene.target) == scene.digest, "the copy has other bytes than the object")
    scene.require_clean()
    print("two at once: both succeed")


def tells_people(scene):
    """The same without --json."""
    receiver = scene.begin()
    scene.end_with(receiver, signal.SIGINT)
    require(any("run the same command again" in line for line in receiver.program.lines), "it does not say how to continue")
    scene.server.stop()
    scene.serve()
    done = subprocess.run([os.path.join(scene.bin, "fleetcast"), "get", scene.server.url("image"), scene.target],
                          capture_output=True, text=True, timeout=SECONDS, check=False, stdin=subprocess.DEVNULL)
    require(done.returncode == 0, f"ended with {done.returncode}: {done.stderr}")
    require(re.search(r"^continuing at \d\d %: ", done.stderr, re.MULTILINE), f"it says {done.stderr!r}")
    require("of them continued" in done.stdout, f"its result is {done.stdout!r}")
    scene.require_clean()
    print("people read where it continues, and how")


CASES = (continues_after_a_kill, continues_again_and_again, continues_when_the_server_died, continues_a_whole_copy,
         never_mixes_versions, starts_over_when_asked, leaves_alone_what_may_be_planted, begins_on_its_own_beside_another,
         tells_people)


if __name__ == "__main__":
    run_scenes(__doc__.splitlines()[0], Scene, CASES)
