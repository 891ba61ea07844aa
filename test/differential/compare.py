# SPDX-License-Identifier: Apache-2.0
"""Whether two answers of the API say the same: values to the last few bits, labels, errors, annotations."""
import math
import re
import struct

ULPS = 4
# Go's logarithms, powers and trigonometry are its own, and less exact than the C library's; so are bounds of buckets.
TRANSCENDENTAL = re.compile(r"\^|atan2|\b(a?(sin|cos|tan)h?|exp|ln|log2|log10)\b|histogram_(q|f|stdd|stdv)", re.I)
NEAR = 1e-12  # the same for them, of the value
NEAR_ZERO = 1e-14
SORTS = re.compile("quantile")  # among equal numbers, 0 and -0, it is luck which comes first
OVERFLOW = 1e307  # where Go's cosh has become infinite already
SUBNORMAL_LOG = -300  # Go's logarithm of numbers that are not normal is another
SAME_BOUND = 1e-12  # of a native histogram's bucket: ours come from a formula
ERROR_BYTES = 480  # our texts are cut off somewhere beyond
PREFIX = re.compile(r'^(invalid parameter "query": |expanding series: )')
BROKEN = re.compile(  # it panicked, or nearly
    r"unexpected error$|unexpected result in StepInvariantExpr|histograms with custom buckets have no zero bucket")
COUNTED = re.compile(r"count_values\b.*histogram_(q|f|stdd|stdv)", re.I)  # the last digit is a label
# Where series come and go within a range, it mistakes one for another: what isn't info() itself can't be asked step by step.
INFORMED = re.compile(r"\binfo\s*\((.*@|.*\[[^]]*:)", re.S)
INFORMED_WITHIN = re.compile(r"^(?!\s*info\b).*\binfo\s*\(", re.S)
PARAMETER_AT = re.compile(  # looked at as of later, at later steps
    r"\b(topk|bottomk|quantile|limitk|limit_ratio)\b[^(]*(\([^()]*\)[^(]*)?\([^,]*@[^,]*,", re.I)
# For these it reads no buckets, and doesn't notice that they can't be added.
TIMESTAMP_AT = re.compile(r"timestamp\s*\([^()]*@")  # with an offset besides it looks at another time
WITHOUT_BUCKETS = re.compile(r"histogram_(count|sum|avg)\b")
INCOMPATIBLE = re.compile("incompatible custom buckets|exponential and custom buckets")
NAMELESS = re.compile(r'"<Item \d+>" ')  # a token that its lexer has no name for
GROUPED = re.compile(r"\b(by|without|on|ignoring|group_left|group_right|start|end)\s*\(", re.I)
POSITION = re.compile(r"^\d+:\d+:|\(\d+:\d+\)$", re.M)
DUPLICATE = re.compile(r"(found duplicate series for the match group ){")
OMITTED = re.compile(r"^(\d+) more (warning|info) annotations omitted$")
SORTED = re.compile(r"^\s*(sort|sort_desc|topk|bottomk)\s*\(")
BY_GROUPS = re.compile(r"(by|without)\s*\([^()]*\)\s*$", re.I)  # which of the groups is first is left open


def ordinal(value):
    """Neighbouring doubles have neighbouring ordinals; -0 and 0 are neighbours."""
    bits = struct.unpack("<q", struct.pack("<d", value))[0]
    return bits if bits >= 0 else -(bits & 0x7fffffffffffffff) - 1


def is_close(x, y):
    """Of results of transcendental functions."""
    if math.isinf(x) or math.isinf(y):
        return math.copysign(1, x) == math.copysign(1, y) and min(abs(x), abs(y)) > OVERFLOW
    return math.isclose(x, y, rel_tol=NEAR, abs_tol=NEAR_ZERO) or max(x, y) < SUBNORMAL_LOG


def is_same(query, a, b):
    """Of numbers as the API writes them."""
    if a == b:
        return True
    x, y = float(a), float(b)
    if math.isnan(x) or math.isnan(y):
        return math.isnan(x) and math.isnan(y)
    if x == y:
        return math.copysign(1, x) == math.copysign(1, y) or SORTS.search(query.text) is not None
    if TRANSCENDENTAL.search(query.text):
        return is_close(x, y)
    return not math.isinf(x - y) and abs(ordinal(x) - ordinal(y)) <= ULPS


