#!/usr/bin/env python3
"""Refuses includes that run against the layers, and clocks or system calls in protocol/.

    check_layering.py [ROOT]       check the sources below ROOT (default: this repository)
    check_layering.py --self-test  plant one violation of each rule and see it reported

The rules (design: apps -> api -> actors -> protocol):
  1. A layer includes itself and the layers below it only.
  2. What sends does not know what receives, and the other way round (protocol/ and actors/); neither do the two ends of
     any other conversation (protocol/control, protocol/fleet).
  3. protocol/ is pure: no CAF, Asio, thread, clock, socket or file. Only tests, the simulation itself
     and `fleetcast simulate` include protocol/simulation.
  4. Threads are started where their refusal is handled: actors with one of their own by actors/kit/own_thread.hpp (and
     never as `caf::detached`), others by actors/io/own_thread.hpp. What stands on
     the public C API only handles its own.
  5. `fleetcast get`, wdsmcast and apps/common stand on the public C API (the .h files of api/) and on
     apps/ only.
  6. api/ names CAF in its two actors and in the engine that they live in, and nowhere else: calls, sessions and the library
     reach actors by api/api_port.hpp.
Rules 1, 2 and 5 follow our own headers into what they include.
"""

import re
import sys
import tempfile
from pathlib import Path

LAYERS = ["protocol", "actors", "api", "apps"]
SUFFIXES = {".cpp", ".hpp", ".h", ".c"}
# What belongs to one direction only.
DIRECTIONS = {"send": ("protocol/send/", "actors/serve/", "actors/messages/serving.", "actors/messages/steering."),
              "receive": ("protocol/receive/", "actors/receive/", "actors/messages/receiving.")}
ENDS = [("protocol/control/client.", "protocol/control/server."), ("protocol/control/lister.", "protocol/control/server."),
        ("protocol/fleet/campaign", "protocol/fleet/job_book")]
PUBLIC_API = {"api/wdstci.h", "api/wdserror.h", "api/fleetcast_ext.h"}

# Headers that protocol/ must not see.
IMPURE_HEADER = re.compile(
    r"^(caf/|boost/(asio|beast|thread|filesystem|interprocess)"
    r"|(thread|mutex|shared_mutex|condition_variable|future|stop_token|semaphore|barrier|latch)$"
    r"|(fstream|filesystem|iostream)$"
    r"|(sys|netinet|net|arpa|linux)/"
    r"|(unistd|fcntl|poll|netdb|ifaddrs|pthread|semaphore|signal|dirent|time)\.h$|(csignal)$)"
)
IMPURE_CODE = re.compile(
    r"\b(steady_clock|system_clock|high_resolution_clock|random_device|this_thread|sleep_for"
    r"|gettimeofday|clock_gettime)\b"
)
# Without a thread the first leaves an actor that never ends, the second throws.
UNGUARDED_THREAD = re.compile(r"\bcaf::detached\b|\bstd::j?thread\s*\w*\s*(\{\s*[^\s}]|\(\s*\[)|\bstd::async\b")
CAF_NAME = re.compile(r"\bcaf::|#[ \t]*include[ \t]*<caf/|\b\w+_actor\b\s*(?:&\s*)?\w+[_;,)]")
API_ACTORS = {"api/api_actor.cpp", "api/callback_actor.cpp", "api/callback_actor.hpp", "api/engine.hpp", "api/runtime_engine.cpp"}
THREAD_STARTERS = {"actors/kit/own_thread.hpp", "actors/io/own_thread.hpp"}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)')
NOISE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.DOTALL)


def without_noise(text):
    """Comments and strings blanked, line numbers kept; includes survive as they are read apart."""
    return NOISE.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


def without_comments(text):
    def blank(found):
        token = found.group()
        return token if token.startswith('"') else re.sub(r"[^\n]", " ", token)

    return NOISE.sub(blank, text)


