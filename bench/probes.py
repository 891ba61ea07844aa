#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""CPU a probe against blackbox_exporter, side by side: the same targets, the same rate, in turns.

usage: probes.py BUILD [RATE [COUNT]]      prints a table; exits 1 when a bar is missed
"""
import http.client
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

HERE = pathlib.Path(__file__).parent
ROUNDS = 3
# kind, blackbox module, bar: ours may cost this share of theirs
KINDS = [("http", "http", 1 / 5), ("https", "https", 1 / 2), ("tls", "tls", 1 / 2), ("icmp", "icmp", None)]
MODULES = """modules:
  http: {{prober: http, http: {{preferred_ip_protocol: ip4}}}}
  https: {{prober: http, http: {{preferred_ip_protocol: ip4, tls_config: {{ca_file: {ca}}}}}}}
  tls: {{prober: tcp, tcp: {{preferred_ip_protocol: ip4, tls: true, tls_config: {{ca_file: {ca}}}}}}}
  icmp: {{prober: icmp, icmp: {{preferred_ip_protocol: ip4}}}}
"""
NGINX = """daemon off; worker_processes 1; pid {d}/nginx.pid; error_log {d}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {d}; proxy_temp_path {d}; fastcgi_temp_path {d}; uwsgi_temp_path {d}; scgi_temp_path {d};
  server {{ listen 127.0.0.1:{http}; location / {{ return 200 "pong"; }} }}
  server {{ listen 127.0.0.1:{tls} ssl http2; ssl_certificate {d}/server.pem; ssl_certificate_key {d}/server.key;
            location / {{ return 200 "pong"; }} }}
}}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port):
    for _ in range(500):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    sys.exit(f"probes.py: nothing listens on port {port}")


def make_certificates(d):
    """An authority, and a server's certificate with an RSA key, as most have."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
            "-subj", "/CN=bench CA", "-keyout", f"{d}/ca.key", "-out", f"{d}/ca.pem")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", f"{d}/server.key",
            "-out", f"{d}/server.csr")
    pathlib.Path(f"{d}/names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", f"{d}/server.csr", "-CA", f"{d}/ca.pem", "-CAkey", f"{d}/ca.key",
            "-CAcreateserial", "-days", "30", "-extfile", f"{d}/names", "-out", f"{d}/server.pem")


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def theirs(pid, port, module, target, rate, count):
    """Microseconds of CPU that blackbox_exporter uses for a probe, its own HTTP answer included."""
    path = f"/probe?module={module}&target={urllib.parse.quote(target, safe='')}"
    client = http.client.HTTPConnection("127.0.0.1", port)

    def probe():
        client.request("GET", path)
        answer = client.getresponse().read()
        if b"\nprobe_success 1" not in answer:
            sys.exit(f"probes.py: blackbox_exporter fails on {target}")
    for _ in range(20):
        probe()
    before, begin = cpu_seconds(pid), time.monotonic()
    for i in range(count):
        probe()
        time.sleep(max(0, begin + (i + 1) / rate - time.monotonic()))
    return (cpu_seconds(pid) - before) / count * 1e6


def ours(build, kind, target, ca, rate, count):
    text = subprocess.run([f"{build}/bench/probe_bench", kind, target, str(rate), str(count), ca],
                          check=True, capture_output=True, text=True).stdout
    numbers = re.search(r"(\d+) probes, +(\d+) ok: +(\d+) us of CPU", text)
    if not numbers or numbers[1] != numbers[2]:
        sys.exit(f"probes.py: {text}")
    return int(numbers[3])


def compare(build, blackbox, d, rate, count):
    http_port, tls_port, port = free_port(), free_port(), free_port()
    pathlib.Path(f"{d}/nginx.conf").write_text(NGINX.format(d=d, http=http_port, tls=tls_port))
    pathlib.Path(f"{d}/blackbox.yml").write_text(MODULES.format(ca=f"{d}/ca.pem"))
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    nginx = subprocess.Popen(["/usr/sbin/nginx", "-p", d, "-c", f"{d}/nginx.conf"], **quiet)
    exporter = subprocess.Popen([blackbox, f"--config.file={d}/blackbox.yml",
                                 f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"], **quiet)
    targets = {"http": ("http", f"http://127.0.0.1:{http_port}/"),
               "https": ("http", f"https://localhost:{tls_port}/"),
               "tls": ("tls", f"localhost:{tls_port}"), "icmp": ("icmp", "127.0.0.1")}
    try:
        wait_for(http_port)
        wait_for(port)
        for kind, module, bar in KINDS:
            how, target = targets[kind]
            rounds = [(ours(build, how, target, f"{d}/ca.pem", rate, count),
                       theirs(exporter.pid, port, module, target, rate, count)) for _ in range(ROUNDS)]
            yield kind, bar, statistics.median(r[0] for r in rounds), statistics.median(r[1] for r in rounds)
        floor = ours(build, "handshake", f"localhost:{tls_port}", f"{d}/ca.pem", rate, count)
        yield "handshake alone", None, floor, None
    finally:
        for process in (nginx, exporter):
            process.send_signal(signal.SIGTERM)
            process.wait()


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else "build"
    rate = int(sys.argv[2]) if len(sys.argv) > 2 else 50
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 300
    blackbox = subprocess.run([HERE / "peers/get.sh", "prometheus-blackbox-exporter", "prometheus-blackbox-exporter"],
                              check=True, capture_output=True, text=True).stdout.strip()
    d = tempfile.mkdtemp(prefix="diarchy-bench-")
    missed = 0
    try:
        make_certificates(d)
        print(f"{'CPU a probe':<16} {'ours, us':>9} {'blackbox, us':>13} {'ratio':>6}  bar   ({rate}/s, median of {ROUNDS})")
        for kind, bar, mine, other in compare(build, blackbox, d, rate, count):
            ratio = f"{mine / other:6.2f}" if other else " " * 6
            verdict = f"{bar:.2f} {'met' if mine <= bar * other else 'MISSED'}" if bar else ""
            missed += bool(bar and mine > bar * other)
            print(f"{kind:<16} {mine:9.0f} {other or 0:13.0f} {ratio}  {verdict}", flush=True)
    finally:
        shutil.rmtree(d)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
