"""What this host lets the walker do: some kinds of file take root, some a kernel or a file system that knows them."""

import contextlib
import ctypes
import os
import shutil
import subprocess

CLONE_NEWNS = 0x00020000

NOBODY = 65534


def run_quietly(*argv):
    return subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          check=False).returncode == 0


def leave_mount_namespace():
    """Gives this process mounts of its own, which vanish with it. False: not permitted."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) != 0:
        return False
    return run_quietly("mount", "--make-rprivate", "/")


def _attributes(directory):
    probe = os.path.join(directory, "attributes")
    with open(probe, "wb"):
        pass
    done = run_quietly("chattr", "+i", probe) and run_quietly("chattr", "-i", probe)
    os.remove(probe)
    return done


def _devices(directory):
    probe = os.path.join(directory, "device")
    with contextlib.suppress(OSError):
        os.mknod(probe, 0o600 | 0o020000, os.makedev(1, 3))
        os.remove(probe)
        return True
    return False


def find(directory):
    """Words for what is to be had in `directory`."""
    if os.geteuid() != 0:
        return set()
    found = {"users"}
    if shutil.which("chattr") and _attributes(directory):
        found.add("attributes")
    if _devices(directory):
        found.add("devices")
    if shutil.which("mount") and leave_mount_namespace():
        found.add("mounts")
    return found
