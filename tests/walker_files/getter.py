"""One `fleetcast get`: started, watched, ended."""

import json
import os
import select
import signal
import subprocess
import threading
import time

from lib.heard import hear
from lib.workspace import LabError

# Only what hangs takes so long.
SECONDS = 60


class Getter:
    """Both streams are read by threads; `output` is what came on standard output."""

    def __init__(self, argv, scene, home, temporary, limits=(), stdout=None):
        guarded = ["setpriv", "--pdeathsig", "KILL"]
        if scene.is_root and scene.user != 0:
            guarded += [f"--reuid={scene.user}", f"--regid={scene.group}", "--clear-groups"]
        environment = {**os.environ, "HOME": home, "TMPDIR": temporary, "FLEETCAST_CONFIG": "/dev/null"}
        self.argv = argv
        self._changed = threading.Condition()
        self._chunks = []
        self._errors = []
        self._process = subprocess.Popen([*guarded, "--", *limits, *argv], stdin=subprocess.DEVNULL,
                                         stdout=subprocess.PIPE if stdout is None else stdout,
                                         stderr=subprocess.PIPE, cwd=scene.cwd, env=environment, umask=scene.umask)
        self._end = os.pidfd_open(self._process.pid)
        self._readers = [self._read(self._process.stderr, self._errors)]
        if stdout is None:
            self._readers.append(self._read(self._process.stdout, self._chunks))

    def _read(self, stream, chunks):
        def read():
            while chunk := os.read(stream.fileno(), 1 << 16):
                with self._changed:
                    chunks.append(chunk)
                    self._changed.notify_all()
            with self._changed:
                self._changed.notify_all()
        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        return reader

    def signal(self, number):
        if self._process.poll() is None:
            self._process.send_signal(number)

    @property
    def output(self):
        return b"".join(self._chunks)

    @property
    def errors(self):
        return b"".join(self._errors).decode(errors="surrogateescape")

    @property
    def events(self):
        """Of --json, whole lines only."""
        return [json.loads(line) for line in self.output.split(b"\n")[:-1]]

    @property
    def status(self):
        """None: it runs; negative: the signal that ended it."""
        return self._process.poll()

    def wait_for_progress(self, least):
        """Waits until `least` bytes have arrived. False if it ended first. Needs --json."""
        def arrived():
            return any(event.get("bytes", 0) >= least for event in self.events)
        until = time.monotonic() + SECONDS
        with self._changed:
            while not arrived():
                if not self._readers[-1].is_alive():
                    return False
                if time.monotonic() > until:
                    raise LabError(f"{self.argv} makes no progress")
                self._changed.wait(0.2)
        return True

    def wait(self, forbidden=None):
        """Its exit code. False as soon as a connection reaches `forbidden`, a listening socket."""
        watched = [self._end] if forbidden is None else [self._end, forbidden]
        if not select.select(watched, [], [], SECONDS)[0]:
            raise LabError(f"{self.argv} still runs after {SECONDS} s")
        if forbidden is not None and select.select([forbidden], [], [], 0)[0]:
            return False
        status = self._process.wait()
        for reader in self._readers:
            reader.join()
        hear(self.errors)
        return status

    def close(self):
        self.signal(signal.SIGKILL)
        self._process.wait()
        os.close(self._end)
        for reader in self._readers:
            reader.join()
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
