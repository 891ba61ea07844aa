# SPDX-License-Identifier: Apache-2.0
"""A site's journal as it lies on disk (doc/formats.md), read past the program that wrote it."""
import contextlib
import json
import sqlite3

EVENTS = """SELECT event.id, chain.site, chain.epoch, event.seq, kind.text, subject.text, event.body, hex(event.hash)
FROM event JOIN chain ON chain.id = event.chain JOIN word kind ON kind.id = event.kind
JOIN word subject ON subject.id = event.subject WHERE event.id > ? ORDER BY event.id"""


class Journal:
    """Reads what was added since the last look."""

    def __init__(self, path):
        self.path, self.newest = path, -1
        self.hashes = {}     # (site, epoch, seq) -> hash
        self.texts = set()   # of notes, and logs of pings: what clients wrote
        self.incidents = {}  # id -> body, as its owner wrote it last
        self.told = {}       # id -> {channel: highest version}
        self.receipts = {}   # id -> all of them

    def look(self):
        with contextlib.closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=10)) as db:
            for number, site, epoch, seq, kind, subject, body, digest in db.execute(EVENTS, (self.newest,)):
                self.newest = number
                self.hashes[site, epoch, seq] = digest.lower()
                self._take(kind, subject, body)
        return self

    def _take(self, kind, subject, text):
        if kind == "incident":
            self.incidents[subject] = json.loads(text)
        elif kind == "receipt":
            body = json.loads(text)
            self.receipts.setdefault(subject, []).append(body)
            shown = self.told.setdefault(subject, {})
            shown[body["channel"]] = max(shown.get(body["channel"], 0), body["version"])
        elif kind in ("note", "ping"):
            body = json.loads(text)
            self.texts.add(body.get("text") or body.get("log"))

    def untold(self, channel="discord"):
        """Incidents of which the channel doesn't show what their owner wrote last; merged ones need not."""
        return [id for id, body in self.incidents.items()
                if body["state"] != "merged" and self.told.get(id, {}).get(channel, 0) < body["version"]]

    def open(self):
        return [id for id, body in self.incidents.items() if body["state"] == "open"]