def bound(h, index):
    """The upper bound of bucket `index`."""
    if h["schema"] == -53:
        bounds = [float(b) for b in h["bounds"]]
        return -math.inf if index < 0 else bounds[index] if index < len(bounds) else math.inf
    exponent = index * 2.0 ** -h["schema"]
    return 2.0 ** exponent if exponent < 1024 else math.inf


def buckets(h):
    """Ours, given by spans and counts, as the API lists buckets: [rule, lower, upper, count], empty ones left out."""
    def side(spans, counts):
        index, left = 0, iter(counts)
        for offset, length in spans:
            index += offset
            for _ in range(length):
                yield index, next(left)
                index += 1
    width = float(h["zero_threshold"])  # no bucket reaches into that of zero
    found = [[1, -bound(h, i), min(-bound(h, i - 1), -width), c]
             for i, c in side(h["negative_spans"], h["negative"])][::-1]
    if float(h["zero_count"]) > 0:
        found.append([3, -width, width, h["zero_count"]])
    lowest = -math.inf if h["schema"] == -53 else width
    found += [[0, max(bound(h, i - 1), lowest), bound(h, i), c] for i, c in side(h["positive_spans"], h["positive"])]
    return [bucket for bucket in found if float(bucket[3])]


def is_near(a, b):
    return a == b or math.isclose(float(a), float(b), rel_tol=SAME_BOUND)


def histogram_difference(query, theirs, ours):
    for key in ("count", "sum"):
        if not is_same(query, theirs[key], ours[key]):
            return f"histogram's {key}: {theirs[key]}, ours {ours[key]}"
    want, got = theirs.get("buckets", []), buckets(ours) if "schema" in ours else ours.get("buckets", [])
    same = len(want) == len(got) and all(
        is_near(a[1], b[1]) and is_near(a[2], b[2]) and is_same(query, a[3], b[3]) for a, b in zip(want, got))
    return None if same else f"buckets: {want}, ours {got}"


def point_difference(query, theirs, ours):
    if theirs[0] != ours[0]:
        return f"time: {theirs[0]}, ours {ours[0]}"
    if isinstance(theirs[1], dict) != isinstance(ours[1], dict):
        return f"kind of value: {theirs[1]}, ours {ours[1]}"
    if isinstance(theirs[1], dict):
        return histogram_difference(query, theirs[1], ours[1])
    return None if is_same(query, theirs[1], ours[1]) else f"value: {theirs[1]}, ours {ours[1]}"


def points_difference(query, theirs, ours):
    for key in ("values", "histograms"):
        a, b = theirs.get(key, []), ours.get(key, [])
        if [p[0] for p in a] != [p[0] for p in b]:
            return f"{key}: {len(a)} points, ours {len(b)}; times {[p[0] for p in a][:3]}, ours {[p[0] for p in b][:3]}"
        for p, q in zip(a, b):
            found = point_difference(query, p, q)
            if found:
                return f"at {p[0]}: {found}"
    for key in ("value", "histogram"):
        if (key in theirs) != (key in ours):
            return f"{key}: only one has it"
        found = key in theirs and point_difference(query, theirs[key], ours[key])
        if found:
            return found
    return None


def by_labels(result):
    return {tuple(sorted(series["metric"].items())): series for series in result}


def series_difference(query, theirs, ours):
    if len(by_labels(ours)) != len(ours):
        return "series: ours has one twice"
    want, got = by_labels(theirs), by_labels(ours)
    for labels in want.keys() - got.keys():
        return f"series: {len(want)}, ours {len(got)}; we miss {dict(labels)}: {shown(want[labels])}"
    for labels in got.keys() - want.keys():
        return f"series: {len(want)}, ours {len(got)}; only ours has {dict(labels)}: {shown(got[labels])}"
    for labels, series in want.items():
        found = points_difference(query, series, got[labels])
        if found:
            return f"{found}, of {dict(labels)}"
    return None


