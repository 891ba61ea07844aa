# SPDX-License-Identifier: Apache-2.0
"""found.jsonl: each difference that was ever found, with the series that show it and what Prometheus answers.

A line: {"why", "query", "start", "end", "step", "experimental", "series": [{"labels", "samples"}], "answer"}.
"""
import dataclasses
import json
import pathlib
import re

from compare import difference
from dataset import STALE, Series, bits
from ours import Ours, written
from queries import Query
from reference import Reference
from shrink import list_smaller

KEPT = 12
PATH = pathlib.Path(__file__).resolve().parent / "found.jsonl"


@dataclasses.dataclass
class Row:
    query: Query
    series: list
    experimental: bool
    why: str
    answer: dict


def is_named(series, query):
    """Whether the query may select it."""
    name = dict(series.labels)["__name__"]
    return name in query.text or re.search(r"\{[^}]", query.text) is not None


def fewer_samples(series, is_different, tries):
    first = series.samples[:1]
    samples = list_smaller(series.samples[1:], lambda some: is_different([Series(series.labels, first + some)]), tries)
    return [Series(series.labels, first + samples)]


def trimmed(series, end_ms):
    """What a query may see at most: some samples before its end; and the mark that each series begins with."""
    return Series(series.labels, series.samples[:1] + [s for s in series.samples[1:] if s[0] <= end_ms][-KEPT:])


def _essence(answer):
    return [answer["status"], answer.get("error"), answer.get("warnings"), answer.get("infos"),
            bool(answer.get("data", {}).get("result"))]


def fewer(series, query, experimental, tries=40):
    """Those of the series that the kind of answer depends on."""
    def answer(some):
        with Reference(some, experimental) as theirs:
            return _essence(theirs.answer(query))
    wanted = answer(series)
    return list_smaller(series, lambda some: some and answer(some) == wanted, tries)


def _line(row):
    return json.dumps({
        "why": row.why, "query": row.query.text, "start": row.query.start_ms, "end": row.query.end_ms,
        "step": row.query.step_ms, "experimental": row.experimental,
        "series": [{"labels": dict(s.labels), "samples": [[t, written(v)] for t, v in s.samples]} for s in row.series],
        "answer": row.answer}, ensure_ascii=False)


def _pattern(value):
    return value if isinstance(value, dict) else STALE if value == "stale" else bits(float(value))


def _row(line):
    read = json.loads(line)
    series = [Series(tuple(sorted(s["labels"].items())), [(t, _pattern(v)) for t, v in s["samples"]]) for s in read["series"]]
    return Row(Query(read["query"], read["start"], read["end"], read["step"]), series, read["experimental"], read["why"],
               read["answer"])


def rows():
    return [_row(line) for line in PATH.read_text(encoding="utf-8").splitlines()] if PATH.exists() else []


def add(row):
    with open(PATH, "a", encoding="utf-8") as f:
        f.write(_line(row) + "\n")


def replay(program):
    """Ours must answer now as Prometheus did."""
    all_rows, different = rows(), 0
    for row in all_rows:
        with Ours(program, row.series, row.experimental) as ours:
            text = difference(row.query, row.answer, ours.answer(row.query))
        if text:
            different += 1
            print(f"--- {row.query.text!r} at {row.query.start_ms} to {row.query.end_ms} by {row.query.step_ms}\n    {text}")
    print(f"{len(all_rows)} rows, {different} differ")
    return 1 if different else 0


def refresh():
    """What the Prometheus of today answers."""
    fresh = []
    for row in rows():
        if row.series:
            with Reference(row.series, row.experimental) as theirs:
                row.answer = theirs.answer(row.query)
        fresh.append(_line(row) + "\n")
    PATH.write_text("".join(fresh), encoding="utf-8")
    print(f"{len(fresh)} rows")
    return 0
