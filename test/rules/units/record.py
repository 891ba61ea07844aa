#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make unit tests of rules out of chance and what Prometheus makes of it.

usage: record.py PROMTOOL [SEED]...     writes random-SEED.rules.yaml and random-SEED.test.yaml beside this file
       record.py PROMTOOL --against DIARCHY COUNT [FIRST]    compares so many live, and keeps none

Rules and series are random: `for`, `keep_firing_for`, labels that are templates, gaps, ends, limits.  promtool is first asked
what fires and what is recorded with nothing expected; what it answers becomes the expectation, and promtool must then
pass.  `diarchy rules test` has to pass the same file (files_test.py).
"""
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
QUOTED = r'"((?:[^"\\]|\\.)*)"'


def unquote(text):
    def escape(found):
        code = found[1]
        return chr(int(code[1:], 16)) if code[0] in "xuU" else ESCAPES.get(code, code)

    return re.sub(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|.)", escape, text)


def series_values(rng):
    parts = []
    for _ in range(rng.randint(1, 5)):
        parts.append(
            rng.choice(
                [
                    lambda: str(rng.randint(-3, 9)),
                    lambda: f"{rng.randint(0, 4)}x{rng.randint(1, 6)}",
                    lambda: f"{rng.randint(-2, 3)}+{rng.randint(1, 3)}x{rng.randint(1, 5)}",
                    lambda: f"_x{rng.randint(1, 7)}",
                    lambda: "stale",
                    lambda: f"{rng.choice([0.1, 1.5, 1e6, 123456.789])}",
                ]
            )()
        )
    return " ".join(parts)


def expression(rng):
    return rng.choice(
        [
            "m > {n}",
            "m >= {n} < 5",
            "m == {n}",
            "sum by (job) (m) > {n}",
            "sum(m)",
            "count by (job, inst) (m)",
            "rate(m[{d}])",
            "max_over_time(m[{d}])",
            "m unless n",
            "m and on (inst) n > {n}",
            'absent(m{{inst="{n}"}})',
            "rec{n}",
            "rec1 > 0",
            'ALERTS{{alertstate="firing"}}',
            "avg_over_time(sum(m)[{d}:])",
            "m * on (inst) group_left n",
            "vector({n}) > 1",
            "vector(time()) > 120",
        ]
    ).format(n=rng.randint(0, 3), d=rng.choice(["1m", "90s", "3m"]))


TEXTS = [
    "plain",
    "{{ $value }}",
    "{{ $labels.inst }} at {{ $value | humanize }}",
    "{{ $labels.job | toUpper }}{{ if gt $value 2.0 }}!{{ end }}",
    "{{ range query \"m\" | sortByLabel \"inst\" }}{{ .Labels.inst }}={{ .Value }},{{ end }}",
    "{{ $labels.nothing }}",
    "{{ printf \"%.2f\" $value }} {{ $externalLabels.site }}",
    "{{ with query \"n\" }}{{ . | sortByLabel \"inst\" | first | value }}{{ end }}",
    "{{ slice $labels.job 9 }}",
    "{{ humanizeDuration $value }} {{ humanizePercentage $value }}",
]


def rule(rng, index):
    if rng.random() < 0.4:
        made = {"record": f"rec{rng.randint(0, 3)}", "expr": expression(rng)}
        if rng.random() < 0.4:
            made["labels"] = {rng.choice(["job", "extra"]): rng.choice(["", "x", "{{ $value }}"])}
        return made
    made = {"alert": rng.choice(["A", "B", f"C{index}"]), "expr": expression(rng)}
    if rng.random() < 0.6:
        made["for"] = rng.choice(["30s", "1m", "2m", "0s", "5m"])
    if rng.random() < 0.4:
        made["keep_firing_for"] = rng.choice(["1m", "90s", "3m"])
    if rng.random() < 0.6:
        made["labels"] = {rng.choice(["severity", "job", "inst"]): rng.choice(TEXTS) for _ in range(rng.randint(1, 2))}
    if rng.random() < 0.6:
        made["annotations"] = {rng.choice(["summary", "text"]): rng.choice(TEXTS) for _ in range(rng.randint(1, 2))}
    return made


def make(seed):
    rng = random.Random(seed)
    groups = []
    for g in range(rng.randint(1, 3)):
        group = {"name": f"g{g}", "rules": [rule(rng, i) for i in range(rng.randint(1, 4))]}
        if rng.random() < 0.2:
            group["labels"] = {"team": rng.choice(["a", "{{ $value }}"])}
        if rng.random() < 0.2:
            group["query_offset"] = rng.choice(["30s", "1m"])
        groups.append(group)
    series = [
        {"series": f'{name}{{inst="{i}", job="{rng.choice(["a", "b"])}"}}', "values": series_values(rng)}
        for name in ("m", "n")
        for i in range(rng.randint(1, 3))
    ]
    times = sorted(rng.sample(range(0, 600, 30), 5))
    names = sorted({r["alert"] for group in groups for r in group["rules"] if "alert" in r})
    metrics = ["ALERTS", "ALERTS_FOR_STATE", "rec0", "rec1", "rec2", "rec3"]
    test = {
        "rule_files": [f"random-{seed}.rules.yaml"],
        "evaluation_interval": rng.choice(["30s", "1m", "45s"]),
        "group_eval_order": [group["name"] for group in groups],
        "tests": [
            {
                "interval": rng.choice(["30s", "1m", "20s"]),
                "external_labels": {"site": "dublin"},
                "input_series": series,
                "alert_rule_test": [
                    {"eval_time": f"{t}s", "alertname": name, "exp_alerts": []} for t in times for name in names
                ],
                "promql_expr_test": [
                    {"expr": metric, "eval_time": f"{t}s", "exp_samples": []} for t in times[-2:] for metric in metrics
                ],
            }
        ],
    }
    return {"groups": groups}, test


def run(program, folder, *arguments):
    done = subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def seconds(text):
    units = {"h": 3600, "m": 60, "s": 1}
    return sum(int(n) * units[u] for n, u in re.findall(r"(\d+)([hms])", text))


def labels_of(text):
    return {name.strip('"'): unquote(value) for name, value in re.findall(rf'("[^"]+"|[a-zA-Z_]\w*)={QUOTED}', text)}


def expect(output, test):
    """Fill in what promtool says that it got; False when a rule failed, which can't be expected."""
    if "rule: " in output:
        return False
    group = test["tests"][0]
    for block in re.findall(r"alertname: .*?(?=\n    alertname: |\n    expr: |\Z)", output, re.S):
        name, time = re.match(r"alertname: (\S+), time: (\S+),", block).groups()
        case = next(
            c
            for c in group["alert_rule_test"]
            if c["alertname"] == name and seconds(c["eval_time"]) == seconds(time) and not c["exp_alerts"]
        )
        for labels, annotations in re.findall(r"Labels:(\{.*?\})\n\s*Annotations:(\{.*?\})(?=,?\n)", block, re.S):
            case["exp_alerts"].append({"exp_labels": labels_of(labels), "exp_annotations": labels_of(annotations)})
    for expr, time, got in re.findall(rf"expr: {QUOTED}, time: (\S+),\n\s*exp: nil\n\s*got: (.*)", output):
        case = next(
            c for c in group["promql_expr_test"] if c["expr"] == expr and seconds(c["eval_time"]) == seconds(time)
        )
        for labels, value in re.findall(r"(\{(?:[^\"{}]|\"(?:[^\"\\]|\\.)*\")*\}) (\S+?)(?:,|$)", got):
            case["exp_samples"].append({"labels": labels, "value": float(value)})
    return True


