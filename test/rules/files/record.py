#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Record which of the rule files here Prometheus takes: *.yaml -> recorded.json.

usage: record.py PROMTOOL

What it says about those that it refuses is recorded too, for people; files_test.py compares only whether.
"""
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent


def main():
    promtool = str(pathlib.Path(sys.argv[1]).resolve())
    rows = {}
    for path in sorted(HERE.glob("*.yaml")):
        done = subprocess.run(
            [promtool, "check", "rules", path.name], cwd=HERE, capture_output=True, text=True, timeout=60, check=False
        )
        rows[path.name] = {"taken": done.returncode == 0, "says": (done.stdout + done.stderr).split("\n")[1:]}
    (HERE / "recorded.json").write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
    print(f"{len(rows)} files, {sum(row['taken'] for row in rows.values())} of them taken")


if __name__ == "__main__":
    main()
