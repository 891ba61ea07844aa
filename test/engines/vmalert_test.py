#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A site in the place of all that vmalert needs: where it asks, writes, reads back, and tells of alerts.

usage: vmalert_test.py DIARCHY

Without vmalert (bench/peers/get.sh fetches it on Debian) it says so and passes (77).  What karma asks of an
Alertmanager is asked here by a replay of its calls: karma itself is no package of Debian's.
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.dont_write_bytecode = True

from ports import free_port  # noqa: E402

DIARCHY = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else ""
ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE_S = 120
FOR_S = 6
LAB = """lab: home
sites:
  dublin: {{address: "127.0.0.1:{peer}", key: "{key}", timezone: UTC, http: "127.0.0.1:{http}"}}
notify:
  webhook: {{url: "http://127.0.0.1:{hook}/"}}
metrics:
  host: false
  receive: [import, remote_write]
"""
RULES = """groups:
  - name: temperatures
    interval: 1s
    rules:
      - record: room:temperature:max
        expr: max by (room) (room_celsius)
        labels: {{by: vmalert}}
      - alert: Hot
        expr: room:temperature:max > 30
        for: {held}s
        labels: {{severity: critical}}
        annotations: {{summary: "{{{{ $labels.room }}}} has {{{{ $value }}}} degrees"}}
"""


def program(package, name):
    done = subprocess.run([ROOT / "bench/peers/get.sh", package, name], capture_output=True, text=True, check=False)
    return done.stdout.strip().splitlines()[-1] if done.returncode == 0 and done.stdout.strip() else None


class Vmalert(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="diarchy-vmalert-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.port = free_port()
        self.site = f"http://127.0.0.1:{self.port}"
        key = subprocess.run([DIARCHY, "keygen", self.folder / "key"], capture_output=True, text=True, check=True)
        text = LAB.format(peer=free_port(), http=self.port, hook=free_port(), key=key.stdout.split()[-1].strip('"'))
        (self.folder / "lab.yaml").write_text(text, encoding="utf-8")
        (self.folder / "rules.yml").write_text(RULES.format(held=FOR_S), encoding="utf-8")
        self.start(
            DIARCHY, "serve", "--lab", self.folder / "lab.yaml", "--key", self.folder / "key",
            "--state", self.folder / "state",
        )  # fmt: skip
        self.wait_for(lambda: self.get("/-/ready"))

    def start(self, *command):
        with open(self.folder / "log", "ab") as log:
            running = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        self.addCleanup(lambda: (running.kill(), running.wait()))
        return running

    def start_vmalert(self):
        return self.start(
            self.vmalert, "-rule=rules.yml", f"-datasource.url={self.site}", f"-remoteWrite.url={self.site}",
            f"-remoteRead.url={self.site}", f"-notifier.url={self.site}", f"-httpListenAddr=127.0.0.1:{free_port()}",
            "-remoteWrite.flushInterval=1s", "-datasource.queryStep=10s", "-rule.evalDelay=0s",
        )  # fmt: skip

    vmalert = None

    def get(self, path, **params):
        query = "?" + urllib.parse.urlencode(params) if params else ""
        with urllib.request.urlopen(self.site + path + query, timeout=PATIENCE_S) as answer:
            return answer.read()

    def ask(self, expression):
        return json.loads(self.get("/api/v1/query", query=expression))["data"]["result"]

    def warm(self, degrees):
        body = f'room_celsius{{room="rack",sensor="top"}} {degrees}\n'.encode()
        urllib.request.urlopen(f"{self.site}/api/v1/import/prometheus", data=body, timeout=PATIENCE_S).close()

    def wait_for(self, condition, seconds=PATIENCE_S):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if condition():
                    return
            except OSError:
                pass
            time.sleep(0.2)
        self.fail(self.log()[-4000:])

    def log(self):
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def alerts(self):
        return json.loads(self.get("/api/v2/alerts"))

    def kept_warm(self, degrees, condition):
        self.warm(degrees)
        return condition()

    def test_it_records_tells_begins_anew_and_ends(self):
        first = self.start_vmalert()
        recorded = 'room:temperature:max{by="vmalert",room="rack"}'
        self.wait_for(lambda: self.kept_warm(35, lambda: self.ask(recorded)))
        self.assertEqual(self.ask(recorded)[0]["value"][1], "35")
        state = 'ALERTS_FOR_STATE{alertname="Hot"}'
        self.wait_for(lambda: self.kept_warm(35, lambda: self.ask(state)))
        since = float(self.ask(state)[0]["value"][1])
        self.wait_for(lambda: self.kept_warm(35, lambda: time.time() > since + FOR_S / 2))
        first.send_signal(signal.SIGKILL)
        first.wait()
        self.start_vmalert()
        self.wait_for(lambda: self.kept_warm(35, self.alerts))
        alert = self.alerts()[0]
        self.assertEqual(alert["labels"]["alertname"], "Hot")
        self.assertEqual(alert["annotations"]["summary"], "rack has 35 degrees")
        # What the first one knew was read back: the alert didn't begin anew.
        # It asks for what the first one knew in its own dialect, which no Prometheus speaks: so it begins anew.
        self.assertIn("default_rollup", self.log())
        self.wait_for(lambda: self.kept_warm(35, lambda: float(self.ask(state)[0]["value"][1]) > since))
        self.assertNotIn("remote write failed", self.log())
        self.wait_for(lambda: self.kept_warm(20, lambda: not self.alerts()))

    def test_karma_s_questions_are_answered(self):
        labels = {"alertname": "Hot", "room": "rack"}
        alert = json.dumps([{"labels": labels, "annotations": {"summary": "hot"}, "generatorURL": "http://vm/"}]).encode()
        post = urllib.request.Request(f"{self.site}/api/v2/alerts", alert, {"Content-Type": "application/json"})
        urllib.request.urlopen(post, timeout=PATIENCE_S).close()
        status = json.loads(self.get("/api/v2/status"))
        self.assertRegex(status["versionInfo"]["version"], r"^\d+\.\d+\.\d+")
        self.assertTrue(status["cluster"]["status"])
        self.assertIn("receivers", status["config"]["original"])
        self.wait_for(lambda: json.loads(self.get("/api/v2/alerts/groups")))
        groups = json.loads(self.get("/api/v2/alerts/groups"))
        self.assertEqual([a["labels"]["alertname"] for g in groups for a in g["alerts"]], ["Hot"])
        for group in groups:
            self.assertIn("name", group["receiver"])
            for key in ("fingerprint", "startsAt", "endsAt", "updatedAt", "generatorURL", "receivers", "status"):
                self.assertIn(key, group["alerts"][0])
        self.assertEqual(json.loads(self.get("/api/v2/silences")), [])
        self.assertIn(b"alertmanager_build_info", self.get("/metrics"))


if __name__ == "__main__":
    Vmalert.vmalert = program("victoria-metrics", "vmalert")
    if not Vmalert.vmalert:
        print("skipped: no vmalert; bench/peers/get.sh fetches it on Debian")
        sys.exit(77)
    unittest.main(verbosity=2)
