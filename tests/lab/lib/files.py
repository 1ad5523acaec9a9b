"""Files to send, and whether a copy is true."""

import hashlib
import os

CHUNK = 1 << 20


def make_random_file(path, size):
    """`size` bytes that nobody has sent before; returns their SHA-256."""
    digest = hashlib.sha256()
    with open(path, "wb") as file:
        left = size
        while left > 0:
            chunk = os.urandom(min(CHUNK, left))
            digest.update(chunk)
            file.write(chunk)
            left -= len(chunk)
    return digest.hexdigest()


def make_sparse_file(path, size):
    """Mostly holes, with random bytes where mistakes of 32 bits would show; returns SHA-256."""
    with open(path, "wb") as file:
        file.truncate(size)
        for offset in (0, size // 2, 1 << 31, 1 << 32, size - 4096):
            if 0 <= offset <= size - 4096:
                file.seek(offset)
                file.write(os.urandom(4096))
    return sha256(path)


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def size_of(text):
    """Bytes of "1408", "64K", "256M", "5G"."""
    units = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
    text = text.strip().upper().removesuffix("IB")
    factor = units.get(text[-1:], 1)
    return int(text[:-1] if factor > 1 else text) * factor


def in_words(size):
    for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size >= factor and size % factor == 0:
            return f"{size // factor} {unit}"
    return f"{size} bytes"
