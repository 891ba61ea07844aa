#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What exporters send, to a real Prometheus and to us: the same series, the same verdicts.

usage: exposition_test.py DUMP [COUNT [SEED]]

DUMP is the program exposition_dump.  Besides the bodies below COUNT random ones (default 300) are made by changing
them.  Each case is one target that says two or three bodies, one a scrape; after each the report on the scrape and all
series that haven't ended are compared.  Without Prometheus (bench/peers/get.sh) it says so and passes (77).
"""
import http.server
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
sys.dont_write_bytecode = True

from ports import free_port  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[3]
TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
CLASSICS = [{}, {"convert_classic_histograms_to_nhcb": True},
            {"convert_classic_histograms_to_nhcb": True, "always_scrape_classic_histograms": True}]
REPORTS = ["up", "scrape_samples_scraped", "scrape_samples_post_metric_relabeling", "scrape_series_added"]

TEXTS = [
    b"a 1\nb 2\n", b"a 1\n", b"", b"a 1\nb 2\nc 3", b"a 1\n7&-\nb 2\n", b"a 1\r\n", b"\n\n  \na 1\n", b" a 1\n",
    b"a{x=\"1\"} 1\na{x=\"2\"} 2\n", b"a{x=\"1\",} 1\n", b"a {x = \"1\" y = \"2\"} 1\n", b"a{x=\"1\"}1\n", b"a+1\n",
    b"a{} 1\n", b"a{,} 1\n", b"a{x=\"\"} 1\n", b"a{x=\"1\",x=\"2\"} 1\n", b"a{__name__=\"b\"} 1\n", b"{\"a\"} 1\n",
    b"{\"a b\",x=\"1\"} 1\n", b"{x=\"1\",\"a.b\"} 1\n", b"{x=\"1\"} 1\n", b"a{\"b\"} 1\n", b"{\"a\",\"b\"} 1\n",
    b"{\"a\",\"x y\"=\"1\"} 1\n", b"{\"a\\\"b\\n\"} 1\n", b"a{x=\"l\nb\"} 1\nb 2\n", b"a{x=\"\\\\ \\\" \\n \\q\"} 1\n",
    b"# HELP a x\n# TYPE a counter\na 1\n", b"# TYPE a x\na 1\n", b"# TYPE a counter \na 1\n", b"# HELP\na 1\n",
    b"# HELP \na 1\n", b"# HELP a\na 1\n", b"# TYPE a\na 1\n", b"#HELP a b\na 1\n", b"# foo\n#\na 1\n#",
    b"# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_bucket{le=\"1e6\"} 3\nh_sum 1\nh_count 2\n",
    b"# TYPE s summary\ns{quantile=\"0\"} 1\ns{quantile=\"0.5\"} 2\ns{quantile=\"1\"} 3\n",
    b"a 0x10\n", b"a 1_0\n", b"a +1\n", b"a .5\n", b"a 5.\n", b"a 1e400\n", b"a -1e400\n", b"a 1e-400\n", b"a nan\n",
    b"a NaN\n", b"a -NaN\n", b"a Inf\n", b"a -inf\n", b"a +INFINITY\n", b"a 0.1e\n", b"a 1 1 1\n", b"a 1 -1\n",
    b"a 9007199254740993\n", b"a 179769313486231580793e289\n", b"a 4.9e-324\n", b"a 1 99999999999999999999\n",
    b"a 1 9999999999999\n", b"a\n", b"a{\n", b"a{x=\"1\" 1\n", b"a{x='1'} 1\n", b"a{x=\"\xff\"} 1\n", b"a\xff 1\n",
    b"a 1\na 2\n", b"a 1\na 1\n", b"a{x=\"1\"} 1\na{x=\"1\",} 2\n", b"<html>", b"a 1 # x\n", b"a 1 # {x=\"y\"} 1\n",
    b"a:b 1\n", b":a 1\n", b"1a 1\n", b"a{1=\"x\"} 1\n", b"a{a:b=\"x\"} 1\n", "ä 1\n".encode(), "{\"ä\"} 1\n".encode(),
]
OPENS = [
    b"# EOF\n", b"# EOF", b"a 1\n# EOF\n", b"a 1\n", b"a 1\n\n# EOF\n", b"a 1\n# EOF\nb 2\n", b"a 1\n# EOF\n\n",
    b"# HELP a x\n# TYPE a counter\na_total 1\na_created 1520872607.123\n# EOF\n", b"a 1 # {x=\"y\"} 1\n# EOF\n",
    b"a 1 # {x=\"y\"} 1 1.5\n# EOF\n", b"a 1 # {} 1\n# EOF\n", b"a 1 # {x=\"y\"}\n# EOF\n", b"a 1 # {\"x\"} 1\n# EOF\n",
    b"# UNIT a_s s\n# EOF\n", b"# UNIT a s\n# EOF\n", b"# UNIT as s\n# EOF\n", b"# TYPE a untyped\n# EOF\n", b"a  1\n# EOF\n",
    b"a\t1\n# EOF\n", b"a 1 \n# EOF\n", b"a{x=\"1\" y=\"2\"} 1\n# EOF\n", b"a{x=\"1\",} 1\n# EOF\n", b"{\"a b\"} 1\n# EOF\n",
    b"# foo\n# EOF\n", b"a NaN\n# EOF\n", b"a 1 NaN\n# EOF\n", b"# TYPE h histogram\nh_bucket{le=\"1\"} 1\n# EOF\n",
    b"a{x=\"l\nb\"} 1\n# EOF\n", b"# EOFx\n", b"#EOF\n", b"a 1\n# EOF x\n", b"# TYPE ss stateset\nss{ss=\"a\"} 1\n# EOF\n",
]
# Classic histograms, which jobs may want converted to native ones.
CLASSIC = [
    b"# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"2\"} 3\nh_bucket{le=\"+Inf\"} 4\nh_sum 9.5\nh_count 4\n",
    b"# TYPE h histogram\nh_count{a=\"b\"} 4\nh_sum{a=\"b\"} 1\nh_bucket{a=\"b\",le=\"1\"} 1\nh_bucket{a=\"c\",le=\"1\"} 2\nh_count{a=\"c\"} 2\n",
    b"# TYPE h histogram\nh_bucket{le=\"5\"} 5\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"2\"} 2\nh_bucket{le=\"3\"} 2\nh_bucket{le=\"4\"} 2\nh_count 9\n",
    b"# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"2\"} 1\nh_count 2\n# TYPE g gauge\ng 1\n",
    b"# TYPE h histogram\nh_bucket{le=\"1\"} 1\n# HELP h x\nh_bucket{le=\"2\"} 2\nh_count 2\nhx 7\n",
    b"# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_count 1\nh_sum 2\nh_created 5\n",
    b"# TYPE h histogram\nh_bucket 1\nh_bucket{le=\"x\"} 1\nh_bucket{le=\"NaN\"} 1\nh_sum 3\nh_count 1\n",
    b"# TYPE h histogram\nh_sum 3\n", b"# TYPE h histogram\nh_count 0\n", b"# TYPE h histogram\nh_count -1\n",
    b"# TYPE h histogram\nh_bucket{le=\"1\"} 0.5\nh_bucket{le=\"2\"} 0.5\nh_bucket{le=\"+Inf\"} 2.25\nh_count 2.25\n",
    b"# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 3\nh_count 2\n# TYPE i histogram\ni_count 1\ni_sum NaN\n",
    b"# TYPE h histogram\nh_bucket{le=\"-1\"} 1\nh_bucket{le=\"-0.5\"} 1\nh_bucket{le=\"0\"} 3\nh_bucket{le=\"0\"} 4\nh_count 3\n",
    b"# TYPE h histogram\nh_bucket{le=\"1\"} NaN\nh_bucket{le=\"+Inf\"} 1\nh_count 1\n",
    b"# TYPE g gaugehistogram\ng_bucket{le=\"1\"} 1\ng_gcount 1\n# TYPE h counter\nh_bucket{le=\"1\"} 1\nh_count 1\n",
    b"# TYPE h histogram\nx_bucket{le=\"1\"} 1\nh_bucket{le=\"1\"} 1\nx 1\nh_count 1\nh_count 1\n",
    b"# TYPE \"h h\" histogram\n{\"h h_bucket\",le=\"1\",a=\"\\\"\"} 1\n{\"h h_count\",a=\"\\\"\"} 1\n{\"h h_sum\",a=\"\\\"\"} 1\n",
    b"# TYPE h histogram\nh_bucket{le=\"-Inf\"} 1\nh_bucket{le=\"1\"} 1e30\nh_count 1e30\n",
]
BITS = [b"\n", b" ", b"\t", b"{", b"}", b"\"", b",", b"=", b"#", b"1", b"a", b"\\", b"x=\"1\"", b"e5", b".", b"-", b"# EOF\n",
        b"# TYPE a gauge\n", b" 1500", b"\xc3", b"\xc3\xa4", b"NaN", b"+Inf", b"a 3\n", b"b{x=\"2\"} 4\n"]


def mutate(rng, body):
    """`body` with some of its bytes gone, doubled, or others among them."""
    for _ in range(rng.randint(1, 3)):
        at = rng.randint(0, len(body))
        end = min(len(body), at + rng.randint(0, 4))
        body = body[:at] + rng.choice([b"", body[at:end] * 2, rng.choice(BITS), rng.choice(BITS)]) + body[end:]
    return body.replace(b"\0", b"")


def cases(count, seed):
    """(content type, [body, ...], what of CLASSICS): each body as it is, before and after a good one, and changed."""
    rng = random.Random(seed)
    for wish in CLASSICS[1:]:
        for body in CLASSIC:
            yield TEXT, [body, b"a 1\n", body], wish
            if b"\"" not in body.split(b"\n")[0]:
                yield OPENMETRICS, [body + b"# EOF\n"], wish
        for _ in range(count):
            body = rng.choice(CLASSIC)
            yield TEXT, [body, mutate(rng, body)], wish
    for content_type, bodies, good in ((TEXT, TEXTS, b"a 1\nb 2\n"), (OPENMETRICS, OPENS, b"a 1\nb 2\n# EOF\n")):
        for body in bodies:
            yield content_type, [good, body, good], CLASSICS[0]
        for _ in range(count // 2):
            body = rng.choice(bodies)
            yield content_type, [body, mutate(rng, body), mutate(rng, rng.choice(bodies))], CLASSICS[0]


class Targets(http.server.ThreadingHTTPServer):
    """Path /N says the next body of case N, and the last one again when there is no other."""
    daemon_threads = True
    request_queue_size = 512

    def __init__(self, all_cases):
        super().__init__(("127.0.0.1", 0), Handler)
        self.cases, self.said, self.lock = all_cases, [0] * len(all_cases), threading.Lock()


    def handle_error(self, *_):
        """Prometheus went away in the middle of an answer: it is being stopped."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        n = int(self.path[1:])
        content_type, bodies, _ = self.server.cases[n]
        with self.server.lock:
            i = self.server.said[n]
            self.server.said[n] += 1
        body = bodies[min(i, len(bodies) - 1)]
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def find_prometheus():
    found = subprocess.run([ROOT / "bench/peers/get.sh", "prometheus", "prometheus"], capture_output=True, text=True)
    return found.stdout.strip() if found.returncode == 0 else None


