#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""nix/: what the module makes of its options, and that the package asks for what Meson asks for.

usage: nix_test.py ROOT     of the project
nix-instantiate evaluates the real files with a stand-in for nixpkgs (nixpkgs_standin.nix).
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

# What Meson calls a library, and what nixpkgs calls the package that has it.
PACKAGES = {
    "cmocka": "cmocka", "gnutls": "gnutls", "hogweed": "nettle", "jansson": "jansson",
    "libcares": "c-ares", "libcrypt": "libxcrypt", "libcurl": "curl",
    "libmicrohttpd": "libmicrohttpd", "libpcre2-8": "pcre2", "libuv": "libuv", "libdeflate": "libdeflate", "libxxhash": "xxHash",
    "nettle": "nettle",
    "sqlite3": "sqlite", "yaml-0.1": "libyaml", "zlib": "zlib",
}
SETTINGS = """{
  site = { enable = true; labFile = "/lab/lab.yaml"; keyFile = "/run/key";
           credentials = { hook = "/run/hook"; }; };
  watcher = { enable = true; package = "/other"; labFile = "/w/lab.yaml"; keyFile = "/run/w"; };
}"""


def evaluate(root, settings):
    text = (f"import {root}/test/nix/nixpkgs_standin.nix {{ module = {root}/nix/module.nix; "
            f"package = {root}/nix/package.nix; settings = {settings}; }}")
    with tempfile.TemporaryDirectory() as state:
        there = {**os.environ, "NIX_STATE_DIR": state, "NIX_STORE_DIR": state + "/store",
                 "NIX_LOG_DIR": state, "NIX_CONF_DIR": state, "HOME": state}
        done = subprocess.run(
            ["nix-instantiate", "--eval", "--strict", "--json", "--readonly-mode", "-E", text],
            capture_output=True, text=True, env=there, timeout=60)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def asked_of_meson(root):
    names = set()
    for file in [root / "meson.build", *root.glob("src/**/meson.build")]:
        names |= set(re.findall(r"dependency\('([^']+)'", file.read_text()))
    return names


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    failed = []

    def expect(what, is_value, value):
        if is_value != value:
            failed.append(f"{what}: {is_value!r}, not {value!r}")

    systemd = evaluate(root, SETTINGS)["systemd"]
    site = systemd["services"]["diarchy"]
    watcher = systemd["services"]["diarchy-watch"]
    expect("packages", systemd["packages"], ["/diarchy", "/other"])
    for unit in (site, watcher):
        expect("wantedBy", unit["wantedBy"], ["multi-user.target"])
    service = site["serviceConfig"]
    expect("site", service["ExecStart"], ["", "/diarchy/bin/diarchy serve --lab /lab/lab.yaml"])
    expect("reload", service["ExecReload"], ["", "/coreutils/bin/kill -HUP $MAINPID"])
    expect("secrets", service["LoadCredential"], ["", "diarchy-key:/run/key", "hook:/run/hook"])
    service = watcher["serviceConfig"]
    expect("watcher", service["ExecStart"], ["", "/other/bin/diarchy watch --lab /w/lab.yaml"])
    expect("secrets", service["LoadCredential"], ["", "diarchy-key:/run/w"])
    # The units that the module leans on are those that the package installs.
    for name in systemd["services"]:
        expect(f"dist/{name}.service.in", (root / f"dist/{name}.service.in").exists(), True)

    nothing = evaluate(root, "{ }")
    expect("nothing enabled", nothing["systemd"], {})
    inputs = set(nothing["package"]["buildInputs"])
    asked = asked_of_meson(root)
    expect("libraries without a name in nixpkgs", sorted(asked - set(PACKAGES)), [])
    expect("libraries that package.nix forgets",
           sorted({PACKAGES[name] for name in asked if name in PACKAGES} - inputs), [])
    print("\n".join(failed) or f"the module and {len(inputs)} libraries of the package are right")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
