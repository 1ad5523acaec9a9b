#!/usr/bin/env python3
"""Installs Fleetcast, moves it, and uses it as a stranger would.

    package_test.py --build build/release [--cmake cmake]

The examples that were installed are built out of tree, by CMake and by pkg-config and make, against
the moved package, and receive a file from the installed `fleetcast serve` over loopback.
"""

import argparse
import os
import re
import shutil
import signal
import socket
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "lab"))

# pylint: disable=wrong-import-position
from lib import files, script  # noqa: E402
from lib.fleetcast import Server  # noqa: E402
from lib.workspace import LabError, Workspace  # noqa: E402

SIZE = 3 * (1 << 20) + 1234
SLOW_SIZE = 64 << 20
SLOW_RATE = 4_000_000  # bits a second: minutes for SLOW_SIZE, whatever the machine
COLLIDING_SIZE = 1 << 20
COLLIDING_RATE = 8_000_000  # a second: long enough that two which are started at once are under way at once
SECONDS = 120
HEADERS = ("wdstci.h", "wdserror.h", "wdsmcerr.h", "wdscompat.h", "fleetcast_ext.h")
STRICT = "-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"
SYSTEM_LIBRARIES = ("libc.so", "libm.so", "libstdc++.so", "libgcc_s.so", "ld-linux")


def require(condition, text):
    if not condition:
        raise LabError(text)


def run(argv, cwd=None, environment=None):
    """Runs a tool to its end; its complaint becomes the error."""
    argv = [str(argument) for argument in argv]
    done = subprocess.run(argv, cwd=cwd, env=environment, capture_output=True, text=True,
                          check=False)
    require(done.returncode == 0, f"`{' '.join(argv)}` failed:\n{done.stdout}{done.stderr}")
    return done.stdout


# ---- the package ---------------------------------------------------------------------------------


def install(options, workspace):
    """Into one prefix, then moved to another; the first one is gone."""
    first = os.path.join(workspace.path, "first-prefix")
    run([options.cmake, "--install", options.build, "--prefix", first])
    prefix = os.path.join(workspace.path, "moved", "to", "prefix")
    os.makedirs(os.path.dirname(prefix))
    shutil.move(first, prefix)
    return first, prefix


def installed_files(prefix):
    for folder, _, names in os.walk(prefix):
        for name in names:
            yield os.path.join(folder, name)


def check_no_build_paths(options, first, prefix):
    """Nothing that was installed knows where it was built, or where it was installed first."""
    needles = [os.fsencode(path) for path in (ROOT, os.path.realpath(options.build), first)]
    for path in installed_files(prefix):
        with open(path, "rb") as file:
            content = file.read()
        for needle in needles:
            require(needle not in content,
                    f"{os.path.relpath(path, prefix)} contains the path {needle.decode()}")


def check_contents(prefix):
    present = {os.path.relpath(path, prefix) for path in installed_files(prefix)}
    wanted = {"bin/fleetcast", "lib/libwdstptc.so", "lib/libwdstptc.so.1",
              "lib/cmake/Fleetcast/FleetcastConfig.cmake",
              "lib/cmake/Fleetcast/FleetcastConfigVersion.cmake",
              "lib/cmake/Fleetcast/FleetcastTargets.cmake", "lib/pkgconfig/fleetcast.pc",
              *(f"lib/systemd/system/fleetcast-{name}.service" for name in ("agent", "serve")),
              "lib/sysusers.d/fleetcast.conf", "lib/tmpfiles.d/fleetcast.conf",
              "share/doc/fleetcast/examples/server.toml",
              "share/doc/fleetcast/LICENSE", "share/doc/fleetcast/README.md",
              "share/man/man1/fleetcast.1", "share/man/man1/fleetcast-fleet-get.1", "share/man/man1/wdsmcast.1",
              *(f"share/bash-completion/completions/{program}" for program in ("fleetcast", "wdsmcast")),
              *(f"share/zsh/vendor-completions/_{program}" for program in ("fleetcast", "wdsmcast")),
              *(f"share/fish/vendor_completions.d/{program}.fish" for program in ("fleetcast", "wdsmcast")),
              *(f"include/{header}" for header in HEADERS)}
    require(wanted <= present, f"not installed: {', '.join(sorted(wanted - present))}")
    headers = {path for path in present if path.startswith("include/")}
    require(len(headers) == len(HEADERS), f"headers that are not public: {sorted(headers)}")
    for path in installed_files(os.path.join(prefix, "bin")):
        run([path, "--version"])


