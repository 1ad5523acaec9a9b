#!/usr/bin/env python3
"""Runs clang-tidy over our own sources, in parallel, and skips what it already found clean.

    run_clang_tidy.py --build-dir build/release [--jobs N] [--no-cache] [--minutes N] [FILE]...

CAF's and Asio's headers take clang-tidy far longer than our own lines, so several files of one target are put
together and looked at as one, as the sanitizer builds compile them; a set that finds something is looked at again file
by file. A file is skipped when it was clean before with the same content, the same headers of ours (as the compiler
listed them in the build), the same command line, checks and tool. The record of clean files is in
$XDG_CACHE_HOME/fleetcast/clang-tidy (~/.cache by default), shared by all clones.

With --minutes no set is begun after that time: what changed last is looked at first, and what was
not reached is said. A machine that keeps its cache gets to all of them.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FOLDERS = ("protocol", "actors", "api", "apps")
EXTRA = ["--quiet", "--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-Wno-ignored-gch"]
KEEP_SECONDS = 30 * 24 * 3600
# More of them save less and less, and a finding costs looking at each again.
JOINED = 6


def digest(path):
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return "missing"


class Runner:
    def __init__(self, root, build, use_cache):
        self.root = root
        self.build = build
        cache_home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        self.cache = cache_home / "fleetcast" / "clang-tidy" if use_cache else None
        version = subprocess.run(["clang-tidy", "--version"], capture_output=True, check=True).stdout
        configs = sorted(root.glob(".clang-tidy")) + sorted(root.glob("*/.clang-tidy"))
        self.common = hashlib.sha256(
            version + repr([digest(config) for config in configs] + EXTRA).encode()
        ).hexdigest()
        self.dependencies = self.read_dependencies()
        self.all_headers = sorted(
            header
            for folder in FOLDERS
            for pattern in ("*.hpp", "*.h", "*.capnp")
            for header in (root / folder).rglob(pattern)
        )

    def read_dependencies(self):
        """object file -> the files of this repository that it was compiled from."""
        listing = subprocess.run(
            ["ninja", "-C", str(self.build), "-t", "deps"], capture_output=True, text=True, check=False
        ).stdout
        found, current = {}, None
        for line in listing.splitlines():
            if line.startswith("    "):
                path = (self.build / line.strip()).resolve()
                if current is not None and path.is_relative_to(self.root):
                    current.append(path)
            elif ": #deps" in line:
                current = found.setdefault(line.split(": #deps")[0], [])
            else:
                current = None
        return found

    def key(self, entry):
        source = Path(entry["file"])
        output = re.search(r" -o (\S+)", entry["command"])
        depends = self.dependencies.get(output.group(1)) if output else None
        files = sorted({source, *(depends if depends is not None else self.all_headers)})
        parts = [self.common, entry["command"].replace(str(self.root), ".")]
        parts += [f"{path.relative_to(self.root)} {digest(path)}" for path in files]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def mark(self, entry):
        return self.cache / self.key(entry) if self.cache else None

    def is_known_clean(self, entry):
        mark = self.mark(entry)
        if not mark or not mark.exists():
            return False
        os.utime(mark)
        return True

    def run(self, entries, until):
        """A list of (file, what happened, seconds, output)."""
        if time.monotonic() >= until:
            return [(Path(entry["file"]), "not reached", 0.0, "") for entry in entries]
        marks = [self.mark(entry) for entry in entries]  # of what is looked at, whatever becomes of it meanwhile
        started = time.monotonic()
        if len(entries) > 1:
            output = self.look_at_together(entries)
        else:
            output = self.look_at(self.build, entries[0]["file"])
        seconds = (time.monotonic() - started) / len(entries)
        if output is not None and len(entries) > 1:
            return [result for entry in entries for result in self.run([entry], float("inf"))]
        if output is not None:
            return [(Path(entries[0]["file"]), "failed", seconds, output)]
        for mark in marks:
            if mark:
                mark.parent.mkdir(parents=True, exist_ok=True)
                mark.touch()
        return [(Path(entry["file"]), "clean", seconds, "") for entry in entries]

    def look_at_together(self, entries):
        """One file with the text of all: what is only included, the analyzer would not look into."""
        (self.build / "tidy").mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.build / "tidy") as folder:
            joined = Path(folder) / "joined.cpp"
            joined.write_text("\n".join(Path(entry["file"]).read_text() for entry in entries))
            command = entries[0]["command"].replace(entries[0]["file"], str(joined))
            database = [{"directory": entries[0]["directory"], "file": str(joined), "command": command}]
            (Path(folder) / "compile_commands.json").write_text(json.dumps(database))
            return self.look_at(folder, str(joined))

    def look_at(self, database, file):
        """What clang-tidy found; None: nothing."""
        done = subprocess.run(
            ["clang-tidy", "-p", str(database), *EXTRA, file], capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            return None
        # "16327 warnings generated" counts those of other people's headers, which nobody sees.
        return re.sub(r"(?m)^\d+ warnings? .*generated\.?\n", "", done.stdout + done.stderr)

    def forget_old_marks(self):
        if self.cache and self.cache.is_dir():
            limit = time.time() - KEEP_SECONDS
            for mark in self.cache.iterdir():
                if mark.stat().st_mtime < limit:
                    mark.unlink(missing_ok=True)


def last_changed(root):
    """The repository's files, what changed last first."""
    log = ["git", "-C", str(root), "log", "--format=", "--name-only", "--max-count=500"]
    try:
        names = subprocess.run(log, capture_output=True, text=True, check=True).stdout.split("\n")
    except (OSError, subprocess.CalledProcessError):
        return []
    return [root / name for name in dict.fromkeys(names) if name]


