# SPDX-License-Identifier: Apache-2.0
"""1,000 incidents while the receiver answers 429 to a third of all requests: none told twice, none lost.

They happen in LABS labs beside each other, since a channel that is told to wait every third time takes but
three messages a second.  Half of the checks are heartbeats whose jobs report failure, half are TCP probes of
both sites to ports that are closed.  Each check fails once; a third recovers while messages are still waiting,
the rest when all is told.  Then the journals say what there was to tell, and the stand-in what it was told:
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
LABS = 2
FAIL_PER_S = 12  # in all labs together
EARLY_S = 12, 30  # a third recovers so soon after: seen for sure, perhaps not told yet
BUCKET = 30   # requests in two seconds; Discord's usual 5 would take a quarter of an hour
PATIENCE_S = 170
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
    """What fails and recovers in one lab: number -> heartbeat or port."""

    def __init__(self, folder, standin, number, n):
        self.n, self.ports = n, Ports(network()(5), n)
        self.lab = Lab(folder, standin, self.declared(), number)
        self.journals = [Journal(site.journal) for site in self.lab.sites.values()]

    def declared(self):
        return {"heartbeats": {f"job-{i}": {"home": home_of(i), "every": "1d"} for i in range(0, self.n, 2)},
                "probes": {f"port-{i}": {"home": home_of(i), "from": list(SITES), "every": "5s",
                                         "tcp": self.ports.address(i)} for i in range(1, self.n, 2)}}

    def name(self, number):
        return f"{'port' if number % 2 else 'job'}-{number}"

    def set(self, number, is_well):
        if number % 2:
            (self.ports.open if is_well else self.ports.close)(number)
            return
        site = self.lab.sites[home_of(number)]
        if not site.report(self.name(number), "" if is_well else "fail"):
            raise Trouble(f"{site.name} refused a report")

    def untold(self, is_over):
        """How many have no incident, one that isn't told as it is now, or, when all is to be over, isn't."""
        for journal in self.journals:
            journal.look()
        known = self.journals[0].incidents
        waiting = {id for journal in self.journals for id in journal.untold() + (journal.open() if is_over else [])}
        return max(0, self.n - len(known)) + len(waiting)


def fail_all(labs, progress):
    """Each check fails once; returns what is still not well: (lab, number)."""
    begin, recoveries, down = time.monotonic(), [], set()
    order = [(checks, number) for checks in labs for number in range(checks.n)]
    for i, (checks, number) in enumerate(random.sample(order, len(order))):
        time.sleep(max(0, begin + i / FAIL_PER_S - time.monotonic()))
        checks.set(number, False)
        down.add((checks, number))
        if i % 3 == 0:
            recoveries.append((time.monotonic() + random.uniform(*EARLY_S), (checks, number)))
        for due in [r for r in recoveries if r[0] < time.monotonic()]:
            recoveries.remove(due)
            due[1][0].set(due[1][1], True)
            down.discard(due[1])
        progress(i + 1, len(order), "checks failed")
    return down


def wait_until_told(labs, is_over, progress):
    """Until all is told as it is, or patience ends; then the count says what is missing."""
    total, until = sum(checks.n for checks in labs), time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        time.sleep(3)
        untold = sum(checks.untold(is_over) for checks in labs)
        progress(total - untold, total, "incidents over" if is_over else "incidents told")
        if not untold:
            return


def is_summary(message):
    return "incidents while" in message["versions"][0]["embeds"][0]["title"]


def title_of(message):
    """What the channel shows now."""
    return message["versions"][-1]["embeds"][0]["title"]


def is_over(title):
    return " after " in title or title.endswith(" is flapping")


def count(checks, journal, messages):
    """{"lost": [...], "twice": [...], "summaries": n}: what is wrong with a lab, each in words."""
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
            if told and not is_over(title_of(told[-1])):
                lost.append(f"{id} ({cause}): shown as '{title_of(told[-1])}'")
    lost += [f"{id}: the last version was not told" for id in journal.untold()]
    lost += [f"{id}: not the same at both sites" for id, body in journal.incidents.items()
             if checks.journals[1].incidents.get(id) != body]
    return {"lost": lost, "twice": twice, "summaries": sum(map(is_summary, messages))}


def run(folder, is_quick, progress):
    n = 120 if is_quick else 1000
    with contextlib.ExitStack() as stack:
        standin = stack.enter_context(StandIn(folder, network()(4), "--bucket", BUCKET))
        labs = [Checks(folder, standin, i, n // LABS) for i in range(LABS)]
        for checks in labs:
            stack.enter_context(checks.lab)
            for number in range(0, checks.n, 2):
                checks.set(number, True)
        for checks in labs:
            checks.lab.wait_until_calm()
        noise = stack.enter_context(Lateness())
        standin.mode(mode="429", every=3, retry_after=0.4)
        begin = time.monotonic()
        down = fail_all(labs, progress)
        wait_until_told(labs, False, progress)
        for checks, number in down:
            checks.set(number, True)
        wait_until_told(labs, True, progress)
        took_s, history = time.monotonic() - begin, standin.history()
        wrong = [count(checks, checks.journals[0], checks.lab.messages(history)) for checks in labs]
    return [row(n, labs, wrong, history["counts"], (took_s, noise))]


def row(n, labs, wrong, counts, how):
    took_s, noise = how
    if counts["limited"] < counts["requests"] / 3 - LABS:
        raise Trouble(f"only {counts['limited']} of {counts['requests']} requests were answered 429")
    lost, twice = ([x for w in wrong for x in w[kind]] for kind in ("lost", "twice"))
    note = (f"{n} checks in {LABS} labs, {sum(len(checks.journals[0].incidents) for checks in labs)} incidents, "
            f"{counts['requests']} requests, {counts['limited']} of them answered 429, {counts['created']} messages "
            f"({sum(w['summaries'] for w in wrong)} of them summaries), {counts['edited']} edits, in {took_s:.0f} s. ")
    return Row(WHAT.replace("1,000", f"{n:,}"), BAR, f"{len(twice)}; {len(lost)}", not lost and not twice,
               noise=str(noise), note=note + "; ".join((lost + twice)[:8]),
               figures={"lost": lost, "twice": twice, "counts": counts, "seconds": took_s})
