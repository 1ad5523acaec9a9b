#!/usr/bin/env python3
"""The object is edited while its transfer is cut short: the next one, or the same one when its server is back, brings one version
of it as a whole, or fails with a named error. Never a mixture. Over loopback, without root.

    edits_test.py --bin build/release/bin
    edits_test.py --bin build/release/bin --runs 1000 --seed 7
"""

import collections
import os
import random
import shutil
import signal
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lib import files, script  # noqa: E402
from lib.fleetcast import Receiver  # noqa: E402
from lib.scene import LoopbackScene, require  # noqa: E402
from lib.workspace import Workspace  # noqa: E402

BLOCK = 180_224
SIZE = 30 * BLOCK - 777
RATE = 100_000_000  # half a second
SECONDS = 60


# Each edits the object at a path; what is written in place may be seen by a server that has it open.
def nothing(_luck, _path):
    pass


def touch(_luck, path):
    os.utime(path)


def change_mode(_luck, path):
    os.chmod(path, 0o600)


def overwrite(luck, path):
    with open(path, "r+b") as file:
        file.seek(luck.randrange(os.path.getsize(path)))
        file.write(luck.randbytes(luck.choice((1, 1000, BLOCK, 3 * BLOCK))))


def overwrite_secretly(luck, path):
    """The times of the last write are put back."""
    before = os.stat(path)
    overwrite(luck, path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def cut(luck, path):
    os.truncate(path, luck.randrange(1, os.path.getsize(path)))


def cut_at_a_block(luck, path):
    os.truncate(path, BLOCK * luck.randrange(1, os.path.getsize(path) // BLOCK))


def empty(_luck, path):
    os.truncate(path, 0)


def append(luck, path):
    with open(path, "ab") as file:
        file.write(luck.randbytes(luck.choice((1, 777, BLOCK))))


def zero(luck, path):
    with open(path, "r+b") as file:
        file.seek(BLOCK * luck.randrange(os.path.getsize(path) // BLOCK))
        file.write(bytes(BLOCK))


def replaced(edit):
    """The same in a copy that then takes the object's name, as the documentation asks for."""

    def edit_copy(luck, path):
        shutil.copyfile(path, path + ".new")
        edit(luck, path + ".new")
        os.rename(path + ".new", path)

    edit_copy.__name__ = f"{edit.__name__}, renamed"
    return edit_copy


def replace_all(luck, path):
    with open(path + ".new", "wb") as file:
        file.write(luck.randbytes(SIZE))
    os.rename(path + ".new", path)


IN_PLACE = (overwrite, overwrite_secretly, cut, cut_at_a_block, empty, append, zero)
EDITS = (nothing, touch, change_mode, replace_all, *IN_PLACE, *map(replaced, (nothing, overwrite, cut, append, zero)))


class Scene(LoopbackScene):
    """One object, edited again and again."""

    def __init__(self, workspace, options):
        super().__init__(workspace, options, "edits", SIZE)
        self.pristine = self.source + ".pristine"
        shutil.copyfile(self.source, self.pristine)
        self.luck = random.Random(options.seed)
        self.target = os.path.join(self.copies, "image")
        self.counts = collections.Counter()
        self.number = 0

    def get(self):
        self.number += 1
        return Receiver(self.workspace, self.bin, f"get{self.number}", self.server.url("image"), self.target,
                        known_servers=os.path.join(self.workspace.path, "known"), patience=SECONDS)

    def run(self, number):
        """One transfer, cut short by the end of its server or of itself, and the object edited meanwhile."""
        shutil.copyfile(self.pristine, self.source)
        versions = {files.sha256(self.source)}
        older = self.luck.random() < 0.3
        if older:
            shutil.copyfile(self.pristine, self.target)
            overwrite(self.luck, self.target)
        before = files.sha256(self.target) if older else None
        edit = self.luck.choice(EDITS)
        victim = self.luck.choice(("server", "get", "nobody"))
        share = self.luck.uniform(0.05, 0.9)
        self.serve(rate=RATE)
        receiver = self.get()
        receiver.program.wait_until(lambda: receiver.progress >= share or receiver.program.status is not None
                                    or receiver.event("completed"), SECONDS, f"{share:.0%} had arrived")
        if victim == "server":
            self.end_server(self.luck.choice((signal.SIGTERM, signal.SIGKILL)))
        elif victim == "get":
            receiver.program.signal(self.luck.choice((signal.SIGTERM, signal.SIGKILL)))
            receiver.wait(SECONDS)
        edit(self.luck, self.source)
        versions.add(files.sha256(self.source))
        if victim == "server":
            self.serve(rate=RATE)
        elif victim == "get":
            receiver = self.get()
        status = receiver.wait(SECONDS)
        what = f"run {number}: {edit.__name__}, {victim} ended at {share:.0%}, older copy {older}"
        self.judge(what, status, receiver, versions, before)
        self.clear()

    def judge(self, what, status, receiver, versions, before):
        there = files.sha256(self.target) if os.path.exists(self.target) else None
        if status == 0:
            require(there in versions, f"{what}: a success, and a mixture: {there}")
            self.counts["succeeded"] += 1
        else:
            require(status == 1 and receiver.failure_text, f"{what}: ended with {status} and says {receiver.failure_text!r}")
            require(there == before, f"{what}: failed, and the target was touched")
            self.counts["failed"] += 1

    def clear(self):
        self.server.stop()
        for name in os.listdir(self.copies):
            os.remove(os.path.join(self.copies, name))


def test():
    arguments = script.parser(__doc__)
    arguments.add_argument("--runs", type=int, default=12, help="default: 12")
    arguments.add_argument("--seed", type=int, help="default: any")
    options = script.parse(arguments)
    if options.seed is None:
        options.seed = random.randrange(1 << 32)
    print(f"seed {options.seed}")
    with Workspace() as workspace:
        os.environ["HOME"] = workspace.directory("home")
        scene = Scene(workspace, options)
        for number in range(options.runs):
            scene.run(number)
        print(f"{options.runs} runs: {scene.counts['succeeded']} brought one version, {scene.counts['failed']} failed and"
              " left the target as it was")


if __name__ == "__main__":
    script.main(test)
