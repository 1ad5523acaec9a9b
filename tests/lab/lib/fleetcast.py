"""The programs under test: `fleetcast serve` and `fleetcast get`, as a user starts them."""

import json
import os

from . import files
from .workspace import LabError

NAMESPACE = "lab"

# Generous: sanitizer builds on a busy machine start slowly.
START_SECONDS = 30


def program(bin_dir):
    path = os.path.join(bin_dir, "fleetcast")
    if not os.access(path, os.X_OK):
        raise LabError(f"there is no program {path}; build it first (./dev build) or name the"
                       " directory with --bin DIR")
    return path


def endpoint(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def await_listening(daemon):
    """A server or an agent says where it listens once it can be reached."""
    daemon.wait_until(lambda: any("listening on" in line for line in daemon.lines), START_SECONDS,
                      'it said "listening on"')


class Server:
    """A running server of one directory."""

    def __init__(self, workspace, bin_dir, directory, listen, interface, host=None, rate=None,
                 namespace=NAMESPACE, state_dir=None, extra=(), policy=None):
        self.listen = listen
        self.namespace = namespace
        argv = [program(bin_dir), "serve", "--namespace", f"{namespace}={directory}",
                "--listen", listen, "--state-dir", state_dir or workspace.directory("state")]
        if interface:
            argv += ["--interface", interface]
        if rate:
            argv += ["--rate", str(rate)]
        if policy:
            argv += ["--rate-policy", policy]
        argv += extra
        self.program = workspace.start("server", host.command(argv) if host else argv)
        await_listening(self.program)

    def url(self, name):
        return f"{self.listen}/{self.namespace}/{name}"

    def stop(self):
        """Ends it as a service manager would; it must go by itself, and cleanly."""
        code = self.program.stop()
        if code not in (0, 143):
            raise LabError(f"the server ended with {code} on SIGTERM, not with 0")


class Receiver:
    """A running `fleetcast get --json`."""

    def __init__(self, workspace, bin_dir, name, url, target, host=None, interface=None,
                 known_servers=None, wrap=None, extra=(), patience=0):
        self.name = name
        self.target = target
        self.events = []
        self.stray_line = None
        self.may_accuse = False  # set where a member does forge
        argv = [program(bin_dir), "get", url, target, "--json", "--known-servers",
                known_servers or os.path.join(workspace.path, f"known_servers.{name}"),
                "--patience", str(patience)]
        if interface:
            argv += ["--interface", interface]
        argv += extra
        if wrap:
            argv = wrap(argv)
        self.program = workspace.start(name, host.command(argv) if host else argv, self._on_line)

    def _on_line(self, line):
        if not line.startswith("{"):
            return
        try:
            self.events.append(json.loads(line))
        except ValueError:
            self.stray_line = line

    def event(self, kind):
        """The latest event of this kind, or an empty one."""
        return next((event for event in reversed(self.events) if event.get("event") == kind), {})

    @property
    def progress(self):
        """The share that has arrived, 0 to 1."""
        if self.event("completed"):
            return 1.0
        event = self.event("progress")
        total = event.get("object_bytes", 0)
        return event.get("bytes", 0) / total if total else 0.0

    def wait_for_progress(self, share, timeout):
        self.program.wait_until(lambda: self.progress >= share, timeout,
                                f"{share:.0%} had arrived")

    def wait(self, timeout):
        return self.program.wait(timeout)

    @property
    def accusation(self):
        """What it says of a member that forges, or nothing."""
        told = (event.get("text", "") for event in self.events if event.get("event") == "warning")
        return next((text for text in told if "forges datagrams" in text), "")

    @property
    def failure_text(self):
        """What it says of its failure, or nothing."""
        return self.event("failed").get("error", {}).get("text", "")

    def check_success(self, digest):
        """It ended well and the copy is true."""
        if self.program.status != 0:
            raise LabError(f"{self.name} ended with {self.program.status}:"
                           f" {self.failure_text or 'no word why'}")
        if self.accusation and not self.may_accuse:
            raise LabError(f"{self.name} accuses somebody who is not there: {self.accusation}")
        if self.stray_line:
            raise LabError(f"{self.name} printed a line that is not JSON: {self.stray_line}")
        if not self.event("completed"):
            raise LabError(f"{self.name} ended with 0 but printed no `completed` event")
        if not os.path.isfile(self.target):
            raise LabError(f"{self.name} ended with 0 but there is no {self.target}")
        actual = files.sha256(self.target)
        if actual != digest:
            raise LabError(f"{self.name} ended with 0 but {self.target} is wrong: SHA-256 {actual},"
                           f" sent {digest}")

    def figures(self):
        """bytes, seconds, Mbit/s, repaired symbols: of the completed event."""
        event = self.event("completed")
        size = event.get("bytes", 0)
        seconds = event.get("seconds") or self.program.seconds
        return size, seconds, size * 8 / 1e6 / seconds, event.get("repaired_symbols")
