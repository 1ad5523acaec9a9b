"""Everything below a directory at one moment, so that two moments can be compared."""

import contextlib
import hashlib
import os
import stat
from dataclasses import dataclass, replace

# Attributes that a copy takes over, or that nobody may change.
ACCESS_LIST = "system.posix_acl_access"


@dataclass(frozen=True)
class Entry:
    kind: int  # S_IFMT
    mode: int
    owner: tuple
    content: object = None  # digest, target of a link or number of a device
    size: int = 0
    modified: int = 0
    access_list: bytes = None

    def without_time(self):
        return replace(self, modified=0)


def _access_list(descriptor):
    try:
        return os.getxattr(descriptor, ACCESS_LIST)
    except OSError:
        return None


@contextlib.contextmanager
def _opened(directory, name, info, flags):
    """The file, for a moment with what its owner needs to read it; None if this is not the owner."""
    needed = stat.S_IRUSR | (stat.S_IXUSR if stat.S_ISDIR(info.st_mode) else 0)
    is_mended = os.geteuid() == info.st_uid != 0 and info.st_mode & needed != needed
    if is_mended:
        os.chmod(name, stat.S_IMODE(info.st_mode) | needed, dir_fd=directory)
    descriptor = None
    try:
        with contextlib.suppress(PermissionError):
            descriptor = os.open(name, flags | os.O_NOFOLLOW, dir_fd=directory)
        yield descriptor
    finally:
        if descriptor is not None:
            os.close(descriptor)
        if is_mended:
            os.chmod(name, stat.S_IMODE(info.st_mode), dir_fd=directory)


def _entry(directory, name, info):
    common = {"kind": stat.S_IFMT(info.st_mode), "mode": stat.S_IMODE(info.st_mode),
              "owner": (info.st_uid, info.st_gid)}
    if stat.S_ISLNK(info.st_mode):
        return Entry(content=os.readlink(name, dir_fd=directory), **common)
    if stat.S_ISCHR(info.st_mode) or stat.S_ISBLK(info.st_mode):
        return Entry(content=info.st_rdev, **common)
    if not stat.S_ISREG(info.st_mode):
        return Entry(**common)
    digest = access_list = None
    with _opened(directory, name, info, os.O_RDONLY) as descriptor:
        if descriptor is not None:
            access_list = _access_list(descriptor)
            with open(descriptor, "rb", closefd=False) as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Entry(content=digest, size=info.st_size, modified=info.st_mtime_ns, access_list=access_list, **common)


def _look(directory, prefix, found):
    for name in os.listdir(directory):
        info = os.stat(name, dir_fd=directory, follow_symlinks=False)
        path = os.path.join(prefix, os.fsencode(name))
        found[path] = _entry(directory, name, info)
        if stat.S_ISDIR(info.st_mode):
            with _opened(directory, name, info, os.O_RDONLY | os.O_DIRECTORY) as below:
                if below is not None:
                    _look(below, path, found)


def look(root):
    """Entries by path below `root`. Goes by descriptors: some paths are longer than the kernel takes at once."""
    found = {}
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _look(descriptor, b"", found)
    finally:
        os.close(descriptor)
    return found


def differences(before, after):
    """Sentences; none: nothing has changed."""
    told = []
    for path in sorted(before.keys() | after.keys()):
        was, is_now = before.get(path), after.get(path)
        if was == is_now:
            continue
        if was is None:
            told.append(f"{path!r} is new: {is_now}")
        elif is_now is None:
            told.append(f"{path!r} is gone: {was}")
        else:
            told.append(f"{path!r} was {was} and is {is_now}")
    return told
