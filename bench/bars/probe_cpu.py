# SPDX-License-Identifier: Apache-2.0
"""CPU a probe against blackbox_exporter's, in turns: the same targets at the same rate.

Ours is all that a real site uses while it makes RATE probes a second: timers, judging, beats to its peer and its
watcher, and the probes; how many it made the web server says.  Theirs includes answering the scrape that asks for the
probe, because without one it doesn't probe.  A TLS probe can't cost less than its handshake, which is measured alone.
"""
import contextlib
import http.client
import re
import statistics
import subprocess
import time
import urllib.parse

from lab import BUILD, ROOT, Lab, Program, StandIn, Trouble, network
from machine import work_spread
from report import Row
from targets import HTTP_PORT, TLS_PORT, Nginx

WHAT = "CPU of one HTTP probe"
BAR = "≤ 1/5 of blackbox_exporter"
RATE = 50
ROUNDS = 3
WARM_UP = 20
EXPORTER_PORT = 41700
# what, how it is declared, blackbox's module, bar: ours may cost this share of theirs
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


def declared(how, targets, ca):
    tls = {"ca": ca, "server_name": "localhost"}
    kind = {"http": {"http": targets["http"]}, "https": {"http": {"url": targets["https"], "tls": tls}},
            "tls": {"tls": {"address": targets["tls"], **tls}}, "icmp": {"icmp": targets["icmp"]}}[how]
    return {"probes": {f"probe-{i}": {"home": "dublin", "from": ["dublin"], "every": "1s", **kind} for i in range(RATE)}}


def ours(site, nginx, how, seconds):
    """Microseconds of CPU a probe: all that a site does, from its timers to its journal, with peer and watcher."""
    made, before, begin = nginx.connections(), site.cpu_s(), time.monotonic()
    time.sleep(seconds)
    used_s, made = site.cpu_s() - before, nginx.connections() - made - 1
    wanted = RATE * (time.monotonic() - begin)
    made = wanted if how == "icmp" else made
    if not 0.9 * wanted <= made <= 1.1 * wanted or site.get("status")["counts"]["ok"] < RATE:
        raise Trouble(f"{made:.0f} {how} probes in {seconds} s, wanted {wanted:.0f}, all of them well")
    return used_s / made * 1e6


def handshake(target, count):
    """One after the other: warm, the least that it can cost."""
    text = subprocess.run([BUILD / "bench/probe_bench", "handshake", target, "0", str(count)],
                          capture_output=True, text=True).stdout
    numbers = re.search(r"(\d+) probes, +(\d+) ok: +(\d+) us of CPU", text)
    if not numbers or numbers[1] != numbers[2]:
        raise Trouble(f"probe_bench: {text}")
    return int(numbers[3])


def row(kind, mine, other, floor):
    what, how, _, bar = kind
    us, peer_us = statistics.median(mine), statistics.median(other)
    share = ""
    if how in ("https", "tls"):
        share = f"; a warm handshake alone is {floor:.0f} µs, {100 * floor / us:.0f} % of it"
    spread = max(50 * (max(values) - min(values)) / statistics.median(values) for values in (mine, other))
    return Row(what, BARS[bar], f"{us:.0f} µs{share}", us <= bar * peer_us if bar else None,
               ratio=f"{us / peer_us:.2f} of {peer_us:.0f} µs",
               noise=f"rounds vary ±{spread:.0f} %; a fixed computation ±{work_spread():.0f} %",
               figures={"us": mine, "blackbox_us": other, "handshake_us": floor, "rate": RATE})


def measure(kind, number, place, progress):
    """(ours, theirs, handshakes alone) of one kind, in turns."""
    (_, how, module, _), (folder, standin, nginx, exporter, targets, count) = kind, place
    mine, other, floor = [], [], []
    with Lab(folder, standin, declared(how, targets, str(folder / "ca.pem")), number) as lab:
        lab.wait_until_calm()
        for i in range(ROUNDS):
            mine.append(ours(lab.sites["dublin"], nginx, how, count / RATE))
            other.append(theirs(exporter, module, targets[how], count))
            floor.append(handshake(targets["tls"], count) if how in ("https", "tls") else 0)
            progress(number * ROUNDS + i + 1, len(KINDS) * ROUNDS, "rounds")
    return mine, other, statistics.median(floor)


def run(folder, is_quick, progress):
    host = network()(5)
    targets = {"http": f"http://{host}:{HTTP_PORT}/", "https": f"https://{host}:{TLS_PORT}/",
               "tls": f"{host}:{TLS_PORT}", "icmp": host}
    with contextlib.ExitStack() as stack:
        standin = stack.enter_context(StandIn(folder, network()(4)))
        nginx = stack.enter_context(Nginx(folder, host))
        exporter = stack.enter_context(start_exporter(folder, host))
        place = folder, standin, nginx, exporter, targets, 100 if is_quick else 250
        return [row(kind, *measure(kind, i, place, progress)) for i, kind in enumerate(KINDS)]
