# SPDX-License-Identifier: Apache-2.0
"""Samples a CPU second that remote write takes: received from history.c, and sent while 50 targets are scraped.

What sending costs is the difference between scraping with and without it; the receiver is sink.py, which isn't counted.
"""
import json
import subprocess
import sys

from lab import BUILD, ROOT, Program, Trouble
from peers.servers import Prometheus, free_port
from past import END_S, SERVERS, STEP_S
from report import Row
from scraped import Targets, config, watch

WHAT = "remote write received, samples a CPU second"
BAR = "≥ 4 × Prometheus"
HOSTS, HOURS = 40, 1
TARGETS, SERIES, EVERY_S = 50, 1000, 5
MISSING = "Ours isn't measured: the program doesn't speak remote write yet."


def received(folder, name):
    """Samples a CPU second of the receiver."""
    with SERVERS[name](folder / f"{name}-receives") as server:
        before = server.cpu_s()
        sent = subprocess.run([BUILD / "bench/history", "node", *map(str, server.address), "/api/v1/write", str(HOSTS),
                               str(HOURS / 24), str(STEP_S), str(END_S)], capture_output=True, text=True)
        if sent.returncode:
            raise Trouble(f"history into {name}: {sent.stderr[-300:]}")
        return int(sent.stdout.split()[2]) / (server.cpu_s() - before)


def cpu_us(folder, targets, seconds, url=None):
    """Microseconds a sample of a Prometheus that scrapes, and sends when there is a url."""
    settings = json.loads(config(targets, EVERY_S)) | ({"remote_write": [{"url": url}]} if url else {})
    with Prometheus(folder, json.dumps(settings)) as server:
        return watch(server, targets, seconds, EVERY_S)["us"]


def sent(folder, seconds):
    """Samples a CPU second that Prometheus spends on sending alone."""
    port = free_port()
    with Program([sys.executable, "-S", ROOT / "bench/sink.py", port], folder / "sink.log", ("127.0.0.1", port)), \
            Targets(folder, TARGETS, SERIES) as targets:
        without = cpu_us(folder / "scrapes", targets, seconds)
        with_it = cpu_us(folder / "sends", targets, seconds, f"http://127.0.0.1:{port}/api/v1/write")
    return 1e6 / max(with_it - without, 1e-3)


def run(folder, is_quick, progress):
    found = {}
    for i, name in enumerate(SERVERS):
        found[name] = received(folder, name)
        progress(i + 1, len(SERVERS) + 1, name)
    sending = {"Prometheus": sent(folder, 30 if is_quick else 60)}
    return [Row(what, BAR, "not measured", None, figures=figures, note=MISSING, ratio="; ".join(
        f"{name} {rate / 1e6:.2f} million" for name, rate in figures.items()))
            for what, figures in ((WHAT, found), ("remote write sent, samples a CPU second", sending))]
