"""The kinds of destination: what is put there, and what must come of a transfer to it."""

import os
import stat
from dataclasses import dataclass, field

import names
from scene import access_list_for

LOCAL_FILE = 3
USAGE = 2
FAILURE = 1

# What the program may advise, and only where that helps.
WRITABLE = "writable"
MISSING = "make the directory or"

PATH_MAX = 4096
MOST_LINKS = 40


@dataclass
class Refusal:
    causes: tuple  # one of these words must be in the message, in any case
    exit: int = LOCAL_FILE
    silent: bool = True  # refused before the server hears of it
    advice: tuple = ()  # which of ADVICE may be given


@dataclass
class Case:
    path: bytes = None  # absolute; it is written on the command line in one way or another
    argument: bytes = None  # or this, as it is
    copy: bytes = None  # where the copy must be in the end
    refusal: Refusal = None
    name: str = None  # of the object, if it must be this one
    options: list = field(default_factory=list)
    limits: list = field(default_factory=list)
    streams: bool = False  # the copy comes on standard output
    output: str = None  # standard output is this file
    temporary: bytes = None  # TMPDIR
    home: bytes = None  # where the known servers are kept
    reader: bool = True  # somebody reads standard output
    target: str = "fast"  # or another server
    calm: bool = True  # nothing else must happen meanwhile


ADVICE = (WRITABLE, MISSING)
KINDS = {}


def kind(name, needs=(), weight=1):
    def register(function):
        KINDS[name] = (function, set(needs), weight)
        return function
    return register


def stored(path, **more):
    more.setdefault("copy", path)
    more.setdefault("calm", False)
    return Case(path=path, **more)


def refused(path, *causes, advice=(), **more):
    return Case(path=path, refusal=Refusal(causes, advice=advice), **more)


def place_of(scene):
    """A directory for the target: the run's own, one far below, or one of a mounted file system."""
    choice = scene.dice.random()
    if choice < 0.7 or (choice >= 0.85 and "mounts" not in scene.features):
        return scene.place
    if choice < 0.85:
        return scene.directory(os.path.join(scene.directory(os.path.join(scene.place, b"deep" * 50)), b"deeper" * 40))
    return scene.small_file_system(os.path.join(scene.place, b"mounted"), "64m")


def target_in(scene, directory=None):
    return os.path.join(directory or place_of(scene), names.draw(scene.dice))


# ---- ordinary ones --------------------------------------------------------------------------------


@kind("absent", weight=4)
def absent(scene, thing):
    return stored(target_in(scene))


@kind("regular file", weight=8)
def regular(scene, thing):
    path = scene.file(target_in(scene), scene.dice.choice((0o600, 0o644, 0o444, 0o640, 0o400, 0o755, 0, 0o200)))
    return stored(path)


@kind("regular file with set-id bits", weight=1)
def set_id(scene, thing):
    path = scene.file(target_in(scene), scene.dice.choice((0o4755, 0o2755, 0o6711, 0o1644)))
    return stored(path)


@kind("regular file of another owner", needs=("users",), weight=3)
def of_another(scene, thing):
    path = scene.file(target_in(scene), scene.dice.choice((0o600, 0o644, 0o444, 0o660)))
    scene.give(path, scene.stranger)
    return stored(path)


@kind("regular file with an access list", needs=("users",), weight=2)
def with_access_list(scene, thing):
    path = scene.file(target_in(scene), 0o600)
    scene.access_list(path, access_list_for(1000, scene.dice.choice((0o660, 0o640, 0o604))))
    return stored(path)


@kind("regular file below a default access list", needs=("users",))
def below_default_list(scene, thing):
    """New files get the list, the replaced one has none."""
    at = scene.directory(os.path.join(scene.place, b"at"))
    path = scene.file(target_in(scene, at), scene.dice.choice((0o640, 0o644)))
    scene.access_list(at, access_list_for(1000, 0o660), default=True)
    return stored(path)


@kind("file with two names")
def two_names(scene, thing):
    path = scene.file(target_in(scene))
    os.link(path, os.path.join(os.path.dirname(path), b"other name"))
    return stored(path)


@kind("object itself")
def same_content(scene, thing):
    return stored(scene.file(target_in(scene), content=thing.content))


