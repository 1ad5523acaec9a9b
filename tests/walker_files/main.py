#!/usr/bin/env python3
"""Random transfers by `fleetcast get` to every kind of destination that a host may have, against an oracle that knows
the object's bytes and what was there before.

    main.py --bin build/release/bin                       a short walk
    main.py --bin build/release/bin --runs 2000           a long one, with another seed each time
    main.py --bin build/release/bin --seed 7 --only 123   one run again

Exit code 0 from `get` must mean that the target holds exactly the object, any other that everything is as it was; the
exit code, the events and the message must tell the same and the true cause. What takes root or a kernel that knows it is
skipped and counted where it is not to be had. As root, the walk has mounts of its own.
"""

import argparse
import collections
import contextlib
import os
import random
import shlex
import signal
import socket
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lib import fleetcast, script  # noqa: E402
from lib.loopback import free_port  # noqa: E402
from lib.workspace import LabError, Workspace  # noqa: E402

import disturbances  # noqa: E402
import features  # noqa: E402
import kinds  # noqa: E402
import mutants  # noqa: E402
import names  # noqa: E402
import objects  # noqa: E402
from getter import Getter  # noqa: E402
from oracle import Oracle  # noqa: E402
from scene import Scene  # noqa: E402

SLOW_RATE = 16_000_000  # bits a second: a second and a half for the large object
MOST_WRONG = 20  # runs that are told, then the walk ends
MOST_SEEDS = 1_000_000
DECK = sum(weight for _, _, weight in kinds.KINDS.values())


class Server(fleetcast.Server):
    def stop_anyhow(self):
        self.program.stop()


class World:
    """What all runs share: objects, servers, homes."""

    def __init__(self, workspace, options):
        self.workspace = workspace
        self.bin = options.bin
        self.features = features.find(workspace.path)
        os.chmod(workspace.path, 0o755)
        self.source = workspace.directory("source")
        self.objects = objects.make(self.source, options.seed)
        self.spool = workspace.directory("spool")
        os.chmod(self.spool, 0o1777)
        self.homes = {}
        users = (0, features.NOBODY) if "users" in self.features else (os.geteuid(),)
        for user in users:
            self.homes[user] = workspace.directory(f"home-{user}")
            os.chown(self.homes[user], user, user if "users" in self.features else -1)
        self.servers = {"fast": self.serve("fast"), "slow": self.serve("slow", SLOW_RATE)}
        self.closed = f"127.0.0.1:{free_port()}"

    def serve(self, name, rate=None):
        group = f"239.254.{os.getpid() % 256}.0/24"
        return Server(self.workspace, self.bin, self.source, f"127.0.0.1:{free_port()}", "lo", rate=rate,
                      state_dir=self.workspace.directory(f"state-{name}"), extra=["--group", group, "--no-console"])