def record(promtool, folder, seed):
    """The test with what promtool expects; None when there is none to be had."""
    rules, test = make(seed)
    rules_file, test_file = folder / f"random-{seed}.rules.yaml", folder / f"random-{seed}.test.yaml"
    rules_file.write_text(json.dumps(rules, indent=1) + "\n")
    test_file.write_text(json.dumps(test))
    status, output = run(promtool, folder, "test", "rules", test_file.name)
    if status != 0 and not expect(output, test):
        return None
    test_file.write_text(json.dumps(test, indent=1).replace("NaN", ".nan").replace("Infinity", ".inf") + "\n")
    status, output = run(promtool, folder, "test", "rules", test_file.name)
    return test_file if status == 0 else None


def failures(output):
    """The rules that couldn't be evaluated, and why: promtool's output or ours."""
    theirs = re.findall(r"^ *rule: (\S+), time: (\S+), err: (.*)$", output, re.M)
    ours = re.findall(r"^ *FAILED \S+ rule (\S+), at (\S+): (.*)$", output, re.M)
    return sorted((name, seconds(time), why) for name, time, why in theirs + ours)


def compare(promtool, diarchy, seeds):
    n_passing = n_failing = differ = 0
    for seed in seeds:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            made = record(promtool, folder, seed)
            test = f"random-{seed}.test.yaml"
            status, output = run(diarchy, folder, "rules", "test", test)
            if made:
                n_passing += 1
                good = status == 0
            else:
                n_failing += 1
                expected = run(promtool, folder, "test", "rules", test)[1]
                theirs, ours = failures(expected), failures(output)
                # The storage's own errors say more there: the values.
                good = len(theirs) == len(ours) > 0 and all(
                    a[:2] == b[:2] and a[2].startswith(b[2]) for a, b in zip(theirs, ours)
                )
                output += "" if good else f"promtool: {expected}"
            if not good:
                differ += 1
                print(f"seed {seed}:\n{output}")
    print(f"{n_passing} tests that promtool passes, {n_failing} whose rules fail there; {differ} are otherwise here")
    return 1 if differ else 0


def main():
    promtool = str(pathlib.Path(sys.argv[1]).resolve())
    if len(sys.argv) > 3 and sys.argv[2] == "--against":
        first = int(sys.argv[5]) if len(sys.argv) > 5 else 1
        seeds = range(first, first + int(sys.argv[4]))
        return compare(promtool, str(pathlib.Path(sys.argv[3]).resolve()), seeds)
    for seed in sys.argv[2:] or ["1"]:
        print(record(promtool, HERE, int(seed)) or f"seed {seed}: promtool passes none")
    return 0


if __name__ == "__main__":
    sys.exit(main())
