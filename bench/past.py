# SPDX-License-Identifier: Apache-2.0
"""Thirty days of a made-up host, or of a service's histogram (host.def), each 10^8 samples and more, in each server;
kept in the cache between runs."""
import hashlib
import os
import pathlib
import shutil
import subprocess
import time

from alone import OURS, Diarchy
from lab import BUILD, ROOT, Trouble
from peers.servers import Prometheus, VictoriaMetrics

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "diarchy-test/bench"
END_S = 1_790_000_000
STEP_S = 15
DAYS, QUICK_DAYS = 30, 2
MANY_HOSTS, MANY_STEP_S, DENSE_DAYS = 56, 600, 2 / 24
SAMPLES_MAX = 1_000_000_000


def _prometheus(folder, port=None):
    return Prometheus(folder, "{}", "--storage.tsdb.retention.time=10y", f"--query.max-samples={SAMPLES_MAX}",
                      "--query.timeout=10m", port=port)


def _victoria_metrics(folder, port=None):
    # Who fills it sends over one connection, for as long as that takes.
    return VictoriaMetrics(folder, "-retentionPeriod=10y", "-search.disableCache", "-search.maxQueryDuration=10m",
                           "-http.connTimeout=1h", f"-search.maxSamplesPerQuery={SAMPLES_MAX}", port=port)


def _ours(folder, port=None):
    return Diarchy(folder, {"retention": "10y", "host": False, "receive": ["remote_write"]}, port=port)


SERVERS = {OURS: _ours, "Prometheus": _prometheus, "VictoriaMetrics": _victoria_metrics}


def _parts(kind, days):
    """What history.c is called with: (kind, hosts, days, step, end)."""
    if kind != "many":
        return [(kind, 1, days, STEP_S, END_S)]
    begin_dense = END_S - int(DENSE_DAYS * 86400)
    return [("node", MANY_HOSTS, days - DENSE_DAYS, MANY_STEP_S, begin_dense),
            ("node", MANY_HOSTS, DENSE_DAYS - STEP_S / 86400, STEP_S, END_S)]


# What a folder is made from; and how ours are written.
SOURCES = ("bench/host.def", "bench/host.c", "bench/history.c")
OUR_FORMATS = tuple(f"src/core/metrics/{name}.h" for name in ("block", "values", "ints", "chunk", "packed", "index_format"))


def _version(name, kind, days):
    digest = hashlib.sha256(repr(_parts(kind, days)).encode())
    for source in SOURCES + (OUR_FORMATS if name == OURS else ()):
        digest.update((ROOT / source).read_bytes())
    return digest.hexdigest()[:12]


def _send(server, part):
    """Samples sent."""
    kind, hosts, days, step_s, end_s = part
    sent = subprocess.run([BUILD / "bench/history", kind, *map(str, server.address), "/api/v1/write", str(hosts), str(days),
                           str(step_s), str(end_s)], capture_output=True, text=True)
    if sent.returncode:
        raise Trouble(f"history into {server.argv[0]}: {sent.stderr[-300:]}")
    return int(sent.stdout.split()[2])


def _bytes(folder):
    return sum(f.stat().st_blocks * 512 for f in folder.rglob("*") if f.is_file())


def _fill(name, folder, kind, days):
    with SERVERS[name](folder) as server:
        samples = sum(_send(server, part) for part in _parts(kind, days))
        _settle(server)
        server.stop(120)
    (folder / "sent").write_text(str(samples))


def _settle(server):
    """What it does in the background ends: no CPU for some seconds."""
    quiet, used = 0, server.cpu_s()
    for _ in range(180):
        time.sleep(1)
        now = server.cpu_s()
        quiet = quiet + 1 if now - used < 0.05 else 0
        used = now
        if quiet >= 5:
            return


class Past:
    """`with Past(name, kind, is_quick, progress) as server`; .samples and .bytes say how much it holds.

    kind: "node", "requests", or "many": thirty days of 50,000 series
    """

    def __init__(self, name, kind, is_quick, progress):
        self.hosts = MANY_HOSTS if kind == "many" else 1
        self.days = QUICK_DAYS if is_quick else DAYS
        self.folder = CACHE / f"{name.lower()}-{kind}-{_version(name, kind, self.days)}"
        if not (self.folder / "sent").exists():
            progress(0, 1, f"filling {name}")
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            _fill(name, self.folder, kind, self.days)
        self.samples = int((self.folder / "sent").read_text())
        self.server = SERVERS[name](self.folder)
        self.bytes = _bytes(self.server.data)

    def __enter__(self):
        self.server.start()
        return self.server

    def __exit__(self, *_):
        self.server.stop(120)