def ask(port, path, **params):
    url = f"http://127.0.0.1:{port}/api/v1/{path}?{urllib.parse.urlencode(params)}"
    with urllib.request.urlopen(url, timeout=120) as answer:
        return json.load(answer)["data"]["result"]


def config(port, all_cases):
    """One job a case, since /N is its path; each says its name in the label `case`."""
    jobs = [{"job_name": f"c{i}", "metrics_path": f"/{i}", "scrape_interval": "4s", "scrape_timeout": "4s",
             "static_configs": [{"targets": [f"127.0.0.1:{port}"]}],
             "relabel_configs": [{"target_label": "case_", "replacement": str(i)},
                                 {"target_label": "instance", "replacement": "i"}, {"target_label": "job", "replacement": "j"}], **wish}
            for i, (_, _, wish) in enumerate(all_cases)]
    return json.dumps({"scrape_configs": jobs})  # JSON is YAML


def reference(prometheus, all_cases, folder):
    """What Prometheus has after each scrape: a list of states for each case."""
    targets = Targets(all_cases)
    threading.Thread(target=targets.serve_forever, daemon=True).start()
    port = free_port()
    (folder / "prometheus.yml").write_text(config(targets.server_address[1], all_cases))
    with open(folder / "log", "w") as log:
        process = subprocess.Popen([prometheus, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data", "--enable-feature=native-histograms",
                                    f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
    try:
        return [states_of(port, i, len(bodies)) for i, (_, bodies, _) in enumerate(wait_for(port, targets, all_cases))]
    finally:
        process.terminate()
        process.wait(120)
        targets.shutdown()


def wait_for(port, targets, all_cases):
    deadline = time.time() + 240
    while time.time() < deadline and any(said <= len(bodies) for said, (_, bodies, _) in zip(targets.said, all_cases)):
        time.sleep(0.5)
    return all_cases


def states_of(port, case, n):
    own = f'case_="{case}"'
    ups = ask(port, "query", query=f"up{{{own}}}[2m]")
    times = [t for t, _ in ups[0]["values"]][:n] if ups else []
    return [state_at(port, own, t) for t in times]


def state_at(port, own, t):
    state, series = {}, []
    for found in ask(port, "query", query="{" + own + "}", time=t + 0.001):
        labels = {k: v for k, v in found["metric"].items() if k not in ("case_", "instance", "job")}
        name = labels.get("__name__", "")
        if name in REPORTS:
            state[name] = int(found["value"][1])
        elif name != "scrape_duration_seconds":
            value = found["histogram"][1] if "histogram" in found else found["value"][1]
            if isinstance(value, dict):
                value = {**value, "buckets": [b[1:] for b in value.get("buckets", [])]}
            series.append((sorted(labels.items()), normal(value)))
    return {**state, "series": sorted(series)}


def is_excused(body, theirs, own):
    """A body that fails is never offered to the store here, so what is too old in it counts as added."""
    return not own["up"] and re.search(rb"[0-9] [0-9]", body) and {**theirs, "scrape_series_added": own["scrape_series_added"]} == own


def normal(value):
    """One way to write a number, or a histogram, whoever wrote it."""
    if isinstance(value, str):
        return repr(float(value))
    return repr([normal(value["count"]), normal(value["sum"]), [[normal(x) for x in b] for b in value["buckets"]]])


FLAGS = {"convert_classic_histograms_to_nhcb": "--convert", "always_scrape_classic_histograms": "--keep-classic"}


def ours(dump, case, folder):
    content_type, bodies, wish = case
    files = []
    for i, body in enumerate(bodies):
        files.append(folder / f"body{i}")
        files[-1].write_bytes(body)
    out = subprocess.run([dump, *(FLAGS[w] for w in wish), content_type, *files], capture_output=True, check=True).stdout.decode()
    states = []
    for line in out.splitlines():
        state = json.loads(line)
        series = sorted((sorted(s["labels"].items()), normal(s.get("histogram") or s["value"])) for s in state["series"])
        states.append({**{r: state[r] for r in REPORTS}, "series": series, "error": state["error"]})
    return states


def main():
    dump, count, seed = sys.argv[1], int((sys.argv[2:3] or [300])[0]), int((sys.argv[3:4] or [1])[0])
    prometheus = find_prometheus()
    if not prometheus:
        print("exposition_test: skipped: no Prometheus to compare with (bench/peers/get.sh finds none)")
        return 77
    all_cases = list(cases(count, seed))
    different = missing = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        theirs = reference(prometheus, all_cases, folder)
        for i, case in enumerate(all_cases):
            bodies, own = case[1], ours(dump, case, folder)
            missing += len(bodies) - len(theirs[i])
            for k, (a, b) in enumerate(zip(theirs[i], own)):
                error = b.pop("error")
                if a != b and not is_excused(bodies[k], a, b):
                    different += 1
                    print(f"case {i}, scrape {k}, {case[2]}: {bodies[:k + 1]}\n  Prometheus {a}\n  ours       {b} {error}")
                    break
    print(f"{len(all_cases)} cases, {different} different, {missing} scrapes not seen (seed {seed})")
    return 1 if different or missing else 0


if __name__ == "__main__":
    sys.exit(main())
