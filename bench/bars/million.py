# SPDX-License-Identifier: Apache-2.0
"""Resident memory at 1,000,000 live series: 50 targets of 20,000, every 15 seconds, against Prometheus and VictoriaMetrics."""
from bars.scrape import row
from scraped import watch_all

WHAT = "resident memory at 1,000,000 live series"
BAR = "≤ 1/6 of Prometheus"
TARGETS = 50, 20_000, 15


def run(folder, is_quick, progress):
    found = watch_all(folder, TARGETS, 45 if is_quick else 75, progress)
    measured = row(WHAT, BAR, found, "mib", {"Prometheus": 1 / 6}, lambda mib: f"{mib:.0f} MiB")
    measured.noise = "none: pages are counted"
    return [measured]
