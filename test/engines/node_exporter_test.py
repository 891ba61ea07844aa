#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The machine's metrics beside those of a real node_exporter: names, labels, types, helps, values.

usage: node_exporter_test.py DIARCHY SOURCE
"""
import os
import pathlib
import re
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
DIARCHY, SOURCE = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2])
PATIENCE_S = 120
STANDIN = pathlib.Path(__file__).with_name("systemd_standin.py")

# The default of upstream; Debian's package leaves out more.
MOUNTS = r"^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)"

# The default of Debian's package, whichever is found.
UNITS = r".+\.(automount|device|mount|scope|slice|target)"

# Of the program, not of the machine.
ITS_OWN = re.compile(r"go_|process_|promhttp_|node_exporter_")
# Of disks, which smartctl_exporter tells.
OF_DISKS = re.compile(r"smartctl_")
# Of macOS, and 0 everywhere else; what takes a file to read for each thread of the machine.
NOT_OURS = {"node_filesystem_purgeable_bytes", "node_processes_threads_state"}
# We tell every field that the kernel has.
MORE_OF_OURS = re.compile(r"node_memory_\w+_bytes$")
# Collectors of hardware that a site's machine has not shown us yet, and of its own time.
COLLECTORS = re.compile(r"node_scrape_collector_")
# node_exporter 1.11 says 0 where a newer kernel has files in queue/ that it can't read.
OTHERWISE_READ = re.compile(r"node_disk_info\{")
# These come and go between the two questions.
FLEETING = re.compile(r"node_(tcp_connection_states|processes_state|interrupts_total)\{")
# These move while both are asked.
RESTLESS = re.compile(r"node_(procs_|processes_|tcp_|interrupts_|sockstat_|memory_|forks|entropy|netstat_TcpExt_)")


# In smartctl's place: it says what the corpus has.
SMARTCTL = """#!/bin/sh
cd '{}'
for last; do :; done
case $last in --scan) cat scan;; /dev/sda) cat ata; exit 64;; /dev/nvme0) cat nvme;; /dev/sdb) cat asleep; exit 2;; esac
"""


def skip(why):
    print(f"SKIPPED, so nothing is known of node_exporter's names: {why}", file=sys.stderr)
    sys.exit(SKIPPED)


def find_exporter():
    for name in ("prometheus-node-exporter", "node_exporter"):
        if path := shutil.which(name):
            return path
    get = [SOURCE / "bench/peers/get.sh", "prometheus-node-exporter", "prometheus-node-exporter"]
    done = subprocess.run(get, capture_output=True, text=True, check=False)
    if done.returncode:
        skip("there is no node_exporter, and none to be had")
    return done.stdout.strip()


class Page:
    """What an exporter says."""

    def __init__(self, text):
        self.helps, self.types, self.values = {}, {}, {}
        for line in text.splitlines():
            if line.startswith("# HELP "):
                name, said = line[7:].split(" ", 1)
                self.helps[name] = said
            elif line.startswith("# TYPE "):
                name, said = line[7:].split(" ", 1)
                self.types[name] = said
            elif line and not line.startswith("#"):
                series, value = line.rsplit(" ", 1)
                self.values[series] = float(value)


BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/>
<allow send_type="signal"/><allow send_requested_reply="true" send_type="method_return"/>
<allow send_requested_reply="true" send_type="error"/><allow receive_type="method_call"/>
<allow receive_type="method_return"/><allow receive_type="error"/><allow receive_type="signal"/></policy></busconfig>
"""


def family(series):
    return series.split("{", 1)[0]


