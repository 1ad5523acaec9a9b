"""What must be true after a run: told from the object's bytes and from two looks at the directory, by nothing that
the program itself uses."""

import json
import os
import re
import signal
import stat
from dataclasses import replace

import tree
from kinds import ADVICE

HIDDEN = re.compile(rb"\.fleetcast-[0-9a-z]{8}-[0-9a-z]{6}(\.journal)?")
SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


def copy_of(thing, was, scene):
    """The entry of a copy that replaces `was`."""
    ours = (scene.user, scene.group)
    if was is None:
        return tree.Entry(stat.S_IFREG, 0o666 & ~scene.umask, ours, thing.digest, thing.size)
    kept = was.owner if scene.user == 0 else ours
    return tree.Entry(stat.S_IFREG, was.mode & 0o777, kept, thing.digest, thing.size, access_list=was.access_list)


class Oracle:
    """Collects what is wrong with one run."""

    def __init__(self, scene, before):
        self.scene = scene
        self.before = before
        self.wrong = []

    def require(self, holds, text):
        if not holds:
            self.wrong.append(text)

    # ---- files ----

    def look(self):
        return tree.look(self.scene.root)

    def inside(self, path):
        return os.path.relpath(path, self.scene.root)

    def untouched_but_kept(self, directory, copy, after=None):
        """But for what the next transfer to `copy` continues: a hidden file and its journal."""
        after = self.look() if after is None else after
        left = self.take_leftovers(after, directory, copy)
        hidden = [path for path in left if not path.endswith(b".journal")]
        self.require(not left or (len(hidden) == 1 and set(left) == {hidden[0], hidden[0] + b".journal"}),
                     f"this is left, and nobody can continue it: {left}")
        self.untouched(after)
        return left

    def untouched(self, after=None):
        self.wrong += [f"changed: {one}" for one in tree.differences(self.before, self.look() if after is None else after)]

    def stored(self, path, things, after=None):
        """`path` holds one of `things`, and nothing else has changed."""
        after = self.look() if after is None else after
        at = self.inside(path)
        found = after.get(at)
        was = self.before.get(at)
        expected = [copy_of(thing, was, self.scene) for thing in things]
        if found is not None and was is not None and stat.S_ISLNK(was.kind):
            # It took a link's place, and is for those for whom was what had been there before that.
            access = {"mode": found.mode, "owner": found.owner, "access_list": found.access_list}
            expected = [replace(one, **access) for one in expected]
        if found is None or found.without_time() not in expected:
            self.wrong.append(f"copy {at!r} is {found}, not one of {expected}")
        for_others = [{place: entry for place, entry in one.items() if place != at} for one in (self.before, after)]
        self.wrong += [f"changed: {one}" for one in tree.differences(*for_others)]

    def take_leftovers(self, after, directory, copy):
        """Hidden files of `directory` that were not there before, taken out of `after`. The copy may be called like one."""
        wanted = copy and self.inside(copy)
        left = [path for path in after if path not in self.before and HIDDEN.fullmatch(os.path.basename(path))
                and os.path.dirname(path) == self.inside(directory) and path != wanted]
        return {path: after.pop(path) for path in left}

    # ---- what the program said ----

    def said(self, getter, status, options, thing, streams=False):
        """Events, standard error, exit code: do they tell the same?"""
        text = getter.errors
        if "--json" in options and not streams:
            self._events(getter, status, thing)
        elif "--quiet" in options:
            self.require(streams or not getter.output, f"--quiet printed {getter.output!r}")
            self.require(status != 0 or not text, f"--quiet said {text!r}")
        elif status == 0 and not streams:
            self.require(f"{thing.size} bytes" in getter.output.decode(errors="replace"),
                         f"the result is not told: {getter.output!r}")
        if status > 0:
            self.require("fleetcast get: " in text, f"ended with {status} and did not say why: {text!r}")

    def _events(self, getter, status, thing):
        lines = getter.output.split(b"\n")
        self.require(status < 0 or lines[-1] == b"", f"the last line is cut: {lines[-1]!r}")
        events = []
        for line in lines[:-1]:
            try:
                events.append(json.loads(line))
            except ValueError:
                self.wrong.append(f"no JSON: {line!r}")
        kinds = [event.get("event") for event in events]
        last = events[-1] if events else {}
        ends = [one for one in kinds if one in ("completed", "failed")]
        if status == 0:
            self.require(ends == ["completed"] and kinds[-1] == "completed", f"exit code 0, but events {kinds}")
            self.require(last.get("bytes") == last.get("object_bytes") == thing.size, f"the size is wrong in {last}")
            self.require(last.get("verified") is True, f"not verified: {last}")
        elif status > 0:
            self.require(ends == ["failed"] and kinds[-1] == "failed", f"exit code {status}, but events {kinds}")
            self.require(last.get("exit") == status, f"exit code {status}, but the event says {last.get('exit')}")
            self.require(last.get("error", {}).get("code", 0) != 0, f"a failure with code 0: {last}")
            self.require(last.get("error", {}).get("text"), f"a failure without a message: {last}")
        for event in events:
            if event.get("event") == "progress":
                self.require(0 <= event["bytes"] <= event["object_bytes"] == thing.size, f"impossible: {event}")

    def explains(self, getter, refusal, options):
        texts = [getter.errors]
        if "--json" in options and getter.events:
            texts.append(getter.events[-1].get("error", {}).get("text", ""))
        for text in texts:
            self.require(any(cause.lower() in text.lower() for cause in refusal.causes),
                         f"the cause is not named, none of {refusal.causes}: {text!r}")
            for advice in ADVICE:
                self.require(advice in refusal.advice or advice not in text, f"advice that does not help: {text!r}")
        if refusal.silent and "--json" in options:
            self.require([event.get("event") for event in getter.events] == ["failed"],
                         f"refused, but not before it began: {getter.output!r}")
