# SPDX-License-Identifier: Apache-2.0
"""`when` for one name, asked of a real site whose journal holds a million events of both.

The journal is half a year of a lab with 500 checks (bench/journal_bench.c).  The name that is asked for is
failing right now, so that the answer has all its parts: words, incident, who was told, and the ten minutes
before.
"""
import contextlib
import sqlite3
import statistics
import subprocess
import time

from lab import BUILD, SITES, Lab, StandIn, Trouble, network, wait_until
from machine import Lateness, percentile
from report import Row

WHAT = "a million journal events: `when` for one name"
BAR = "≤ 50 ms"
BAR_MS = 50
CHECKS = 500
NAMES = [f"service-{i}" for i in range(0, CHECKS, 5)]
DEAD = "service-5"
EVENT_BYTES = 560  # an event takes on disk, about


def declared(host):
    """The checks of journal_bench, one of which is dead; the others are looked at once a day."""
    def probe(number):
        name = f"service-{number}"
        return {"home": list(SITES)[number % 2], "every": "2s" if name == DEAD else "1d", "from": list(SITES),
                "tcp": f"{host(9)}:{41999 if name == DEAD else 41998}"}
    return {"probes": {f"service-{i}": probe(i) for i in range(CHECKS)}}


def fill(site, n, progress):
    site.state.mkdir(mode=0o700)
    argv = [BUILD / "bench/journal_bench", "--make", site.journal, str(n)]
    making = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
    while making.poll() is None:
        time.sleep(0.2)
        written = site.journal.stat().st_size if site.journal.exists() else 0
        progress(min(written / EVENT_BYTES, n), n, "events of a journal to ask")
    if making.returncode:
        raise Trouble(f"journal_bench ended with {making.returncode}")


def ask(site, name):
    begin = time.perf_counter()
    answer = site.get(f"when/{name}")
    return 1e3 * (time.perf_counter() - begin), answer


def is_told(answer):
    return answer["check"]["state"] == "failing" and answer["check"]["incident"] and answer["told"]


def row(what, took_ms, noise, note):
    p99 = percentile(took_ms, 99)
    return Row(what, BAR, f"median {statistics.median(took_ms):.1f} ms, p99 {p99:.1f} ms ({len(took_ms)} times)",
               p99 <= BAR_MS, noise=str(noise), note=note, figures={"ms": took_ms})


def run(folder, is_quick, progress):
    n, calls = 100_000 if is_quick else 1_000_000, 100
    with contextlib.ExitStack() as stack:
        standin = stack.enter_context(StandIn(folder, network()(4), "--bucket", 1000))
        lab = Lab(folder, standin, declared(network()))
        site = lab.sites["dublin"]
        fill(site, n, progress)
        begin = time.monotonic()
        site.start(wait=False)
        stack.callback(site.kill)
        wait_until("a site with a long journal listens", 60, site.is_listening, 0.02)
        start_s = time.monotonic() - begin
        wait_until(f"{DEAD} is told to be dead", 90, lambda: is_told(ask(site, DEAD)[1]), 0.5)
        noise = stack.enter_context(Lateness())
        dead = [ask(site, DEAD)[0] for _ in range(calls)]
        others = [ask(site, name)[0] for name in NAMES]
        answer = ask(site, DEAD)[1]
        if not answer["before"] or not answer["history"]:
            raise Trouble("the answer lacks a part")
        with contextlib.closing(sqlite3.connect(site.journal)) as db:
            events = db.execute("SELECT count(*) FROM event").fetchone()[0]
        if events < n:
            raise Trouble(f"the journal holds {events} events only")
        rss_kib = site.memory_kib()["VmRSS"]
    note = f"{events:,} events; the site listened {start_s:.1f} s after its start and holds {rss_kib / 1024:.1f} MiB."
    return [row(WHAT.replace("a million", f"{n:,}"), dead, noise, note),
            row(f"the same, {len(NAMES)} names that are well, once each", others, noise, "")]
