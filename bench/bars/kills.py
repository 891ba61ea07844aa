# SPDX-License-Identifier: Apache-2.0
"""kill -9 of a site at 200 random moments, start-up included, while checks fail, recover and flap.

What had left the machine must be there in the end, at both sites, and every chain must verify:
    the newest event of the killed site that its peer held right after (all before it hangs on its hash)
    every event that a reader of either site's stream was shown
    every note that a site took
And every failure must have been told, as it stands in the end.  Messages sent twice are counted: between Discord's
taking a message and the receipt's reaching the disk a site may die, and a second message is then better than none.
One whose teller was not killed just then is a fault.
"""
import contextlib
import http.client
import json
import random
import subprocess
import threading
import time

from bars.incidents import Ports, is_over, is_summary, title_of
from journal import Journal
from lab import DIARCHY, SITES, Client, Lab, StandIn, Trouble, network, time_of, wait_until
from machine import Lateness
from report import Row

WHAT = "kill -9 at 200 random moments: events lost that had left; notifications lost"
BAR = "0; 0"
LABS = 4
PAUSE_S = 0.0, 7.0  # between a start and the next kill
DOWN_S = 0.0, 1.5
FAIL_EVERY_S = 4    # in each lab a job fails, another one each time
N_PORTS = 6
N_JOBS = 200
SETTLE_S = 150
RECEIPT_S = 1.0  # so soon after the stand-in took a message the receipt is on the disk
BUCKET = 30


class Storm:
    """A lab under kills, and what left its machines."""

    def __init__(self, folder, standin, number, n_kills):
        self.ports = Ports(network()(5), N_PORTS)
        self.lab = Lab(folder, standin, self.declared(), number)
        self.n_kills, self.kills, self.is_over = n_kills, [], threading.Event()
        self.seen = {}      # (site, epoch, seq) -> hash: shown to a reader, or held by the peer
        self.forks = []     # shown with two hashes
        self.notes = set()  # that a site took
        self.failed = []    # jobs that reported failure, and were heard
        self.threads, self.trouble = [], None

    def declared(self):
        sites = list(SITES)
        return {"heartbeats": {f"job-{i}": {"home": sites[i % 2], "every": "1d"} for i in range(N_JOBS)},
                "probes": {f"port-{i}": {"home": sites[i % 2], "from": sites, "every": "1s",
                                         "tcp": self.ports.address(i)} for i in range(N_PORTS)}}

    def begin(self):
        readers = [lambda site=site: self.read(site) for site in self.lab.sites.values()]
        work = [self.kill, self.fail, self.flap, self.write, *readers]
        self.threads = [threading.Thread(target=self.attempt, args=(w,), daemon=True) for w in work]
        for thread in self.threads:
            thread.start()

    def attempt(self, work):
        """A part of the storm that ends early would prove less than it says."""
        try:
            work()
        except Exception as e:
            self.trouble = e

    def end(self):
        self.is_over.set()
        for thread in self.threads:
            thread.join(30)
        if self.trouble:
            raise Trouble(f"lab {self.lab.number}: {self.trouble!r}")

    def note(self, event):
        key = event["site"], event["epoch"], event["seq"]
        if self.seen.setdefault(key, event["hash"]) != event["hash"]:
            self.forks.append(key)

    def kill(self):
        for _ in range(self.n_kills):
            time.sleep(random.uniform(*PAUSE_S))
            victim, peer = random.sample(list(self.lab.sites.values()), 2)
            self.lab.check_alive()
            self.kills.append((victim.name, time.time()))
            victim.kill()
            with contextlib.suppress(OSError, Trouble, IndexError):  # the peer is starting, or has nothing yet
                path = f"/api/lab/v1/events?site={victim.name}&limit=1"
                self.note(Client(peer.address).json("GET", path)["events"][0])
            time.sleep(random.uniform(*DOWN_S))
            victim.start(wait=False)

    def fail(self):
        """One job after the other reports failure; half of them recover once people know."""
        recoveries = []
        for i in random.sample(range(N_JOBS), N_JOBS):
            if self.is_over.wait(random.uniform(0, 2 * FAIL_EVERY_S)):
                break
            if self.report(i, "fail"):
                self.failed.append(f"job-{i}")
                if random.random() < 0.5:
                    recoveries.append(i)
            told = {m["versions"][0]["embeds"][0]["title"].split()[0].rstrip(":")
                    for m in self.lab.messages()}
            for number in [r for r in recoveries if f"job-{r}" in told]:
                recoveries.remove(number)
                self.report(number, "")

    def report(self, number, what):
        """As a job does that wants to be heard: again until it was."""
        address = list(self.lab.sites.values())[number % 2].address
        for _ in range(100):
            with contextlib.suppress(OSError):
                suffix = f"/{what}" if what else ""
                if Client(address).ask("POST", f"/heartbeat/job-{number}{suffix}")[0] == 200:
                    return True
            time.sleep(0.2)
        return False

    def flap(self):
        closed = set()
        while not self.is_over.wait(random.uniform(0, 4)):
            number = random.randrange(N_PORTS)
            (self.ports.open if number in closed else self.ports.close)(number)
            closed ^= {number}
        for number in closed:
            self.ports.open(number)

    def write(self):
        for i in range(10 ** 9):
            if self.is_over.wait(0.1):
                return
            site, text = random.choice(list(self.lab.sites.values())), f"note {i}"
            with contextlib.suppress(OSError, Trouble):
                note = {"text": text, "by": "bench", "subject": "bench"}
                Client(site.address).json("POST", "/api/lab/v1/notes", note)
                self.notes.add(text)

    def read(self, site):
        while not self.is_over.is_set():
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
                self.follow(site)
            time.sleep(0.05)

    def follow(self, site):
        connection = http.client.HTTPConnection(*site.address, timeout=5)
        connection.request("GET", "/api/lab/v1/stream")
        kind = None
        with contextlib.closing(connection), connection.getresponse() as stream:
            while not self.is_over.is_set():
                line = stream.readline()
                if not line:
                    return
                if line.startswith(b"event: "):
                    kind = line[7:].strip()
                elif kind == b"journal" and line.startswith(b"data: ") and line.endswith(b"\n"):
                    self.note(json.loads(line[6:]))


