# SPDX-License-Identifier: Apache-2.0
"""Thirty days of a made-up host, or of a service's histogram (host.def), each 10^8 samples and more, in each server;
kept in the cache between runs."""
import hashlib
import os
import pathlib
import shutil
import subprocess
import time

from lab import BUILD, ROOT, Trouble
from peers.servers import Prometheus, VictoriaMetrics

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "diarchy-test/bench"
END_S = 1_790_000_000
STEP_S = 15
DAYS, QUICK_DAYS = 30, 2
SAMPLES_MAX = 1_000_000_000


def _prometheus(folder, port=None):
    return Prometheus(folder, "{}", "--storage.tsdb.retention.time=10y", f"--query.max-samples={SAMPLES_MAX}",
                      "--query.timeout=10m", port=port)


def _victoria_metrics(folder, port=None):
    return VictoriaMetrics(folder, "-retentionPeriod=10y", "-search.disableCache", "-search.maxQueryDuration=10m",
                           f"-search.maxSamplesPerQuery={SAMPLES_MAX}", port=port)


SERVERS = {"Prometheus": _prometheus, "VictoriaMetrics": _victoria_metrics}


def _version(kind, days):
    """Of the data: whatever it is made from."""
    digest = hashlib.sha256(f"{kind} {days} {END_S} {STEP_S}".encode())
    for name in ("host.def", "host.c", "history.c"):
        digest.update((ROOT / "bench" / name).read_bytes())
    return digest.hexdigest()[:12]


def _bytes(folder):
    return sum(f.stat().st_blocks * 512 for f in folder.rglob("*") if f.is_file())


def _fill(name, folder, kind, days):
    with SERVERS[name](folder) as server:
        sent = subprocess.run([BUILD / "bench/history", kind, *map(str, server.address), "/api/v1/write", "1", str(days),
                               str(STEP_S), str(END_S)], capture_output=True, text=True)
        if sent.returncode:
            raise Trouble(f"history into {name}: {sent.stderr[-300:]}")
        used = server.cpu_s()
        _settle(server)
        server.stop(120)
    (folder / "sent").write_text(f"{sent.stdout.split()[2]} {used}")


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

    kind: "node" or "requests"
    """

    def __init__(self, name, kind, is_quick, progress):
        self.days = QUICK_DAYS if is_quick else DAYS
        self.folder = CACHE / f"{name.lower()}-{kind}-{_version(kind, self.days)}"
        if not (self.folder / "sent").exists():
            progress(0, 1, f"filling {name}")
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            _fill(name, self.folder, kind, self.days)
        samples, used = (self.folder / "sent").read_text().split()
        self.samples, self.write_cpu_s = int(samples), float(used)
        self.bytes = _bytes(self.folder / "data")
        self.server = SERVERS[name](self.folder)

    def __enter__(self):
        self.server.start()
        return self.server

    def __exit__(self, *_):
        self.server.stop(120)
