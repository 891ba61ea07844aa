#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""doc/lab.schema.json, as an editor uses it: takes what is right and marks what is wrong.

usage: schema.py ROOT     of the project
"""
import json
import pathlib
import sys

import jsonschema
import yaml

# Wrong in a way that a schema can see: the key or value that is marked, by its path.
MARKED = {
    "unknown-keys.yaml": ["sites", "dublin"],
    "later.yaml": ["pools"],
    "bare.yaml": [],
    "list.yaml": [],
    "heartbeats.yaml": ["heartbeats", "both"],
    "sites.yaml": ["sites", "mumbai"],
}


def main():
    root = pathlib.Path(sys.argv[1])
    schema = json.loads((root / "doc/lab.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    failed = []
    for name in ("complete.yaml", "design.yaml"):
        document = yaml.safe_load((root / "test/lab" / name).read_text())
        failed += [f"{name}: {e.json_path}: {e.message}" for e in validator.iter_errors(document)]
    for name, path in MARKED.items():
        document = yaml.safe_load((root / "test/lab/wrong" / name).read_text())
        if path not in [list(e.absolute_path) for e in validator.iter_errors(document)]:
            failed.append(f"{name}: nothing is marked at {path}")
    print("\n".join(failed) or f"{2 + len(MARKED)} files: the schema takes the right and marks the wrong")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
