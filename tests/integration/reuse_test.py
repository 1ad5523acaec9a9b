#!/usr/bin/env python3
"""`fleetcast get` over an older copy takes from it what has not changed. Over loopback, without root.

    reuse_test.py --bin build/release/bin
"""

import os
import re
import stat
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lib import files, schema  # noqa: E402
from lib.fleetcast import Receiver, program  # noqa: E402
from lib.scene import SECONDS, LoopbackScene, require, run_scenes  # noqa: E402

BLOCK = 180_224
BLOCKS = 150
SIZE = BLOCKS * BLOCK - 1234


class Scene(LoopbackScene):
    """A server of one object, and an older copy at its target."""

    def __init__(self, workspace, options, name):
        super().__init__(workspace, options, name, SIZE)
        self.target = os.path.join(self.copies, "image")
        self.started = 0
        with open(self.source, "rb") as file:
            self.content = bytearray(file.read())
        self.serve()

    def put(self, content, path=None):
        with open(path or self.target, "wb") as file:
            file.write(content)

    def get(self, *extra):
        """To its end; bytes that were taken from an older copy, and the receiver."""
        self.started += 1
        receiver = Receiver(self.workspace, self.bin, f"{self.name}{self.started}", self.server.url("image"), self.target,
                            known_servers=os.path.join(self.workspace.path, f"{self.name}-known"), extra=extra)
        require(receiver.wait(SECONDS) == 0, f"{receiver.name} ended with {receiver.program.status}: {receiver.failure_text}")
        for event in receiver.events:
            schema.check(event, "get")
        require(files.sha256(self.target) == self.digest, "the copy has other bytes than the object")
        require(os.listdir(self.copies) == ["image"], f"success leaves {os.listdir(self.copies)}")
        return receiver.event("completed")["continued_bytes"], receiver


def sends_nothing_of_a_copy_that_is_up_to_date(scene):
    scene.put(scene.content)
    before = os.stat(scene.target)
    taken, receiver = scene.get()
    require(taken == SIZE, f"{taken} of {SIZE} bytes were taken from the copy")
    require(receiver.event("reusing") == {"event": "reusing", "path": scene.target, "bytes": SIZE},
            f"it says {receiver.event('reusing')}")
    sent = sum(scene.bytes_sent())
    require(sent <= SIZE // 200, f"{sent} of {SIZE} bytes were sent")
    require(os.stat(scene.target).st_ino != before.st_ino, "the older copy was changed in place")
    print(f"an unchanged copy: {sent} of {SIZE} bytes sent")


def sends_what_has_changed(scene):
    older = bytearray(scene.content)
    for block in (0, 77, BLOCKS - 1):  # 2 %
        older[block * BLOCK] ^= 1
    scene.put(older)
    taken, _ = scene.get()
    require(taken == SIZE - 2 * BLOCK - (SIZE - (BLOCKS - 1) * BLOCK), f"{taken} of {SIZE} bytes were taken")
    sent = sum(scene.bytes_sent())
    require(sent <= SIZE * 0.025 + (1 << 20), f"{sent} of {SIZE} bytes were sent")
    print(f"2 % of the blocks changed: {sent} of {SIZE} bytes sent")


def takes_what_it_can(scene):
    for what, older, least in (("a shorter one", scene.content[:SIZE // 2], SIZE // 2 - BLOCK),
                               ("a longer one", scene.content + b"more", SIZE),
                               ("an empty one", b"", 0),
                               ("zeros", bytes(SIZE), 0),
                               ("another file", os.urandom(SIZE), 0)):
        scene.put(older)
        taken, receiver = scene.get()
        require(taken >= least and (least or not taken), f"{what}: {taken} bytes were taken")
        require(bool(receiver.event("reusing")) == bool(older), f"{what}: it says {receiver.event('reusing')}")
        print(f"{what}: {taken} bytes taken")


def replaces_blocks_by_zeros(scene):
    """What the older copy has there must not shine through."""
    scene.put(scene.content)
    scene.content[3 * BLOCK:9 * BLOCK] = bytes(6 * BLOCK)
    scene.put(scene.content, scene.source + ".new")
    os.rename(scene.source + ".new", scene.source)
    scene.digest = files.sha256(scene.source)
    taken, _ = scene.get()
    require(taken == SIZE - 6 * BLOCK, f"{taken} bytes were taken")
    print("blocks that are zeros now: zeros")


def takes_another_file(scene):
    elsewhere = os.path.join(scene.workspace.directory("elsewhere"), "older")
    scene.put(scene.content, elsewhere)
    os.chmod(elsewhere, stat.S_IRUSR)
    taken, receiver = scene.get("--reuse", elsewhere)
    require(taken == SIZE and receiver.event("reusing")["path"] == elsewhere, f"{taken}: {receiver.event('reusing')}")
    require(files.sha256(elsewhere) == scene.digest, "the older copy was changed")
    print("--reuse takes another file")


def takes_nothing_when_told(scene):
    for option in ("--no-reuse", "--fresh"):
        scene.put(scene.content)
        taken, receiver = scene.get(option)
        require(taken == 0 and not receiver.event("reusing"), f"{option}: {taken} bytes were taken")
    scene.put(scene.content)
    taken, _ = scene.get("--no-keep")
    require(taken == SIZE, f"--no-keep: {taken} bytes were taken")
    print("--no-reuse and --fresh take nothing; --no-keep does")


def refuses_what_cannot_be_reused(scene):
    pipe = os.path.join(scene.workspace.directory("pipes"), "pipe")
    os.mkfifo(pipe)
    for status, words, *arguments in ((3, "older copy .*No such file", "--reuse", "/nonexistent/older"),
                                      (3, "no regular file", "--reuse", pipe),
                                      (3, "no regular file", "--reuse", "/dev/null"),
                                      (3, "no regular file", "--reuse", scene.copies),
                                      (2, "--reuse .* leave it out", "--reuse", scene.source, "--fresh"),
                                      (2, "--reuse .* leave it out", "--reuse", scene.source, "--no-reuse")):
        done = subprocess.run([program(scene.bin), "get", scene.server.url("image"), scene.target, *arguments],
                              capture_output=True, text=True, timeout=SECONDS, check=False)
        require(done.returncode == status and re.search(words, done.stderr),
                f"get {' '.join(arguments)} ended with {done.returncode}: {done.stderr}")
        require(not os.listdir(scene.copies), f"get {' '.join(arguments)} left {os.listdir(scene.copies)}")
    print("an older copy that cannot be read is refused before anything is asked for")


CASES = (sends_nothing_of_a_copy_that_is_up_to_date, sends_what_has_changed, takes_what_it_can, replaces_blocks_by_zeros,
         takes_another_file, takes_nothing_when_told, refuses_what_cannot_be_reused)


if __name__ == "__main__":
    run_scenes(__doc__.splitlines()[0], Scene, CASES)
