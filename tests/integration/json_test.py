#!/usr/bin/env python3
"""What the programs print with --json, successes and failures, against docs/schema. Over loopback, without root.

    json_test.py --bin build/release/bin
"""

import copy
import json
import os
import re
import signal
import socket
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lib import console as consoles, files, schema, script  # noqa: E402
from lib.fleetcast import Receiver, Server, await_listening  # noqa: E402
from lib.heard import hear  # noqa: E402
from lib.loopback import free_port  # noqa: E402
from lib.workspace import LabError, Workspace  # noqa: E402

ADDRESS = "127.0.0.1"
SIZE = 6 << 20
RATE = 16_000_000  # three seconds: there is progress to tell of
SLOW_SIZE = 64 << 20
SLOW_RATE = 4_000_000  # bits a second: minutes for SLOW_SIZE, whatever the machine
SECONDS = 120

CANCELLED = 1223
INVALID_PARAMETER = 87
CONNECTION_REFUSED = 1225
FILE_NOT_FOUND = 2
PATH_NOT_FOUND = 3
INVALID_NAME = 123
NOT_TRUSTED = 1397  # ERROR_MUTUAL_AUTH_FAILED


def require(condition, text):
    if not condition:
        raise LabError(text)


class Bench:
    """Runs commands, and checks every object that they print."""

    def __init__(self, workspace, options):
        self.workspace = workspace
        self.fleetcast = os.path.join(options.bin, "fleetcast")
        self.bin = options.bin

    def run(self, code, *arguments):
        """What it says on standard output; it must end with `code`."""
        done = subprocess.run([self.fleetcast, *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, errors="surrogateescape", timeout=SECONDS, check=False)
        require(done.returncode == code, f"{' '.join(arguments)} ended with {done.returncode}, not with {code}:"
                                         f"\n{done.stderr}{done.stdout}")
        hear(done.stderr)
        return hear(done.stdout)

    def lines(self, name, code, *arguments):
        """The objects of a command that prints one a line."""
        return [schema.check(json.loads(line), name)
                for line in self.run(code, *arguments, "--json").splitlines()]

    def object(self, name, code, *arguments):
        return schema.check(json.loads(self.run(code, *arguments, "--json")), name)

    def error(self, name, code, *arguments):
        """Of a command that prints nothing but an error."""
        return self.object(name, code, *arguments)["error"]

    def serve(self, name, size, rate):
        source = self.workspace.directory(name)
        files.make_random_file(os.path.join(source, "image"), size)
        return Server(self.workspace, self.bin, source, f"{ADDRESS}:{free_port()}", "lo", rate=rate,
                      state_dir=self.workspace.directory(f"{name}-state"))


# ---- the schemas ---------------------------------------------------------------------------------


def objects_of(node):
    """Every part of a schema that describes the fields of an object."""
    if isinstance(node, dict):
        if "properties" in node:
            yield node
        node = list(node.values())
    for part in node if isinstance(node, list) else []:
        yield from objects_of(part)


def schemas_are_closed():
    for name, content in schema.load().items():
        for part in objects_of(content):
            if all(isinstance(rule, dict) for rule in part["properties"].values()):
                require(part.get("additionalProperties") is False, f"{name} lets unknown fields through: {part}")


def limits_are_those_of_the_protocol():
    with open(os.path.join(script.ROOT, "protocol", "limiting_factor.hpp"), encoding="utf-8") as file:
        names = re.search(r"names\{([^}]*)\}", file.read()).group(1)
    words = schema.load()["common.schema.json"]["$defs"]["limited_by"]["enum"]
    require(re.findall(r'"(\w+)"', names) == words, f"common.schema.json has {words}, the protocol {names}")


def finds_what_does_not_fit(document, name):
    """The check itself: a field nobody has described, or one that is missing, is a fault."""
    needed = next((one for one in ("event", "kind") if one in document), next(iter(document)))
    for change in (lambda one: one.update(surplus=1), lambda one: one.pop(needed)):
        changed = copy.deepcopy(document)
        change(changed)
        require(schema.fault(changed, name), f"{name}.schema.json takes {changed}")


# ---- get -----------------------------------------------------------------------------------------


def get_succeeds(bench, server):
    events = bench.lines("get", 0, "get", server.url("image"), bench.workspace.directory("copies"),
                         "--interface", "lo", "--inject-loss", "5")
    require({"started", "progress", "completed"} <= {one["event"] for one in events}, f"get said {events}")
    last = events[-1]
    require(last["bytes"] == last["object_bytes"] == SIZE and last["verified"] and last["lost_packets"] > 0, last)
    finds_what_does_not_fit(last, "get")
    loses_its_output(bench, "get", server.url("image"), "copy", "--interface", "lo", "--json")


def loses_its_output(bench, *arguments):
    """A command whose words a full disk does not take has not succeeded, whatever else went well."""
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([bench.fleetcast, *arguments], stdin=subprocess.DEVNULL, stdout=full, text=True,
                              stderr=subprocess.PIPE, timeout=SECONDS, check=False)
    require(done.returncode == 1 and "cannot write to standard output: No space left" in hear(done.stderr),
            f"{arguments} with a full disk behind its output ended with {done.returncode}: {done.stderr}")


def get_fails(bench, server):
    url = server.url("image")
    wrong = "SHA256:" + "A" * 43
    for code, error, arguments in (
            (1, FILE_NOT_FOUND, [server.url("nothing"), "copy"]),
            (1, CONNECTION_REFUSED, [f"{ADDRESS}:{free_port()}/lab/image", "copy"]),
            (2, INVALID_PARAMETER, [url, "-"]),
            (2, INVALID_PARAMETER, [url, ""]),
            (2, INVALID_PARAMETER, [f"{ADDRESS}:0/lab/image", "copy"]),
            (2, INVALID_PARAMETER, [url, "copy", "--cache", "much"]),
            (3, None, [url, "/dev/null/at/all/copy"]),
            (4, NOT_TRUSTED, [url, "copy", "--fingerprint", wrong])):
        events = bench.lines("get", code, "get", *arguments)
        last = events[-1]
        require(last["event"] == "failed" and last["exit"] == code and error in (None, last["error"]["code"]),
                f"get {arguments} said {events}")
    finds_what_does_not_fit(last, "get")


def get_waits(bench):
    """For a server that takes the connection and says nothing, until it is interrupted."""
    with socket.create_server((ADDRESS, 0)) as mute:
        one = Receiver(bench.workspace, bench.bin, "get from a mute server",
                       f"{ADDRESS}:{mute.getsockname()[1]}/lab/image", "copy")
        one.program.wait_until(lambda: one.event("waiting"), SECONDS, "it said that it waits")
        one.program.signal(signal.SIGINT)
        require(one.wait(SECONDS) == 130, f"get ended with {one.program.status} on SIGINT")
    for event in one.events:
        schema.check(event, "get")
    require(one.event("failed")["error"]["code"] == CANCELLED, one.events)


# ---- list ----------------------------------------------------------------------------------------


def list_lists(bench, server):
    [namespace] = bench.lines("list", 0, "list", server.listen)
    require(namespace == {"kind": "namespace", "name": "lab", "address": f"{server.listen}/lab/", "listable": True}, namespace)
    place = os.path.join(bench.workspace.path, "served")
    os.mkdir(os.path.join(place, "2024"))
    for name in (".hidden", "2024/disk.img", "a\x1b[31m", b"\xff.img".decode("utf-8", "surrogateescape")):
        with open(os.path.join(place, name), "w", encoding="ascii") as file:
            file.write("x" * 10)
    os.utime(os.path.join(place, "image"), (1, 1_764_500_001))
    found = {one["name"]: one for one in bench.lines("list", 0, "list", f"{server.listen}/lab")}
    require(set(found) == {"image", "2024", "a\x1b[31m", "\ufffd.img"}, found)
    require(found["image"] == {"kind": "object", "name": "image", "address": server.url("image"), "object_bytes": SIZE,
                               "modified": "2025-11-30T10:53:21Z"}, found["image"])
    require(found["2024"] == {"kind": "directory", "name": "2024", "address": server.url("2024/")}, found["2024"])
    [below] = bench.lines("list", 0, "list", f"{server.listen}/lab/2024/d")
    require((below["name"], below["object_bytes"]) == ("2024/disk.img", 10), below)
    require(not bench.lines("list", 0, "list", f"{server.listen}/lab/nothing"), "there is nothing to list")
    [hidden] = bench.lines("list", 0, "list", f"{server.listen}/lab/.")
    require(hidden["name"] == ".hidden" and len(bench.lines("list", 0, "list", f"{server.listen}/lab", "--all")) == 5, hidden)
    require(len(bench.lines("list", 0, "list", f"{server.listen}/lab", "--limit", "2")) == 2, "--limit is not heeded")
    for name in ("namespace", "directory", "object"):
        finds_what_does_not_fit({"namespace": namespace, "directory": found["2024"], "object": below}[name], "list")
    table = bench.run(0, "list", f"{server.listen}/lab")
    require("\n6.0 MiB  2025-11-30 10:53:21Z  image\n" in table and "  2024/\n" in table, table)
    require("a?[31m" in table and "?.img" in table, f"names are not made plain: {table}")
    loses_its_output(bench, "list", server.listen, "--json")


def list_fails(bench, server):
    for code, error, arguments in (
            (1, FILE_NOT_FOUND, [f"{server.listen}/lab/nothing/"]),
            (1, PATH_NOT_FOUND, [f"{server.listen}/nothing"]),
            (1, INVALID_NAME, [f"{server.listen}/lab/../"]),
            (1, CONNECTION_REFUSED, [f"{ADDRESS}:{free_port()}"]),
            (2, INVALID_PARAMETER, [f"{ADDRESS}:0/lab"]),
            (2, INVALID_PARAMETER, [f"{server.listen}//image"]),
            (2, INVALID_PARAMETER, [server.listen, "--fingerprint", "SHA256:short"]),
            (3, None, [server.listen, "--known-servers", "/dev/null/at/all"]),
            (4, NOT_TRUSTED, [server.listen, "--fingerprint", "SHA256:" + "A" * 43])):
        said = bench.error("list", code, "list", *arguments)
        require(error in (None, said["code"]), f"list {arguments} said {said}")


# ---- bench and simulate --------------------------------------------------------------------------


def bench_measures(bench):
    place = ["--dir", bench.workspace.path]
    figures = bench.object("bench", 0, "bench", *place, "--size", "1M", "--receivers", "2", "--rounds", "2")
    require([len(one["receivers"]) for one in figures["rounds"]] == [2, 2] and figures["address"] is None, figures)
    finds_what_does_not_fit(figures, "bench")
    gone = f"{ADDRESS}:{free_port()}/lab/image"
    for code, error, arguments in ((1, CONNECTION_REFUSED, [*place, "--from", gone, "--size", "1M", "--interface", "lo"]),
                                   (2, INVALID_PARAMETER, [*place, "--size", "much"]),
                                   (3, None, ["--dir", "/dev/null/nowhere", "--size", "1M"])):
        said = bench.error("bench", code, "bench", *arguments)
        require(error in (None, said["code"]), f"bench {arguments} said {said}")


def simulate_simulates(bench):
    figures = bench.object("simulate", 0, "simulate", "-n", "20", "-s", "1M", "-p", "2", "-b", "4",
                           "-w", "2:10", "-l", "1:50", "--rtt", "5")
    require(figures["succeeded"] and figures["loss_percent"] == 2 and figures["rtt_seconds"] == 0.005
            and figures["bottleneck_bits_per_second"] is None, figures)
    require([one["receivers_succeeded"] for one in figures["cohorts"]] == [18, 2, 1], figures)
    finds_what_does_not_fit(figures, "simulate")
    shared = bench.object("simulate", 0, "simulate", "-n", "3", "-s", "4M", "--rate-policy", "tcp-friendly",
                          "--bottleneck", "20M", "--tcp", "1")
    require(shared["fixed_bits_per_second"] is None and shared["tcp_bits_per_second"] > 0, shared)
    late = bench.object("simulate", 1, "simulate", "-n", "3", "-s", "4M", "--rate", "10M", "--time-limit", "0.5")
    require(late["succeeded"] is False, late)
    require(bench.error("simulate", 2, "simulate", "--size", "much")["code"] == INVALID_PARAMETER, "another code")
    for kind in ("fleet", "session"):
        schedules = bench.object(f"simulate-{kind}", 0, "simulate", kind, "--schedules", "5", "--seed", "3")
        require(schedules["succeeded"] and schedules["schedules"] == 5 and schedules["seed"] == 3, schedules)
        finds_what_does_not_fit(schedules, f"simulate-{kind}")
        schedules["violations"] = [{"seed": 4, "faults": ["a host …"], "command": "fleetcast …"}]
        schema.check(schedules, f"simulate-{kind}")
        require(schema.fault({**schedules, "violations": [{"seed": 4}]}, f"simulate-{kind}"), "a violation without words fits")


# ---- console -------------------------------------------------------------------------------------


class Looking:
    """`fleetcast console` at one process."""

    def __init__(self, bench, pid):
        self.bench = bench
        self.pid = str(pid)

    def ask(self, command, code=0):
        return self.bench.object("console", code, "console", self.pid, "-c", command)

    def follow_events(self, cause):
        """What comes once `cause` has been given as a command."""
        program = self.bench.workspace.start("console", [self.bench.fleetcast, "console", self.pid, "-c",
                                                         "events -f", "--json"])
        program.wait_until(lambda: program.lines, SECONDS, "it showed the events so far")
        self.ask(cause)
        program.wait_until(lambda: any('"console"' in line for line in list(program.lines)[1:]), SECONDS,
                           "the event came")
        program.signal(signal.SIGINT)
        program.wait(SECONDS)
        return [schema.check(json.loads(line), "console") for line in program.lines]


def console_answers(bench):
    server = bench.serve("slow", SLOW_SIZE, SLOW_RATE)
    receiver = Receiver(bench.workspace, bench.bin, "slow get", server.url("image"),
                        os.path.join(bench.workspace.directory("slow-copies"), "copy"), interface="lo")
    receiver.wait_for_progress(0.001, SECONDS)
    at_server = Looking(bench, server.program.pid)
    [row] = at_server.ask("sessions")["sessions"]
    require(row["session"] == 1 and row["limited_by"] == "rate" and row["repaired_symbols"] is None, row)
    for command in ("tree", "session 1", "receivers 1", "counters", "events", "help", "help kick",
                    f"actor {row['actor_id']}"):
        at_server.ask(command)
    finds_what_does_not_fit(at_server.ask("receivers 1"), "console")
    require(at_server.follow_events("pause 1")[1]["session"] == 1, "the pause is of another session")
    require(at_server.ask("sessions")["sessions"][0]["limited_by"] == "pause", "it does not say that it pauses")
    for command in ("resume 1", "rate 1 8M", "log info"):
        require(at_server.ask(command)["done"], f"{command} did nothing")
    [mine] = Looking(bench, receiver.program.pid).ask("sessions")["sessions"]
    require(mine["direction"] == "receive" and mine["repair_datagrams"] is None, mine)
    dumps(bench, at_server)
    console_refuses(at_server)
    bench.object("console", 0, "console", "--list")
    receiver.program.stop()
    server.stop()
    at_server.ask("tree", code=1)


def dumps(bench, at_server):
    dump = schema.check(json.loads(bench.run(0, "console", at_server.pid, "-c", "dump")), "console-dump")
    require(dump["sessions"] and dump["receivers"]["1"], f"the dump lacks sessions or receivers: {dump}")
    finds_what_does_not_fit(dump, "console-dump")
    at_server.ask(f"dump {bench.workspace.path}/dump.json")
    at_server.ask("dump /dev/null/at/all", code=3)


def console_refuses(at_server):
    for command, code in (("session 999", 1), ("kick 1 77", 1), ("dance", 2), ("rate 1 fast", 2),
                          ("watch events -f", 2)):
        error = at_server.ask(command, code)["error"]
        require(error["code"] == INVALID_PARAMETER and error["name"] == "ERROR_INVALID_PARAMETER",
                f"{command}: {error}")


# ---- the fleet -----------------------------------------------------------------------------------


def start_agent(bench):
    """On this host alone it needs no certificates."""
    listen = f"{ADDRESS}:{free_port()}"
    agent = bench.workspace.start("agent", [
        bench.fleetcast, "agent", "--listen", listen, "--allow-dir", bench.workspace.directory("allowed"),
        "--state-dir", bench.workspace.directory("agent")])
    await_listening(agent)
    return agent, listen


def fleet_succeeds(bench, url, hosts):
    events = bench.lines("fleet", 0, "fleet", "get", url, "copy", "--interface", "lo", *hosts)
    require({"job", "host", "progress", "report", "completed"} == {one["event"] for one in events}, events)
    report, last = events[-2:]
    require(report["succeeded"] and report["in_contact"] and report["percent"] == 100
            and report["activated"] and "error" not in report, report)
    require((last["hosts"], last["hosts_succeeded"], last["hosts_failed"]) == (1, 1, 0), last)
    known = {one["limited_by"] for one in events if one["event"] == "host" and one["state"] == "receiving"}
    require(known - {"unknown"}, f"nothing limited a transfer of three seconds: {known}")
    finds_what_does_not_fit(report, "fleet")
    finds_what_does_not_fit(last, "fleet")
    return last["job"]


def fleet_names_a_dead_host(bench, url, alive):
    dead = f"localhost:{free_port()}"
    events = bench.lines("fleet", 1, "fleet", "get", url, "copy", "--interface", "lo", "--patience", "5",
                         "--hosts", f"{alive},{dead}")
    reports = {one["host"]: one for one in events if one["event"] == "report"}
    one = reports["localhost"]
    require(one["succeeded"] is False and one["in_contact"] is False and one["finished"]
            and one["error"]["code"] == CONNECTION_REFUSED, one)
    require(reports[ADDRESS]["succeeded"] and reports[ADDRESS]["in_contact"], reports)
    last = events[-1]
    require(last["event"] == "failed" and last["hosts_succeeded"] == last["hosts_failed"] == 1
            and last["hosts_out_of_contact"] == 1, last)


def fleet_manages_jobs(bench, url, job, hosts):
    for command in ("status", "cancel", "retry"):
        last = bench.lines("fleet", 0, "fleet", command, "--job", job)[-1]
        require(last["event"] == "completed" and last["job"] == job, last)
    report = bench.lines("fleet", 1, "fleet", "status", "--job", "none", *hosts)[0]
    require(report["state"] == "no such job", report)
    jobs = {one["job"]: one for one in bench.lines("fleet-jobs", 0, "fleet", "jobs")}
    require(jobs[job]["state"] == "succeeded" and jobs[job]["address"].endswith("/lab/image"), jobs)
    require("failed" in {one["state"] for one in jobs.values()}, jobs)
    for arguments in (["get", url, "copy"], ["get", url, "copy", *hosts, "--start", "quorum:9"],
                      ["get", url, "copy", *hosts, "--job", job], ["get", url, "other", *hosts, "--job", job],
                      ["get", "--job", job], ["get", url, "copy", "--hosts", "nohost.txt"],
                      ["get", url, "copy", "--hosts", "./nohost"], ["status", "--job", "unheard-of"]):
        [refused] = bench.lines("fleet", 2, "fleet", *arguments)
        require(refused["event"] == "failed" and refused["exit"] == 2
                and refused["error"]["code"] == INVALID_PARAMETER, refused)


def fleet_does_not_wait_for_a_name_that_is_none(bench, url):
    """Patience is for hosts that may come back."""
    events = bench.lines("fleet", 1, "fleet", "get", url, "copy", "--hosts", "nosuch.invalid")
    [report] = [event for event in events if event["event"] == "report"]
    require("resolved" in report["error"]["text"] and report["dials"] == 1, report)


def fleet_works(bench, server):
    agent, listen = start_agent(bench)
    hosts = ["--hosts", listen]
    url = server.url("image")
    job = fleet_succeeds(bench, url, hosts)
    fleet_names_a_dead_host(bench, url, listen)
    fleet_does_not_wait_for_a_name_that_is_none(bench, url)
    fleet_manages_jobs(bench, url, job, hosts)
    require(agent.stop() == 0, f"the agent ended with {agent.status} on SIGTERM")


# ---- who is who ----------------------------------------------------------------------------------


def credentials_are_listed(bench):
    bench.object("identity", 0, "identity", "--file", os.path.join(bench.workspace.path, "identity"))
    bench.object("identity", 3, "identity", "--file", "/dev/null/at/all/identity")
    place = ["--dir", bench.workspace.directory("certificates")]
    bench.run(0, "fleet", "cert", "init", *place)
    bench.run(0, "fleet", "cert", "host", "node1", *place)
    names = {one["name"] for one in bench.lines("fleet-cert", 0, "fleet", "cert", "list", *place)}
    require(names == {"ca", "coordinator", "node1"}, f"the list has {names}")
    require("error" in bench.object("fleet-cert", 3, "fleet", "cert", "list", "--dir", "/dev/null/nowhere"), "no error")


def test():
    options = script.parse(script.parser(__doc__.splitlines()[0]))
    options.bin = os.path.abspath(options.bin)
    schemas_are_closed()
    limits_are_those_of_the_protocol()
    with Workspace() as workspace:
        consoles.isolate(workspace)
        os.environ["HOME"] = workspace.directory("home")
        os.environ.pop("XDG_CONFIG_HOME", None)
        os.chdir(workspace.directory("here"))
        bench = Bench(workspace, options)
        server = bench.serve("served", SIZE, RATE)
        get_succeeds(bench, server)
        get_fails(bench, server)
        get_waits(bench)
        list_lists(bench, server)
        list_fails(bench, server)
        bench_measures(bench)
        simulate_simulates(bench)
        console_answers(bench)
        fleet_works(bench, server)
        credentials_are_listed(bench)
        server.stop()


if __name__ == "__main__":
    script.main(test)
