#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two sites, the real program twice, that scrape an exporter each: one is asked for the series of the other.

usage: questions_test.py DIARCHY
"""
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
from urllib.parse import urlencode

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.dont_write_bytecode = True

from ports import free_port  # noqa: E402

DIARCHY = os.path.abspath(sys.argv.pop(1))
PATIENCE_S = 120
MANY = 40000  # series: an answer of some megabytes
SITES = ("dublin", "mumbai")


class Exporter(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, text):
        self.text = text.encode()
        super().__init__(("127.0.0.1", 0), ExporterHandler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass


class ExporterHandler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(self.server.text)))
        self.end_headers()
        self.wfile.write(self.server.text)

    def log_message(self, *_):
        pass


class Site:
    def __init__(self, test, name, folder):
        self.name, self.test, self.folder = name, test, folder
        folder.mkdir()
        made = subprocess.run([DIARCHY, "keygen", folder / "key"], capture_output=True, text=True, check=True)
        self.key = made.stdout.split()[-1]
        self.peer, self.http = free_port(), free_port()
        many = "".join(f'many{{n="{i}"}} {i}\n' for i in range(MANY)) if name == "mumbai" else ""
        self.exporter = Exporter(f'whose{{answer="{name}"}} 1\n{many}')
        test.addCleanup(self.exporter.server_close)
        test.addCleanup(self.exporter.shutdown)
        self.process = None

    def declared(self):
        return (f'  {self.name}: {{address: "127.0.0.1:{self.peer}", key: "{self.key}", timezone: UTC, '
                f'http: "127.0.0.1:{self.http}"}}\n')  # fmt: skip

    def launch(self, sites, copied=""):
        (self.folder / "lab.yaml").write_text(
            "lab: home\nsites:\n" + "".join(s.declared() for s in sites) +
            "metrics:\n  global: {scrape_interval: 1s}\n  scrape_configs:\n  - job_name: own\n"
            f'    static_configs: [{{targets: ["127.0.0.1:{self.exporter.server_port}"]}}]\n' + copied,
            encoding="utf-8",
        )  # fmt: skip
        log = open(self.folder / "log", "ab")  # pylint: disable=consider-using-with
        self.test.addCleanup(log.close)
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            [DIARCHY, "serve", "--lab", "lab.yaml", "--key", "key", "--state", "state"],
            stdout=log, stderr=log, cwd=self.folder, env={"PATH": os.environ["PATH"]},
        )  # fmt: skip
        self.test.addCleanup(self.process.wait)
        self.test.addCleanup(self.process.kill)

    def log(self):
        return (self.folder / "log").read_text(encoding="utf-8")

    def get(self, path, **parameters):
        connection = http.client.HTTPConnection("127.0.0.1", self.http, timeout=120)
        try:
            connection.request("GET", path + "?" + urlencode(parameters))
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def query(self, expression):
        """Status, and the labels of what it gives, or the error."""
        try:
            status, said = self.get("/api/v1/query", query=expression)
        except OSError as e:
            return 0, str(e)
        if status != 200:
            return status, said["error"]
        return status, [r["metric"] for r in said["data"]["result"]]


class Questions(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="diarchy-questions-")
        self.addCleanup(folder.cleanup)
        sites = [Site(self, name, pathlib.Path(folder.name) / name) for name in SITES]
        for site in sites:
            site.launch(sites)
        self.dublin, self.mumbai = sites
        for site, peer in ((self.dublin, self.mumbai), (self.mumbai, self.dublin)):
            self.until(lambda s=site, p=peer: self.whose(s, p) == (200, [p.name]))

    def until(self, what):
        deadline = time.monotonic() + PATIENCE_S
        while not what():
            self.assertLess(time.monotonic(), deadline, self.dublin.log() + self.mumbai.log())
            time.sleep(0.1)

    @staticmethod
    def whose(site, peer):
        status, found = site.query(f'whose{{site="{peer.name}"}}')
        return status, [m["answer"] for m in found] if status == 200 else found

    def test_a_site_answers_for_its_own_and_asks_the_other_for_the_others(self):
        self.assertEqual(self.whose(self.dublin, self.dublin), (200, ["dublin"]))
        self.assertEqual([m["answer"] for m in self.dublin.query("whose")[1]], ["dublin"])
        status, said = self.dublin.get("/api/v1/label/answer/values", **{"match[]": '{site="mumbai"}'})
        self.assertEqual((status, said["data"]), (200, ["mumbai"]))

    def test_a_query_of_both_sites_is_evaluated_where_it_is_asked(self):
        status, said = self.dublin.get("/api/v1/query", query='count by (site) (whose{site=~"dublin|mumbai"})')
        self.assertEqual(status, 200, said)
        counts = {r["metric"]["site"]: r["value"][1] for r in said["data"]["result"]}
        self.assertEqual((counts, said.get("warnings")), ({"dublin": "1", "mumbai": "1"}, None))
        self.until(lambda: self.dublin.query('count(many{site!=""}) == 40000')[1])
        now = time.time()
        status, said = self.mumbai.get(
            "/api/v1/query_range", query='sum(rate(process_cpu_seconds_total[1m])) or sum(count_over_time('
            'whose{site="dublin"}[5s]))', start=now - 10, end=now, step=1,
        )  # fmt: skip
        self.assertEqual((status, len(said["data"]["result"])), (200, 1), said)
        status, said = self.dublin.get("/api/v1/label/answer/values", **{"match[]": 'whose{site=~".+"}'})
        self.assertEqual((status, said["data"]), (200, ["dublin", "mumbai"]))

    def test_targets_and_metadata_of_the_other_site_are_asked_by_its_name(self):
        status, said = self.dublin.get("/api/v1/targets", site="mumbai")
        self.assertEqual(status, 200, said)
        urls = {t["scrapeUrl"] for t in said["data"]["activeTargets"] if t["scrapePool"] == "own"}
        self.assertEqual(urls, {f"http://127.0.0.1:{self.mumbai.exporter.server_port}/metrics"})
        status, said = self.dublin.get("/api/v1/metadata", site="mumbai", limit=1)
        self.assertEqual((status, said["status"]), (200, "success"))
        status, said = self.dublin.get("/api/v1/targets", site="cork")
        self.assertEqual(status, 400, said)

    def test_a_large_answer_comes_whole_and_the_link_stays(self):
        self.until(lambda: len(self.mumbai.query("many")[1]) == MANY)
        status, found = self.dublin.query('many{site="mumbai"}')
        self.assertEqual(status, 200)
        self.assertEqual({m["n"] for m in found}, {str(i) for i in range(MANY)})
        self.assertNotIn("link lost", self.dublin.log().lower())

    def test_what_the_command_line_asks_is_answered_as_well(self):
        done = subprocess.run(
            [DIARCHY, "--site", f"http://127.0.0.1:{self.dublin.http}", "query", 'whose{site="mumbai"}'],
            capture_output=True, text=True, check=False, timeout=PATIENCE_S,
        )  # fmt: skip
        self.assertIn('answer="mumbai"', done.stdout + done.stderr)

    def test_a_site_that_is_gone_is_said_and_asked_again_when_it_is_back(self):
        self.mumbai.process.send_signal(signal.SIGKILL)
        self.mumbai.process.wait(PATIENCE_S)
        self.until(lambda: self.whose(self.dublin, self.mumbai)[0] == 502)
        self.assertIn("mumbai can't be asked: it was heard", self.whose(self.dublin, self.mumbai)[1])
        self.assertEqual(self.whose(self.dublin, self.dublin), (200, ["dublin"]))
        self.mumbai.launch((self.dublin, self.mumbai))
        self.until(lambda: self.whose(self.dublin, self.mumbai) == (200, ["mumbai"]))

    def test_a_site_that_hangs_ends_the_question_with_the_link(self):
        self.mumbai.process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        status, said = self.dublin.query('whose{site="mumbai"}')
        self.mumbai.process.send_signal(signal.SIGCONT)
        self.assertEqual(status, 502, said)
        self.assertIn("for the last time: the link was lost", said)
        self.assertLess(time.monotonic() - began, 60)  # it would have two minutes

    def test_a_question_under_way_survives_that_lab_yaml_changes(self):
        self.mumbai.process.send_signal(signal.SIGSTOP)
        answers = []
        asking = threading.Thread(target=lambda: answers.append(self.whose(self.dublin, self.mumbai)))
        asking.start()
        lab = self.dublin.folder / "lab.yaml"
        lab.write_text(lab.read_text(encoding="utf-8") + "heartbeats:\n  new: {every: 1h, home: dublin}\n", encoding="utf-8")
        self.until(lambda: "lab.yaml is taken up" in self.dublin.log())
        self.mumbai.process.send_signal(signal.SIGCONT)
        asking.join(PATIENCE_S)
        self.assertEqual(answers, [(200, ["mumbai"])])

    def test_a_stop_leaves_nobody_waiting(self):
        self.mumbai.process.send_signal(signal.SIGSTOP)
        answers = []
        asking = threading.Thread(target=lambda: answers.append(self.dublin.query('whose{site="mumbai"}')))
        asking.start()
        time.sleep(0.5)
        self.dublin.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.dublin.process.wait(PATIENCE_S), 0)
        asking.join(PATIENCE_S)
        self.mumbai.process.send_signal(signal.SIGCONT)
        self.assertTrue(answers)


class Copies(unittest.TestCase):
    """Each keeps a copy of the other's key series."""

    COPY = "  copy: {match: [whose, up, counted], every: 10s}\n"

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="diarchy-copies-")
        self.addCleanup(folder.cleanup)
        self.sites = [Site(self, name, pathlib.Path(folder.name) / name) for name in SITES]
        self.dublin, self.mumbai = self.sites
        for site in self.sites:
            site.launch(self.sites, self.COPY)

    until = Questions.until

    def kill(self, site):
        site.process.send_signal(signal.SIGKILL)
        site.process.wait(PATIENCE_S)

    def instant(self, expression):
        status, said = self.dublin.get("/api/v1/query", query=expression)
        return status, said.get("data", {}).get("result"), said.get("warnings", [])

    def copied(self, peer="mumbai"):
        """What dublin's own figures say: samples copied."""
        connection = http.client.HTTPConnection("127.0.0.1", self.dublin.http, timeout=120)
        try:
            connection.request("GET", "/metrics")
            page = connection.getresponse().read().decode()
        except OSError:
            return 0
        finally:
            connection.close()
        for line in page.splitlines():
            if line.startswith(f'diarchy_copy_samples_total{{peer="{peer}"}}'):
                return float(line.split()[-1])
        return 0

    def samples(self, expression):
        """Times of the samples of the copy, by their labels: mumbai has to be gone."""
        _, result, _ = self.instant(expression + "[1h]")
        return {tuple(sorted(r["metric"].items())): [t for t, _ in r["values"]] for r in result}

    def lose_mumbai(self):
        self.kill(self.mumbai)
        self.until(lambda: self.instant('whose{site="mumbai"}')[2])

    def test_a_site_that_is_gone_is_answered_for_from_the_copy_and_its_age_is_said(self):
        self.until(lambda: self.copied() >= 6)
        self.lose_mumbai()
        status, found, warnings = self.instant('whose{site="mumbai"}')
        self.assertEqual((status, [r["metric"]["answer"] for r in found]), (200, ["mumbai"]))
        self.assertEqual(found[0]["metric"]["site"], "mumbai")
        self.assertRegex(warnings[0], r"mumbai was heard at [0-9:]+ UTC for the last time.*: its series are from the copy at this site, whose "
                                      r"newest sample is [0-9]+ s old$")  # fmt: skip
        self.assertEqual(len(self.instant('whose{site!=""}')[1]), 2)
        _, found, warnings = self.instant('many{site="mumbai"}')
        self.assertEqual(found, [])
        self.assertIn("no series in the copy matches; metrics.copy says what is copied", warnings[1])
        self.assertEqual([r["metric"]["answer"] for r in self.instant("whose")[1]], ["dublin"])
        done = subprocess.run(
            [DIARCHY, "--site", f"http://127.0.0.1:{self.dublin.http}", "query", 'whose{site="mumbai"}'],
            capture_output=True, text=True, check=False, timeout=PATIENCE_S,
        )  # fmt: skip
        self.assertIn('answer="mumbai"', done.stdout + done.stderr)
        self.assertIn("from the copy at this site", done.stdout + done.stderr)

    def test_samples_are_ten_seconds_apart_and_none_is_there_twice_after_kills(self):
        self.until(lambda: self.copied() >= 6)
        self.kill(self.dublin)
        time.sleep(12)
        self.dublin.launch(self.sites, self.COPY)
        self.until(lambda: self.copied() >= 9)
        self.lose_mumbai()
        for labels, times in self.samples('{site="mumbai"}').items():
            windows = [int(-(-t // 10)) for t in times]
            self.assertEqual(windows, list(range(windows[0], windows[0] + len(windows))), labels)
            self.assertGreaterEqual(len(windows), 4)

    def test_what_is_declared_while_it_runs_is_copied_from_then_on(self):
        self.until(lambda: self.copied() >= 3)
        for site in self.sites:
            lab = site.folder / "lab.yaml"
            lab.write_text(lab.read_text(encoding="utf-8").replace("[whose, up, counted]", "[up]"), encoding="utf-8")
        self.until(lambda: self.dublin.log().count("lab.yaml is taken up"))
        taken_up, copied = time.time(), self.copied()
        time.sleep(25)  # two windows and more
        self.until(lambda: self.copied() > copied)
        self.lose_mumbai()
        newest = {name: max(max(t) for t in self.samples(name + '{site="mumbai"}').values()) for name in ("up", "whose")}
        self.assertLess(newest["whose"], taken_up)
        self.assertGreater(newest["up"], newest["whose"])

    def test_the_peer_answers_again_when_it_is_back_and_what_was_missed_is_copied(self):
        self.until(lambda: self.copied() >= 3)
        self.lose_mumbai()
        self.mumbai.launch(self.sites, self.COPY)
        self.until(lambda: self.instant('whose{site="mumbai"}')[2] == [])
        copied = self.copied()
        self.until(lambda: self.copied() > copied)


if __name__ == "__main__":
    unittest.main(verbosity=2)
