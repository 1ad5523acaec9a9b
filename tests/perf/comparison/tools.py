"""How each tool sends one file to all receivers once, and what that took.

Every tool has the setting that its users would give it on a fast local network, and no other:
udpcast none (its FEC where packets get lost: without it, it gives up or writes wrong files), uftp no rate
limit (-R -1), NORM what norm_transfer.cpp says.
"""

import concurrent.futures
import dataclasses
import os
import time

from lib.fleetcast import Receiver, Server, endpoint
from lib.network import INTERFACE
from lib.workspace import LabError

OBJECT = "image"
SECOND_OBJECT = "second"
PORT = 5040
START_SECONDS = 20
RAW_SECONDS = 2


@dataclasses.dataclass
class Measurement:
    """Of one run. `rates`: Mbit/s, one for each object that was sent at once."""
    rates: list
    seconds: float = None
    copies: list = dataclasses.field(default_factory=list)
    before_sync: float = None
    synced: float = None
    server_rss: int = None
    receiver_rss: int = None
    server_cpu: float = None  # seconds, in user and kernel mode
    receiver_cpu: float = None  # of all receivers together
    lowest_received: float = None


class Trial:
    """One run: fresh processes in a standing network."""

    def __init__(self, options, workspace, network, entry, size, source):
        self.options = options
        self.workspace = workspace
        self.network = network
        self.entry = entry
        self.size = size
        self.source = source

    def target(self, number, name=OBJECT):
        return os.path.join(self.workspace.directory("copies", str(number)), name)

    def program(self, name):
        path = os.path.join(os.path.dirname(self.options.bin), "test-bin", name)
        if not os.access(path, os.X_OK):
            raise LabError(f"there is no program {path}; build it: ./dev perf does")
        return path

    def start(self, name, host, argv):
        return self.workspace.start(name, host.command(argv))

    def each_receiver(self):
        return enumerate(self.network.receivers, 1)

    def rate(self, seconds):
        return self.size * 8 / 1e6 / seconds

    def wait(self, programs):
        """The moment the last one ended."""
        deadline = time.monotonic() + self.options.timeout
        for program in programs:
            code = program.wait(max(0.1, deadline - time.monotonic()))
            if code != 0:
                raise LabError(f"{program.name} ended with {code}")
        return max(program.ended_at for program in programs)

    def all_copies(self, name=OBJECT):
        return [self.target(number, name) for number, _ in self.each_receiver()]

    def measured(self, seconds):
        """Of a peer, which leaves its copies in the page cache: what syncing them takes is measured after it."""
        copies = self.all_copies()
        return Measurement([self.rate(seconds)], seconds, copies,
                           synced=self.rate(seconds + _seconds_to_sync(copies)))


def _sync(path):
    with open(path, "rb") as copy:
        os.fsync(copy.fileno())


def _seconds_to_sync(copies):
    """All at once, as hosts of their own would. One that is missing is found when copies are compared."""
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(len(copies)) as pool:
        list(pool.map(_sync, filter(os.path.isfile, copies)))
    return time.monotonic() - began


# ---- Fleetcast -----------------------------------------------------------------------------------


def _serve(trial):
    host = trial.network.server
    extra = ["--security", "none"] if trial.entry.security == "none" else []
    return Server(trial.workspace, trial.options.bin, os.path.dirname(trial.source),
                  endpoint(host.ipv4, PORT), INTERFACE, host, trial.options.rate, extra=extra)


def _get(trial, server, name):
    extra = ["--security", "none"] if trial.entry.security == "none" else []
    return [Receiver(trial.workspace, trial.options.bin, f"get {n} {name}", server.url(name),
                     trial.target(n, name), peer, INTERFACE, extra=extra)
            for n, peer in trial.each_receiver()]


def _peak(programs):
    known = [program.peak_rss for program in programs if program.peak_rss]
    return max(known) if known else None


def _cpu(programs):
    return sum(program.usage.ru_utime + program.usage.ru_stime for program in programs)


def _fleetcast(trial, names):
    """From the start of the first `get` until the last has ended; the server, a daemon, runs."""
    server = _serve(trial)
    started = time.monotonic()
    receivers = {name: _get(trial, server, name) for name in names}
    ends = [trial.wait([one.program for one in receivers[name]]) for name in names]
    server.stop()
    everyone = [one for name in names for one in receivers[name]]
    rates = [trial.rate(end - started) for end in ends]
    return Measurement(
        rates, max(ends) - started, [one.target for one in everyone],
        before_sync=min(one.figures()[2] for one in everyone), synced=min(rates),
        server_rss=_peak([server.program]),
        receiver_rss=_peak([one.program for one in everyone]),
        server_cpu=_cpu([server.program]), receiver_cpu=_cpu([one.program for one in everyone]))


