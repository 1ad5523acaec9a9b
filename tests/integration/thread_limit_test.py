#!/usr/bin/env python3
"""No thread can be had, at every place where one is started: `fleetcast get`, `serve` and `agent`, and a program
that embeds the library, under every limit from 0 to 40 threads. Each says which limit that is and ends by itself,
or works and ends on SIGTERM; none dies of a signal, none hangs.

    thread_limit_test.py --bin build/release/bin [--embedding PROGRAM]

As root, the script runs each program as a user of its own, because the kernel counts all threads of a user, and the
limit does not hold for root. Others need a user namespace of their own for that. Exit code 77: neither is to be had.
"""

import argparse
import itertools
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lib import files, script  # noqa: E402
from lib.fleetcast import Receiver, Server  # noqa: E402
from lib.loopback import free_port  # noqa: E402
from lib.workspace import LabError, Workspace  # noqa: E402

SIZE = 100_000
SLOW_SIZE = 50_000  # four seconds at the rate of the busy server
MOST = 40
SECONDS = 60  # only what hangs takes so long
OBJECTS = 30
BUSY_THREADS = 16
BUSY = 54  # ERROR_NETWORK_BUSY
NO_RESOURCES = 1450  # ERROR_NO_SYSTEM_RESOURCES
LIMIT = "RLIMIT_NPROC"
SKIPPED = 77

# Beyond what the kernel hands out to people; another script of this kind at the same time has others.
USERS = itertools.count(1_900_000_000 + os.getpid() % 4_000_000 * 100)


def require(condition, text):
    if not condition:
        raise LabError(text)


class Slowest:
    """The longest time that each kind of end took, and where. Told, not judged: a busy host would fail the test."""

    def __init__(self):
        self._worst = {}
        self._lock = threading.Lock()  # of side_by_side()

    def note(self, what, seconds, threads):
        with self._lock:
            self._worst[what] = max(self._worst.get(what, (0, 0)), (seconds, threads))

    def tell(self):
        for what, (seconds, threads) in self._worst.items():
            print(f"slowest end, {what}: {seconds:.2f} s with {threads} threads")


SLOWEST = Slowest()


class Limited:
    """Runs programs as a user with at most `threads` threads and a home of its own."""

    def __init__(self, workspace, name, threads):
        self.name = f"{name} with {threads} threads"
        self.home = workspace.directory(f"{name}-{threads}")
        self.limit = ["prlimit", f"--nproc={threads}:{MOST * 10}", "--", "env", f"HOME={self.home}",
                      f"XDG_RUNTIME_DIR={self.home}"]
        if os.geteuid() == 0:
            user = str(next(USERS))
            os.chown(self.home, int(user), int(user))
            self.become = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups",
                           "--pdeathsig", "KILL", "--"]
        else:
            self.become = ["unshare", "--user", "--map-current-user", "--"]

    def command(self, argv):
        return [*self.become, *self.limit, *argv]


def can_limit(workspace):
    """Whether a limit holds here at all: a shell with one thread cannot fork."""
    if os.geteuid() != 0 and not shutil.which("unshare"):
        return False
    tried = subprocess.run(Limited(workspace, "trial", 1).command(["sh", "-c", "true & wait"]),
                           capture_output=True, check=False)
    works = subprocess.run(Limited(workspace, "trial", MOST).command(["sh", "-c", "true & wait"]),
                           capture_output=True, check=False)
    return tried.returncode != 0 and works.returncode == 0


def programs(options, workspace):
    """Where a stranger can run them: as they are, or copies."""
    def usable(path):
        stranger = Limited(workspace, "stranger", MOST)
        return subprocess.run(stranger.command([path, "--version"]), capture_output=True,
                              check=False).returncode == 0

    given = os.path.join(options.bin, "fleetcast")
    if usable(given):
        return given, options.embedding
    place = workspace.directory("programs")
    for part in ("bin", "lib"):
        shutil.copytree(os.path.join(os.path.dirname(options.bin), part), os.path.join(place, part),
                        symlinks=True)
    copy = os.path.join(place, "bin", "fleetcast")
    require(usable(copy), f"an unprivileged user can run neither {given} nor {copy}")
    if options.embedding:
        shutil.copy(options.embedding, os.path.join(place, "bin"))
    return copy, options.embedding and os.path.join(place, "bin",
                                                    os.path.basename(options.embedding))


