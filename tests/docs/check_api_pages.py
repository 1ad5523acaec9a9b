#!/usr/bin/env python3
"""Checks docs/api against the public headers, so that neither can change alone.

    check_api_pages.py [ROOT]       check ROOT (default: this repository)
    check_api_pages.py --self-test  plant one mistake of each kind and see it reported

  1. Each function of api/wdstci.h and api/fleetcast_ext.h and each callback type has a page
     docs/api/NAME.md, and no page is left of something that is gone.
  2. A page has one line about it, then the headings of HEADINGS, in this order, none empty.
  3. `Syntax` is the declaration; `Parameters` has a row for each parameter; `Return values` names
     ERROR_SUCCESS where the function returns a code; all codes are in api/wdserror.h.
  4. README.md of the folder lists each page.
  5. The table of errors.md holds exactly the codes of api/wdserror.h, with their values.
"""

import re
import shutil
import sys
import tempfile
from pathlib import Path

HEADERS = ["api/wdstci.h", "api/fleetcast_ext.h"]
ERRORS = "api/wdserror.h"
PAGES = "docs/api"
GENERAL = {"README.md", "threads.md", "lifetime.md", "errors.md", "differences.md", "tutorial.md",
           "conformance.md"}
HEADINGS = ["Syntax", "Parameters", "Return values", "Remarks", "Thread", "See also"]

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
FUNCTION = re.compile(r"FLEETCAST_EXPORT\s+([\w\s*]+?)\s*WDSTCIAPI\s+(\w+)\s*\(([^)]*)\)\s*;")
CALLBACK = re.compile(r"typedef\s+(?:VOID|DWORD)\s*\(\s*CALLBACK\s*\*\s*(PFN_\w+)\s*\)\s*\(([^)]*)\)\s*;")
DEFINE = re.compile(r"^#define ((?:ERROR|WAIT|RPC)_\w+) (\d+)$", re.MULTILINE)
CODE_NAME = re.compile(r"\b(?:ERROR|WAIT|RPC_S)_[A-Z_]+\b")
ERROR_ROW = re.compile(r"^\| (\d+) \| `(\w+)` \|", re.MULTILINE)


class Declaration:
    def __init__(self, name, result, parameters, text):
        self.name = name
        self.returns_code = result == "DWORD"
        self.parameters = [re.search(r"(\w+)\s*$", one).group(1)
                           for one in parameters.split(",") if one.strip() not in ("", "void")]
        self.tokens = tokens(text)


def tokens(text):
    """What a compiler reads, without what only the library's own build needs."""
    plain = re.sub(r"\b(FLEETCAST_EXPORT|WDSTCIAPI)\b", " ", COMMENT.sub(" ", text))
    return re.findall(r"\w+|[^\s\w]", plain)


def declarations(root):
    for header in HEADERS:
        text = COMMENT.sub(" ", (root / header).read_text(encoding="utf-8"))
        for found in FUNCTION.finditer(text):
            yield Declaration(found.group(2), found.group(1).strip(), found.group(3), found.group())
        for found in CALLBACK.finditer(text):
            yield Declaration(found.group(1), "VOID", found.group(2), found.group())


def error_codes(root):
    text = (root / ERRORS).read_text(encoding="utf-8")
    return {name: int(value) for name, value in DEFINE.findall(text)}


def sections(text):
    """(title, the text before the first heading, [(heading, text)])."""
    parts = re.split(r"^(#{1,2}) (.*)$", text, flags=re.MULTILINE)
    if parts[0].strip() or parts[1:2] != ["#"]:
        return None, text, []
    return (parts[2].strip(), parts[3].strip(),
            [(parts[i + 1].strip(), parts[i + 2].strip()) for i in range(4, len(parts), 3)])


