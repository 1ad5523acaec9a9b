"""Names of files, and the ways to write a path on a command line."""

import os

LONGEST = 255

# As the transfer to another target has left it.
OTHERS_HIDDEN = b".fleetcast-0badc0de-zzzzzz"

NAMES = (b"copy.img", b"-rf", b"--json", b"--", b"new\nline", b"\xff\xfe\x80", "ünï çödé".encode(), b" ", b"...",
         b"back\\slash", b"*", b"%n%s", b"\x1b[31m", b".fleetcast-00000000-aaaaaa", b"a" * 200, b"b" * LONGEST,
         "€".encode() * 85, b"\xff" * LONGEST)


def draw(dice):
    """Half of them ordinary."""
    return NAMES[0] if dice.random() < 0.5 else dice.choice(NAMES)


def write(dice, path, scene):
    """`path`, which is absolute, in one of the ways that lead to it from scene.cwd. What is behind its name stays."""
    stem = path.removesuffix(b".") if path.endswith(b"/.") else path
    stem = stem.rstrip(b"/")
    rest = path[len(stem):]
    directory, name = os.path.split(stem)
    ways = [stem, os.path.relpath(stem, scene.cwd), directory + b"//" + name, directory + b"/./" + name]
    if not os.path.islink(directory):
        ways.append(os.path.join(directory, b"..", os.path.basename(directory), name))
    return dice.choice(ways) + rest


def arguments(dice, destination):
    """As arguments: one that begins with a dash must not be taken for an option."""
    if destination is None:
        return []
    if destination.startswith(b"-") and destination != b"-":
        return [b"--", destination] if dice.random() < 0.5 else [b"./" + destination]
    return [b"--", destination] if dice.random() < 0.1 else [destination]
