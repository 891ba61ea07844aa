#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rule files and unit tests of rules come out as Prometheus' promtool has them.

usage: files_test.py DIARCHY

files/recorded.json says which rule files promtool takes; units/*.test.yaml are tests that it passes, and units/fails/*
tests that it fails.
"""
import json
import pathlib
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).parent


def rules(*arguments):
    done = subprocess.run(
        [DIARCHY, "rules", *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False
    )
    return done.returncode, done.stdout, done.stderr


class Check(unittest.TestCase):
    def test_files_are_taken_and_refused_as_promtool_does(self):
        recorded = json.loads((HERE / "files/recorded.json").read_text())
        self.assertGreater(len(recorded), 30)
        for name, row in recorded.items():
            with self.subTest(name):
                status, output, errors = rules("check", HERE / "files" / name)
                self.assertEqual(status, 0 if row["taken"] else 65, output + errors)

    def test_what_is_refused_is_said_with_its_place(self):
        path = HERE / "files/bad-expression.yaml"
        _, output, _ = rules("check", path)
        self.assertEqual(
            output,
            f"{path}:4:22: error: could not parse expression: 1:11: parse error: unexpected end of input in grouping "
            f"opts, expected \"(\" (group 'a', rule 1, 'A')\n{path}: 1 error\n",
        )

    def test_a_rule_that_is_said_twice_is_a_warning(self):
        path = HERE / "files/good-duplicates.yaml"
        _, output, _ = rules("check", path)
        self.assertIn(f"{path}:5:5: warning: rule 'r' has the name and labels of the one in line 4", output)
        self.assertIn("ok: 2 rules in 1 group\n", output)

    def test_a_file_that_isnt_there_is_an_error(self):
        self.assertEqual(rules("check", HERE / "nothing.yaml")[0], 66)
        self.assertEqual(rules("check")[0], 64)
        self.assertEqual(rules("mend", HERE / "x")[0], 64)


class Test(unittest.TestCase):
    def test_what_promtool_passes_passes(self):
        paths = sorted((HERE / "units").glob("*.test.yaml"))
        self.assertGreater(len(paths), 10)
        status, output, errors = rules("test", *paths)
        self.assertEqual(status, 0, output + errors)

    def test_what_promtool_fails_fails(self):
        paths = sorted((HERE / "units/fails").glob("*.test.yaml"))
        self.assertGreater(len(paths), 3)
        for path in paths:
            with self.subTest(path.name):
                status, output, errors = rules("test", path)
                self.assertNotEqual(status, 0, output + errors)

    def test_what_differs_is_shown(self):
        path = HERE / "units/fails/differs.test.yaml"
        _, output, _ = rules("test", path)
        self.assertEqual(output.replace(str(path), "FILE"), (HERE / "units/fails/differs.txt").read_text())


if __name__ == "__main__":
    DIARCHY = sys.argv.pop(1)
    unittest.main()
