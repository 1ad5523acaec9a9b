#!/usr/bin/env python3
"""`fleetcast serve` and `fleetcast agent` as service managers run them: options that make no sense are refused at once,
SIGHUP is heard and ends nothing, SIGTERM ends them well. Over loopback, without root.

    daemons_test.py --bin build/release/bin
"""

import os
import re
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lib import files, script  # noqa: E402
from lib.fleetcast import Receiver, Server, await_listening, program  # noqa: E402
from lib.heard import hear  # noqa: E402
from lib.loopback import free_port  # noqa: E402
from lib.workspace import LabError, Workspace  # noqa: E402

SIZE = 200_000
SECONDS = 60
USAGE = 2


def require(condition, text):
    if not condition:
        raise LabError(text)


def wait_for_line(one, pattern):
    one.wait_until(lambda: any(re.search(pattern, line) for line in one.lines), SECONDS,
                   f"it said {pattern!r}")


def refuses_what_makes_no_sense(workspace, options):
    """Exit code 2, before anything is listened on, and the option is named with what to write instead."""
    good = f"lab={workspace.directory('lab')}"
    for what, words in ((["--namespace", "lab"], "NAME=DIR"),
                        (["--namespace", "=/srv"], "NAME=DIR"),
                        (["--namespace", "a/b=/srv"], "'/'"),
                        (["--namespace", good, "--metrics", "nonsense"], r"--metrics nonsense: .*ADDR:PORT"),
                        (["--namespace", good, "--metrics", "127.0.0.1:99999"], "--metrics .*port is not"),
                        (["--namespace", good, "--rate", "100M", "--rate-policy", "adaptive"],
                         "--rate .*--rate-policy .*leave one out"),
                        (["--namespace", good, "--rate-policy", "fixed"], "--rate 800M")):
        done = subprocess.run([program(options.bin), "serve", *what, "--listen", f"127.0.0.1:{free_port()}",
                               "--state-dir", workspace.directory("state")],
                              capture_output=True, text=True, timeout=SECONDS, check=False)
        hear(done.stderr)
        require(done.returncode == USAGE and re.search(words, done.stderr) and not done.stdout,
                f"serve {' '.join(what)} ended with {done.returncode}, not {USAGE}, and said:"
                f" {done.stdout}{done.stderr}")
    print("serve: what makes no sense is refused with 2, and named")


def server_reloads(workspace, options):
    """What is read again is the list of clients: somebody who was added meanwhile is served."""
    source = workspace.directory("source")
    digest = files.make_random_file(os.path.join(source, "image"), SIZE)
    state = workspace.directory("client")
    os.environ["XDG_STATE_HOME"] = state
    told = subprocess.run([program(options.bin), "identity"], capture_output=True, text=True, timeout=SECONDS,
                          check=True).stdout
    mine = re.search(r"SHA256:\S+", told).group()
    clients = os.path.join(workspace.path, "clients")
    with open(clients, "w", encoding="ascii") as file:
        file.write("# nobody yet\n")
    server = Server(workspace, options.bin, source, f"127.0.0.1:{free_port()}", "lo",
                    extra=["--authorized", clients])

    def get(name):
        one = Receiver(workspace, options.bin, name, server.url("image"),
                       os.path.join(workspace.path, f"copy.{name}"), extra=["--auth"])
        one.wait(SECONDS)
        return one
    refused = get("stranger").program
    require(refused.status == 1 and any("(error 5," in line for line in refused.lines),
            f"a stranger ended with {refused.status}")
    with open(clients, "a", encoding="ascii") as file:
        file.write(f"{mine} me\n")
    server.program.signal(signal.SIGHUP)
    wait_for_line(server.program, "SIGHUP: .*authorized clients are read again.*restart")
    get("friend").check_success(digest)
    server.stop()
    require(server.program.status == 0, f"serve ended with {server.program.status} on SIGTERM")
    print("serve: SIGHUP says what is read again and what is not; SIGTERM ends it")


def agent_goes_on(workspace, options):
    """It reloads nothing and says so; afterwards it still answers."""
    address = f"127.0.0.1:{free_port()}"
    agent = workspace.start("agent", [
        program(options.bin), "agent", "--listen", address, "--allow-dir", workspace.directory("allowed"),
        "--state-dir", workspace.directory("agent-state")])
    await_listening(agent)
    agent.signal(signal.SIGHUP)
    wait_for_line(agent, "SIGHUP: nothing is reloaded.*restart")
    done = subprocess.run([program(options.bin), "fleet", "status", "--job", "none", "--hosts", address],
                          capture_output=True, text=True, timeout=SECONDS, check=False)
    require("no such job" in done.stdout, f"after SIGHUP the agent answers: {done.stdout}{done.stderr}")
    agent.signal(signal.SIGTERM)
    status = agent.wait(SECONDS)
    require(status == 0, f"agent ended with {status} on SIGTERM")
    print("agent: SIGHUP is told and changes nothing; SIGTERM ends it")


def test():
    options = script.parse(script.parser(__doc__.splitlines()[0]))
    with Workspace() as workspace:
        os.environ["HOME"] = workspace.directory("home")
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
            os.environ.pop(name, None)
        refuses_what_makes_no_sense(workspace, options)
        server_reloads(workspace, options)
        agent_goes_on(workspace, options)


if __name__ == "__main__":
    script.main(test)
