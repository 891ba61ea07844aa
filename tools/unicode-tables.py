#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the tables of src/base/unicode.c from the Unicode database that comes with Python.

usage: unicode-tables.py > src/base/unicode.def

Run by hand when Unicode grows: the result is checked in, so that a build needs no database.
"""
import sys
import unicodedata

LAST = 0x10FFFF


def ranges(holds):
    start = None
    for code in range(LAST + 2):
        inside = code <= LAST and holds(chr(code))
        if inside and start is None:
            start = code
        elif not inside and start is not None:
            yield start, code - 1
            start = None


def upper(char):
    """Python knows the full mapping only: where that is several letters, the one that the database has is the title's."""
    return char.upper() if len(char.upper()) == 1 else title(char)


def lower(char):
    return char.lower()[0]


def title(char):
    return char.title() if len(char.title()) == 1 else char


def mappings(convert):
    """Runs (first, last, step, delta): every step-th code from first to last moves by delta."""
    moved = {code: ord(convert(chr(code))) - code for code in range(LAST + 1)}
    codes = [code for code, delta in moved.items() if delta]
    runs = []
    for code in codes:
        delta = moved[code]
        if runs:
            first, last, step, run_delta = runs[-1]
            gap = code - last
            if run_delta == delta and gap in (1, 2) and step in (0, gap):
                runs[-1] = (first, code, gap, delta)
                continue
        runs.append((code, code, 0, delta))
    return [(first, last, step or 1, delta) for first, last, step, delta in runs]


def write(name, rows):
    print(f"\n#ifdef {name}")
    line = ""
    for row in rows:
        cell = f"{name}({', '.join(str(v) if v < 0 else hex(v) if i < 2 else str(v) for i, v in enumerate(row))}) "
        if len(line) + len(cell) > 98:
            print(line.rstrip())
            line = ""
        line += cell
    print(line.rstrip())
    print("#endif")


def category(*starts):
    return lambda char: unicodedata.category(char).startswith(starts)


def main():
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print(f"/* Unicode {unicodedata.unidata_version}, by tools/unicode-tables.py: inclusive ranges, and runs of letters that")
    print(" * change case by the same distance: first, last, step, distance. */")
    print("/* clang-format off */")
    write("LETTER", ranges(category("L")))
    write("DIGIT", ranges(category("Nd")))
    write("MARK", ranges(category("M")))
    write("PRINTABLE", ranges(lambda c: c == " " or category("L", "M", "N", "P", "S")(c)))
    write("UPPER", mappings(upper))
    write("LOWER", mappings(lower))
    write("TITLE", mappings(title))
    return 0


if __name__ == "__main__":
    sys.exit(main())
