#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The whole program, alone, against those who mean it harm, and with files that came to harm.

usage: hostile_test.py DIARCHY
"""
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.dont_write_bytecode = True

from ports import free_port  # noqa: E402

DIARCHY = os.path.abspath(sys.argv.pop(1))
PATIENCE_S = 120
LAB = """lab: home
sites:
  dublin: {{address: "127.0.0.1:{peer}", key: "{key}", timezone: UTC, http: "127.0.0.1:{http}"{more}}}
heartbeats:
  export: {{home: dublin, every: 24h, grace: 1h}}
"""
HEAD = "HTTP/1.1\r\nHost: localhost\r\n"
CONTROLS = set(range(0x20)) - {0x0A} | set(range(0x7F, 0xA0))


class Daemon(unittest.TestCase):
    login = ""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="diarchy-hostile-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.state = self.folder / "state"
        self.journal = self.state / "journal.db"
        self.http, self.peer = free_port(), free_port()
        self.site = None
        made = self.cli("keygen", self.folder / "key")
        key = made.stdout.split()[-1].strip('"')
        text = LAB.format(peer=self.peer, key=key, http=self.http, more=self.login)
        (self.folder / "lab.yaml").write_text(text, encoding="utf-8")
        self.addCleanup(self.stop)

    def cli(self, *arguments, data=None):
        environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TZ": "UTC"}
        environment["DIARCHY_URL"] = f"http://127.0.0.1:{self.http}"
        return subprocess.run(
            [DIARCHY, *arguments], input=data, capture_output=True, text=True, timeout=120, check=False,
            cwd=self.folder, env=environment,
        )  # fmt: skip

    def command(self):
        return [DIARCHY, "serve", "--lab", self.folder / "lab.yaml", "--key", self.folder / "key", "--state", self.state]

    def start(self, *before, command=None):
        """Until it answers."""
        self.log = open(self.folder / "log", "a+b")  # pylint: disable=consider-using-with
        self.addCleanup(self.log.close)
        self.site = subprocess.Popen([*before, *(command or self.command())], stdout=self.log, stderr=self.log)
        for _ in range(PATIENCE_S * 20):
            self.assertIsNone(self.site.poll(), self.said())
            try:
                return self.get("/healthz")
            except OSError:
                time.sleep(0.05)
        return self.fail("the site doesn't answer: " + self.said())

    def stop(self, by=signal.SIGTERM):
        if self.site and self.site.poll() is None:
            self.site.send_signal(by)
            self.site.wait(PATIENCE_S)
        self.site = None

    def said(self):
        return (self.folder / "log").read_text(encoding="utf-8", errors="surrogateescape")

    def refuses_to_start(self, *texts, before=()):
        done = subprocess.run([*before, *self.command()], capture_output=True, text=True, timeout=120, check=False)
        self.assertNotIn(done.returncode, (0, -signal.SIGSEGV, -signal.SIGABRT), done.stderr)
        for text in texts:
            self.assertIn(str(text), done.stderr)
        return done

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}{path}", timeout=PATIENCE_S) as answer:
            return answer.read()

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.http), PATIENCE_S)

    def raw(self, *parts):
        """All that comes back for these bytes until the site closes, or has nothing more to say."""
        got = b""
        with self.connect() as s:
            try:
                for part in parts:
                    s.sendall(part if isinstance(part, bytes) else part.encode())
            except OSError:
                pass  # it had heard enough
            s.settimeout(6)
            try:
                while part := s.recv(65536):
                    got += part
            except OSError:
                pass
        return got

    def status(self, *parts):
        got = self.raw(*parts)
        return int(got.split()[1]) if got else 0

    def is_well(self):
        self.assertIsNone(self.site.poll(), self.said())
        self.assertEqual(json.loads(self.get("/api/lab/v1/status"))["lab"], "home")

    def resident_kib(self):
        status = pathlib.Path(f"/proc/{self.site.pid}/status").read_text(encoding="utf-8")
        return int(status.split("VmRSS:")[1].split()[0])


class Requests(Daemon):
    def setUp(self):
        super().setUp()
        self.start()

    def test_what_is_no_request_is_refused_and_the_next_one_served(self):
        rows = {
            f"GET /heartbeat/export\0x {HEAD}\r\n": {400},
            f"GET /heartbeat/export\x1b[2J {HEAD}\r\n": {400},
            f"POST /heartbeat/export {HEAD}Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n": {400, 413},
            f"POST /heartbeat/export {HEAD}Transfer-Encoding: chunked\r\n\r\n-1\r\nx": {400},
            f"POST /heartbeat/export {HEAD}Transfer-Encoding: gzip\r\n\r\n": {400},
            f"POST /heartbeat/export {HEAD}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello": {400},
            f"POST /heartbeat/export {HEAD}Content-Length: 10485760\r\n\r\n": {413},
            f"GET /heartbeat/export {HEAD}Content-Length: 5\r\n\r\nhello": {413},
            f"GET /{'x' * 20000} {HEAD}\r\n": {0, 414, 431},
            f"GET / {HEAD}" + "X: y\r\n" * 5000 + "\r\n": {0, 431},
            f"GET / {HEAD}X: {'y' * 100000}\r\n\r\n": {0, 431},
            "GET / HTTP/1.1\r\n\r\n": {400},
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n": {0, 400, 405, 505},
            "\x16\x03\x01\x02\0\x01": {0, 400},
        }
        for request, wanted in rows.items():
            with self.subTest(request[:60]):
                self.assertIn(self.status(request), wanted)
        self.is_well()

    def test_pages_lead_to_no_file(self):
        for path in ("/../../../../etc/passwd", "/..%2f..%2f..%2fetc/passwd", "//etc/passwd", "/%2e%2e/lab.yaml"):
            with self.subTest(path):
                got = self.raw(f"GET {path} {HEAD}Connection: close\r\n\r\n")
                self.assertNotIn(b"root:", got)
                self.assertNotIn(b"sites:", got)
        self.is_well()

    def test_requests_in_one_go_are_answered_one_by_one(self):
        got = self.raw(f"GET /healthz {HEAD}\r\n" * 200 + f"GET /healthz {HEAD}Connection: close\r\n\r\n")
        self.assertEqual(got.count(b"HTTP/1.1 200 OK"), 201)

    def test_a_thousand_silent_connections_keep_nobody_out(self):
        silent = [self.connect() for _ in range(500)]
        for s in silent[::2]:
            s.sendall(b"GET / HTTP/1.1\r\nX: ")
        begun = time.monotonic()
        for _ in range(5):
            self.is_well()
        self.assertLess(time.monotonic() - begun, 8, "their deadlines were waited for")
        for s in silent:
            s.close()

    def test_a_log_without_end_is_cut_off_and_takes_no_memory(self):
        before = self.resident_kib()
        body = b"x" * 65536
        chunk = b"10000\r\n" + body + b"\r\n"
        self.raw(f"POST /heartbeat/export {HEAD}Transfer-Encoding: chunked\r\n\r\n", *[chunk] * 160)
        self.assertEqual(self.status(f"POST /heartbeat/export {HEAD}Content-Length: 983040\r\n\r\n", *[body] * 15), 200)
        self.assertLess(self.resident_kib() - before, 8192)
        events = json.loads(self.get("/api/lab/v1/events?kind=ping"))["events"]
        self.assertEqual(len(events), 1)
        self.assertLessEqual(len(events[0]["body"]["log"]), 10240)

    def test_what_a_job_says_drives_no_terminal(self):
        evil = b"\x1b[2J\x1b]0;owned\x07 \x9b31m \xc2\x9b1m \xff\xfe\0 \xe2\x80\xaegnp.exe \r overwritten\x7f\xf0\x9f\x92"
        head = f"POST /heartbeat/export/fail {HEAD}Content-Length: {len(evil)}\r\n\r\n"
        self.assertEqual(self.status(head, evil), 200)
        self.cli("note", "--by", "\x1b[31mAna", "\x1b[2J\u009b2J")
        for command in (["log"], ["log", "--color=never"], ["when", "export"], ["status"], ["incidents"]):
            with self.subTest(command):
                done = self.cli(*command)
                self.assertFalse(set(map(ord, done.stdout + done.stderr)) & CONTROLS, done)
        self.assertFalse(set(map(ord, self.said())) & CONTROLS)
        log = json.loads(self.get("/api/lab/v1/events?kind=ping"))["events"][0]["body"]["log"]
        self.assertNotIn("\x1b", log)
        self.assertIn("overwritten", log)

    def test_noise_of_any_kind_is_survived(self):
        dice = random.Random(1)
        request = bytearray(f"POST /api/lab/v1/notes?a=b {HEAD}X-Diarchy-CSRF: n\r\nContent-Length: 9\r\n\r\n".encode())
        sockets = []
        for _ in range(300):
            noise = bytearray(request)
            for _ in range(dice.randrange(1, 6)):
                noise[dice.randrange(len(noise))] = dice.randrange(256)
            s = self.connect()
            s.sendall(noise + b'{"text":1')
            sockets.append(s)
        for s in sockets:
            s.close()
        self.is_well()


class Strangers(Daemon):
    """Of the port for peers, before anybody knows who they are."""

    def test_what_is_no_handshake_harms_nobody(self):
        self.start()
        dice = random.Random(4)
        hello = b"\x16\x03\x01\x00\xf4\x01\x00\x00\xf0\x03\x03"
        said = [
            bytes.fromhex("80018001010301"),  # the beginning of an SSL 2.0 greeting, cut short
            bytes.fromhex("802e0103010015000000100000"),
            hello,
            hello + dice.randbytes(233),
            b"\x16\x03\x03\xff\xff" + bytes(65535),
            b"\x15\x03\x03\x00\x02\x02\x28",
            b"\x17\x03\x03\x00\x01\x00",
            b"GET / HTTP/1.1\r\n\r\n",
            bytes(5),
            *(dice.randbytes(dice.randrange(1, 600)) for _ in range(100)),
            *(b"\x16\x03" + dice.randbytes(dice.randrange(1, 600)) for _ in range(100)),
            *(b"\x80" + dice.randbytes(dice.randrange(1, 100)) for _ in range(100)),
        ]
        for bytes_ in said:
            with socket.create_connection(("127.0.0.1", self.peer), PATIENCE_S) as s:
                try:
                    s.sendall(bytes_)
                    s.settimeout(0.02)
                    s.recv(100)
                except OSError:
                    pass
        self.is_well()


class Watcher(Daemon):
    def test_a_memory_that_came_to_harm_is_named_and_a_new_one_begun(self):
        key = self.cli("keygen", self.folder / "watcher-key").stdout.split()[-1].strip('"')
        lab = self.folder / "lab.yaml"
        watcher = f'watchers:\n  webhost: {{url: "http://127.0.0.1:{self.http}", key: "{key}"}}\nheartbeats:'
        lab.write_text(lab.read_text(encoding="utf-8").replace("heartbeats:", watcher), encoding="utf-8")
        self.state.mkdir()
        memory = self.state / "watcher.json"
        for harm in (b"{", b"\0" * 1000, b"[]", b'{"version":99}', random.Random(5).randbytes(5000)):
            with self.subTest(harm[:30]):
                memory.write_bytes(harm)
                self.start(
                    command=[DIARCHY, "watch", "--lab", lab, "--key", self.folder / "watcher-key", "--state", self.state,
                             "--listen", f"127.0.0.1:{self.http}"]
                )  # fmt: skip
                self.assertIn(f"{memory}: ", self.said())
                self.assertIn("beginning anew", self.said())
                for noise in ("{}", "[" * 60000, '{"lab":"home","site":"dublin"}', "\0" * 70000):
                    got = self.status(f"POST /beacon {HEAD}Connection: close\r\nContent-Length: {len(noise)}\r\n\r\n{noise}")
                    self.assertIn(got, (400, 401, 403, 413))
                self.assertEqual(self.get("/healthz"), b"ok\n")
                self.stop()
                (self.folder / "log").unlink()


class Login(Daemon):
    password = "correct horse battery"

    def setUp(self):
        super().setUp()
        hashed = self.cli("login-hash", data=self.password + "\n").stdout.strip()
        (self.folder / "hash").write_text(hashed, encoding="utf-8")
        path = self.folder / "lab.yaml"
        text = path.read_text(encoding="utf-8")
        login = f', login: {{password: {{file: {self.folder / "hash"}}}}}}}\n'
        path.write_text(text.replace("}\nheartbeats", login + "heartbeats"), encoding="utf-8")
        self.start()

    def log_in(self, password, headers=""):
        body = "password=" + password.replace(" ", "+")
        return self.raw(f"POST /login {HEAD}{headers}Connection: close\r\nContent-Length: {len(body)}\r\n\r\n{body}")

    def test_passwords_cannot_be_tried_one_after_the_other(self):
        answers = [int(self.log_in(f"guess {i}").split()[1]) for i in range(12)]
        self.assertEqual(answers[:3], [401] * 3)
        self.assertGreaterEqual(answers.count(429), 7)
        refused = self.log_in(self.password)
        self.assertIn(b" 429 ", refused.split(b"\r\n")[0])
        self.assertIn(b"Retry-After: ", refused)
        for header in ("X-Forwarded-For: 192.0.2.7\r\n", "Forwarded: for=192.0.2.7\r\n", "X-Real-IP: 192.0.2.7\r\n"):
            self.assertIn(b" 429 ", self.log_in("another guess", header).split(b"\r\n")[0])
        self.assertNotIn("guess", self.said())

    def test_a_session_is_the_sites_own_choice(self):
        chosen = "a" * 64
        cookie = f"Cookie: diarchy={chosen}\r\n"
        answer = self.log_in(self.password, cookie).decode()
        given = answer.split("Set-Cookie: diarchy=")[1].split("\r\n")[0]
        self.assertNotEqual(given.split(";")[0], chosen)
        for flag in ("; HttpOnly", "; SameSite=Strict", "; Path=/"):
            self.assertIn(flag, given)
        self.assertEqual(self.status(f"GET /api/lab/v1/status {HEAD}{cookie}Connection: close\r\n\r\n"), 401)
        own = f"Cookie: diarchy={given.split(';')[0]}\r\n"
        self.assertEqual(self.status(f"GET /api/lab/v1/status {HEAD}{own}Connection: close\r\n\r\n"), 200)
        again = self.log_in(self.password, own).decode()
        self.assertNotIn(given.split(";")[0], again)


class Files(Daemon):
    def with_history(self):
        """A journal with some notes, at rest."""
        self.start()
        for i in range(20):
            self.assertEqual(self.cli("note", "--by", "Ana", f"note {i}").returncode, 0)
        self.stop()

    def notes(self):
        events = json.loads(self.get("/api/lab/v1/events?kind=note&limit=500"))["events"]
        return [event["body"].get("text") for event in reversed(events)]  # none: damaged

    def await_check(self, name, state, reason):
        for _ in range(PATIENCE_S * 5):
            checks = json.loads(self.get("/api/lab/v1/checks"))["checks"]
            check = next(check for check in checks if check["name"] == name)
            if check["state"] == state:
                self.assertIn(reason, check["reason"])
                return
            time.sleep(0.2)
        self.fail(f"{name} is not {state}: {checks}")

    def test_a_journal_whose_newest_events_came_to_harm_is_gone_on_with_and_said(self):
        self.with_history()
        sound = self.journal.read_bytes()
        self.journal.write_bytes(sound[: len(sound) - 100])
        self.start()
        self.await_check("journal@dublin", "failing", "was changed by this disk")
        self.assertEqual(self.cli("note", "--by", "Ana", "on we go").returncode, 0)
        self.assertIn("on we go", self.notes())
        self.stop()

    def test_a_journal_that_came_to_harm_is_named_with_what_to_do_and_left_alone(self):
        self.with_history()
        sound = self.journal.read_bytes()
        page = bytearray(sound)
        page[4096:8192] = random.Random(1).randbytes(4096)
        harms = {
            "truncated": sound[: len(sound) // 2],
            "noise": random.Random(2).randbytes(len(sound)),
            "a page of noise": bytes(page),
            "text": b"this was a journal once\n" * 100,
            "zeroes": bytes(len(sound)),
        }
        for name, bytes_ in harms.items():
            with self.subTest(name):
                self.journal.write_bytes(bytes_)
                self.refuses_to_start(self.journal, "damaged", "move it aside")
                self.assertEqual(self.journal.read_bytes(), bytes_)
        self.journal.write_bytes(sound)
        self.start()
        self.assertEqual(self.notes(), [f"note {i}" for i in range(20)])

    def test_a_journal_of_another_program_or_of_a_newer_one_is_left_alone(self):
        self.with_history()
        sound = self.journal.read_bytes()
        for pragma, texts in (
            ("application_id = 7", ["another program", "0x00000007"]),
            ("user_version = 99", ["newer Diarchy", "schema 99"]),
        ):
            with self.subTest(pragma):
                self.journal.write_bytes(sound)
                with sqlite3.connect(self.journal) as db:
                    db.execute(f"PRAGMA {pragma}")
                db.close()
                before = self.journal.read_bytes()
                self.refuses_to_start(self.journal, *texts)
                self.assertEqual(self.journal.read_bytes(), before)

    def test_a_journal_in_use_is_not_shared(self):
        self.start()
        self.refuses_to_start(self.journal, "in use")
        self.is_well()
        self.stop()
        holder = sqlite3.connect(self.journal, isolation_level=None)
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
        self.refuses_to_start(self.journal, "locked")
        holder.close()
        self.start()

    def test_without_its_write_ahead_log_the_journal_goes_on_from_what_it_has(self):
        self.with_history()
        self.start()
        self.assertEqual(self.cli("note", "--by", "Ana", "only in the log").returncode, 0)
        self.stop(signal.SIGKILL)
        (self.state / "journal.db-wal").unlink()
        self.start()
        self.assertEqual(self.notes()[:20], [f"note {i}" for i in range(20)])
        self.assertEqual(self.cli("note", "--by", "Ana", "afterwards").returncode, 0)
        self.assertEqual(self.cli("log", "--verify").returncode, 0, self.cli("log", "--verify"))
        self.assertEqual(self.notes()[-1], "afterwards")

    def test_a_write_ahead_log_of_noise_is_no_history(self):
        self.with_history()
        (self.state / "journal.db-wal").write_bytes(random.Random(3).randbytes(50000))
        self.start()
        self.assertEqual(self.notes(), [f"note {i}" for i in range(20)])

    def test_a_folder_that_cannot_be_written_is_named(self):
        if os.geteuid() != 0 or not shutil.which("setpriv"):
            self.skipTest("needs root, to be somebody else")
        self.with_history()
        self.folder.chmod(0o755)
        self.state.chmod(0o755)
        for path in (self.folder / "key", self.folder / "lab.yaml"):
            os.chown(path, 65534, 65534)
        nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        self.refuses_to_start(self.state, "Permission denied", before=nobody)
        os.chown(self.folder / "key", 0, 0)
        self.start()
        self.assertEqual(len(self.notes()), 20)

    def test_files_that_may_not_grow_are_said_and_nothing_that_was_taken_is_lost(self):
        self.start("prlimit", f"--fsize={1024 * 1024}")
        taken = []
        for i in range(400):
            text = f"{i} " + "x" * 3900
            done = self.cli("note", "--by", "Ana", text)
            if done.returncode:
                break
            taken.append(text)
        self.assertEqual(done.returncode, 74, done)
        self.assertIn("the journal can't be written", done.stderr)
        self.is_well()
        self.await_check("disk@dublin", "failing", "journal.db")
        self.assertEqual(self.notes()[: len(taken)], taken)
        self.stop()
        self.start()
        self.assertEqual(self.notes()[: len(taken)], taken)
        self.assertEqual(self.cli("note", "--by", "Ana", "there is room").returncode, 0)

    def test_a_broken_lab_or_key_is_named_with_its_place(self):
        lab, key = self.folder / "lab.yaml", self.folder / "key"
        sound = lab.read_text(encoding="utf-8")
        for text, place in (
            (sound.replace("timezone", "timezon"), "lab.yaml:3:"),
            (sound[: len(sound) // 2], "lab.yaml:"),
            ("\0" * 100, "lab.yaml:1:"),
            ("a: &a [*a]\n", "lab.yaml:1:"),
        ):
            lab.write_text(text, encoding="utf-8")
            self.refuses_to_start(place)
        lab.write_text(sound, encoding="utf-8")
        secret = key.read_text(encoding="utf-8")
        key.write_text(secret[:20], encoding="utf-8")
        done = self.refuses_to_start(key, "no private key")
        self.assertNotIn(secret[:20], done.stderr)
        key.write_text(secret, encoding="utf-8")
        key.chmod(0o644)
        self.refuses_to_start(key, "chmod 600")


if __name__ == "__main__":
    unittest.main()
