"""A temporary directory and the processes of one script: whatever happens, both are gone after."""

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque

from .heard import hear

# A process that ignores a polite request for so long is killed.
GRACE_SECONDS = 5

# Lines of output kept for the report of a failure.
KEPT_LINES = 400


class LabError(Exception):
    """Something in the lab is not as it must be; the text is for people."""


class Program:
    """One process, its output and its end."""

    def __init__(self, name, argv, on_line=None, cwd=None):
        self.name = name
        self.argv = [str(argument) for argument in argv]
        self.lines = deque(maxlen=KEPT_LINES)
        self.status = None
        self.usage = None
        self.ended_at = None
        self._on_line = on_line
        self._seen_rss = 0
        self._changed = threading.Condition()
        # Should this script be killed, the kernel ends what it started.
        guarded = ["setpriv", "--pdeathsig", "KILL", "--"] + self.argv
        self.started_at = time.monotonic()
        self._process = subprocess.Popen(
            guarded, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            cwd=cwd, errors="replace", start_new_session=True)
        self.pid = self._process.pid
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        threading.Thread(target=self._reap, daemon=True).start()

    def _read(self):
        for line in self._process.stdout:
            line = hear(line.rstrip("\n"))
            self._look_at_memory()
            with self._changed:
                self.lines.append(line)
                if self._on_line:
                    self._on_line(line)
                self._changed.notify_all()

    def _reap(self):
        _, status, usage = os.wait4(self.pid, 0)
        ended_at = time.monotonic()
        # Everything it said is read before its end is told; a grandchild may keep the pipe open.
        self._reader.join(timeout=1)
        with self._changed:
            self.status = os.waitstatus_to_exitcode(status)
            self._process.returncode = self.status
            self.usage = usage
            self.ended_at = ended_at
            self._changed.notify_all()

    def _look_at_memory(self):
        try:
            with open(f"/proc/{self.pid}/status", encoding="ascii", errors="replace") as status:
                for line in status:
                    if line.startswith("VmHWM:"):
                        self._seen_rss = max(self._seen_rss, int(line.split()[1]))
        except OSError:
            pass  # it has just ended

    @property
    def running(self):
        return self.status is None

    @property
    def seconds(self):
        return (self.ended_at or time.monotonic()) - self.started_at

    @property
    def peak_rss(self):
        """Bytes. The kernel's own figure counts a process from its fork, when it was as large as this
        script; below that size, what was seen at its latest output stands."""
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        exact = self.usage.ru_maxrss if self.usage else 0
        peak = exact if exact > own else self._seen_rss
        return peak * 1024 if peak else None

    def wait_until(self, condition, timeout, what):
        """Waits until `condition()`; fails when the process ends before, or after `timeout` s."""
        with self._changed:
            self._changed.wait_for(lambda: condition() or not self.running, timeout)
            if condition():
                return
            if not self.running:
                raise LabError(f"{self.name} ended with {self.status} before {what}")
        raise LabError(f"{self.name}: waited {timeout:g} s in vain for {what}")

    def wait(self, timeout):
        """The exit code; negative: the signal that ended it."""
        with self._changed:
            if not self._changed.wait_for(lambda: not self.running, timeout):
                raise LabError(f"{self.name} (pid {self.pid}) still runs after {timeout:g} s")
        return self.status

    def signal(self, number):
        with self._changed:
            if self.running:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, number)

    def stop(self):
        """Asks it to end, then makes it; returns the exit code."""
        self._look_at_memory()
        self.signal(signal.SIGTERM)
        try:
            return self.wait(GRACE_SECONDS)
        except LabError:
            self.signal(signal.SIGKILL)
            return self.wait(GRACE_SECONDS)

    def print_tail(self, count=15):
        state = "running" if self.running else f"ended with {self.status}"
        print(f"--- {self.name}: {state}; {' '.join(self.argv)}", file=sys.stderr)
        for line in list(self.lines)[-count:]:
            print(f"    {line}", file=sys.stderr)


class Workspace:
    """Use as a context manager. On failure it shows the ends of all logs, then cleans up."""

    def __init__(self, directory=None):
        self._parent = directory
        self._programs = []
        self._undo = contextlib.ExitStack()
        self.path = None

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="fleetcast-lab-", dir=self._parent)
        return self

    def __exit__(self, kind, error, trace):
        interrupted = kind is not None and not issubclass(kind, Exception)
        if kind is not None and not interrupted:
            self.print_tails()
        with uninterrupted():
            self.end_programs()
            self._undo.close()
            shutil.rmtree(self.path, ignore_errors=True)
        return False

    def end_programs(self):
        """Asks all that run to end, then makes them."""
        alive = [program for program in self._programs if program.running]
        for program in alive:
            program.signal(signal.SIGTERM)
        for program in alive:
            program.stop()

    def print_tails(self):
        for program in self._programs:
            program.print_tail()

    def forget_programs(self):
        """What they said is of no interest any more. They must have ended."""
        self._programs.clear()

    def at_exit(self, function, *arguments):
        """Runs `function` once every process has ended; the last one registered runs first."""
        self._undo.callback(function, *arguments)

    def start(self, name, argv, on_line=None, cwd=None):
        program = Program(name, argv, on_line, cwd)
        self._programs.append(program)
        return program

    def directory(self, *parts):
        path = os.path.join(self.path, *parts)
        os.makedirs(path, exist_ok=True)
        return path


@contextlib.contextmanager
def uninterrupted():
    """Cleaning up is not to be cut short by a second Ctrl-C."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before):
            signal.signal(number, handler)
