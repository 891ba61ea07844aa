#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A site, the real program, that is stopped while a message of its is on its way.

usage: leaving_test.py DIARCHY
"""
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.dont_write_bytecode = True

from ports import free_port  # noqa: E402

DIARCHY = os.path.abspath(sys.argv.pop(1))
PATIENCE_S = 120
LEAVE_S = 5  # DAEMON_ANSWER_MS
LAB = """lab: home
sites:
  dublin: {{address: "127.0.0.1:{peer}", key: "{key}", timezone: UTC, http: "127.0.0.1:{http}"}}
notify:
  discord: {{webhook: {{env: WEBHOOK}}}}
probes:
  photos: {{home: dublin, every: 1s, tcp: "127.0.0.1:{dead}"}}
"""


class Discord(ThreadingHTTPServer):
    """Takes messages, and answers when it may."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Receiver)
        self.created = []
        self.may_answer = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass  # who left doesn't take the answer any more


class Receiver(BaseHTTPRequestHandler):
    def answer(self, body=b'{"id": "1"}'):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer()

    def do_PATCH(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer()

    def do_POST(self):
        self.server.created.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        if self.server.may_answer.wait(PATIENCE_S):
            self.answer()

    def log_message(self, *_):
        pass


class Leaving(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="diarchy-leaving-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        made = subprocess.run([DIARCHY, "keygen", self.folder / "key"], capture_output=True, text=True, check=True)
        names = {"peer": free_port(), "http": free_port(), "dead": free_port(), "key": made.stdout.split()[-1]}
        (self.folder / "lab.yaml").write_text(LAB.format(**names), encoding="utf-8")
        self.discord = Discord()
        self.addCleanup(self.discord.server_close)
        self.addCleanup(self.discord.shutdown)
        self.addCleanup(self.discord.may_answer.set)

    def launch(self):
        log = open(self.folder / "log", "ab")  # pylint: disable=consider-using-with
        self.addCleanup(log.close)
        site = subprocess.Popen(  # pylint: disable=consider-using-with
            [DIARCHY, "serve", "--lab", self.folder / "lab.yaml", "--key", self.folder / "key",
             "--state", self.folder / "state"],
            stdout=log, stderr=log, env={"PATH": os.environ["PATH"],
                                         "WEBHOOK": f"http://127.0.0.1:{self.discord.server_port}/api/webhooks/1/t"},
        )  # fmt: skip
        self.addCleanup(site.wait)
        self.addCleanup(site.kill)
        return site

    def log(self):
        return (self.folder / "log").read_text(encoding="utf-8")

    def until(self, what):
        deadline = time.monotonic() + PATIENCE_S
        while not what():
            self.assertLess(time.monotonic(), deadline, self.log())
            time.sleep(0.05)

    def begin_to_tell(self):
        site = self.launch()
        self.until(lambda: self.discord.created)
        return site

    def test_an_answer_that_comes_during_a_stop_counts_and_nothing_is_told_again(self):
        site = self.begin_to_tell()
        site.terminate()
        self.until(lambda: "waiting for the answer to a message" in self.log())
        self.assertIsNone(site.poll())
        self.discord.may_answer.set()
        self.assertEqual(site.wait(PATIENCE_S), 0)
        site = self.launch()
        self.until(lambda: self.log().count("pages and API on") == 2)
        time.sleep(8)  # the calm after a start, and a test of the channel
        self.assertEqual(len(self.discord.created), 1, self.log())
        site.terminate()
        self.assertEqual(site.wait(PATIENCE_S), 0)

    def test_a_stop_waits_so_long_and_no_longer_and_then_says_that_it_may_be_a_repeat(self):
        site = self.begin_to_tell()
        asked = time.monotonic()
        site.terminate()
        self.assertEqual(site.wait(LEAVE_S + PATIENCE_S), 0)
        self.assertGreater(time.monotonic() - asked, LEAVE_S - 1)
        self.discord.may_answer.set()
        self.launch()
        self.until(lambda: len(self.discord.created) == 2)
        self.assertIn("aybe a repeat", self.discord.created[1])

    def test_who_asks_twice_does_not_wait(self):
        site = self.begin_to_tell()
        asked = time.monotonic()
        site.terminate()
        self.until(lambda: "waiting for the answer to a message" in self.log())
        site.send_signal(signal.SIGINT)
        self.assertEqual(site.wait(PATIENCE_S), 0)
        self.assertLess(time.monotonic() - asked, LEAVE_S - 1, self.log())


if __name__ == "__main__":
    unittest.main(verbosity=2)