class BesideNodeExporter(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="diarchy-node-")
        cls.addClassCleanup(cls.folder.cleanup)
        folder = pathlib.Path(cls.folder.name)
        (folder / "text").mkdir()
        (folder / "text/job.prom").write_text("# HELP job_size how large\n# TYPE job_size gauge\njob_size{a=\"b\"} 7\n")
        theirs, ours = free_port(), free_port()
        key = subprocess.run([DIARCHY, "keygen", folder / "key"], capture_output=True, text=True, check=True)
        (folder / "lab.yaml").write_text(
            f"lab: home\nsites:\n  here: {{address: '127.0.0.1:{free_port()}', timezone: UTC,"
            f" key: {key.stdout.split()[-1]}, http: '127.0.0.1:{ours}'}}\nmetrics: {{textfile: {folder}/text}}\n"
        )
        cls.begin_bus(folder)
        (folder / "bin").mkdir()
        (folder / "bin/smartctl").write_text(SMARTCTL.format(SOURCE.resolve() / "test/corpus/smart"))
        (folder / "bin/smartctl").chmod(0o700)
        os.environ["PATH"] = f"{folder}/bin:{os.environ['PATH']}"
        cls.launch([find_exporter(), "--collector.processes", "--collector.tcpstat", "--collector.interrupts",
                    "--no-collector.interrupts.include-zeros", "--collector.systemd", "--collector.systemd.enable-task-metrics",
                    "--collector.systemd.enable-restarts-metrics", "--collector.systemd.enable-start-time-metrics",
                    "--collector.systemd.unit-exclude", UNITS, f"--web.listen-address=127.0.0.1:{theirs}", "--collector.textfile.directory",
                    f"{folder}/text", "--collector.filesystem.mount-points-exclude", MOUNTS])  # fmt: skip
        cls.launch([DIARCHY, "serve", "--lab", folder / "lab.yaml", "--key", folder / "key", "--state", folder / "state"])
        cls.fetch(f"http://127.0.0.1:{ours}/metrics/host", has="smartctl_devices")
        cls.theirs = Page(cls.fetch(f"http://127.0.0.1:{theirs}/metrics"))
        cls.ours = Page(cls.fetch(f"http://127.0.0.1:{ours}/metrics/host"))
        cls.later = Page(cls.fetch(f"http://127.0.0.1:{theirs}/metrics"))  # what moves was in between

    @classmethod
    def begin_bus(cls, folder):
        """No machine of a test is run by systemd: a real bus, and a stand-in on it."""
        os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = f"unix:path={folder}/bus"
        (folder / "bus.conf").write_text(BUS.format(folder / "bus"))
        cls.launch(["dbus-daemon", "--nofork", "--nopidfile", f"--config-file={folder}/bus.conf"])
        until = time.monotonic() + PATIENCE_S
        while not (folder / "bus").exists():
            if time.monotonic() > until:
                raise AssertionError((folder / "log").read_text())
            time.sleep(0.05)
        standin = cls.launch([STANDIN, os.environ["DBUS_SYSTEM_BUS_ADDRESS"]], stdout=subprocess.PIPE)
        cls.addClassCleanup(standin.stdout.close)
        if not standin.stdout.readline():
            raise AssertionError((folder / "log").read_text())

    @classmethod
    def launch(cls, argv, stdout=None):
        log = open(pathlib.Path(cls.folder.name, "log"), "ab")  # pylint: disable=consider-using-with
        cls.addClassCleanup(log.close)
        program = subprocess.Popen(argv, stdout=stdout or log, stderr=log)  # pylint: disable=consider-using-with
        cls.addClassCleanup(program.wait)
        cls.addClassCleanup(program.kill)
        return program

    @classmethod
    def fetch(cls, url, has=""):
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            try:
                with urllib.request.urlopen(url, timeout=120) as answer:
                    if has in (page := answer.read().decode()):
                        return page
            except OSError:
                pass
            time.sleep(0.1)
        raise AssertionError(pathlib.Path(cls.folder.name, "log").read_text())

    def of_the_machine(self, names):
        return {n for n in names if not ITS_OWN.match(n)}

    def test_every_metric_of_theirs_is_ours_and_no_other(self):
        theirs, ours = self.of_the_machine(self.theirs.types), self.of_the_machine(self.ours.types)
        self.assertGreater(len(theirs), 150)
        self.assertEqual(theirs - ours, NOT_OURS)
        self.assertEqual([n for n in ours - theirs if not MORE_OF_OURS.match(n) and not OF_DISKS.match(n)], [])

    def test_types_and_helps_are_the_same(self):
        for name in sorted(self.of_the_machine(self.theirs.types) & set(self.ours.types)):
            with self.subTest(name):
                self.assertEqual(self.ours.types[name], self.theirs.types[name])
                self.assertEqual(self.ours.helps[name], self.theirs.helps[name])

    def test_series_have_the_same_labels(self):
        before, after = ({s for s in page.values if not ITS_OWN.match(s) and family(s) not in NOT_OURS}
                         for page in (self.theirs, self.later))  # fmt: skip
        ours = {s for s in self.ours.values if family(s) in self.theirs.types and not ITS_OWN.match(s)}
        known = (COLLECTORS, OTHERWISE_READ, FLEETING)
        odd = [s for s in (before & after) - ours | ours - (before | after) if not any(k.match(s) for k in known)]
        self.assertEqual(odd, [])

    def test_values_are_near(self):
        compared = 0
        for series in sorted(set(self.theirs.values) & set(self.ours.values) & set(self.later.values)):
            if ITS_OWN.match(series) or COLLECTORS.match(series) or RESTLESS.match(series):
                continue
            with self.subTest(series):
                there, here = sorted((self.theirs.values[series], self.later.values[series])), self.ours.values[series]
                room = max(0.2 * abs(there[0]), 5)
                self.assertGreaterEqual(here, there[0] - room)
                self.assertLessEqual(here, there[1] + room)
                compared += 1
        self.assertGreater(compared, 200)

    def test_units_are_what_systemd_says(self):
        wanted = {
            'unit_state{name="db.service",state="failed",type="notify"}': 1,
            'unit_state{name="db.service",state="active",type="notify"}': 0,
            'unit_state{name="reloading.path",state="activating",type=""}': 1,
            'service_restart_total{name="job299.service"}': 299,
            'unit_start_time_seconds{name="nginx.service"}': 1700000000.123456,
            'unit_start_time_seconds{name="db.service"}': 0,
            'unit_tasks_current{name="nginx.service"}': 5,
            'timer_last_trigger_seconds{name="scrub.timer"}': 1699999999,
            'socket_accepted_connections_total{name="ssh.socket"}': 41,
            'units{state="failed"}': 1,
            "system_running": 0,
            'version{version="252.39-1~deb12u2"}': 252.39,
        }
        self.assertEqual({k: self.ours.values.get(f"node_systemd_{k}") for k in wanted}, wanted)
        told = "\n".join(s for s in self.ours.values if s.startswith("node_systemd_"))
        for name in ("gone.service", ".mount", ".slice", ".target", 'tasks_max{name="endless.service"'):
            self.assertNotIn(name, told)

    def test_disks_say_how_they_are(self):
        wanted = {
            'device_smart_status{device="sda"}': 1,
            'device_smart_status{device="nvme0"}': 0,
            'device_smartctl_exit_status{device="sdb"}': 2,
            'device_temperature{device="sda",temperature_type="current"}': 34,
            "devices": 3,
        }
        self.assertEqual({k: self.ours.values.get(f"smartctl_{k}") for k in wanted}, wanted)

    def test_the_program_tells_of_itself_what_the_exporter_does(self):
        theirs = {n for n in self.theirs.types if re.match(r"process_(?!network|start)", n)}
        self.assertEqual(theirs - set(self.ours.types), set())
        for name in theirs:
            self.assertEqual(self.ours.types[name], self.theirs.types[name])
        self.assertGreater(self.ours.values["process_open_fds"], 5)
        self.assertGreater(self.ours.values["process_resident_memory_bytes"], 1e6)
        self.assertLess(self.ours.values["process_resident_memory_bytes"], 1e9)

    def test_files_of_jobs_are_taken_alike(self):
        self.assertEqual(self.ours.values['job_size{a="b"}'], 7)
        self.assertEqual(self.ours.values["node_textfile_scrape_error"], 0)


if __name__ == "__main__":
    find_exporter()
    if not shutil.which("dbus-daemon") or subprocess.run(["/usr/bin/python3", "-c", "import dbus, gi"], check=False).returncode:
        skip("there is no message bus, or no stand-in for systemd on it")
    del sys.argv[1:3]
    unittest.main(verbosity=2)
