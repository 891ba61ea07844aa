#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a scrape config says about HTTP, done by a site and by a real Prometheus: proxies, OAuth 2.0, what stands inline.

usage: scrape_http_test.py      BUILD: the build's folder.  Without a Prometheus (bench/peers/get.sh) exit status 77.

The same file goes to both; compared are `up` of each job, and what the exporter, the proxies and the tokens' server saw.
"""
import base64
import collections
import http.server
import json
import os
import pathlib
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
sys.dont_write_bytecode = True

from alone import Diarchy  # noqa: E402
from lab import wait_until, wait_until_holds  # noqa: E402
from peers.servers import Absent, Prometheus, find  # noqa: E402

SECRET = "s3cret&more"
PATIENCE_S = 120  # of a loaded machine


class Served(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, handler):
        super().__init__(("127.0.0.1", 0), handler)
        self.seen = collections.defaultdict(set)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, path=""):
        return f"http://127.0.0.1:{self.server_port}{path}"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body, kind="text/plain; version=0.0.4"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Exporter(Handler):
    """Notes what each path was asked with; /guarded wants a token."""

    def do_GET(self):
        token = self.headers.get("Authorization", "")
        self.server.seen[self.path].add(token)
        if self.path.startswith("/guarded") and not token.startswith("Bearer good-"):
            self.answer(401, b"no\n")
        else:
            self.answer(200, b"here 1\n")


class Proxy(Handler):
    """Passes on what it is asked for."""

    def do_GET(self):
        self.server.seen["asked"].add(urllib.parse.urlsplit(self.path).path)
        headers = {name: value for name, value in self.headers.items() if name.lower() in ("accept", "authorization")}
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(urllib.request.Request(self.path, headers=headers), timeout=60) as found:
            self.answer(found.status, found.read())

    def do_POST(self):
        self.server.seen["posted"].add(urllib.parse.urlsplit(self.path).path)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name: self.headers[name] for name in ("Authorization", "Content-Type") if name in self.headers}
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(urllib.request.Request(self.path, body, headers), timeout=60) as found:
            self.answer(found.status, found.read(), "application/json")

    def do_CONNECT(self):
        self.server.seen["tunnel"].add(self.headers.get("X-Tunnel", ""))
        self.answer(502, b"")


class Tokens(Handler):
    """By header at /header, by form alone at /form; each token is good for 11 s, so that it is soon asked for again."""

    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        scheme, _, coded = self.headers.get("Authorization", "").partition(" ")
        user, _, password = base64.b64decode(coded).decode().partition(":") if scheme == "Basic" else ("", "", "")
        by_header = (urllib.parse.unquote(user), urllib.parse.unquote(password)) == ("me", SECRET)
        by_form = (form.get("client_id"), form.get("client_secret")) == (["me"], [SECRET])
        self.server.seen[self.path].add(json.dumps({k: v for k, v in sorted(form.items()) if k != "client_secret"}))
        if not (by_form if self.path == "/form" else by_header):
            self.answer(401, b'{"error": "invalid_client"}', "application/json")
            return
        self.server.given = getattr(self.server, "given", 0) + 1
        self.answer(200, json.dumps({"access_token": f"good-{self.path[1:]}", "token_type": "bearer",
                                     "expires_in": 11}).encode(), "application/json")


class Scene:
    """Exporter, proxies and tokens' server, for one of the two."""

    def __init__(self):
        self.exporter, self.proxy, self.environment = Served(Exporter), Served(Proxy), Served(Proxy)
        self.tokens = Served(Tokens)

    def job(self, name, path="/metrics", scheme="http", **more):
        return {"job_name": name, "metrics_path": path, "scheme": scheme, **more,
                "static_configs": [{"targets": [f"127.0.0.1:{self.exporter.server_port}"]}]}

    def oauth2(self, path, **more):
        return {"client_id": "me", "client_secret": SECRET, "token_url": self.tokens.url(path), **more}

    def write_files(self, folder):
        """Jobs in files of their own, which name others relative to themselves."""
        (folder / "jobs").mkdir(parents=True)
        (folder / "jobs/more.yml").write_text(json.dumps({"scrape_configs": [
            {**self.job("more", "/more"), "static_configs": [], "file_sd_configs": [{"files": ["targets.json"]}]}]}))
        (folder / "jobs/targets.json").write_text(json.dumps([
            {"targets": [f"127.0.0.1:{self.exporter.server_port}"]}]))

    def config(self):
        proxy = {"proxy_url": self.proxy.url()}
        return {"global": {"scrape_interval": "1s"}, "scrape_config_files": ["jobs/*.yml"],
                "storage": {"exemplars": {"max_exemplars": 5}}, "scrape_configs": [
            self.job("direct"),
            self.job("proxied", "/proxied", **proxy),
            self.job("excepted", "/excepted", no_proxy="10.0.0.0/8,127.0.0.0/8", **proxy),
            self.job("excepted-otherwise", "/other", no_proxy="lan,10.0.0.1", **proxy),
            self.job("environment", "/environment", proxy_from_environment=True),
            self.job("tunnel", scheme="https", proxy_connect_header={"X-Tunnel": ["key"]}, **proxy),
            self.job("token", "/guarded/header", oauth2=self.oauth2("/header", scopes=["read", "write"],
                                                                   endpoint_params={"audience": "a b"})),
            self.job("token-by-form", "/guarded/form", oauth2=self.oauth2("/form")),
            self.job("token-proxied", "/guarded/proxied", oauth2=self.oauth2("/proxied", **proxy)),
            self.job("token-refused", "/guarded/refused", oauth2={**self.oauth2("/refused"), "client_secret": "wrong"}),
            self.job("no-token", "/guarded/none"),
        ]}

    def seen(self):
        return {name: {key: sorted(value) for key, value in getattr(self, name).seen.items()}
                for name in ("exporter", "proxy", "environment", "tokens")}


