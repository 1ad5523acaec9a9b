"""A lab network of several wires: hosts with an interface on each of some of them.

    fc-<pid>-NAME   a host, with interfaces of any name, each on one wire
    fc-<pid>-b      a bridge for each wire; no snooping: it floods multicast

Nothing is created or changed outside these namespaces.
"""

import os

from .network import Namespace, add_namespace, run


class Wires:
    """Grows as wires and hosts are added; goes with the workspace, after the last process."""

    def __init__(self, workspace, names):
        self._workspace = workspace
        self._prefix = f"fc-{os.getpid()}"
        self._switch = f"{self._prefix}-b"
        self._ports = 0
        add_namespace(workspace, self._switch)
        for name in names:
            run(["ip", "-n", self._switch, "-batch", "-"],
                f"link add {name} type bridge mcast_snooping 0 stp_state 0 forward_delay 0\n"
                f"link set {name} up\n")

    def add_host(self, name, interfaces):
        """`interfaces`: of each, its name, its wire and its addresses in the order in which they are given to it."""
        host = Namespace(f"{self._prefix}-{name}")
        add_namespace(self._workspace, host.namespace)
        host.skip_address_detection()
        run(["ip", "-n", host.namespace, "link", "set", "lo", "up"])
        for interface, wire, addresses in interfaces:
            self._plug_in(host, interface, wire, addresses)
        return host

    def _plug_in(self, host, interface, wire, addresses):
        self._ports += 1
        port = f"p{self._ports}"
        given = "".join(f"address add {address} dev {interface}{' nodad' if ':' in address else ''}\n"
                        for address in addresses)
        run(["ip", "-n", host.namespace, "-batch", "-"],
            f"link add {interface} type veth peer name {port} netns {self._switch}\n"
            f"link set {interface} up\n{given}")
        run(["ip", "-n", self._switch, "-batch", "-"],
            f"link set {port} master {wire}\nlink set {port} up\n")


def add_route(host, *words):
    run(["ip", "-n", host.namespace, "route", "add", *words])
