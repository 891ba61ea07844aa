#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Collectors of hardware that test machines lack, over a tree of files as kernels write them, beside a real node_exporter over
the same tree: every metric with its help, type, labels and values.

usage: node_exporter_tree_test.py HOST_DUMP SOURCE
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.dont_write_bytecode = True

from ports import free_port  # noqa: E402

SKIPPED = 77  # as Meson has it
DUMP, SOURCE = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
PATIENCE_S = 20
COLLECTORS = ["bcache", "bonding", "btrfs", "dmi", "edac", "fibrechannel", "hwmon", "infiniband", "ipvs", "nfs", "nfsd", "nvme",
              "powersupplyclass", "rapl", "schedstat", "tapestats", "thermal_zone", "udp_queues", "watchdog", "xfs"]
TREE = pathlib.Path(__file__).with_name("node_exporter_tree.txt")


def find_exporter():
    if path := shutil.which("prometheus-node-exporter") or shutil.which("node_exporter"):
        return path
    get = [SOURCE / "bench/peers/get.sh", "prometheus-node-exporter", "prometheus-node-exporter"]
    done = subprocess.run(get, capture_output=True, text=True, check=False)
    if done.returncode:
        print("SKIPPED, so nothing is known of node_exporter's names: there is none, and none to be had", file=sys.stderr)
        sys.exit(SKIPPED)
    return done.stdout.strip()


def plant(root):
    """node_exporter_tree.txt: a path from its first column on, then its lines, each behind a tab."""
    path, text = None, []
    for line in [*TREE.read_text(encoding="latin-1").split("\n"), "/"]:
        if line.startswith("/"):
            if path:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("".join(text), encoding="latin-1")
            path, text = root / line[1:], []
        elif line.startswith("\t"):
            text.append(line[1:] + "\n")


def said(page):
    """{name: (help, type)}, {series: value} of what is about the machine."""
    words, values = {}, {}
    for line in page.splitlines():
        if line.startswith("# HELP "):
            name, text = line[7:].split(" ", 1)
            words.setdefault(name, {})["help"] = text
        elif line.startswith("# TYPE "):
            name, text = line[7:].split(" ", 1)
            words.setdefault(name, {})["type"] = text
        elif line:
            series, value = line.rsplit(" ", 1)
            values[series] = float(value)
    return words, values


class BesideNodeExporter(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="diarchy-tree-")
        cls.addClassCleanup(folder.cleanup)
        root = pathlib.Path(folder.name)
        plant(root)
        port = free_port()
        exporter = subprocess.Popen(  # pylint: disable=consider-using-with
            [find_exporter(), "--collector.disable-defaults", *(f"--collector.{c}" for c in COLLECTORS), f"--path.procfs={root}/proc",
             f"--path.sysfs={root}/sys", f"--web.listen-address=127.0.0.1:{port}", "--web.disable-exporter-metrics"],
            stderr=subprocess.DEVNULL)
        cls.addClassCleanup(exporter.wait)
        cls.addClassCleanup(exporter.kill)
        page = cls.fetch(f"http://127.0.0.1:{port}/metrics").replace(f'path="{root}/', 'path="/')  # of rapl
        cls.failed = [line for line in page.splitlines() if line.startswith("node_scrape_collector_success") and line.endswith(" 0")]
        cls.theirs = said("\n".join(line for line in page.splitlines() if "node_scrape_" not in line and "node_exporter_build" not in line))
        cls.ours = said(subprocess.run([DUMP, root, *COLLECTORS], capture_output=True, text=True, check=True).stdout)

    @staticmethod
    def fetch(url):
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                with urllib.request.urlopen(url, timeout=10) as answer:
                    return answer.read().decode()
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def test_theirs_understands_the_whole_tree(self):
        self.assertEqual(self.failed, [])
        self.assertGreater(len(self.theirs[0]), 250)

    def test_metrics_are_the_same_in_every_word(self):
        self.assertEqual(self.ours[0].keys() ^ self.theirs[0].keys(), set())
        for name, words in self.theirs[0].items():
            with self.subTest(name):
                self.assertEqual(self.ours[0][name], words)

    def test_series_and_values_are_the_same(self):
        theirs, ours = self.theirs[1], self.ours[1]
        self.assertEqual(sorted(ours.keys() - theirs.keys()), [])
        self.assertEqual(sorted(theirs.keys() - ours.keys()), [])
        for series, value in theirs.items():
            with self.subTest(series):
                self.assertAlmostEqual(ours[series], value, delta=1e-9 * abs(value))


if __name__ == "__main__":
    find_exporter()
    del sys.argv[1:3]
    unittest.main(verbosity=2)
