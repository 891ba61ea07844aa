# SPDX-License-Identifier: Apache-2.0
"""A service to watch: answers every HTTP request with `pong`.  usage: service.py HOST PORT"""
import socket
import sys

PONG = b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\npong"

listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind((sys.argv[1], int(sys.argv[2])))
listener.listen(128)
while True:
    caller, _ = listener.accept()
    with caller:
        caller.settimeout(2)
        try:
            caller.recv(65536)
            caller.sendall(PONG)
        except OSError:
            pass  # the caller went away: its own affair
