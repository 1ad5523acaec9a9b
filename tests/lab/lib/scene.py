"""The frame of scripts that let one server on loopback send one object again and again."""

import os
import re

from . import files, script
from .fleetcast import Server
from .loopback import free_port
from .workspace import LabError, Workspace


SECONDS = 120
SYMBOL = 1408  # bytes of a datagram on loopback
SENT = re.compile(r"ended; .* (\d+) source and (\d+) repair datagrams sent")


def require(condition, text):
    if not condition:
        raise LabError(text)


class LoopbackScene:
    """An object of `size` bytes, a place for its copies, and what a server keeps; `serve` starts one."""

    def __init__(self, workspace, options, name, size):
        self.workspace = workspace
        self.bin = options.bin
        self.name = name
        self.source = os.path.join(workspace.directory(name), "image")
        self.copies = workspace.directory(f"{name}-copies")
        self.state = workspace.directory(f"{name}-state")
        self.listen = f"127.0.0.1:{free_port()}"
        self.digest = files.make_random_file(self.source, size)
        self.server = None

    def serve(self, *extra, rate=None):
        self.server = Server(self.workspace, self.bin, os.path.dirname(self.source), self.listen, "lo", rate=rate,
                             state_dir=self.state, extra=extra)

    def end_server(self, number):
        self.server.program.signal(number)
        self.server.program.wait(SECONDS)

    def bytes_sent(self):
        """As source and as repair, by the present server, as it says when its transmissions are over."""
        lines = self.server.program.lines
        self.server.program.wait_until(lambda: any(SENT.search(line) for line in lines), SECONDS, "its transmission was over")
        found = [match for match in map(SENT.search, lines) if match]
        return tuple(SYMBOL * sum(int(match[kind]) for match in found) for kind in (1, 2))

    def close(self):
        self.server.stop()


def run_scenes(description, make_scene, cases):
    """Each of `cases`, or the one that is named, with a scene of its own: `make_scene(workspace, options, name)`."""

    def run():
        arguments = script.parser(description)
        arguments.add_argument("--only", help="name of one case")
        options = script.parse(arguments)
        with Workspace() as workspace:
            os.environ["HOME"] = workspace.directory("home")
            os.environ.pop("XDG_CONFIG_HOME", None)
            for case in cases:
                if options.only in (None, case.__name__):
                    scene = make_scene(workspace, options, case.__name__)
                    case(scene)
                    scene.close()

    script.main(run)
