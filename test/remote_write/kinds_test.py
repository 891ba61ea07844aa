#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A site sends on native histograms, exemplars and metadata, to Prometheus in both protocols, VictoriaMetrics, and a site.

It scrapes a Prometheus, which has native histograms of its own, and a page with exemplars. Skipped (77) where the
peers' packages can't be had.
"""
import http.server
import json
import pathlib
import signal
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "bench"))

from alone import Diarchy  # noqa: E402
from lab import wait_until, wait_until_holds  # noqa: E402
from peers.servers import Absent, Prometheus, VictoriaMetrics  # noqa: E402

SKIPPED = 77
V2 = "io.prometheus.write.v2.Request"
FEATURES = "--enable-feature=native-histograms,exemplar-storage,metadata-wal-records"
NATIVE = "prometheus_http_request_duration_seconds"
HELP = "Parcels that were delivered."
PATIENCE_S = 120  # of a loaded machine
WINDOW = {"out_of_order_time_window": "10m"}  # who was killed sends again what it doesn't know to be taken
LATE = json.dumps({"storage": {"tsdb": WINDOW}})


class Page(http.server.BaseHTTPRequestHandler):
    """A counter whose each scrape has an exemplar of its own."""
    scrapes = 0

    def do_GET(self):
        Page.scrapes += 1
        n = Page.scrapes
        body = (f"# TYPE parcels counter\n# HELP parcels {HELP}\n"
                f'parcels_total{{to="mumbai"}} {n} # {{trace_id="trace{n}"}} {n / 4} {time.time():.3f}\n# EOF\n').encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def histograms(server, at, without=()):
    """{series: {time: [count, sum, buckets]}} as it was stored."""
    answer = server.api("query", query=f'{NATIVE}{{job="native"}}[60s]', time=at)
    assert answer["status"] == "success", answer
    found = {}
    for series in answer["data"]["result"]:
        key = tuple(sorted((k, v) for k, v in series["metric"].items() if k not in without))
        found[key] = {round(t, 3): (h["count"], h["sum"], h.get("buckets")) for t, h in series.get("histograms", ())}
    return found


def exemplars(server, begin, at):
    answer = server.api("query_exemplars", query="parcels_total", start=begin, end=at)
    assert answer["status"] == "success", answer
    return [(e["labels"]["trace_id"], float(e["value"]), round(float(e["timestamp"]), 3))
            for series in answer["data"] for e in series["exemplars"]]


def lab(page, scraped, receivers):
    queue = {"batch_send_deadline": "1s", "max_samples_per_send": 200, "max_shards": 2}
    sent = []
    for name, server in receivers.items():
        one = {"name": name, "url": f"http://127.0.0.1:{server.address[1]}/api/v1/write", "queue_config": queue,
               "send_exemplars": name != "VictoriaMetrics", "send_native_histograms": name != "VictoriaMetrics",
               "metadata_config": {"send_interval": "2s"}}
        sent.append(one | ({"protobuf_message": V2} if name.endswith("2.0") else {}))
    native = {"job_name": "native", "scrape_interval": "1s", "scrape_timeout": "1s", "scrape_native_histograms": True,
              "scrape_protocols": ["PrometheusProto"],
              "static_configs": [{"targets": [f"127.0.0.1:{scraped.address[1]}"]}]}
    paged = {"job_name": "page", "scrape_interval": "1s", "scrape_timeout": "1s",
             "static_configs": [{"targets": [f"127.0.0.1:{page.server_address[1]}"]}]}
    return {"host": False, "scrape_configs": [native, paged], "remote_write": sent}


def compare(site, server, name, begin, at):
    mine, other = histograms(site, at), histograms(server, at)
    assert len(mine) >= 2 and sum(map(len, mine.values())) > 10, mine
    assert mine.keys() == other.keys(), f"{name}: series differ: {mine.keys() ^ other.keys()}"
    for series, values in mine.items():
        assert values == other[series], f"{name}: {series}: {values} here, {other[series]} there"
    ours, theirs = exemplars(site, begin, at), exemplars(server, begin, at)
    assert len(ours) > 5 and ours == theirs, f"{name}: exemplars: {ours} here, {theirs} there"
    print(f"{name}: {sum(map(len, mine.values()))} histograms and {len(ours)} exemplars are the same")


def check_metadata(server, name):
    """Metadata travel by themselves. Prometheus keeps what was sent in its log, and shows none of it."""
    said = {}
    for metric in "parcels", "parcels_total":
        said |= json.loads(server.ask("GET", f"/api/v1/metadata?metric={metric}")[1])["data"]
    entries = [(entry["type"], entry["help"]) for told in said.values() for entry in told]
    assert entries and set(entries) == {("counter", HELP)}, f"{name}: {said}"
    print(f"{name}: knows what parcels are")


def figures(site, name):
    text = site.ask("GET", "/metrics")[1].decode()
    return [float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name + "{")]


def scraped_since(site, begin):
    """Of what comes with every scrape, the least."""
    now = time.time()
    native = max((sum(at > begin for at in found) for found in histograms(site, now).values()), default=0)
    return min(native, sum(at > begin for *_, at in exemplars(site, begin, now)))


def is_sent(site, n, until):
    newest = figures(site, "prometheus_remote_storage_queue_highest_sent_timestamp_seconds")
    return len(newest) == n and min(newest) >= until


def run(folder, page):
    begin = time.time()
    receivers = {"1.0": Prometheus(folder / "one", LATE, FEATURES), "2.0": Prometheus(folder / "two", LATE, FEATURES),
                 "VictoriaMetrics": VictoriaMetrics(folder / "vm"),
                 "a site, 2.0": Diarchy(folder / "other", {"host": False, "receive": ["remote_write"], **WINDOW})}
    scraped = Prometheus(folder / "scraped", "{}", FEATURES)
    for server in (scraped, *receivers.values()):
        server.start()
    try:
        with Diarchy(folder / "site", lab(page, scraped, receivers)) as site:
            wait_until("there are some scrapes", PATIENCE_S, lambda: scraped_since(site, begin) >= 4)
            site.kill()  # -9: histograms are told by the one before, and are unpacked again from the log's begin
            site.connection = None
            site.start()
            again = time.time()
            wait_until("there are some more", PATIENCE_S, lambda: scraped_since(site, again) >= 5)
            at = time.time()
            wait_until("everything is sent", PATIENCE_S, lambda: is_sent(site, len(receivers), at + 1))
            for kind in "samples", "histograms", "exemplars", "metadata":
                assert sum(figures(site, f"prometheus_remote_storage_{kind}_failed_total")) == 0, kind
            for name in receivers.keys() - {"VictoriaMetrics"}:
                wait_until_holds(PATIENCE_S, lambda name=name: compare(site, receivers[name], name, begin, at))
            for name in "VictoriaMetrics", "a site, 2.0":
                wait_until_holds(PATIENCE_S, lambda name=name: check_metadata(receivers[name], name))
    finally:
        for server in (scraped, *receivers.values()):
            server.kill()


def main():
    signal.alarm(560)
    page = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=page.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        try:
            run(pathlib.Path(folder), page)
        except Absent as e:
            print(f"skipped: {e}")
            return SKIPPED
        except BaseException:
            for log in pathlib.Path(folder).rglob("*.log"):
                print(f"--- {log}\n{log.read_text(errors='replace')[-1500:]}")
            raise
    return 0


sys.exit(main())
