"""The network of the scripts that need no root."""

import socket


def free_port():
    """Of TCP, on 127.0.0.1: free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
