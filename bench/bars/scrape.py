# SPDX-License-Identifier: Apache-2.0
"""CPU a scraped sample and resident memory at 50,000 live series, against Prometheus and VictoriaMetrics.

50 targets of 1,000 series, every 5 seconds; the targets are one process of ours (exporter.c), whose CPU isn't counted.
Each scrapes alone, one after the other; how many pages were given the targets say.
"""
from machine import work_spread
from report import Row
from scraped import PEERS, Targets, watch

WHAT = "CPU seconds a million scraped samples"
BAR = "≤ 1/8 of Prometheus, ≤ 1/8 of VictoriaMetrics"
TARGETS, SERIES, EVERY_S = 50, 1000, 5


def figures(folder, seconds, progress):
    """{program: what watch() says}, each alone."""
    found = {}
    for i, (name, make) in enumerate(PEERS.items()):
        progress(i, len(PEERS), name)
        with Targets(folder, TARGETS, SERIES) as targets, make(folder, targets, EVERY_S) as program:
            found[name] = watch(program, targets, seconds, EVERY_S)
    return found


def run(folder, is_quick, progress):
    found = figures(folder, 30 if is_quick else 90, progress)
    missing = "Ours isn't measured: the program doesn't scrape yet."
    noise = f"a fixed computation varies ±{work_spread():.0f} %"
    return [Row(WHAT, BAR, "not measured", None, noise=noise, note=missing, figures=found, ratio="; ".join(
                f"{name} {f['us']:.2f} s" for name, f in found.items())),
            Row("resident memory at 50,000 live series", "≤ 1/6 of Prometheus, ≤ 1/3 of VictoriaMetrics", "not measured", None,
                noise="none: pages are counted", note=missing, figures=found, ratio="; ".join(
                    f"{name} {f['mib']:.0f} MiB" for name, f in found.items()))]
