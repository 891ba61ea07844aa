#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The first 128 bits of each power of five that a double may need, for number.c.

usage: powers_of_five.py OUTPUT

Cut off, but for the reciprocals of the first 27, which are rounded up: a power that small may divide the digits
of a number, and the product must then not fall below the quotient.  Lemire, Number Parsing at a Gigabyte per
Second, 2021; that nothing more is needed: Mushtak and Lemire, Fast Number Parsing Without Fallback, 2023.
"""
import sys

FIRST, LAST = -342, 308


def leading(q):
    if q >= 0:
        power = 5**q
        bits = power.bit_length()
        return power << (128 - bits) if bits <= 128 else power >> (bits - 128)
    power = 5**-q
    return (1 << power.bit_length() + 127) // power + (1 if q >= -27 else 0)


def main():
    with open(sys.argv[1], "w") as out:
        out.write(f"#define POWER_FIRST ({FIRST})\n#define POWER_LAST  {LAST}\n")
        out.write("static const uint64_t powers_of_five[][2] = {\n")
        for q in range(FIRST, LAST + 1):
            value = leading(q)
            assert 1 << 127 <= value < 1 << 128
            out.write(f"\t{{ UINT64_C({value >> 64:#x}), UINT64_C({value & (1 << 64) - 1:#x}) }},\n")
        out.write("};\n")


if __name__ == "__main__":
    main()
