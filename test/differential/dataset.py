# SPDX-License-Identifier: Apache-2.0
"""Random series from a seed: two hours of counters, gauges, histograms and oddities that exporters are able to send.

A value is the 64 bits of a double, as an int, because the mark of a series' end is a NaN that Python would change; or a
native histogram, as a dict with the fields of base/series.h.
"""
import dataclasses
import math
import os
import random
import struct

BEGIN_MS = int(os.environ.get("DIFFERENTIAL_BEGIN_MS", 1_600_000_000_000))  # any round time: a Sunday in September
EARLIER_MS = BEGIN_MS - 2_900_000
SPAN_MS = 2 * 3600 * 1000
STALE = 0x7ff0000000000002
PLAIN_NAN = 0x7ff8000000000001
INTERVALS_MS = [10_000, 15_000, 15_000, 30_000, 30_000, 60_000, 120_000, 400_000]
JOBS, INSTANCES, CODES = ["api", "db", "web"], ["a:9100", "b:9100", "c:9100", "d"], ["200", "404", "500"]
ODD_TEXTS = ["", " ", "a\nb", 'quo"te', "back\\slash", "Zürich", "日本", "🙂", "a.b*c", "0", "1", "-1", "NaN", "1e3", "x" * 60]


def bits(value):
    return struct.unpack("<Q", struct.pack("<d", value))[0]


def value_of(pattern):
    return struct.unpack("<d", struct.pack("<Q", pattern))[0]


@dataclasses.dataclass
class Series:
    labels: tuple  # of (name, value), in order
    samples: list  # of (t_ms, bits or histogram), in order


class Dataset:
    def __init__(self, seed, native=True):
        self.rng = random.Random(seed)
        found = {}
        for make in [counters, gauges, oddities, ties, classic_histograms, broken_histograms, joins, clocks, scattered,
                     *([native_histograms] if native else [])]:
            for labels, samples in make(self.rng):
                labels = tuple(sorted((name, value) for name, value in labels.items() if value))
                if samples:
                    found.setdefault(labels, [(EARLIER_MS, STALE), *samples])
        # In order of labels, and all of them begun at once: sums depend on the order of series, which is that of
        # their making in the reference.  The mark of an end that each begins with nobody sees.
        self.series = [Series(labels, found[labels]) for labels in sorted(found)]


