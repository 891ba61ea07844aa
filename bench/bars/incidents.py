# SPDX-License-Identifier: Apache-2.0
"""1,000 incidents while the receiver answers 429 to a third of all requests: nothing told twice, nothing lost.

Half of the checks are heartbeats whose jobs report failure, half are TCP probes of both sites to ports that are closed.  Each check fails once.  A third recovers while messages are still waiting, the rest when all is told.
Then the journals say what there was to tell, and the stand-in what it was told:
    lost        a failed check without an incident, an incident without a message, a message that is not up to date
    duplicate   a second incident of one failure, a second message about one incident
"""
import contextlib
import random
import selectors
import socket
import threading
import time

from journal import Journal
from lab import SITES, Lab, StandIn, Trouble, network
from machine import Lateness
from report import Row

WHAT = "1,000 incidents, a third of all requests answered 429: told twice; lost"
BAR = "0; 0"
FAIL_PER_S = 12
EARLY_S = 12, 30  # a third recovers so soon after: seen for sure, perhaps not told yet
BUCKET = 30   # requests in two seconds; Discord's usual 5 would take a quarter of an hour
PATIENCE_S = 600
FIRST_PORT = 42000


class Ports:
    """A program that listens on many ports, and closes and opens them when told."""

    def __init__(self, host, n):
        self.host, self.selector, self.listeners = host, selectors.DefaultSelector(), {}
        self.lock = threading.Lock()
        for number in range(n):
            self.open(number)
        threading.Thread(target=self._serve, daemon=True).start()

    def address(self, number):
        return f"{self.host}:{FIRST_PORT + number}"

    def open(self, number):
        listener = socket.create_server((self.host, FIRST_PORT + number), backlog=64)
        listener.setblocking(False)
        with self.lock:
            self.listeners[number] = listener
            self.selector.register(listener, selectors.EVENT_READ)

    def close(self, number):
        with self.lock:
            listener = self.listeners.pop(number)
            self.selector.unregister(listener)
            listener.close()

    def _serve(self):
        while True:
            for key, _ in self.selector.select(0.2):
                with self.lock, contextlib.suppress(OSError, ValueError):  # closed meanwhile
                    caller, _ = key.fileobj.accept()
                    caller.close()


def home_of(number):
    return list(SITES)[number // 2 % 2]


class Checks:
    """What fails and recovers: number -> heartbeat or port."""

    def __init__(self, lab, ports, n):
        self.lab, self.ports, self.n = lab, ports, n

    @staticmethod
    def declared(ports, n):
        return {"heartbeats": {f"job-{i}": {"home": home_of(i), "every": "1d"} for i in range(0, n, 2)},
                "probes": {f"port-{i}": {"home": home_of(i), "from": list(SITES), "every": "5s",
                                         "tcp": ports.address(i)} for i in range(1, n, 2)}}

    def name(self, number):
        return f"{'port' if number % 2 else 'job'}-{number}"

    def set(self, number, is_well):
        if number % 2:
            (self.ports.open if is_well else self.ports.close)(number)
            return
        site = self.lab.sites[home_of(number)]
        if not site.report(self.name(number), "" if is_well else "fail"):
            raise Trouble(f"{site.name} refused a report")


def fail_all(checks, progress):
    """Fails each once; returns what is still not well."""
    begin, recoveries, down = time.monotonic(), [], set()
    for i, number in enumerate(random.sample(range(checks.n), checks.n)):
        time.sleep(max(0, begin + i / FAIL_PER_S - time.monotonic()))
        checks.set(number, False)
        down.add(number)
        if i % 3 == 0:
            recoveries.append((time.monotonic() + random.uniform(*EARLY_S), number))
        for due in [r for r in recoveries if r[0] < time.monotonic()]:
            recoveries.remove(due)
            checks.set(due[1], True)
            down.discard(due[1])
        progress(i + 1, checks.n, "checks failed")
    return down


def wait_until_told(journals, n, is_over, progress):
    """Until every check has an incident and every incident is told as it is now; what it was given up with."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        time.sleep(3)
        for journal in journals:
            journal.look()
        journal = journals[0]
        told = len(journal.incidents) - len(journal.untold())
        progress(told, max(n, len(journal.incidents)), "incidents over" if is_over else "incidents told")
        if len(journal.incidents) >= n and not any(j.untold() for j in journals):
            if not is_over or not any(j.open() for j in journals):
                return


def is_summary(message):
    return "incidents while" in message["versions"][0]["embeds"][0]["title"]


def count(checks, journal, messages):
    """{"lost": [...], "twice": [...]}: what is wrong, each in words."""
    lost, twice, by_cause, by_incident = [], [], {}, {}
    summaries = " ".join(str(m["versions"][0]["embeds"]) for m in messages if is_summary(m))
    for id, body in journal.incidents.items():
        if body["state"] != "merged":
            by_cause.setdefault(body["cause"], []).append(id)
    for message in messages:
        if message["incident"] and not is_summary(message):
            by_incident.setdefault(message["incident"], []).append(message)
    for number in range(checks.n):
        ids = by_cause.get(checks.name(number), [])
        if not ids:
            lost.append(f"{checks.name(number)}: no incident")
        if len(ids) > 1:
            twice.append(f"{checks.name(number)}: incidents {', '.join(ids)}")
    for cause, ids in by_cause.items():
        for id in ids:
            told = by_incident.get(id, [])
            if len(told) > 1:
                twice.append(f"{id}: {len(told)} messages")
            if not told and f"{cause} " not in summaries:
                lost.append(f"{id} ({cause}): no message")
            if told and " is down" in told[-1]["versions"][-1]["embeds"][0]["title"]:
                lost.append(f"{id} ({cause}): still shown as down")
    lost += [f"{id}: the last version was not told" for id in journal.untold()]
    return {"lost": lost, "twice": twice, "summaries": sum(map(is_summary, messages))}


def run(folder, is_quick, progress):
    n = 120 if is_quick else 1000
    with contextlib.ExitStack() as stack:
        ports = Ports(network()(5), n)
        standin = stack.enter_context(StandIn(folder, network()(4), "--bucket", BUCKET))
        lab = stack.enter_context(Lab(folder, standin, Checks.declared(ports, n)))
        checks = Checks(lab, ports, n)
        for number in range(0, n, 2):
            checks.set(number, True)
        lab.wait_until_calm()
        noise = stack.enter_context(Lateness())
        standin.mode(mode="429", every=3, retry_after=0.4)
        begin = time.monotonic()
        journals = [Journal(site.journal) for site in lab.sites.values()]
        down = fail_all(checks, progress)
        wait_until_told(journals, n, False, progress)
        for number in down:
            checks.set(number, True)
        wait_until_told(journals, n, True, progress)
        took_s = time.monotonic() - begin
        history = standin.history()
        wrong = count(checks, journals[0], lab.messages(history))
    counts, is_met = history["counts"], not wrong["lost"] and not wrong["twice"]
    note = (f"{n} checks, {len(journals[0].incidents)} incidents, {counts['requests']} requests, {counts['limited']} of "
            f"them answered 429, {counts['created']} messages, {counts['edited']} edits, in {took_s:.0f} s. ")
    return [Row(WHAT.replace("1,000", f"{n:,}"), BAR, f"{len(wrong['twice'])}; {len(wrong['lost'])}", is_met,
                noise=str(noise), note=note + "; ".join((wrong["lost"] + wrong["twice"])[:8]),
                figures={**wrong, "counts": counts, "seconds": took_s})]
