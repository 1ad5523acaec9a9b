"""The directory of one run, what is put into it, and how all of that goes away again."""

import contextlib
import os
import shutil
import signal
import socket
import stat
import struct

import names
from features import NOBODY, run_quietly
from lib.workspace import LabError

DEEP = b"d" * 200
ACL_VERSION = 2
ACL_USER, ACL_USER_OBJECT, ACL_GROUP_OBJECT, ACL_MASK, ACL_OTHER = 0x02, 0x01, 0x04, 0x10, 0x20
NO_ID = 0xFFFFFFFF


def access_list_for(user, mode):
    """An access list whose classes are those of `mode`, and which names `user`."""
    entries = ((ACL_USER_OBJECT, mode >> 6 & 7, NO_ID), (ACL_USER, mode >> 3 & 7, user),
               (ACL_GROUP_OBJECT, 0, NO_ID), (ACL_MASK, mode >> 3 & 7, NO_ID), (ACL_OTHER, mode & 7, NO_ID))
    return struct.pack("<I", ACL_VERSION) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


@contextlib.contextmanager
def deferred_signals():
    """What would end this script ends it, but only after this."""
    came = []
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, lambda number, _: came.append(number)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before):
            signal.signal(number, handler)
        for number in came[:1]:
            signal.raise_signal(number)


class Scene:
    """Use as a context manager. Paths are bytes and absolute."""

    def __init__(self, dice, root, features):
        self.dice = dice
        self.root = os.fsencode(root)
        self.features = features
        self.is_root = "users" in features
        self.user = dice.choice((0, NOBODY)) if self.is_root else os.geteuid()
        self.group = self.user if self.is_root else os.getegid()
        self.stranger = dice.choice([user for user in (0, 1000, NOBODY) if user != self.user])
        self.umask = dice.choice((0o022, 0o022, 0o077, 0o027, 0))
        self._undo = contextlib.ExitStack()
        self.cwd = None
        self.place = None
        self.aside = self.root + b"-aside"  # may change

    def __enter__(self):
        self.directory(self.root)
        self.directory(self.aside)
        self.cwd = self.directory(os.path.join(self.root, b"cwd"))
        self.place = self.directory(os.path.join(self.root, b"place"))
        self.file(os.path.join(self.place, b"neighbour"), content=b"neighbour")
        # Only the next transfer to that target may remove it.
        self.file(os.path.join(self.place, names.OTHERS_HIDDEN), content=b"another's")
        return self

    def __exit__(self, *_):
        with deferred_signals():
            self._undo.close()
            for directory in (self.root, self.aside):
                shutil.rmtree(directory, ignore_errors=True)

    def at_exit(self, function, *arguments):
        self._undo.callback(function, *arguments)

    # ---- what can be put there ----

    def own(self, path, user=None, group=None):
        if self.is_root:
            os.chown(path, self.user if user is None else user, self.group if group is None else group,
                     follow_symlinks=False)

    def give(self, path, user):
        self.own(path, user, user)

    def directory(self, path, mode=0o755):
        os.mkdir(path)
        os.chmod(path, mode)
        self.own(path)
        return path

    def file(self, path, mode=0o644, content=b"former content"):
        with open(path, "wb") as file:
            file.write(content)
        self.own(path)
        os.chmod(path, mode)
        return path

    def link(self, path, leads_to):
        os.symlink(leads_to, path)
        self.own(path)
        return path

    def fifo(self, path):
        os.mkfifo(path)
        self.own(path)
        return path

    def socket(self, path):
        """Short whatever `path` is: sockets take a hundred bytes."""
        with socket.socket(socket.AF_UNIX) as listener:
            before = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.chdir(os.path.dirname(path))
                listener.bind(b"s")
                os.rename(b"s", os.path.basename(path))
            finally:
                os.fchdir(before)
                os.close(before)
        self.own(path)
        return path

    def device(self, path, kind=stat.S_IFCHR):
        os.mknod(path, 0o666 | kind, os.makedev(1, 3) if kind == stat.S_IFCHR else os.makedev(1, 250))
        self.own(path)
        return path

    # ---- what takes root ----

    def attribute(self, path, letter):
        self.at_exit(run_quietly, "chattr", "-" + letter, "--", path)
        if not run_quietly("chattr", "+" + letter, "--", path):
            raise LabError(f"cannot set the attribute {letter} of {path!r}")

    def close(self, path, mode):
        """A directory that not even its owner may use in every way, until the end."""
        os.chmod(path, mode)
        self.at_exit(os.chmod, path, 0o755)

    def access_list(self, path, access_list, default=False):
        os.setxattr(path, "system.posix_acl_" + ("default" if default else "access"), access_list)

    def mount(self, *arguments):
        """The last argument is where."""
        self.at_exit(run_quietly, "umount", "--lazy", "--", arguments[-1])
        if not run_quietly("mount", *arguments):
            raise LabError(f"mount {arguments!r} failed")

    def small_file_system(self, path, size, options=""):
        self.mount("-t", "tmpfs", "-o", f"size={size},mode=755{options}", "none", self.directory(path))
        self.own(path)
        return path

    def overlay(self, path):
        """What is in `path` becomes the lower layer of a new file system there, if the kernel has such."""
        layers = os.path.join(self.aside, b"layers")
        self.small_file_system(layers, "64m")
        upper = self.directory(os.path.join(layers, b"upper"))
        work = self.directory(os.path.join(layers, b"work"))
        options = b"lowerdir=%s,upperdir=%s,workdir=%s" % (path, upper, work)
        self.at_exit(run_quietly, "umount", "--lazy", "--", path)
        run_quietly("mount", "-t", "overlay", "-o", options, "none", path)

    def make_read_only(self, path):
        """`path` becomes a read-only view of itself."""
        self.mount("--bind", path, path)
        if not run_quietly("mount", "-o", "remount,bind,ro", path):
            raise LabError(f"cannot make {path!r} read-only")
