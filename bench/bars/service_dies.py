# SPDX-License-Identifier: Apache-2.0
"""A service dies: how long until Discord has been told?

Real sites and watcher, both sites look at every service each EVERY_S.  Services are killed one after the other
(kill -9, then stopped so that they accept and say nothing) at moments that have nothing to do with the probes;
the time is the stand-in's, of taking the message.
"""
import contextlib
import random
import signal
import statistics
import time

from lab import Lab, Service, StandIn, network, time_of, wait_until
from machine import Lateness
from report import Row

WHAT = "a service dies → Discord has been told"
EVERY_S = 3
BAR_S = 2 * EVERY_S + 1
BAR = f"≤ {BAR_S} s"
TIMEOUT_S = 1


def probe_of(service, number):
    home = "dublin" if number % 2 else "mumbai"
    return {"home": home, "from": ["dublin", "mumbai"], "every": f"{EVERY_S}s", "timeout": f"{TIMEOUT_S}s",
            "http": {"url": service.url, "body": "pong"}}


def told_at(lab, name):
    """When the stand-in took the message about the check; None so far."""
    for message in lab.messages():  # "NAME is down", "NAME: path problem, fails from dublin"
        if message["versions"][0]["embeds"][0]["title"].split()[0].rstrip(":") == name:
            return time_of(message["created"])
    return None


def end_one(lab, name, service, number):
    """Seconds from the signal to the message."""
    begin = time.time()
    service.send(number)
    return wait_until(f"told of {name}", 30, lambda: told_at(lab, name)) - begin


def row(what, took, noise):
    median, worst = statistics.median(took), max(took)
    return Row(what, BAR, f"median {median:.1f} s, at most {worst:.1f} s ({len(took)} times)", worst <= BAR_S,
               noise=str(noise), figures={"seconds": took, "every_s": EVERY_S})


def run(folder, is_quick, progress):
    n = 8 if is_quick else 24
    n_hang = n // 4
    with contextlib.ExitStack() as stack:
        standin = stack.enter_context(StandIn(folder, network()(4)))
        host = network()(5)
        services = {f"service-{i}": stack.enter_context(Service(folder, host, i)) for i in range(n + n_hang)}
        probes = {name: probe_of(service, i) for i, (name, service) in enumerate(services.items())}
        lab = stack.enter_context(Lab(folder, standin, {"probes": probes}))
        lab.wait_until_calm()
        noise = stack.enter_context(Lateness())
        took = {signal.SIGKILL: [], signal.SIGSTOP: []}
        for i, (name, service) in enumerate(services.items()):
            time.sleep(random.uniform(0, EVERY_S))
            number = signal.SIGKILL if i < n else signal.SIGSTOP
            took[number].append(end_one(lab, name, service, number))
            progress(i + 1, len(services), "services died")
    return [row(f"{WHAT} (probed each {EVERY_S} s)", took[signal.SIGKILL], noise),
            row(f"a service hangs → Discord has been told (probed each {EVERY_S} s, timeout {TIMEOUT_S} s)",
                took[signal.SIGSTOP], noise)]
