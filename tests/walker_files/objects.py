"""The objects that are offered, and whether bytes are theirs."""

import hashlib
import os
import random

NAMES = ("empty", "one", "small", "large", "sparse", "-", "-rf", "new\nline", "sub/directory/file", "ünï çödé €",
         "n" * 255)

SMALL = 100_000
LARGE = 3 * (1 << 20) + 1234
SPARSE = 16 << 20


class Object:
    def __init__(self, name, content):
        self.name = name
        self.base = os.fsencode(name.rsplit("/", 1)[-1])
        self.content = content
        self.size = len(content)
        self.digest = hashlib.sha256(content).hexdigest()


def _content(name, dice):
    match name:
        case "empty":
            return b""
        case "one":
            return b"\0"
        case "large":
            return dice.randbytes(LARGE)
        case "sparse":
            content = bytearray(SPARSE)
            content[5 << 20:(5 << 20) + SMALL] = dice.randbytes(SMALL)
            content[-1:] = b"\1"
            return bytes(content)
        case "small":
            return dice.randbytes(SMALL)
        case _:
            return dice.randbytes(dice.randrange(5000))


def make(directory, seed):
    """Writes all of them below `directory`; by name."""
    dice = random.Random(f"objects {seed}")
    made = {}
    for name in NAMES:
        made[name] = Object(name, _content(name, dice))
        path = os.path.join(directory, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(made[name].content)
    return made
