# SPDX-License-Identifier: Apache-2.0
"""Our parser and engine as a process: series in a file, queries in lines."""
import json
import math
import pathlib
import subprocess
import tempfile

from dataset import STALE, value_of


def written(value):
    """A sample's value as eval_main.c reads it."""
    if isinstance(value, dict):
        return value
    if value == STALE:
        return "stale"
    number = value_of(value)
    return "NaN" if math.isnan(number) else repr(number)


def line_of(series):
    return json.dumps({"labels": dict(series.labels), "samples": [[t, written(v)] for t, v in series.samples]})




class Ours:
    """`with Ours(program, series) as ours: ours.answer(query)`"""

    def __init__(self, program, all_series, experimental=False):
        self.argv = [program, "", *(["--experimental"] if experimental else [])]
        self.all_series, self.process, self.file = all_series, None, None

    def __enter__(self):
        self.file = tempfile.NamedTemporaryFile("w", prefix="diarchy-differential-", suffix=".jsonl")
        self.file.writelines(line_of(series) + "\n" for series in self.all_series)
        self.file.flush()
        self.argv[1] = self.file.name
        self.begin()
        return self

    def begin(self):
        self.process = subprocess.Popen(self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.kill()
        self.process.wait()
        self.file.close()

    def answer(self, query):
        line = json.dumps({"query": query.text, "start": query.start_ms, "end": query.end_ms, "step": query.step_ms})
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            found = self.process.stdout.readline()
        except BrokenPipeError:
            found = ""
        if not found:
            status = self.process.wait()
            self.begin()
            return {"status": "error", "errorType": "crash", "error": f"{pathlib.Path(self.argv[0]).name} ended with {status}"}
        return json.loads(found)
