#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a site answers about its rules, beside a real Prometheus with the same rule files over the same exporter.

usage: rules.py DIARCHY

The prometheus of $PROMETHEUS, or of the path, is the reference; without one this is skipped, and says so."""
import contextlib
import http.server
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
sys.dont_write_bytecode = True

from ports import free_port  # noqa: E402

SKIPPED = 77
PATIENCE_S = 120
ZERO = "0001-01-01T00:00:00Z"
LAB = """lab: home
sites:
  dublin: {{address: "127.0.0.1:{peer}", key: "{key}", timezone: UTC, http: "127.0.0.1:{http}"}}
metrics: {{prometheus: prometheus.yml}}
"""
PROMETHEUS_YML = """global: {{scrape_interval: 1s, evaluation_interval: 1m, external_labels: {{site: $SITE}}}}
rule_files: ["rules/*.yml"]
scrape_configs:
- job_name: queues
  static_configs: [{{targets: ["127.0.0.1:{exporter}"]}}]
alerting:
  alertmanagers: [{{static_configs: [{{targets: ["127.0.0.1:{alertmanager}"]}}]}}]
  alert_relabel_configs:
  - {{action: labeldrop, regex: instance}}
  - {{action: drop, source_labels: [alertname], regex: Late}}
  - {{action: replace, target_label: from, replacement: "${{1}} in $1", source_labels: [site], regex: "(.*)"}}
