#!/usr/bin/env python3
"""Checks that relative links in the repository's *.md files lead somewhere.

    check_links.py [ROOT]        every *.md below ROOT (default: this repository), build/ left out
    check_links.py --self-test   plant a broken link of each kind and see it reported

A link must name an existing file or folder inside ROOT; a #fragment must be a heading of the *.md
file it points into. Links in code are not links. Web addresses are not looked at.
"""

import os
import re
import sys
import tempfile
import urllib.parse
from pathlib import Path

FENCE = re.compile(r"^\s*(```|~~~)")
CODE_SPAN = re.compile(r"(`+)(?:(?!\n\s*\n)[^`])*\1")
LINK = re.compile(r"\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
REFERENCE = re.compile(r"^ {0,3}\[[^\]]+\]:\s+<?([^\s>]+)>?", re.MULTILINE)
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*\s*$")
SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:")


def markdown_files(root):
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders
                            if name != "build" and not (name.startswith(".") and name != ".ci"))
        for name in sorted(names):
            if name.endswith(".md"):
                yield Path(folder) / name


def without_fences(text):
    """The lines, those of fenced blocks empty."""
    result, fenced = [], None
    for line in text.splitlines():
        fence = FENCE.match(line)
        is_edge = fence and fenced in (None, fence.group(1))
        result.append("" if is_edge or fenced else line)
        if is_edge:
            fenced = None if fenced else fence.group(1)
    return result


def blank(span):
    """As many lines, no text."""
    return re.sub(r"[^\n]", "x", span.group())


def links(text):
    """(line number, target) of each link."""
    shown = CODE_SPAN.sub(blank, "\n".join(without_fences(text)))
    for pattern in (LINK, REFERENCE):
        for found in pattern.finditer(shown):
            yield shown.count("\n", 0, found.start(1)) + 1, found.group(1)


def anchors(text):
    """The fragments that a web page of this text would have, as code hosts make them."""
    result = set()
    for line in without_fences(text):
        heading = HEADING.match(line)
        if not heading:
            continue
        title = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.group(1))
        base = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        name, repeats = base, 0
        while name in result:
            repeats += 1
            name = f"{base}-{repeats}"
        result.add(name)
    return result


def problem_of(page, target, root):
    """What is wrong with a link of `page`, or None."""
    if SCHEME.match(target) or target.startswith("//"):
        return None
    if target.startswith("/"):
        return f"'{target}' is absolute; use a relative link"
    path, _, fragment = target.partition("#")
    place = (page.parent / urllib.parse.unquote(path)).resolve() if path else page
    if not place.is_relative_to(root):
        return f"'{target}' leads out of the repository"
    if not place.exists():
        return f"'{target}' leads nowhere"
    if fragment and place.suffix == ".md":
        if fragment not in anchors(place.read_text(encoding="utf-8")):
            return f"'{target}': no such heading in {place.relative_to(root)}"
    return None


def problems(root):
    root = Path(root).resolve()
    for page in markdown_files(root):
        for number, target in links(page.read_text(encoding="utf-8")):
            if problem := problem_of(page, target, root):
                yield f"{page.relative_to(root)}:{number}: {problem}"


def self_test():
    good = "# Title, and *more*\n[a](b.md) [b](folder/) [c](#title-and-more) [d](b.md#x-y)\n" \
           "[web](https://example.org/none.md) `[code](none.md)`\n```\n[code](none.md)\n```\n"
    bad = ["[a](none.md)", "[a](b.md#none)", "[a](#none)", "[a](/b.md)", "[a](../../outside.md)",
           "[ref]: none.md", "- [a](<none.md>)", "[a\nb](none.md)"]
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary) / "repository"
        (root / "folder").mkdir(parents=True)
        (root / "b.md").write_text("# X y\n", encoding="utf-8")
        page = root / "a.md"
        page.write_text(good, encoding="utf-8")
        if found := list(problems(root)):
            sys.exit(f"check_links.py: good links were reported: {found}")
        for text in bad:
            page.write_text(text + "\n", encoding="utf-8")
            if len(list(problems(root))) != 1:
                sys.exit(f"check_links.py: not reported: {text}")


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parents[2])
    found = list(problems(root))
    print("\n".join(found) or "every link leads somewhere")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
