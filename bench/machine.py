# SPDX-License-Identifier: Apache-2.0
"""The machine: what it is, and how much it disturbs a measurement."""
import hashlib
import os
import platform
import statistics
import threading
import time

NAP_S = 0.005


def load():
    return " ".join(f"{x:.2f}" for x in os.getloadavg())


def describe():
    """One line: cores, processor, memory, system, kernel, load."""
    def first(path, key):
        with open(path, encoding="utf-8") as f:
            return next((line.split(":", 1)[1].strip() for line in f if line.startswith(key)), "?")
    memory_gib = int(first("/proc/meminfo", "MemTotal").split()[0]) / 1024 ** 2
    try:
        system = platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        system = platform.system()
    return (f"{len(os.sched_getaffinity(0))} cores ({first('/proc/cpuinfo', 'model name')}), {memory_gib:.0f} GiB, "
            f"{system}, Linux {platform.release()}, load {load()}")


def percentile(values, percent):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def work_spread(rounds=40):
    """How much the CPU time of one and the same computation varies: half the range without the outer tenths, in
    percent of the median."""
    block, took = b"x" * 1_000_000, []
    for _ in range(rounds):
        begin = time.thread_time()
        hashlib.sha256(block).digest()
        took.append(time.thread_time() - begin)
    return 50 * (percentile(took, 90) - percentile(took, 10)) / statistics.median(took)


class Lateness:
    """How late a process that asked to sleep for a few milliseconds is woken while something is measured."""

    def __enter__(self):
        self.late_s, self.begin_load, self._end = [], load(), threading.Event()
        self._thread = threading.Thread(target=self._nap, daemon=True)
        self._thread.start()
        return self

    def _nap(self):
        while not self._end.is_set():
            begin = time.monotonic()
            time.sleep(NAP_S)
            self.late_s.append(time.monotonic() - begin - NAP_S)

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()

    def __str__(self):
        return f"woken {1e3 * percentile(self.late_s, 99):.0f} ms late (p99), {1e3 * max(self.late_s):.0f} at most"