"""
# Both are asked these; what is wrong is answered in the same words.
ASKED = [
    "rules", "alerts", "rules?type=alert", "rules?type=record", "rules?type=ALERT", "rules?type=other",
    "rules?rule_name[]=QueueLong&rule_name[]=mail", "rules?rule_name[]=none", "rules?rule_group[]=alerts",
    "rules?file[]=rules/second.yml", "rules?file[]=rules/second.yml&rule_group[]=alerts&rule_name[]=Late",
    'rules?match[]={severity="page"}', 'rules?match[]={severity="page"}&match[]={from=~"r.*"}', "rules?match[]={a=",
    'rules?match[]={severity!="page"}', "rules?match[]={}", "rules?exclude_alerts=true", "rules?exclude_alerts=T",
    "rules?exclude_alerts=maybe", "rules?exclude_alerts=0", "rules?group_limit=2", "rules?group_limit=1&type=record",
    "rules?group_limit=0", "rules?group_limit=-1", "rules?group_limit=many", "rules?group_limit=99999999999",
    "rules?group_next_token=abc", "rules?group_limit=2&group_next_token=abc", "rules?group_limit=100",
]  # fmt: skip
SERIES = ['{__name__=~"ALERTS.*"}', '{__name__=~"job:.*|answer|same|text|matches|mail|not:yet"}', '{"ünïcode name"}']


class Exporter(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Exposition)
        self.queues = {"mail": 1, "print": 2}
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Exposition(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        lines = [f'queue_length{{queue="{name}"}} {n}' for name, n in self.server.queues.items()]
        lines += [f'lots{{i="{i}"}} {i}' for i in range(9)]
        body = ("\n".join(lines) + "\n").encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Alertmanager(http.server.ThreadingHTTPServer):
    """Keeps what Prometheus posts last of each alert."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Post)
        self.alerts = {}
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Post(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        for alert in json.loads(self.rfile.read(int(self.headers["Content-Length"]))):
            self.server.alerts[json.dumps(alert["labels"], sort_keys=True)] = alert
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def posted(alert, ended):
    """What an alert is handed over with; where the link leads is each one's own address."""
    link = re.sub(r"^https?://[^/]*", "", alert.get("generatorURL") or alert["generator"])
    return [alert["labels"], alert.get("annotations", {}), link, "ended" if ended else "fires"]


def handed_over(base, alertmanager):
    """Of Prometheus what an Alertmanager got; of a site what its journal has taken up."""
    if alertmanager:
        now = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
        found = [posted(a, a["endsAt"][:19] <= now) for a in list(alertmanager.alerts.values())]
    else:
        with urllib.request.urlopen(base + "/api/lab/v1/events?kind=alerts&limit=500", timeout=120) as answer:
            groups = {}
            for event in sorted(json.load(answer)["events"], key=lambda e: e["seq"]):
                groups[event["subject"]] = event["body"]["alerts"]
        found = [posted(a, a.get("ended")) for alerts in groups.values() for a in alerts]
    return sorted(found, key=str)


def federated(base):
    """Names and labels only."""
    selector = urllib.parse.quote('{__name__=~"queue_length|ALERTS|job:queue:sum"}')
    with urllib.request.urlopen(f"{base}/federate?match[]={selector}", timeout=120) as answer:
        return [line.rsplit(" ", 2)[0] for line in answer.read().decode().splitlines()]


def get(base, path):
    """(status, decoded answer)"""
    target, _, query = path.partition("?")
    quoted = urllib.parse.quote(query, safe="=&[]")
    with contextlib.ExitStack() as stack:
        try:
            answer = stack.enter_context(urllib.request.urlopen(f"{base}/api/v1/{target}?{quoted}", timeout=120))
        except urllib.error.HTTPError as error:
            answer = error
        return [answer.status, json.load(answer)]


def timeless(value, key=""):
    """Times and durations by what they are; alerts and groups in one order."""
    if key in ("lastEvaluation", "activeAt", "keepFiringSince"):
        return "never" if value == ZERO else re.sub(r"[0-9]", "9", value)[:19]
    if key == "lastError":  # names series in the order of a Go map
        return re.sub(r"\[\{.*\}\]", "[...]", value)
    if key == "evaluationTime":
        return "took" if value > 0 else "nothing"
    if isinstance(value, dict):
        return {k: timeless(v, k) for k, v in value.items()}
    if isinstance(value, list):
        items = [timeless(v) for v in value]
        return sorted(items, key=lambda v: json.dumps(v, sort_keys=True)) if key == "alerts" else items
    return value


def series(base, selector):
    status, answer = get(base, f"query?query={selector}")
    assert status == 200, answer
    found = []
    for one in answer["data"]["result"]:
        is_time = one["metric"]["__name__"] == "ALERTS_FOR_STATE"
        found.append((sorted(one["metric"].items()), "a time" if is_time else one["value"][1]))
    return sorted(found, key=str)


def rule_metrics(text):
    """name{labels} of what is told of rules by group, with the values that can't differ."""
    found = {}
    for line in text.splitlines():
        name = re.match(r'(prometheus_rule_group_(?:rules|interval_seconds)|prometheus_rule_[a-z_]+)(\{rule_group="[^"]*"\})', line)
        if name:
            fixed = name[1] in ("prometheus_rule_group_rules", "prometheus_rule_group_interval_seconds")
            found[name[1] + name[2]] = float(line.split()[-1]) if fixed else "a number"
    # How long it takes to find what was pending isn't taken.
    return {name: v for name, v in found.items() if "last_restore_duration" not in name}


def metrics_of(base):
    with urllib.request.urlopen(base + "/metrics", timeout=120) as answer:
        return rule_metrics(answer.read().decode())


def view(base, alertmanager):
    seen = {path: timeless(get(base, path)) for path in ASKED}
    seen |= {selector: series(base, selector) for selector in SERIES}
    seen["/metrics"] = metrics_of(base)
    seen["/federate"] = federated(base)
    seen["handed over"] = handed_over(base, alertmanager)
    return seen


def answers(base):
    try:
        return get(base, "rules")[0] == 200
    except OSError:
        return False


def until(what, of):
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        if time.monotonic() > deadline:
            raise SystemExit(f"{of}: not within {PATIENCE_S} s")
        time.sleep(0.3)


def states(base):
    return {alert["labels"]["alertname"]: alert["state"] for alert in get(base, "alerts")[1]["data"]["alerts"]}


def evaluated(base):
    """All groups but the one whose time comes in an hour."""
    groups = get(base, "rules")[1]["data"]["groups"]
    return all(r["lastEvaluation"] != ZERO for g in groups if g["name"] != "later" for r in g["rules"])


def leaves(value, path=""):
    """(place, what stands there) of every text and number, also of what is empty."""
    if isinstance(value, (dict, list)) and value:
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, f"{path}.{key}")
    else:
        yield path, json.dumps(value, ensure_ascii=False)


