# SPDX-License-Identifier: Apache-2.0
"""Samples a CPU second that remote write takes: received from history.c, and sent while 50 targets are scraped.

What sending costs is the difference between scraping with and without it; the receiver is sink.py, which isn't counted.
"""
import json
import subprocess
import sys

from alone import OURS, Diarchy
from lab import BUILD, ROOT, Program, Trouble
from peers.servers import Prometheus, free_port
from past import END_S, SERVERS, STEP_S
from report import Row
from scraped import Targets, config, watch

WHAT = "remote write received, samples a CPU second"
BAR = "≥ 4 × Prometheus"
HOSTS, HOURS = 40, 1
TARGETS, SERIES, EVERY_S = 50, 1000, 5
TIMES = 4


def received(folder, name):
    """Samples a CPU second of the receiver."""
    with SERVERS[name](folder / f"{name}-receives") as server:
        before = server.cpu_s()
        sent = subprocess.run([BUILD / "bench/history", "node", *map(str, server.address), "/api/v1/write", str(HOSTS),
                               str(HOURS / 24), str(STEP_S), str(END_S)], capture_output=True, text=True)
        if sent.returncode:
            raise Trouble(f"history into {name}: {sent.stderr[-300:]}")
        return int(sent.stdout.split()[2]) / (server.cpu_s() - before)


def cpu_us(make, folder, targets, seconds, url=None):
    """Microseconds a sample of one that scrapes, and sends when there is a url."""
    settings = json.loads(config(targets, EVERY_S)) | ({"remote_write": [{"url": url}]} if url else {})
    with make(folder, settings) as server:
        return watch(server, targets, seconds, EVERY_S)["us"]


SENDERS = {OURS: Diarchy, "Prometheus": lambda folder, settings: Prometheus(folder, json.dumps(settings))}


def sent(name, folder, seconds):
    """Samples a CPU second that are spent on sending alone."""
    port = free_port()
    with Program([sys.executable, "-S", ROOT / "bench/sink.py", port], folder / "sink.log", ("127.0.0.1", port)), \
            Targets(folder, TARGETS, SERIES) as targets:
        without = cpu_us(SENDERS[name], folder / f"{name}-scrapes", targets, seconds)
        with_it = cpu_us(SENDERS[name], folder / f"{name}-sends", targets, seconds,
                         f"http://127.0.0.1:{port}/api/v1/write")
    return 1e6 / max(with_it - without, 1e-3)


def in_words(figures):
    return "; ".join(f"{name} {rate / 1e6:.2f} million" for name, rate in figures.items())


def row(what, figures):
    times = figures[OURS] / figures["Prometheus"]
    return Row(what, BAR, f"{figures[OURS] / 1e6:.2f} million", times >= TIMES, figures=figures,
               ratio=f"{times:.1f} × Prometheus: {in_words(figures)}")


def run(folder, is_quick, progress):
    found = {}
    for i, name in enumerate(SERVERS):
        found[name] = received(folder, name)
        progress(i + 1, len(SERVERS) + 1, name)
    sending = {name: sent(name, folder, 30 if is_quick else 40) for name in SENDERS}
    return [row(WHAT, found), row("remote write sent, samples a CPU second", sending)]