@kind("directory", weight=2)
def directory(scene, thing):
    path = scene.directory(target_in(scene))
    copy = os.path.join(path, thing.base)
    if scene.dice.random() < 0.3:
        scene.file(copy)
    return stored(path + scene.dice.choice((b"", b"/", b"//", b"/.")), copy=copy)


@kind("directory by dots")
def by_dots(scene, thing):
    scene.cwd = scene.directory(os.path.join(scene.place, b"below"))
    argument = scene.dice.choice((b".", b"..", b"./", b"../", b"../below"))
    where = scene.place if argument in (b"..", b"../") else scene.cwd
    return Case(argument=argument, copy=os.path.join(where, thing.base), calm=False)


@kind("no destination")
def left_out(scene, thing):
    return Case(copy=os.path.join(scene.cwd, thing.base), calm=False)


@kind("directory in a directory")
def directory_in_directory(scene, thing):
    path = scene.directory(target_in(scene))
    scene.directory(os.path.join(path, thing.base))
    return refused(path, "is not a regular file", "is a directory")


@kind("mount point directory", needs=("mounts",))
def mount_point(scene, thing):
    path = scene.small_file_system(target_in(scene, scene.place), "64m")
    return stored(path, copy=os.path.join(path, thing.base))


@kind("file of a lower layer", needs=("mounts",))
def lower_layer(scene, thing):
    path = scene.file(target_in(scene, scene.directory(os.path.join(scene.place, b"layers"))), 0o640)
    scene.overlay(os.path.dirname(path))
    return stored(path)


# ---- symbolic links -------------------------------------------------------------------------------


def linked(scene, leads_to):
    """A link to it, or a link to a link, … of either sort."""
    path = None
    for number in range(scene.dice.choice((1, 1, 1, 2, 5))):
        at = scene.directory(os.path.join(scene.place, b"link %d" % number))
        path = os.path.join(at, names.draw(scene.dice))
        scene.link(path, leads_to if scene.dice.random() < 0.5 else os.path.relpath(leads_to, at))
        leads_to = path
    return path


@kind("link to a file", weight=2)
def link_to_file(scene, thing):
    path = scene.file(target_in(scene), scene.dice.choice((0o600, 0o644)))
    return stored(linked(scene, path), copy=path)


@kind("link to a directory")
def link_to_directory(scene, thing):
    path = scene.directory(target_in(scene))
    return stored(linked(scene, path) + scene.dice.choice((b"", b"/")), copy=os.path.join(path, thing.base))


@kind("link as a directory of the path")
def link_on_the_way(scene, thing):
    path = scene.directory(target_in(scene))
    name = names.draw(scene.dice)
    return stored(os.path.join(linked(scene, path), name), copy=os.path.join(path, name))


@kind("dangling link")
def dangling(scene, thing):
    return refused(linked(scene, os.path.join(scene.place, b"nowhere")), "no such file", "does not exist")


@kind("link into a missing directory")
def dangling_far(scene, thing):
    return refused(linked(scene, os.path.join(scene.place, b"nowhere", b"file")), "no such file", "does not exist",
                   advice=(MISSING,))


@kind("loop of links")
def loop(scene, thing):
    path = target_in(scene)
    other = os.path.join(scene.place, b"back")
    scene.link(path, other)
    scene.link(other, path)
    below = scene.dice.choice((b"", b"/", b"/file"))
    return refused(path + below, "too many levels of symbolic links", "loop")


@kind("too many links")
def many_links(scene, thing):
    leads_to = scene.file(os.path.join(scene.place, b"end"))
    for number in range(MOST_LINKS + 1):
        leads_to = scene.link(os.path.join(scene.place, b"l%d" % number), leads_to)
    return refused(leads_to, "too many levels of symbolic links", "loop")


@kind("link to something else")
def link_to_fifo(scene, thing):
    path = scene.fifo(target_in(scene))
    return refused(linked(scene, path), "is not a regular file")


