#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records what an exporter serves, scrape after scrape, for codec_bench and for reading the same data elsewhere.

usage: bench/record.py URL SCRAPES [SECONDS] >RECORDING
A scrape is a line "@ MILLISECONDS", then for each series a line: its name with labels, a blank, its value.
"""
import sys
import time
import urllib.request


def main(url, scrapes, every="1"):
    for _ in range(int(scrapes)):
        begun = time.time()
        with urllib.request.urlopen(url, timeout=10) as answer:
            text = answer.read().decode()
        print("@", int(begun * 1000))
        for line in text.splitlines():
            if line and not line.startswith("#"):
                print(line)
        time.sleep(max(0, begun + float(every) - time.time()))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
