#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The completion scripts in real shells, and the man pages in groff, wherever those are installed.

usage: shells_test.py DIARCHY
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

DIARCHY = os.path.abspath(sys.argv.pop(1))

BASH = """
source "$1"
COMP_WORDS=(diarchy) COMP_LINE=$2 COMP_POINT=${#2}
COMP_WORDBREAKS=$' \\t\\n"\\'><=;|&(:@'
_diarchy
printf '%s\\n' "${COMPREPLY[@]}"
"""

# Stand-ins for zsh's own completion system: they print what they are given.
ZSH = """
compdef() { : }
_describe() { local name=$argv[-1]; print -rl -- ${(P)name} }
_files() { print files $* }
source "$1"
words=(${(s: :)2}); [[ $2 == *' ' ]] && words+=('')
CURRENT=$#words
_diarchy
"""


def run(*argv, **more):
    return subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False, **more)


def needs(program):
    return unittest.skipUnless(shutil.which(program), f"{program} is not installed")


class Shell(unittest.TestCase):
    """Words are completed in a folder of the test's own, where no site and no lab.yaml is."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        path = pathlib.Path(self.folder.name)
        (path / "bin").mkdir()
        (path / "bin/diarchy").symlink_to(DIARCHY)
        (path / "my lab.yaml").touch()
        self.environment = {
            **os.environ,
            "HOME": self.folder.name,
            "PATH": f"{path}/bin:{os.environ['PATH']}",
            "DIARCHY_URL": "http://127.0.0.1:1",
        }

    def script(self, shell):
        path = os.path.join(self.folder.name, f"completion.{shell}")
        with open(path, "w", encoding="utf-8") as out:
            out.write(run(DIARCHY, "completion", shell).stdout)
        return path

    def complete(self, shell, program, line):
        done = run(shell, "-c", program, shell, self.script(shell), line, cwd=self.folder.name, env=self.environment)
        self.assertEqual((done.stderr, done.returncode), ("", 0))
        return done.stdout.splitlines()


@needs("bash")
class Bash(Shell):
    def offered(self, line):
        program = BASH
        return self.complete("bash", "compopt() { :; }\n" + program, line)

    def test_the_script_is_well_formed(self):
        self.assertEqual(run("bash", "-n", self.script("bash")).stderr, "")

    def test_commands_options_and_values_are_offered(self):
        self.assertEqual(self.offered("diarchy sta"), ["status"])
        self.assertEqual(self.offered("diarchy log --fo"), ["--follow"])
        self.assertEqual(self.offered("diarchy completion "), ["bash", "zsh", "fish"])

    def test_what_readline_has_already_taken_is_not_repeated(self):
        self.assertEqual(self.offered("diarchy status --color=a"), ["auto", "always"])

    def test_files_are_the_shells_own_business(self):
        self.assertIn("my lab.yaml", self.offered("diarchy check m"))
        self.assertEqual(self.offered("diarchy serve --state b"), ["bin"])

    @needs("shellcheck")
    def test_shellcheck_finds_nothing(self):
        done = run("shellcheck", "-s", "bash", "-e", "SC2207", self.script("bash"))
        self.assertEqual(done.stdout, "")


@needs("zsh")
class Zsh(Shell):
    def offered(self, line):
        return self.complete("zsh", ZSH, line)

    def test_the_script_is_well_formed(self):
        self.assertEqual(run("zsh", "-n", self.script("zsh")).stderr, "")

    def test_words_are_offered_with_their_meaning(self):
        self.assertEqual(self.offered("diarchy sta"), ["status:the lab at a glance"])
        self.assertEqual(self.offered("diarchy status --color=al"), ["--color=always:"])
        self.assertEqual(self.offered("diarchy serve --state "), ["files -/"])


@needs("fish")
class Fish(Shell):
    def offered(self, line):
        return self.complete("fish", "source $argv[1]; complete -C $argv[2]", line)

    def complete(self, shell, program, line):
        done = run("fish", "-c", program, self.script("fish"), line, cwd=self.folder.name, env=self.environment)
        self.assertEqual(done.stderr, "")
        return done.stdout.splitlines()

    def test_the_script_is_well_formed(self):
        self.assertEqual(run("fish", "-n", self.script("fish")).stderr, "")

    def test_words_are_offered_with_their_meaning(self):
        self.assertEqual(self.offered("diarchy sta"), ["status\tthe lab at a glance"])
        self.assertEqual(self.offered("diarchy log --foll"), ["--follow\tgo on as it happens, until interrupted"])
        self.assertEqual(self.offered("diarchy serve --state b"), ["bin/\tDirectory"])


@needs("groff")
class ManPages(Shell):
    def test_groff_has_nothing_to_say_about_any_page(self):
        self.assertEqual(run(DIARCHY, "man", "--into", self.folder.name).stderr, "")
        pages = sorted(pathlib.Path(self.folder.name).glob("*.1"))
        self.assertGreater(len(pages), 20)
        for page in pages:
            done = run("groff", "-ww", "-man", "-Tutf8", str(page))
            self.assertEqual((page.name, done.stderr), (page.name, ""))
            self.assertIn("User Commands", done.stdout)

    def test_a_page_can_be_printed_by_itself(self):
        self.assertTrue(run(DIARCHY, "man", "when").stdout.startswith(".TH DIARCHY-WHEN 1"))


if __name__ == "__main__":
    unittest.main()