class Tree:
    def __init__(self, root):
        self.root = root
        self.text = {}
        for layer in LAYERS:
            for path in sorted((root / layer).rglob("*")):
                if path.suffix in SUFFIXES and path.is_file():
                    name = path.relative_to(root).as_posix()
                    self.text[name] = path.read_text(encoding="utf-8", errors="replace")
        self.includes = {name: self.read_includes(name) for name in self.text}

    def read_includes(self, name):
        """(line number, our file or None, what is written) for each include."""
        found = []
        for number, line in enumerate(without_comments(self.text[name]).splitlines(), 1):
            if match := INCLUDE.match(line):
                written = match.group(1) or match.group(2)
                found.append((number, self.resolve(name, written), written))
        return found

    def resolve(self, includer, written):
        if written.split("/")[0] in LAYERS + ["tests"]:
            return written
        sibling = (self.root / includer).parent / written
        if sibling.is_file():
            return sibling.resolve().relative_to(self.root).as_posix()
        return None

    def find(self, name, wrong):
        """The files that `name` sees and `wrong` objects to: (line, way to it as text). Does not look behind
        those: one report a way is enough."""
        seen = {name}
        queue = [(name, None, [])]
        while queue:
            current, first_line, chain = queue.pop(0)
            for number, ours, _ in self.includes.get(current, []):
                if not ours or ours in seen:
                    continue
                seen.add(ours)
                line, way = first_line or number, chain + [ours]
                if wrong(ours):
                    yield line, " -> ".join(way)
                else:
                    queue.append((ours, line, way))


def direction(name):
    return next((one for one, places in DIRECTIONS.items() if name.startswith(places)), None)


def other_ends(name):
    """What the files of the other end of its conversation begin with."""
    for one, other in ENDS:
        if name.startswith(one):
            yield other
        if name.startswith(other):
            yield one


def is_above(name, layer):
    other = name.split("/")[0]
    return other == "tests" or LAYERS.index(other) > LAYERS.index(layer)


def is_simulation(name):
    return name.startswith("protocol/simulation/")


def stands_on_public_api(name):
    return name.startswith(("apps/common/", "apps/fleetcast/get/", "apps/wdsmcast/"))


def is_not_public(name):
    return name not in PUBLIC_API and not name.startswith("apps/")


def check(root):
    tree = Tree(root.resolve())
    problems = []

    def report(name, line, what):
        problems.append(f"{name}:{line}: {what}")

    for name, text in tree.text.items():
        layer = name.split("/")[0]
        for line, way in tree.find(name, lambda ours: is_above(ours, layer)):
            report(name, line, f"{layer}/ must not include what is above it: {way}")
        if here := direction(name):
            other = {"send": "receive", "receive": "send"}[here]
            for line, way in tree.find(name, lambda ours: direction(ours) == other):
                report(name, line, f"what {here}s must not know what {other}s: {way}")
        for other in other_ends(name):
            for line, way in tree.find(name, lambda ours: ours.startswith(other)):
                report(name, line, f"one end of a conversation must not know the other: {way}")
        if not is_simulation(name) and not name.startswith("apps/fleetcast/simulate/"):
            for line, way in tree.find(name, is_simulation):
                report(name, line, f"the simulation is for tests and `fleetcast simulate` only: {way}")
        if stands_on_public_api(name):
            for line, way in tree.find(name, is_not_public):
                report(name, line, f"this stands on the public C API only: {way}")
        if layer != "protocol" and not stands_on_public_api(name) and name not in THREAD_STARTERS:
            for line, code in enumerate(without_noise(text).splitlines(), 1):
                if found := UNGUARDED_THREAD.search(code):
                    report(name, line, f"{found.group()!r}: a thread may be refused, see actors/kit/own_thread.hpp")
        if layer == "api" and name not in API_ACTORS:
            for line, code in enumerate(without_noise(text).splitlines(), 1):
                if found := CAF_NAME.search(code):
                    report(name, line, f"{found.group()!r}: calls and sessions reach actors by api/api_port.hpp")
        if layer != "protocol":
            continue
        for line, ours, written in tree.includes[name]:
            if not ours and IMPURE_HEADER.match(written):
                report(name, line, f"protocol/ is pure and must not include <{written}>")
        for line, code in enumerate(without_noise(text).splitlines(), 1):
            if found := IMPURE_CODE.search(code):
                report(name, line, f"protocol/ is pure: time is a parameter, no {found.group()}")
    return problems


