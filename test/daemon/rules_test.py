#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A site, the real program, that scrapes an exporter and evaluates rules over what it says: from a value that is too
high to a message, and back.

usage: rules_test.py DIARCHY
"""
import calendar
import http.client
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
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.dont_write_bytecode = True

from ports import free_port  # noqa: E402

DIARCHY = os.path.abspath(sys.argv.pop(1))
PATIENCE_S = 120
LAB = """lab: home
sites:
  dublin: {{address: "127.0.0.1:{peer}", key: "{key}", timezone: UTC, http: "127.0.0.1:{http}"}}
notify:
  discord: {{webhook: {{env: WEBHOOK}}}}
metrics:
  global: {{scrape_interval: 1s, evaluation_interval: 1s, external_labels: {{datacenter: $DATACENTER}}}}
  scrape_configs:
  - job_name: disks
    static_configs: [{{targets: ["127.0.0.1:{exporter}"]}}]
  rule_files: ["rules/*.yml"]
"""
RULES = """groups:
- name: disks
  rules:
  - {record: "disk:used:ratio", expr: used / size}
  - {record: "disk:used:most", expr: "max_over_time(used[3s])"}
  - alert: DiskFull
    expr: disk:used:ratio > 0.9
    for: 3s
    labels: {severity: critical}
    annotations: {summary: "{{ $labels.disk }} is {{ $value | humanizePercentage }} full, in {{ $externalLabels.datacenter }}"}
  - {alert: DiskFilling, expr: "disk:used:ratio > 0.9", for: 1h}
"""
KEPT = """groups:
- name: kept
  rules:
  - {alert: DiskFull, expr: used / size > 0.9, keep_firing_for: 1h}
  - {alert: DiskFillingFast, expr: used / size > 0.9, keep_firing_for: 2s}
