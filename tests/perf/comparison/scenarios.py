"""What is compared with what: the targets of docs/performance.md that a lab can measure."""

import dataclasses

PEERS = ("udpcast", "uftp", "norm")


@dataclasses.dataclass(frozen=True)
class Entry:
    """One line of a table: a tool and how it runs. Loss in percent; 0: the rule that drops packets is there and
    drops none."""
    tool: str
    loss: float = None
    security: str = "sealed"

    @property
    def label(self):
        words = [self.tool]
        if self.security != "sealed":
            words.append(f"--security {self.security}")
        if self.loss is not None:
            words.append(f"{self.loss:g} % loss")
        return " ".join(words)

    @property
    def is_ours(self):
        return self.tool.startswith("fleetcast")

    @property
    def is_peer(self):
        return self.tool in PEERS


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str
    title: str
    entries: tuple
    targets: tuple = ()
    size: int = 1 << 30
    receivers: int = 3
    offload: bool = True


@dataclasses.dataclass(frozen=True)
class Target:
    """`measure(results)` gives a number, or nothing; results: by label, see report.Result."""
    text: str
    bound: float
    measure: object
    at_most: bool = False

    def is_met(self, value):
        return value <= self.bound if self.at_most else value >= self.bound


def against_fastest_peer(label, bound, synced=False):
    """Whole commands; or, `synced`, until everybody's copies are on the disk."""
    def rate(result):
        return result.synced if synced else result.median

    def measure(results):
        ours = rate(results[label]) if label in results else None
        peers = [rate(result) for result in results.values()
                 if result.entry.is_peer and rate(result)]
        return ours / max(peers) if ours and peers else None
    return Target(f"{label} : fastest peer" + (", synced" if synced else ""), bound, measure)


def against(label, other, bound):
    def measure(results):
        if label not in results or other not in results:
            return None
        ours, theirs = results[label].median, results[other].median
        return ours / theirs if ours and theirs else None
    return Target(f"{label} : {other}", bound, measure)


def memory(side, bound_mib):
    def measure(results):
        peaks = [getattr(result, f"{side}_rss") for result in results.values()
                 if result.entry.is_ours and getattr(result, f"{side}_rss")]
        return max(peaks) / (1 << 20) if peaks else None
    return Target(f"peak memory of {side}, MiB", bound_mib, measure, at_most=True)


def share_of_half(label, alone, bound):
    """The slower of two objects at once, against half of what one alone gets."""
    def measure(results):
        if label not in results or alone not in results:
            return None
        slower, half = results[label].median, results[alone].median
        return slower / (half / 2) if slower and half else None
    return Target("slower of two at once : half of one alone", bound, measure)


def _all_tools(**how):
    return tuple(Entry(tool, **how) for tool in ("fleetcast",) + PEERS)


# Leaves out what was seen never to end: udpcast at 5 %.
_LOSSY_PEERS = (Entry("udpcast", 1), Entry("uftp", 1), Entry("norm", 1), Entry("uftp", 5),
                Entry("norm", 5))

ALL = {scenario.name: scenario for scenario in (
    Scenario("p1", "sealed and verified, to disk", _all_tools(),
             (against_fastest_peer("fleetcast", 6),
              against_fastest_peer("fleetcast", 6, synced=True), memory("server", 96), memory("receiver", 96))),
    Scenario("p2", "without security, as the peers run",
             (Entry("fleetcast", security="none"),) + tuple(Entry(peer) for peer in PEERS),
             (against_fastest_peer("fleetcast --security none", 10),
              against_fastest_peer("fleetcast --security none", 10, synced=True))),
    Scenario("p3", "segmentation offload off: each packet crosses alone",
             _all_tools() + (Entry("raw"),),
             (against_fastest_peer("fleetcast", 1.4), against("fleetcast", "raw", 0.8)),
             offload=False),
    Scenario("p4", "independent loss of single packets",
             (Entry("fleetcast"), Entry("fleetcast", 0), Entry("fleetcast", 1),
              Entry("fleetcast", 5)) + _LOSSY_PEERS,
             (against("fleetcast 1 % loss", "fleetcast", 0.9),
              against("fleetcast 5 % loss", "fleetcast", 0.8),
              # Without what it costs that a rule looks at every packet.
              against("fleetcast 1 % loss", "fleetcast 0 % loss", 0.9),
              against("fleetcast 5 % loss", "fleetcast 0 % loss", 0.8)),
             offload=False),
    Scenario("p5", "8 receivers", _all_tools(), (against_fastest_peer("fleetcast", 10),),
             receivers=8),
    Scenario("p10", "peak memory, 8 receivers", (Entry("fleetcast"),),
             (memory("server", 96), memory("receiver", 96)), receivers=8),
    Scenario("p11", "two transmissions at once on one server",
             (Entry("fleetcast"), Entry("fleetcast twice")),
             (share_of_half("fleetcast twice", "fleetcast", 0.9),)),
)}