CLEAN = {
    "protocol/geometry.hpp": "#include <vector>\n// steady_clock is the caller's business\n",
    "protocol/send/sender.hpp": '#include "protocol/geometry.hpp"\n',
    "protocol/receive/receiver.hpp": '#include "protocol/geometry.hpp"\n',
    "protocol/control/server.hpp": '#include "protocol/geometry.hpp"\n',
    "protocol/fleet/campaign_plan.hpp": '#include "protocol/geometry.hpp"\n',
    "protocol/simulation/group.hpp": '#include "protocol/send/sender.hpp"\n',
    "actors/receive/session.hpp": '#include <caf/all.hpp>\n#include "protocol/receive/receiver.hpp"\n',
    "actors/messages/serving.hpp": '#include "protocol/send/sender.hpp"\n',
    "actors/serve/transmission.hpp": '#include "actors/messages/serving.hpp"\n',
    "actors/messages/manager.hpp": '#include "actors/messages/serving.hpp"\n#include "actors/receive/session.hpp"\n',
    "actors/kit/own_thread.hpp": "system.spawn_impl<on_waiting_thread<actor>, caf::detached>(config, *thread);\n",
    "actors/io/own_thread.hpp": "return std::thread{std::move(work)};\n",
    "actors/io/io_thread.hpp": "std::thread thread_; // std::thread{[] {}} has to be asked for\n",
    "api/wdstci.h": "#include <stdint.h>\n",
    "api/fleetcast_ext.h": '#include "wdstci.h"\n',
    "api/wds_calls.cpp": '#include "api/wdstci.h"\n#include "actors/receive/session.hpp"\nspawn_api_actor(world);\n',
    "api/api_actor.cpp": "caf::anon_send(actor_, stop);\n",
    "apps/fleetcast/get/get.cpp": '#include "api/fleetcast_ext.h"\n#include "apps/fleetcast/bar.hpp"\n',
    "apps/fleetcast/bar.hpp": "#include <string>\n",
    "apps/fleetcast/serve/serve.cpp": '#include "actors/serve/transmission.hpp"\n',
    "apps/common/reception.cpp": '#include "api/fleetcast_ext.h"\n',
    "apps/wdsmcast/main.cpp": '#include "api/fleetcast_ext.h"\n',
}

