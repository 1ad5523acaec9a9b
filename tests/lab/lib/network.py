"""A lab network: a server and receivers, each in a network namespace, around one bridge.

    fc-<pid>-s   eth0 10.77.0.1  fd77::1        the server
    fc-<pid>-rN  eth0 10.77.0.1N fd77::1N       receivers, N from 1
    fc-<pid>-b   br0                            the bridge; no snooping: it floods multicast

Nothing is created or changed outside these namespaces.
"""

import json
import os
import subprocess

from .workspace import LabError

INTERFACE = "eth0"
MAX_RECEIVERS = 200


def run(argv, text=None):
    """Runs a tool to its end; its complaint becomes the error."""
    try:
        result = subprocess.run(argv, input=text, capture_output=True, text=True, check=False,
                                start_new_session=True)
    except FileNotFoundError:
        raise LabError(f"{argv[0]} is not installed; try: ./dev setup lab perf") from None
    if result.returncode != 0:
        raise LabError(f"`{' '.join(argv)}` failed: {(result.stderr or result.stdout).strip()}")
    return result.stdout


def _delete_namespace(name):
    if os.path.exists(f"/run/netns/{name}"):
        run(["ip", "netns", "del", name])


def add_namespace(workspace, name):
    """Goes with the workspace, after the last process."""
    # First the promise, then the deed: a signal may come between.
    workspace.at_exit(_delete_namespace, name)
    run(["ip", "netns", "add", name])


class Namespace:
    """Where commands run."""

    def __init__(self, namespace):
        self.namespace = namespace

    def command(self, argv):
        """`argv` to be run inside; the process keeps its pid, and has its own mount namespace."""
        return ["ip", "netns", "exec", self.namespace] + [str(argument) for argument in argv]

    def run(self, argv, text=None):
        return run(self.command(argv), text)

    def skip_address_detection(self):
        """Addresses are ours alone: no second of waiting for duplicates to speak up."""
        self.run(["sh", "-c", "for family in all default; do"
                  " echo 0 >/proc/sys/net/ipv6/conf/$family/accept_dad; done"])


class Host(Namespace):
    """One namespace with one interface."""

    def __init__(self, namespace, number):
        super().__init__(namespace)
        self.ipv4 = f"10.77.0.{number}"
        self.ipv6 = f"fd77::{number:x}"


class Network:
    """Made at once; goes with the workspace, after the last process."""

    def __init__(self, workspace, receivers):
        if not 1 <= receivers <= MAX_RECEIVERS:
            raise LabError(f"a lab has 1 to {MAX_RECEIVERS} receivers, not {receivers}")
        prefix = f"fc-{os.getpid()}"
        self.bridge = f"{prefix}-b"  # its namespace; the port of receiver N is called rN there
        self._workspace = workspace
        self._add_bridge()
        self.server = self._add_host(f"{prefix}-s", "s", 1)
        self.receivers = [self._add_host(f"{prefix}-r{n}", f"r{n}", 10 + n)
                          for n in range(1, receivers + 1)]

    @property
    def hosts(self):
        return [self.server] + self.receivers

    def _add_bridge(self):
        add_namespace(self._workspace, self.bridge)
        run(["ip", "-n", self.bridge, "-batch", "-"],
            "link add br0 type bridge mcast_snooping 0 stp_state 0 forward_delay 0\n"
            "link set br0 up\n")

    def _add_host(self, namespace, port, number):
        host = Host(namespace, number)
        add_namespace(self._workspace, namespace)
        host.skip_address_detection()
        run(["ip", "-n", namespace, "-batch", "-"],
            "link set lo up\n"
            f"link add {INTERFACE} type veth peer name {port} netns {self.bridge}\n"
            f"address add {host.ipv4}/24 brd + dev {INTERFACE}\n"
            f"address add {host.ipv6}/64 dev {INTERFACE} nodad\n"
            f"link set {INTERFACE} up\n"
            f"route add 224.0.0.0/4 dev {INTERFACE}\n")
        run(["ip", "-n", self.bridge, "-batch", "-"],
            f"link set {port} master br0\nlink set {port} up\n")
        return host

    def set_loss(self, percent):
        """Every host loses this share of what arrives, independently: so both directions do."""
        if percent <= 0:
            return
        permille = round(percent * 10)
        if not 1 <= permille <= 900:
            raise LabError(f"loss is between 0.1 and 90 percent, not {percent:g}")
        self._drop(permille)
        # Segmented buffers would be lost whole: 44 datagrams at once.
        self.disable_offload()

    def change_loss(self, percent):
        """Like `set_loss`, in place of what was set before; None: nothing looks at packets, 0: a rule does, and
        drops none. Offloads stay off."""
        for host in self.hosts:
            # Made first, so that there is one to delete.
            host.run(["nft", "-f", "-"],
                     "table inet fleetcast_lab\ndelete table inet fleetcast_lab\n")
        if percent == 0:
            self._drop(0)
        elif percent is not None:
            self.set_loss(percent)

    def _drop(self, permille):
        rule = ("table inet fleetcast_lab {\n chain arriving {\n"
                "  type filter hook prerouting priority -300; policy accept;\n"
                f"  iifname {INTERFACE} numgen random mod 1000 < {permille} counter drop\n"
                " }\n}\n")
        for host in self.hosts:
            host.run(["nft", "-f", "-"], rule)

    def shape(self, receiver, rate, burst, *queue):
        """What comes to this receiver, from 1, passes tc's token bucket; `queue`: "limit", bytes or "latency", time."""
        run(["tc", "-n", self.bridge, "qdisc", "replace", "dev", f"r{receiver}", "root", "tbf", "rate", rate,
             "burst", burst, *map(str, queue)])

    def limit_rate(self, receiver, mbit):
        """What comes to this receiver, from 1, comes no faster; more queues for 50 ms, then is lost."""
        self.shape(receiver, f"{mbit}mbit", "64kb", "latency", "50ms")

    def dropped_before(self, receiver):
        """Packets for this receiver that found the queue of its token bucket full."""
        shaped = json.loads(run(["tc", "-n", self.bridge, "-s", "-j", "qdisc", "show", "dev", f"r{receiver}"]))
        return sum(queue["drops"] for queue in shaped if queue["kind"] == "tbf")

    def dropped(self):
        """Packets lost by `set_loss` so far, per host."""
        counts = []
        for host in self.hosts:
            words = host.run(["nft", "list", "table", "inet", "fleetcast_lab"]).split()
            counts.append(int(words[words.index("packets") + 1]))
        return counts

    def disable_offload(self, hosts=None):
        """UDP segmentation happens before the link: single datagrams travel."""
        for host in hosts or self.hosts:
            host.run(["ethtool", "-K", INTERFACE, "tx-udp-segmentation", "off"])

    def set_bottleneck(self, receiver, bits, queue_ms):
        """What comes to this receiver, from 1, passes a token bucket with a queue of so many milliseconds.

        Not at the sender: of its own host's queue TCP fills a few packets only (TCP small queues), and whoever
        fills the rest gets the share that goes with it. Behind a switch there is nothing of the kind."""
        queue = max(16384, bits * queue_ms // 8000)
        self.shape(receiver, f"{bits}bit", "16kb", "limit", queue)
