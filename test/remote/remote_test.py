#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A site beside the programs that send to it and read from it: Prometheus, vmagent, and what people type.

usage: remote_test.py      BUILD: the build's folder.  Needs get.sh's packages; exit status 77 without them.
"""
import gzip
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
sys.dont_write_bytecode = True

from alone import Diarchy  # noqa: E402
from lab import DIARCHY, Program, wait_until  # noqa: E402
from peers import remote_write  # noqa: E402
from peers.servers import Absent, Prometheus, find, free_port  # noqa: E402

RECEIVE = {"retention": "400d", "receive": ["import", "remote_write", "otlp"]}
PATIENCE_S = 120  # of a loaded machine


def samples(server, selector, end_s, span):
    """{labels as JSON: [[time, value], ...]} of a range selector."""
    answer = server.api("query", query=f"{selector}[{span}s]", time=end_s)
    if answer["status"] != "success":
        raise AssertionError(answer)
    found = {}
    for series in answer["data"]["result"]:
        labels = json.dumps(series["metric"], sort_keys=True)
        found[labels] = series.get("values", []) + [[t, json.dumps(h)] for t, h in series.get("histograms", [])]
    return found


def write_url(site):
    return f"http://127.0.0.1:{site.address[1]}/api/v1/write"


class Remote(unittest.TestCase):
    maxDiff = 2000

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="diarchy-remote-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.site = Diarchy(self.folder / "site", RECEIVE)
        self.site.start()
        self.addCleanup(self.end, self.site)

    def start(self, server):
        server.start()
        self.addCleanup(self.end, server)
        return server

    def end(self, server):
        if getattr(server, "connection", None):
            server.connection.close()
        server.stop()

    def prometheus(self, name, config, *options):
        return self.start(Prometheus(self.folder / name, json.dumps(config), *options))

    def writing_prometheus(self, message, *options):
        port = free_port()
        return self.start(Prometheus(self.folder / "sender", json.dumps({
            "global": {"scrape_interval": "500ms"},
            "scrape_configs": [{"job_name": "self", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}],
            "remote_write": [{"url": write_url(self.site), "protobuf_message": message, "send_exemplars": True,
                              "queue_config": {"batch_send_deadline": "500ms"}}]}), *options, port=port))

    def check_both_hold_the_same(self, sender, selector, least):
        wait_until("there is something", PATIENCE_S, lambda: len(samples(sender, selector, time.time(), 5)) > least, 0.5)
        end = time.time()

        def are_the_same():  # what is being scraped comes to both
            theirs = samples(sender, selector, end, 5)
            return len(theirs) > least and samples(self.site, selector, end, 5) == theirs

        wait_until("all has arrived", PATIENCE_S, are_the_same, 0.5)

    def check_prometheus_writes(self, message):
        sender = self.writing_prometheus(message)
        self.check_both_hold_the_same(sender, '{job="self",__name__=~"prometheus_.*|up|scrape_.*|go_.*"}', 300)

    def test_prometheus_writes_1_0(self):
        self.check_prometheus_writes("prometheus.WriteRequest")

    def test_prometheus_writes_2_0(self):
        self.check_prometheus_writes("io.prometheus.write.v2.Request")

    def type_of(self, metric):
        data = json.loads(self.site.ask("GET", f"/api/v1/metadata?metric={metric}")[1])["data"]
        return data[metric][0]["type"] if metric in data else None

    def check_metadata_arrives(self, message, *options):
        self.writing_prometheus(message, *options)
        wait_until("types are known", PATIENCE_S, lambda: self.type_of("go_goroutines") == "gauge", 0.5)
        self.assertEqual(self.type_of("prometheus_http_requests_total"), "counter")
        self.assertEqual(self.type_of("prometheus_http_request_duration_seconds"), "histogram")

    def test_metadata_arrives_with_2_0(self):
        self.check_metadata_arrives("io.prometheus.write.v2.Request", "--enable-feature=metadata-wal-records")

    def test_vmagent_writes(self):
        port = free_port()
        target = self.prometheus("target", {})
        config = self.folder / "vmagent.yml"
        config.write_text(json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": [
            {"job_name": "prometheus", "static_configs": [{"targets": [f"127.0.0.1:{target.address[1]}"]}]}]}))
        self.start(Program([find("victoria-metrics", "vmagent"), f"-promscrape.config={config}",
                            f"-remoteWrite.url={write_url(self.site)}", f"-httpListenAddr=127.0.0.1:{port}",
                            f"-remoteWrite.tmpDataPath={self.folder / 'vmagent'}", "-remoteWrite.flushInterval=500ms",
                            "-remoteWrite.forcePromProto"], self.folder / "vmagent.log", ("127.0.0.1", port)))
        wait_until("samples arrive", PATIENCE_S, lambda: len(samples(self.site, 'up{job="prometheus"}', time.time(), 10)) == 1, 0.5)
        wait_until("all of a scrape arrives", PATIENCE_S,
                   lambda: len(samples(self.site, '{job="prometheus"}', time.time(), 10)) > 300, 0.5)
        self.assertEqual([v for _, v in next(iter(samples(self.site, 'up{job="prometheus"}', time.time(), 60).values()))][-1], "1")

    def test_prometheus_reads(self):
        begin = int(time.time()) - 40 * 86400
        text = "".join(f'read_total{{n="{n}"}} {n * 10 + i} {(begin + 60 * i) * 1000}\n' for n in range(3) for i in range(50))
        self.assertEqual(self.site.ask("POST", "/api/v1/import/prometheus?wait=1", text)[0], 204)
        reader = self.prometheus("reader", {"remote_read": [
            {"url": f"http://127.0.0.1:{self.site.address[1]}/api/v1/read", "read_recent": True}]})
        end = begin + 60 * 49
        ours = samples(self.site, "read_total", end, 3600)
        self.assertEqual(len(ours), 3)
        self.assertEqual(sum(map(len, ours.values())), 150)
        self.assertEqual(samples(reader, "read_total", end, 3600), ours)
        self.assertEqual(samples(reader, 'read_total{n=~"[12]"}', end, 120), samples(self.site, 'read_total{n=~"[12]"}', end, 120))

    def test_prometheus_reads_histograms_and_floats_among_each_other(self):
        now = int(time.time()) * 1000 - 60000
        spans = {"negative_spans": [], "negative": [], "positive_spans": [(1, 2), (3, 1)], "zero_threshold": 0.001}
        sent = []
        for i in range(20):
            h = {"count": 7 + 3 * i, "sum": 1.5 * i, "schema": 1, "zero_count": 1, "positive": [3 + i, 2 + i, 1 + i],
                 "reset": 3 if i > 15 else 0, "bounds": []} | spans
            if i > 10:
                h |= {"schema": -53, "bounds": [0.5, 1, 2, 4.25], "zero_count": 0, "zero_threshold": 0, "count": 2 + i,
                      "positive_spans": [(0, 2)], "positive": [1, 1 + i]}
            sent.append(remote_write.sample(now + 1000 * i, i / 3) if i % 7 == 3 else
                        remote_write.histogram(now + 1000 * i, h))
        rw = remote_write  # and one of integers: 300, 5 and 70000 in two spans
        sent.append(rw.message(4, rw.field(1, rw.VARINT, rw.varint(70306)) + rw.double(3, -2.5) + rw.field(4, rw.VARINT, rw.zigzag(3)) +
                               rw.double(5, 2 ** -128) + rw.field(6, rw.VARINT, rw.varint(1)) +
                               rw.message(11, rw.field(1, rw.VARINT, rw.zigzag(-40)) + rw.field(2, rw.VARINT, rw.varint(1))) +
                               rw.message(11, rw.field(1, rw.VARINT, rw.zigzag(500)) + rw.field(2, rw.VARINT, rw.varint(2))) +
                               rw.message(12, b"".join(map(rw.zigzag, (300, -295, 69995)))) +
                               rw.field(15, rw.VARINT, rw.varint(now + 25000))))
        for sample in sent:  # within one request floats come first
            self.site.write(remote_write.series([("__name__", "mixed"), ("job", "a")], [sample]))
        reader = self.prometheus("mixed", {"remote_read": [
            {"url": f"http://127.0.0.1:{self.site.address[1]}/api/v1/read", "read_recent": True}]})
        asked = {"query": "mixed[5m]", "time": now / 1000 + 30}
        (ours,) = self.site.api("query", **asked)["data"]["result"]
        self.assertEqual((len(ours["values"]), len(ours["histograms"])), (3, 18))
        self.assertEqual(reader.api("query", **asked)["data"]["result"], [ours])

    def test_files_are_imported(self):
        now = int(time.time()) * 1000
        begin = now - 30 * 86400000
        file = self.folder / "history.prom"
        file.write_text("".join(f'old{{s="{s}"}} {s + k} {begin + k * 3600000}\n' for k in range(700) for s in range(20)))
        url = f"http://127.0.0.1:{self.site.address[1]}"
        done = subprocess.run([DIARCHY, "metrics", "import", file, "--site", url], capture_output=True, text=True, timeout=PATIENCE_S)
        self.assertEqual((done.returncode, done.stdout), (0, "14000 samples imported\n"), done.stderr)
        total = self.site.api("query", query="sum(count_over_time(old[31d]))", time=now / 1000)
        self.assertEqual(total["data"]["result"][0]["value"][1], "14000")

    def test_what_is_exported_can_be_imported(self):
        begin = (int(time.time()) - 86400) * 1000
        text = "".join(f'out{{s="{s}",q="a\\"b"}} {s + k / 8} {begin + k * 60000}\n' for s in range(3) for k in range(40))
        self.assertEqual(self.site.ask("POST", "/api/v1/import/prometheus?wait=1", text)[0], 204)
        url = f"http://127.0.0.1:{self.site.address[1]}"
        argv = [DIARCHY, "metrics", "export", "--match", "out", "--site", url]
        lines = subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE_S).stdout.splitlines()
        first = json.loads(lines[0])
        self.assertEqual((len(lines), first["metric"]), (3, {"__name__": "out", "q": 'a"b', "s": "0"}))
        self.assertEqual(first["timestamps"], [begin + k * 60000 for k in range(40)])
        self.assertEqual(first["values"], [k / 8 for k in range(40)])
        out = subprocess.run(argv + ["--format", "openmetrics"], capture_output=True, text=True, timeout=PATIENCE_S).stdout
        status, told = self.site.ask("POST", "/api/v1/import/prometheus?wait=1&extra_label=again=1", out,
                                     {"Content-Type": "application/openmetrics-text"})
        self.assertEqual(status, 204, told)
        total = self.site.api("query", query='sum(count_over_time(out{again="1"}[2d]))', time=begin / 1000 + 86400)
        self.assertEqual(total["data"]["result"][0]["value"][1], "120")

    def test_a_stopped_site_gets_files_in_its_folder(self):
        now = int(time.time())
        text = "# TYPE old gauge\n" + "".join(f"old {k} {now - 86400 + 60 * k}\n" for k in range(100)) + "# EOF\n"
        argv = [DIARCHY, "metrics", "import", "-", "--format", "openmetrics", "--data", self.site.data]
        running = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=PATIENCE_S)
        self.assertIn("its site is running", running.stderr)
        self.site.stop()
        done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=PATIENCE_S)
        self.assertEqual((done.returncode, done.stdout), (0, "100 samples imported\n"), done.stderr)
        self.site.start()
        self.assertEqual(sum(map(len, samples(self.site, "old", now, 86500).values())), 100)

    def test_a_gzipped_text_is_imported(self):
        text = gzip.compress(b"zipped 1\n")
        status, answer = self.site.ask("POST", "/api/v1/import/prometheus", text, {"Content-Encoding": "gzip"})
        self.assertEqual(status, 204, answer)
        self.assertEqual(len(samples(self.site, "zipped", time.time() + 1, 60)), 1)

    def test_opentelemetry_is_stored_under_prometheus_names(self):
        now = int(time.time())
        status, text = self.site.ask("POST", "/api/v1/otlp/v1/metrics", otlp_request(now),
                                     {"Content-Type": "application/x-protobuf"})
        self.assertEqual((status, text), (200, b""))
        found = samples(self.site, '{job="web/shop",instance="a1"}', now + 1, 60)
        names = sorted({json.loads(labels)["__name__"] for labels in found})
        self.assertEqual(names, [
            "cpu_utilization_ratio", "disk_speed_bytes_per_second", "http_requests_total", "latency_seconds_bucket",
            "latency_seconds_count", "latency_seconds_sum", "queue_length", "room_temperature_celsius", "size_bytes",
            "target_info", "took_milliseconds", "took_milliseconds_count", "took_milliseconds_sum"])
        self.assertEqual([v for [_, v] in sum(samples(self.site, 'disk_speed_bytes_per_second{a_b="1;2"}', now + 1, 60).values(),
                                              [])], ["1000000000"])
        quantile = self.site.api("query", query="histogram_count(size_bytes)", time=now)
        self.assertEqual(quantile["data"]["result"][0]["value"][1], "6")
        status, text = self.site.ask("POST", "/api/v1/otlp/v1/metrics", b"", {"Content-Type": "text/plain"})
        self.assertEqual(status, 415)

    def test_what_is_out_of_order_is_told(self):
        sender = self.prometheus("sender", {})
        for server, told in ((sender, b"out of order sample"), (self.site, b"out of order sample for series a")):
            now = int(time.time() * 1000)
            series = bytes.fromhex("0a0d0a085f5f6e616d655f5f120161")  # label __name__="a"
            sample = lambda t: b"\x12\x10\x09" + bytes(6) + b"\xf0\x3f\x10" + remote_write.varint(t)  # noqa: E731
            request = lambda t: remote_write.message(1, series + sample(t))  # noqa: E731
            server.write(request(now))
            status, text = self.post(server, request(now - 1000))
            self.assertEqual(status, 400)
            self.assertIn(told, text)

    def post(self, server, request):
        return server.ask("POST", "/api/v1/write", remote_write.snappy(request),
                          {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf"})

    def test_wrong_requests_are_refused_as_prometheus_does(self):
        sender = self.prometheus("sender", {})
        for headers, body in (({"Content-Type": "text/plain"}, b""),
                              ({"Content-Type": "application/x-protobuf;proto=x"}, b""),
                              ({"Content-Type": "application/x-protobuf"}, b"no snappy"),
                              ({"Content-Type": "application/x-protobuf"}, b"\x03\x08abc")):
            statuses = [server.ask("POST", "/api/v1/write", body, headers)[0] for server in (sender, self.site)]
            self.assertEqual(statuses[0], statuses[1], headers)


def otlp_request(now_s):
    """A resource with a metric of each kind."""
    text, message, double = remote_write.text, remote_write.message, remote_write.double

    def fixed(number, value):
        return remote_write.field(number, remote_write.FIXED64, struct.pack("<Q", value))

    def number(n, value):
        return remote_write.field(n, remote_write.VARINT, remote_write.varint(value))

    def attribute(field, key, value):
        return message(field, text(1, key) + message(2, text(1, value)))

    def metric(name, unit, data, body):
        return message(2, text(1, name) + text(2, "help") + text(3, unit) + message(data, body))

    t, cumulative = fixed(3, now_s * 10**9), number(2, 2)
    resource = message(1, attribute(1, "service.name", "shop") + attribute(1, "service.namespace", "web")
                       + attribute(1, "service.instance.id", "a1") + attribute(1, "host.name", "nas"))
    bounds = struct.pack("<3d", 0.005, 1, 100)
    metrics = [
        metric("room.temperature", "Cel", 5, message(1, t + double(4, 21.5) + attribute(7, "room.name", "cellar"))),
        metric("cpu.utilization", "1", 5, message(1, t + double(4, 0.25) + attribute(7, "2nd", "x") + attribute(7, "_p", "y"))),
        metric("http.requests", "{request}", 7, message(1, t + fixed(6, 42)) + cumulative + number(3, 1)),
        metric("queue.length", "", 7, message(1, t + fixed(6, 3)) + cumulative),
        metric("disk.speed", "By/s", 5, message(1, t + double(4, 1e9) + attribute(7, "a.b", "1") + attribute(7, "a_b", "2"))),
        metric("latency", "s", 9, message(1, t + fixed(4, 10) + double(5, 30.5) + message(6, struct.pack("<4Q", 1, 2, 3, 4))
                                          + message(7, bounds)) + cumulative),
        metric("took", "ms", 11, message(1, t + fixed(4, 6) + double(5, 3) + message(6, double(1, 0.5) + double(2, 1.5)))),
        metric("size", "By", 10, message(1, t + fixed(4, 6) + double(5, 9) + remote_write.field(6, remote_write.VARINT,
               remote_write.zigzag(9)) + message(8, remote_write.field(1, remote_write.VARINT, remote_write.zigzag(-3))
                                                 + message(2, bytes([1, 2, 3])))) + cumulative),
    ]
    return message(1, resource + message(2, b"".join(metrics)))


if __name__ == "__main__":
    try:
        find("prometheus", "prometheus")
        find("victoria-metrics", "vmagent")
    except Absent as e:
        print(f"skipped: {e}")
        sys.exit(77)
    unittest.main(verbosity=2)