class Result:
    """What is wrong with a lab in the end."""

    def __init__(self, storm, messages):
        self.events, self.messages, self.twice, self.needless = list(map(str, storm.forks)), [], [], []
        journals = {name: Journal(site.journal).look() for name, site in storm.lab.sites.items()}
        for name, journal in journals.items():
            self.events += [f"{name} lacks {key}" for key, digest in storm.seen.items()
                            if journal.hashes.get(key) != digest]
            self.events += [f"{name} lacks {note}" for note in storm.notes - journal.texts]
            self.events += verify(storm.lab.sites[name])
            self.messages += [f"{id}: not up to date" for id in journal.untold()]
        self.count_messages(storm, journals["dublin"], messages)

    def count_messages(self, storm, journal, messages):
        by_incident, summaries = {}, " ".join(str(m["versions"][0]["embeds"]) for m in messages if is_summary(m))
        for message in messages:
            if message["incident"] and not is_summary(message):
                by_incident.setdefault(message["incident"], []).append(message)
        causes = {body["cause"] for id, body in journal.incidents.items() if id in by_incident}
        self.messages += [f"{name}: nobody was told" for name in storm.failed
                          if name not in causes and f"{name} " not in summaries]
        for id, told in by_incident.items():
            body = journal.incidents.get(id)
            if not body:
                self.messages.append(f"{id}: told, and neither site knows of it")
            elif body["state"] in ("closed", "recovering") and not is_over(title_of(told[-1])):
                self.messages.append(f"{id} is {body['state']}, shown as '{title_of(told[-1])}'")
            self.twice += [f"{id}: {len(told)} messages"] if len(told) > 1 else []
            self.needless += [f"{id}: told again, and its teller was not killed" for first in told[:-1]
                              if not was_killed_then(storm, first)]


def was_killed_then(storm, message):
    """Between the stand-in's taking it and the receipt's reaching the disk."""
    teller = message["versions"][0]["embeds"][0]["footer"]["text"].split(" ")[-1]
    took = time_of(message["created"])
    return any(name == teller and took - 0.1 <= at <= took + RECEIPT_S for name, at in storm.kills)


def verify(site):
    """Complaints of `diarchy log --verify` about what a site holds."""
    url = f"http://{site.address[0]}:{site.address[1]}"
    done = subprocess.run([DIARCHY, "log", "--verify", "--lab", site.lab_path, "--site", url], capture_output=True,
                          text=True)
    return [] if done.returncode == 0 else [f"{site.name}: {done.stderr.strip() or done.stdout.strip()}"]


def is_settled(storms):
    """All told, and the same at both sites."""
    for storm in storms:
        journals = [Journal(site.journal).look() for site in storm.lab.sites.values()]
        if any(j.untold() for j in journals) or journals[0].incidents != journals[1].incidents:
            return False
        if not set(storm.failed) <= {body["cause"] for body in journals[0].incidents.values()}:
            return False
        if any(not journals[0].incidents[id]["cause"].startswith("job-") for id in journals[0].open()):
            return False  # the ports are open again
    return True


def run(folder, is_quick, progress):
    n_kills = 20 if is_quick else 200
    with contextlib.ExitStack() as stack:
        standin = stack.enter_context(StandIn(folder, network()(4), "--bucket", BUCKET))
        storms = [Storm(folder, standin, i, n_kills // LABS) for i in range(LABS)]
        for storm in storms:
            stack.enter_context(storm.lab)
        for storm in storms:
            storm.lab.wait_until_calm()
        noise = stack.enter_context(Lateness())
        for storm in storms:
            storm.begin()
        while any(storm.threads[0].is_alive() for storm in storms):
            time.sleep(0.5)
            progress(sum(len(storm.kills) for storm in storms), n_kills, "kills")
        for storm in storms:
            storm.end()
        with contextlib.suppress(Trouble):  # then the count says what is missing
            wait_until("all is told", SETTLE_S, lambda: is_settled(storms), 3)
        history = standin.history()
        results = [Result(storm, storm.lab.messages(history)) for storm in storms]
    return [row(storms, results, noise)]


def row(storms, results, noise):
    events, messages, twice, needless = ([x for r in results for x in getattr(r, kind)]
                                         for kind in ("events", "messages", "twice", "needless"))
    kills = sum(len(storm.kills) for storm in storms)
    left = sum(len(storm.seen) + len(storm.notes) for storm in storms)
    note = (f"{kills} kills in {LABS} labs, {left} events and notes that had left, "
            f"{sum(len(storm.failed) for storm in storms)} failures of jobs beside flapping probes; "
            f"{len(twice)} incidents told twice, {len(needless)} of them without need. ")
    return Row(WHAT.replace("200", str(kills)), BAR, f"{len(events)}; {len(messages)}",
               kills > 0 and not events and not messages and not needless, noise=str(noise),
               note=note + "; ".join((events + messages + needless + twice)[:8]),
               figures={"kills": kills, "events": events[:50], "messages": messages[:50], "twice": twice,
                        "needless": needless})
