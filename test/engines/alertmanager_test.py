#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A site as people's own programs use it in Alertmanager's place: amtool, and a Prometheus that posts.

usage: alertmanager_test.py DIARCHY

Without these programs (bench/peers/get.sh fetches them on Debian) it says so and passes (77).
"""
import http.server
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.dont_write_bytecode = True

from ports import free_port  # noqa: E402

DIARCHY = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else ""
ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE_S = 120
LAB = """lab: home
sites:
  dublin: {{address: "127.0.0.1:{peer}", key: "{key}", timezone: UTC, http: "127.0.0.1:{http}"}}
notify:
  webhook: {{url: "http://127.0.0.1:{hook}/"}}
heartbeats:
  export: {{home: dublin, every: 24h, grace: 1h}}
"""
PROMETHEUS = """global: {{evaluation_interval: 1s}}
rule_files: [rules.yml]
alerting:
  alertmanagers:
    - static_configs: [{{targets: ["127.0.0.1:{http}"]}}]
"""
RULES = """groups:
  - name: test
    rules:
      - alert: DiskAlmostFull
        expr: label_replace(vector(time()) < {until}, "instance", "nas", "", "")
        labels: {{severity: critical}}
        annotations: {{summary: "{{{{ $labels.instance }}}} is almost full"}}
