#!/usr/bin/env python3
"""`fleetcast serve` and `fleetcast agent` as service managers run them: options that make no sense are refused at once,
SIGHUP is heard and ends nothing, SIGTERM ends them well. Over loopback, without root.

    daemons_test.py --bin build/release/bin
"""

import calendar
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
import urllib.request

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
HOST = "127.0.0.1"


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
    with open(clients, "a", encoding="ascii") as file:
        file.write("nonsense\n")
    server.program.signal(signal.SIGHUP)
    wait_for_line(server.program, f"SIGHUP: nobody is let in .*{re.escape(clients)}.*nonsense")
    server.stop()
    require(server.program.status == 0, f"serve ended with {server.program.status} on SIGTERM")
    print("serve: SIGHUP says what is read again and what is not, and which list is broken; SIGTERM ends it")


def agent_goes_on(workspace, options):
    """Without certificates it has nothing to reload and says so; afterwards it still answers."""
    address = f"127.0.0.1:{free_port()}"
    allowed = workspace.directory("allowed")
    os.mkdir(os.path.join(allowed, "below"))
    leftover = os.path.join(allowed, "below", ".fleetcast-0badc0de-zzzzzz")  # of an agent that was killed
    with open(leftover, "wb") as file:
        file.write(b"part of a copy")
    agent = workspace.start("agent", [
        program(options.bin), "agent", "--listen", address, "--allow-dir", allowed,
        "--state-dir", workspace.directory("agent-state")])
    await_listening(agent)
    require(not os.path.exists(leftover), "an agent that starts leaves what a killed one left")
    agent.signal(signal.SIGHUP)
    wait_for_line(agent, "SIGHUP: there are no certificates")
    wait_for_line(agent, "SIGHUP: known servers .* read for each job .*restart")
    done = subprocess.run([program(options.bin), "fleet", "status", "--job", "none", "--hosts", address],
                          capture_output=True, text=True, timeout=SECONDS, check=False)
    require("no such job" in done.stdout, f"after SIGHUP the agent answers: {done.stdout}{done.stderr}")
    agent.signal(signal.SIGTERM)
    status = agent.wait(SECONDS)
    require(status == 0, f"agent ended with {status} on SIGTERM")
    print("agent: SIGHUP is told and changes nothing; SIGTERM ends it")


class CertifiedAgent:
    """An agent with a certificate of an authority that is made for it."""

    def __init__(self, workspace, options, days):
        self.options = options
        self.environment = {**os.environ, "XDG_CONFIG_HOME": workspace.directory("fleet-config")}
        self.place = os.path.join(self.environment["XDG_CONFIG_HOME"], "fleetcast", "fleet", "hosts", HOST)
        self.fleet("cert", "init")
        self.certify("--days", days)
        self.port = free_port()
        self.metrics = free_port()
        files_of_it = [word for option, name in (("--cert", "host.pem"), ("--key", "host.key"), ("--ca", "ca.pem"))
                       for word in (option, self.file(name))]
        self.program = workspace.start("certified agent", [
            program(options.bin), "agent", "--listen", f"{HOST}:{self.port}", "--metrics", f"{HOST}:{self.metrics}",
            "--allow-dir", workspace.directory("allowed"), "--state-dir", workspace.directory("agent-state"),
            *files_of_it])
        await_listening(self.program)

    def file(self, name):
        return os.path.join(self.place, name)

    def fleet(self, *words):
        done = subprocess.run([program(self.options.bin), "fleet", *words], env=self.environment, capture_output=True,
                              text=True, timeout=SECONDS, check=False)
        return done.stdout + done.stderr

    def certify(self, *more):
        said = self.fleet("cert", "host", HOST, *more)
        require("ssh root@" in said, f"no certificate was made: {said}")

    def expires(self):
        """When the certificate on the disk does, as `fleet cert list` says."""
        all_of_them = [json.loads(line) for line in self.fleet("cert", "list", "--json").splitlines()]
        return next(one["expires"] for one in all_of_them if one["name"] == HOST)

    def on_disk(self):
        with open(self.file("host.pem"), encoding="ascii") as file:
            return ssl.PEM_cert_to_DER_cert(file.read())

    def shown(self):
        """The certificate that a new connection meets."""
        return ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((HOST, self.port), timeout=SECONDS))

    def measured(self):
        with urllib.request.urlopen(f"http://{HOST}:{self.metrics}/metrics", timeout=SECONDS) as page:
            text = page.read().decode()
        found = re.search(r"^fleetcast_certificate_expires_timestamp_seconds\{.*\} (\S+)$", text, re.MULTILINE)
        require(found, f"the metrics do not tell when the certificate expires:\n{text}")
        return float(found.group(1))

    def check(self, when):
        require(self.shown() == self.on_disk(), f"{when} a new connection meets another certificate than that on disk")
        moment = calendar.timegm(time.strptime(self.expires(), "%Y-%m-%dT%H:%M:%SZ"))
        require(self.measured() == moment, f"{when} the metrics say {self.measured()}, not {moment}")

    def hang_up(self, expected):
        self.program.signal(signal.SIGHUP)
        wait_for_line(self.program, f"SIGHUP: {expected}")


def agent_reads_its_certificate_again(workspace, options):
    """A renewal takes no restart, and a broken file changes nothing. In its last month the certificate is told of."""
    agent = CertifiedAgent(workspace, options, "20")
    wait_for_line(agent.program, "this agent's certificate expires in (19|20) days: .*cert host NAME --renew")
    agent.check("at the start")
    agent.certify("--renew")
    agent.hang_up(f"certificate, key and authority were read again.* expires at {agent.expires()}")
    agent.check("after a renewal")
    renewed = agent.on_disk()
    with open(agent.file("host.pem"), "w", encoding="ascii") as file:
        file.write("nonsense")
    agent.hang_up("certificate, key and authority stay as they are: .*host.pem")
    require(agent.shown() == renewed, "a broken file changed the certificate")
    said = agent.fleet("status", "--job", "none", "--hosts", f"{HOST}:{agent.port}")
    require("no such job" in said, f"after SIGHUP the agent answers: {said}")
    warnings = [line for line in agent.program.lines if "certificate expires in" in line]
    require(len(warnings) == 1, f"it was told of more than once: {warnings}")
    require(agent.program.stop() == 0, f"the agent ended with {agent.program.status} on SIGTERM")
    print("agent: SIGHUP reads its certificate again, and a broken one changes nothing; the metrics follow")


def test():
    options = script.parse(script.parser(__doc__.splitlines()[0]))
    with Workspace() as workspace:
        os.environ["HOME"] = workspace.directory("home")
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
            os.environ.pop(name, None)
        refuses_what_makes_no_sense(workspace, options)
        server_reloads(workspace, options)
        agent_goes_on(workspace, options)
        agent_reads_its_certificate_again(workspace, options)


if __name__ == "__main__":
    script.main(test)