def check_interface(prefix):
    """What the package is made of is its own affair: users link the one library."""
    environment = {**os.environ, "PKG_CONFIG_PATH": f"{prefix}/lib/pkgconfig"}
    flags = run(["pkg-config", "--cflags", "--libs", "fleetcast"], environment=environment).split()
    # pkg-config keeps ../.. as it stands
    flags = [flag[:2] + os.path.normpath(flag[2:]) if flag[:2] in ("-I", "-L") else flag
             for flag in flags]
    require(flags == [f"-I{prefix}/include", f"-L{prefix}/lib", "-lwdstptc"],
            f"pkg-config says {flags}")
    static = run(["pkg-config", "--print-requires", "--print-requires-private", "fleetcast"],
                 environment=environment)
    require(not static.strip(), f"the pkg-config file requires {static}")
    for path in installed_files(os.path.join(prefix, "lib", "cmake")):
        with open(path, encoding="utf-8") as file:
            leak = re.search(r"CAF|Boost|CapnProto|OpenSSL|fmt::|spdlog|ISAL|find_dependency",
                             file.read())
        require(leak is None, f"{path} wants {leak and leak.group()} of its users")


def check_languages(workspace, prefix):
    """A program in the style of Windows compiles in C and C++, and one with another width of text than it says does not."""
    style = os.path.join(ROOT, "tests", "conformance", "windows_style.c")
    mixed = os.path.join(workspace.path, "mixed.c")
    with open(mixed, "w", encoding="ascii") as file:
        file.write("#define FLEETCAST_UTF16 1\n#include <wdstci.h>\n")
    for compiler in (["cc", "-std=c99"], ["cc", "-std=c11"], ["c++", "-std=c++17", "-x", "c++"]):
        command = [*compiler, "-Wall", "-Wextra", "-Werror", f"-I{prefix}/include", f"-I{ROOT}", "-fsyntax-only"]
        run([*command, style])
        done = subprocess.run([*command, mixed], capture_output=True, text=True, check=False)
        require(done.returncode != 0 and "FLEETCAST_UTF16" in done.stderr,
                f"{' '.join(compiler)} takes text of 16 bits where WCHAR has 32: {done.stderr}")


def check_search_paths(options, prefix):
    """Libraries are looked for beside a program and nowhere else: not where it was built, and not in the
    current directory, which is what an empty element means."""
    folders = [os.path.join(tree, name) for tree in (options.build, prefix)
               for name in ("bin", "lib", "test-bin")]
    for path in (path for folder in folders for path in installed_files(folder)):
        with open(path, "rb") as file:
            if file.read(4) != b"\x7fELF":
                continue
        dynamic = run(["readelf", "--dynamic", "--wide", path])
        for found in re.findall(r"\((?:RUNPATH|RPATH)\).*\[(.*)\]", dynamic):
            for element in found.split(":"):
                require(element.startswith("$ORIGIN"), f"{path} looks for libraries in [{found}]")


# ---- the examples --------------------------------------------------------------------------------


def copy_example(workspace, prefix, name, tool):
    """The installed example, alone in a directory of its own."""
    copy = os.path.join(workspace.path, f"{name}-{tool}")
    shutil.copytree(os.path.join(prefix, "share", "doc", "fleetcast", "examples", name), copy)
    return copy


def build_with_cmake(options, workspace, prefix, name):
    source = copy_example(workspace, prefix, name, "cmake")
    build = os.path.join(source, "build")
    run([options.cmake, "-S", source, "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}",
         f"-DCMAKE_C_FLAGS={STRICT}", f"-DCMAKE_CXX_FLAGS={STRICT}",
         "-DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF"])
    with open(os.path.join(build, "CMakeCache.txt"), encoding="utf-8") as cache:
        require(f"Fleetcast_DIR:PATH={prefix}/" in cache.read(),
                "CMake found another Fleetcast than the one under test")
    run([options.cmake, "--build", build])
    return os.path.join(build, "receive")


def build_with_make(workspace, prefix, name):
    source = copy_example(workspace, prefix, name, "make")
    run(["make", f"PKG_CONFIG_PATH={prefix}/lib/pkgconfig", f"CFLAGS={STRICT}",
         f"CXXFLAGS={STRICT}"], cwd=source)
    return os.path.join(source, "receive")


def check_needed(program):
    """Linked against our library and the system's runtime, nothing else."""
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", run(["readelf", "--dynamic", "--wide", program]))
    strangers = [name for name in needed
                 if name != "libwdstptc.so.1" and not name.startswith(SYSTEM_LIBRARIES)]
    require("libwdstptc.so.1" in needed and not strangers, f"{program} needs {needed}")


# ---- at work -------------------------------------------------------------------------------------


