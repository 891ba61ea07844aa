# SPDX-License-Identifier: Apache-2.0
"""Asks an HTTP API over one kept connection and takes the time, with as little of its own in that time as can be.

http.client spends 0.1 ms on a request and an answer's headers, as much as a small query takes; here the time is from the
first byte sent to the last one received, and everything that Python does about them stays outside.  So does the memory
for the answer, which the kernel would give page by page while the clock runs, for as much as a small query's evaluation.
"""
import re
import socket
import time
import urllib.parse

from lab import Trouble

TIMEOUT_S = 120
ROOM_BYTES = 16 << 20  # of most answers; more is made when it is needed
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
LAST_CHUNK = b"\r\n0\r\n\r\n"


class Asker:
    def __init__(self, address):
        self.host = "%s:%d" % address
        self.socket = socket.create_connection(address, TIMEOUT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.room = bytearray(b"x" * ROOM_BYTES)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def form(self, path, **parameters):
        """(seconds, the bytes of an answer of the API)."""
        body = urllib.parse.urlencode(parameters, doseq=True).encode()
        request = (f"POST /api/v1/{path} HTTP/1.1\r\nHost: {self.host}\r\nContent-Length: {len(body)}\r\n"
                   "Content-Type: application/x-www-form-urlencoded\r\n\r\n").encode() + body
        begin = time.perf_counter()
        self.socket.sendall(request)
        length = self._receive()
        seconds = time.perf_counter() - begin
        head, text = bytes(memoryview(self.room)[:length]).split(b"\r\n\r\n", 1)
        return seconds, text if LENGTH.search(head + b"\r\n") else dechunked(text)

    def _more(self):
        """How much of an answer there is now, with what has just come."""
        if self.filled == len(self.room):
            self.room.extend(bytes(len(self.room)))
        with memoryview(self.room) as room, room[self.filled:] as free:
            n = self.socket.recv_into(free)
        if not n:
            raise Trouble(f"{self.host} closed the connection in the middle of an answer")
        self.filled += n
        return self.filled

    def _receive(self):
        """An answer, with its length or in chunks, at the beginning of the room: how long it is."""
        self.filled = 0
        got = self._more()
        while (head := self.room.find(b"\r\n\r\n", 0, got) + 4) < 4:
            got = self._more()
        length = LENGTH.search(self.room, 0, head)
        if length:
            end = head + int(length[1])
            while got < end:
                got = self._more()
            return got
        while not self.room.endswith(LAST_CHUNK, 0, got):  # in JSON no line ends with \r\n: it is the last chunk's end
            got = self._more()
        return got


def dechunked(text):
    chunks, at = [], 0
    while True:
        end = text.index(b"\r\n", at)
        size = int(text[at:end], 16)
        if size == 0:
            return b"".join(chunks)
        chunks.append(text[end + 2:end + 2 + size])
        at = end + 2 + size + 2