@kind("planted link", needs=("users",))
def planted(scene, thing):
    secret = scene.file(os.path.join(scene.place, b"secret"))
    shared = scene.directory(os.path.join(scene.place, b"shared"), 0o1777)
    scene.give(shared, 0 if scene.user else scene.user)
    path = scene.link(target_in(scene, shared), secret)
    mine = scene.dice.choice((True, False))
    scene.give(path, scene.user if mine else 1000)
    return stored(path, copy=secret) if mine else refused(path, "will not follow the symbolic link")


# ---- what no file can replace ---------------------------------------------------------------------


@kind("FIFO")
def fifo(scene, thing):
    return refused(scene.fifo(target_in(scene)), "is not a regular file")


@kind("socket")
def socket(scene, thing):
    return refused(scene.socket(target_in(scene)), "is not a regular file")


@kind("device", needs=("devices",))
def device(scene, thing):
    path = scene.device(target_in(scene), scene.dice.choice((stat.S_IFCHR, stat.S_IFBLK)))
    return refused(path, "is not a regular file")


@kind("something else with a slash")
def with_slash(scene, thing):
    path = scene.dice.choice((scene.file, scene.fifo))(target_in(scene))
    return refused(path + scene.dice.choice((b"/", b"//")), "is a file", "not a directory", "is not a regular file")


@kind("immutable file", needs=("attributes",), weight=2)
def immutable(scene, thing):
    path = scene.file(target_in(scene), scene.dice.choice((0o600, 0o644)))
    scene.attribute(path, "i")
    return refused(linked(scene, path) if scene.dice.random() < 0.3 else path, "immutable")


@kind("append-only file", needs=("attributes",))
def append_only(scene, thing):
    path = scene.file(target_in(scene))
    scene.attribute(path, "a")
    return refused(path, "append-only")


@kind("immutable directory", needs=("attributes",))
def immutable_directory(scene, thing):
    at = scene.directory(os.path.join(scene.place, b"at"))
    path = target_in(scene, at)
    if scene.dice.random() < 0.5:
        scene.file(path)
    scene.attribute(at, "i")
    return refused(path, "immutable")


@kind("append-only directory", needs=("attributes",))
def append_only_directory(scene, thing):
    at = scene.directory(os.path.join(scene.place, b"at"))
    path = target_in(scene, at)
    if scene.dice.random() < 0.5:
        scene.file(path)
    scene.attribute(at, "a")
    return refused(path, "append-only")


@kind("bind-mounted file", needs=("mounts",))
def bind_mounted(scene, thing):
    path = scene.file(target_in(scene, scene.place))
    scene.mount("--bind", scene.file(os.path.join(scene.place, b"source")), path)
    return refused(path, "mount point")


@kind("read-only file system", needs=("mounts",), weight=2)
def read_only(scene, thing):
    at = scene.directory(os.path.join(scene.place, b"at"))
    path = target_in(scene, at)
    if scene.dice.random() < 0.5:
        scene.file(path)
    scene.make_read_only(at)
    return refused(path, "read-only")


# ---- no room --------------------------------------------------------------------------------------


@kind("full file system", needs=("mounts",), weight=3)
def full(scene, thing):
    at = scene.small_file_system(os.path.join(scene.place, b"at"), "1m")
    path = target_in(scene, at)
    if scene.dice.random() < 0.5:
        scene.file(path)
    name = scene.dice.choice(("large", "sparse", "small", "empty"))
    sparse = scene.dice.random() < 0.5
    options = ["--sparse"] if sparse else []
    if name in ("small", "empty") or (sparse and name == "sparse"):
        return stored(path, name=name, options=options, calm=True)
    causes = ("no space", "room")
    return Case(path=path, refusal=Refusal(causes, silent=False), name=name, options=options)


@kind("no room at all", needs=("mounts",))
def brim_full(scene, thing):
    at = scene.small_file_system(os.path.join(scene.place, b"at"), "64k")
    path = target_in(scene, at)
    with open(os.path.join(at, b"filler"), "wb", buffering=0) as file:
        file.write(bytes(1 << 16))
    if scene.dice.random() < 0.5:
        return stored(path, name="empty", calm=True)
    return Case(path=path, refusal=Refusal(("no space", "room"), silent=False), name=scene.dice.choice(("one", "small")))


@kind("no more files", needs=("mounts",))
def no_more_files(scene, thing):
    at = scene.small_file_system(os.path.join(scene.place, b"at"), "1m", ",nr_inodes=2")
    path = target_in(scene, at)
    scene.file(path)
    return refused(path, "no space")


