# SPDX-License-Identifier: Apache-2.0
"""Random PromQL from a grammar: every operator, function and modifier, well typed mostly, sometimes not, sometimes torn.

https://prometheus.io/docs/prometheus/latest/querying/basics/
"""
import dataclasses
import random

from dataset import BEGIN_MS, CODES, INSTANCES, JOBS, SPAN_MS

VECTOR, SCALAR, MATRIX, STRING = "vector", "scalar", "matrix", "string"

# name: types of the arguments; what follows a "?" may be left out
FUNCTIONS = {name: [VECTOR] for name in (
    "abs absent ceil exp floor ln log10 log2 sgn sqrt sort sort_desc timestamp acos acosh asin asinh atan atanh cos cosh "
    "deg rad sin sinh tan tanh histogram_avg histogram_count histogram_sum histogram_stddev histogram_stdvar").split()}
FUNCTIONS |= {name: [MATRIX] for name in (
    "absent_over_time avg_over_time changes count_over_time delta deriv idelta increase irate last_over_time "
    "max_over_time min_over_time present_over_time rate resets stddev_over_time stdvar_over_time sum_over_time").split()}
FUNCTIONS |= {name: ["?", VECTOR] for name in (
    "days_in_month day_of_month day_of_week day_of_year hour minute month year").split()}
FUNCTIONS |= {
    "clamp": [VECTOR, SCALAR, SCALAR], "clamp_max": [VECTOR, SCALAR], "clamp_min": [VECTOR, SCALAR],
    "histogram_fraction": [SCALAR, SCALAR, VECTOR], "histogram_quantile": [SCALAR, VECTOR],
    "predict_linear": [MATRIX, SCALAR], "quantile_over_time": [SCALAR, MATRIX], "round": [VECTOR, "?", SCALAR],
    "vector": [SCALAR]}
EXPERIMENTAL = {name: [MATRIX] for name in "mad_over_time ts_of_max_over_time ts_of_min_over_time ts_of_last_over_time".split()}
EXPERIMENTAL |= {"double_exponential_smoothing": [MATRIX, SCALAR, SCALAR], "sort_by_label": [VECTOR, STRING], "sort_by_label_desc": [VECTOR, STRING]}
# Where these differ in the last bits, what is made of them may differ in all: they stand outermost only.
TRANSCENDENTAL = set("acos acosh asin asinh atan atanh cos cosh sin sinh tan tanh exp ln log10 log2".split())
COUNTERS = ["rate", "increase", "irate", "resets", "changes", "delta", "idelta"]
ARITHMETIC = ["+", "-", "*", "/", "%"]
COMPARISONS = ["==", "!=", ">", "<", ">=", "<="]
SETS = ["and", "or", "unless"]
AGGREGATIONS = ["sum", "avg", "count", "min", "max", "group", "stddev", "stdvar"]
WITH_NUMBER = ["topk", "bottomk", "quantile"]
METRICS = ["http_requests_total"] * 5 + ["cpu_seconds_total"] * 3 + [
    "temperature_celsius", "queue_length", "memory_bytes", "odd", "odd", "tied", "tied", "up", "up", "limit",
    "target_info", "clock_seconds", "scattered", "odd_label", "latency_seconds_bucket", "latency_seconds_count",
    "latency_seconds_sum", "broken_bucket", "nothing_of_this_name"]
NATIVE = ["size_bytes"]
UTF8 = ["température.été", "with space", "utf8.metric"]
LABELS = {"job": JOBS, "instance": INSTANCES, "code": CODES, "kind": ["nan", "inf", "twice", "one", "plain", "custom"],
          "mode": ["idle", "user"], "group": ["a", "b"], "le": ["0.1", "1", "+Inf"], "version": ["1.0", "1.1"],
          "cpu": ["0", "1"], "absent": ["x"], "method": ["get", "post"], "i": ["0", "1", "2"], "text": ["1", "Zürich", " "],
          "host.name": ["nas", "été"]}
