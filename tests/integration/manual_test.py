#!/usr/bin/env python3
"""Manual pages and completion know every option of every --help, with its words, and shells take them.

    manual_test.py --bin build/release/bin --writer build/release/tools/write_manual --manual build/release/manual

What is not installed here (mandoc, zsh, fish) is left out, and said.
"""

import argparse
import filecmp
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

COLUMN = 26  # of descriptions in --help
SECONDS = 60
GROUPS = ("fleetcast", "fleetcast fleet", "fleetcast fleet cert")


class Wrong(Exception):
    pass


def require(condition, text):
    if not condition:
        raise Wrong(text)


def run(*words, **more):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=SECONDS, check=False,
                          **more)


# ---- what --help says ------------------------------------------------------------------------------


class Help:
    """One --help: its commands, and its options with the words that stand below or beside them."""

    def __init__(self, options, path):
        self.path = path
        done = run(os.path.join(options.bin, path[0]), *path[1:], "--help", env={**os.environ, "LC_ALL": "C.UTF-8"})
        require(done.returncode == 0, f"{' '.join(path)} --help: {done.stderr}")
        self.commands, self.options = [], {}
        section, names = "", ()
        for line in done.stdout.splitlines():
            if line and not line.startswith(" "):
                section, names = line, ()
            elif section == "Subcommands:" and re.match(r"  \S", line):
                self.commands.append(line.split()[0])
            elif section == "Options:" and re.match(r"  -", line):
                names = tuple(line.split()[0].split(","))
                self.options[names] = ""
            elif names and line.startswith(" " * COLUMN):
                self.options[names] += line.strip() + " "

    def name(self):
        return " ".join(self.path)

    def names(self):
        return [name for names in self.options for name in names]


def all_helps(options, path=("fleetcast",)):
    found = Help(options, path)
    yield found
    for command in found.commands:
        yield from all_helps(options, (*path, command))


def wdsmcast_names(options):
    """Those at the beginning of a line of `wdsmcast /?`."""
    text = run(os.path.join(options.bin, "wdsmcast"), "/?").stdout
    return re.findall(r"^  (/[A-Za-z?-]+:?)(?: |$)", text, re.MULTILINE)


# ---- pages -----------------------------------------------------------------------------------------


def words(text):
    """Without what roff and --help write differently."""
    text = re.sub(r"\\\[u([0-9A-F]{4})\]", lambda found: chr(int(found.group(1), 16)), text)
    text = re.sub(r"\\f[BRI]|\\&", "", text)
    for escape, plain in (("\\-", "-"), ("\\(aq", "'"), ("\\(ti", "~"), ("\\(dq", '"'), ("\\(ha", "^"), ("\\e", "\\")):
        text = text.replace(escape, plain)
    return " ".join(text.replace("`", "").split())


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def page_of(options, name):
    return os.path.join(options.manual, "man1", name.replace(" ", "-") + ".1")


def check_page(options, one):
    text = read(page_of(options, one.name()))
    for section in ("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES", "SEE ALSO"):
        require(f"\n.SH {section}\n" in text, f"{one.name()}(1) has no section {section}")
    require(one.name() in GROUPS or "\n.SH EXIT STATUS\n" in text, f"{one.name()}(1) does not say how it ends")
    entries = {}
    for entry in text.split("\n.TP\n")[1:]:
        head, _, body = entry.partition("\n")
        entries[words(head)] = words(body)
    for names, described in one.options.items():
        found = [body for head, body in entries.items()
                 if all(re.search(rf"(^|, ){re.escape(name)}(,| |$)", head) for name in names)]
        require(len(found) == 1, f"{one.name()}(1) has {len(found)} entries for {names}, not one: {list(entries)}")
        require(words(described) in found[0], f"{one.name()}(1) says of {names}: {found[0]!r}, and --help {described!r}")