def ups(server):
    answer = server.api("query", query="up{job!~'diarchy.*|node'}")
    return {s["metric"]["job"]: s["value"][1] for s in answer["data"]["result"]}


def error_of(server, job):
    targets = json.loads(server.ask("GET", "/api/v1/targets?state=active")[1])["data"]["activeTargets"]
    return next(t["lastError"] for t in targets if t["labels"]["job"] == job)


class ScrapeHttp(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="diarchy-scrape-http-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def prometheus(self, scene):
        folder = self.folder / "prometheus"
        scene.write_files(folder)
        return Prometheus(folder, json.dumps(scene.config()))

    def site(self, scene):
        folder = self.folder / "site"
        scene.write_files(folder)
        (folder / "prometheus.yml").write_text(json.dumps(scene.config()))
        return Diarchy(folder, {"prometheus": "prometheus.yml"})

    def run_beside(self, scene, make):
        """Its scrapes of some seconds, with the environment's proxy set."""
        os.environ["HTTP_PROXY"] = os.environ["http_proxy"] = scene.environment.url()
        os.environ["NO_PROXY"] = os.environ["no_proxy"] = "nothing.lan"
        try:
            server = make(scene)
            server.start()
        finally:
            for name in ("HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"):
                del os.environ[name]
        self.addCleanup(self.end, server)
        wait_until("all jobs are scraped", PATIENCE_S, lambda: len(ups(server)) == len(scene.config()["scrape_configs"]) + 1, 0.2)
        time.sleep(4)
        return server

    def end(self, server):
        if server.connection:
            server.connection.close()
        server.kill()

    def test_both_do_the_same(self):
        theirs, ours = Scene(), Scene()
        prometheus = self.run_beside(theirs, self.prometheus)
        site = self.run_beside(ours, self.site)
        wait_until_holds(PATIENCE_S, lambda: self.assertEqual(ups(prometheus), ups(site)))
        wait_until_holds(PATIENCE_S, lambda: self.assertEqual(theirs.seen(), ours.seen()))
        wait_until("it is up", PATIENCE_S, lambda: ups(site)["token-proxied"] == "1", 0.2)
        self.assertEqual(ours.seen()["proxy"], {"asked": ["/proxied"], "posted": ["/proxied"], "tunnel": ["key"]})
        for server in prometheus, site:
            wait_until_holds(PATIENCE_S, lambda s=server: self.assertIn('oauth2: "invalid_client"',
                                                                        error_of(s, "token-refused")))
        self.assertNotIn("wrong", error_of(site, "token-refused"))

    def test_a_token_is_asked_for_again_when_it_ends(self):
        scene, began = Scene(), time.monotonic()
        self.run_beside(scene, self.site)
        first = scene.tokens.given
        self.assertLess(first, max(12, 2 * (time.monotonic() - began)))  # of three jobs: not one a scrape
        wait_until("a later one", PATIENCE_S, lambda: scene.tokens.given > first, 0.2)


if __name__ == "__main__":
    try:
        find("prometheus", "prometheus")
    except Absent as e:
        print(f"skipped: {e}", file=sys.stderr)
        sys.exit(77)
    unittest.main()
