"""A fleet in the lab: an agent in each receiver's namespace, coordinators beside the server."""

import json
import os
import shlex

from . import files
from .fleetcast import await_listening, program
from .network import run
from .transfer import OBJECT, Bench
from .workspace import LabError

AGENT_PORT = 5045


class Agent:
    """A running `fleetcast agent`."""

    def __init__(self, fleet, number, options=(), disk=None):
        self.number = number
        self.host = fleet.bench.network.receivers[number - 1]
        self.address = self.host.ipv4
        self.directory = fleet.directory(f"host{number}")
        credentials = os.path.join(fleet.certificates, "hosts", self.address)
        argv = [program(fleet.options.bin), "agent", "--listen", f"{self.address}:{AGENT_PORT}",
                "--allow-dir", self.directory, "--state-dir", fleet.directory(f"state{number}"),
                "--cert", os.path.join(credentials, "host.pem"),
                "--key", os.path.join(credentials, "host.key"),
                "--ca", os.path.join(credentials, "ca.pem"), *options]
        if disk:
            # `ip netns exec` gives it a mount namespace of its own.
            mount = f"mount -t tmpfs -o size={disk} tmpfs {shlex.quote(self.directory)}"
            argv = ["sh", "-c", f"{mount} && exec {shlex.join(argv)}"]
        self.program = fleet.workspace.start(f"agent{number}", self.host.command(argv))
        await_listening(self.program)

    @property
    def target(self):
        return os.path.join(self.directory, OBJECT)

    def jobs_begun(self):
        return sum(f"/{OBJECT} from" in line for line in self.program.lines)

    def check_copy(self, digest):
        actual = files.sha256(self.target) if os.path.isfile(self.target) else "nothing"
        if actual != digest:
            raise LabError(f"{self.target} holds {actual}, sent was {digest}")

    def check_untouched(self, text):
        """Its old file is as it was, and nothing half-written lies beside it."""
        with open(self.target, encoding="utf-8") as file:
            if file.read() != text:
                raise LabError(f"{self.target} was touched")
        if (left := sorted(os.listdir(self.directory))) != [OBJECT]:
            raise LabError(f"{self.directory} holds {left}")


class Coordinator:
    """A running `fleetcast fleet get --json`."""

    def __init__(self, fleet, name, arguments):
        self.events = []
        self.hosts = {}
        self.job = None
        argv = ["env", f"XDG_CONFIG_HOME={fleet.config}", f"XDG_STATE_HOME={fleet.state}",
                "FLEETCAST_CONFIG=/dev/null", program(fleet.options.bin), "fleet", *arguments,
                "--json"]
        self.program = fleet.workspace.start(name, fleet.bench.network.server.command(argv),
                                             self._on_line)

    def _on_line(self, line):
        if not line.startswith("{"):
            return
        event = json.loads(line)
        self.events.append(event)
        if event["event"] in ("host", "report"):
            self.hosts[event["host"]] = event
        if event["event"] == "job":
            self.job = event["job"]

    def share(self, addresses):
        """Of the host that has least."""
        return min((self.hosts.get(address, {}).get("percent", 0) / 100 for address in addresses),
                   default=0)

    def wait_until(self, condition, timeout, what):
        self.program.wait_until(condition, timeout, what)

    def wait(self, timeout):
        return self.program.wait(timeout)

    def check_done(self, address, digest):
        host = self.hosts.get(address, {})
        if not host.get("succeeded") or host.get("digest") != digest:
            raise LabError(f"{address} is not done as it should be: {host}")

    def check_failed(self, address, words):
        """Failed, and says why in one of these words."""
        host = self.hosts.get(address, {})
        reason = host.get("error", {}).get("text", "")
        if host.get("succeeded") or not any(word in reason.lower() for word in words):
            raise LabError(f"{address} shall have failed with one of {words}: {host}")
        return reason


class Fleet:
    """Certificates, directories and agents around a bench; a context manager."""

    def __init__(self, options, hosts, loss=0.0, rate=None):
        self.options = options
        self.hosts = hosts
        self.bench = Bench(options, hosts, loss, rate=rate)
        self.agents = {}

    def __enter__(self):
        self.bench.__enter__()
        self.workspace = self.bench._workspace
        try:
            self.config = self.directory("config")
            self.state = self.directory("coordinator")
            self.certificates = os.path.join(self.config, "fleetcast", "fleet")
            fleetcast = [program(self.options.bin), "fleet", "cert"]
            run(fleetcast + ["init", "--dir", self.certificates])
            for host in self.bench.network.receivers:
                run(fleetcast + ["host", host.ipv4, "--dir", self.certificates])
        except BaseException as error:
            self.bench.__exit__(type(error), error, None)
            raise
        return self

    def __exit__(self, *why):
        return self.bench.__exit__(*why)

    def directory(self, *parts):
        return self.workspace.directory(*parts)

    def address(self, number):
        return self.bench.network.receivers[number - 1].ipv4

    def start_agent(self, number, *options, disk=None):
        self.agents[number] = Agent(self, number, options, disk)
        return self.agents[number]

    def get(self, numbers, *options, name="coordinator"):
        hosts = ",".join(self.address(number) for number in numbers)
        return Coordinator(self, name, ["get", self.bench.server.url(OBJECT), OBJECT, "--hosts",
                                        hosts, *options])

    def again(self, job, *options):
        return Coordinator(self, "coordinator again", ["get", "--job", job, *options])

    def sent_bytes(self):
        """By the server's host, so far."""
        with_counters = json.loads(run(["ip", "-n", self.bench.network.server.namespace, "-j", "-s",
                                        "link", "show", "dev", "eth0"]))
        return with_counters[0]["stats64"]["tx"]["bytes"]

    def remove_copies(self):
        for number in range(1, self.hosts + 1):
            path = os.path.join(self.directory(f"host{number}"), OBJECT)
            if os.path.exists(path):
                os.remove(path)
