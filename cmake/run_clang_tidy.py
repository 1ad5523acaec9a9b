#!/usr/bin/env python3
"""Runs clang-tidy over our own sources, in parallel, and skips what it already found clean.

    run_clang_tidy.py --build-dir build/release [--jobs N] [--no-cache] [--minutes N] [FILE]...

clang-tidy takes seconds a file, as CAF's and Asio's headers are large. A file is skipped when it
was clean before with the same content, the same headers of ours (as the compiler listed them in the
build), the same command line, checks and tool. The record of clean files is in
$XDG_CACHE_HOME/fleetcast/clang-tidy (~/.cache by default), shared by all clones.

With --minutes no file is begun after that time: what changed last is looked at first, and what was
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
import time
from pathlib import Path

FOLDERS = ("protocol", "actors", "api", "apps")
EXTRA = ["--quiet", "--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-Wno-ignored-gch"]
KEEP_SECONDS = 30 * 24 * 3600


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

    def run(self, entry, until):
        """(what happened, seconds, output)"""
        key = self.key(entry)
        mark = self.cache / key if self.cache else None
        if mark and mark.exists():
            os.utime(mark)
            return "cached", 0.0, ""
        started = time.monotonic()
        if started >= until:
            return "not reached", 0.0, ""
        done = subprocess.run(
            ["clang-tidy", "-p", str(self.build), *EXTRA, entry["file"]],
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.monotonic() - started
        if done.returncode != 0:
            # "16327 warnings generated" counts those of other people's headers, which nobody sees.
            return "failed", seconds, re.sub(r"(?m)^\d+ warnings? .*generated\.?\n", "", done.stdout + done.stderr)
        if mark:
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.touch()
        return "clean", seconds, ""

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
    count = {"cached": 0, "clean": 0, "failed": 0, "not reached": 0}
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        futures = {pool.submit(runner.run, entries[source], until): source for source in order}
        for future in concurrent.futures.as_completed(futures):
            what, seconds, output = future.result()
            count[what] += 1
            if what in ("clean", "failed"):
                print(f"{what:6} {seconds:5.1f} s  {futures[future].relative_to(root)}", flush=True)
            if output:
                print(output, flush=True)
    runner.forget_old_marks()
    print(f"clang-tidy: {count['clean']} clean, {count['cached']} known clean, {count['failed']} failed"
          + (f", {count['not reached']} not reached in time" if count["not reached"] else ""))
    return 1 if count["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
