# SPDX-License-Identifier: Apache-2.0
"""Targets to scrape, and whoever scrapes them, watched from outside."""
import json
import re
import signal
import time

from alone import OURS, Diarchy
from lab import BUILD, Program, Trouble, wait_until
from peers.servers import Prometheus, VictoriaMetrics, free_port

SETTLE_S = 15  # series are made and pages cached by then


class Targets(Program):
    """`count` targets of so many series each, in one process."""

    def __init__(self, folder, count, series, churn=0):
        self.count, self.series, self.port = count, series, free_port("127.0.1.1")
        super().__init__([BUILD / "bench/exporter", self.port, series, churn], folder / f"exporter-{self.port}.log",
                         ("127.0.1.1", self.port))

    def addresses(self):
        return [f"127.0.{1 + i // 250}.{1 + i % 250}:{self.port}" for i in range(self.count)]

    def scrapes(self):
        """Pages given since the start."""
        before = len(self.last_words())
        self.send(signal.SIGUSR1)
        wait_until("the exporter's count", 5, lambda: len(self.last_words()) != before or None, 0.01)
        return int(re.findall(r"(\d+) scrapes", self.last_words())[-1])

    def last_words(self):
        return self.log.read_text(errors="replace")

    def scrape_configs(self, every_s):
        return [{"job_name": "bench", "scrape_interval": f"{every_s}s", "scrape_timeout": f"{every_s}s",
                 "static_configs": [{"targets": self.addresses()}]}]


def config(targets, every_s):
    """prometheus.yml; YAML reads JSON."""
    return json.dumps({"scrape_configs": targets.scrape_configs(every_s)})


def prometheus(folder, targets, every_s):
    return Prometheus(folder / "prometheus", config(targets, every_s))


def victoria_metrics(folder, targets, every_s):
    place = folder / "victoria-metrics"
    place.mkdir()
    (place / "scrape.yml").write_text(config(targets, every_s))
    return VictoriaMetrics(place, f"-promscrape.config={place / 'scrape.yml'}")


def ours(folder, targets, every_s):
    return Diarchy(folder / "diarchy", {"host": False, "scrape_configs": targets.scrape_configs(every_s)})


SCRAPERS = {OURS: ours, "Prometheus": prometheus, "VictoriaMetrics": victoria_metrics}


def watch(program, targets, seconds, every_s):
    """{"us": microseconds of CPU a sample, "mib": resident at most} of a program that scrapes already."""
    time.sleep(SETTLE_S)
    begin, before, used = time.monotonic(), targets.scrapes(), program.cpu_s()
    most = 0
    for _ in range(seconds):
        time.sleep(1)
        most = max(most, program.memory_kib()["VmRSS"])
    used, scrapes = program.cpu_s() - used, targets.scrapes() - before
    wanted = targets.count * (time.monotonic() - begin) / every_s
    if not 0.85 * wanted <= scrapes <= 1.15 * wanted:
        raise Trouble(f"{scrapes} scrapes in {seconds} s by {program.argv[0]}, wanted {wanted:.0f}")
    return {"us": used / (scrapes * targets.series) * 1e6, "mib": most / 1024}


def watch_all(folder, targets, seconds, progress):
    """{scraper: what watch() says}, one after the other; `targets` are (how many, of how many series, how often)."""
    count, series, every_s = targets
    found = {}
    for i, (name, make) in enumerate(SCRAPERS.items()):
        progress(i, len(SCRAPERS), name)
        with Targets(folder, count, series) as exporter, make(folder, exporter, every_s) as program:
            found[name] = watch(program, exporter, seconds, every_s)
            check_all_stored(program, exporter)
    return found


def check_all_stored(program, targets):
    """A figure of samples that were thrown away is none."""
    answer = program.api("query", query='count({__name__=~"node_family_.*",job="bench"})', time=time.time())
    wanted = str(targets.count * targets.series)
    if answer["status"] != "success" or answer["data"]["result"][0]["value"][1] != wanted:
        raise Trouble(f"{program.argv[0]} doesn't have {wanted} series: {str(answer)[:200]}")
