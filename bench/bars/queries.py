# SPDX-License-Identifier: Apache-2.0
"""The 30 queries of a Node Exporter dashboard over 24 h and 30 d, and queries over all 10^8 samples; bytes a sample.

Everybody holds the same thirty days (past.py) and is asked by range queries, as Grafana asks, in turns; the time is the
asker's, from the first byte of the question to the last one of the answer (asker.py).  Caches of results are switched
off; the best of some rounds counts, so that pages are read.
"""
import json
import statistics

from dashboard import NODE, REQUESTS, at_step, windows
from alone import OURS
from asker import Asker
from lab import Trouble
from past import END_S, SERVERS, STEP_S, Past
from report import Row

WHAT = "the 30 queries of a Node Exporter dashboard"
BAR = "≥ 5 × Prometheus, ≥ 2 × VictoriaMetrics"
TIMES = {"Prometheus": 5, "VictoriaMetrics": 2}


def took(asker, query, window):
    _, span, step = window
    seconds, text = asker.form("query_range", query=at_step(query, step, STEP_S), start=END_S - span, end=END_S, step=step)
    answer = json.loads(text)
    if answer["status"] != "success" or not answer["data"]["result"]:
        raise Trouble(f"{asker.host} on {query}: {str(answer)[:200]}")
    return seconds


def timed(server, queries, window, rounds):
    """The best of some rounds, for each query."""
    with Asker(server.address) as asker:
        return [min(took(asker, query, window) for _ in range(rounds)) for query in queries]


def told(found):
    """{server: seconds of each query} in words."""
    return "; ".join(f"{name} {1e3 * statistics.median(t):.1f} ms, worst {1e3 * max(t):.0f}" for name, t in found.items())


def is_fast(found):
    """In the median and in the worst."""
    return all(how(found[OURS]) * times <= how(found[name]) for name, times in TIMES.items() for how in (statistics.median, max))


def asked(name, kind, is_quick, progress):
    """({span: seconds of each query}, bytes a sample, millions of samples) of a server."""
    past, queries = Past(name, kind, is_quick, progress), {"node": NODE, "requests": REQUESTS}[kind]
    with past as server:
        found = {}
        for i, window in enumerate(windows(past.days)):
            progress(i, 2, f"{name}, {kind}")
            found[window[0]] = timed(server, queries, window, 2 if is_quick else 3)
    return found, past.bytes / past.samples, past.samples / 1e6


def run(folder, is_quick, progress):
    times, sizes, millions = {}, {}, {}
    for kind in ("node", "requests"):
        for name in SERVERS:
            found, size, millions[kind] = asked(name, kind, is_quick, progress)
            sizes.setdefault(kind, {})[name] = size
            for span, seconds in found.items():
                times.setdefault((kind, span), {})[name] = seconds
    words = {"node": WHAT, "requests": f"rate, quantiles, topk, regexes over {millions['requests']:.0f} million samples"}
    rows = [Row(f"{words[kind]}, {span}", BAR, f"{1e3 * statistics.median(found[OURS]):.1f} ms", is_fast(found), ratio=told(found),
                figures=found) for (kind, span), found in times.items()]
    size = sizes["node"]
    return rows + [Row("bytes a sample on disk, index included", "≤ 0.8, and VictoriaMetrics'", f"{size[OURS]:.3f}",
                       size[OURS] <= min(0.8, size["VictoriaMetrics"]), figures=sizes,
                       ratio="; ".join(f"{name} {n:.3f}" for name, n in size.items()))]
