# SPDX-License-Identifier: Apache-2.0
"""Resident memory of a site with 200 probes at 15 s, 50 heartbeats, its peer up and pages open; of the watcher.

Probes are of all kinds, against a real web server and name server; two browsers follow the stream and have
loaded every page's data.  VmRSS of proc(5), looked at each second after all probes have run: the greatest
counts.
"""
import contextlib
import http.client
import threading
import time

from lab import SITES, Lab, StandIn, Trouble, network, wait_until
from report import Row
from targets import DNS_PORT, HTTP_PORT, TLS_PORT, NameServer, Nginx

WHAT = "resident memory of a site: 200 probes at 15 s, 50 heartbeats, peer up, pages open twice"
BAR = "≤ 20 MiB"
SITE_BAR_MIB, WATCHER_BAR_MIB = 20, 8
PROBES, HEARTBEATS, STREAMS = 200, 50, 2
PAGES = ["status", "checks", "incidents?state=all", "events?limit=100", "coverage", "silences", "when/probe-0"]


def probe(number, host, ca):
    """Of ten, five ask a web server, two of them over TLS; the others tcp, tls, dns, icmp, and body and headers."""
    kinds = [{"http": f"http://{host}:{HTTP_PORT}/"},
             {"http": {"url": f"https://{host}:{TLS_PORT}/", "tls": {"ca": ca, "server_name": "localhost"}}},
             {"tcp": f"{host}:{HTTP_PORT}"},
             {"dns": {"server": f"{host}:{DNS_PORT}", "name": "nas.lan", "answers": ["10.1.0.10"]}},
             {"http": {"url": f"http://{host}:{HTTP_PORT}/", "status": 200, "body": "pong"}},
             {"tls": {"address": f"{host}:{TLS_PORT}", "ca": ca, "server_name": "localhost"}},
             {"http": f"http://{host}:{HTTP_PORT}/api/server/ping"},
             {"icmp": host},
             {"http": {"url": f"https://{host}:{TLS_PORT}/", "tls": {"ca": ca}}},
             {"tcp": f"{host}:{DNS_PORT}"}]
    return {"home": list(SITES)[number % 2], "from": list(SITES), "every": "15s", **kinds[number % len(kinds)]}


def declared(folder, host):
    return {"probes": {f"probe-{i}": probe(i, host, str(folder / "ca.pem")) for i in range(PROBES)},
            "heartbeats": {f"job-{i}": {"home": list(SITES)[i % 2], "every": "1h"} for i in range(HEARTBEATS)}}


class Browser(threading.Thread):
    """Reads the stream of a site, as an open page does."""

    def __init__(self, site):
        super().__init__(daemon=True)
        self.site, self.is_over, self.bytes = site, False, 0
        self.start()

    def run(self):
        connection = http.client.HTTPConnection(*self.site.address, timeout=10)
        connection.request("GET", "/api/lab/v1/stream")
        with contextlib.closing(connection), connection.getresponse() as stream:
            while not self.is_over:
                self.bytes += len(stream.readline())


def open_pages(site):
    for path in PAGES:
        site.get(path)
    for file in ["/", "/metrics"]:
        site.client.ask("GET", file)


def sample(programs, seconds, progress):
    """{program: greatest VmRSS in MiB}, and how its own part and mapped files share it at that moment."""
    most = {program: ({"VmRSS": 0}) for program in programs}
    for i in range(seconds):
        time.sleep(1)
        progress(i + 1, seconds, "s")
        for program in programs:
            now = program.memory_kib()
            if now["VmRSS"] > most[program]["VmRSS"]:
                most[program] = now
    return most


def row(what, bar_mib, seen):
    mib = {key: max(m[key] for m in seen) / 1024 for key in ("VmRSS", "RssAnon", "RssFile", "VmHWM")}
    measured = f"{mib['VmRSS']:.1f} MiB ({mib['RssAnon']:.1f} its own, {mib['RssFile']:.1f} of files)"
    return Row(what, f"≤ {bar_mib} MiB", measured, mib["VmRSS"] <= bar_mib, noise="none: pages are counted",
               note=f"At most {mib['VmHWM']:.1f} MiB since its start.", figures=mib)


def run(folder, is_quick, progress):
    seconds = 30 if is_quick else 75
    with contextlib.ExitStack() as stack:
        host = network()(5)
        standin = stack.enter_context(StandIn(folder, network()(4)))
        stack.enter_context(Nginx(folder, host))
        stack.enter_context(NameServer(folder, host))
        lab = stack.enter_context(Lab(folder, standin, declared(folder, host)))
        sites = list(lab.sites.values())
        for i in range(HEARTBEATS):
            if not sites[i % 2].report(f"job-{i}"):
                raise Trouble(f"job-{i} was refused")
        lab.wait_until_calm()
        browsers = [Browser(site) for site in sites for _ in range(STREAMS)]
        for site in sites:
            open_pages(site)
        wait_until("streams", 10, lambda: all(b.bytes for b in browsers))
        seen = sample([*sites, lab.watcher], seconds, progress)
        for browser in browsers:
            browser.is_over = True
    return [row(WHAT, SITE_BAR_MIB, [seen[site] for site in sites]),
            row("resident memory of the watcher", WATCHER_BAR_MIB, [seen[lab.watcher]])]
