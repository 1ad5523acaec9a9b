"""`fleetcast console` as people and scripts use it, and its socket as strangers do."""

import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import termios
import time

from .fleetcast import program
from .heard import hear
from .workspace import LabError

PATIENCE = 60


def isolate(workspace):
    """Consoles of this lab lie in a directory of its own, and nobody else's are seen."""
    os.environ["XDG_RUNTIME_DIR"] = workspace.directory("run")
    os.chmod(os.environ["XDG_RUNTIME_DIR"], 0o700)
    os.environ["XDG_STATE_HOME"] = workspace.directory("state-home")
    os.environ.pop("FLEETCAST_CONSOLE", None)


class Outcome:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def json(self):
        return json.loads(self.out)


class Console:
    """Of one process."""

    def __init__(self, bin_dir, pid):
        self.argv = [program(bin_dir), "console", str(pid)]
        self.bin = bin_dir
        self.pid = pid

    def run(self, command, *options, code=0):
        """One command with -c; it must end with `code`."""
        done = subprocess.run(self.argv + ["-c", command, *options], capture_output=True, text=True,
                              check=False, timeout=PATIENCE, stdin=subprocess.DEVNULL)
        if code is not None and done.returncode != code:
            raise LabError(f"console -c '{command}' ended with {done.returncode}, not {code}:"
                           f" {done.stderr or done.stdout}")
        hear(done.stderr)
        return Outcome(done.returncode, done.stdout, done.stderr)

    def ask(self, command):
        return self.run(command, "--json").json

    def sessions(self):
        return self.ask("sessions")["sessions"]

    def wait_for(self, what, question, patience=PATIENCE):
        """Asks until `question(self)` has an answer that counts; the answer."""
        end = time.monotonic() + patience
        while True:
            answer = question(self)
            if answer:
                return answer
            if time.monotonic() > end:
                raise LabError(f"waited {patience} s in vain for: {what}")


class Terminal:
    """A program on a pseudo-terminal."""

    def __init__(self, argv, term="xterm", columns=80, **environment):
        self.seen = ""
        self.shown = ""  # all of it
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            termios.tcsetwinsize(0, (24, columns))
            os.execve(argv[0], argv, {**os.environ, "TERM": term, **environment})

    def send(self, text):
        os.write(self.fd, text.encode())

    def expect(self, pattern, patience=PATIENCE):
        """Reads until `pattern` was shown, counted from the last one; what was shown until then."""
        end = time.monotonic() + patience
        while True:
            found = re.search(pattern, self.seen)
            if found:
                before = self.seen[:found.end()]
                self.seen = self.seen[found.end():]
                return before
            if time.monotonic() > end or not self._read(end):
                raise LabError(f"the terminal never showed {pattern!r}, but: {self.seen[-800:]!r}")

    def _read(self, end):
        ready, _, _ = select.select([self.fd], [], [], max(0, end - time.monotonic()))
        if not ready:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        text = data.decode(errors="replace")
        self.seen += text
        self.shown += text
        return bool(data)

    def wait(self):
        """Its exit code."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.fd)
                return os.waitstatus_to_exitcode(status)
            self._read(min(end, time.monotonic() + 0.1))
        os.kill(self.pid, signal.SIGKILL)
        raise LabError("the program on the terminal does not end")


class Raw:
    """The socket itself: for those who do not keep to the rules."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(path)
        self.received = b""

    def send(self, data):
        self.socket.sendall(data)

    def frame(self):
        """(kind, text), or None at the end."""
        while True:
            head, newline, rest = self.received.partition(b"\n")
            if newline:
                kind, size = head.decode().split(" ")
                if len(rest) >= int(size):
                    self.received = rest[int(size):]
                    return kind, rest[:int(size)].decode()
            try:
                data = self.socket.recv(65536)
            except ConnectionError:
                return None
            if not data:
                return None
            self.received += data

    def close(self):
        self.socket.close()


def socket_of(pid):
    directory = os.path.join(os.environ["XDG_RUNTIME_DIR"], "fleetcast")
    for name in os.listdir(directory):
        if name.endswith(f".{pid}.sock"):
            return os.path.join(directory, name)
    raise LabError(f"process {pid} has no socket in {directory}")
