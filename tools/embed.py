#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turn files into a C source that holds their bytes.

usage: embed.py SYMBOL OUT.c NAME=FILE...
The C file defines `const struct embedded SYMBOL[]` ending in a row with a NULL name; see
src/base/embedded.h.
"""
import pathlib
import sys


def main():
    symbol, out, pairs = sys.argv[1], sys.argv[2], sys.argv[3:]
    lines = ['#include "base/embedded.h"', ""]
    rows = []
    for index, pair in enumerate(pairs):
        name, path = pair.split("=", 1)
        data = pathlib.Path(path).read_bytes()
        lines.append(f"static const unsigned char file_{index}[] = {{")
        for start in range(0, len(data), 20):
            lines.append("".join(f"{byte}," for byte in data[start : start + 20]))
        lines.append("0};")
        rows.append(f'\t{{ "{name}", file_{index}, {len(data)} }},')
    lines += [f"const struct embedded {symbol}[] = {{", *rows, "\t{ 0, 0, 0 },", "};", ""]
    pathlib.Path(out).write_text("\n".join(lines))


if __name__ == "__main__":
    main()