REGEXES = ["a.*", ".*", ".+", "", "(?i)API", "a|d", "api|db", ".*:9100", "[ab]:.*", "2..", "4..|5..", "^api$", "a?pi",
           "api.*|", "\\\\d+", "(a|b):9100", "w.b", "[^a]+", "5\\\\d{2}", "(?:get|post)", "i.+|u.+", "日本|🙂"]
NUMBERS = ["0", "1", "2", "3", "0.5", "-1", "1e3", "1.5", "100", "0.1", "1e-9", "Inf", "-Inf", "NaN", "0x1f", ".5", "1.", "1e100",
           "1_000", "0b11", "017", "5m", "1h30m", "+Inf", "-0", "2.5", "10", "1e308", "5e-324", "0.99", "0.9", "90"]
POWERS = ["2", "3", "0.5", "-1", "10", "0", "Inf", "NaN", "-2.5"]  # tiny ones of tiny numbers Go computes wrongly
DURATIONS = ["5m", "5m", "10m", "1m", "30s", "1h", "90s", "2m", "15s", "7s", "1h30m", "1ms", "300", "1m30s", "20m", "1d", "61.5"]
STEPS = ["", "", "1m", "30s", "7s", "5m", "2m"]
TEXTS = ["job", "$1", "a", "", "x_$1_$2", "new", "instance", "${1}", "${name}", "__name__", "bad-name", "été", "le", "(.*)", "(.+):(.*)",
         "a(.)", ".*", "(?P<name>.*):.*", "$$", "$0", "(unclosed", "-", ",", "${2}x", "$1x", "%s", "%.2f", "%v", "\\\\xff"]


@dataclasses.dataclass
class Query:
    text: str
    start_ms: int
    end_ms: int
    step_ms: int  # 0: an instant


