#!/usr/bin/env python3
"""Which rule of the API is proven by which test, and which error code.

    conformance_table.py TESTS...            check; TESTS are GoogleTest programs, which are run: PROGRAM[=FILTER]
    conformance_table.py --update TESTS...   write docs/api/conformance.md anew
    conformance_table.py --self-test         plant one mistake of each kind and see it reported

The build's target conformance_table does the second for all of them.

A test says what it proves by tests/support/proves.hpp: rules (R-CAN-8) and the error codes that it produces (CODE-1223). It
proves them if it passes. Rules are listed in tests/conformance/ids.txt, codes in docs/api/errors.md. An error is: a rule
without a test and without a reason, a rule with both, a code without a test, a test that names a rule or a code that is not
listed, a test that failed, a table that is not what is generated.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IDS = "tests/conformance/ids.txt"
ERRORS = "docs/api/errors.md"
TABLE = "docs/api/conformance.md"

ID_LINE = re.compile(r"^([WCR]-[A-Z]+-\d+)\s+(\S.*)$")
REASON = re.compile(r"^\s+untested: (\S.*)$")
CODE_ROW = re.compile(r"^\| (\d+) \| `(\w+)` \|", re.MULTILINE)
NUMBER = re.compile(r"[WCR]-[A-Z]+-\d+")
CODE = re.compile(r"CODE-(\d+)")

INTRODUCTION = """\
# Conformance: rules, codes and their tests

Made by the build's target `conformance_table`; do not edit. A test checks that nothing is
missing here and nothing stale. Run one with `ctest --test-dir build/release -R NAME`.

