#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Includes go downward only, and cores don't include each other.

usage: check-layers.py ROOT     prints each breach as file:line, exits 1 if there is one
"""
import pathlib
import re
import sys

RANK = {"base": 0, "core": 1, "node": 2, "port": 3, "api": 4, "daemon": 5, "cli": 5, "sim": 5}
# node/ is the pure composition of the cores: it may not see ports either (it stands below them).
INCLUDE = re.compile(r'^\s*#\s*include\s+"([a-z]+)/([^"]+)"')


def part(path):
    """('core', 'check') of src/core/check/check.c; ('base', '') of src/base/err.c."""
    names = path.parts[1:] if path.parts[0] == "src" else path.parts
    return names[0], names[1] if len(names) > 2 else ""


def breaches(root):
    for path in sorted([*root.glob("src/**/*.[ch]"), *root.glob("src/**/*.def"), *root.glob("sim/**/*.[ch]")]):
        relative = path.relative_to(root)
        rank, subject = part(relative)
        if rank not in RANK:
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = INCLUDE.match(line)
            if not found or found[1] not in RANK:
                continue
            other, inner = found[1], found[2].split("/")[0] if "/" in found[2] else ""
            where = f"{relative}:{number}"
            if RANK[other] > RANK[rank]:
                yield f"{where}: {rank}/ may not include {other}/ (it stands above)"
            elif other == rank == "core" and inner != subject:
                yield f"{where}: cores don't include each other: {subject} includes {inner}"


def main():
    found = list(breaches(pathlib.Path(sys.argv[1])))
    print("\n".join(found) if found else "layers: every include points down")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