@kind("limit of file size")
def limited(scene, thing):
    path = target_in(scene)
    if scene.dice.random() < 0.5:
        scene.file(path)
    return Case(path=path, refusal=Refusal(("too large", "limit"), silent=False), name="large",
                limits=["prlimit", "--fsize=1000000", "--"])


# ---- permissions ----------------------------------------------------------------------------------


def permitted_to_root(scene, path, advice=(), **more):
    """Root may; others are told that it is denied."""
    return stored(path, **more) if scene.user == 0 else refused(path, "permission denied", advice=advice)


@kind("directory without write permission", weight=2)
def unwritable(scene, thing):
    at = scene.directory(os.path.join(scene.place, b"at"))
    path = target_in(scene, at)
    if scene.dice.random() < 0.5:
        scene.file(path)
    scene.close(at, 0o555)
    return permitted_to_root(scene, path, advice=(WRITABLE,))


@kind("directory without search permission", weight=2)
def unsearchable(scene, thing):
    at = scene.directory(os.path.join(scene.place, b"at"))
    path = target_in(scene, at)
    if scene.dice.random() < 0.5:
        scene.file(path)
    scene.close(at, scene.dice.choice((0o600, 0, 0o644)))
    return permitted_to_root(scene, path)


@kind("below a directory without search permission", weight=2)
def below_unsearchable(scene, thing):
    at = scene.directory(os.path.join(scene.place, b"at"))
    path = scene.directory(target_in(scene, at))
    copy = os.path.join(path, thing.base)
    scene.close(at, 0o600)
    if scene.dice.random() < 0.5:
        return permitted_to_root(scene, copy)
    return permitted_to_root(scene, path + b"/", copy=copy)


@kind("directory without read permission")
def unreadable(scene, thing):
    at = scene.directory(os.path.join(scene.place, b"at"))
    path = target_in(scene, at)
    scene.close(at, 0o300)
    return permitted_to_root(scene, path)


@kind("sticky directory", needs=("users",), weight=3)
def sticky(scene, thing):
    at = scene.directory(os.path.join(scene.place, b"at"), 0o1777)
    path = target_in(scene, at)
    scene.give(at, scene.dice.choice((0, scene.user)))
    whose = scene.dice.choice((None, 0, 1000, scene.user))
    if whose is not None:
        scene.give(scene.file(path), whose)
    theirs = whose not in (None, scene.user) and scene.user != 0 and os.stat(at).st_uid != scene.user
    return refused(path, "sticky", "belongs to") if theirs else stored(path)


# ---- paths that lead nowhere ----------------------------------------------------------------------


@kind("missing directory")
def missing(scene, thing):
    between = scene.dice.choice((b"missing", b"missing/too", b"missing/../missing"))
    return refused(os.path.join(scene.place, between, names.draw(scene.dice)), "no such file", "does not exist",
                   advice=(MISSING,))


@kind("absent with a slash")
def absent_with_slash(scene, thing):
    return refused(target_in(scene) + b"/", "does not exist", "no such file")


@kind("removed working directory")
def removed_directory(scene, thing):
    return Case(argument=scene.dice.choice((None, b"copy.img", b"./copy.img")),
                refusal=Refusal(("no such file",), advice=(MISSING,)),
                limits=["sh", "-c", 'mkdir gone && cd gone && rmdir ../gone && exec "$@"', "sh"])


@kind("below a file")
def below_file(scene, thing):
    path = scene.file(target_in(scene))
    return refused(os.path.join(path, names.draw(scene.dice)), "not a directory")


@kind("name too long")
def long_name(scene, thing):
    name = scene.dice.choice((b"a" * 256, "€".encode() * 86, b"\xff" * 300, b"c" * 4000))
    return refused(os.path.join(scene.place, name), "file name too long")


@kind("path too long")
def long_path(scene, thing):
    path = scene.place
    while len(path) < PATH_MAX:
        path += b"/" + b"p" * scene.dice.randrange(1, 256)
    return refused(path, "file name too long", "no such file", advice=(MISSING,))