class Examples:
    """The built examples and a server for them."""

    def __init__(self, workspace, prefix, programs):
        self.workspace = workspace
        self.prefix = prefix
        self.programs = programs
        self.source = workspace.directory("source")
        self.target = os.path.join(workspace.directory("target"), "copy")

    def serve(self, name, rate=None):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            listen = f"127.0.0.1:{probe.getsockname()[1]}"
        return Server(self.workspace, os.path.join(self.prefix, "bin"), self.source, listen, "lo",
                      rate=rate, namespace="lab", state_dir=self.workspace.directory(name))

    def start(self, label, server, name, wrap=()):
        argv = [*wrap, self.programs[label], server.listen, "lab", name, self.target]
        return self.workspace.start(label, argv)

    def said(self, program):
        return "\n".join(program.lines)

    def nothing_left(self, label):
        left = os.listdir(os.path.dirname(self.target))
        require(not left, f"{label} left {left} behind")

    def receive(self, label, server, name, digest):
        program = self.start(label, server, name)
        status = program.wait(SECONDS)
        require(status == 0, f"{label} ended with {status}: {self.said(program)}")
        require(files.sha256(self.target) == digest, f"{label} received other bytes than were sent")
        os.remove(self.target)
        self.nothing_left(label)

    def collide(self, label, server, digests):
        """Two at once onto one target, each with an object of its own: what is there in the end comes from the last that succeeded, and
        who does not end well says why."""
        both = {name: self.start(label, server, name) for name in digests}
        for name, program in both.items():
            status = program.wait(SECONDS)
            require(status == 0 or (status == 1 and "receive: " in self.said(program)),
                    f"{label} ended with {status} for {name}: {self.said(program)}")
        require(max(one.started_at for one in both.values()) < min(one.ended_at for one in both.values()),
                f"{label}: the two did not run at once")
        good = [digests[name] for name, program in both.items() if program.status == 0]
        require(good, f"{label}: none of two at once ended well")
        require(files.sha256(self.target) in good, f"{label}: two at once left what neither of them received")
        os.remove(self.target)
        self.nothing_left(label)

    def fail(self, label, server):
        """An object that is not there: the code's name, and the story with its name in it."""
        program = self.start(label, server, "no-such-object")
        status = program.wait(SECONDS)
        said = self.said(program)
        require(status == 1, f"{label} ended with {status}, not with 1: {said}")
        require("ERROR_FILE_NOT_FOUND" in said and "no-such-object" in said,
                f"{label} does not tell what is missing: {said}")
        self.nothing_left(label)

    def overflow(self, label, server, name):
        """A file that may not grow as large as the object: the write fails midway."""
        small = ["sh", "-c", "trap '' XFSZ; ulimit -f 1024; exec \"$@\"", "sh"]
        program = self.start(label, server, name, small)
        status = program.wait(SECONDS)
        said = self.said(program)
        require(status == 1 and "File too large" in said,
                f"{label} ended with {status} and did not tell why it could not write: {said}")
        self.nothing_left(label)

    def interrupt(self, label, server, name):
        program = self.start(label, server, name)
        program.wait_until(lambda: any("%" in line for line in program.lines), SECONDS,
                           "it showed progress")
        program.signal(signal.SIGINT)
        status = program.wait(SECONDS)
        said = self.said(program)
        require(status == 130, f"{label} ended with {status} on SIGINT, not with 130: {said}")
        require("ERROR_CANCELLED" in said, f"{label} does not tell that it was cancelled: {said}")
        self.nothing_left(label)


def use_examples(examples):
    digests = {"image": files.make_random_file(os.path.join(examples.source, "image"), SIZE),
               "empty": files.make_random_file(os.path.join(examples.source, "empty"), 0)}
    server = examples.serve("state")
    for label in examples.programs:
        for name, digest in digests.items():
            examples.receive(label, server, name, digest)
        examples.fail(label, server)
        examples.overflow(label, server, "image")
        print(f"{label}: receives, and tells what went wrong")
    server.stop()

    digests = {name: files.make_random_file(os.path.join(examples.source, name), COLLIDING_SIZE)
               for name in ("one", "another")}
    steady = examples.serve("steady-state", COLLIDING_RATE)
    for label in ("c99 by make", "cpp20 by make"):
        examples.collide(label, steady, digests)
        print(f"{label}: two at once onto one target leave a whole copy")
    steady.stop()

    files.make_sparse_file(os.path.join(examples.source, "large"), SLOW_SIZE)
    slow = examples.serve("slow-state", SLOW_RATE)
    examples.interrupt("cpp20 by CMake", slow, "large")
    print("cpp20: SIGINT cancels and leaves nothing behind")
    slow.stop()


def test():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True, help="a complete build")
    parser.add_argument("--cmake", default="cmake")
    options = parser.parse_args()
    with Workspace() as workspace:
        # Servers are pinned here, not in the user's own file; and nothing of the user's is found.
        os.environ["HOME"] = workspace.directory("home")
        for name in ("XDG_CONFIG_HOME", "LD_LIBRARY_PATH", "PKG_CONFIG_PATH", "CMAKE_PREFIX_PATH"):
            os.environ.pop(name, None)
        first, prefix = install(options, workspace)
        check_contents(prefix)
        check_no_build_paths(options, first, prefix)
        check_interface(prefix)
        check_languages(workspace, prefix)
        check_search_paths(options, prefix)
        programs = {}
        for name in ("c99", "cpp20"):
            programs[f"{name} by CMake"] = build_with_cmake(options, workspace, prefix, name)
            programs[f"{name} by make"] = build_with_make(workspace, prefix, name)
        for program in programs.values():
            check_needed(program)
        print(f"installed, moved, and built against: {', '.join(programs)}")
        use_examples(Examples(workspace, prefix, programs))


if __name__ == "__main__":
    script.main(test)
