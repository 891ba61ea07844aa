# SPDX-License-Identifier: Apache-2.0
"""Labs on loopback, of the real program: two sites, a watcher and the stand-in for Discord, processes all.

Each lab has a loopback network to itself (127.A.B.0/24), so that many can run at once and ports needn't be
looked for. Whatever is started here ends with the `with` that it was started in, or with this process.
"""
import concurrent.futures
import contextlib
import ctypes
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build")).resolve()
DIARCHY = BUILD / "src/cli/diarchy"
SITES = {"dublin": "Europe/Dublin", "mumbai": "Asia/Kolkata"}
WATCHER = "webhost"
LINK_PORT, HTTP_PORT, WATCH_PORT, STANDIN_PORT, SERVICE_PORT = 41443, 41080, 41090, 41400, 41500
PR_SET_PDEATHSIG = 1
START_S = 120  # until a program listens: the machine may be busy


class Trouble(Exception):
    """Something that the measurement stands on didn't come about."""


def wait_until(what, deadline_s, is_true, every_s=0.1):
    """Returns what `is_true` returned when it was something; Trouble when it never was."""
    until = time.monotonic() + deadline_s
    while True:
        found = is_true()
        if found:
            return found
        if time.monotonic() > until:
            raise Trouble(f"{what}: not within {deadline_s} s")
        time.sleep(every_s)


def wait_until_holds(deadline_s, check, every_s=0.5):
    """Returns what `check` returned once it asserts nothing wrong any more; after the deadline what it asserts is told."""
    until = time.monotonic() + deadline_s
    while True:
        try:
            return check()
        except AssertionError:
            if time.monotonic() > until:
                raise
        time.sleep(every_s)


# A child that is to die with its parent dies with the thread that began it: one that lives as long as we do.
_starter = concurrent.futures.ThreadPoolExecutor(1)