def side_by_side(job, values):
    """Results of `job` for each value, two at a time; the first error counts."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(job, values))


def grows_from_refusal_to_work(name, worked):
    """It fails with few threads and works with many, and there is one place where that changes."""
    least = worked.index(True) if True in worked else None
    require(least, f"{name} {'never works' if least is None else 'needs no thread'}")
    require(all(worked[least:]), f"{name} works with {least} threads, but not with more: {worked}")
    print(f"{name}: an error that names the limit with up to {least - 1} threads, works from {least}")


# ---- get -------------------------------------------------------------------------------------------


def gets(workspace, fleetcast, address, digest, extra, threads):
    """Whether it got the object."""
    mine = Limited(workspace, f"get{''.join(extra)}", threads)
    target = os.path.join(mine.home, "copy")
    begun = time.monotonic()
    done = subprocess.run(
        mine.command([fleetcast, "get", address, target, "--json", *extra]),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode == 0:
        require(files.sha256(target) == digest, f"{mine.name} stored something else")
        return True
    SLOWEST.note(" ".join(["get", *extra, "refused a thread, from its start"]),
                 time.monotonic() - begun, threads)
    require(done.returncode == 1, f"{mine.name} ended with {done.returncode}:\n{done.stderr}")
    require(LIMIT in done.stderr and f"error {NO_RESOURCES}" in done.stderr,
            f"{mine.name} does not name the limit:\n{done.stderr}")
    require(not os.path.exists(target), f"{mine.name} failed and left {target}")
    return False


def get_at_every_limit(workspace, fleetcast):
    content = workspace.directory("content")
    digest = files.make_random_file(os.path.join(content, "image"), SIZE)
    server = Server(workspace, os.path.dirname(fleetcast), content, f"127.0.0.1:{free_port()}", "lo")
    address = server.url("image").replace("127.0.0.1", "localhost")
    # By name, with and without an own identity: every thread that a receiver can need.
    for extra in ([], ["--auth"]):
        worked = side_by_side(
            lambda threads, extra=extra: gets(workspace, fleetcast, address, digest, extra, threads),
            range(MOST + 1))
        grows_from_refusal_to_work(" ".join(["get", *extra]), worked)
    server.stop()


# ---- what runs until it is told to end -------------------------------------------------------------


def runs(workspace, name, threads, argv):
    """Whether it came up; either way it has ended."""
    mine = Limited(workspace, name, threads)
    program = workspace.start(mine.name, mine.command([*argv, "--state-dir", mine.home]))
    try:
        program.wait_until(lambda: any("listening on" in line for line in program.lines), SECONDS,
                           "it said what it listens on")
    except LabError:
        require(program.wait(SECONDS) == 1, f"{mine.name} ended with {program.status}")
        SLOWEST.note(f"{name} refused a thread, from its start", program.seconds, threads)
        require(any(LIMIT in line for line in program.lines), f"{mine.name} does not name the limit")
        return False
    told = time.monotonic()
    program.signal(signal.SIGTERM)
    status = program.wait(SECONDS)
    SLOWEST.note(f"{name} on SIGTERM", program.ended_at - told, threads)
    require(status == 0, f"{mine.name} listened, and ended with {status} on SIGTERM")
    return not any(LIMIT in line for line in program.lines)


def daemons_at_every_limit(workspace, fleetcast):
    content = workspace.directory("content")
    commands = {
        "serve": [fleetcast, "serve", "--namespace", f"lab={content}", "--listen", "127.0.0.1:0"],
        "agent": [fleetcast, "agent", "--listen", "127.0.0.1:0", "--allow-dir", content],
    }
    for name, argv in commands.items():
        worked = side_by_side(
            lambda threads, name=name, argv=argv: runs(workspace, name, threads, argv),
            range(MOST + 1))
        grows_from_refusal_to_work(name, worked)


# ---- a server that runs out of threads while it serves ---------------------------------------------


def comes_back(workspace, fleetcast, address):
    """Asks until there are threads again, as it was told to."""
    until = time.monotonic() + SECONDS
    while True:
        done = subprocess.run([fleetcast, "get", address, os.path.join(workspace.path, "at last"), "--json"],
                              capture_output=True, text=True, timeout=SECONDS, check=False)
        if done.returncode == 0:
            return
        require(f"error {BUSY}," in done.stderr and time.monotonic() < until,
                f"a client that comes back to a busy server gets: {done.stderr}")


def server_is_busy(workspace, fleetcast):
    """Objects asked for at once, of which each takes two threads: some wait for better times, which come, and the
    server ends as ever."""
    content = workspace.directory("many")
    for number in range(OBJECTS):
        files.make_random_file(os.path.join(content, str(number)), SLOW_SIZE)
    mine = Limited(workspace, "busy", BUSY_THREADS)
    listen = f"127.0.0.1:{free_port()}"
    server = workspace.start(mine.name, mine.command(
        [fleetcast, "serve", "--namespace", f"lab={content}", "--listen", listen, "--interface", "lo",
         "--rate", "100k", "--max-transmissions-per-source", str(OBJECTS), "--state-dir", mine.home]))
    server.wait_until(lambda: any("listening on" in line for line in server.lines), SECONDS,
                      "it said what it listens on")
    receivers = [Receiver(workspace, os.path.dirname(fleetcast), f"object {number}",
                          f"{listen}/lab/{number}", os.path.join(workspace.path, f"copy.{number}"))
                 for number in range(OBJECTS)]
    refused = begun = 0
    for each in receivers:
        each.program.wait_until(
            lambda each=each: each.event("started") or each.event("failed"), SECONDS,
            "it began or was refused")
        failed = each.event("failed")
        refused += bool(failed)
        begun += not failed
        require(not failed or failed["error"]["code"] == BUSY and "try again later" in failed["error"]["text"],
                f"{each.name}: {failed}")
    require(begun and refused, f"{begun} transmissions began, {refused} were refused")
    # What failed to begin must not be in the way of the next attempt, at the same object.
    leaver = next(each for each in receivers if not each.event("failed"))
    leaver.program.signal(signal.SIGTERM)
    comes_back(workspace, fleetcast,
               f"{listen}/lab/{next(i for i, each in enumerate(receivers) if each.event('failed'))}")
    told = time.monotonic()
    server.signal(signal.SIGTERM)
    status = server.wait(SECONDS)
    SLOWEST.note("busy server on SIGTERM", server.ended_at - told, BUSY_THREADS)
    require(status == 0, f"the server ended with {status} on SIGTERM")
    require(any(LIMIT in line for line in server.lines), "the server's log does not name the limit")
    for each in receivers:
        each.wait(SECONDS)
    print(f"serve: {begun} transmissions began, {refused} clients heard {BUSY}; SIGTERM ended it")


# ---- the library -----------------------------------------------------------------------------------


def embeds(workspace, embedding, threads):
    """-1 if the library was refused a thread, otherwise the number of sessions that were."""
    mine = Limited(workspace, "embedding", MOST)
    begun = time.monotonic()
    done = subprocess.run(mine.command([embedding, str(threads)]), stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=SECONDS, check=False)
    SLOWEST.note("program that embeds the library, from its start", time.monotonic() - begun, threads)
    require(done.returncode == 0, f"the embedding program with {threads} threads ended with"
                                  f" {done.returncode}:\n{done.stdout}{done.stderr}")
    return int(done.stdout.rsplit("refused: ", 1)[1])


def library_at_every_limit(workspace, embedding):
    refused = side_by_side(lambda threads: embeds(workspace, embedding, threads), range(MOST + 1))
    require(refused[0] == -1, f"the library needs no thread: {refused}")
    require(any(count > 0 for count in refused), f"no session was ever refused: {refused}")
    require(refused[MOST] == 0, f"{refused[MOST]} sessions were refused with {MOST} threads")
    print(f"library: refused {refused.count(-1)} times, some of its sessions"
          f" {sum(count > 0 for count in refused)} times; works afterwards each time")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, help="directory of the programs")
    parser.add_argument("--embedding", help="tests/embedding/thread_limit.c, built")
    options = parser.parse_args()
    options.bin = os.path.abspath(options.bin)
    with Workspace() as workspace:
        os.chmod(workspace.path, 0o755)
        if not can_limit(workspace):
            print("skipped: RLIMIT_NPROC cannot be tried here: it takes root or a user namespace")
            sys.exit(SKIPPED)
        fleetcast, embedding = programs(options, workspace)
        get_at_every_limit(workspace, fleetcast)
        daemons_at_every_limit(workspace, fleetcast)
        server_is_busy(workspace, fleetcast)
        if embedding:
            library_at_every_limit(workspace, embedding)
        SLOWEST.tell()


if __name__ == "__main__":
    script.main(main)
