#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The requests of requests.txt, to a real Prometheus and to a site with the same series: status and answer have to be the same.

usage: test/differential/ask_both.py [REGEX]      only those that match
Exit status 0: no difference; 1: some; 77: no Prometheus to be had here.
"""
import json
import os
import pathlib
import re
import sys
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "bench")]
sys.dont_write_bytecode = True
os.environ.setdefault("DIFFERENTIAL_BEGIN_MS", str(int(time.time()) // 60 * 60_000 - 7_500_000))

from compare import difference  # noqa: E402
from dataset import BEGIN_MS, SPAN_MS, Dataset  # noqa: E402
from peers.servers import Absent  # noqa: E402
from queries import Query  # noqa: E402
from reference import Reference  # noqa: E402
from served import Served  # noqa: E402

SEED = 5
SKIPPED = 77
PLACES = {"{B}": BEGIN_MS // 1000, "{M}": (BEGIN_MS + SPAN_MS // 2) // 1000, "{E}": (BEGIN_MS + SPAN_MS) // 1000}
MEASURED = re.compile(r'"(timings|peakSamples)"')


def requests(pattern):
    for line in (HERE / "requests.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#") and re.search(pattern, line):
            for place, seconds in PLACES.items():
                line = line.replace(place, str(seconds))
            yield line


def ask(server, line):
    """(status, decoded answer, or text)"""
    path, _, rest = line.partition("?")
    pairs = re.split("&(?=[a-z_]+(?:\\[\\])?=)", rest) if rest else []
    quoted = "&".join(f"{key}={urllib.parse.quote(value)}" for key, _, value in (pair.partition("=") for pair in pairs))
    status, body = server.ask("GET", f"/api/v1/{path}" + (f"?{quoted}" if quoted else ""))
    try:
        return status, json.loads(body)
    except ValueError:
        return status, body.decode(errors="replace")


def plain(value):
    """Without what is measured; lists of series in one order."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items() if key not in ("timings", "peakSamples")}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value


def expression(line):
    """Of a query, for what compare.py knows of expressions."""
    found = re.search(r"[?&]query=(.*?)(?:&[a-z_]+=|$)", line)
    return Query(found[1] if found else "", 0, 0, 1 if line.startswith("query_range") else 0)


def judge(line, theirs, ours):
    """None, or what is not the same."""
    if theirs[0] != ours[0]:
        return f"status {theirs[0]} {str(theirs[1])[:300]}\n          ours {ours[0]} {str(ours[1])[:300]}"
    want, got = plain(theirs[1]), plain(ours[1])
    if want == got:
        return None
    if line.startswith("query") and not line.startswith("query_ex") and isinstance(want, dict) and isinstance(got, dict):
        found = difference(expression(line), want, got)
        if found or want.keys() - got.keys() or (want.get("data") or {}).keys() != (got.get("data") or {}).keys():
            return found or f"keys {list(want)} {list(want.get('data') or {})}, ours {list(got)} {list(got.get('data') or {})}"
        stats = [answer.get("data", {}).get("stats") for answer in (want, got)]
        return None if stats[0] == stats[1] else f"stats {stats[0]}\n          ours {stats[1]}"
    return f"{json.dumps(want, ensure_ascii=False)[:400]}\n          ours {json.dumps(got, ensure_ascii=False)[:400]}"


def compare(pattern):
    data = Dataset(SEED).series
    asked = different = 0
    with Reference(data) as theirs, Served(data) as ours:
        for line in requests(pattern):
            asked += 1
            found = judge(line, ask(theirs.server, line), ask(ours.server, line))
            if found:
                different += 1
                print(f"--- {line}\n    {found}", flush=True)
        version = theirs.server.version()
    print(f"Prometheus {version}: {asked} requests, {different} differ")
    return 1 if different else 0


if __name__ == "__main__":
    try:
        sys.exit(compare(sys.argv[1] if len(sys.argv) > 1 else ""))
    except Absent as e:
        print(f"skipped: {e}", file=sys.stderr)
        sys.exit(SKIPPED)