def _die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Program:
    """A process, started anew as often as one likes; what it says goes to a file."""

    def __init__(self, argv, log, address=None):
        self.argv, self.log, self.address = [str(a) for a in argv], log, address
        self.process, self.is_wanted = None, False

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()

    def start(self, wait=True):
        with open(self.log, "ab") as log:
            streams = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
            self.process = _starter.submit(subprocess.Popen, self.argv, preexec_fn=_die_with_parent,
                                           **streams).result()
        self.is_wanted = True
        if wait and self.address:
            wait_until(f"{self.argv[0]} on {self.address}", START_S, self.is_listening, 0.02)

    def is_listening(self):
        if self.process.poll() is not None:
            raise Trouble(f"{self.argv[0]} ended with {self.process.returncode}: {self.last_words()}")
        try:
            socket.create_connection(self.address, 1).close()
            return True
        except OSError:
            return False

    def last_words(self):
        return pathlib.Path(self.log).read_text(errors="replace")[-400:].strip()

    def has_died(self):
        """By itself: nobody has ended it."""
        return self.is_wanted and self.process is not None and self.process.poll() is not None

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self):
        return self.process.pid

    def send(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.is_wanted = False
        if self.is_running():
            self.process.kill()
        if self.process:
            self.process.wait()

    def stop(self, deadline_s=60):
        self.is_wanted = False
        if self.is_running():
            self.process.terminate()
            self.process.wait(deadline_s)

    def cpu_s(self):
        """Of all its threads, as the scheduler counts them: stat(5) has ticks of 10 ms."""
        tasks = pathlib.Path(f"/proc/{self.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9

    def memory_kib(self):
        """{"VmRSS": resident now, "VmHWM": at most so far, "RssAnon": its own, ...} from proc(5)."""
        lines = pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return {key: int(value.split()[0]) for key, value in (line.split(":", 1) for line in lines)
                if value.strip().endswith("kB")}


class Client:
    """HTTP to one address.  Only a GET goes over a connection that was kept, since it may be asked twice: the other
    end closes what is idle."""

    def __init__(self, address):
        self.address, self.kept = address, None

    def ask(self, method, path, body=None, timeout_s=10):
        """(status, text); OSError when nobody answers."""
        if method == "GET" and self.kept:
            with contextlib.suppress(OSError):
                return self._exchange(self.kept, method, path, body)
        self.kept = http.client.HTTPConnection(*self.address, timeout=timeout_s)
        return self._exchange(self.kept, method, path, body)

    @staticmethod
    def _exchange(connection, method, path, body):
        try:
            connection.request(method, path, body, {"X-Diarchy-CSRF": "bench"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as e:
            connection.close()
            raise OSError(f"{method} {path}: {e!r}") from e

    def json(self, method, path, body=None):
        status, text = self.ask(method, path, None if body is None else json.dumps(body))
        if status != 200:
            raise Trouble(f"{method} {path}: {status} {text[:200]!r}")
        return json.loads(text)


class StandIn(Program):
    """test/standin, which says it is not Discord."""

    def __init__(self, folder, host, *options):
        self.record = folder / "requests.jsonl"
        super().__init__(["node", ROOT / "test/standin/discord.mjs", "--host", host, "--port", STANDIN_PORT,
                          "--log", self.record, *options], folder / "standin.log", (host, STANDIN_PORT))
        self.client = Client(self.address)

    def webhook(self, number):
        return f"http://{self.address[0]}:{self.address[1]}/api/webhooks/{420000000000000000 + number}/bench"

    def mode(self, **mode):
        self.client.json("POST", "/standin/mode", mode)

    def history(self):
        """{"messages": [...], "duplicates": [...], "counts": {...}}"""
        return Client(self.address).json("GET", "/standin/messages")


class Site(Program):
    def __init__(self, lab, name, host):
        self.name, self.lab_path, self.state = name, lab.path, lab.folder / f"state-{name}"
        super().__init__([DIARCHY, "serve", "--lab", lab.path, "--site", name, "--key", lab.folder / f"{name}.key",
                          "--state", self.state, "--log-level", "info"], lab.folder / f"{name}.log", (host, HTTP_PORT))
        self.client = Client(self.address)

    @property
    def journal(self):
        return self.state / "journal.db"

    def get(self, path):
        return self.client.json("GET", f"/api/lab/v1/{path}")

    def post(self, path, **body):
        return self.client.json("POST", f"/api/lab/v1/{path}", body)

    def report(self, heartbeat, what="", text=None):
        """A job reports; True when the site took it."""
        suffix = f"/{what}" if what else ""
        status, _ = self.client.ask("POST", f"/heartbeat/{urllib.parse.quote(heartbeat)}{suffix}", text)
        return status == 200

    def is_linked(self):
        return all(link["state"] == "up" for link in self.get("status")["links"])


class Lab:
    """`declared` are more sections of lab.yaml; `number` tells labs that share a stand-in apart."""

    def __init__(self, folder, standin, declared, number=0):
        self.folder, self.standin, self.number = folder / f"lab-{number}", standin, number
        self.folder.mkdir()
        self.path, self.host = self.folder / "lab.yaml", network()
        self.webhook = standin.webhook(number)
        (self.folder / "webhook").write_text(f"{self.webhook}\n")
        self.path.write_text(json.dumps({**self.declaration(), **declared}, indent=1))
        self.sites = {name: Site(self, name, self.host(i + 1)) for i, name in enumerate(SITES)}
        self.watcher = Program([DIARCHY, "watch", "--lab", self.path, "--name", WATCHER, "--key",
                                self.folder / f"{WATCHER}.key", "--state", self.folder / "state-watcher"],
                               self.folder / f"{WATCHER}.log", (self.host(3), WATCH_PORT))

    def declaration(self):
        """What every lab has.  YAML reads JSON."""
        keys = {name: make_key(self.folder / f"{name}.key") for name in [*SITES, WATCHER]}
        sites = {name: {"address": f"{self.host(i + 1)}:{LINK_PORT}", "key": keys[name], "timezone": zone,
                        "http": f"{self.host(i + 1)}:{HTTP_PORT}"} for i, (name, zone) in enumerate(SITES.items())}
        at = f"{self.host(3)}:{WATCH_PORT}"
        return {"lab": f"bench-{self.number}", "sites": sites,
                "watchers": {WATCHER: {"url": f"http://{at}", "listen": at, "key": keys[WATCHER]}},
                "notify": {"discord": {"webhook": {"file": str(self.folder / "webhook")}}}}

    def __enter__(self):
        for program in self.programs():
            program.start(wait=False)
        for program in self.programs():
            wait_until(f"{program.argv[1]} on {program.address}", START_S, program.is_listening, 0.02)
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.check_alive()
        finally:
            for program in self.programs():
                program.kill()

    def programs(self):
        return [self.watcher, *self.sites.values()]

    def check_alive(self):
        """A figure of programs that crash meanwhile is none."""
        for program in self.programs():
            if program.has_died():
                raise Trouble(f"{' '.join(program.argv[:2])} died: {program.last_words()}")

    def wait_until_calm(self, deadline_s=60):
        """Linked, heard by the watcher, every probe seen once and well, and past the calm after a start."""
        def is_calm():
            for site in self.sites.values():
                status = site.get("status")
                if any(link["state"] != "up" for link in status["links"]):
                    return False
                if any(watcher["state"] != "ok" for watcher in status["watchers"]):
                    return False
                if any(c["state"] != "ok" for c in status["checks"] if c["kind"] == "probe"):
                    return False
            return True
        begin = time.monotonic()
        wait_until(f"lab {self.number} is calm", deadline_s, is_calm, 0.5)
        time.sleep(max(0, begin + 5 - time.monotonic()))

    def messages(self, history=None):
        """What the stand-in was sent for this lab."""
        webhook = self.webhook.split("/")[-2]
        return [m for m in (history or self.standin.history())["messages"] if m["webhook_id"] == webhook]


class Service(Program):
    """Something to watch: answers HTTP with `pong` until it is killed."""

    def __init__(self, folder, host, number):
        port = SERVICE_PORT + number
        super().__init__([sys.executable, "-S", ROOT / "bench/service.py", host, port],
                         folder / f"service-{number}.log", (host, port))
        self.url = f"http://{host}:{port}/"


def network():
    """A function from 1..254 to addresses of a loopback network that nobody else uses, we hope."""
    while True:
        prefix = f"127.{random.randrange(64, 255)}.{random.randrange(0, 255)}"
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind((f"{prefix}.1", HTTP_PORT))
            return lambda n: f"{prefix}.{n}"


def make_key(path):
    """Makes a private key at `path`; returns the public one as lab.yaml has it."""
    text = subprocess.run([DIARCHY, "keygen", "--json", path], check=True, capture_output=True, text=True).stdout
    return json.loads(text)["key"]


@contextlib.contextmanager
def workplace():
    """A folder of one's own, gone afterwards; kept when something breaks and BENCH_KEEP is set."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="diarchy-bench-"))
    try:
        yield folder
    finally:
        if os.environ.get("BENCH_KEEP"):
            print(f"kept: {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)


def time_of(text):
    """Seconds since 1970 of "2026-11-22T21:35:36.123Z"."""
    from datetime import datetime
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