@contextlib.contextmanager
def unconnected():
    """A server that nobody may call: its address, and the socket that shows whether somebody did."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"127.0.0.1:{listener.getsockname()[1]}", listener


class Walk:
    """One run."""

    def __init__(self, world, seed, number):
        self.world = world
        self.number = number
        self.dice = random.Random(f"{seed}/{number}")
        self.kind = deck(seed, number)
        self.objects = world.objects
        self.oracle = self.case = self.thing = self.scene = self.happening = None
        self.is_calm = False  # nothing happens meanwhile
        self.options = []
        self.destination = []
        self.started = []

    @property
    def permitted(self):
        return kinds.KINDS[self.kind][1] <= self.world.features

    def run(self):
        """How it ended, in a word; what is wrong is in self.wrong."""
        root = os.path.join(self.world.workspace.path, f"run-{self.number}")
        with Scene(self.dice, root, self.world.features) as self.scene, contextlib.ExitStack() as closing:
            closing.callback(lambda: [getter.close() for getter in self.started])
            self._prepare()
            self.oracle = Oracle(self.scene, {})
            self.oracle.before = self.oracle.look()
            try:
                result = self.happening(self) if self.happening else self._undisturbed(closing)
            except LabError as error:  # it hangs
                self.oracle.require(False, str(error))
                return "failed"
            self.oracle.require(not os.listdir(self.world.spool), f"left in TMPDIR: {os.listdir(self.world.spool)}")
            return result

    def _prepare(self):
        happening = disturbances.draw(self.dice)
        name = self.dice.choice(disturbances.objects_for(happening) or ("small", "large", "sparse", *objects.NAMES))
        self.case = kinds.KINDS[self.kind][0](self.scene, self.objects[name])
        if not self.is_calm and disturbances.fits(happening, self.case):
            self.happening = happening
        if self.case.name is not None:
            self.thing = self.objects.get(self.case.name)
        else:
            self.thing = self.objects[name]
        self.options = list(self.case.options)
        if "--json" not in self.options:
            self.options += self.dice.choice(([], ["--json"], ["--json"], ["--quiet"]))
        if self.case.streams and "--json" in self.options:
            self.options.remove("--json")
        if self.case.argument == b"-" and self.case.refusal and self.case.refusal.exit != kinds.USAGE:
            self.options = [option for option in self.options if option != "--json"]
        if self.case.refusal is None and not self.case.calm and self.dice.random() < 0.3:
            self.options.append("--sparse")
        argument = self.case.argument
        if argument is None and self.case.path is not None:
            argument = names.write(self.dice, self.case.path, self.scene)
        self.destination = names.arguments(self.dice, argument)

    def start(self, server, thing=None, address=None, **more):
        """`server`: one that runs, or the name of one that always does."""
        if address is None:
            address = (self.world.servers[server] if isinstance(server, str) else server).listen
        name = (thing or self.thing).name if thing or self.thing else self.case.name
        argv = [fleetcast.program(self.world.bin), "get", "--interface", "lo", "--patience", "2", *self.options,
                f"{address}/{fleetcast.NAMESPACE}/{name}", *self.destination]
        self.started.append(Getter(argv, self.scene, self.case.home or self.world.homes[self.scene.user],
                                   self.case.temporary or self.world.spool, self.case.limits, **more))
        return self.started[-1]

    def mortal_server(self):
        return self.world.serve("mortal", SLOW_RATE)

    def holds_copy(self, after):
        entry = after.get(self.oracle.inside(self.case.copy))
        return entry is not None and entry.content == self.thing.digest

    def _undisturbed(self, closing):
        refusal = self.case.refusal
        more, listener, address = {}, None, None
        if refusal and refusal.silent and self.dice.random() < 0.7:
            address, listener = closing.enter_context(unconnected())
        elif self.case.target == "none":
            address = self.world.closed
        if self.case.output:
            more["stdout"] = closing.enter_context(open(self.case.output, "wb"))
        if not self.case.reader:
            reading, writing = os.pipe()
            os.close(reading)
            closing.callback(os.close, writing)
            more["stdout"] = writing
        getter = self.start("fast", address=address, **more)
        status = getter.wait(listener)
        if status is False:
            self.oracle.require(False, "it called the server before it looked at its destination")
            return "failed"
        if not more and (refusal is None or self.case.target != "none"):
            self.oracle.said(getter, status, self.options, self.thing, self.case.streams)
        if refusal:
            self.oracle.require(status == refusal.exit, f"ended with {status}, not with {refusal.exit}: {getter.errors}")
            if status != 0:
                self.oracle.explains(getter, refusal, self.options)
            self.oracle.untouched()
            return "refused"
        self.oracle.require(status == 0, f"ended with {status}: {getter.errors}")
        if self.case.streams:
            self.oracle.require(getter.output == self.thing.content, "the stream is not the object")
            self.oracle.untouched()
        elif status == 0:
            self.oracle.stored(self.case.copy, [self.thing])
        else:
            self.oracle.untouched()
        return "stored"

    def tell(self, seed):
        """Everything about a run in which something is wrong."""
        scene = self.scene
        what = f", {self.happening.__name__}" if self.happening else ""
        print(f"--- run {self.number}: {self.kind}{what}; user {scene.user}, umask {scene.umask:04o}")
        for getter in self.started:
            print(f"    in {scene.cwd!r}: {getter.argv}")
            print(f"    exit code {getter.status}")
            print(f"    output {getter.output[:2000] if not self.case.streams else len(getter.output)!r}")
            print(f"    errors {getter.errors!r}")
        for one in self.oracle.wrong:
            print(f"    WRONG: {one}")
        print(f"    again: {shlex.join(sys.argv[:1])} --bin {shlex.quote(self.world.bin)} --seed {seed}"
              f" --only {self.number}", flush=True)


def deck(seed, number):
    """The kind of a run: all come up again and again, in an order of each round's own."""
    cards = [name for name, (_, _, weight) in kinds.KINDS.items() for _ in range(weight)]
    rounds, at = divmod(number, DECK)
    random.Random(f"deck {seed}/{rounds}").shuffle(cards)
    return cards[at]


