#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A site, the real program, that scrapes exporters which send it all kinds of rubbish, beside one that is well.

usage: exporters_test.py DIARCHY
"""
import gzip
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlencode

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.dont_write_bytecode = True

from ports import free_port  # noqa: E402

DIARCHY = os.path.abspath(sys.argv.pop(1))
PATIENCE_S = 120
BOMB = gzip.compress(b"bomb 1\n" * 20000000)  # hundreds of times as long when it is unpacked
EVERY_S = 4
LIVE_S = 40  # that the site is looked at, and longer while something hasn't been seen
LIVE_MOST_S = 400
FLOOD = 100000  # new series a scrape: one and a half millions a minute
MEMORY_MIB = 256  # of the site, whatever they send
WAIT_S = 1  # of the site's own CPU time, until it answers: the machine may be busy
PORTION = 1 << 20
TEXT = "text/plain; version=0.0.4"


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        with self.server.lock:
            n = self.server.asked[self.path] = self.server.asked.get(self.path, 0) + 1
        try:
            getattr(self, "say_" + self.path.strip("/"))(n)
        except OSError:
            self.close_connection = True  # it had heard enough

    def log_message(self, *_):
        pass

    def whole(self, body, kind=TEXT, **more):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in more.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def unending(self, portion, pause_s=0.0):
        self.send_response(200)
        self.send_header("Content-Type", TEXT)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        while True:
            self.wfile.write(portion)
            time.sleep(pause_s)

    def say_well(self, n):
        self.whole("".join(f'well{{n="{i}"}} {n * i}\n' for i in range(1000)).encode())

    def say_garbage(self, n):
        self.whole(random.Random(n).randbytes(200000))

    def say_page(self, _):
        self.whole(b"<html><body>It works!</body></html>", "text/html")

    def say_half(self, _):
        self.send_response(200)
        self.send_header("Content-Type", TEXT)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"half 1\n")
        self.close_connection = True

    def say_line(self, _):
        self.unending(b"x" * PORTION)

    def say_lines(self, _):
        self.unending(b"".join(b"lines %d\n" % i for i in range(60000)))

    def say_drip(self, _):
        self.unending(b"d", 0.05)

    def say_headers(self, _):
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            self.wfile.write(b"X-More: and more\r\n" * 1000)

    def say_bomb(self, _):
        self.whole(BOMB, Content_Encoding="gzip")

    def say_torn(self, _):
        self.whole(gzip.compress(b"torn 1\n" * 100)[:-20], Content_Encoding="gzip")

    def say_flood(self, n):
        self.whole("".join(f'flood{{id="{n}-{i}"}} 1\n' for i in range(FLOOD)).encode())

    def say_wide(self, n):
        """One series of more labels than are taken."""
        self.whole(("wide{" + ",".join(f'l{i}="{n}"' for i in range(5000)) + "} 1\n").encode())

    def say_twice(self, n):
        self.whole(b"".join(b'twice{of="%d"} %d\ntwice{of="%d"} %d\n' % (i, n, i, n + 1) for i in range(100)))

    def say_backwards(self, n):
        """Each scrape is of a minute before the last one."""
        at = int(time.time() - 60 * n) * 1000
        self.whole(b"".join(b'backwards{of="%d"} 1 %d\n' % (i, at) for i in range(100)))

    def say_tomorrow(self, _):
        at = int(time.time() + 365 * 86400) * 1000
        self.whole(b"".join(b'tomorrow{of="%d"} 1 %d\n' % (i, at) for i in range(100)))

    def say_silence(self, _):
        time.sleep(3600)


class Exporters(ThreadingHTTPServer):
    """In a process of their own: what they have to do shall not slow down others."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self):
        self.lock, self.asked = threading.Lock(), {}
        super().__init__(("127.0.0.1", 0), Answer)
        self.pid = os.fork()
        if self.pid == 0:
            self.serve_forever()
            os._exit(0)
        self.socket.close()

    def handle_error(self, *_):
        pass

    def end(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


# What the state of the target says, of those whose scrapes fail.
ERRORS = {
    "garbage": ["expected", "invalid", "while parsing", "while reading"],
    "page": ["received unsupported Content-Type"],
    "half": ["unexpected EOF", "ended", "closed", "cut"],
    "line": ["a line is over"],
    "lines": ["deadline exceeded", "body size limit", "more than"],
    "drip": ["deadline exceeded"],
    "headers": ["header"],
    "bomb": ["more than 200 times as long"],
    "torn": ["unexpected EOF in the packed body"],
    "wide": ["label"],
    "silence": ["deadline exceeded"],
}
ENDLESS = ("line", "lines", "headers")
# And of those whose scrapes go well and lose samples: what is counted, what is said.
LOSSES = {
    "flood": ("new_series", "more new series"),
    "twice": ("duplicate", "twice"),
    "backwards": ("out_of_order", "out of order"),
    "tomorrow": ("out_of_bounds", "too far in the future"),
}


class BadExporters(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.exporters = {kind: Exporters() for kind in ("well", "flood", "bomb", "endless", "light")}
        cls.home = tempfile.TemporaryDirectory(prefix="diarchy-exporters-")
        cls.folder = pathlib.Path(cls.home.name)
        cls.http = free_port()
        made = subprocess.run([DIARCHY, "keygen", cls.folder / "key"], capture_output=True, text=True, check=True)
        jobs = [
            {"job_name": name, "metrics_path": f"/{name}",
             "static_configs": [{"targets": [f"127.0.0.1:{cls.exporter_of(name).server_port}"]}]}
            for name in ["well", *ERRORS, *LOSSES]
        ]  # fmt: skip
        site = {"address": f"127.0.0.1:{free_port()}", "key": made.stdout.split()[-1].strip('"'), "timezone": "UTC",
                "http": f"127.0.0.1:{cls.http}"}  # fmt: skip
        metrics = {"host": False, "global": {"scrape_interval": f"{EVERY_S}s", "scrape_timeout": f"{EVERY_S}s"}, "scrape_configs": jobs}
        (cls.folder / "lab.yaml").write_text(
            json.dumps({"lab": "home", "sites": {"dublin": site}, "metrics": metrics}), encoding="utf-8"
        )
        cls.log = open(cls.folder / "log", "wb")  # pylint: disable=consider-using-with
        cls.site = subprocess.Popen(
            [DIARCHY, "serve", "--lab", cls.folder / "lab.yaml", "--site", "dublin", "--key", cls.folder / "key",
             "--state", cls.folder / "state"], stdout=cls.log, stderr=cls.log,
        )  # fmt: skip
        cls.live()

    @classmethod
    def tearDownClass(cls):
        cls.site.terminate()
        cls.status = cls.site.wait(PATIENCE_S)
        cls.log.close()
        for exporters in cls.exporters.values():
            exporters.end()
        cls.home.cleanup()

    @classmethod
    def exporter_of(cls, name):
        return cls.exporters.get(name) or cls.exporters["endless" if name in ENDLESS else "light"]

    @classmethod
    def live(cls):
        """It runs for a while; how large it became, what it did before it answered."""
        end, cls.most_kib, cls.slowest_s = time.monotonic() + PATIENCE_S, 0, 0.0
        while True:
            try:
                cls.get("/healthz")
                break
            except OSError:
                if cls.site.poll() is not None or time.monotonic() > end:
                    raise RuntimeError((cls.folder / "log").read_text()) from None
                time.sleep(0.05)
        began, cls.said = time.monotonic(), {}
        while time.monotonic() < began + (LIVE_S if cls.has_seen_all() else LIVE_MOST_S):
            cls.look()
            time.sleep(0.2)
        cls.page = cls.get("/metrics").decode()

    @classmethod
    def look(cls):
        before = cls.cpu_s()
        targets = json.loads(cls.get("/api/v1/targets?state=active"))["data"]["activeTargets"]
        cls.slowest_s = max(cls.slowest_s, cls.cpu_s() - before)
        for target in targets:
            said = (target["health"], target["lastError"], target.get("lastWarning", ""))
            cls.said.setdefault(target["scrapePool"], set()).add(said)
        status = pathlib.Path(f"/proc/{cls.site.pid}/status").read_text(encoding="utf-8")
        cls.most_kib = max(cls.most_kib, int(status.split("VmRSS:")[1].split()[0]))

    @classmethod
    def has_failed_as(cls, name):
        """What is wrong with it was said; a busy machine may say before that nothing came in time."""
        return any(
            health == "down" and any(word in error for word in ERRORS[name])
            for health, error, _ in cls.said.get(name, ())
        )

    @classmethod
    def has_lost_as(cls, name):
        return any(
            (health, error) == ("up", "") and LOSSES[name][1] in warning
            for health, error, warning in cls.said.get(name, ())
        )

    @classmethod
    def has_seen_all(cls):
        return all(map(cls.has_failed_as, ERRORS)) and all(map(cls.has_lost_as, LOSSES))

    @classmethod
    def cpu_s(cls):
        """Of the thread that answers."""
        task = pathlib.Path(f"/proc/{cls.site.pid}/task/{cls.site.pid}/schedstat")
        return int(task.read_text(encoding="utf-8").split()[0]) / 1e9

    @classmethod
    def get(cls, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{cls.http}{path}", timeout=PATIENCE_S) as answer:
            return answer.read()

    @classmethod
    def query(cls, text):
        """{job: value}"""
        answer = json.loads(cls.get("/api/v1/query?" + urlencode({"query": text})))
        return {row["metric"].get("job", ""): float(row["value"][1]) for row in answer["data"]["result"]}

    def counted(self, family, **labels):
        """A line of /metrics."""
        wanted = "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"
        for line in self.page.splitlines():
            if line.startswith(f"{family}{wanted} "):
                return float(line.split()[-1])
        return self.fail(f"/metrics has no {family}{wanted}")

    def test_each_failure_is_named_in_the_targets_state(self):
        for name in ERRORS:
            with self.subTest(name):
                self.assertTrue(self.has_failed_as(name), self.said[name])
                self.assertEqual({health for health, _, _ in self.said[name]} - {"unknown"}, {"down"})
                self.assertGreater(self.counted("diarchy_scrapes_failed_total", job=name), 1)

    def test_each_loss_is_counted_and_named(self):
        for name, (reason, _) in LOSSES.items():
            with self.subTest(name):
                self.assertTrue(self.has_lost_as(name), self.said[name])
                self.assertGreater(self.counted("diarchy_scrape_samples_lost_total", job=name, reason=reason), 10)

    def test_who_is_well_is_scraped_as_before(self):
        scrapes = self.counted("diarchy_scrapes_total", job="well")
        self.assertGreaterEqual(scrapes, LIVE_S / EVERY_S - 2)
        self.assertLess(self.counted("diarchy_scrapes_failed_total", job="well") / scrapes, 0.3)
        self.assertEqual(self.counted("diarchy_scrape_samples_lost_total", job="well", reason="duplicate"), 0)
        self.assertEqual({warning for _, _, warning in self.said["well"]}, {""})
        self.assertEqual(self.query("count by (job) (last_over_time(well[2m]))")["well"], 1000)

    def test_memory_stays_bounded_and_answers_come_in_time(self):
        self.assertLess(self.most_kib / 1024, MEMORY_MIB)
        self.assertLess(self.slowest_s, WAIT_S)

    def test_nothing_of_what_was_refused_is_stored(self):
        for name in ("half", "line", "lines", "bomb", "torn", "wide", "tomorrow"):
            self.assertEqual(self.query(f"count by (job) (last_over_time({name}[1h]))"), {}, name)
        self.assertEqual(self.query("count by (job) (last_over_time(twice[1h]))")["twice"], 100)


if __name__ == "__main__":
    unittest.main()