"""


def program(package, name):
    done = subprocess.run([ROOT / "bench/peers/get.sh", package, name], capture_output=True, text=True, check=False)
    return done.stdout.strip().splitlines()[-1] if done.returncode == 0 and done.stdout.strip() else None


def relocated(binary, folder):
    """Debian's Alertmanager looks for its templates in one place only, which is written in it: another one of the
    same length."""
    built_in = b"/usr/share/prometheus/alertmanager"
    if pathlib.Path(os.fsdecode(built_in), "default.tmpl").exists():
        return binary
    shutil.copytree(pathlib.Path(binary).parents[1] / "share/prometheus/alertmanager", f"{folder}/am", dirs_exist_ok=True)
    place = os.fsencode(f"{folder}/am")
    if len(place) > len(built_in):
        return None
    moved = folder / "alertmanager"
    moved.write_bytes(pathlib.Path(binary).read_bytes().replace(built_in, place.ljust(len(built_in), b"/")))
    moved.chmod(0o755)
    return moved


class Hook(http.server.ThreadingHTTPServer):
    """Whoever is told, and what."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.handler())
        self.told = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @staticmethod
    def handler():
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.server.told.append(json.loads(body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):  # pylint: disable=arguments-differ
                pass

        return Handler


class Alerts(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="alerts-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.hook = Hook()
        self.addCleanup(self.hook.server_close)
        self.addCleanup(self.hook.shutdown)
        self.http = free_port()
        key = subprocess.run([DIARCHY, "keygen", self.folder / "key"], capture_output=True, text=True, check=True)
        text = LAB.format(
            peer=free_port(), http=self.http, hook=self.hook.server_port, key=key.stdout.split()[-1].strip('"')
        )
        (self.folder / "lab.yaml").write_text(text, encoding="utf-8")
        self.start()

    def run_beside(self, *command):
        with open(self.folder / "log", "ab") as log:
            running = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        self.addCleanup(lambda: (running.kill(), running.wait()))
        return running

    def start(self):
        self.site = self.run_beside(
            DIARCHY, "serve", "--lab", self.folder / "lab.yaml", "--key", self.folder / "key",
            "--state", self.folder / "state",
        )  # fmt: skip
        self.wait_for(lambda: self.get("/-/ready"))

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}{path}", timeout=PATIENCE_S) as answer:
            return answer.read()

    def wait_for(self, condition, seconds=PATIENCE_S):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if condition():
                    return
            except OSError:
                pass
            time.sleep(0.1)
        self.fail((self.folder / "log").read_text(encoding="utf-8", errors="replace")[-4000:])

    def headlines(self):
        return [message["headline"] for message in self.hook.told if "DiskAlmostFull" in json.dumps(message)]


class Amtool(Alerts):
    amtool = None

    def setUp(self):
        self.amtool = program("prometheus-alertmanager", "amtool")
        if not self.amtool:
            self.skipTest("no amtool")
        super().setUp()

    def ask(self, *arguments):
        done = subprocess.run(
            [self.amtool, f"--alertmanager.url=http://127.0.0.1:{self.http}", *arguments],
            capture_output=True, text=True, check=False, timeout=PATIENCE_S, env={"HOME": str(self.folder)},
        )  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        return done.stdout

    def alerts(self, *arguments):
        return json.loads(self.ask("alert", "query", "-o", "json", *arguments))

    def test_alerts_are_added_and_queried(self):
        self.ask("alert", "add", "DiskAlmostFull", "instance=nas", "severity=critical", "--annotation=summary=full")
        self.ask("alert", "add", "alertname=Hot", "instance=vm1")
        self.assertEqual({a["labels"]["alertname"] for a in self.alerts()}, {"DiskAlmostFull", "Hot"})
        self.assertEqual(len(self.alerts("instance=~n.*")), 1)
        self.assertIn("DiskAlmostFull", self.ask("alert", "query", "-o", "extended"))
        self.wait_for(lambda: self.headlines() == ["DiskAlmostFull at dublin fires"])

    def test_silences_are_made_listed_and_ended(self):
        made = self.ask("silence", "add", "alertname=DiskAlmostFull", "instance=~n.*", "-c", "moving", "-a", "ana").strip()
        self.ask("alert", "add", "DiskAlmostFull", "instance=nas")
        self.assertEqual(self.ask("silence", "query", "-q").split(), [made])
        self.assertIn("moving", self.ask("silence", "query", "alertname=DiskAlmostFull"))
        self.assertEqual(self.alerts(), [])
        self.assertEqual(self.alerts("--silenced")[0]["status"]["silencedBy"], [made])
        self.ask("silence", "update", "-d", "2h", "-c", "still moving", made)
        self.assertIn("still moving", self.ask("silence", "query"))
        self.ask("silence", "expire", *self.ask("silence", "query", "-q").split())
        self.assertEqual(self.ask("silence", "query", "-q").split(), [])
        self.assertEqual(len(self.alerts()), 1)
        self.wait_for(lambda: self.headlines() == ["DiskAlmostFull at dublin fires"])

    def test_a_mistyped_matcher_is_refused_and_the_cluster_shown(self):
        self.assertIn("dublin", self.ask("cluster", "show"))
        self.assertIn("webhook", self.ask("config", "show"))
        self.assertIn("webhook", self.ask("config", "routes"))


NAMES = ["alertname", "severity", "team", "host", "rack"]
VALUES = ["a", "b", "web", "page", "x y"]
RECEIVERS = ["one", "two", "three", "four"]


class Rng(random.Random):
    """Alertmanager's configurations, and alerts for them."""

    def matcher(self):
        op = self.choice(["=", "!=", "=~", "!~"])
        value = self.choice(VALUES + [""])
        if op in ("=~", "!~"):
            value = self.choice([value, "a|web", "pa.*", "", ".+"])
        return f'{self.choice(NAMES)}{op}"{value}"'

    def route(self, depth):
        route = {}
        if self.random() < 0.7:
            route["receiver"] = self.choice(RECEIVERS)
        if self.random() < 0.5:
            route["matchers"] = [self.matcher() for _ in range(self.randrange(1, 3))]
        if self.random() < 0.3:
            route["match"] = {self.choice(NAMES): self.choice(VALUES)}
        if self.random() < 0.2:
            route["match_re"] = {self.choice(NAMES): self.choice(["a|b", "we.*", "x y"])}
        if self.random() < 0.5:
            route["group_by"] = self.choice([["..."], [], self.sample(NAMES, self.randrange(1, 4))])
        if self.random() < 0.4:
            route["continue"] = True
        if depth and self.random() < 0.8:
            route["routes"] = [self.route(depth - 1) for _ in range(self.randrange(1, 4))]
        return route

    def config(self):
        root = self.route(3)
        for key in ("matchers", "match", "match_re", "continue"):
            root.pop(key, None)
        root["receiver"] = "one"
        # No alert is on both sides: of several sources 0.33 looks at one only, and goes by whether that one is.
        rules = [
            {
                "source_matchers": ['severity="page"', *(self.matcher() for _ in range(self.randrange(0, 2)))],
                "target_matchers": ['severity!="page"', *(self.matcher() for _ in range(self.randrange(0, 2)))],
                "equal": self.sample(NAMES, self.randrange(0, 3)),
            }
            for _ in range(self.randrange(0, 4))
        ]
        return {"route": root, "receivers": [{"name": n} for n in RECEIVERS], "inhibit_rules": rules}

    def alerts(self):
        found = {}
        for _ in range(60):
            labels = {n: self.choice(VALUES) for n in self.sample(NAMES, self.randrange(1, len(NAMES) + 1))}
            found[json.dumps(labels, sort_keys=True)] = {"labels": labels}
        return list(found.values())


class Alertmanagers(Alerts):
    """The same configuration and the same alerts, here and at the real one."""

    def restart(self, config):
        self.site.kill()
        self.site.wait()
        lab = (self.folder / "lab.yaml").read_text(encoding="utf-8")
        if "alertmanager:" not in lab:
            lab = lab.replace("notify:\n", "notify:\n  alertmanager: alertmanager.yml\n")
            (self.folder / "lab.yaml").write_text(lab, encoding="utf-8")
        (self.folder / "alertmanager.yml").write_text(json.dumps(config), encoding="utf-8")
        shutil.rmtree(self.folder / "state", ignore_errors=True)
        self.start()

    @staticmethod
    def shown(port):
        base = f"http://127.0.0.1:{port}/api/v2"
        with urllib.request.urlopen(f"{base}/alerts", timeout=PATIENCE_S) as answer:
            alerts = json.load(answer)
        with urllib.request.urlopen(f"{base}/alerts/groups", timeout=PATIENCE_S) as answer:
            groups = json.load(answer)
        by_fingerprint = {
            a["fingerprint"]: (
                a["labels"], [r["name"] for r in a["receivers"]], a["status"]["state"],
                len(a["status"]["inhibitedBy"]) > 0,
            )
            for a in alerts
        }  # fmt: skip
        by_group = sorted(
            (json.dumps(g["labels"], sort_keys=True), g["receiver"]["name"], sorted(a["fingerprint"] for a in g["alerts"]))
            for g in groups
        )
        return by_fingerprint, by_group

    @staticmethod
    def differences(ours, theirs):
        (alerts, groups), (their_alerts, their_groups) = ours, theirs
        return [
            *[(alerts.get(f), their_alerts.get(f)) for f in {*alerts, *their_alerts} if alerts.get(f) != their_alerts.get(f)],
            *[("only here", g) for g in groups if g not in their_groups],
            *[("only there", g) for g in their_groups if g not in groups],
        ]  # fmt: skip

    @staticmethod
    def post(port, alerts):
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/v2/alerts", json.dumps(alerts).encode(), {"Content-Type": "application/json"}
        )
        urllib.request.urlopen(request, timeout=PATIENCE_S).close()

    def test_random_trees_and_rules_do_here_what_they_do_there(self):
        binary = program("prometheus-alertmanager", "prometheus-alertmanager")
        binary = binary and relocated(binary, self.folder)
        if not binary:
            self.skipTest("no Alertmanager that runs here")
        seed = int(os.environ.get("SEED", random.randrange(1 << 30)))
        for turn in range(int(os.environ.get("TURNS", "4"))):
            rng = Rng(seed + turn)
            config, alerts, port = rng.config(), rng.alerts(), free_port()
            self.restart(config)
            theirs = self.run_beside(
                binary, "--config.file=alertmanager.yml", f"--storage.path={self.folder}/am{turn}",
                f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
            )  # fmt: skip
            self.wait_for(lambda port=port: urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready").status == 200)
            for at in (self.http, port):
                self.post(at, alerts)
            self.wait_for(lambda port=port, n=len(alerts): len(self.shown(port)[0]) == n)
            with self.subTest(seed=seed + turn, config=json.dumps(config)):
                self.wait_for(lambda port=port: self.shown(port)[1])
                until = time.monotonic() + PATIENCE_S
                while (found := self.differences(self.shown(self.http), self.shown(port))) and time.monotonic() < until:
                    time.sleep(1)
                self.assertEqual(found, [])
            theirs.kill()
            theirs.wait()

    def test_amtool_reads_the_configuration_from_us(self):
        amtool = program("prometheus-alertmanager", "amtool")
        config = Rng(1).config()
        config["receivers"][0]["webhook_configs"] = [{"url": f"http://127.0.0.1:{self.hook.server_port}/secret"}]
        self.restart(config)
        ask = [amtool, f"--alertmanager.url=http://127.0.0.1:{self.http}", "config"]
        shown = subprocess.run([*ask, "routes", "show"], capture_output=True, text=True, check=True).stdout
        theirs = subprocess.run(
            [amtool, "config", "routes", "show", f"--config.file={self.folder}/alertmanager.yml"],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        self.assertEqual(shown, theirs)
        self.assertNotIn("secret\"", subprocess.run(ask + ["show"], capture_output=True, text=True, check=True).stdout)


class Webhooks(Alertmanagers):
    """What both post to a webhook, of the same alerts."""

    CONFIG = {
        "route": {
            "receiver": "Night Shift", "group_by": ["alertname"], "group_wait": "1s", "group_interval": "2s",
            "routes": [{"receiver": "few", "matchers": ['team="few"'], "continue": False}],
        },
    }  # fmt: skip
    ALERTS = [
        {"labels": {"alertname": "Full", "instance": "nas", "severity": "critical", "rack": "1"},
         "annotations": {"summary": "nas is full", "runbook_url": "http://wiki/full"}, "generatorURL": "http://p/graph?x"},
        {"labels": {"alertname": "Full", "instance": "b", "severity": "critical"}, "annotations": {"summary": "b is full"}},
        {"labels": {"alertname": "Full", "severity": "critical", "job": "x"}, "annotations": {}},
        {"labels": {"alertname": "Full", "severity": "critical"}, "annotations": {}},
        *({"labels": {"alertname": "Many", "team": "few", "instance": f"i{i}"}} for i in range(5)),
    ]  # fmt: skip

    @staticmethod
    def bare(message):
        """Without what can't be the same: times and addresses."""
        message = json.loads(json.dumps(message))
        for alert in message["alerts"]:
            alert["startsAt"] = bool(alert["startsAt"])
            alert["endsAt"] = alert["endsAt"][:4] == "0001"
        return {key: value for key, value in message.items() if key != "externalURL"}

    def beside(self, binary, hook):
        """The real one, that posts to `hook`."""
        port = free_port()
        (self.folder / "theirs.yml").write_text(json.dumps(self.config(hook)), encoding="utf-8")
        self.run_beside(
            binary, "--config.file=theirs.yml", f"--storage.path={self.folder}/theirs",
            f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
        )  # fmt: skip
        self.wait_for(lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready").status == 200)
        return port

    def config(self, hook):
        url = f"http://127.0.0.1:{hook.server_port}/"
        return {
            **self.CONFIG,
            "receivers": [
                {"name": "Night Shift", "webhook_configs": [{"url": url + "night"}]},
                {"name": "few", "webhook_configs": [{"url": url + "few", "max_alerts": 2}]},
            ],
        }

    @staticmethod
    def last(hook, alertname, status):
        told = [m for m in hook.told if m.get("commonLabels", {}).get("alertname") == alertname and m["status"] == status]
        return told[-1] if told else None

    def test_a_webhook_of_a_receiver_hears_what_alertmanager_would_say(self):
        binary = program("prometheus-alertmanager", "prometheus-alertmanager")
        binary = binary and relocated(binary, self.folder)
        if not binary:
            self.skipTest("no Alertmanager that runs here")
        hook = Hook()
        self.addCleanup(hook.server_close)
        self.addCleanup(hook.shutdown)
        port = self.beside(binary, hook)
        self.restart(self.config(self.hook))
        ended = [{**a, "endsAt": "2020-01-01T00:00:00Z", "startsAt": "2019-01-01T00:00:00Z"} for a in self.ALERTS]
        for status, alerts in (("firing", self.ALERTS), ("resolved", ended)):
            for at in (self.http, port):
                self.post(at, alerts)
            for name in ("Full", "Many"):
                for told in (self.hook, hook):
                    self.wait_for(lambda t=told, n=name, s=status: self.last(t, n, s), 60)
                ours, theirs = (self.last(t, name, status) for t in (self.hook, hook))
                with self.subTest(status=status, name=name):
                    self.assertEqual(self.bare(ours), self.bare(theirs))


class Prometheus(Alerts):
    """One that fires, while the site is killed, and ends."""

    def test_what_an_outside_prometheus_finds_is_told_once_and_told_as_over(self):
        prometheus = program("prometheus", "prometheus")
        if not prometheus:
            self.skipTest("no Prometheus")
        rules = self.folder / "rules.yml"
        rules.write_text(RULES.format(until=1 << 40), encoding="utf-8")
        (self.folder / "prometheus.yml").write_text(PROMETHEUS.format(http=self.http), encoding="utf-8")
        sender = self.run_beside(
            prometheus, "--config.file=prometheus.yml", f"--storage.tsdb.path={self.folder}/data",
            f"--web.listen-address=127.0.0.1:{free_port()}", "--rules.alert.resend-delay=2s",
        )  # fmt: skip
        self.wait_for(self.headlines)
        self.assertEqual(self.headlines(), ["DiskAlmostFull at dublin fires"])
        self.assertEqual(self.hook.told[-1]["incident"]["severity"], "critical")
        self.site.send_signal(signal.SIGKILL)
        self.site.wait()
        self.start()
        rules.write_text(RULES.format(until=0), encoding="utf-8")
        sender.send_signal(signal.SIGHUP)
        self.wait_for(lambda: len(self.headlines()) > 1)
        self.assertEqual(len(self.headlines()), 2, self.headlines())
        self.assertIn("DiskAlmostFull at dublin is over after", self.headlines()[1])


if __name__ == "__main__":
    if not program("prometheus-alertmanager", "amtool"):
        print("skipped: no amtool; bench/peers/get.sh fetches it on Debian")
        sys.exit(77)
    unittest.main(verbosity=2)
