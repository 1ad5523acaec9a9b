#!/usr/bin/env python3
"""`fleetcast serve --config` as a service manager runs it: what the file says holds, SIGHUP takes what can be taken, a
broken file changes nothing, and systemd hears of all of it. Over loopback, without root.

    services_test.py --bin build/release/bin

Where systemd-analyze is installed, it says how much the units of apps/services expose.
"""

import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SERVICES = os.path.join(ROOT, "apps", "services")
sys.path.insert(0, os.path.join(ROOT, "tests", "lab"))

# pylint: disable=wrong-import-position
from lib import files, script  # noqa: E402
from lib.fleetcast import Receiver, await_listening, program  # noqa: E402
from lib.heard import hear  # noqa: E402
from lib.loopback import free_port  # noqa: E402
from lib.workspace import LabError, Workspace  # noqa: E402

SIZE = 200_000
SECONDS = 60
USAGE, LOCAL_FILE = 2, 3
WATCHDOG_MICROSECONDS = 1_000_000

# How much a unit may expose, in tenths, as systemd-analyze counts.
EXPOSURE = {"fleetcast-serve.service": 25, "fleetcast-agent.service": 35}


def require(condition, text):
    if not condition:
        raise LabError(text)


class ServiceManager:
    """What systemd would hear."""

    def __init__(self, workspace):
        self.path = os.path.join(workspace.path, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.messages = queue.Queue()
        # Always read, as systemd does: the kernel keeps ten, and whoever sends the next one waits.
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            self.messages.put(self.socket.recv(4096).decode())

    def environment(self):
        return ["env", f"NOTIFY_SOCKET={self.path}", f"WATCHDOG_USEC={WATCHDOG_MICROSECONDS}"]

    def hears(self, pattern):
        """Waits for a message with that in it; what comes before does not matter."""
        passed = []
        try:
            while True:
                message = self.messages.get(timeout=SECONDS)
                if re.search(pattern, message, re.MULTILINE):
                    return
                passed.append(message)
        except queue.Empty:
            raise LabError(f"systemd does not hear {pattern!r}, but {passed}") from None


class Service:
    """A server that has all its settings from a file."""

    def __init__(self, workspace, options):
        self.workspace, self.options = workspace, options
        self.address = f"127.0.0.1:{free_port()}"
        self.file = os.path.join(workspace.path, "server.toml")
        self.digests = {}
        self.manager = ServiceManager(workspace)
        self.count = 0
        for name in ("lab", "iso"):
            self.digests[name] = files.make_random_file(os.path.join(workspace.directory(name), "image"), SIZE)

    def write(self, *namespaces, more=""):
        tables = "".join(f'[namespace.{name}]\ndirectory = "{self.workspace.directory(name)}"\n' for name in namespaces)
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(f'listen = "{self.address}"\ninterface = "lo"\n{more}\n{tables}')

    def start(self, *more):
        state = self.workspace.directory("server-state")
        self.program = self.workspace.start("server", [
            *self.manager.environment(), program(self.options.bin), "serve", "--config", self.file, "--state-dir", state,
            *more])
        await_listening(self.program)

    def hang_up(self, *expected):
        """SIGHUP, and what it is to say from then on."""
        seen = len(self.program.lines)
        self.program.signal(signal.SIGHUP)
        for pattern in expected:
            self.program.wait_until(lambda: any(re.search(pattern, line) for line in list(self.program.lines)[seen:]),
                                    SECONDS, f"it said {pattern!r}")

    def get(self, name):
        self.count += 1
        one = Receiver(self.workspace, self.options.bin, f"receiver{self.count}", f"{self.address}/{name}/image",
                       os.path.join(self.workspace.path, f"copy{self.count}"), interface="lo")
        one.wait(SECONDS)
        return one

    def serves(self, name):
        self.get(name).check_success(self.digests[name])

    def refuses(self, name):
        one = self.get(name)
        require(one.program.status == 1 and name in one.failure_text,
                f"{name} is not offered, but a receiver ended with {one.program.status}: {one.failure_text}")


def follows_its_file(workspace, options):
    service = Service(workspace, options)
    service.write("lab", more='rate = "50M"')
    service.start("--log-level", "info")
    service.manager.hears(rf"^READY=1\nSTATUS=Listening on {re.escape(service.address)}")
    service.serves("lab")
    service.refuses("iso")
    service.write("lab", "iso", more='rate = "60M"\nttl = 2')
    service.hang_up(r"SIGHUP: .*server\.toml was read again; offered from now on: lab=.*, iso=",
                    r"SIGHUP: changed in .*server\.toml, but these take a restart: --rate, --ttl$")
    service.manager.hears(r"^RELOADING=1\nMONOTONIC_USEC=\d+$")
    service.manager.hears(rf"^READY=1\nSTATUS=Listening on {re.escape(service.address)}")
    service.serves("iso")
    service.write("iso", more='rate = "50M"')
    service.hang_up("offered from now on: iso=")
    service.refuses("lab")
    service.serves("iso")
    print("serve: SIGHUP takes namespaces from its file, and says what takes a restart")

    for what, more in (("line 3: .*rate is not understood", 'rate = "fast"'), ("line 3: there is no setting 'rats'", 'rats = 1'),
                       ("line 3: .* is not understood", "rate = fast"), ("line 4: .* is there for the second time", "ttl = 1\nttl = 2")):
        service.write("lab", more=more)
        service.hang_up(f"SIGHUP: all settings stay as they are: .*server.toml, {what}")
    service.manager.hears(r"^READY=1\nSTATUS=The last reload failed: .*line 3: .*rate is not understood")
    # What counts after a restart only has to be right as well.
    for what, more in (('group "bad"', 'group = "bad"'), ("feedback-port 'zzz'", 'feedback_port = "zzz"'),
                       ("--rate fixes the rate", 'rate = "5M"\nrate_policy = "adaptive"')):
        service.write("lab", more=more)
        service.hang_up(f"SIGHUP: all settings stay as they are: .*{what}")
    service.write("lab", more='authorized = "/nonexistent/clients"')
    service.hang_up("SIGHUP: all settings stay as they are: .*/nonexistent/clients")
    os.remove(service.file)
    service.hang_up("SIGHUP: all settings stay as they are: could not read the settings: .*No such file")
    service.serves("iso")
    service.refuses("lab")
    service.manager.hears("^WATCHDOG=1$")
    service.manager.hears("^WATCHDOG=1$")
    require(service.program.stop() == 0, f"serve ended with {service.program.status} on SIGTERM")
    service.manager.hears("^STOPPING=1$")
    print("serve: a broken file changes nothing, and what is wrong with it is said; the watchdog hears of it all along")


def refuses_at_once(workspace, options):
    """At the start there is nothing to go on with."""
    file = os.path.join(workspace.path, "refused.toml")
    good = f'[namespace.lab]\ndirectory = "{workspace.directory("lab")}"\n'
    for text, mode, code, words in (("ttl = 0\n" + good, 0o600, USAGE, r"refused.toml, line 1: ttl is not understood"),
                                    ("rate = 1", 0o600, USAGE, "refused.toml, line 1: rate"),
                                    ("", 0o600, USAGE, r"refused.toml offers nothing: write \[namespace.lab\]"),
                                    (good.replace("lab\"", "none\""), 0o600, LOCAL_FILE, "none"),
                                    (good, 0o666, LOCAL_FILE, "chmod go-w"),
                                    (None, 0, LOCAL_FILE, "could not read the settings: .*No such file")):
        if os.path.exists(file):
            os.remove(file)
        if text is not None:
            with open(file, "w", encoding="utf-8") as out:
                out.write(text)
            os.chmod(file, mode)
        done = subprocess.run([program(options.bin), "serve", "--config", file, "--state-dir", workspace.directory("state")],
                              capture_output=True, text=True, timeout=SECONDS, check=False)
        hear(done.stderr)
        require(done.returncode == code and re.search(words, done.stderr) and not done.stdout,
                f"{text!r} ended with {done.returncode}, not {code}, and said: {done.stdout}{done.stderr}")
    pipe = os.path.join(workspace.path, "pipe.toml")
    os.mkfifo(pipe, 0o600)
    lab = f"lab={workspace.directory('lab')}"
    for flags, words in ((["--config", pipe], "pipe.toml is not a regular file"),
                         (["--config", workspace.path], "is not a regular file"),
                         (["--namespace", lab, "--authorized", "/dev/zero"], "/dev/zero is not a regular file"),
                         (["--namespace", lab, "--state-dir", "/dev/null"], "/dev/null")):
        state = [] if "--state-dir" in flags else ["--state-dir", workspace.directory("state")]
        done = subprocess.run([program(options.bin), "serve", *state, *flags],
                              capture_output=True, text=True, timeout=SECONDS, check=False)
        hear(done.stderr)
        require(done.returncode == LOCAL_FILE and words in done.stderr and not done.stdout,
                f"serve {flags} ended with {done.returncode}, not {LOCAL_FILE}, and said: {done.stdout}{done.stderr}")
    print("serve: a file that cannot be used is refused at the start, and named with its line")


def example_is_understood(workspace, options):
    """Every setting that the installed file shows in a comment, with what is there on this machine."""
    with open(os.path.join(SERVICES, "server.toml"), encoding="utf-8") as file:
        lines = [re.sub(r"^#(?=\[|\w+ = )", "", line) for line in file]
    here = {"listen": f'"127.0.0.1:{free_port()}"', "interface": '"lo"', "metrics": f'"{free_port()}"',
            "directory": f'"{workspace.directory("lab")}"'}
    text = ""
    for line in lines:
        key = line.partition(" = ")[0]
        if key != "authorized":
            text += f"{key} = {here[key]}\n" if key in here else line
    require(text.count(" = ") >= 6, f"the example has hardly a setting: {text}")
    path = os.path.join(workspace.path, "example.toml")
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    server = workspace.start("example", [program(options.bin), "serve", "--config", path, "--state-dir",
                                         workspace.directory("state")])
    await_listening(server)
    require(server.stop() == 0, f"serve ended with {server.status} on SIGTERM")
    print("serve: the settings of the installed example are understood")


def units_leave_what_is_needed():
    """RestrictSUIDSGID= makes openat2 fail, without which nothing can be served or stored."""
    for unit in EXPOSURE:
        with open(os.path.join(SERVICES, unit), encoding="utf-8") as file:
            require(not re.search("^RestrictSUIDSGID=", file.read(), re.MULTILINE), f"{unit} takes openat2 away")


def units_expose_little():
    if not shutil.which("systemd-analyze"):
        print("units: no systemd-analyze here, not looked at")
        return
    for unit, most in EXPOSURE.items():
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", f"--threshold={most}",
                               os.path.join(SERVICES, unit)], capture_output=True, text=True, timeout=SECONDS, check=False,
                              env={**os.environ, "LC_ALL": "C.UTF-8"})
        found = re.search(r"exposure level for \S+: (\S+)", done.stdout)
        require(found and done.returncode == 0, f"{unit} exposes more than {most / 10}: {done.stdout[-300:]}{done.stderr}")
        print(f"units: {unit} exposes {found.group(1)}, at most {most / 10}")


def test():
    options = script.parse(script.parser(__doc__.splitlines()[0]))
    with Workspace() as workspace:
        os.environ["HOME"] = workspace.directory("home")
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
            os.environ.pop(name, None)
        refuses_at_once(workspace, options)
        follows_its_file(workspace, options)
        example_is_understood(workspace, options)
        units_leave_what_is_needed()
        units_expose_little()


if __name__ == "__main__":
    script.main(test)