W- and C- rules are documented for Windows or declared in its headers, R- rules are ours
([README.md](README.md#how-to-read-a-page)). A rule marked "Open:" is a question that the documents
leave; its tests are those of our answer.
"""


class Rule:
    def __init__(self, number, text):
        self.number = number
        self.text = text
        self.reason = None


def read_rules(text):
    """[(section, [rule])]; raises ValueError where it makes no sense."""
    sections, seen = [], set()
    for count, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("== "):
            sections.append((line[3:].strip(), []))
        elif found := ID_LINE.match(line):
            if not sections or found.group(1) in seen:
                raise ValueError(f"line {count}: no section, or {found.group(1)} for the second time")
            seen.add(found.group(1))
            sections[-1][1].append(Rule(*found.groups()))
        elif (found := REASON.match(line)) and sections and sections[-1][1]:
            sections[-1][1][-1].reason = found.group(1)
        else:
            raise ValueError(f"line {count} makes no sense: {line}")
    return sections


def read_tests(report):
    """{test: what it says that it proves}, of those that ran; raises ValueError if one failed."""
    proofs = {}
    for suite in report["testsuites"]:
        for test in suite["testsuite"]:
            name = f"{suite['name']}.{test['name']}"
            if test.get("failures"):
                raise ValueError(f"{name} failed, so it proves nothing")
            if test["result"] == "COMPLETED":
                proofs[name] = test.get("proves", "").split()
    return proofs


def run_tests(program):
    path, _, chosen = program.partition("=")
    with tempfile.TemporaryDirectory() as directory:
        report = os.path.join(directory, "report.json")
        subprocess.run([path, "--gtest_brief=1", f"--gtest_filter={chosen or '*'}", f"--gtest_output=json:{report}"],
                       stdout=subprocess.DEVNULL, check=False, timeout=240)
        with open(report, encoding="utf-8") as file:
            return read_tests(json.load(file))


def group(proofs, key_of):
    """key -> tests that prove it. Parameters that do not matter are written as '*'."""
    result = {}
    for test, said in proofs.items():
        for key in map(key_of, said):
            if key is not None:
                result.setdefault(key, []).append(test)
    return {key: sorted(set(merged(tests))) for key, tests in result.items()}


def merged(tests):
    plain = [test.rpartition("/")[0] if "." in test.rpartition("/")[0] else test for test in tests]
    return [f"{name}/*" if plain.count(name) > 1 else test for name, test in zip(plain, tests)]


def number_of(word):
    return word if NUMBER.fullmatch(word) else None


def code_of(word):
    found = CODE.fullmatch(word)
    return int(found.group(1)) if found else None


def cell(tests):
    return "<br>".join(f"`{test}`" for test in tests)


def table(sections, codes, proofs):
    proven, produced = group(proofs, number_of), group(proofs, code_of)
    lines = [INTRODUCTION]
    for title, rules in sections:
        lines += [f"## {title}", "", "| Rule | | Tests |", "| --- | --- | --- |"]
        for rule in rules:
            by = f"none: {rule.reason}" if rule.reason else cell(proven.get(rule.number, []))
            lines.append(f"| {rule.number} | {rule.text} | {by} |")
        lines.append("")
    lines += ["## Codes", "", "What each means and what to do is in [errors.md](errors.md).", "",
              "| Code | Name | Tests |", "| --- | --- | --- |"]
    lines += [f"| {code} | `{name}` | {cell(produced.get(code, []))} |" for code, name in codes]
    return "\n".join(lines) + "\n"


def problems(sections, codes, proofs, written):
    proven, produced = group(proofs, number_of), group(proofs, code_of)
    rules = {rule.number: rule for _, listed in sections for rule in listed}
    known_codes = {code for code, _ in codes}
    for number, rule in rules.items():
        if rule.reason and number in proven:
            yield f"{number} has tests and a reason why it has none: {proven[number][0]}"
        if not rule.reason and number not in proven:
            yield f"no test proves {number}: {rule.text}"
    for number in sorted(proven.keys() - rules.keys()):
        yield f"{proven[number][0]} names {number}, which is not in {IDS}"
    for code in sorted(known_codes - produced.keys()):
        yield f"no test produces code {code}"
    for code in sorted(produced.keys() - known_codes):
        yield f"{produced[code][0]} names code {code}, which is not in {ERRORS}"
    for test, said in proofs.items():
        for word in said:
            if not number_of(word) and code_of(word) is None:
                yield f"{test} says that it proves {word}, which is neither a rule nor a code"
    if table(sections, codes, proofs) != written:
        yield f"{TABLE} is stale: build the target conformance_table"


def read_codes(text):
    return [(int(code), name) for code, name in CODE_ROW.findall(text)]


def self_test():
    ids = "== A\nW-A-1 One.\nR-A-12 Two.\n  untested: because\n"
    errors = "| 0 | `ERROR_SUCCESS` | fine |\n| 13 | `ERROR_INVALID_DATA` | bad |\n"
    report = [("Suite", "Works", "W-A-1 CODE-0"), ("Each/P", "Ends/Code13", "CODE-13")]

    def run(tests, **other):
        return read_tests({"testsuites": [
            {"name": suite, "testsuite": [{"name": name, "result": "COMPLETED", "proves": said, **other}]}
            for suite, name, said in tests]})

    def changed(old, new):
        return run([(suite, name, said.replace(old, new)) for suite, name, said in report])

    def more(said):
        return run([*report, ("Suite", "More", said)])

    good = table(read_rules(ids), read_codes(errors), run(report))

    def found(ids=ids, errors=errors, tests=None, written=good):
        tests = run(report) if tests is None else tests
        return list(problems(read_rules(ids), read_codes(errors), tests, written))

    if found():
        sys.exit(f"conformance_table.py: reported without a mistake: {found()}")
    mistakes = {
        "no test": {"tests": changed("W-A-1 ", "")},
        "a test that did not run": {"tests": run(report, result="SKIPPED")},
        "a longer number": {"tests": changed("W-A-1 ", "W-A-11 ")},
        "an unknown rule": {"tests": more("C-NO-1")},
        "neither rule nor code": {"tests": more("W_A_1")},
        "a test in spite of a reason": {"tests": more("R-A-12")},
        "no test of a code": {"tests": changed("CODE-13", "")},
        "an unknown code": {"tests": more("CODE-14")},
        "a code without a row": {"errors": errors.replace("| 13 |", "| 14 |")},
        "another text": {"ids": ids.replace("One.", "First.")},
        "a test more": {"tests": more("W-A-1")},
        "an edited table": {"written": good.replace("One.", "Won.")},
    }
    for name, mistake in mistakes.items():
        if not found(**mistake):
            sys.exit(f"conformance_table.py: not reported: {name}")
    try:
        run(report, failures=[{}])
        sys.exit("conformance_table.py: not reported: a test that failed")
    except ValueError:
        pass
    for bad in ("W-A-1 No section.\n", ids + "W-A-1 Again.\n", ids + "nonsense\n"):
        try:
            read_rules(bad)
        except ValueError:
            continue
        sys.exit(f"conformance_table.py: taken for a list of rules: {bad!r}")


def main():
    arguments = sys.argv[1:]
    if arguments == ["--self-test"]:
        return self_test()
    update = arguments[:1] == ["--update"]
    programs = arguments[1:] if update else arguments
    if not programs or programs[0].startswith("-"):
        sys.exit(__doc__)
    try:
        sections = read_rules((ROOT / IDS).read_text(encoding="utf-8"))
        proofs = {}
        for program in programs:
            proofs.update(run_tests(program))
    except (ValueError, OSError, subprocess.SubprocessError) as error:
        sys.exit(f"conformance_table.py: {error}")
    codes = read_codes((ROOT / ERRORS).read_text(encoding="utf-8"))
    path = ROOT / TABLE
    if update:
        path.write_text(table(sections, codes, proofs), encoding="utf-8")
    written = path.read_text(encoding="utf-8") if path.exists() else ""
    found = list(problems(sections, codes, proofs, written))
    print("\n".join(found) or "every rule and every code has its test")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
