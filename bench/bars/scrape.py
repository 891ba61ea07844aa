# SPDX-License-Identifier: Apache-2.0
"""CPU a scraped sample and resident memory at 50,000 live series, against Prometheus and VictoriaMetrics.

50 targets of 1,000 series, every 5 seconds; the targets are one process of ours (exporter.c), whose CPU isn't counted.
Each scrapes alone, one after the other; how many pages were given the targets say.
"""
from machine import work_spread
from report import Row, against
from scraped import watch_all

WHAT = "CPU seconds a million scraped samples"
BAR = "≤ 1/8 of both"
TARGETS = 50, 1000, 5  # so many, of so many series, every so many seconds


def row(what, bar, found, key, shares, show):
    figures = {name: figure[key] for name, figure in found.items()}
    is_met, ratio = against(figures, shares, show)
    return Row(what, bar, show(figures["ours"]), is_met, ratio=ratio, figures=figures)


def run(folder, is_quick, progress):
    found = watch_all(folder, TARGETS, 30 if is_quick else 75, progress)
    cpu = row(WHAT, BAR, found, "us", {"Prometheus": 1 / 8, "VictoriaMetrics": 1 / 8}, lambda s: f"{s:.3f} s")
    memory = row("resident memory at 50,000 live series", "≤ 1/6 of Prometheus, 1/3 of VictoriaMetrics", found, "mib",
                 {"Prometheus": 1 / 6, "VictoriaMetrics": 1 / 3}, lambda mib: f"{mib:.0f} MiB")
    cpu.noise, memory.noise = f"a fixed computation varies ±{work_spread():.0f} %", "none: pages are counted"
    return [cpu, memory]
