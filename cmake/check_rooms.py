#!/usr/bin/env python3
"""Draws each folder as rooms with includes between them, and refuses circles.

    check_rooms.py [ROOT]          print and check the folders of ROOT (default: this repository)
    check_rooms.py --self-test     plant circles and see them refused

A room is a folder, or, of the files that lie in the folder itself, a source with its header. For each folder with rooms
in it: how many rooms there are, how many include edges between them, on how many levels they stand (one above all that
it includes), and the circles. An edge inside a circle is one that goes up: without it there would be none.
"""

import sys
from pathlib import Path

from check_layering import LAYERS, Tree, planted, run


def room_of(name, folder):
    """The room in `folder` that a file is in; None: another folder's."""
    if not name.startswith(folder + "/"):
        return None
    rest = Path(name[len(folder) + 1:])
    return rest.parts[0] if len(rest.parts) > 1 else rest.stem


def edges_in(tree, folder):
    """room -> the rooms that it includes."""
    result = {}
    for name in tree.text:
        if (here := room_of(name, folder)) is None:
            continue
        found = result.setdefault(here, set())
        for _, ours, _ in tree.includes[name]:
            there = ours and room_of(ours, folder)
            if there and there != here:
                found.add(there)
    return {room: {other for other in others if other in result} for room, others in result.items()}


def circles_in(edges):
    """Sets of rooms that include each other, by Tarjan's algorithm; it recurses, since rooms are few."""
    index, low, stack, found = {}, {}, [], []

    def visit(room):
        index[room] = low[room] = len(index)
        stack.append(room)
        for other in sorted(edges[room]):
            if other not in index:
                visit(other)
                low[room] = min(low[room], low[other])
            elif other in stack:
                low[room] = min(low[room], index[other])
        if low[room] == index[room]:
            circle = set()
            while True:
                circle.add(other := stack.pop())
                if other == room:
                    break
            if len(circle) > 1:
                found.append(circle)

    for room in sorted(edges):
        if room not in index:
            visit(room)
    return found


def levels_of(edges, circles):
    """How many levels there are, what is in a circle counted as one room."""
    home = {room: min(circle) for circle in circles for room in circle}
    known = {}

    def level(room):
        if room not in known:
            members = [other for other in edges if home.get(other, other) == room]
            below = {home.get(other, other) for member in members for other in edges[member]} - {room}
            known[room] = 1 + max((level(other) for other in below), default=0)
        return known[room]

    return max((level(home.get(room, room)) for room in edges), default=0)


def folders_of(tree):
    """The top folders, and every folder in them."""
    folders = set(LAYERS)
    for name in tree.text:
        parts = Path(name).parts
        folders.update("/".join(parts[:depth]) for depth in range(2, len(parts)))
    return sorted(folders)


def check(root, out=sys.stdout):
    tree = Tree(root.resolve())
    problems = []
    for folder in folders_of(tree):
        edges = edges_in(tree, folder)
        if len(edges) < 2:
            continue
        circles = circles_in(edges)
        upward = sum(1 for circle in circles for room in circle for other in edges[room] if other in circle)
        print(f"{folder + '/':24} {len(edges):3} rooms {sum(map(len, edges.values())):4} edges"
              f" {levels_of(edges, circles):3} levels {upward:3} upward {len(circles):3} circles", file=out)
        problems += [f"{folder}/: a circle of {', '.join(sorted(circle))}" for circle in circles]
    return problems


def self_test():
    def problems_of(files):
        with open("/dev/null", "w", encoding="utf-8") as nowhere:
            return planted(files, lambda root: check(root, nowhere))

    clean = {"protocol/a/x.hpp": "", "protocol/b/y.hpp": '#include "protocol/a/x.hpp"\n', "protocol/z.hpp": ""}
    of_folders = {**clean, "protocol/a/w.cpp": '#include "protocol/b/y.hpp"\n'}
    of_files = {**clean, "protocol/a/x.cpp": '#include "protocol/a/v.hpp"\n',
                "protocol/a/v.hpp": '#include "protocol/a/x.hpp"\n'}
    if problems_of(clean) or not all(map(problems_of, (of_folders, of_files))):
        sys.exit("check_rooms self-test: a clean tree is refused, or a circle is not")


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], __doc__, check, self_test))