def fleetcast(trial):
    return _fleetcast(trial, [OBJECT])


def fleetcast_twice(trial):
    """Two objects at once to the same hosts, by one server."""
    return _fleetcast(trial, [OBJECT, SECOND_OBJECT])


# ---- peers ---------------------------------------------------------------------------------------


def _wait_ready(receivers):
    for receiver in receivers:
        receiver.wait_until(lambda receiver=receiver: receiver.lines, START_SECONDS, "it was ready")


def udpcast(trial):
    """From the start of the sender, which waits for its receivers, until all have ended."""
    receivers = [trial.start(f"udp-receiver {n}", peer,
                             ["udp-receiver", "--file", trial.target(n), "--interface", INTERFACE,
                              "--nokbd", "--no-progress", "--start-timeout", START_SECONDS])
                 for n, peer in trial.each_receiver()]
    _wait_ready(receivers)
    fec = ["--fec", "8x8/128"] if trial.entry.loss else []
    sender = trial.start("udp-sender", trial.network.server,
                         ["udp-sender", "--file", trial.source, "--interface", INTERFACE,
                          "--min-receivers", len(receivers), "--nokbd", "--no-progress",
                          "--start-timeout", START_SECONDS] + fec)
    return trial.measured(trial.wait([sender] + receivers) - sender.started_at)


def uftp(trial):
    """From the start of the sender until it has ended; the receivers are daemons."""
    receivers = [trial.start(f"uftpd {n}", peer,
                             ["uftpd", "-d", "-I", INTERFACE, "-D",
                              os.path.dirname(trial.target(n))])
                 for n, peer in trial.each_receiver()]
    _wait_ready(receivers)
    sender = trial.start("uftp", trial.network.server,
                         ["uftp", "-R", "-1", "-I", INTERFACE, trial.source])
    seconds = trial.wait([sender]) - sender.started_at
    for receiver in receivers:
        receiver.stop()
    return trial.measured(seconds)


def norm(trial):
    """From the start of the sender until all have acknowledged all; the receivers are daemons."""
    driver = trial.program("norm_transfer")
    receivers = [trial.start(f"norm receiver {n}", peer,
                             [driver, "receive", trial.target(n), "--interface", INTERFACE,
                              "--number", n])
                 for n, peer in trial.each_receiver()]
    _wait_ready(receivers)
    rate = ["--rate", trial.options.norm_rate] if trial.options.norm_rate else []
    sender = trial.start("norm sender", trial.network.server,
                         [driver, "send", trial.source, "--interface", INTERFACE, "--receivers",
                          len(receivers)] + rate)
    seconds = trial.wait([sender]) - sender.started_at
    for receiver in receivers:
        receiver.wait_until(lambda receiver=receiver: "complete" in receiver.lines, START_SECONDS,
                            "it had the file")
        receiver.stop()
    return trial.measured(seconds)


def raw(trial):
    """No transfer: what one sender gets onto the links by sendmmsg. UDP payload. Receivers read as fast
    as they can, but a flood that nobody paces overruns them: they get less."""
    driver = trial.program("raw_datagrams")
    receivers = [trial.start(f"raw receiver {n}", peer,
                             [driver, "receive", "--local", peer.ipv4, "--seconds",
                              START_SECONDS + RAW_SECONDS])
                 for n, peer in trial.each_receiver()]
    _wait_ready(receivers)
    host = trial.network.server
    sender = trial.start("raw sender", host,
                         [driver, "send", "--local", host.ipv4, "--seconds", RAW_SECONDS])
    trial.wait([sender] + receivers)
    return Measurement([_raw_rate(sender)], RAW_SECONDS,
                       lowest_received=min(_raw_rate(receiver) for receiver in receivers))


def _raw_rate(program):
    """Of "sent N datagrams of B bytes in S s", or "received …"."""
    words = program.lines[-1].split()
    if words[0] not in ("sent", "received") or float(words[7]) <= 0:
        raise LabError(f"{program.name} {words[0]} nothing")
    return int(words[1]) * int(words[4]) * 8 / 1e6 / float(words[7])


TOOLS = {"fleetcast": fleetcast, "fleetcast twice": fleetcast_twice, "udpcast": udpcast,
         "uftp": uftp, "norm": norm, "raw": raw}
