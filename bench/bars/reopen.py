# SPDX-License-Identifier: Apache-2.0
"""How long a server takes after `kill -9` until it answers a query: 50,000 series, thirty days, two hours of them dense.

The thirty days have a sample every ten minutes, so that they can be written within minutes; the last two hours have one
every 15 seconds, as what is not yet in blocks.
"""
import statistics
import time

from alone import OURS
from lab import Trouble
from past import END_S, SERVERS, Past
from report import Row

WHAT = "answering after kill -9, with 30 days of 50,000 series"
BAR = "≤ 1 s"
ROUNDS = 3
QUERY = 'count(up{job="node"})'


def reopened(past, progress):
    """Seconds from the start after a `kill -9` to the first right answer."""
    took = []
    for i in range(ROUNDS):
        with past as server:
            server.kill()
            begin = time.monotonic()
            server.start()
            answer = server.api("query", query=QUERY, time=END_S)
            took.append(time.monotonic() - begin)
        if answer["data"]["result"][0]["value"][1] != str(past.hosts):
            raise Trouble(f"{server.argv[0]} has lost something: {answer}")
        progress(i + 1, ROUNDS, "kills")
    return statistics.median(took)


def run(folder, is_quick, progress):
    found = {name: reopened(Past(name, "many", is_quick, progress), progress) for name in SERVERS}
    return [Row(WHAT, BAR, f"{found[OURS]:.2f} s", found[OURS] <= 1, figures=found,
                ratio="; ".join(f"{name} {s:.2f} s" for name, s in found.items()))]
