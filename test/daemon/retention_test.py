#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long a site, the real program, keeps samples, when its lab says otherwise while it runs.

usage: retention_test.py DIARCHY
"""
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

DIARCHY = os.path.abspath(sys.argv.pop(1))
PATIENCE_S = 60
DAY_S = 86400
LAB = """lab: home
sites:
  dublin: {{address: "127.0.0.1:{peer}", key: "{key}", timezone: UTC, http: "127.0.0.1:{http}"}}
metrics:
  retention: 15d
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Retention(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="diarchy-retention-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        made = subprocess.run([DIARCHY, "keygen", self.folder / "key"], capture_output=True, text=True, check=True)
        self.http = free_port()
        self.lab = LAB.format(peer=free_port(), http=self.http, key=made.stdout.split()[-1])
        (self.folder / "lab.yaml").write_text(self.lab, encoding="utf-8")
        log = open(self.folder / "log", "ab")  # pylint: disable=consider-using-with
        self.addCleanup(log.close)
        self.site = subprocess.Popen(  # pylint: disable=consider-using-with
            [DIARCHY, "serve", "--lab", "lab.yaml", "--key", "key", "--state", "state"],
            stdout=log, stderr=log, cwd=self.folder,
        )  # fmt: skip
        self.addCleanup(self.site.wait)
        self.addCleanup(self.site.kill)
        self.until(self.is_there)

    def until(self, what):
        deadline = time.monotonic() + PATIENCE_S
        while not what():
            self.assertLess(time.monotonic(), deadline, (self.folder / "log").read_text(encoding="utf-8"))
            time.sleep(0.1)

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.http, timeout=PATIENCE_S)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def is_there(self):
        try:
            return self.ask("GET", "/api/v1/status/buildinfo")[0] == 200
        except OSError:
            return False

    def ages(self):
        """In days, of the samples that there are."""
        status, text = self.ask("GET", "/api/v1/query?query=age%5B20d%5D")
        self.assertEqual(status, 200, text)
        return [float(v) for series in json.loads(text)["data"]["result"] for _, v in series["values"]]

    def declare(self, retention):
        (self.folder / "lab.yaml").write_text(self.lab.replace("15d", retention), encoding="utf-8")
        self.site.send_signal(signal.SIGHUP)

    def test_a_shorter_retention_holds_without_a_restart(self):
        now = int(time.time())
        body = "".join(f"age {days} {(now - days * DAY_S) * 1000}\n" for days in (12, 9, 2))
        status, text = self.ask("POST", "/api/v1/import/prometheus?wait=1", body)
        self.assertIn(status, (200, 204), text)
        self.until(lambda: self.ages() == [12, 9, 2])
        self.declare("10d")
        self.until(lambda: self.ages() == [9, 2])
        self.declare("4d")
        self.until(lambda: self.ages() == [2])
        status, text = self.ask("POST", "/api/v1/import/prometheus?wait=1", f"age 5 {(now - 5 * DAY_S) * 1000}\n")
        self.assertEqual(self.ages(), [2], text)
        self.declare("8d")
        self.until(lambda: '"storage.tsdb.retention.time":"8d"' in self.ask("GET", "/api/v1/status/flags")[1])
        self.ask("POST", "/api/v1/import/prometheus?wait=1", f"age 5 {(now - 5 * DAY_S) * 1000}\n")
        self.until(lambda: self.ages() == [5, 2])


if __name__ == "__main__":
    unittest.main()
