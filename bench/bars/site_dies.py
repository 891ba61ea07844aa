# SPDX-License-Identifier: Apache-2.0
"""A site dies (kill -9): how long until its peer has told it, and when both die, until the watcher has?

Every repetition has a lab to itself, since an incident that comes back within half a minute is the same one.
They run beside each other and wait most of the time; the deaths are spread, so that they don't share a beat of
anything.
"""
import contextlib
import random
import statistics
import time

from lab import SITES, WATCHER, Lab, StandIn, network, time_of, wait_until
from machine import Lateness
from report import Row

WHAT = "a site dies → told by its peer"
BAR = "≤ 30 s"
PEER_BAR_S, WATCHER_BAR_S = 30, 60
PATIENCE_S = 120
SPREAD_S = 10  # beyond the longest beat, the beacons' 5 s


class Death:
    """Which sites of a lab die, and when it was told by whom."""

    def __init__(self, lab, victims):
        self.lab, self.victims, self.at, self.told = lab, victims, None, None

    def begin(self):
        self.at = time.time()
        for name in self.victims:
            self.lab.sites[name].kill()

    def look(self, history):
        """The first version of a message that names all of the dead; by whom stands in its footer."""
        versions = (version for message in self.lab.messages(history) for version in message["versions"])
        for version in versions:
            embed = version["embeds"][0]
            if self.told is None and all(name in embed["title"] for name in self.victims):
                self.told = time_of(version["at"]), embed["title"], embed["footer"]["text"]
        return self.told

    @property
    def took_s(self):
        return self.told[0] - self.at


    @property
    def teller(self):
        return self.told[2].split(" · ")[-1].removeprefix("told by ")

    def living(self):
        """Who is left to tell it."""
        return [name for name in SITES if name not in self.victims] or [WATCHER]


def row(what, bar_s, deaths, noise):
    took, tellers = [death.took_s for death in deaths], sorted({death.teller for death in deaths})
    strange = [f"{death.told[1]}: told by {death.teller}" for death in deaths if death.teller not in death.living()]
    measured = f"median {statistics.median(took):.1f} s, at most {max(took):.1f} s ({len(took)} times)"
    return Row(what, f"≤ {bar_s} s", measured, max(took) <= bar_s and not strange, noise=str(noise),
               note="; ".join(strange),
               figures={"seconds": took, "titles": [death.told[1] for death in deaths], "told_by": tellers})


def run(folder, is_quick, progress):
    n = 2 if is_quick else 6
    with contextlib.ExitStack() as stack:
        standin = stack.enter_context(StandIn(folder, network()(4)))
        labs = [stack.enter_context(Lab(folder, standin, {}, i)) for i in range(2 * n)]
        for lab in labs:
            lab.wait_until_calm()
        noise = stack.enter_context(Lateness())
        names = list(SITES)
        deaths = [Death(lab, names[i % 2:i % 2 + 1] if i < n else names) for i, lab in enumerate(labs)]
        for death in random.sample(deaths, len(deaths)):
            time.sleep(random.uniform(0, SPREAD_S / n))
            death.begin()

        def is_all_told():
            history = standin.history()
            told = sum(death.look(history) is not None for death in deaths)
            progress(told, len(deaths), "deaths told")
            return told == len(deaths)
        wait_until("all deaths told", PATIENCE_S, is_all_told, 0.5)
    return [row(WHAT, PEER_BAR_S, deaths[:n], noise),
            row("both sites die → told by the watcher", WATCHER_BAR_S, deaths[n:], noise)]
