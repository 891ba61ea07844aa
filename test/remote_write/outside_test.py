#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A site that asks an outside server instead of its own samples: it scrapes, sends on, and answers what that one answers.

Real Prometheus and VictoriaMetrics; skipped (77) where their packages can't be had.
"""
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "bench"))

from alone import Diarchy  # noqa: E402
from lab import DIARCHY, wait_until  # noqa: E402
from peers.servers import Absent, Prometheus, VictoriaMetrics  # noqa: E402
from scraped import Targets  # noqa: E402

SKIPPED = 77
PATIENCE_S = 120  # of a loaded machine


def ask(server, method, path, **parameters):
    form = urllib.parse.urlencode(parameters, doseq=True)
    if method == "GET":
        return server.ask("GET", f"{path}?{form}")
    return server.ask("POST", path, form, {"Content-Type": "application/x-www-form-urlencoded"})


def questions(at):
    yield "POST", "/api/v1/query", {"query": 'max by (instance) (rate({job="bench"}[10s]))', "time": at}
    yield "GET", "/api/v1/query", {"query": 'up{job=~"b.*&?"} + 1', "time": at}
    yield "POST", "/api/v1/query_range", {"query": "count(up) % 2", "start": at - 10, "end": at, "step": 1}
    yield "GET", "/api/v1/labels", {"match[]": ["up", 'node_family_0_total{device=~".+"}'], "start": at - 60, "end": at}
    yield "GET", "/api/v1/label/job/values", {"start": at - 60, "end": at}
    yield "POST", "/api/v1/series", {"match[]": "up", "start": at - 60, "end": at}
    yield "GET", "/api/v1/query", {"query": "sum(", "time": at}


def without_figures(body):
    """VictoriaMetrics tells of how long it took, and in errors of the time."""
    answer = json.loads(body)
    answer.pop("stats", None)
    return answer if answer["status"] == "success" else answer["errorType"]


def compare(site, server, name, at):
    for method, path, parameters in questions(at):
        mine, other = ask(site, method, path, **parameters), ask(server, method, path, **parameters)
        assert mine[0] == other[0], f"{name}: {path}: {mine} here, {other} there"
        assert without_figures(mine[1]) == without_figures(other[1]), f"{name}: {path} {parameters}: {mine} {other}"
    said = json.loads(ask(site, "POST", "/api/v1/query", query="count(up)", time=at)[1])
    assert said["data"]["result"][0]["value"][1] != "0"
    shown = subprocess.run([DIARCHY, "query", "--site", f"http://127.0.0.1:{site.address[1]}", "count(up)"],
                           capture_output=True, text=True)
    print(f"{name}: the same answers; diarchy query: {shown.returncode} {shown.stdout.strip()[:60]!r}")


def is_filled(server, at):
    """Whether something newer has arrived: what is asked of then stays as it is."""
    answer = server.api("query", query='min(timestamp(up{job="bench"}))', time=time.time())
    return answer["data"]["result"] and float(answer["data"]["result"][0]["value"][1]) > at + 2


def victoria_metrics(folder):
    return VictoriaMetrics(folder, "-search.latencyOffset=0s")  # else it answers of half a minute ago, each time another


def run(folder, make, name):
    with make(folder / name) as server, Targets(folder, 3, 20) as targets:
        url = f"http://127.0.0.1:{server.address[1]}"
        metrics = {"scrape_configs": targets.scrape_configs(1), "outside": {"url": url + "/", "timeout": "5s"},
                   "remote_write": [{"url": url + "/api/v1/write", "queue_config": {"batch_send_deadline": "1s"}}]}
        with Diarchy(folder / f"site-{name}", metrics) as site:
            wait_until("what it scrapes has arrived", PATIENCE_S, lambda: is_filled(server, 0))
            at = time.time() + 3
            wait_until("what is newer has arrived", PATIENCE_S, lambda: is_filled(server, at))
            compare(site, server, name, at)
            assert len(json.loads(ask(site, "GET", "/api/v1/targets")[1])["data"]["activeTargets"]) >= 3
            assert ask(site, "GET", "/api/v1/label/%2E%2E/values")[0] == 400
            server.kill()
            status, body = ask(site, "POST", "/api/v1/query", query="up")
            assert status == 502, status
            assert "the outside server doesn't answer" in json.loads(body)["error"], body
            print(f"{name}: {json.loads(body)['error']}")


def main():
    signal.alarm(560)
    with tempfile.TemporaryDirectory() as folder:
        try:
            run(pathlib.Path(folder), Prometheus, "Prometheus")
            run(pathlib.Path(folder), victoria_metrics, "VictoriaMetrics")
        except Absent as e:
            print(f"skipped: {e}")
            return SKIPPED
        except BaseException:
            for log in pathlib.Path(folder).rglob("*.log"):
                print(f"--- {log}\n{log.read_text(errors='replace')[-1500:]}")
            raise
    return 0


sys.exit(main())
