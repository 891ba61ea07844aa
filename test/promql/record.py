#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ask a real Prometheus what it makes of expressions, and keep its answers (3.5 gave those here).

    record.py PROMETHEUS FILE [EXPRESSIONS]

FILE has a JSON object a line: `q`, the expression; `experimental`: asked of a server that allows
experimental functions; then `error`, or `format` (of /api/v1/format_query) and `tree` (of
/api/v1/parse_query).  Each is asked again, and those of EXPRESSIONS, if given, are added: one a
line, \\n in it being a newline.  A row with `selector` is asked as match[] of /api/v1/series.
`ours` and `why` of a row are kept: what Diarchy says instead, and for what reason.
"""
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request


class Server:
    """Prometheus on a free port, with nothing to scrape."""

    def __init__(self, program, flags):
        self.folder = tempfile.TemporaryDirectory()
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.url = "http://127.0.0.1:%d" % s.getsockname()[1]
        config = os.path.join(self.folder.name, "prometheus.yml")
        with open(config, "w", encoding="utf-8") as f:
            f.write("global: {}\n")
        self.process = subprocess.Popen(
            [program, "--config.file=" + config, "--web.listen-address=" + self.url[7:],
             "--storage.tsdb.path=" + os.path.join(self.folder.name, "data"), *flags],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait()

    def wait(self):
        for _ in range(300):
            try:
                urllib.request.urlopen(self.url + "/-/ready", timeout=5).close()
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("record.py: Prometheus doesn't get ready")

    def ask(self, path, key, text):
        body = urllib.parse.urlencode({key: text}).encode()
        try:
            with urllib.request.urlopen(self.url + path, body, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as e:
            return json.load(e)

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()


def error_of(answer):
    """Without what the API puts before it, and the number of a token that its parser has no text for."""
    text = re.sub(r'^invalid parameter "[^"]*": ', "", answer["error"])
    return re.sub(r'"<Item \d+>" ', "", text)


def record(server, row):
    kept = {k: row[k] for k in ("q", "selector", "experimental", "ours", "why") if k in row}
    if "selector" in row:
        answer = server.ask("/api/v1/series", "match[]", row["selector"])
        return {**kept, **({} if answer["status"] == "success" else {"error": error_of(answer)})}
    tree = server.ask("/api/v1/parse_query", "query", row["q"])
    if tree["status"] != "success":
        return {**kept, "error": error_of(tree)}
    text = server.ask("/api/v1/format_query", "query", row["q"])["data"]
    return {**kept, "format": text,
            "tree": json.dumps(tree["data"], sort_keys=True, ensure_ascii=False,
                               separators=(",", ":"))}


def main():
    program, path = sys.argv[1:3]
    rows = []
    if os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            rows = [json.loads(line) for line in f]
    known = {(r.get("q"), r.get("selector"), "experimental" in r) for r in rows}
    if len(sys.argv) > 3:
        with open(sys.argv[3], encoding="utf-8") as f:
            for line in f.read().split("\n"):
                row = {"q": line.replace("\\n", "\n")}
                if line.startswith("EXPERIMENTAL "):
                    row = {"q": row["q"][13:], "experimental": True}
                elif line.startswith("SELECTOR "):
                    row = {"selector": row["q"][9:]}
                key = (row.get("q"), row.get("selector"), "experimental" in row)
                if line and key not in known:
                    known.add(key)
                    rows.append(row)
    servers = [Server(program, []),
               Server(program, ["--enable-feature=promql-experimental-functions"])]
    try:
        rows = [record(servers["experimental" in r], r) for r in rows]
    finally:
        for server in servers:
            server.close()
    with open(path, "w", encoding="utf-8") as f:
        for row in rows:
            f.write(json.dumps(row, ensure_ascii=False) + "\n")
    print("%d rows, %d of them errors" % (len(rows), sum("error" in r for r in rows)))


if __name__ == "__main__":
    main()
