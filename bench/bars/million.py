# SPDX-License-Identifier: Apache-2.0
"""Resident memory at 1,000,000 live series: 50 targets of 20,000, every 15 seconds, against Prometheus and VictoriaMetrics."""
from report import Row
from scraped import PEERS, Targets, watch

WHAT = "resident memory at 1,000,000 live series"
BAR = "≤ 1/6 of Prometheus"
TARGETS, SERIES, EVERY_S = 50, 20_000, 15


def run(folder, is_quick, progress):
    found = {}
    for i, (name, make) in enumerate(PEERS.items()):
        progress(i, len(PEERS), name)
        with Targets(folder, TARGETS, SERIES) as targets, make(folder, targets, EVERY_S) as program:
            found[name] = watch(program, targets, 45 if is_quick else 75, EVERY_S)
    return [Row(WHAT, BAR, "not measured", None, noise="none: pages are counted", figures=found, ratio="; ".join(
        f"{name} {f['mib']:.0f} MiB" for name, f in found.items()), note="Ours isn't measured: the program doesn't scrape yet.")]
