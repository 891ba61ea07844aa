#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The port for peers of the real program, against callers who hold no key of the lab.

usage: callers_test.py DIARCHY
"""
import os
import pathlib
import random
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.dont_write_bytecode = True

from ports import free_port  # noqa: E402

DIARCHY = os.path.abspath(sys.argv.pop(1))
PATIENCE_S = 120
HANDSHAKE_S = 5  # a caller has this long to show a key
LAB = """lab: home
sites:
  dublin: {{address: "127.0.0.1:{0}", key: "{2}", timezone: UTC, http: "127.0.0.1:{1}"}}
  mumbai: {{address: "127.0.0.1:{3}", key: "{4}", timezone: UTC, http: "127.0.0.1:{5}"}}
heartbeats:
  export: {{home: dublin, every: 24h, grace: 1h}}
"""


class Relay:
    """Between the sites: passes bytes on, and remembers those that go to the one listened for."""

    def __init__(self):
        self.to, self.sent = 0, []
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = self.door.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                caller, _ = self.door.accept()
            except OSError:
                return  # the test is over
            try:
                called = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                caller.close()
                continue
            record = []
            self.sent.append(record)
            threading.Thread(target=self.copy, args=(caller, called, record), daemon=True).start()
            threading.Thread(target=self.copy, args=(called, caller, []), daemon=True).start()

    @staticmethod
    def copy(one, other, record):
        try:
            while data := one.recv(65536):
                record.append(data)
                other.sendall(data)
        except OSError:
            pass
        for s in (one, other):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Callers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="diarchy-callers-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        keys = []
        for name in ("dublin", "mumbai"):
            made = subprocess.run([DIARCHY, "keygen", self.folder / name], capture_output=True, text=True, check=True)
            keys.append(made.stdout.split()[-1].strip('"'))
        self.relay = Relay()
        self.addCleanup(self.relay.door.close)
        self.peer, away, *self.http = (free_port() for _ in range(4))
        self.relay.to = self.peer
        for i, name in enumerate(("dublin", "mumbai")):
            dublin = self.peer if i == 0 else self.relay.port  # mumbai calls through the relay
            (self.folder / f"{name}.yaml").write_text(
                LAB.format(dublin, self.http[0], keys[0], away, keys[1], self.http[1]), encoding="utf-8"
            )
        self.site = self.launch("dublin")
        self.until(lambda: self.get("/metrics"))

    def launch(self, name):
        log = open(self.folder / f"{name}.log", "ab")  # pylint: disable=consider-using-with
        self.addCleanup(log.close)
        site = subprocess.Popen(  # pylint: disable=consider-using-with
            [DIARCHY, "serve", "--site", name, "--lab", self.folder / f"{name}.yaml", "--key", self.folder / name,
             "--state", self.folder / f"state-{name}"], stdout=log, stderr=log,
        )  # fmt: skip
        self.addCleanup(self.end, site)
        return site

    @staticmethod
    def end(site):
        site.terminate()
        try:
            site.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            site.kill()
            site.wait()

    def until(self, what, seconds=PATIENCE_S):
        deadline = time.monotonic() + seconds
        while not what():
            self.assertLess(time.monotonic(), deadline, (self.folder / "dublin.log").read_text(encoding="utf-8"))
            time.sleep(0.05)

    def get(self, path, site=0):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http[site]}{path}", timeout=60) as answer:
                return answer.read().decode()
        except OSError:
            return ""

    def fds(self):
        return len(os.listdir(f"/proc/{self.site.pid}/fd"))

    def rss_kib(self):
        text = pathlib.Path(f"/proc/{self.site.pid}/status").read_text(encoding="ascii")
        return int(text.split("VmRSS:")[1].split()[0])

    def cpu_s(self):
        fields = pathlib.Path(f"/proc/{self.site.pid}/stat").read_text(encoding="ascii").rsplit(")")[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def call(self):
        """Ends without a trace: a port that waits for its end is one that other tests can't have."""
        c = socket.create_connection(("127.0.0.1", self.peer), timeout=PATIENCE_S)
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return c

    def is_linked(self):
        return self.site.poll() is None and '"state":"up"' in self.get("/api/lab/v1/status").replace(" ", "")

    def assert_well(self, fds, rss_kib):
        self.assertIsNone(self.site.poll())
        self.assertTrue(self.get("/metrics"))
        self.until(lambda: self.fds() <= fds + 2)
        self.assertLess(self.rss_kib(), rss_kib + 8192)

    def test_a_thousand_half_open_connections_cost_little_and_end(self):
        fds, rss = self.fds(), self.rss_kib()
        calls = []
        for _ in range(1000):
            calls.append(self.call())
            if len(calls) > 200:
                calls.pop(0).close()
        self.assertLess(self.fds(), fds + 64)  # LINK_STRANGERS_MAX, and those on their way out
        self.launch("mumbai")
        self.until(self.is_linked)  # who has a key gets in all the same
        for c in calls:
            c.close()
        self.assert_well(fds + 3, rss)

    def test_noise_is_turned_away(self):
        fds, rss = self.fds(), self.rss_kib()
        dice = random.Random(7)
        for i in range(200):
            with self.call() as c:
                head = b"\x16\x03\x01" if i % 2 else b""
                try:
                    c.sendall(head + dice.randbytes(dice.randrange(1, 20000)))
                except OSError:
                    pass
        self.assert_well(fds, rss)

    def test_a_frame_before_the_handshake_is_none(self):
        fds, rss = self.fds(), self.rss_kib()
        for size in (2, 4194304, 4194305, 0xFFFFFFFF):
            with self.call() as c:
                try:
                    c.sendall(struct.pack(">IBB", size, 1, 0) + b"{" * 100000)
                    c.settimeout(HANDSHAKE_S + PATIENCE_S)
                    while c.recv(4096):
                        pass
                except (ConnectionError, BrokenPipeError):
                    pass
        self.assert_well(fds, rss)

    def test_a_caller_without_a_certificate_or_with_a_foreign_one_is_not_heard(self):
        fds, rss = self.fds(), self.rss_kib()
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=mumbai", "-keyout",
             self.folder / "foreign.key", "-out", self.folder / "foreign.pem"], check=True, capture_output=True,
        )  # fmt: skip
        hello = b'{"protocol":2,"site":"mumbai","lab":"x","beat":1,"echo":0,"heads":[]}'
        frame = struct.pack(">IBB", len(hello) + 2, 1, 0) + hello
        for foreign in (False, True):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            if foreign:
                context.load_cert_chain(self.folder / "foreign.pem", self.folder / "foreign.key")
            heard = b""
            try:
                with context.wrap_socket(self.call()) as c:
                    c.sendall(frame)
                    heard = c.recv(4096)
            except OSError:
                pass
            self.assertEqual(heard, b"")
        self.assert_well(fds, rss)
        self.assertNotIn('"up"', self.get("/api/lab/v1/status"))

    def test_what_was_recorded_of_a_real_peer_opens_nothing(self):
        mumbai = self.launch("mumbai")
        self.until(self.is_linked)
        time.sleep(3)
        self.end(mumbai)
        self.until(lambda: not self.is_linked())
        fds, rss = self.fds(), self.rss_kib()
        for record in [r for r in self.relay.sent if r]:
            with self.call() as c:
                c.settimeout(HANDSHAKE_S + PATIENCE_S)
                try:
                    for data in record:
                        c.sendall(data)
                    while c.recv(4096):
                        pass
                except OSError:
                    pass
            self.assertFalse(self.is_linked())
        self.assert_well(fds, rss)

    def test_handshakes_that_are_begun_and_left_do_not_eat_the_processor(self):
        with self.call() as c:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            try:
                context.wrap_bio(incoming, outgoing).do_handshake()
            except ssl.SSLWantReadError:
                pass
            hello = outgoing.read()
            c.close()
        fds, rss, cpu = self.fds(), self.rss_kib(), self.cpu_s()
        n = 300
        for _ in range(n):
            with self.call() as c:
                c.sendall(hello)
        self.until(lambda: self.fds() <= fds + 2)
        spent = (self.cpu_s() - cpu) / n
        self.assertLess(spent, 0.01)
        self.assert_well(fds, rss)


if __name__ == "__main__":
    unittest.main(verbosity=2)
