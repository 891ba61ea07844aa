# SPDX-License-Identifier: Apache-2.0
"""Ports for programs that a test starts."""
import pathlib
import random
import socket

LEAST = 12000  # below are those of well-known programs
RANGE = pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range")
DICE = random.SystemRandom()  # whatever a test's own dice are
given = set()


def candidates():
    """None that the kernel gives to whoever connects, who would take it before the program does."""
    low, high = map(int, RANGE.read_text(encoding="ascii").split())
    return range(LEAST, low) or range(high + 1, 65536) or range(LEAST, 65536)


def free_port(host="127.0.0.1"):
    """One where nobody listens, and that wasn't given before."""
    while True:
        port = DICE.choice(candidates())
        with socket.socket() as s:
            try:
                s.bind((host, port))
            except OSError:
                continue
        if port not in given:
            given.add(port)
            return port