def shown(series):
    return str({key: value for key, value in series.items() if key != "metric"})[:200]


def order_difference(query, kind, theirs, ours):
    """Matrices are in order of labels; vectors have an order where one is asked for."""
    if kind == "matrix" and [s["metric"] for s in theirs] != [s["metric"] for s in ours]:
        return "order: of the matrix"
    if kind == "vector" and SORTED.match(query.text) and not BY_GROUPS.search(query.text):
        for a, b in zip(theirs, ours):
            if "value" in a and "value" in b and float(a["value"][1]) != float(b["value"][1]) and not is_same(
                    query, a["value"][1], b["value"][1]):
                return f"order: {a['value'][1]}, ours {b['value'][1]}"
    return None


def comparable(query, text):
    """Prometheus 3.5 misplaces what stands behind a list of labels; later ones don't, nor do we."""
    text = NAMELESS.sub("", PREFIX.sub("", text))[:ERROR_BYTES]
    return POSITION.sub("", text) if GROUPED.search(query.text) else text


def annotation_difference(query, kind, theirs, ours):
    """The API gives ten; ours are all of them, or ten as well."""
    want, got = ({comparable(query, text) for text in texts} for texts in (theirs, ours))
    omitted = [int(OMITTED.match(text)[1]) for text in want if OMITTED.match(text)]
    if not omitted:
        return None if want == got else f"{kind}: {sorted(want - got)}, ours {sorted(got - want)}"
    known = {text for text in want if not OMITTED.match(text)}
    same = len(ours) == len(theirs) - 1 + omitted[0] and known <= got
    return None if same else f"{kind}: {len(theirs) - 1 + omitted[0]}, ours {len(ours)}"


def error_difference(query, theirs, ours):
    if theirs["status"] == "error" and BROKEN.search(theirs["error"]):
        return None
    if theirs["status"] != ours["status"]:
        return f"status: {theirs.get('error', 'success')}, ours {ours.get('error', 'success')}"
    a, b = (comparable(query, x["error"]) for x in (theirs, ours))
    if query.step_ms and DUPLICATE.match(a):  # which group it finds first, is luck
        a, b = DUPLICATE.match(a)[1], b[:DUPLICATE.match(a).end(1)]
    if a != b:
        return f"error: {a}\n          ours {b}"
    return None if theirs["errorType"] == ours["errorType"] else f"errorType: {theirs['errorType']}, ours {ours['errorType']}"


TIES = re.compile(r"ts_of_m\w+\s*\(.*\[[^]]*:", re.S)  # of what is computed: a last digit decides which is the greatest


def is_let_off(query, theirs, ours):
    """What Prometheus computes wrongly."""
    if query.step_ms and INFORMED_WITHIN.search(query.text):
        return True
    if COUNTED.search(query.text) or INFORMED.search(query.text) or TIES.search(query.text):
        return True
    if TIMESTAMP_AT.search(query.text) and "offset" in query.text:
        return True
    warnings = theirs.get("warnings", []) + ours.get("warnings", [])
    return WITHOUT_BUCKETS.search(query.text) is not None and any(map(INCOMPATIBLE.search, warnings))


def difference(query, theirs, ours):
    """None, or in words what is not the same; its first word is the kind of difference."""
    if query.step_ms and PARAMETER_AT.search(query.text):
        return None
    if theirs["status"] != "success" or ours["status"] != "success":
        return error_difference(query, theirs, ours)
    if is_let_off(query, theirs, ours):
        return None
    kind = theirs["data"]["resultType"]
    if kind != ours["data"]["resultType"]:
        return f"type: {kind}, ours {ours['data']['resultType']}"
    want, got = theirs["data"]["result"], ours["data"]["result"]
    if kind in ("scalar", "string"):
        found = point_difference(query, want, got) if kind == "scalar" else None if want == got else f"text: {want}, ours {got}"
    else:
        found = series_difference(query, want, got) or order_difference(query, kind, want, got)
    return found or next(filter(None, (annotation_difference(query, key, theirs.get(key, []), ours.get(key, []))
                                       for key in ("warnings", "infos"))), None)
