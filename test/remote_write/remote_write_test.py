#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A site sends its samples on to real receivers: Prometheus, in both protocols, and VictoriaMetrics.

The receivers are away for a while, the site is killed in between, and it goes on where it was: in the end everybody
answers the same. Skipped (77) where the peers' packages can't be had.
"""
import pathlib
import signal
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "bench"))

from alone import Diarchy  # noqa: E402
from lab import wait_until, wait_until_holds  # noqa: E402
from peers.servers import Absent, Prometheus, VictoriaMetrics, free_port  # noqa: E402
from scraped import Targets  # noqa: E402

SKIPPED = 77
TARGETS, SERIES = 5, 100
PATIENCE_S = 120  # of a loaded machine
V2 = "io.prometheus.write.v2.Request"


def samples(server, at, seconds, without=()):
    """{series: [(time, value)]} as it was stored."""
    answer = server.api("query", query=f'{{job="bench"}}[{seconds}s]', time=at)
    assert answer["status"] == "success", answer
    found = {}
    for series in answer["data"]["result"]:
        key = tuple(sorted((k, v) for k, v in series["metric"].items() if k not in without))
        found[key] = [(round(t, 3), float(v)) for t, v in series["values"]]
    return found


def figure(site, name):
    text = site.ask("GET", "/metrics")[1].decode()
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name + "{"))


def is_sent(site, until):
    """Whether every receiver has taken what was scraped some seconds before then: what comes later does, too."""
    text = site.ask("GET", "/metrics")[1].decode()
    name = "prometheus_remote_storage_queue_highest_sent_timestamp_seconds{"
    newest = [float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name)]
    return len(newest) == 3 and min(newest) >= until


def compare(ours, theirs, name, at, seconds):
    # What the site says of itself has the label already, and what it says of its jobs has their name.
    mine, other = (samples(server, at, seconds, without=("site",)) for server in (ours, theirs))
    assert len(mine) >= TARGETS * SERIES, f"{len(mine)} series"
    assert mine.keys() == other.keys(), f"{name}: series differ: {list(mine.keys() ^ other.keys())[:3]}"
    for series, values in mine.items():
        assert values == other[series], f"{name}: {series}: {values} here, {other[series]} there"
    print(f"{name}: {len(mine)} series, {sum(map(len, mine.values()))} samples are the same")


def lab(targets, receivers):
    queue = {"batch_send_deadline": "1s", "max_samples_per_send": 300, "capacity": 1000, "max_shards": 4}
    urls = {name: f"http://127.0.0.1:{server.address[1]}/api/v1/write" for name, server in receivers.items()}
    return {"global": {"external_labels": {"site": "dublin"}},
            "scrape_configs": targets.scrape_configs(1),
            "remote_write": [{"name": name, "url": url, "queue_config": queue}
                             | ({"protobuf_message": V2} if name == "2.0" else {}) for name, url in urls.items()]}


def run(folder):
    begin = time.time()
    receivers = {"1.0": Prometheus(folder / "one"), "2.0": Prometheus(folder / "two"),
                 "VictoriaMetrics": VictoriaMetrics(folder / "vm")}
    for server in receivers.values():
        server.start()
    try:
        with Targets(folder, TARGETS, SERIES) as targets, Diarchy(folder / "site", lab(targets, receivers)) as site:
            wait_until("something is sent", PATIENCE_S, lambda: is_sent(site, begin))
            for server in receivers.values():  # an outage, in good order: what they lose isn't our matter
                server.send(signal.SIGINT)
                server.process.wait(PATIENCE_S)
                server.connection = None
            wait_until("samples are sent again", PATIENCE_S,
                       lambda: figure(site, "prometheus_remote_storage_samples_retried_total") > 0)
            time.sleep(4)
            site.kill()  # -9, while much waits
            site.connection = None
            site.start()
            time.sleep(3)
            for server in receivers.values():
                server.start()
            time.sleep(3)
            targets.kill()
            at = time.time()
            wait_until("everything is sent", PATIENCE_S, lambda: is_sent(site, at + 3))
            assert figure(site, "prometheus_remote_storage_samples_failed_total") == 0
            seconds = int(at - begin) + 5
            receivers["VictoriaMetrics"].flush()
            for name, server in receivers.items():
                wait_until_holds(PATIENCE_S, lambda n=name, s=server: compare(site, s, n, at, seconds))
    finally:
        for server in receivers.values():
            server.kill()


def main():
    signal.alarm(560)
    with tempfile.TemporaryDirectory() as folder:
        try:
            run(pathlib.Path(folder))
        except Absent as e:
            print(f"skipped: {e}")
            return SKIPPED
        except BaseException:
            for log in pathlib.Path(folder).rglob("*.log"):
                print(f"--- {log}\n{log.read_text(errors='replace')[-1500:]}")
            raise
    return 0


sys.exit(main())