def problems_of_page(declared, text, codes):
    title, summary, parts = sections(text)
    if title != declared.name:
        yield f"its title is '{title}', not '{declared.name}'"
    if not summary or "\n" in summary:
        yield "there must be exactly one line between the title and the first heading"
    if [heading for heading, _ in parts] != HEADINGS:
        yield f"its headings are {[heading for heading, _ in parts]}, not {HEADINGS}"
        return
    section = dict(parts)
    for heading, content in parts:
        if not content:
            yield f"'{heading}' is empty"
    syntax = re.fullmatch(r"```c\n(.*)\n```", section["Syntax"], re.DOTALL)
    if not syntax or tokens(syntax.group(1)) != declared.tokens:
        yield "'Syntax' is not the declaration in the header"
    # The first table is that of the parameters; others tell of fields and values.
    rows = re.findall(r"^\| `(\w+)` \|", section["Parameters"].split("\n\n")[0], re.MULTILINE)
    if rows != declared.parameters:
        yield f"'Parameters' has rows for {rows}, not {declared.parameters}"
    if declared.returns_code and "`ERROR_SUCCESS`" not in section["Return values"]:
        yield "'Return values' does not name ERROR_SUCCESS"
    for name in sorted(set(CODE_NAME.findall(text)) - codes.keys()):
        yield f"{name} is not in {ERRORS}"


def problems_of_errors(text, codes):
    rows = [(name, int(value)) for value, name in ERROR_ROW.findall(text)]
    for name, value in rows:
        if codes.get(name) != value:
            yield f"{name} with {value} is not in {ERRORS}"
    for name in codes:
        if [row for row, _ in rows].count(name) != 1:
            yield f"{name} does not have exactly one row"


def problems(root):
    root = Path(root)
    folder = root / PAGES
    codes = error_codes(root)
    declared = {one.name: one for one in declarations(root)}
    index = (folder / "README.md").read_text(encoding="utf-8")
    for name, one in declared.items():
        page = folder / f"{name}.md"
        if not page.exists():
            yield f"{PAGES}/{name}.md is missing"
            continue
        for problem in problems_of_page(one, page.read_text(encoding="utf-8"), codes):
            yield f"{PAGES}/{name}.md: {problem}"
        if f"]({name}.md)" not in index:
            yield f"{PAGES}/README.md does not list {name}"
    for page in sorted(folder.glob("*.md")):
        if page.stem not in declared and page.name not in GENERAL:
            yield f"{PAGES}/{page.name} describes nothing that is declared"
    for name in sorted(GENERAL):
        if not (folder / name).exists():
            yield f"{PAGES}/{name} is missing"
    errors = (folder / "errors.md").read_text(encoding="utf-8")
    for problem in problems_of_errors(errors, codes):
        yield f"{PAGES}/errors.md: {problem}"


def self_test():
    source = Path(__file__).resolve().parents[2]
    cancel = f"{PAGES}/WdsTransportClientCancelSession.md"
    # (file, what is there, what stands there instead)
    mistakes = [
        (cancel, "# Wds", "# Wbs"),
        (cancel, "\n\n## Syntax", "\nA second line.\n\n## Syntax"),
        (cancel, "## Remarks", "## Notes"),
        (cancel, "HANDLE hSessionKey)", "HANDLE hKey)"),
        (cancel, "| `hSessionKey` |", "| `hSession` |"),
        (cancel, "`ERROR_SUCCESS`", "0"),
        (cancel, "ERROR_INVALID_HANDLE", "ERROR_INVALID_HANDEL"),
        (f"{PAGES}/README.md", "](WdsTransportClientCancelSession.md)", "](threads.md)"),
        (f"{PAGES}/errors.md", "| 1223 |", "| 1222 |"),
        (f"{PAGES}/errors.md", "| 1223 | `ERROR_CANCELLED`", "1223: ERROR_CANCELLED"),
        ("api/fleetcast_ext.h", "FleetcastVersion(void);",
         "FleetcastVersion(void); FLEETCAST_EXPORT DWORD WDSTCIAPI FleetcastNew(HANDLE hKey);"),
        ("api/wdstci.h", "FLEETCAST_EXPORT DWORD WDSTCIAPI WdsTransportClientShutdown(void);", ""),
    ]
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        for folder in ("api", PAGES):
            shutil.copytree(source / folder, root / folder)
        for file, before, after in mistakes:
            path = root / file
            text = path.read_text(encoding="utf-8")
            if before not in text:
                sys.exit(f"check_api_pages.py: {file} lacks '{before}': correct the self-test")
            path.write_text(text.replace(before, after), encoding="utf-8")
            if not list(problems(root)):
                sys.exit(f"check_api_pages.py: not reported: '{after}' in {file}")
            path.write_text(text, encoding="utf-8")


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parents[2])
    found = list(problems(root))
    print("\n".join(found) or "docs/api describes what the headers declare")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
