#!/usr/bin/env python3
"""Programs with the Windows types of FreeRDP's winpr receive a file, whose name takes UTF-16 to be told, from a real server
over loopback.

    winpr_test.py --bin build/release/bin --program build/release/test-bin/winpr_receive_as_c [--program ...]
"""

import os
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lib import files, script  # noqa: E402
from lib.fleetcast import NAMESPACE, Server  # noqa: E402
from lib.loopback import free_port  # noqa: E402
from lib.workspace import LabError, Workspace  # noqa: E402

SIZE = 3 * (1 << 20) + 1234
SECONDS = 120
OBJECT = "Büro \U0001f5a5.img"  # the last letter takes two units of UTF-16


def require(condition, text):
    if not condition:
        raise LabError(text)


def receive(one, server, name, target):
    return subprocess.run([one, server.listen, NAMESPACE, name, target], capture_output=True, text=True, timeout=SECONDS,
                          check=False)


def check(one, server, digest, target):
    done = receive(one, server, OBJECT, target)
    require(done.returncode == 0, f"{one} ended with {done.returncode}: {done.stdout}{done.stderr}")
    require(files.sha256(target) == digest, f"{one} received other bytes than were sent")
    done = receive(one, server, "no-such-object", target)
    require(done.returncode == 1 and "ERROR_FILE_NOT_FOUND" in done.stderr,
            f"{one} ended with {done.returncode} for what is not there: {done.stdout}{done.stderr}")
    print(f"{os.path.basename(one)}: receives by a name in UTF-16")


def test():
    arguments = script.parser(__doc__.splitlines()[0])
    arguments.add_argument("--program", action="append", required=True, help="SERVER NAMESPACE OBJECT FILE")
    options = script.parse(arguments)
    with Workspace() as workspace:
        os.environ["HOME"] = workspace.directory("home")
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
            os.environ.pop(name, None)
        source = workspace.directory("source")
        digest = files.make_random_file(os.path.join(source, OBJECT), SIZE)
        server = Server(workspace, options.bin, source, f"127.0.0.1:{free_port()}", "lo")
        for number, one in enumerate(options.program):
            check(one, server, digest, os.path.join(workspace.path, f"copy.{number}"))
        server.stop()


if __name__ == "__main__":
    script.main(test)
