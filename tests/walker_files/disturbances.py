"""What happens while a transfer runs, and what must come of it."""

import contextlib
import os
import shutil
import signal
import time

import names
from kinds import FAILURE, LOCAL_FILE, Refusal
from oracle import HIDDEN, SIGNALS

# The slow server takes longer than this for the large object; by then the fast one has ended everything.
LATEST_MOMENTS = {"slow": 0.4, "fast": 0.15}


def _start_for_a_moment(walk):
    """A transfer, and some time after its start, whatever it does by then."""
    server = walk.dice.choice(list(LATEST_MOMENTS))
    getter = walk.start(server)
    time.sleep(walk.dice.random() * LATEST_MOMENTS[server])
    return getter


def _stream_is_cut(walk, getter, status):
    whole = walk.thing.content
    walk.oracle.require(whole.startswith(getter.output), "the stream has other bytes than the object")
    walk.oracle.require(status != 0 or getter.output == whole, f"exit code 0 after {len(getter.output)} bytes")


def _place_of(walk):
    return os.path.dirname(walk.case.copy) if walk.case.copy else walk.scene.place


def _whole_or_untouched(walk, getter, status, after):
    if walk.case.streams:
        _stream_is_cut(walk, getter, status)
        walk.oracle.untouched(after)
    elif status == 0 or (status == -signal.SIGKILL and walk.holds_copy(after)):
        walk.oracle.stored(walk.case.copy, [walk.thing], after)
    else:
        walk.oracle.untouched_but_kept(_place_of(walk), walk.case.copy, after)


def _the_next_one_stores_it(walk, before):
    """And leaves nothing of what was left."""
    walk.oracle.before = before
    again = walk.start("fast")
    status = again.wait()
    walk.oracle.require(status == 0, f"after a transfer that was cut short: ended with {status}: {again.errors}")
    walk.oracle.stored(walk.case.copy, [walk.thing])


def killed(walk):
    """SIGKILL: the target is the old or the new one, and what is left goes with the next transfer."""
    getter = _start_for_a_moment(walk)
    getter.signal(signal.SIGKILL)
    status = getter.wait()
    oracle = walk.oracle
    after = oracle.look()
    left = oracle.take_leftovers(after, _place_of(walk), walk.case.copy)
    oracle.require(len(left) <= 2 * (status < 0), f"exit code {status}, and this is left: {left}")
    was = oracle.before.get(oracle.inside(walk.case.copy)) if walk.case.copy else None
    for entry in left.values():
        # What was secret must not lie open under another name.
        oracle.require(was is None or not entry.size or entry.mode & 0o077 & ~was.mode == 0, f"it lies open: {entry}")
    oracle.require(status in (0, -signal.SIGKILL), f"ended with {status} on SIGKILL")
    _whole_or_untouched(walk, getter, status, after)
    if walk.case.copy and not oracle.wrong:
        _the_next_one_stores_it(walk, after)
    return "killed"


def interrupted(walk):
    """A signal that can be caught: nothing is left but what the next transfer continues."""
    number = walk.dice.choice(list(SIGNALS))
    is_repeated = walk.dice.random() < 0.3
    getter = _start_for_a_moment(walk)
    getter.signal(number)
    if is_repeated:
        getter.signal(number)
    status = getter.wait()
    # Before it listens for them, a signal ends it at once.
    walk.oracle.require(status in (0, -number, SIGNALS[number]), f"ended with {status} on {number!r}")
    if status == 0 or not is_repeated:  # the second one leaves no time for words
        walk.oracle.said(getter, status, walk.options, walk.thing, walk.case.streams)
    after = walk.oracle.look()
    _whole_or_untouched(walk, getter, status, dict(after))
    if walk.case.copy and not walk.oracle.wrong:
        walk.oracle.take_leftovers(after, _place_of(walk), walk.case.copy)
        _the_next_one_stores_it(walk, after)
    return "interrupted"


def twice(walk):
    """Two at once to one target, of one object or of two: the last one's bytes, whole."""
    case = walk.case
    other = walk.thing
    if case.copy == case.path and walk.dice.random() < 0.5:
        other = walk.objects[walk.dice.choice(("one", "small", "empty"))]
    things = [walk.thing, other]
    started = [walk.start("fast", thing) for thing in things]
    for getter, thing in zip(started, things):
        status = getter.wait()
        walk.oracle.require(status == 0, f"one of two ended with {status}: {getter.errors}")
        walk.oracle.said(getter, status, walk.options, thing)
    walk.oracle.stored(case.copy, things)
    return "twice"


