# SPDX-License-Identifier: Apache-2.0
"""What a measurement says: rows of the table, and how far it has come."""
import dataclasses
import json
import sys
import textwrap
import time

WIDTHS = {"what": 40, "bar": 14, "measured": 34, "ratio": 16, "noise": 26}
HEADINGS = {"what": "what", "bar": "bar", "measured": "measured", "ratio": "ratio, peer",
            "noise": "the machine's noise"}
QUIET_S = 2  # nobody wonders within this time
PLAIN_EVERY_S = 15  # between lines of progress where there is no terminal


@dataclasses.dataclass
class Row:
    what: str
    bar: str
    measured: str
    is_met: bool | None  # None: told, without a bar
    ratio: str = ""
    noise: str = ""
    note: str = ""  # why a bar is not met; what belongs to the figure
    figures: dict = dataclasses.field(default_factory=dict)  # for programs

    def as_json(self, name):
        return json.dumps({"name": name, **dataclasses.asdict(self)})


def against(found, shares, show):
    """(is met, words) of a figure that may be so great a share of each peer's: found = {"ours": 3, "Prometheus": 30}."""
    mine = found["ours"]
    words = "; ".join(f"{mine / found[peer]:.3f} of {peer}'s {show(found[peer])}" for peer in found if peer != "ours")
    return all(mine <= share * found[peer] for peer, share in shares.items()), words


class Progress:
    """Says how far something is and how long it takes yet; on a terminal in one line that is overwritten."""

    def __init__(self, name):
        self.name, self.begin, self.told, self.is_shown = name, time.monotonic(), time.monotonic(), False

    def __call__(self, done, total, text=""):
        now = time.monotonic()
        pause = 0.2 if sys.stderr.isatty() else PLAIN_EVERY_S
        if now - self.begin < QUIET_S or now - self.told < pause:
            return
        self.told = now
        left = f"{(now - self.begin) / done * (total - done):.0f} s left" if done else "just begun"
        line = f"{self.name}: {done:.0f} of {total:.0f} {text}, {left}"
        if sys.stderr.isatty():
            print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)
            self.is_shown = True
        else:
            print(line, file=sys.stderr, flush=True)

    def end(self):
        if self.is_shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def _lines(cells):
    """One row of the table, as many lines as its longest cell needs."""
    columns = [textwrap.wrap(cells[key], width) or [""] for key, width in WIDTHS.items()]
    for i in range(max(map(len, columns))):
        texts = [column[i] if i < len(column) else "" for column in columns]
        yield " | ".join(text.ljust(width) for text, width in zip(texts, WIDTHS.values())).rstrip()


def table(rows):
    """All rows as text, a mark before what missed its bar."""
    yield from _lines(HEADINGS)
    yield "-+-".join("-" * width for width in WIDTHS.values())
    for row in rows:
        cells = dataclasses.asdict(row)
        if row.is_met is False:
            cells["bar"] += " MISSED"
        yield from _lines(cells)


def notes(rows):
    missed = [row for row in rows if row.is_met is False]
    broken = sum(bool(row.figures.get("is_broken")) for row in rows)
    yield f"{sum(row.is_met is True for row in rows)} bars met, {len(missed)} missed, {broken} not measured."
    for row in missed:
        yield from textwrap.wrap(f"Missed: {row.what}: {row.measured}, bar {row.bar}. {row.note}", 140,
                                 subsequent_indent="  ")
    for row in rows:
        if row.note and row.is_met is not False:
            yield from textwrap.wrap(f"{row.what}: {row.note}", 160, subsequent_indent="  ")