def sets_of(entries):
    """Files that are compiled alike, a few at a time, in the given order."""
    sets, open_sets = [], {}
    for entry in entries:
        flags = re.sub(r" -o \S+| -c \S+", "", entry["command"])
        current = open_sets.get(flags)
        if current is None or len(current) == JOINED:
            current = open_sets[flags] = []
            sets.append(current)
        current.append(entry)
    return sets


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build-dir", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--no-cache", action="store_true")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no file after that")
    parser.add_argument("files", nargs="*", type=Path, help="only these")
    arguments = parser.parse_args()

    root = Path(__file__).resolve().parent.parent
    runner = Runner(root, arguments.build_dir.resolve(), not arguments.no_cache)
    only = {path.resolve() for path in arguments.files}
    entries = {}
    for entry in json.loads((runner.build / "compile_commands.json").read_text()):
        source = Path(entry["file"])
        if not source.is_relative_to(root) or source.suffix != ".cpp" or not source.exists():
            continue
        if source.relative_to(root).parts[0] in FOLDERS and (not only or source in only):
            entries.setdefault(source, entry)

    age = {path: place for place, path in enumerate(last_changed(root))}
    order = sorted(entries, key=lambda source: (age.get(source, len(age)), source))
    until = time.monotonic() + 60 * arguments.minutes
    unknown = [entries[source] for source in order if not runner.is_known_clean(entries[source])]
    count = {"clean": 0, "failed": 0, "not reached": 0}
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        futures = [pool.submit(runner.run, joined, until) for joined in sets_of(unknown)]
        for future in concurrent.futures.as_completed(futures):
            for source, what, seconds, output in future.result():
                count[what] += 1
                if what != "not reached":
                    print(f"{what:6} {seconds:5.1f} s  {source.relative_to(root)}", flush=True)
                if output:
                    print(output, flush=True)
    runner.forget_old_marks()
    print(f"clang-tidy: {count['clean']} clean, {len(order) - len(unknown)} known clean, {count['failed']} failed"
          + (f", {count['not reached']} not reached in time" if count["not reached"] else ""))
    return 1 if count["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
