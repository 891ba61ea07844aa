#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A watcher and a site, the real program, while the watcher's lab.yaml changes.

usage: watch_test.py DIARCHY
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.dont_write_bytecode = True

from ports import free_port  # noqa: E402

DIARCHY = os.path.abspath(sys.argv.pop(1))
PATIENCE_S = 180  # a silence is told after 45 s
LAB = """lab: home
sites:
  dublin: {{address: "127.0.0.1:{peer}", key: "{dublin}", timezone: UTC, http: "127.0.0.1:{http}"}}
{more}watchers:
  webhost: {{url: "http://127.0.0.1:{watch}", key: "{webhost}", listen: "127.0.0.1:{watch}"}}
notify:
  discord: {{webhook: {{env: WEBHOOK}}}}
heartbeats:
  export: {{home: dublin, every: 24h, grace: 1h}}
"""
GALWAY = '  galway: {{address: "127.0.0.1:1", key: "{key}", timezone: UTC}}\n'


class Discord(BaseHTTPRequestHandler):
    """Takes every message."""

    posts = []
    may_answer = threading.Event()

    def do_POST(self):
        Discord.posts.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        Discord.may_answer.wait(PATIENCE_S)
        body = b'{"id": "1"}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_PATCH = do_POST

    def log_message(self, *_):
        pass


class Watch(unittest.TestCase):
    def setUp(self):
        Discord.posts.clear()
        Discord.may_answer.set()
        folder = tempfile.TemporaryDirectory(prefix="diarchy-watch-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.names = {"peer": free_port(), "http": free_port(), "watch": free_port(), "more": ""}
        for name in ("dublin", "webhost", "galway"):
            made = subprocess.run([DIARCHY, "keygen", self.folder / name], capture_output=True, text=True, check=True)
            self.names[name] = made.stdout.split()[-1].strip('"')
        for name in ("dublin", "webhost"):
            (self.folder / f"of-{name}").mkdir()
            self.write(name, LAB.format(**self.names))
        server = ThreadingHTTPServer(("127.0.0.1", 0), Discord)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.webhook = f"http://127.0.0.1:{server.server_port}/api/webhooks/1/token"
        self.watcher = self.launch("watch", "webhost")
        self.site = self.launch("serve", "dublin")
        self.until(lambda: "dublin: heard" in self.page())

    def write(self, name, text):
        """As git does: beside, and renamed over."""
        path = self.folder / f"of-{name}" / "lab.yaml"
        path.with_suffix(".new").write_text(text, encoding="utf-8")
        path.with_suffix(".new").rename(path)

    def launch(self, command, name):
        log = open(self.folder / f"{name}.log", "ab")  # pylint: disable=consider-using-with
        self.addCleanup(log.close)
        process = subprocess.Popen(  # pylint: disable=consider-using-with
            [DIARCHY, command, "--lab", self.folder / f"of-{name}" / "lab.yaml", "--key", self.folder / name,
             "--state", self.folder / f"state-{name}"],
            stdout=log, stderr=log, env={"PATH": os.environ["PATH"], "WEBHOOK": self.webhook},
        )  # fmt: skip
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        process.terminate()
        try:
            process.wait(120)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def get(self, port, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
                return answer.read().decode()
        except OSError:
            return ""

    def page(self):
        return self.get(self.names["watch"], "/")

    def check(self, name):
        text = self.get(self.names["http"], "/api/lab/v1/checks")
        return next((c for c in json.loads(text or '{"checks": []}')["checks"] if c["name"] == name), {})

    def until(self, what):
        deadline = time.monotonic() + PATIENCE_S
        while not what():
            if time.monotonic() > deadline:
                logs = "".join(p.read_text(encoding="utf-8") for p in self.folder.glob("*.log"))
                self.fail(f"not within {PATIENCE_S} s:\n{self.page()}\n{logs}")
            time.sleep(0.1)

    def test_a_broken_file_is_said_and_the_running_one_kept_until_it_is_mended(self):
        self.write("webhost", LAB.format(**self.names).replace("heartbeats", "hartbeats"))
        self.until(lambda: "not taken up" in self.page() and "did you mean" in self.page())
        self.assertIn("dublin: heard", self.page())
        self.until(lambda: self.check("config@dublin").get("state") == "failing")
        self.assertIn("watcher webhost", self.check("config@dublin")["reason"])
        self.until(lambda: any("webhost" in p for p in Discord.posts))
        self.end(self.site)  # what is broken now must not keep it from speaking
        self.until(lambda: any("dublin is silent" in p for p in Discord.posts))
        self.write("webhost", LAB.format(**self.names))
        self.until(lambda: "not taken up" not in self.page())

    def test_an_answer_that_comes_during_a_stop_counts_and_nothing_is_told_again(self):
        told = lambda: [p for p in Discord.posts if "dublin is silent" in p]  # noqa: E731
        Discord.may_answer.clear()
        self.end(self.site)
        self.until(told)
        self.watcher.terminate()
        time.sleep(1)
        self.assertIsNone(self.watcher.poll(), "it didn't wait")
        Discord.may_answer.set()
        self.assertEqual(self.watcher.wait(PATIENCE_S), 0)
        self.watcher = self.launch("watch", "webhost")
        self.until(lambda: "dublin: silent, told" in self.page())
        time.sleep(3)
        self.assertEqual(len(told()), 1)

    def test_a_site_that_is_declared_is_listened_to_without_a_restart(self):
        more = GALWAY.format(key=self.names["galway"])
        (self.folder / "of-webhost" / "lab.yaml").write_text(
            LAB.format(**{**self.names, "more": more}), encoding="utf-8"
        )
        os.kill(self.watcher.pid, signal.SIGHUP)
        self.until(lambda: "galway: not heard yet" in self.page())
        self.assertIn("dublin: heard", self.page())
        self.assertIsNone(self.watcher.poll())

    def test_a_file_without_this_watcher_is_not_taken_up(self):
        self.write("webhost", LAB.format(**{**self.names, "webhost": self.names["galway"]}))
        self.until(lambda: "not taken up" in self.page())
        self.assertIn("has our name or key", self.page())


if __name__ == "__main__":
    unittest.main(verbosity=2)