def differences(what, theirs, ours):
    differing = [key for key in theirs if theirs[key] != ours[key]]
    for key in differing:
        wanted, got = dict(leaves(theirs[key])), dict(leaves(ours[key]))
        print(f"{what}: {key}")
        for place in [p for p in [*wanted, *(p for p in got if p not in wanted)] if wanted.get(p) != got.get(p)][:6]:
            print(f"  {place}: Prometheus {wanted.get(place)}, ours {got.get(place)}")
    return len(differing)


def compare(what, theirs, ours, alertmanager):
    """Some seconds may pass until both have scraped and evaluated the same."""
    for _ in range(90):
        time.sleep(1)
        wanted, got = view(theirs, alertmanager), view(ours, None)
        if wanted == got:
            break
    n = differences(what, wanted, got)
    print(f"{what}: {len(wanted)} answers, {len(wanted['handed over'])} alerts handed over, {n} differ")
    return n


@contextlib.contextmanager
def running(args, folder, log):
    with open(folder / log, "ab") as out, subprocess.Popen(args, cwd=folder, stdout=out, stderr=out,
                                                          env={**os.environ, "SITE": "dublin"}) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait()


def rules_of_both(theirs, ours, exporter, alertmanager):
    both = (theirs, ours)
    until(lambda: all(answers(b) for b in both), "an answer")
    until(lambda: all(evaluated(b) for b in both), "an evaluation")
    n = compare("calm", theirs, ours, alertmanager)
    exporter.queues.update({"mail": 250, "print": 1e6, "fax": 3})
    until(lambda: all({"QueueLong", "QueueLongFor", "QueueKept", "Late"} <= states(b).keys() for b in both), "alerts")
    n += compare("long queues", theirs, ours, alertmanager)
    n += not alertmanager.alerts  # what is compared is there
    exporter.queues.update({"mail": 5})
    until(lambda: all("keepFiringSince" in json.dumps(get(b, "alerts")[1]) for b in both), "an alert that is kept")
    n += compare("one is short again", theirs, ours, alertmanager)
    return n


def write_files(folder, diarchy, ports, **others):
    shutil.copytree(pathlib.Path(__file__).parent / "cases", folder / "rules")
    made = subprocess.run([diarchy, "keygen", folder / "key"], capture_output=True, text=True, check=True)
    (folder / "lab.yaml").write_text(LAB.format(key=made.stdout.split()[-1], **ports), encoding="utf-8")
    (folder / "prometheus.yml").write_text(PROMETHEUS_YML.format(**others), encoding="utf-8")


def main():
    diarchy = os.path.abspath(sys.argv[1])
    prometheus = os.environ.get("PROMETHEUS") or shutil.which("prometheus")
    if not prometheus:
        print("skipped: no prometheus to compare with (set PROMETHEUS, see bench/peers/get.sh)")
        return SKIPPED
    ports = {"peer": free_port(), "http": free_port()}
    theirs = free_port()
    exporter, alertmanager = Exporter(), Alertmanager()
    with tempfile.TemporaryDirectory(prefix="diarchy-rules-") as name:
        folder = pathlib.Path(name)
        write_files(folder, diarchy, ports, exporter=exporter.server_port, alertmanager=alertmanager.server_port)
        with running([prometheus, "--config.file=prometheus.yml", "--storage.tsdb.path=data", "--log.level=warn",
                      f"--web.listen-address=127.0.0.1:{theirs}"], folder, "theirs"), \
             running([diarchy, "serve", "--lab", "lab.yaml", "--key", "key", "--state", "state"], folder, "ours"):
            return 1 if rules_of_both(f"http://127.0.0.1:{theirs}", f"http://127.0.0.1:{ports['http']}", exporter,
                                      alertmanager) else 0


if __name__ == "__main__":
    sys.exit(main())
