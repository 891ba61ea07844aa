# SPDX-License-Identifier: Apache-2.0
"""A fake site: answers the API's questions (doc/api.md) from files beside this one, and remembers what it
was told.  It judges nothing; a test sets what it answers, well-formed or not."""
import base64
import hashlib
import http.server
import json
import pathlib
import struct
import subprocess
import tempfile
import threading
import time
import urllib.parse

HERE = pathlib.Path(__file__).parent
ROOT = "/api/lab/v1/"


def fixture(name):
    return json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))


class Site:
    """answers: {"status": object, bytes, or (code, object or bytes)}, by path below ROOT."""

    def __init__(self):
        self.answers = {}
        self.events = []  # oldest first, as /events hands them out
        self.requests = []  # (method, path and query, headers, body)
        self.streams = []  # [(event, object), ...] for each connection to come
        self.delay = 0
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.handle_error = lambda *_: None  # clients may hang up when they have had enough
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def close(self):
        if not self.thread.is_alive():
            return
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def handler(self):
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            server_version = "fake-site"

            def log_message(self, *_):
                pass

            def do_GET(self):
                site.handle(self)

            do_POST = do_DELETE = do_GET

        return Handler

    def handle(self, request):
        length = int(request.headers.get("Content-Length") or 0)
        body = request.rfile.read(length)
        self.requests.append((request.command, request.path, dict(request.headers), body))
        time.sleep(self.delay)
        path, _, query = request.path.removeprefix(ROOT).partition("?")
        if path == "stream":
            self.stream(request)
        elif path == "events" and "events" not in self.answers:
            self.answer(request, self.page(dict(urllib.parse.parse_qsl(query))))
        else:
            missing = (404, {"error": "NOT_FOUND", "text": f"the fake site has no '{path}'"})
            self.answer(request, self.answers.get(path, missing))

    def answer(self, request, what):
        code, what = what if isinstance(what, tuple) else (200, what)
        body = what if isinstance(what, bytes) else json.dumps(what).encode()
        request.send_response(code)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def page(self, query):
        """Newest first, below the cursor; the cursor of an event is its place in the list, from 1."""
        kinds = query["kind"].split(",") if "kind" in query else None
        limit, before = int(query["limit"]), int(query.get("before", len(self.events) + 1))
        found = []
        for cursor in range(before - 1, 0, -1):
            event = self.events[cursor - 1]
            if kinds and event["kind"] not in kinds:
                continue
            if "since" in query and event["wall"] < query["since"]:
                continue
            found.append({**event, "cursor": str(cursor)})
        more = found[limit - 1]["cursor"] if len(found) >= limit else None
        return {"events": found[:limit], "next": more}

    def stream(self, request):
        request.send_response(200)
        request.send_header("Content-Type", "text/event-stream")
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        for name, data in self.streams.pop(0) if self.streams else []:
            text = f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()
            half = len(text) // 2  # what belongs together need not arrive together
            for part in (text[:half], text[half:]):
                request.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
                request.wfile.flush()
        request.close_connection = True


class Writer:
    """Writes chains as src/core/journal/event.h describes them, with an Ed25519 key of its own."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.key = f"{self.folder.name}/key.pem"
        self.openssl("genpkey", "-algorithm", "ed25519", "-out", self.key)
        der = self.openssl("pkey", "-in", self.key, "-pubout", "-outform", "DER")
        self.public = der[-32:]
        self.heads = {}
        self.hlc = 1 << 40

    @staticmethod
    def openssl(*arguments, data=None):
        return subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=True).stdout

    def sign(self, digest):
        path = f"{self.folder.name}/digest"
        pathlib.Path(path).write_bytes(digest)
        return self.openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.key, "-in", path)

    def write(self, site, epoch, body, previous=None):
        seq, head = self.heads.get((site, epoch), (0, previous or bytes(32)))
        seq, wall = seq + 1, 1795457303000 + seq
        self.hlc += 1
        text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
        content = (
            b"diarchy.event.1\0" + site.encode() + b"\0" + struct.pack("<QQQq", epoch, seq, self.hlc, wall)
            + b"note\0x\0" + text.encode() + b"\0" + head
        )  # fmt: skip
        digest = hashlib.sha256(content).digest()
        self.heads[site, epoch] = (seq, digest)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(wall // 1000)) + f".{wall % 1000:03d}Z"
        return {
            "site": site, "epoch": epoch, "seq": seq, "hlc": self.hlc, "wall": stamp, "kind": "note",
            "subject": "x", "body": body, "previous": head.hex(), "hash": digest.hex(),
            "signature": base64.b64encode(self.sign(digest)).decode(), "text": "somebody wrote: x",
        }  # fmt: skip
