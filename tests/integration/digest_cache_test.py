#!/usr/bin/env python3
"""What a restart of `fleetcast serve` costs with its digest cache, and without it. Over loopback, without root.

    digest_cache_test.py --bin build/release/bin
"""

import os
import re
import signal
import stat
import sys
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lib import files  # noqa: E402
from lib.fleetcast import Receiver  # noqa: E402
from lib.scene import LoopbackScene, require, run_scenes  # noqa: E402

BLOCK = 180_224
BLOCKS = 134
SIZE = (BLOCKS - 1) * BLOCK + 1234
RATE = 48_000_000  # four seconds: a journal records blocks after half a second
HEADER = 8192  # of a journal
SETTLED = 3.5  # seconds after its last change a version counts
SECONDS = 120


class Scene(LoopbackScene):
    """A server of one object, and a receiver that is killed before it has all of it."""

    def __init__(self, workspace, options, name):
        super().__init__(workspace, options, name, SIZE)
        self.target = os.path.join(self.copies, "image")
        self.digests = os.path.join(self.state, "digests")

    def settle(self):
        """Of a file that was changed a moment ago nothing is kept."""
        time.sleep(max(0, os.stat(self.source).st_ctime + SETTLED - time.time()))

    def serve(self, *extra, rate=None):
        if self.server:
            self.server.stop()
        super().serve("--log-level", "info", *extra, rate=rate)

    def get(self, name):
        return Receiver(self.workspace, self.bin, f"{self.name}-{name}", self.server.url("image"), self.target,
                        known_servers=os.path.join(self.workspace.path, f"{self.name}-known"))

    def recorded(self):
        return any(name.endswith(".journal") and os.path.getsize(os.path.join(self.copies, name)) > HEADER
                   for name in os.listdir(self.copies))

    def leave_off(self, *extra):
        """A receiver that is killed with the better part of the object."""
        self.serve(*extra, rate=RATE)
        receiver = self.get("killed")
        receiver.program.wait_until(lambda: receiver.progress >= 0.75 and self.recorded(), SECONDS, "75 % had arrived")
        receiver.program.signal(signal.SIGKILL)
        receiver.wait(SECONDS)
        self.read_for_digests()  # it has ended

    def complete(self, *extra):
        """Bytes that it held and that were proven, by a server that was started again."""
        self.serve(*extra)
        receiver = self.get("continued")
        require(receiver.wait(SECONDS) == 0, f"{receiver.name} ended with {receiver.program.status}: {receiver.failure_text}")
        require(files.sha256(self.target) == files.sha256(self.source), "the copy has other bytes than the object")
        return receiver.event("completed")["continued_bytes"]

    def logged(self, pattern):
        return next((found for line in list(self.server.program.lines) if (found := re.search(pattern, line))), None)

    def known(self):
        """Digests that the server says it knew."""
        found = self.logged(r"the digests of (\d+) of (\d+) blocks are known")
        require(found is None or int(found[2]) == BLOCKS, f"it says {found and found[0]!r}")
        return int(found[1]) if found else 0

    def read_for_digests(self):
        """Blocks that the transmission read for their digest alone, once it has ended."""
        pattern = r"(\d+) blocks read for their digest alone"
        self.server.program.wait_until(lambda: self.logged(pattern), SECONDS, "the transmission had ended")
        return int(self.logged(pattern)[1])


def reads_nothing_twice(scene):
    scene.settle()
    scene.leave_off()
    kept = scene.complete()
    require(kept > SIZE / 2, f"only {kept} bytes were held")
    require(scene.known() >= kept // BLOCK, f"{scene.known()} digests are known, and {kept} bytes were held")
    require(scene.read_for_digests() == 0, f"{scene.read_for_digests()} blocks were read that the receiver held")
    require(stat.S_IMODE(os.stat(scene.digests).st_mode) == 0o700, "others may look into the directory of digests")
    found = os.listdir(scene.digests)
    require(len(found) == 1 and stat.S_IMODE(os.stat(os.path.join(scene.digests, found[0])).st_mode) == 0o600,
            f"there are {found}")
    print(f"{scene.known()} digests known after a restart: nothing read for {kept} bytes that were held")


def reads_all_again_without_it(scene):
    scene.settle()
    scene.leave_off("--no-digest-cache")
    require(not os.path.exists(scene.digests), "--no-digest-cache makes a directory")
    kept = scene.complete("--no-digest-cache")
    require(scene.known() == 0, "--no-digest-cache knows digests")
    require(scene.read_for_digests() >= kept // BLOCK, "what was held is read nowhere, and proven all the same")
    print("--no-digest-cache: what was held is read again")


def survives_what_happens_to_its_files(scene):
    """Cut, damaged or gone: only known digests are fewer."""
    scene.settle()
    scene.leave_off()
    scene.server.stop()
    path = os.path.join(scene.digests, os.listdir(scene.digests)[0])
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 2)
        file.write(b"damaged")
    scene.server = None
    scene.complete()
    require(scene.known() < BLOCKS // 2 + 64, f"{scene.known()} digests are known from a damaged file")
    print("a damaged file: the copy is true")


def never_mixes_versions(scene):
    """A file that is written in place, and whose size and time of writing are what they were."""
    scene.settle()
    scene.leave_off()
    before = os.stat(scene.source)
    with open(scene.source, "r+b") as file:
        for block in range(0, BLOCKS, 7):
            file.seek(block * BLOCK)
            file.write(os.urandom(1000))
    os.utime(scene.source, ns=(before.st_atime_ns, before.st_mtime_ns))
    kept = scene.complete()
    require(scene.known() == 0, f"{scene.known()} digests of the version before are believed")
    require(0 < kept < SIZE * 0.75, f"{kept} bytes were proven, although every seventh block has changed")
    print("changed under the same size and time: the new version, whole")


def does_without_a_directory(scene):
    """Something else has its name."""
    scene.settle()
    with open(scene.digests, "w", encoding="ascii") as file:
        file.write("in the way")
    scene.leave_off()
    scene.complete()
    require(scene.logged("there is no digest cache"), "the log does not say that there is no cache")
    require(scene.known() == 0, "digests are known from nowhere")
    print("no directory for digests: everything else works")


CASES = (reads_nothing_twice, reads_all_again_without_it, survives_what_happens_to_its_files, never_mixes_versions,
         does_without_a_directory)


if __name__ == "__main__":
    run_scenes(__doc__.splitlines()[0], Scene, CASES)
