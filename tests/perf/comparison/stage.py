"""Where runs are measured: a network, the objects to send, and a clean slate for each run."""

import os
import shutil

from lib import files
from lib.network import Network
from lib.workspace import LabError

from . import tools

# Beside the files themselves, for logs and for others.
SPARE_BYTES = 256 << 20


class Stage:
    """Lives as long as the workspace."""

    def __init__(self, workspace, scenario, size, receivers, objects=1):
        self._workspace = workspace
        self._scenario = scenario
        self._size = size
        self._check_room(objects * size * (1 + receivers) + SPARE_BYTES)
        self._source = workspace.directory("source")
        self._digests = {name: files.make_random_file(os.path.join(self._source, name), size)
                         for name in (tools.OBJECT, tools.SECOND_OBJECT)[:objects]}
        self._network = Network(workspace, receivers)
        if not scenario.offload:
            self._network.disable_offload()

    def _check_room(self, needed):
        path = self._workspace.path
        free = shutil.disk_usage(path).free
        if free < needed:
            raise LabError(f"{self._scenario.name} needs {needed >> 20} MiB in {path}, where"
                           f" {free >> 20} MiB are free; use --dir, or a smaller --size")

    def measure(self, options, entry):
        """One run by the programs in `options.bin`; fails unless every copy is true."""
        self._network.change_loss(entry.loss)
        trial = tools.Trial(options, self._workspace, self._network, entry, self._size,
                            os.path.join(self._source, tools.OBJECT))
        try:
            measured = tools.TOOLS[entry.tool](trial)
            for copy in measured.copies:
                self._compare(copy)
            return measured
        except LabError:
            if entry.is_ours:
                self._workspace.print_tails()
            raise
        finally:
            self._workspace.end_programs()
            self._workspace.forget_programs()
            shutil.rmtree(self._workspace.directory("copies"))
            # What one leaves in the page cache is not the next one's work to write.
            os.sync()

    def _compare(self, copy):
        if not os.path.isfile(copy) or files.sha256(copy) != self._digests[os.path.basename(copy)]:
            raise LabError(f"{copy} is missing or wrong")
