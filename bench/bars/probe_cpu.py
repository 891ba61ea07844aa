# SPDX-License-Identifier: Apache-2.0
"""CPU a probe against blackbox_exporter's, in turns: the same targets at the same rate.

Theirs includes answering the scrape that asks for the probe, because without one it doesn't probe.  A TLS probe
can't cost less than its handshake, which is measured alone.
"""
import contextlib
import http.client
import re
import statistics
import subprocess
import time
import urllib.parse

from lab import BUILD, ROOT, Program, Trouble, network
from machine import work_spread
from report import Row
from targets import HTTP_PORT, TLS_PORT, Nginx

WHAT = "CPU of one HTTP probe"
BAR = "≤ 1/5 of blackbox_exporter"
RATE = 50
ROUNDS = 3
WARM_UP = 20
EXPORTER_PORT = 41700
# what, how probe_bench calls it, blackbox's module, bar: ours may cost this share of theirs
KINDS = [("CPU of one HTTP probe", "http", "http", 1 / 5), ("CPU of one HTTPS probe", "https", "https", 1 / 2),
         ("CPU of one TLS probe", "tls", "tls", 1 / 2), ("CPU of one ICMP probe", "icmp", "icmp", None)]
BARS = {1 / 5: "≤ 1/5 of blackbox's", 1 / 2: "≤ 1/2 of blackbox's", None: "none"}
MODULES = """modules:
  http: {{prober: http, http: {{preferred_ip_protocol: ip4}}}}
  https: {{prober: http, http: {{preferred_ip_protocol: ip4, tls_config: {{ca_file: {ca}}}}}}}
  tls: {{prober: tcp, tcp: {{preferred_ip_protocol: ip4, tls: true, tls_config: {{ca_file: {ca}}}}}}}
  icmp: {{prober: icmp, icmp: {{preferred_ip_protocol: ip4}}}}
"""


def start_exporter(folder, host):
    """The newest blackbox_exporter that Debian has."""
    name = "prometheus-blackbox-exporter"
    found = subprocess.run([ROOT / "bench/peers/get.sh", name, name], capture_output=True, text=True)
    if found.returncode:
        raise Trouble(f"no blackbox_exporter: {found.stderr.strip()[-200:]}")
    (folder / "blackbox.yml").write_text(MODULES.format(ca=folder / "ca.pem"))
    return Program([found.stdout.strip(), f"--config.file={folder / 'blackbox.yml'}",
                    f"--web.listen-address={host}:{EXPORTER_PORT}", "--log.level=error"], folder / "blackbox.log",
                   (host, EXPORTER_PORT))


def theirs(exporter, module, target, count):
    """Microseconds of CPU a probe."""
    path = f"/probe?module={module}&target={urllib.parse.quote(target, safe='')}"
    client = http.client.HTTPConnection(*exporter.address)

    def probe():
        client.request("GET", path)
        if b"\nprobe_success 1" not in client.getresponse().read():
            raise Trouble(f"blackbox_exporter fails on {target}")
    for _ in range(WARM_UP):
        probe()
    before, begin = exporter.cpu_s(), time.monotonic()
    for i in range(count):
        probe()
        time.sleep(max(0, begin + (i + 1) / RATE - time.monotonic()))
    return (exporter.cpu_s() - before) / count * 1e6


def ours(kind, target, ca, count):
    kind = "http" if kind == "https" else kind
    text = subprocess.run([BUILD / "bench/probe_bench", kind, target, str(RATE), str(count), ca], capture_output=True,
                          text=True).stdout
    numbers = re.search(r"(\d+) probes, +(\d+) ok: +(\d+) us of CPU", text)
    if not numbers or numbers[1] != numbers[2]:
        raise Trouble(f"probe_bench {kind}: {text}")
    return int(numbers[3])


def row(kind, mine, other, floor):
    what, how, _, bar = kind
    us, peer_us = statistics.median(mine), statistics.median(other)
    share = ""
    if how in ("https", "tls"):
        share = f"; the handshake alone is {floor:.0f} µs, {100 * floor / us:.0f} % of it"
    spread = max(50 * (max(values) - min(values)) / statistics.median(values) for values in (mine, other))
    return Row(what, BARS[bar], f"{us:.0f} µs{share}", us <= bar * peer_us if bar else None,
               ratio=f"{us / peer_us:.2f} of {peer_us:.0f} µs",
               noise=f"rounds vary ±{spread:.0f} %; a fixed computation ±{work_spread():.0f} %",
               figures={"us": mine, "blackbox_us": other, "handshake_us": floor, "rate": RATE})


def run(folder, is_quick, progress):
    count, done, total = 100 if is_quick else 250, 0, 2 * ROUNDS * len(KINDS)
    host = network()(5)
    targets = {"http": f"http://{host}:{HTTP_PORT}/", "https": f"https://{host}:{TLS_PORT}/",
               "tls": f"{host}:{TLS_PORT}", "icmp": host}
    taken = {kind: ([], []) for kind in KINDS}
    with contextlib.ExitStack() as stack:
        stack.enter_context(Nginx(folder, host))
        exporter = stack.enter_context(start_exporter(folder, host))
        floors = []
        for _ in range(ROUNDS):
            floors.append(ours("handshake", targets["tls"], "-", count))
            for kind in KINDS:
                _, how, module, _ = kind
                taken[kind][0].append(ours(how, targets[how], str(folder / "ca.pem"), count))
                taken[kind][1].append(theirs(exporter, module, targets[how], count))
                done += 2
                progress(done, total, "measurements")
    floor = statistics.median(floors)
    return [row(kind, mine, other, floor) for kind, (mine, other) in taken.items()]