class Generator:
    def __init__(self, seed, experimental=False, native=True):
        self.rng = random.Random(seed)
        self.functions = FUNCTIONS | (EXPERIMENTAL if experimental else {})
        self.exact = sorted(self.functions.keys() - TRANSCENDENTAL)
        self.metrics = METRICS + NATIVE * 3 if native else METRICS
        self.aggregations = WITH_NUMBER + (["limitk", "limit_ratio"] if experimental else [])
        self.informs = 2 if experimental else 0
        self.mistakes = 0.01

    def query(self):
        how = self.rng.random()
        self.mistakes = 0.06 if how < 0.15 else 0.0
        text = self.outermost(self.rng.choice([0, 1, 1, 2, 2, 3, 3, 4]))
        if how > 0.95:
            text = self.rng.choice([self.scalar, self.matrix])(2)
        if 0.15 < how < 0.25:
            text = self.torn(text)
        return self.timed(text)

    def outermost(self, depth):
        if self.rng.random() < 0.04:
            return f"{self.rng.choice(sorted(TRANSCENDENTAL))}({self.of(VECTOR, depth - 1)})"
        if self.rng.random() < 0.03:
            return f"({self.of(VECTOR, depth - 1)}) {self.rng.choice(['^ ' + self.rng.choice(POWERS), 'atan2 2', 'atan2 0.5'])}"
        return self.vector(depth)

    def timed(self, text):
        start = BEGIN_MS + self.rng.randrange(-600_000, SPAN_MS + 600_000)
        if self.rng.random() < 0.4:
            start -= start % 30_000
        if self.rng.random() < 0.5:
            return Query(text, start, start, 0)
        step = self.rng.choice([1_000, 15_000, 30_000, 60_000, 60_000, 120_000, 300_000, 77_777, 1_200_000])
        return Query(text, start, start + step * self.rng.choice([0, 1, 5, 10, 30]) + self.rng.choice([0, 0, 1]), step)

    def any_of(self, weights):
        return self.rng.choices(list(weights), weights.values())[0]

    def of(self, kind, depth):
        if self.rng.random() < self.mistakes:
            kind = self.rng.choice([VECTOR, SCALAR, MATRIX, STRING])
        return {VECTOR: self.vector, SCALAR: self.scalar, MATRIX: self.matrix, STRING: self.string}[kind](depth)

    # vectors

    def vector(self, depth):
        if depth <= 0:
            return self.selector() + self.shift()
        return self.any_of({self.call: 10, self.aggregation: 7, self.binary: 8, self.histogram: 2, self.relabelled: 2,
                            self.signed: 1, self.in_parens: 1, self.plain: 2, self.informed: self.informs})(depth)

    def plain(self, _):
        return self.selector() + self.shift()

    def in_parens(self, depth):
        return f"({self.space()}{self.of(VECTOR, depth - 1)})"

    def signed(self, depth):
        return self.rng.choice("-+") + self.of(VECTOR, depth - 1)

    def selector(self):
        name = self.rng.choice(self.metrics)
        how = self.rng.random()
        if how < 0.04:
            name = self.rng.choice(UTF8)
            return f'{{"{name}"{self.after(self.matchers())}}}'
        if how < 0.5:
            return name
        if how < 0.56:
            return f'{{__name__=~"{self.rng.choice(["up|limit", "latency.*", "q.+", ".*_info"])}"{self.after(self.matchers())}}}'
        if how < 0.6:
            return f'{{{self.matcher()}, {self.matcher()}}}'
        return f"{name}{{{self.matchers()}{self.rng.choice(['', '', '', ','])}}}"

    @staticmethod
    def after(text):
        return f",{text}" if text else ""

    def matchers(self):
        return ",".join(self.matcher() for _ in range(self.rng.choice([0, 1, 1, 1, 2])))

    def matcher(self):
        name = self.rng.choice(list(LABELS)[:4] if self.rng.random() < 0.6 else list(LABELS))
        if self.rng.random() < 0.35:
            return f'{self.name(name)}{self.rng.choice(["=~", "!~"])}"{self.rng.choice(REGEXES)}"'
        value = self.rng.choice(LABELS[name] + ["", "none"])
        return f'{self.name(name)}{self.rng.choice(["=", "=", "!="])}{self.rng.choice(["", " "])}{self.quoted(value)}'

    def name(self, name):
        return f'"{name}"' if "." in name or self.rng.random() < 0.03 else name

    def quoted(self, text):
        mark = self.rng.choice('""""\'`')
        return f"{mark}{text}{mark}"

    def shift(self):
        parts = []
        if self.rng.random() < 0.08:
            parts.append(f" offset {self.rng.choice(['', '', '-'])}{self.rng.choice(DURATIONS)}")
        if self.rng.random() < 0.06:
            at = self.rng.choice(["start()", "end()", f"{(BEGIN_MS + self.rng.randrange(SPAN_MS)) / 1000:.3f}",
                                  str(BEGIN_MS // 1000 + 3600)])
            parts.append(f" @ {at}")
        self.rng.shuffle(parts)
        return "".join(parts)

    def space(self):
        return self.rng.choice(["", "", "", "", " ", "\n", " # a remark\n", "\t"])

    def call(self, depth):
        name = self.rng.choice(COUNTERS if self.rng.random() < 0.2 else self.exact)
        return self.called(name, depth)

    def called(self, name, depth):
        kinds = self.functions[name]
        if "?" in kinds:
            optional = kinds.index("?")
            kinds = kinds[:optional] + (kinds[optional + 1:] if self.rng.random() < 0.7 else [])
        if self.rng.random() < self.mistakes:
            kinds = kinds + [SCALAR] if self.rng.random() < 0.5 else kinds[:-1]
        return f"{name}({', '.join(self.of(kind, depth - 1) for kind in kinds)})"

    def histogram(self, depth):
        """A quantile as people ask for it."""
        name = self.rng.choice(["latency_seconds_bucket", "broken_bucket", "latency_seconds_bucket", "size_bytes"])
        inner = self.any_of({name: 1, f"rate({name}[{self.rng.choice(DURATIONS)}])": 2,
                             f"sum by (le{self.rng.choice(['', ', job', ', kind'])}) (rate({name}[10m]))": 2})
        if self.rng.random() < 0.2:
            return f"histogram_fraction({self.scalar(0)}, {self.scalar(0)}, {inner})"
        if self.rng.random() < 0.1:
            inner = self.vector(depth - 1)
        return f"histogram_quantile({self.scalar(0)}, {inner})"

    def relabelled(self, depth):
        inner = self.of(VECTOR, depth - 1)
        if self.rng.random() < 0.5:
            texts = ", ".join(self.string(0) for _ in range(self.rng.choice([0, 1, 2, 2, 3])))
            return f"label_join({inner}, {self.string(0)}, {self.string(0)}{self.after(texts)})"
        target, value, source, pattern = [self.string(0) for _ in range(4)]
        if self.rng.random() < 0.7:
            source, pattern = self.rng.choice([('"job"', '"(.).*"'), ('"instance"', '"(.+):(.*)"'), ('"code"', '"(4|5).."')])
        return f"label_replace({inner}, {target}, {value}, {source}, {pattern})"

    def informed(self, depth):
        """info(), with a selector of labels or without; of two matchers for the name Prometheus 3.5 dies."""
        inner = self.rng.choice([self.plain(0), self.plain(0), self.of(VECTOR, depth - 1)])
        if self.rng.random() < 0.4:
            return f"info({inner})"
        name = self.rng.choice(['', '', '__name__="target_info",', '__name__=~".*_info",', '__name__="limit",', '__name__=~"size.*",'])
        matcher = self.rng.choice(['version=~".+"', 'version="1.0"', 'version=~".*",job=~".+"', 'kind=~".+"', self.matcher(), self.matchers()])
        return f"info({inner}, {{{name}{matcher}}})"

    def aggregation(self, depth):
        if self.rng.random() < 0.08:
            op, parameter = "count_values", f"{self.string(0)}, "
        elif self.rng.random() < 0.35:
            op, parameter = self.rng.choice(self.aggregations), f"{self.scalar(self.rng.choice([0, 0, 0, 1]))}, "
        else:
            op, parameter = self.rng.choice(AGGREGATIONS), ""
        if self.rng.random() < self.mistakes:
            parameter = "" if parameter else "1, "
        op = op.upper() if self.rng.random() < 0.03 else op
        inner, by = f"({parameter}{self.of(VECTOR, depth - 1)})", self.grouping()
        return self.rng.choice([f"{op}{by}{inner}", f"{op} {inner}{by}"]) if by else f"{op}{inner}"

    def grouping(self):
        if self.rng.random() < 0.3:
            return ""
        return f" {self.rng.choice(['by', 'by', 'without'])} ({self.names()}) "

    def names(self, most=3):
        names = self.rng.sample(list(LABELS)[:8] + ["__name__", "host.name"], self.rng.randrange(most + 1))
        return ", ".join(self.name(name) for name in names) + (self.rng.choice(["", "", ","]) if names else "")

    # operators

    def binary(self, depth):
        how = self.rng.random()
        if how < 0.35:
            return self.matched(depth)
        left, right = self.rng.choice([(VECTOR, SCALAR), (SCALAR, VECTOR), (VECTOR, VECTOR)])
        kind = self.rng.choice([ARITHMETIC, ARITHMETIC, COMPARISONS, SETS if left == right else COMPARISONS])
        if self.rng.random() < self.mistakes:
            kind = SETS
        wants_bool = self.rng.random() < (0.3 if kind is COMPARISONS else self.mistakes)
        return self.joined(self.of(left, depth - 1), self.rng.choice(kind) + (" bool" if wants_bool else ""),
                           self.of(right, depth - 1))

    def joined(self, left, op, right):
        if self.rng.random() < 0.3:
            left = f"({left})"
        if self.rng.random() < 0.3:
            right = f"({right})"
        return f"{left} {op}{self.space()} {right}"

    def matched(self, depth):
        """Two vectors that have something to do with each other, most of the time."""
        left, right, on = self.rng.choice([
            ("http_requests_total", "up", "job, instance"), ("up", "target_info", "job, instance"), ("up", "limit", "job"),
            ("temperature_celsius", "limit", "job"), ("queue_length", "temperature_celsius", "job, instance"),
            ("latency_seconds_sum", "latency_seconds_count", "job, instance"), ("tied", "tied", "i"), ("tied", "tied", "group"),
            ("odd", "limit", "job"), ("cpu_seconds_total", "cpu_seconds_total", "cpu, mode, instance"),
            ("size_bytes", "size_bytes", "kind, job"), ("size_bytes", "limit", "job"),
            (self.vector(depth - 1), self.vector(depth - 1), self.names())])
        left, right = self.wrapped(left, on), self.wrapped(right, on)
        kind = self.rng.choice([ARITHMETIC, ARITHMETIC, COMPARISONS, SETS])
        op = self.rng.choice(kind) + (" bool" if kind is COMPARISONS and self.rng.random() < 0.4 else "")
        matching = ""
        if self.rng.random() < 0.85:
            matching = f" {self.rng.choice(['on', 'on', 'on', 'ignoring'])} ({on if self.rng.random() < 0.9 else self.names()})"
            if self.rng.random() < (self.mistakes if kind is SETS else 0.6):
                include = self.rng.choice(["", " ()", f" ({self.names(2)})", " (version)"])
                matching += f" {self.rng.choice(['group_left', 'group_left', 'group_right'])}{include}"
        return self.joined(left, op + matching, right)

    def wrapped(self, text, on):
        return self.any_of({text: 6, f"sum by ({on}) ({text})": 2, f"rate({text}[5m])" if text.isidentifier() else text: 2,
                            f"max without (code) ({text})": 1})

    # the other types

    def scalar(self, depth):
        if depth <= 0:
            return self.rng.choice(NUMBERS)
        return self.any_of({
            lambda: self.rng.choice(NUMBERS): 4,
            lambda: self.rng.choice(["time()", "pi()"]): 1,
            lambda: f"scalar({self.of(VECTOR, depth - 1)})": 2,
            lambda: f"({self.of(SCALAR, depth - 1)})": 1,
            lambda: f"-{self.of(SCALAR, depth - 1)}": 1,
            lambda: self.joined(self.of(SCALAR, depth - 1), self.rng.choice(
                ARITHMETIC + [f"{c} bool" for c in COMPARISONS]), self.of(SCALAR, depth - 1)): 2})()

    def matrix(self, depth):
        if depth <= 0 or self.rng.random() < 0.65:
            return f"{self.selector()}[{self.rng.choice(DURATIONS)}]{self.shift()}"
        inner = self.of(VECTOR, depth - 1)
        return f"({inner})[{self.rng.choice(DURATIONS)}:{self.rng.choice(STEPS)}]{self.shift()}"

    def string(self, _):
        text = self.rng.choice(TEXTS)
        return self.rng.choice([f'"{text}"', f'"{text}"', f"'{text}'"])

    def torn(self, text):
        """A character less, one too many, two changed places, a piece twice, or cut off."""
        at = self.rng.randrange(len(text) + 1)
        piece = text[at:at + self.rng.randrange(1, 8)]
        return self.rng.choice([
            text[:at] + text[at + 1:], text[:at] + self.rng.choice("(){}[],:@\"'`+-*=~!<>5a \\e$ü;") + text[at:],
            text[:at] + piece + text[at:], text[:at] + text[at + len(piece):], text[:at],
            text[:at] + self.rng.choice([" by ", " offset ", "[5m]", " @ ", " bool ", " and ", "sum", " on (job) ", "{}", "[5m:]",
                                         " group_left ", "rate", " NaN ", "()"]) + text[at:]])