def check_roff(options):
    pages = [os.path.join(options.manual, "man1", name) for name in sorted(os.listdir(options.manual + "/man1"))]
    for page in pages:
        for mentioned in re.findall(r"^\\fB(\S+)\\fR\(1\)", read(page), re.MULTILINE):
            require(page_of(options, words(mentioned)) in pages, f"{page} names a page that is not there: {mentioned}")
        if shutil.which("man"):
            done = run("man", "--warnings", "--local-file", page, env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80"})
            require(done.returncode == 0 and not done.stderr, f"man says of {page}: {done.stderr}")
        if shutil.which("mandoc"):
            done = run("mandoc", "-T", "lint", "-W", "warning", page)
            complaints = [line for line in done.stdout.splitlines() if "missing date" not in line]
            require(not complaints, f"mandoc says of {page}: {complaints}")
    return pages


# ---- completion ------------------------------------------------------------------------------------

# Asks the loaded function as bash does when TAB is pressed; ":" and "=" are words of their own to it.
BASH = r"""
source "$1"; shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
compopt() { :; }
"_$1"
printf '%s\n' "${COMPREPLY[@]}"
"""


def bash(options, *typed):
    file = os.path.join(options.manual, "bash", typed[0])
    done = run("bash", "--norc", "-c", BASH, "bash", file, *typed,
               env={**os.environ, "PATH": f"{options.bin}:{os.environ['PATH']}"})
    require(done.returncode == 0 and not done.stderr, f"bash, completing {typed}: {done.stderr}")
    return [line for line in done.stdout.splitlines() if line]


def expect(found, wanted, what):
    require(set(wanted) <= set(found), f"{what}: {sorted(set(wanted) - set(found))} are not offered, but {found}")


def check_bash(options, helps):
    for one in helps:
        expect(bash(options, *one.path, "-"), one.names(), f"bash: {one.name()} -")
        if one.commands:
            expect(bash(options, *one.path, ""), one.commands, f"bash: {one.name()}")
    expect(bash(options, "fleetcast", "serve", "--log-level", ""), ["debug", "off"], "bash: a choice")
    expect(bash(options, "fleetcast", "serve", "--log-level", "=", "de"), ["debug"], "bash: a choice behind =")
    expect(bash(options, "fleetcast", "serve", "--interface", "l"), ["lo"], "bash: an interface")
    expect(bash(options, "fleetcast", "get", "server/lab/x", "/de"), ["/dev"], "bash: a destination")
    for typed in (["--namespace", "lab", "=", "/us"], ["--namespace", "=", "lab", "=", "/us"], ["-n", "lab", "=", "/us"]):
        expect(bash(options, "fleetcast", "serve", *typed), ["/usr"], f"bash: {typed}")
    require(not bash(options, "fleetcast", "serve", "--rate", ""), "bash offers something for a rate")
    with tempfile.TemporaryDirectory() as place:
        for name in ("a*", "ab", "x y"):
            with open(os.path.join(place, name), "w", encoding="ascii"):
                pass
        expect(sorted(bash(options, "fleetcast", "identity", "--file", place + "/")),
               sorted(os.path.join(place, name) for name in ("a*", "ab", "x y")), "bash: names that are patterns, or hold spaces")
    names = wdsmcast_names(options)
    require(len(names) > 12, f"`wdsmcast /?` has {names}")
    expect(bash(options, "wdsmcast", "/"), names, "bash: wdsmcast /")
    expect(bash(options, "wdsmcast", "/DestinationFile", ":", "/us"), ["/usr"], "bash: a destination behind a colon")
    expect(bash(options, "wdsmcast", "-destinationfile", ":", "/us"), ["/usr"], "bash: the same in small letters")


def check_text(options, helps):
    """What zsh and fish know, whether they are here or not."""
    zsh, fish = read(f"{options.manual}/zsh/_fleetcast"), read(f"{options.manual}/fish/fleetcast.fish")
    for one in helps:
        function = re.search(rf"^_{'_'.join(one.path)}\(\) \{{\n(.*?)^\}}", zsh, re.MULTILINE | re.DOTALL).group(1)
        expect(re.findall(r"[)*](--?[A-Za-z-]+)[=+]?\[", function), one.names(), f"zsh: {one.name()}")
        expect(re.findall(r"^ *'([a-z]+):", function, re.MULTILINE), one.commands, f"zsh: {one.name()}")
        condition = "\\'" + " ".join(one.path[1:]) + "\\''"
        lines = [line for line in fish.splitlines() if f"__fleetcast_is {condition}" in line]
        expect([("--" if option == "-l" else "-") + name for line in lines
                for option, name in re.findall(r" (-[ls]) (\S+)", line)], one.names(), f"fish: {one.name()}")
    for shell, file in (("zsh", "_wdsmcast"), ("fish", "wdsmcast.fish")):
        text = read(f"{options.manual}/{shell}/{file}")
        for name in wdsmcast_names(options):
            require(f"'{name}'" in text, f"{shell}: wdsmcast has no {name}")


def type_into(shell, set_up, typed, wanted):
    """Types into an interactive shell until what TAB makes of it shows."""
    process, terminal = pty.fork()
    if process == 0:
        os.environ.update(TERM="dumb", PS1="> ", LC_ALL="C.UTF-8")
        os.execvp(shell[0], shell)
    shown = b""

    def read_until(text):
        nonlocal shown
        end = time.monotonic() + SECONDS
        while text not in shown and time.monotonic() < end:
            if select.select([terminal], [], [], 0.1)[0]:
                shown += os.read(terminal, 4096)
        require(text in shown, f"{shell[0]} does not show {text!r} for {typed!r}, but {shown!r}")
    try:
        # In two parts, so that the echo of the command is not taken for what it prints.
        os.write(terminal, set_up.encode() + b"; echo rea''dy\n")
        read_until(b"ready\r\n")
        os.write(terminal, typed.encode() + b"\t")
        read_until(wanted.encode())
    finally:
        os.close(terminal)
        os.kill(process, 9)
        os.waitpid(process, 0)


def check_shells(options):
    """The shells themselves, with TAB."""
    typed, wanted = "fleetcast serve --feedb", "fleetcast serve --feedback-port"
    type_into(["bash", "--norc", "--noprofile", "-i"], f"source {options.manual}/bash/fleetcast", typed, wanted)
    tried = ["bash"]
    if shutil.which("zsh"):
        for file in ("_fleetcast", "_wdsmcast"):
            done = run("zsh", "-n", f"{options.manual}/zsh/{file}")
            require(done.returncode == 0, f"zsh does not take {file}: {done.stderr}")
        with tempfile.TemporaryDirectory() as scratch:
            type_into(["zsh", "-f", "-i"], f"fpath=({options.manual}/zsh $fpath); autoload -U compinit;"
                      f" compinit -u -d {scratch}/dump", typed, wanted)
        tried.append("zsh")
    if shutil.which("fish"):
        ask = f"source {options.manual}/fish/fleetcast.fish; complete -C 'fleetcast fleet cert host --'"
        with tempfile.TemporaryDirectory() as scratch:
            done = run("fish", "--no-config", "-c", ask, env={**os.environ, "HOME": scratch})
        expect([line.split("\t")[0] for line in done.stdout.splitlines()],
               ["--renew", "--days", "--dir", "--help"], f"fish {done.stderr}")
        tried.append("fish")
    return tried


# ---- the same each time -----------------------------------------------------------------------------


def same_files(one, other):
    compared = filecmp.dircmp(one, other)
    return not (compared.left_only or compared.right_only or compared.diff_files
                or any(not same_files(f"{one}/{name}", f"{other}/{name}") for name in compared.common_dirs))


def check_reproducible(options):
    with tempfile.TemporaryDirectory() as scratch:
        for name, epoch in (("first", "86400"), ("second", "86400"), ("undated", "")):
            done = run(options.writer, f"{scratch}/{name}", env={**os.environ, "SOURCE_DATE_EPOCH": epoch})
            require(done.returncode == 0 and not done.stdout + done.stderr, f"write_manual: {done.stdout}{done.stderr}")
        require(same_files(f"{scratch}/first", f"{scratch}/second"), "two runs wrote different files")
        require('"1970-01-02"' in read(f"{scratch}/first/man1/fleetcast.1"), "SOURCE_DATE_EPOCH is not the date")
        require('.TH FLEETCAST 1 ""' in read(f"{scratch}/undated/man1/fleetcast.1"), "there is a date of its own")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("bin", "writer", "manual"):
        parser.add_argument(f"--{name}", required=True, type=os.path.abspath)
    options = parser.parse_args()
    try:
        helps = list(all_helps(options))
        for one in helps:
            check_page(options, one)
        pages = check_roff(options)
        require(len(pages) == len(helps) + 1, f"there are {len(pages)} pages for {len(helps)} commands and wdsmcast")
        page = words(read(page_of(options, "wdsmcast")))
        expect([name for name in wdsmcast_names(options) if name in page], wdsmcast_names(options), "wdsmcast(1)")
        check_bash(options, helps)
        check_text(options, helps)
        tried = check_shells(options)
        check_reproducible(options)
    except Wrong as wrong:
        sys.exit(f"manual_test: {wrong}")
    count = sum(len(one.options) for one in helps)
    print(f"{len(pages)} pages and completion know {count} options; tried in {', '.join(tried)}")


if __name__ == "__main__":
    main()