@kind("path as long as can be")
def longest_path(scene, thing):
    """The whole path has 4095 bytes, which is what a call of the kernel takes."""
    room = PATH_MAX - 1 - scene.dice.choice((0, 0, 1, 5))
    path = scene.place
    while room - len(path) > 256 + 2:
        path = scene.directory(path + b"/" + b"p" * min(255, room - len(path) - 3))
    return Case(argument=path + b"/" + b"f" * (room - len(path) - 1),
                copy=path + b"/" + b"f" * (room - len(path) - 1), calm=False)


# ---- standard output ------------------------------------------------------------------------------


@kind("standard output", weight=3)
def standard_output(scene, thing):
    scene.file(os.path.join(scene.cwd, b"-"))
    return Case(argument=b"-", streams=True, calm=False)


@kind("file called -")
def file_called_dash(scene, thing):
    argument = scene.dice.choice((b"./-", os.path.join(scene.cwd, b"-")))
    return Case(argument=argument, copy=os.path.join(scene.cwd, b"-"), calm=False)


@kind("standard output with --json")
def stdout_and_json(scene, thing):
    return Case(argument=b"-", refusal=Refusal(("--json",), exit=USAGE), options=["--json"])


@kind("full standard output")
def full_output(scene, thing):
    return Case(argument=b"-", refusal=Refusal(("no space",), silent=False), output="/dev/full",
                name=scene.dice.choice(("small", "large", "one")))


@kind("standard output nobody reads")
def unread_output(scene, thing):
    return Case(argument=b"-", refusal=Refusal(("broken pipe",), silent=False), reader=False,
                name=scene.dice.choice(("small", "large", "one")))


@kind("no temporary directory")
def no_temporary(scene, thing):
    return Case(argument=b"-", refusal=Refusal(("TMPDIR",), advice=(WRITABLE, MISSING)),
                temporary=os.path.join(scene.place, b"missing"))


@kind("full temporary directory", needs=("mounts",))
def full_temporary(scene, thing):
    at = scene.small_file_system(os.path.join(scene.place, b"at"), "64k")
    with open(os.path.join(at, b"filler"), "wb", buffering=0) as file:
        file.write(bytes(1 << 16))
    return Case(argument=b"-", refusal=Refusal(("no space", "room"), silent=False), temporary=at, name="small")


@kind("/dev/stdout")
def dev_stdout(scene, thing):
    argument = scene.dice.choice((b"/dev/stdout", b"/dev/fd/1", b"/proc/self/fd/1"))
    return Case(argument=argument, refusal=Refusal(("(-)", "standard output"),))


@kind("empty destination")
def empty(scene, thing):
    return Case(argument=b"", refusal=Refusal(("DEST is empty",), exit=USAGE))


# ---- the known servers ----------------------------------------------------------------------------


def without_pin(scene, home, *causes):
    """The server is not known yet, and cannot be noted."""
    return Case(path=aside(scene), refusal=Refusal(causes, silent=False, advice=ADVICE), home=home, name="small")


@kind("home without room", needs=("mounts",))
def full_home(scene, thing):
    home = scene.small_file_system(os.path.join(scene.aside, b"home"), "64k")
    with open(os.path.join(home, b"filler"), "wb", buffering=0) as file:
        file.write(bytes(1 << 16))
    return without_pin(scene, home, "no space")


@kind("read-only home", needs=("mounts",))
def read_only_home(scene, thing):
    home = scene.directory(os.path.join(scene.aside, b"home"))
    scene.make_read_only(home)
    return without_pin(scene, home, "read-only")


@kind("home that is a file")
def home_is_file(scene, thing):
    return without_pin(scene, scene.file(os.path.join(scene.aside, b"home")), "not a directory")


# ---- no object ------------------------------------------------------------------------------------


def aside(scene):
    """A target that must stay as it is."""
    path = target_in(scene)
    if scene.dice.random() < 0.5:
        scene.file(path)
    return path


@kind("no such object")
def no_object(scene, thing):
    return Case(path=aside(scene), refusal=Refusal(("there is no",), exit=FAILURE, silent=False), name="missing object")


@kind("no server")
def no_server(scene, thing):
    return Case(path=aside(scene), refusal=Refusal(("refused",), exit=FAILURE, silent=False), target="none")
