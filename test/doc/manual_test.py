#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The manual is true: its lab.yaml is accepted, its commands are commands, its links lead somewhere.

usage: manual_test.py DIARCHY ROOT     the program; the project

```yaml blocks are checked by `diarchy check`: whole files as they are, parts within the lab of
test/doc/around.yaml; those that begin with `groups:` by `diarchy rules check`.  Each line of a ```sh
block, and each indented one that calls us, is run where no site answers: whatever it may say, it
mustn't be that it was called wrongly.
"""
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

import yaml

USAGE = 64  # the exit status of a command that was called wrongly
RUNS_ON = ("serve", "watch", "demo")  # these don't end by themselves: only their words are looked at

failed = []


def fail(page, what):
    failed.append(f"{page.name}: {what}")


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


def check_lab(program, page, block, root):
    lab = yaml.safe_load(block)
    if "lab" not in lab:
        lab = {**yaml.safe_load((root / "test/doc/around.yaml").read_text()), **lab}
        block = yaml.safe_dump(lab, sort_keys=False)
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "lab.yaml")
        file.write_text(block)
        for name in ("alertmanager.yml", "blackbox.yml", "prometheus.yml"):
            pathlib.Path(folder, name).write_text((root / "test/lab" / name).read_text())
        done = subprocess.run([program, "check", str(file)], capture_output=True, text=True,
                              timeout=120)
    if done.returncode:
        fail(page, done.stdout + done.stderr)


def check_rules(program, page, block):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(block)
        file.flush()
        done = subprocess.run([program, "rules", "check", file.name], capture_output=True, text=True,
                              timeout=120)
    if done.returncode:
        fail(page, done.stdout + done.stderr)


def check_command(program, page, line, root):
    words = shlex.split(line.split(" < ")[0], comments=True)
    if not words:
        return
    if words[0] != "diarchy":
        fail(page, f"not a command of ours: {line}")
        return
    words = words[1:] + (["--help"] if words[1] in RUNS_ON else [])
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "lab.yaml").write_text((root / "test/doc/around.yaml").read_text())
        done = subprocess.run([program, *words], cwd=folder, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=120)
    if done.returncode == USAGE:
        fail(page, f"{line}\n{done.stderr}")


def check_links(page, text):
    for place in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if "://" not in place and not (page.parent / place).exists():
            fail(page, f"the link to {place} leads nowhere")


def main():
    program, root = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2])
    labs = commands = 0
    for page in [root / "README.md", *sorted((root / "doc").glob("**/*.md")),
                 *sorted(root.glob("examples/*/README.md"))]:
        text = page.read_text()
        check_links(page, text)
        for line in re.findall(r"^    (?:sudo )?(diarchy .*)$", text, re.M):
            check_command(program, page, line.replace("/etc/diarchy/", ""), root)
            commands += 1
        if page.parent.name != "manual":
            continue
        for block in blocks(text, "yaml"):
            if block.startswith("groups:"):
                check_rules(program, page, block)
            else:
                check_lab(program, page, block, root)
            labs += 1
        for line in "".join(blocks(text, "sh")).splitlines():
            check_command(program, page, line, root)
            commands += 1
    if not labs or not commands:
        failed.append("the manual has no examples")
    print("\n".join(failed) or f"{labs} pieces of lab.yaml and {commands} commands are right")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
