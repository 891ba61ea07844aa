# SPDX-License-Identifier: Apache-2.0
"""How many hours of two sites the simulator lives through in a minute of one core.

CPU time counts, so that what else runs on the machine doesn't; the wall's minute is in the note.
"""
import re
import resource
import statistics
import subprocess
import time

from lab import BUILD, Trouble
from machine import work_spread
from report import Row

WHAT = "simulated hours of two sites in a minute on one core"
BAR = "≥ 5,000"
BAR_HOURS = 5000
ROUNDS = 3


def live(seconds, first_seed):
    """(simulated hours, CPU seconds, seconds, seeds broken) of new seeds for so long."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    text = subprocess.run([BUILD / "sim/sim", "--seconds", str(seconds), "--from", str(first_seed)],
                          capture_output=True, text=True).stdout
    after, took_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - begin
    said = re.search(r"(\d+) seeds of (\d+) h from \d+: (\d+) broken", text)
    if not said:
        raise Trouble(f"sim: {text[-300:]}")
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return int(said[1]) * int(said[2]), cpu_s, took_s, int(said[3])


def run(folder, is_quick, progress):
    seconds, rates, walls, broken = 5 if is_quick else 20, [], [], 0
    for i in range(ROUNDS):
        hours, cpu_s, took_s, n_broken = live(seconds, 1 + 1000 * i)
        rates.append(60 * hours / cpu_s)
        walls.append(60 * hours / took_s)
        broken += n_broken
        progress(i + 1, ROUNDS, "rounds")
    median = statistics.median(rates)
    note = f"{statistics.median(walls):,.0f} in a minute of the wall's clock, beside what else ran."
    if broken:
        note += f" {broken} seeds broke a promise: see `make sim`."
    return [Row(WHAT, BAR, f"median {median:,.0f} ({min(rates):,.0f} to {max(rates):,.0f})",
                median >= BAR_HOURS and not broken,
                noise=f"a fixed computation varies ±{work_spread():.0f} %", note=note,
                figures={"hours_a_cpu_minute": rates, "hours_a_minute": walls, "broken": broken})]
