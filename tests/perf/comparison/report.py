"""Medians, ratios, tables."""

import statistics

from lib import table


class Result:
    """All rounds of one entry."""

    def __init__(self, entry):
        self.entry = entry
        self.measurements = []
        self.failures = []

    def _median_of(self, pick):
        values = [pick(one) for one in self.measurements]
        values = [value for value in values if value is not None]
        return statistics.median(values) if values else None

    @property
    def median(self):
        """Mbit/s; of several objects at once, the slowest one's."""
        return self._median_of(lambda one: min(one.rates))

    @property
    def synced(self):
        """Mbit/s until the copies were on the disk."""
        return self._median_of(lambda one: one.synced)

    @property
    def server_rss(self):
        return max((one.server_rss for one in self.measurements if one.server_rss), default=None)

    @property
    def receiver_rss(self):
        return max((one.receiver_rss for one in self.measurements if one.receiver_rss),
                   default=None)

    def figures(self):
        rates = [min(one.rates) for one in self.measurements]
        return {
            "rounds": len(self.measurements), "failures": self.failures,
            "mbit_per_second": {"median": self.median, "slowest": min(rates, default=None),
                                "fastest": max(rates, default=None),
                                "all": [one.rates for one in self.measurements]},
            "before_sync_mbit_per_second": self._median_of(lambda one: one.before_sync),
            "synced_mbit_per_second": self.synced,
            "lowest_received_mbit_per_second":
                self._median_of(lambda one: one.lowest_received),
            "seconds": [one.seconds for one in self.measurements],
            "server_peak_bytes": self.server_rss, "receiver_peak_bytes": self.receiver_rss}


def of(scenario, size, receivers, results):
    """For programs."""
    targets = []
    for target in scenario.targets:
        value = target.measure(results)
        targets.append({"target": target.text, "bound": target.bound,
                        "at_most": target.at_most, "value": value,
                        "met": None if value is None else target.is_met(value)})
    return {"scenario": scenario.name, "title": scenario.title, "size": size,
            "receivers": receivers, "offload": scenario.offload,
            "results": {label: result.figures() for label, result in results.items()},
            "targets": targets}


def _mib(size):
    return size / (1 << 20) if size else None


def show(outcome):
    """For people."""
    print(f"\n{outcome['scenario']}: {outcome['title']}; {outcome['size'] >> 20} MiB to"
          f" {outcome['receivers']} receivers")
    rows = []
    for label, figures in outcome["results"].items():
        rate = figures["mbit_per_second"]
        rows.append([label, rate["median"], rate["slowest"], rate["fastest"],
                     figures["synced_mbit_per_second"],
                     figures["before_sync_mbit_per_second"], _mib(figures["server_peak_bytes"]),
                     _mib(figures["receiver_peak_bytes"]), len(figures["failures"])])
    table.show(["tool", "median Mbit/s", "slowest", "fastest", "synced", "before sync",
                "server MiB", "receiver MiB", "failed"], rows)
    for target in outcome["targets"]:
        relation = "at most" if target["at_most"] else "at least"
        verdict = {None: "not measured", True: "met", False: "MISSED"}[target["met"]]
        value = "-" if target["value"] is None else f"{target['value']:.2f}"
        print(f"{target['target']} = {value}, {relation} {target['bound']:g}: {verdict}")
