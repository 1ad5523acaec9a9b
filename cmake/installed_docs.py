#!/usr/bin/env python3
"""Copies the documentation as it is installed: pages whose links lead to what is installed with them.

    installed_docs.py --into DIRECTORY     makes DIRECTORY with README.md, SECURITY.md, CHANGELOG.md and docs/

A link to something that stays behind, such as a source file, becomes its text. Files keep their names, so tests/docs/
check_links.py can look at the result.
"""

import argparse
import re
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INSTALLED = ("README.md", "SECURITY.md", "CHANGELOG.md", "docs")
LINK = re.compile(r"\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:")


def is_installed(page, target):
    if SCHEME.match(target) or target.startswith("#"):
        return True
    place = (page.parent / target.partition("#")[0]).resolve()
    return any(place == ROOT / name or place.is_relative_to(ROOT / name) for name in INSTALLED)


def with_links_that_work(page):
    def kept(found):
        return found.group() if is_installed(page, found.group(2)) else found.group(1)
    return LINK.sub(kept, page.read_text(encoding="utf-8"))


def copy(source, target):
    """A file that is left alone unless it is a page."""
    if Path(source).suffix == ".md":
        Path(target).write_text(with_links_that_work(Path(source)), encoding="utf-8")
    else:
        shutil.copyfile(source, target)
    return target


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--into", required=True, type=Path)
    into = parser.parse_args().into
    into.mkdir(parents=True)
    for name in INSTALLED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, into / name, copy_function=copy)
        else:
            copy(ROOT / name, into / name)


if __name__ == "__main__":
    main()
