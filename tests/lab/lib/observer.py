"""What a server says it sends, and what leaves its host, while a transfer runs."""

import dataclasses
import json
import threading
import time

from .console import Raw, socket_of
from .workspace import LabError

PERIOD = 0.1

# Of a transmission, every datagram is one of these.
KINDS = ("source_datagrams", "repair_datagrams", "control_datagrams")

# The console's figures and the interface's differ by what is between the two, and by TCP, ARP and IGMP.
TOLERANCE_SHARE = 0.05
TOLERANCE_PACKETS = 500


def packets_and_bytes(pid, interface):
    """Sent by this interface of the network namespace that the process lives in."""
    with open(f"/proc/{pid}/net/dev", encoding="ascii") as table:
        for line in table:
            name, _, figures = line.partition(":")
            if name.strip() == interface:
                columns = figures.split()
                return int(columns[9]), int(columns[8])
    raise LabError(f"process {pid} sees no interface {interface}")


@dataclasses.dataclass
class Sample:
    at: float
    packets: int
    bytes: int
    said: dict  # by the server, of all its transmissions: KINDS and allowed_rate; empty while there is none


class Observer:
    """Takes a sample ten times a second. Call `console.isolate` before the server starts."""

    def __init__(self, server, interface):
        self._pid = server.program.pid
        self._interface = interface
        self._raw = Raw(socket_of(self._pid))
        self._over = threading.Event()
        self._error = None
        self.samples = []
        self._look()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            while not self._over.wait(PERIOD):
                self._look()
        except (LabError, OSError, ValueError) as error:
            self._error = error

    def _look(self):
        self._raw.send(b"--json counters\n")
        answer = self._raw.frame()
        if answer is None or answer[0] != "ok":
            raise LabError(f"the server's console did not answer, but: {answer}")
        said = {}
        for row in json.loads(answer[1])["counters"]:
            if row["actor"] == "send_session" and row["name"] in (*KINDS, "allowed_rate"):
                said[row["name"]] = said.get(row["name"], 0) + row["value"]
        self.samples.append(Sample(time.monotonic(), *packets_and_bytes(self._pid, self._interface), said))

    def stop(self):
        """The last look. The server must still run."""
        self._over.set()
        self._thread.join()
        if self._error:
            raise LabError(f"the server could not be observed to the end: {self._error}")
        self._look()
        self._raw.close()

    @property
    def packets(self):
        """That left the server's host, all of them."""
        return self.samples[-1].packets - self.samples[0].packets

    @property
    def said(self):
        """The server's own figures, as far as they were seen: up to a period before the end."""
        return next((sample.said for sample in reversed(self.samples) if sample.said), {})

    def check_agreement(self):
        """What the server counts is what its interface counts, at the last moment at which both are known."""
        seen = next((sample for sample in reversed(self.samples) if sample.said), None)
        if seen is None:
            raise LabError("the transfer was over before the server's figures were seen")
        counted = sum(seen.said[kind] for kind in KINDS)
        left = seen.packets - self.samples[0].packets
        if abs(counted - left) > TOLERANCE_SHARE * left + TOLERANCE_PACKETS:
            raise LabError(f"the server counted {counted} datagrams sent, its interface {left} packets")

    def highest_allowed(self, since):
        """Bits a second, as the server allowed itself at or after this moment."""
        return max((sample.said["allowed_rate"] for sample in self.samples
                    if sample.at >= since and sample.said), default=None)

    def highest_sent(self, since, window=1.0):
        """Bits a second that left the host, in the busiest window that ends after this moment."""
        highest, first = None, 0
        for sample in self.samples:
            if sample.at < since:
                continue
            while (first + 1 < len(self.samples)
                   and self.samples[first + 1].at <= sample.at - window):
                first += 1
            start = self.samples[first]
            if sample.at - start.at >= window / 2:
                rate = (sample.bytes - start.bytes) * 8 / (sample.at - start.at)
                highest = rate if highest is None else max(highest, rate)
        return highest