"""
BROKEN = "groups: [{name: disks, rules: [{alert: DiskFull, expr: 'sum('}]}]\n"


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, handler):
        super().__init__(("127.0.0.1", 0), handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass  # who was killed doesn't take the answer


class Handler(BaseHTTPRequestHandler):
    def answer(self, body, kind="application/json"):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Disks(Server):
    """An exporter; `disks` None: it has lost them."""

    def __init__(self):
        self.disks = {"tank": 10}
        super().__init__(DisksHandler)


class DisksHandler(Handler):
    def do_GET(self):
        disks = self.server.disks
        lines = [f'used{{disk="{d}"}} {n}\nsize{{disk="{d}"}} 100' for d, n in disks.items()]
        self.answer(("\n".join(lines) + "\n").encode(), "text/plain; version=0.0.4")


class Discord(Server):
    """Keeps what each message says by now."""

    def __init__(self):
        self.messages, self.created = {}, []
        super().__init__(DiscordHandler)


class DiscordHandler(Handler):
    def body(self):
        return self.rfile.read(int(self.headers["Content-Length"])).decode()

    def do_GET(self):
        self.answer(b'{"id": "1"}')

    def do_PATCH(self):
        name = self.path.split("?")[0].rsplit("/", 1)[1]
        self.server.messages[name] = self.body()
        self.answer(json.dumps({"id": name}).encode())

    def do_POST(self):
        self.server.created.append(self.body())
        name = str(len(self.server.created))
        self.server.messages[name] = self.server.created[-1]
        self.answer(json.dumps({"id": name}).encode())


class Rules(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="diarchy-rules-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.disks, self.discord = Disks(), Discord()
        for server in (self.disks, self.discord):
            self.addCleanup(server.server_close)
            self.addCleanup(server.shutdown)
        made = subprocess.run([DIARCHY, "keygen", self.folder / "key"], capture_output=True, text=True, check=True)
        self.http = free_port()
        names = {"peer": free_port(), "http": self.http, "key": made.stdout.split()[-1],
                 "exporter": self.disks.server_port}  # fmt: skip
        (self.folder / "lab.yaml").write_text(LAB.format(**names), encoding="utf-8")
        (self.folder / "rules").mkdir()
        self.write_rules(RULES)
        self.site = None

    def write_rules(self, text):
        (self.folder / "rules" / "disks.yml").write_text(text, encoding="utf-8")

    def launch(self):
        log = open(self.folder / "log", "ab")  # pylint: disable=consider-using-with
        self.addCleanup(log.close)
        self.site = subprocess.Popen(  # pylint: disable=consider-using-with
            [DIARCHY, "serve", "--lab", "lab.yaml", "--key", "key", "--state", "state"],
            stdout=log, stderr=log, cwd=self.folder,
            env={"PATH": os.environ["PATH"], "DATACENTER": "cellar",
                 "WEBHOOK": f"http://127.0.0.1:{self.discord.server_port}/api/webhooks/1/t"},
        )  # fmt: skip
        self.addCleanup(self.site.wait)
        self.addCleanup(self.site.kill)
        self.until(self.is_there)

    def stop(self, how=signal.SIGTERM):
        self.site.send_signal(how)
        self.site.wait(PATIENCE_S)

    def log(self):
        return (self.folder / "log").read_text(encoding="utf-8")

    def until(self, what, seconds=PATIENCE_S):
        deadline = time.monotonic() + seconds
        while not what():
            self.assertLess(time.monotonic(), deadline, self.log() + str(self.discord.messages))
            time.sleep(0.1)

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.http, timeout=60)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            self.assertEqual(answer.status, 200)
            return answer.read().decode()
        finally:
            connection.close()

    def is_there(self):
        try:
            self.get("/healthz")
            return True
        except OSError:
            return False

    def alerts(self):
        """By name, of the disk tank."""
        found = json.loads(self.get("/api/v1/alerts"))["data"]["alerts"]
        return {a["labels"]["alertname"]: a for a in found if a["labels"]["disk"] == "tank"}

    def state(self, name):
        return self.alerts().get(name, {}).get("state")

    def active(self, name):
        """Seconds since 1970."""
        at = self.alerts()[name]["activeAt"]
        return calendar.timegm(time.strptime(at[:19], "%Y-%m-%dT%H:%M:%S"))

    def rules(self):
        groups = json.loads(self.get("/api/v1/rules"))["data"]["groups"]
        return {rule["name"]: rule for group in groups for rule in group["rules"]}

    def said(self):
        return " ".join(self.discord.messages.values())

    def fill_the_disk(self):
        self.launch()
        self.until(lambda: self.rules()["DiskFull"]["health"] == "ok")
        self.disks.disks["tank"] = 97
        self.until(lambda: self.state("DiskFilling") == "pending")
        self.assertIn(self.state("DiskFull"), ("pending", "firing"))
        self.until(lambda: self.state("DiskFull") == "firing")

    def test_a_disk_that_fills_is_told_once_and_that_it_is_well_again(self):
        self.fill_the_disk()
        self.until(lambda: self.discord.created)
        self.until(lambda: "DiskFull" in self.said())
        self.assertIn("97% full, in cellar", self.said())
        self.disks.disks["tank"] = 20
        self.until(lambda: self.state("DiskFull") is None)
        self.until(lambda: "DiskFull at dublin is over" in self.said())
        self.assertEqual(len(self.discord.created), 1, self.discord.created)

    def test_an_alert_goes_on_over_a_restart_and_is_not_told_again(self):
        self.fill_the_disk()
        self.until(lambda: self.discord.created)
        since, pending_since = self.active("DiskFull"), self.active("DiskFilling")
        time.sleep(10)
        self.stop(signal.SIGKILL)
        down = time.time()
        time.sleep(3)
        self.launch()
        # It goes on as if there had been no time in between.
        self.until(lambda: self.state("DiskFilling") and self.active("DiskFilling") < down)
        self.assertGreaterEqual(self.active("DiskFilling"), pending_since + 3)
        self.until(lambda: self.state("DiskFull") == "firing")
        self.assertEqual(self.active("DiskFull"), since)
        time.sleep(8)  # the calm after a start
        self.assertEqual(len(self.discord.created), 1, self.discord.created)

    def test_an_alert_that_is_kept_firing_goes_on_over_a_kill(self):
        self.write_rules(KEPT)
        self.launch()
        self.until(lambda: self.rules()["DiskFull"]["health"] == "ok")
        self.disks.disks["tank"] = 97
        self.until(lambda: self.state("DiskFull") == "firing" and self.discord.created)
        self.disks.disks["tank"] = 20
        self.until(lambda: "keepFiringSince" in self.alerts()["DiskFull"])
        was = self.alerts()["DiskFull"]
        self.until(lambda: self.state("DiskFillingFast") is None)
        self.stop(signal.SIGKILL)
        self.launch()
        self.until(lambda: self.rules()["DiskFull"]["health"] == "ok")
        self.assertEqual(self.alerts(), {"DiskFull": was})
        evaluated = self.rules()["DiskFull"]["lastEvaluation"]
        self.until(lambda: self.rules()["DiskFull"]["lastEvaluation"] > evaluated)
        self.assertEqual(self.alerts(), {"DiskFull": was})

    def test_a_broken_file_is_named_and_the_rules_that_were_go_on(self):
        self.fill_the_disk()
        since = self.active("DiskFull")
        self.write_rules(BROKEN)
        self.site.send_signal(signal.SIGHUP)
        self.until(lambda: "disks.yml:1:" in self.log())
        self.assertIn("could not parse expression", self.log())
        self.until(lambda: "disks.yml" in self.get("/api/lab/v1/when/config@dublin"))
        evaluated = self.rules()["DiskFull"]["lastEvaluation"]
        self.until(lambda: self.rules()["DiskFull"]["lastEvaluation"] > evaluated)
        self.assertEqual(subprocess.run([DIARCHY, "check", self.folder / "lab.yaml"], capture_output=True).returncode, 65)
        self.write_rules(RULES.replace("0.9", "0.8"))  # which is noticed
        self.until(lambda: "0.8" in self.rules()["DiskFull"]["query"])
        self.assertEqual(self.active("DiskFull"), since)  # the alert is still the same

    def test_a_rule_that_sees_nothing_any_more_is_said_and_told(self):
        lab = self.folder / "lab.yaml"
        lab.write_text(lab.read_text(encoding="utf-8").replace("metrics:\n", "metrics:\n  blind_after: 3s\n"), encoding="utf-8")
        self.write_rules(RULES + '  - {alert: NoDisk, expr: "(count(used) or vector(0)) < 0"}\n')
        self.launch()
        self.until(lambda: "disk:used:most" in self.get("/api/v1/label/__name__/values"))
        self.disks.disks = {}
        self.until(lambda: "blindSince" in self.rules()["disk:used:most"])
        self.assertIn("disk:used:most saw series, and sees none any more", self.log())
        self.assertIn('diarchy_rule_group_blind_rules{rule_group="rules/disks.yml;disks"} 1\n', self.get("/metrics"))
        shown = subprocess.run([DIARCHY, "rules", "--site", f"http://127.0.0.1:{self.http}"], capture_output=True, text=True)
        self.assertEqual(shown.returncode, 1, shown)
        self.assertIn("disk:used:most in disks saw series, and sees none any more", shown.stdout)
        self.until(lambda: "RuleSeesNothing" in self.said())
        self.assertIn("disk:used:most in disks sees no series any more", self.said())
        self.stop(signal.SIGKILL)
        self.launch()
        self.until(lambda: "blindSince" in self.rules()["disk:used:most"])
        self.assertNotIn("NoDisk", self.said())
        self.assertNotIn("is over", self.said())
        self.disks.disks = {"tank": 10}
        self.until(lambda: "RuleSeesNothing at dublin is over" in self.said())
        self.assertEqual(len(self.discord.created), 1, self.discord.created)


if __name__ == "__main__":
    unittest.main(verbosity=2)
