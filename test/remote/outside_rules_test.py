#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A site whose rules ask a real Prometheus, and a real VictoriaMetrics, and send what they record there.

usage: outside_rules_test.py      BUILD: the build's folder.  Needs get.sh's packages; exit status 77 without them.
"""
import json
import pathlib
import socket
import sys
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
sys.dont_write_bytecode = True

from alone import Diarchy  # noqa: E402
from lab import wait_until  # noqa: E402
from peers import remote_write  # noqa: E402
from peers.servers import Absent, Prometheus, VictoriaMetrics, find, free_port  # noqa: E402

PATIENCE_S = 120  # of a loaded machine
RULES = """groups:
- name: outside
  interval: 1s
  rules:
  - {record: doubled, expr: 'source{n=~"."} * 2', labels: {by: site}}
  - alert: High
    expr: source > 5
    annotations: {seen: '{{ $value }} of {{ query "count(source)" | first | value }}, {{ $labels.n }}'}
  - {record: text, expr: 'label_replace(vector(1), "é", "a b&c=%", "", "")'}
  - {record: wrong, expr: 'source + on () source'}
"""


class OutsideRules(unittest.TestCase):
    maxDiff = 2000

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="diarchy-outside-rules-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def site_over(self, port):
        folder = self.folder / "site"
        folder.mkdir()
        (folder / "rules.yml").write_text(RULES, encoding="utf-8")
        url = f"http://127.0.0.1:{port}"
        site = Diarchy(folder, {"rule_files": ["rules.yml"], "outside": {"url": url},
                                "remote_write": [{"url": f"{url}/api/v1/write",
                                                  "queue_config": {"batch_send_deadline": "500ms"}}]})
        site.start()
        self.addCleanup(self.end, site)
        return site

    def start(self, server):
        server.start()
        self.addCleanup(self.end, server)
        return server

    def end(self, server):
        if server.connection:
            server.connection.close()
        server.kill()

    def feed(self, server):
        """Two series of now; the rules see no others."""
        now = int(time.time() * 1000)
        server.write(b"".join(remote_write.series([("__name__", "source"), ("n", n)],
                                                  [remote_write.sample(now, float(v))]) for n, v in (("1", 3), ("2", 7))))

    def rule(self, site, name):
        groups = json.loads(site.ask("GET", "/api/v1/rules")[1])["data"]["groups"]
        return next(rule for rule in groups[0]["rules"] if rule["name"] == name)

    def recorded(self, server, metric):
        answer = server.api("query", query=metric)
        return sorted((sorted(s["metric"].items()), s["value"][1]) for s in answer["data"]["result"])

    def check_rules_over(self, server):
        self.feed(server)
        site = self.site_over(server.address[1])
        want = [([("__name__", "doubled"), ("by", "site"), ("n", "1")], "6"),
                ([("__name__", "doubled"), ("by", "site"), ("n", "2")], "14")]
        wait_until("what is recorded arrives", PATIENCE_S, lambda: self.recorded(server, "doubled") == want, 0.5)
        self.assertEqual(self.recorded(server, "text"), [([("__name__", "text"), ("é", "a b&c=%")], "1")])
        alerts = json.loads(site.ask("GET", "/api/v1/alerts")[1])["data"]["alerts"]
        self.assertEqual([(a["labels"], a["annotations"]) for a in alerts],
                         [({"alertname": "High", "n": "2"}, {"seen": "7 of 2, 2"})])
        self.assertEqual(self.rule(site, "doubled")["health"], "ok")
        wrong = self.rule(site, "wrong")
        self.assertEqual(wrong["health"], "err")
        self.assertIn("source", wrong["lastError"])  # in the server's words, of which series they are
        return site

    def test_a_real_prometheus(self):
        server = self.start(Prometheus(self.folder / "prometheus"))
        site = self.check_rules_over(server)
        server.stop()
        wait_until("it says that nobody answers", PATIENCE_S,
                   lambda: "the outside server can't be asked" in self.rule(site, "doubled").get("lastError", ""), 0.3)
        server.start()
        wait_until("it works again", PATIENCE_S, lambda: self.rule(site, "doubled")["health"] == "ok", 0.3)

    def test_a_real_victoria_metrics(self):
        self.check_rules_over(self.start(VictoriaMetrics(self.folder / "victoria", "-search.latencyOffset=0s")))

    def test_a_server_that_never_answers_keeps_nobody_from_leaving(self):
        port, asked = free_port(), threading.Event()
        with socket.create_server(("127.0.0.1", port)) as silent:
            def take():
                kept = []
                while True:
                    try:
                        kept.append(silent.accept()[0])
                    except OSError:
                        return
                    asked.set()
            threading.Thread(target=take, daemon=True).start()
            site = self.site_over(port)
            self.assertTrue(asked.wait(PATIENCE_S))
            time.sleep(1.5)
            began = time.monotonic()
            site.stop(deadline_s=PATIENCE_S)
            self.assertEqual(site.process.returncode, 0)
            self.assertLess(time.monotonic() - began, 60)  # it would wait for minutes


if __name__ == "__main__":
    try:
        find("prometheus", "prometheus")
        find("victoria-metrics", "victoria-metrics")
    except Absent as e:
        print(f"skipped: {e}", file=sys.stderr)
        sys.exit(77)
    unittest.main()