# file to plant, its text, what the report must say
VIOLATIONS = [
    ("protocol/a.hpp", '#include "actors/receive/session.hpp"\n', "protocol/ must not include what is above it"),
    ("protocol/a.hpp", "#include <actors/x.hpp>\n", "protocol/ must not include what is above it"),
    ("actors/a.cpp", '#include "api/wdstci.h"\n', "actors/ must not include what is above it"),
    ("api/a.cpp", '#include "apps/fleetcast/bar.hpp"\n', "api/ must not include what is above it"),
    ("actors/a.cpp", '#include "tests/support/x.hpp"\n', "actors/ must not include what is above it"),
    ("protocol/send/a.cpp", '#include "protocol/receive/receiver.hpp"\n', "must not know what receives"),
    ("protocol/receive/a.cpp", '#include "protocol/send/sender.hpp"\n', "must not know what sends"),
    ("actors/serve/a.cpp", '#include "actors/messages/manager.hpp"\n', "must not know what receives"),
    ("actors/serve/a.cpp", '#include "../receive/session.hpp"\n', "must not know what receives"),
    ("actors/receive/a.cpp", '#include "protocol/send/sender.hpp"\n', "must not know what sends"),
    ("protocol/control/client.cpp", '#include "protocol/control/server.hpp"\n', "must not know the other"),
    ("protocol/fleet/job_book.hpp", '#include "protocol/fleet/campaign_plan.hpp"\n', "must not know the other"),
    ("protocol/a.cpp", "#include <caf/all.hpp>\n", "must not include <caf/all.hpp>"),
    ("protocol/a.cpp", "#include <boost/asio.hpp>\n", "must not include <boost/asio.hpp>"),
    ("protocol/a.cpp", "#  include <thread>\n", "must not include <thread>"),
    ("protocol/a.cpp", "#include <sys/socket.h>\n", "must not include <sys/socket.h>"),
    ("protocol/a.cpp", "auto t = std::chrono::steady_clock::now();\n", "no steady_clock"),
    ("protocol/a.cpp", "auto t = system_clock::now(); // now\n", "no system_clock"),
    ("actors/a.cpp", '#include "protocol/simulation/group.hpp"\n', "for tests and"),
    ("apps/fleetcast/get/x.cpp", '#include "actors/receive/session.hpp"\n', "public C API only"),
    ("apps/fleetcast/get/get.hpp", '#include "protocol/geometry.hpp"\n', "public C API only"),
    ("apps/common/x.cpp", '#include "actors/messages/manager.hpp"\n', "public C API only"),
    ("apps/wdsmcast/x.cpp", '#include "api/wdstci.hpp"\n', "public C API only"),
    ("actors/a.cpp", "self->spawn<caf::detached>(reader);\n", "a thread may be refused"),
    ("api/a.cpp", "system.spawn<caf::detached>(reader);\n", "a thread may be refused"),
    ("api/a.cpp", "thread_ = std::thread{[this] { run(); }};\n", "a thread may be refused"),
    ("actors/a.cpp", "std::thread aside([] {});\n", "a thread may be refused"),
    ("apps/fleetcast/x.cpp", "system.spawn<caf::detached>(f);\n", "a thread may be refused"),
    ("api/a.cpp", "caf::anon_send(writer, release);\n", "by api/api_port.hpp"),
    ("api/a.hpp", "actors::writer_actor writer_;\n", "by api/api_port.hpp"),
    ("api/a.hpp", "#include <caf/all.hpp>\n", "by api/api_port.hpp"),
    # through a header
    ("apps/fleetcast/bar.hpp", '#include "protocol/geometry.hpp"\n', "get.cpp:2: this stands"),
    ("protocol/geometry.hpp", '#include "protocol/receive/receiver.hpp"\n', "sender.hpp:1: what sends"),
]


def planted(files, examine):
    """What `examine` says of a tree with these files."""
    with tempfile.TemporaryDirectory() as directory:
        for name, text in files.items():
            path = Path(directory) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return examine(Path(directory))


def self_test():
    failures = []
    if unexpected := planted(CLEAN, check):
        failures.append("a clean tree was refused: " + "; ".join(unexpected))
    for name, text, expected in VIOLATIONS:
        problems = planted({**CLEAN, name: text}, check)
        if not any(expected in problem for problem in problems):
            failures.append(f"not reported: {name} with {text.strip()!r}; got {problems}")
    for failure in failures:
        print(failure, file=sys.stderr)
    print(f"layering self-test: {len(VIOLATIONS)} planted violations, {len(failures)} failures")
    return 1 if failures else 0


def run(arguments, usage, examine, test):
    """A check as a program: [ROOT], --self-test or --help."""
    if arguments == ["--self-test"]:
        return test()
    if len(arguments) > 1 or (arguments and arguments[0].startswith("-")):
        print(usage)
        return 0 if arguments[0] in ("-h", "--help") else 2
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent
    problems = examine(root)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], __doc__, check, self_test))