def print_table(counts):
    columns = ("runs", "skipped", "stored", "refused", "killed", "interrupted", "twice", "server died",
               "changed meanwhile", "wrong")
    width = max(map(len, kinds.KINDS))
    print(f"\n{'kind':{width}}  " + "  ".join(columns))
    total = collections.Counter()
    for name in kinds.KINDS:
        total.update(counts[name])
        print(f"{name:{width}}  " + "  ".join(f"{counts[name][one] or '':>{len(one)}}" for one in columns))
    print(f"{'all':{width}}  " + "  ".join(f"{total[one]:>{len(one)}}" for one in columns))
    return total


class Tally:
    """Runs, and what came of them, by kind."""

    def __init__(self):
        self.counts = collections.defaultdict(collections.Counter)
        self.wrong = 0

    def note(self, one, result):
        self.counts[one.kind].update(("runs", result))
        if one.oracle.wrong:
            self.counts[one.kind]["wrong"] += 1
            self.wrong += 1


def walk(world, seed, numbers, most_wrong):
    tally = Tally()
    for number in numbers:
        one = Walk(world, seed, number)
        if not one.permitted:
            tally.counts[one.kind]["skipped"] += 1
            continue
        tally.note(one, one.run())
        if one.oracle.wrong:
            one.tell(seed)
        if tally.wrong == most_wrong:
            break
        if (number + 1) % 100 == 0:
            print(f"{number + 1} runs, {tally.wrong} wrong", flush=True)
    total = print_table(tally.counts)
    print(f"\nseed {seed}: {total['runs']} runs, {total['skipped']} skipped, {tally.wrong} wrong")
    if tally.wrong:
        raise LabError(f"{tally.wrong} runs went wrong")


def notice_mutants(world, seed):
    """Every wrong program must be noticed within one round of the deck."""
    real = fleetcast.program(world.bin)
    for number, (name, script) in enumerate(mutants.SCRIPTS.items()):
        world.bin = mutants.write(os.path.join(world.workspace.path, f"mutant-{number}"), script, real)
        for run in range(DECK):
            one = Walk(world, seed, run)
            one.is_calm = True
            if one.permitted:
                one.run()
                if one.oracle.wrong:
                    print(f"{name}: noticed in run {run}, {one.kind}: {one.oracle.wrong[0][:100]}")
                    break
        else:
            raise LabError(f"{name}: not noticed")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, help="where the programs are")
    parser.add_argument("--seed", type=int, default=random.randrange(MOST_SEEDS), help="of all that is drawn")
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--only", type=int, metavar="RUN", help="this one of the runs")
    parser.add_argument("--most-wrong", type=int, default=MOST_WRONG, metavar="N",
                        help=f"end after N runs that went wrong (default {MOST_WRONG})")
    parser.add_argument("--self-test", action="store_true", help="are programs noticed that are wrong on purpose?")
    options = parser.parse_args()
    options.bin = os.path.abspath(options.bin)
    print(f"seed {options.seed}")
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    with Workspace() as workspace:
        world = World(workspace, options)
        if options.self_test:
            notice_mutants(world, options.seed)
        else:
            numbers = range(options.runs) if options.only is None else [options.only]
            walk(world, options.seed, numbers, options.most_wrong)


if __name__ == "__main__":
    script.main(main)
