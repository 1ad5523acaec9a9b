#!/usr/bin/env python3
"""`fleetcast bench` as a user starts it, over loopback, without root."""

import argparse
import json
import os
import signal
import subprocess
import tempfile
import unittest

PROGRAM = None
PATIENCE = 120


def command(*arguments):
    return [PROGRAM, "bench", *arguments]


def bench(*arguments):
    return subprocess.run(command(*arguments), capture_output=True, text=True, check=False,
                          timeout=PATIENCE)


class Bench(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def measured(self, *arguments):
        done = bench("--dir", self.directory, "--json", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(os.listdir(self.directory), [])
        return json.loads(done.stdout)

    def test_measures_every_receiver_in_every_round(self):
        figures = self.measured("--size", "8M", "--receivers", "2", "--rounds", "2")
        self.assertEqual(figures["object_bytes"], 8 << 20)
        self.assertEqual([len(one["receivers"]) for one in figures["rounds"]], [2, 2])
        self.assertGreater(figures["median_bits_per_second"], 0)
        self.assertGreater(figures["server_peak_bytes"], 1 << 20)

    def test_injects_loss_and_mends_it(self):
        figures = self.measured("--size", "8M", "--receivers", "1", "--rounds", "1",
                                "--inject-loss", "10")
        [receiver] = figures["rounds"][0]["receivers"]
        # 5,958 source datagrams: far from what chance can do.
        self.assertGreater(receiver["lost_packets"], 200)
        self.assertGreater(receiver["repaired_symbols"], 200)

    def test_runs_without_security(self):
        figures = self.measured("--size", "8M", "--receivers", "2", "--rounds", "1", "--security",
                                "none")
        self.assertEqual(figures["security"], "none")

    def test_prints_a_table(self):
        done = bench("--dir", self.directory, "--size", "1M", "--rounds", "1")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("1.0 MiB to 3 receivers, sealed and verified", done.stdout)
        self.assertIn("median:", done.stdout)

    def test_says_what_it_cannot_do(self):
        for code, word, arguments in ((2, "--size", ["--size", "much"]),
                                      (2, "--receivers", ["--receivers", "0"]),
                                      (2, "--inject-loss", ["--inject-loss", "91"]),
                                      (3, "/nowhere", ["--dir", "/nowhere"]),
                                      (3, "--size", ["--dir", self.directory, "--size", "900G"])):
            with self.subTest(arguments=arguments):
                done = bench(*arguments)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(word, done.stderr)

    def test_a_server_that_is_not_there_fails_the_transfer(self):
        done = bench("--dir", self.directory, "--from", "127.0.0.1:1/lab/image", "--size", "1M",
                     "--interface", "lo")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("receiver 1 ended with 1", done.stderr)
        self.assertEqual(os.listdir(self.directory), [])

    def test_cleans_up_when_it_is_interrupted(self):
        # So slow that it does not end by itself.
        running = subprocess.Popen(command("--dir", self.directory, "--size", "64M", "--rate",
                                           "1000000"),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        with running:
            while not self.children_of(running.pid, at_least=4):
                self.assertIsNone(running.poll(), "it ended by itself")
            children = self.children_of(running.pid)
            running.send_signal(signal.SIGINT)
            running.communicate(timeout=PATIENCE)
        self.assertEqual(running.returncode, 130)
        self.assertEqual(os.listdir(self.directory), [])
        for child in children:
            self.assertFalse(os.path.exists(f"/proc/{child}"), f"process {child} is left")

    @staticmethod
    def children_of(pid, at_least=0):
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            children = file.read().split()
        return children if len(children) >= at_least else []


def main():
    global PROGRAM  # pylint: disable=global-statement
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--program", required=True)
    options, rest = arguments.parse_known_args()
    # Ignored in a script's background, and inherited: the program would not hear it, either.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    PROGRAM = os.path.abspath(options.program)
    unittest.main(argv=["bench_test", *rest])


if __name__ == "__main__":
    main()
