#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every source file of a folder with a README is named in it: itself, by a pattern, or by a file of its name (`link.h` names
link.c too).  Tests, fuzzers and private headers stand beside what they are for; what is named like its folder is what the
folder is about.

usage: check-readmes.py ROOT     prints each file that isn't, exits 1 if there is one
"""
import fnmatch
import pathlib
import re
import sys

SOURCES = {".c", ".h", ".def", ".py"}
BESIDE = re.compile(r"_(test|fuzz|private)$")


def patterns(readme):
    for quoted in re.findall(r"`([^`\s]+)`", readme.read_text(encoding="utf-8")):
        yield pathlib.PurePath(quoted).name
        yield pathlib.PurePath(quoted).stem


def unnamed(root):
    for readme in sorted([*root.glob("src/**/README.md"), *root.glob("sim/**/README.md"), root / "bench/README.md"]):
        named = set(patterns(readme)) - {"*"}
        for file in sorted(readme.parent.iterdir()):
            if file.suffix not in SOURCES or BESIDE.search(file.stem) or file.stem == readme.parent.name:
                continue
            if not any(fnmatch.fnmatch(file.name, p) or fnmatch.fnmatch(file.stem, p) for p in named):
                yield f"{readme.relative_to(root)}: doesn't name {file.name}"


def main():
    found = list(unnamed(pathlib.Path(sys.argv[1])))
    print("\n".join(found) if found else "readmes: every source file is named")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
