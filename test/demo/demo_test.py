#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`diarchy demo` as a stranger runs it: started, broken, mended, interrupted.

usage: demo_test.py DIARCHY

Runs in a network namespace of its own, so that neither a demo that runs on this machine nor its ports
are in the way.  Where there may be none, it is skipped while another demo runs.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

SKIPPED = 77  # as Meson has it
PATIENCE_S = 120  # of a loaded machine
NEEDED = ("nginx", "dnsmasq", "openssl", "node", "git")
INSIDE = "DIARCHY_DEMO_TEST_INSIDE"

DIARCHY = os.path.abspath(sys.argv[1])
os.environ["PATH"] += ":/usr/sbin:/sbin"


def skip(why):
    print(f"SKIPPED, so nothing is known of the demo: {why}", file=sys.stderr)
    sys.exit(SKIPPED)


def move_into_a_namespace():
    """Run this program again where only it is; return where that can't be had."""
    users = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    inside = ["unshare", "--net", *users]
    up = "ip link set lo up"
    if not shutil.which("ip") or subprocess.run([*inside, "sh", "-c", up], capture_output=True, check=False).returncode:
        if subprocess.run([DIARCHY, "demo", "list"], capture_output=True, check=False).returncode == 0:
            skip("a demo runs on this machine, and there is no namespace to be had")
        return
    os.environ[INSIDE] = "1"
    os.execvp("unshare", [*inside, "sh", "-c", f'{up}; exec "$@"', "sh", sys.executable, *sys.argv])


def descendants(pid):
    """Every process that the demo started, and what these started."""
    below = {}
    for status in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue  # it ended meanwhile
        below.setdefault(int(fields[1]), []).append(int(status.parent.name))
    found = []
    todo = [pid]
    while todo:
        children = below.get(todo.pop(), [])
        found += children
        todo += children
    return found


def what_runs(pid):
    """Its name; None if it has ended, whether or not somebody has asked how."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    return None if re.search(r"^State:\s+Z", status, re.M) else re.search(r"^Name:\s+(.*)", status)[1]


class Demo(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        environment = {k: v for k, v in os.environ.items() if k != "DIARCHY_DISCORD_WEBHOOK"}
        environment |= {"TMPDIR": self.folder.name, "LANG": "C.UTF-8"}
        self.log = pathlib.Path(self.folder.name, "said")
        tree = pathlib.Path(DIARCHY).parents[3]  # from where its name is short
        with self.log.open("wb") as log:
            self.demo = subprocess.Popen(
                [DIARCHY, "demo"], stdin=subprocess.DEVNULL, stdout=log, env=environment, cwd=tree
            )  # fmt: skip
        self.addCleanup(self.end)
        self.wait("its start", PATIENCE_S, lambda: "To break" in self.log.read_text())
        self.standin = re.search(r"Discord +(http://\S+)/ ", self.log.read_text())[1]

    def end(self):
        if self.demo.poll() is None:
            self.demo.kill()
            self.demo.wait()

    def wait(self, what, seconds, is_so):
        until = time.monotonic() + seconds
        while not is_so():
            self.assertIsNone(self.demo.poll(), f"the demo ended while waiting for {what}")
            self.assertLess(time.monotonic(), until, f"no {what} in {seconds} s:\n{self.log.read_text()}")
            time.sleep(0.2)

    def order(self, *words):
        done = subprocess.run([DIARCHY, "demo", *words], capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""), words)
        return done.stdout

    def told(self):
        """What the messages say now, one each; proofs that the way works are no incidents."""
        with urllib.request.urlopen(f"{self.standin}/standin/messages", timeout=120) as answer:
            told = json.load(answer)
        self.assertEqual(told["duplicates"], [])
        titles = [m["versions"][-1]["embeds"][0]["title"] for m in told["messages"]]
        return [t for t in titles if t != "daily drill passed"]

    @staticmethod
    def jobs_up(site):
        """The jobs of which a site has metrics."""
        with urllib.request.urlopen(f"{site}/api/v1/query?query=up%3D%3D1", timeout=120) as answer:
            return {series["metric"]["job"] for series in json.load(answer)["data"]["result"]}

    def test_each_thing_that_is_broken_is_told_in_one_message_and_nothing_stays_behind(self):
        welcome = self.log.read_text()
        self.assertNotIn("\033", welcome)
        self.assertEqual([line for line in welcome.splitlines() if len(line) > 80], [])
        self.assertEqual(self.told(), [])
        sites = re.findall(r"\b(?:dublin|mumbai) +(http://[^/\s]+)", welcome, re.I)
        self.assertEqual(len(sites), 2, welcome)
        for site in sites:
            self.wait("metrics", PATIENCE_S, lambda site=site: self.jobs_up(site) >= {"node", "diarchy"})

        self.order("break", "photos")
        self.wait("message of photos", PATIENCE_S, lambda: self.told() == ["photos is down"])
        self.assertEqual(len(re.findall(r"^\S+ +broken ", self.order("list"), re.M)), 1)
        self.order("mend", "photos")
        self.wait("recovery of photos", PATIENCE_S, lambda: re.match("photos is back after", self.told()[0]))

        self.order("break", "link")
        self.wait("message of the link", PATIENCE_S, lambda: self.told()[1:] == ["link dublin-mumbai is down"])
        self.order("mend")
        self.wait("recovery of the link", PATIENCE_S, lambda: "is back after" in self.told()[1])
        self.assertEqual(len(self.told()), 2)

        children = descendants(self.demo.pid)
        self.assertGreaterEqual(len(children), 14)
        self.demo.send_signal(signal.SIGINT)
        self.assertEqual(self.demo.wait(PATIENCE_S), 0)
        self.assertEqual([what for pid in children if (what := what_runs(pid))], [])
        self.assertEqual(os.listdir(self.folder.name), [self.log.name])
        self.assertNotIn("defect", self.log.read_text())


if __name__ == "__main__":
    for program in NEEDED:
        if not shutil.which(program):
            skip(f"there is no {program}")
    if INSIDE not in os.environ:
        move_into_a_namespace()
    del sys.argv[1]
    unittest.main(verbosity=2)
