# SPDX-License-Identifier: Apache-2.0
"""Prometheus, VictoriaMetrics and what else people use, unpacked by get.sh and started on loopback."""
import http.client
import json
import pathlib
import socket
import subprocess
import sys
import urllib.parse

from lab import START_S, Program, Trouble, wait_until
from peers import remote_write

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "test/support"))
sys.dont_write_bytecode = True

from ports import free_port  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
ASK_TIMEOUT_S = 120


class Absent(Trouble):
    """Its package can't be had here."""


def find(package, program):
    found = subprocess.run([HERE / "get.sh", package, program], capture_output=True, text=True)
    if found.returncode:
        raise Absent(f"no {program}: {found.stderr.strip()[-200:]}")
    return found.stdout.strip()


class Server(Program):
    """A program that speaks Prometheus' HTTP API."""

    def __init__(self, argv, log, address):
        super().__init__(argv, log, address)
        self.connection = None

    def ask(self, method, path, body=None, headers=None):
        """(status, bytes).  The connection is kept."""
        for attempt in range(2):
            if self.connection is None:
                self.connection = http.client.HTTPConnection(*self.address, timeout=ASK_TIMEOUT_S)
                self.connection.connect()
                self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                self.connection.request(method, path, body, headers or {})
                answer = self.connection.getresponse()
                return answer.status, answer.read()
            except (http.client.HTTPException, OSError):
                self.connection.close()
                self.connection = None
                if attempt:
                    raise
        raise Trouble("unreachable")

    def form(self, path, **parameters):
        """The bytes of an answer of the API."""
        body = urllib.parse.urlencode(parameters, doseq=True)
        return self.ask("POST", f"/api/v1/{path}", body, {"Content-Type": "application/x-www-form-urlencoded"})[1]

    def api(self, path, **parameters):
        """What the API says of a query, errors included."""
        return json.loads(self.form(path, **parameters))

    def write(self, request):
        """`request`: encoded series of remote_write, one after the other."""
        status, text = self.ask("POST", "/api/v1/write", remote_write.snappy(request),
                                {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf",
                                 "X-Prometheus-Remote-Write-Version": "0.1.0"})
        if status // 100 != 2:
            raise Trouble(f"remote write: {status} {text[:300]!r}")

    def wait_until_ready(self, path):
        wait_until(f"{self.argv[0]} is ready", START_S, lambda: self._is_well(path), 0.05)

    def _is_well(self, path):
        try:
            return self.ask("GET", path)[0] == 200
        except OSError:
            return False


class Prometheus(Server):
    """`config` is the text of prometheus.yml."""

    def __init__(self, folder, config="{}", *options, port=None):
        folder.mkdir(exist_ok=True)
        (folder / "prometheus.yml").write_text(config)
        self.data = folder / "data"
        address = ("127.0.0.1", port or free_port())
        super().__init__([find("prometheus", "prometheus"), f"--config.file={folder / 'prometheus.yml'}",
                          f"--storage.tsdb.path={self.data}", f"--web.listen-address={address[0]}:{address[1]}",
                          "--web.enable-remote-write-receiver", "--log.level=warn", *options],
                         folder / "prometheus.log", address)

    def start(self, wait=True):
        super().start(wait)
        if wait:
            self.wait_until_ready("/-/ready")

    def version(self):
        return json.loads(self.ask("GET", "/api/v1/status/buildinfo")[1])["data"]["version"]


class VictoriaMetrics(Server):
    def __init__(self, folder, *options, port=None):
        folder.mkdir(exist_ok=True)
        self.data = folder / "data"
        address = ("127.0.0.1", port or free_port())
        super().__init__([find("victoria-metrics", "victoria-metrics"), f"-storageDataPath={self.data}",
                          f"-httpListenAddr={address[0]}:{address[1]}", "-loggerLevel=WARN", *options],
                         folder / "victoria-metrics.log", address)

    def start(self, wait=True):
        super().start(wait)
        if wait:
            self.wait_until_ready("/health")

    def flush(self):
        """What was written can be asked for only from now on."""
        self.ask("GET", "/internal/force_flush")
