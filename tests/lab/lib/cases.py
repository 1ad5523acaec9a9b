"""The frame of a script of named cases: which are run, and one line of each, with what was seen."""

import dataclasses
import time

from .workspace import LabError


@dataclasses.dataclass(frozen=True)
class Case:
    """`run` takes the options, returns what it saw and raises LabError if that is wrong."""
    run: object
    title: str


def describe(cases):
    """For --help."""
    width = max(map(len, cases)) + 2
    return "".join(f"  {name:<{width}}{case.title}\n" for name, case in cases.items())


def add_option(arguments, cases):
    arguments.add_argument("--case", nargs="+", choices=cases, default=list(cases), metavar="CASE",
                           help="only these (default: all)")


def run_each(runs):
    """`runs`: of each its name, and a function that returns what it saw. Goes on after a failure, and fails
    at the end."""
    width = max(len(name) for name, _ in runs)
    failed = []
    for name, run in runs:
        started = time.monotonic()
        try:
            verdict, seen = "PASS", run()
        except LabError as error:
            verdict, seen = "FAIL", str(error)
            failed.append(name)
        print(f"{verdict}  {name:<{width}}  {time.monotonic() - started:5.1f} s  {seen}")
    if failed:
        raise LabError(f"{len(failed)} of {len(runs)} cases failed: {', '.join(failed)}")


def run_chosen(options, cases):
    run_each([(name, lambda case=cases[name]: case.run(options)) for name in options.case])
