#!/usr/bin/env python3
"""Which rule of the API is proven by which test, and which error code.

    conformance_table.py TESTS...            check; TESTS are GoogleTest programs, asked for their tests
    conformance_table.py --update TESTS...   write docs/api/conformance.md anew
    conformance_table.py --self-test         plant one mistake of each kind and see it reported

For example: tests/conformance/conformance_table.py --update build/release/test-bin/{conformance,unit}_tests

A test proves the rules whose numbers its name holds (R_CAN_8), and produces the codes it holds
(CODE_1223). Rules are listed in tests/conformance/ids.txt, codes in docs/api/errors.md. An error is:
a rule without a test and without a reason, a rule with both, a code without a test, a test that names a
rule or a code that is not listed, a table that is not what is generated. Disabled tests prove nothing.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IDS = "tests/conformance/ids.txt"
ERRORS = "docs/api/errors.md"
TABLE = "docs/api/conformance.md"

ID_LINE = re.compile(r"^([WCR]-[A-Z]+-\d+)\s+(\S.*)$")
REASON = re.compile(r"^\s+untested: (\S.*)$")
CODE_ROW = re.compile(r"^\| (\d+) \| `(\w+)` \|", re.MULTILINE)
NUMBER = re.compile(r"(?<![A-Za-z0-9])([WCR])_([A-Z]+)_(\d+)(?![A-Za-z0-9])")
CODE = re.compile(r"(?<![A-Za-z0-9])CODE_(\d+)(?![A-Za-z0-9])")

INTRODUCTION = """\
# Conformance: rules, codes and their tests

Made by `tests/conformance/conformance_table.py --update`; do not edit. A test checks that nothing is
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


def read_tests(listing):
    """Full names of the tests in what --gtest_list_tests prints."""
    names, suite = [], ""
    for line in listing.splitlines():
        plain = line.split("#")[0].rstrip()
        if plain and not plain.startswith(" "):
            suite = plain
        elif plain and "DISABLED_" not in suite + plain:
            names.append(suite + plain.strip())
    return names


def ask_for_tests(program):
    done = subprocess.run([program, "--gtest_list_tests"], check=True, capture_output=True, text=True,
                          timeout=60)
    return read_tests(done.stdout)


def numbers_in(test):
    return {"-".join(parts) for parts in NUMBER.findall(test)}


def codes_in(test):
    return {int(code) for code in CODE.findall(test)}


def group(tests, keys_of):
    """key -> tests that hold it. Parameters that do not matter are written as '*'."""
    result = {}
    for test in tests:
        name, slash, parameter = test.rpartition("/")
        is_instance = slash and "." in name
        for key in keys_of(test):
            shown = f"{name}/*" if is_instance and key in keys_of(name) else test
            result.setdefault(key, [])
            if shown not in result[key]:
                result[key].append(shown)
    return result


def cell(tests):
    return "<br>".join(f"`{test}`" for test in sorted(tests))


def table(sections, codes, tests):
    proven, produced = group(tests, numbers_in), group(tests, codes_in)
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


def problems(sections, codes, tests, written):
    proven, produced = group(tests, numbers_in), group(tests, codes_in)
    rules = {rule.number: rule for _, listed in sections for rule in listed}
    known_codes = {code for code, _ in codes}
    for number, rule in rules.items():
        if rule.reason and number in proven:
            yield f"{number} has tests and a reason why it has none: {proven[number][0]}"
        if not rule.reason and number not in proven:
            yield f"no test names {number}: {rule.text}"
    for number in sorted(proven.keys() - rules.keys()):
        yield f"{proven[number][0]} names {number}, which is not in {IDS}"
    for code in sorted(known_codes - produced.keys()):
        yield f"no test names CODE_{code}"
    for code in sorted(produced.keys() - known_codes):
        yield f"{produced[code][0]} names CODE_{code}, which is not in {ERRORS}"
    if table(sections, codes, tests) != written:
        yield f"{TABLE} is stale: run {Path(__file__).name} --update"


def read_codes(text):
    return [(int(code), name) for code, name in CODE_ROW.findall(text)]


def self_test():
    ids = "== A\nW-A-1 One.\nR-A-12 Two.\n  untested: because\n"
    errors = "| 0 | `ERROR_SUCCESS` | fine |\n| 13 | `ERROR_INVALID_DATA` | bad |\n"
    listing = "Suite.\n  W_A_1_CODE_0_Works\nEach/P.\n  Ends/CODE_13  # GetParam() = 4\n"
    good = table(read_rules(ids), read_codes(errors), read_tests(listing))

    def found(ids=ids, errors=errors, listing=listing, written=good):
        return list(problems(read_rules(ids), read_codes(errors), read_tests(listing), written))

    if found():
        sys.exit(f"conformance_table.py: reported without a mistake: {found()}")
    mistakes = {
        "no test": {"listing": listing.replace("W_A_1_", "")},
        "a disabled test": {"listing": listing.replace("  W_A_1", "  DISABLED_W_A_1")},
        "a longer number": {"listing": listing.replace("W_A_1_", "W_A_11_")},
        "an unknown rule": {"listing": listing + "  C_NO_1_Test\n"},
        "a test in spite of a reason": {"listing": listing + "  R_A_12_Test\n"},
        "no test of a code": {"listing": listing.replace("CODE_13", "Thirteen")},
        "an unknown code": {"listing": listing + "  CODE_14\n"},
        "a code without a row": {"errors": errors.replace("| 13 |", "| 14 |")},
        "another text": {"ids": ids.replace("One.", "First.")},
        "a test more": {"listing": listing + "  W_A_1_Too\n"},
        "an edited table": {"written": good.replace("One.", "Won.")},
    }
    for name, mistake in mistakes.items():
        if not found(**mistake):
            sys.exit(f"conformance_table.py: not reported: {name}")
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
        tests = [test for program in programs for test in ask_for_tests(program)]
    except (ValueError, OSError, subprocess.SubprocessError) as error:
        sys.exit(f"conformance_table.py: {error}")
    codes = read_codes((ROOT / ERRORS).read_text(encoding="utf-8"))
    path = ROOT / TABLE
    if update:
        path.write_text(table(sections, codes, tests), encoding="utf-8")
    written = path.read_text(encoding="utf-8") if path.exists() else ""
    found = list(problems(sections, codes, tests, written))
    print("\n".join(found) or "every rule and every code has its test")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
