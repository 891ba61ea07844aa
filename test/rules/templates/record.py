#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Record what Prometheus makes of templates: cases.txt -> recorded.json.

usage: record.py PROMTOOL            bench/peers/get.sh promtool promtool   prints where it is

A case is a line of cases.txt (\\n in it is a line break); lines that begin with # are comments.  Each becomes the
annotation of an alert in a unit test that expects nothing, so that promtool shows what it got.
src/core/template/template_test.c holds our own expansions against the result, with the same data.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
SERIES = [
    ('up{instance="web1.example.com:9090", job="node"}', "1"),
    ('up{instance="web2.example.com:9090", job="node"}', "0"),
    ('up{instance="[2001:db8::1]:9100", job="db"}', "0.5"),
    ('load{host="<a&b>", path="/x y"}', "1234567.891"),
]
ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def unquote(text):
    """A Go string literal without its quotes."""

    def escape(found):
        code = found[1]
        if code[0] in "xuU":
            return chr(int(code[1:], 16))
        return ESCAPES.get(code, code)

    return re.sub(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|.)", escape, text)


def rule(number, template):
    return {"alert": "T", "expr": 'load{host="<a&b>"}', "labels": {"n": str(number)}, "annotations": {"t": template}}


def run(promtool, folder, *arguments):
    done = subprocess.run([promtool, *arguments], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    return done.stdout + done.stderr


def refusals(promtool, folder, cases):
    """By case: why the file is refused."""
    groups = [{"name": "g", "rules": [rule(i, case) for i, case in enumerate(cases)]}]
    (folder / "rules.yaml").write_text(json.dumps({"groups": groups}))
    output = run(promtool, folder, "check", "rules", "rules.yaml")
    pattern = r'^rules\.yaml: (?:\d+:\d+: )?group "g", rule (\d+), "T": annotation "t": (.*?)(?=\nrules\.yaml: |\n\n|\Z)'
    return {int(number) - 1: why.strip("\n") for number, why in re.findall(pattern, output, re.S | re.M)}


def expansions(promtool, folder, cases, numbers):
    groups = [{"name": "g", "rules": [rule(i, cases[i]) for i in numbers]}]
    (folder / "rules.yaml").write_text(json.dumps({"groups": groups}))
    test = {
        "rule_files": ["rules.yaml"],
        "tests": [
            {
                "external_labels": {"site": "dublin", "zone": "eu"},
                "external_url": "https://prom.example.net/prefix/",
                "input_series": [{"series": series, "values": values} for series, values in SERIES],
                "alert_rule_test": [{"eval_time": "0m", "alertname": "T", "exp_alerts": []}],
            }
        ],
    }
    (folder / "test.yaml").write_text(json.dumps(test))
    output = run(promtool, folder, "test", "rules", "test.yaml")
    quoted = r'"((?:[^"\\]|\\.)*)"'
    pattern = rf'Labels:\{{[^\n]*\bn="(\d+)"[^\n]*\}}\n\s*Annotations:\{{t={quoted}\}}'
    got = {int(number): unquote(text) for number, text in re.findall(pattern, output)}
    if set(got) != set(numbers):
        raise SystemExit(f"promtool shows {len(got)} of {len(numbers)}; {output[:2000]}")
    return got


def main():
    promtool = str(pathlib.Path(sys.argv[1]).resolve())
    lines = (HERE / "cases.txt").read_text().splitlines()
    cases = [line.replace("\\n", "\n") for line in lines if line and not line.startswith("#")]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        refused = refusals(promtool, folder, cases)
        numbers = [i for i in range(len(cases)) if i not in refused]
        got = expansions(promtool, folder, cases, numbers)
    rows = [
        {"template": case, "refused": refused[i]} if i in refused else {"template": case, "text": got[i]}
        for i, case in enumerate(cases)
    ]
    text = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (HERE / "recorded.json").write_text(f"[\n{text}\n]\n")
    print(f"{len(rows)} templates, {len(refused)} of them refused")


if __name__ == "__main__":
    main()
