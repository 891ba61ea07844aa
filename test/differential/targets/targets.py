#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Targets and their labels, ours against those of a real Prometheus with the same file.

usage: targets.py TARGETS_DUMP [PROMETHEUS_YML ...]

The prometheus of $PROMETHEUS, or of the path, is the reference; without one this is skipped, and says so.
Without files the cases of this folder are run."""
import json, os, pathlib, shutil, subprocess, sys, tempfile, threading, time, urllib.request
import http.server

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
sys.dont_write_bytecode = True

from ports import free_port  # noqa: E402

SKIPPED = 77
PATIENCE_S = 120


class Answers(http.server.BaseHTTPRequestHandler):
    """For http_sd: a list of targets."""

    def do_GET(self):
        body = json.dumps([{"targets": ["h1:9100", "h2:9100"], "labels": {"from": "http", "__meta_rack": "r1"}},
                           {"targets": ["h3"], "labels": {}}]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def ask(url):
    with urllib.request.urlopen(url, timeout=60) as answer:
        return json.load(answer)["data"]


def settled(base):
    """What Prometheus says, once it says the same for some seconds."""
    last, since, end = None, 0, time.time() + PATIENCE_S
    while time.time() < end:
        try:
            data = ask(base + "/api/v1/targets")
        except OSError:
            time.sleep(0.2)
            continue
        now = (keys(data["activeTargets"]), keys(data["droppedTargets"]))
        if now == last and time.time() - since > 4 and (now[0] or now[1]):
            return data
        if now != last:
            last, since = now, time.time()
        time.sleep(0.3)
    raise SystemExit("Prometheus' targets don't settle")


def keys(targets):
    return sorted(json.dumps([t.get("scrapePool", ""), t["discoveredLabels"], t.get("labels", {}), t.get("scrapeUrl", "")],
                             sort_keys=True) for t in targets)


def reference(prometheus, path, folder):
    port = free_port()
    server = subprocess.Popen([prometheus, f"--config.file={path}", f"--storage.tsdb.path={folder}/data",
                               f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"],
                              cwd=folder, stdout=subprocess.DEVNULL)
    try:
        return settled(f"http://127.0.0.1:{port}")
    finally:
        server.terminate()
        server.wait()


def compare(what, theirs, ours):
    missing = [k for k in theirs if k not in ours]
    extra = [k for k in ours if k not in theirs]
    for name, items in (("only Prometheus", missing), ("only we", extra)):
        for it in items[:5]:
            print(f"  {what}: {name}: {it[:2000]}")
    return len(missing) + len(extra)


def run(dump, prometheus, path):
    with tempfile.TemporaryDirectory() as folder:
        theirs = reference(prometheus, path, folder)
    # Without a pool in droppedTargets (older Prometheus) the pools aren't compared.
    ours = json.loads(subprocess.run([dump, path, "3000"], check=True, capture_output=True, text=True).stdout)
    if theirs["droppedTargets"] and "scrapePool" not in theirs["droppedTargets"][0]:
        for t in ours["droppedTargets"]:
            del t["scrapePool"]
    n = compare("active", keys(theirs["activeTargets"]), keys(ours["activeTargets"]))
    n += compare("dropped", keys(theirs["droppedTargets"]), keys(ours["droppedTargets"]))
    print(f"{path}: {len(theirs['activeTargets'])} active, {len(theirs['droppedTargets'])} dropped, {n} differences")
    return n, len(theirs["activeTargets"]) + len(theirs["droppedTargets"])


def cases(folder):
    """The files of cases/, where @HTTP_SD@ is a server of ours."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    source = pathlib.Path(__file__).parent / "cases"
    shutil.copytree(source, folder, dirs_exist_ok=True)
    for path in sorted(pathlib.Path(folder).glob("*.yml")):
        path.write_text(path.read_text().replace("@HTTP_SD@", f"http://127.0.0.1:{server.server_address[1]}/targets"))
        yield str(path)


def main():
    dump, files = sys.argv[1], sys.argv[2:]
    prometheus = os.environ.get("PROMETHEUS") or shutil.which("prometheus")
    if not prometheus:
        print("skipped: no prometheus to compare with (set PROMETHEUS, see bench/peers/get.sh)")
        return SKIPPED
    with tempfile.TemporaryDirectory() as folder:
        results = [run(dump, prometheus, path) for path in (files or cases(folder))]
    if not results or not all(n for _, n in results):
        print("nothing was compared")
        return 1
    return 1 if any(n for n, _ in results) else 0


if __name__ == "__main__":
    sys.exit(main())