def times(rng):
    """When a series was seen: mostly regular, with gaps, late by some, or at any time at all."""
    interval, begin = rng.choice(INTERVALS_MS), rng.choice([0, 0, 0, rng.randrange(0, 60_000)])
    how = rng.random()
    if how < 0.1:
        count = rng.randrange(1, 60)
        return sorted({BEGIN_MS + rng.randrange(SPAN_MS) for _ in range(count)})
    found = list(range(BEGIN_MS + begin, BEGIN_MS + SPAN_MS, interval))
    if how < 0.4:
        for _ in range(rng.randrange(1, 4)):
            hole = rng.randrange(len(found))
            del found[hole:hole + rng.randrange(1, 1 + len(found) // 3)]
    if how < 0.2:
        found = sorted({t + rng.randrange(interval // 4) for t in found})
    return found


def ended(rng, samples):
    """With marks of an end here and there, most often before a gap."""
    if not samples or rng.random() < 0.6:
        return samples
    marked = dict(samples)
    for _ in range(rng.randrange(1, 4)):
        t = rng.choice(samples)[0]
        marked[t] = STALE
    if rng.random() < 0.5:
        marked[samples[-1][0] + 7_000] = STALE
    return sorted(marked.items())


def floats(rng, values):
    return ended(rng, [(t, bits(v)) for t, v in values])


def rising(rng, seen):
    """A counter: starts anywhere, grows by a law of its own, is reset now and then, even to more than zero."""
    value = rng.choice([0.0, 0.0, 1e3 * rng.random(), 2.0 ** 53, 1e9])
    step = rng.choice([lambda: 0.0, lambda: 1.0, lambda: float(rng.randrange(20)), lambda: rng.expovariate(0.2),
                       lambda: 0.1, lambda: rng.choice([0, 0, 1e6 * rng.random()])])
    resets = rng.choice([0, 0, 0.01, 0.05])
    out = []
    for t in seen:
        value = rng.choice([0.0, 0.0, value / 2]) if rng.random() < resets else value + step()
        out.append((t, value))
    return out


def wandering(rng, seen):
    low, width = rng.choice([(0, 1), (-50, 100), (20, 5), (-1e6, 2e6), (1e-9, 1e-9), (1e15, 4)])
    shape = rng.randrange(4)
    value, out = low + width * rng.random(), []
    for i, t in enumerate(seen):
        if shape == 0:
            value = low + width * rng.random()
        elif shape == 1:
            value += width * 0.01 * rng.gauss(0, 1)
        elif shape == 2:
            value = float(round(low + width * (0.5 + 0.5 * math.sin(i / 9)), 1))
        elif rng.random() < 0.05:
            value = float(rng.randrange(-3, 10))
        out.append((t, value))
    return out


def counters(rng):
    for job in JOBS:
        for instance in rng.sample(INSTANCES, 3):
            for code in CODES:
                if rng.random() < 0.8:
                    labels = {"__name__": "http_requests_total", "job": job, "instance": instance, "code": code,
                              "method": rng.choice(["get", "post", ""])}
                    yield labels, floats(rng, rising(rng, times(rng)))
    for cpu in range(3):
        for mode in ["idle", "user", "system"]:
            labels = {"__name__": "cpu_seconds_total", "cpu": str(cpu), "mode": mode, "instance": "a:9100"}
            yield labels, floats(rng, rising(rng, times(rng)))


def gauges(rng):
    for name in ["temperature_celsius", "queue_length", "memory_bytes"]:
        for job in JOBS:
            for instance in rng.sample(INSTANCES, 2):
                yield {"__name__": name, "job": job, "instance": instance}, floats(rng, wandering(rng, times(rng)))
    for value in rng.sample(ODD_TEXTS, 8):
        yield ({"__name__": "odd_label", "text": value, "job": rng.choice(JOBS)},
               floats(rng, wandering(rng, times(rng))))
    for name in ["température.été", "with space", "utf8.metric"]:
        yield ({"__name__": name, "host.name": rng.choice(["nas", "été"]), "job": rng.choice(JOBS)},
               floats(rng, wandering(rng, times(rng))))


ODD_VALUES = [math.nan, math.inf, -math.inf, -0.0, 0.0, 5e-324, -5e-324, 2.2250738585072014e-308, 1.7976931348623157e308,
              -1.7976931348623157e308, 1e308, 1e-300, 1.0, -1.0, 0.1, 2.0 ** 53 + 1, -2.5, 0.5, 1.5, 3.0]


def oddities(rng):
    for kind in ["nan", "inf", "zero", "huge", "any", "tiny", "mostly"]:
        choice = {"nan": [math.nan], "inf": [math.inf, -math.inf, 1.0], "zero": [0.0, -0.0],
                  "huge": [1e308, 1.7e308, -1.7e308, 1e300], "any": ODD_VALUES, "tiny": [5e-324, 1e-310, -5e-324],
                  "mostly": [1.0] * 9 + [math.nan, math.inf]}[kind]
        for job in JOBS[:2]:
            yield ({"__name__": "odd", "kind": kind, "job": job},
                   floats(rng, [(t, rng.choice(choice)) for t in times(rng)]))
    yield ({"__name__": "odd", "kind": "cancelling", "job": "web"},
           floats(rng, [(t, rng.choice([1e100, 1.0, -1e100, 1e-20])) for t in times(rng)]))


def ties(rng):
    """Equal values, where an order must not depend on luck."""
    for i in range(6):
        yield ({"__name__": "tied", "i": str(i), "group": "ab"[i % 2]},
               [(t, bits(float(i // 3))) for t in range(BEGIN_MS, BEGIN_MS + SPAN_MS, 30_000)])


BOUNDS = [["0.1", "0.5", "1", "2.5", "10", "+Inf"], ["0.005", "0.01", "+Inf"], ["-5", "-1", "0", "1", "5", "+Inf"],
          ["1", "2", "4", "8", "16", "32", "64", "+Inf"], ["+Inf"]]


def observed(rng, seen, count):
    """Cumulative buckets over time: [[(t, value)], ...], the last one being +Inf's."""
    law, now = [rng.choice([0, 1, 3, 10]) for _ in range(count)], [0.0] * count
    out = [[] for _ in range(count)]
    for t in seen:
        if rng.random() < 0.01:
            now = [0.0] * count
        for i in range(count):
            now[i] += rng.randrange(law[i] + 1)
        total = 0.0
        for i in range(count):
            total += now[i]
            out[i].append((t, total))
    return out


def classic_histograms(rng):
    for job in JOBS:
        for instance in INSTANCES[:2]:
            bounds, seen = rng.choice(BOUNDS), times(rng)
            labels = {"job": job, "instance": instance}
            columns = observed(rng, seen, len(bounds))
            for bound, column in zip(bounds, columns):
                yield ({"__name__": "latency_seconds_bucket", **labels, "le": bound}, [(t, bits(v)) for t, v in column])
            yield {"__name__": "latency_seconds_count", **labels}, [(t, bits(v)) for t, v in columns[-1]]
            yield ({"__name__": "latency_seconds_sum", **labels},
                   [(t, bits(v * 0.37)) for t, v in columns[-1]])


def broken_histograms(rng):
    """What histogram_quantile has to live with: no +Inf, counts that fall, bounds that are none, the same one twice."""
    seen = list(range(BEGIN_MS, BEGIN_MS + SPAN_MS, 30_000))
    rows = {"endless": ["0.1", "1"], "falling": ["0.1", "1", "10", "+Inf"], "nonsense": ["0.1", "one", "", "+Inf"],
            "twice": ["1", "1.0", "2", "+Inf"], "close": ["0.1", "1", "10", "+Inf"], "nan": ["1", "NaN", "+Inf"],
            "empty": ["1", "2", "+Inf"], "alone": ["0.1"]}
    for kind, bounds in rows.items():
        columns = observed(rng, seen, len(bounds))
        if kind == "falling":
            columns[1], columns[2] = columns[2], columns[1]
        if kind == "close":  # less than the one before, by less than what is forgiven
            columns[1] = [(t, v - v * 1e-13) for t, v in columns[0]]
        if kind == "empty":
            columns = [[(t, 0.0) for t in seen]] * len(bounds)
        for bound, column in zip(bounds, columns):
            yield {"__name__": "broken_bucket", "kind": kind, "le": bound}, [(t, bits(v)) for t, v in column]


def joins(rng):
    for job in JOBS:
        for instance in INSTANCES:
            if rng.random() < 0.8:
                yield {"__name__": "up", "job": job, "instance": instance}, floats(rng, [(t, float(rng.random() < 0.9))
                                                                                         for t in times(rng)])
            if rng.random() < 0.7:
                yield ({"__name__": "target_info", "job": job, "instance": instance,
                        "version": rng.choice(["1.0", "1.1", "2.0-rc"])}, [(t, bits(1.0)) for t in times(rng)])
    for job in JOBS:
        yield {"__name__": "limit", "job": job}, floats(rng, wandering(rng, times(rng)))


def clocks(rng):
    """Values that are times: years around the calendar's corners."""
    for name, begin in {"now": BEGIN_MS / 1000, "before": -86400.0 * 400, "leap": 1582934400.0, "far": 1e11,
                        "fraction": 1e9 + 0.5, "none": -0.0}.items():
        yield ({"__name__": "clock_seconds", "at": name},
               floats(rng, [(t, begin + (t - BEGIN_MS) * rng.choice([1e-3, 1.0])) for t in times(rng)]))


def scattered(rng):
    """One sample; two; only the mark of an end; samples exactly on the edges of windows."""
    middle = BEGIN_MS + SPAN_MS // 2
    yield {"__name__": "scattered", "kind": "one"}, [(middle, bits(7.0))]
    yield {"__name__": "scattered", "kind": "two"}, [(middle, bits(7.0)), (middle + 1, bits(8.0))]
    yield {"__name__": "scattered", "kind": "ended"}, [(middle, STALE)]
    yield {"__name__": "scattered", "kind": "edges"}, [(middle + i * 60_000, bits(float(i * i))) for i in range(-30, 30)]
    yield ({"__name__": "scattered", "kind": "flicker"},
           [(middle + i * 15_000, STALE if i % 3 == 0 else bits(float(i))) for i in range(100)])


def spans_of(indexes):
    """Bucket indexes in order as spans of (offset to the previous one's end, length)."""
    out, end = [], 0
    for i in indexes:
        if out and i == end:
            out[-1][1] += 1
        else:
            out.append([i - end, 1])
        end = i + 1
    return [tuple(span) for span in out]


def native_histogram(shape, counts):
    """`counts` of the zero bucket, the positive and the negative ones."""
    zero, positive, negative = counts
    is_custom = shape["schema"] == -53
    return {"schema": shape["schema"], "zero_threshold": 0.0 if is_custom else shape["threshold"],
            "zero_count": 0.0 if is_custom else zero, "count": sum(positive) + sum(negative) + (0 if is_custom else zero),
            "sum": shape["scale"] * sum((i + 1) * c for i, c in enumerate(positive)) - sum(negative), "reset":
            shape["reset"], "positive_spans": spans_of(shape["positive"]), "positive": positive,
            "negative_spans": spans_of(shape["negative"]), "negative": negative, "bounds": shape["bounds"]}


def native_samples(rng, seen, shape):
    """Observations add up; a reset begins again; a gauge goes anywhere."""
    zero, positive, negative = 0.0, [0.0] * len(shape["positive"]), [0.0] * len(shape["negative"])
    out = []
    for t in seen:
        if shape["reset"] == 3 or rng.random() < 0.02:
            zero, positive, negative = 0.0, [0.0] * len(positive), [0.0] * len(negative)
        zero += rng.randrange(3)
        positive = [c + rng.randrange(9) for c in positive]
        negative = [c + rng.randrange(4) for c in negative]
        out.append((t, native_histogram(shape, (zero, positive, negative))))
    return out


def native_shape(rng, kind):
    shape = {"schema": rng.choice([0, 0, 1, 2, 3, -1]), "threshold": rng.choice([0.0, 1e-128, 0.001]), "scale": 0.7,
             "reset": 3 if kind == "gauge" else 0, "bounds": [], "negative": [],
             "positive": sorted(rng.sample(range(-4, 9), rng.randrange(1, 7)))}
    if kind == "both":
        shape["negative"] = sorted(rng.sample(range(-3, 6), 3))
    if kind == "custom":
        shape |= {"schema": -53, "bounds": rng.choice([[0.1, 1.0, 10.0], [1.0, 2.0, 5.0, 10.0]])}
        shape["positive"] = list(range(len(shape["bounds"]) + 1))
    return shape


def native_histograms(rng):
    for kind in ["plain", "both", "gauge", "custom"]:
        for job in JOBS[:2]:
            samples = native_samples(rng, times(rng), native_shape(rng, kind))
            yield {"__name__": "size_bytes", "kind": kind, "job": job}, ended(rng, samples)
    seen = times(rng)
    half = len(seen) // 2  # one that changes its kind midway, as after an exporter's update
    yield ({"__name__": "size_bytes", "kind": "mixed", "job": "web"},
           [(t, bits(v)) for t, v in wandering(rng, seen[:half])] +
           native_samples(rng, seen[half:], native_shape(rng, "plain")))
