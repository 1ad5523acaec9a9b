"""One transfer in the lab: a server, receivers, what they made of it."""

import os
import random
import time

from . import files, table
from .fleetcast import Receiver, Server, endpoint
from .network import INTERFACE, Network
from .workspace import LabError, Workspace

PORT = 5040
OBJECT = "image"


class Bench:
    """A network with a server that serves `source`; a context manager."""

    def __init__(self, options, receivers, loss=0.0, ipv6=False, rate=None, policy=None):
        self.options = options
        self._receivers = receivers
        self._loss = loss
        self._ipv6 = ipv6
        self._rate = rate
        self._policy = policy
        self._workspace = Workspace(options.dir)
        self.server = None

    def __enter__(self):
        self._workspace.__enter__()
        try:
            self.source = self._workspace.directory("source")
            self.network = Network(self._workspace, self._receivers)
            if getattr(self.options, "no_offload", False):
                self.network.disable_offload()
            self.network.set_loss(self._loss)
        except BaseException as error:
            self._workspace.__exit__(type(error), error, None)
            raise
        return self

    def __exit__(self, *why):
        return self._workspace.__exit__(*why)

    @property
    def workspace(self):
        return self._workspace

    def source_path(self, name=OBJECT):
        return os.path.join(self.source, name)

    def target_path(self, receiver, name=OBJECT):
        return os.path.join(self._workspace.directory(f"copy{receiver}"), name)

    def serve(self, extra=()):
        host = self.network.server
        address = host.ipv6 if self._ipv6 else host.ipv4
        self.server = Server(self._workspace, self.options.bin, self.source,
                             endpoint(address, PORT), INTERFACE, host, self._rate,
                             policy=self._policy, extra=extra)
        return self.server

    def get(self, number, name=OBJECT, wrap=None, target=None, extra=()):
        """Receiver `number` (from 1) starts to fetch `name`."""
        return Receiver(self._workspace, self.options.bin, f"r{number}", self.server.url(name),
                        target or self.target_path(number, name),
                        self.network.receivers[number - 1], INTERFACE, wrap=wrap, extra=extra)

    def listing(self, receiver):
        """Names that are in a receiver's directory now."""
        return sorted(os.listdir(self._workspace.directory(f"copy{receiver}")))

    def start(self, name, host, argv, on_line=None):
        """Another program, on one of the network's hosts; it ends with the bench at the latest."""
        return self._workspace.start(name, host.command(argv), on_line)

    def forget_copies(self, name):
        """The disk may not hold many large files at once."""
        for receiver in range(1, self._receivers + 1):
            if os.path.exists(self.target_path(receiver, name)):
                os.remove(self.target_path(receiver, name))


COLUMNS = ["receiver", "bytes", "seconds", "Mbit/s", "repaired symbols", "peak RSS MiB", "verified"]


def mebibytes(size):
    return None if size is None else size / (1 << 20)


def show_result(bench, receivers):
    """A line for each receiver, and the server's memory."""
    rows = []
    for receiver in receivers:
        rows.append([receiver.name, *receiver.figures(), mebibytes(receiver.program.peak_rss), True])
    rows.append(["server", None, None, None, None, mebibytes(bench.server.program.peak_rss), None])
    table.show(COLUMNS, rows)


def transfer(options, size, receivers=3, loss=0.0, late=False, ipv6=False, rate=None, sparse=False):
    """Sends one file to all; fails unless every copy is true. Returns (server, receivers)' peak RSS."""
    kind = "sparse file" if sparse else "file"
    print(f"\n{files.in_words(size)} {kind} to {receivers} receivers, {loss:g} % loss each way,"
          f" {'IPv6' if ipv6 else 'IPv4'}"
          f"{', one joins when half is sent' if late else ''}")
    with Bench(options, receivers, loss, ipv6, rate) as bench:
        make = files.make_sparse_file if sparse else files.make_random_file
        digest = make(bench.source_path(), size)
        bench.serve()
        running = start_receivers(bench, receivers, late, options.timeout, ["--sparse"] if sparse else [])
        wait_all(running, options.timeout)
        for receiver in running:
            receiver.check_success(digest)
            os.remove(receiver.target)
        bench.server.stop()
        show_result(bench, running)
        if loss > 0:
            print(f"packets dropped on arrival: server, receivers: {bench.network.dropped()}")
        return (bench.server.program.peak_rss,
                max(receiver.program.peak_rss for receiver in running))


def start_receivers(bench, count, late, timeout, extra=()):
    if not late:
        return [bench.get(n, extra=extra) for n in range(1, count + 1)]
    if count < 2:
        raise LabError("a late receiver needs an early one: --receivers 2 or more")
    running = [bench.get(n, extra=extra) for n in range(1, count)]
    running[0].wait_for_progress(0.5, timeout)
    had = running[0].progress
    running.append(bench.get(count, extra=extra))
    print(f"{running[-1].name} joins; {running[0].name} has {had:.0%}")
    if had >= 1:
        raise LabError("the first receiver was done before the late one joined: use a larger file"
                       " or a lower --rate")
    return running


def wait_all(receivers, timeout):
    deadline = time.monotonic() + timeout
    for receiver in receivers:
        receiver.wait(max(0.1, deadline - time.monotonic()))


def seeded(seed):
    """Chance that can be repeated: the seed is printed."""
    seed = random.SystemRandom().randrange(1 << 32) if seed is None else seed
    print(f"seed {seed}")
    return random.Random(seed)


def add_options(arguments, size="256M", receivers=3, timeout=300):
    """Options of every script that transfers."""
    from . import script
    arguments.add_argument("--size", type=script.size, default=size, help=f"default: {size}")
    arguments.add_argument("--receivers", type=int, default=receivers,
                           help=f"default: {receivers}")
    add_common_options(arguments, timeout)


def add_common_options(arguments, timeout=300):
    arguments.add_argument("--timeout", type=float, default=timeout, metavar="SECONDS",
                           help=f"for each transfer (default: {timeout})")
    arguments.add_argument("--dir", help="where to put files (default: the system's temporary"
                           " directory)")
    arguments.add_argument("--no-offload", action="store_true",
                           help="segment datagrams before the link; always so with loss")