def server_dies(walk):
    number = walk.dice.choice((signal.SIGKILL, signal.SIGTERM))
    server = walk.mortal_server()
    walk.options = ["--json"]
    getter = walk.start(server)
    getter.wait_for_progress(1)
    server.program.signal(number)
    status = getter.wait()
    server.stop_anyhow()
    walk.oracle.require(status == FAILURE, f"ended with {status} when the server died of {number!r}")
    walk.oracle.said(getter, status, walk.options, walk.thing)
    walk.oracle.untouched_but_kept(_place_of(walk), walk.case.copy)
    return "server died"


# ---- the target changes meanwhile -----------------------------------------------------------------


def _becomes_immutable(scene, path):
    if not os.path.lexists(path):
        scene.file(path)
    if "attributes" not in scene.features:
        return None
    scene.attribute(path, "i")
    return Refusal(("immutable",))


def _becomes(make, refusal):
    def change(scene, path):
        with contextlib.suppress(FileNotFoundError):
            os.remove(path)
        make(scene, path)
        return refusal
    return change


def _changes_mode(scene, path):
    if not os.path.lexists(path):
        scene.file(path)
    os.chmod(path, 0o604)


def _is_replaced(scene, path):
    os.rename(scene.file(os.path.join(os.path.dirname(path), b"new"), 0o640, b"newer content"), path)


def _loses_hidden_file(scene, path):
    directory = os.path.dirname(path)
    for name in os.listdir(directory):
        if HIDDEN.fullmatch(name) and name not in (names.OTHERS_HIDDEN, os.path.basename(path)):
            os.remove(os.path.join(directory, name))
    return Refusal(("removed",))


def _loses_directory(scene, path):
    """And another one of that name is there."""
    directory = os.path.dirname(path)
    if os.path.ismount(directory):
        return None
    shutil.rmtree(directory)
    scene.directory(directory)
    return Refusal(("removed", "replaced"))


NOT_REGULAR = Refusal(("is not a regular file",), silent=False)

# A link that somebody put there meanwhile is not followed, but replaced.
def _moves_directory(scene, path):
    """A copy that would be stored there is not where it was asked for."""
    directory = os.path.dirname(path)
    if os.path.ismount(directory):
        return None
    os.rename(directory, directory + b" moved")
    if scene.dice.random() < 0.5:
        scene.directory(directory)
    return Refusal(("moved",))


CHANGES = (_becomes_immutable, _becomes(lambda scene, path: scene.directory(path), NOT_REGULAR),
           _becomes(lambda scene, path: scene.fifo(path), NOT_REGULAR),
           _becomes(lambda scene, path: scene.link(path, b"/dev/null"), None),
           _changes_mode, _is_replaced, _loses_hidden_file, _loses_directory,
           _moves_directory)


def meanwhile(walk):
    walk.options = ["--json"]
    getter = walk.start("slow")
    if not getter.wait_for_progress(1):
        walk.oracle.require(False, f"ended with {getter.wait()} before it began: {getter.errors}")
        return "changed meanwhile"
    refusal = walk.dice.choice(CHANGES)(walk.scene, walk.case.copy)
    others = {os.path.basename(path) for path in walk.oracle.before}
    walk.oracle.before = {path: entry for path, entry in walk.oracle.look().items()
                          if os.path.basename(path) in others or not HIDDEN.fullmatch(os.path.basename(path))}
    status = getter.wait()
    walk.oracle.said(getter, status, walk.options, walk.thing)
    if refusal is None:
        walk.oracle.require(status == 0, f"ended with {status}: {getter.errors}")
        walk.oracle.stored(walk.case.copy, [walk.thing])
    else:
        refusal.silent = False
        walk.oracle.require(status == LOCAL_FILE, f"ended with {status}, not with {LOCAL_FILE}: {getter.errors}")
        walk.oracle.explains(getter, refusal, walk.options)
        walk.oracle.untouched_but_kept(_place_of(walk), walk.case.copy)
    return "changed meanwhile"


def draw(dice):
    """One of these, or None: nothing happens. Most transfers are left alone."""
    return dice.choices((None, killed, interrupted, twice, server_dies, meanwhile), (64, 11, 9, 6, 3, 7))[0]


def objects_for(happening):
    """Names of objects that take long enough, but not for ever; none: any will do."""
    if happening in (server_dies, meanwhile):
        return ["large"]
    return ["large", "large", "small", "one", "empty"] if happening in (killed, interrupted) else []


def fits(happening, case):
    if case.calm or case.refusal:
        return False
    if case.streams and happening in (twice, server_dies, meanwhile):
        return False
    return happening is not meanwhile or case.copy == case.path
