#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The whole program, asking a fake site (fake_site.py).

usage: cli_test.py DIARCHY
"""
import base64
import json
import os
import pathlib
import pty
import re
import select
import subprocess
import sys
import tempfile
import time
import unittest

import fake_site
from fake_site import fixture

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.dont_write_bytecode = True

from ports import free_port  # noqa: E402

DIARCHY = os.path.abspath(sys.argv.pop(1))


class Cli(unittest.TestCase):
    def setUp(self):
        self.site = fake_site.Site()
        self.addCleanup(self.site.close)
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "LOGNAME": "ana", "TZ": "UTC"}
        self.environment["DIARCHY_URL"] = self.site.url

    def run_cli(self, *arguments, data=None):
        return subprocess.run(
            [DIARCHY, *arguments], input=data, capture_output=True, text=True, timeout=120, check=False,
            cwd=self.folder.name, env=self.environment,
        )  # fmt: skip

    def expect(self, status, *arguments, **more):
        done = self.run_cli(*arguments, **more)
        self.assertEqual((done.returncode, done.stderr if status in (0, 1) else ""), (status, ""), done)
        return done.stdout if status in (0, 1) else done.stderr

    def told(self):
        """The last request: method, path, headers and decoded body."""
        method, path, headers, body = self.site.requests[-1]
        return method, path.removeprefix(fake_site.ROOT), headers, json.loads(body) if body else None


class Looking(Cli):
    def test_a_well_lab_exits_0_and_one_that_is_not_exits_1(self):
        self.site.answers["status"] = fixture("status-well")
        self.assertIn("home: all is well", self.expect(0, "status"))
        self.site.answers["status"] = fixture("status-failing")
        self.assertIn("failing  immich", self.expect(1, "status"))
        self.assertEqual(self.expect(1, "status", "--json")[:1], "{")

    def test_a_lab_in_which_an_alert_fires_is_not_well(self):
        status = fixture("status-well")
        alert = fixture("status-failing")["incidents"][0]
        alert.update(cause="alert:Full@dublin", title="Full at dublin fires")
        member = alert["members"][0]
        alert["members"] = [{**member, "check": name} for name in ("alert:Full@dublin", "Full{a=b}@dublin")]
        self.site.answers["status"] = {**status, "incidents": [alert]}
        said = self.expect(1, "status")
        self.assertIn("home: 1 alert fires", said)
        self.assertRegex(said, "Full at dublin fires *\n")
        alert["state"] = "recovering"
        self.assertIn("home: recovering", self.expect(1, "status"))

    def test_json_is_the_answer_byte_for_byte(self):
        answer = b'{"lab":"home",  "checks":[], "x":"\xc2\x9b\\u00e9"}'
        self.site.answers["status"] = answer
        self.assertEqual(self.expect(0, "status", "--json").encode(), answer + b"\n")

    def test_what_is_piped_has_no_colours_and_no_tabs(self):
        self.site.answers["status"] = fixture("status-failing")
        self.assertNotRegex(self.expect(1, "status"), "[\033\t]")
        self.assertIn("\033[", self.expect(1, "status", "--color=always"))

    def test_when_tells_the_story_and_exits_1_while_it_lasts(self):
        self.site.answers["when/immich"] = fixture("when-failing")
        self.assertIn("immich is failing", self.expect(1, "when", "immich"))
        self.site.answers["when/router"] = fixture("when-ok")
        self.assertIn("router is ok", self.expect(0, "when", "router"))

    def test_an_unknown_check_is_66_with_the_nearest_name(self):
        self.site.answers["checks"] = {"checks": fixture("status-well")["checks"]}
        self.site.answers["when/immch"] = (404, fixture("error-not-found"))
        self.assertIn("no check 'immch' (did you mean 'immich'?)", self.expect(66, "when", "immch"))
        self.site.answers["when/zzzzzzz"] = (404, fixture("error-not-found"))
        self.assertIn("'diarchy status --all' lists them", self.expect(66, "when", "zzzzzzz"))

    def test_names_are_encoded_in_paths(self):
        self.run_cli("when", "config@dublin/ä b?&")
        self.assertEqual(self.site.requests[0][1], "/api/lab/v1/when/config%40dublin%2F%C3%A4%20b%3F%26")

    def test_incidents_are_listed_and_told(self):
        self.site.answers["incidents"] = fixture("incidents")
        self.assertIn("mumbai-1f3k2a", self.expect(0, "incidents", "--state", "all", "-n", "3"))
        self.assertEqual(self.told()[1], "incidents?state=all&limit=3")
        self.site.answers["incidents/mumbai-1f3k2a"] = fixture("incident")
        self.assertIn("Timeline", self.expect(0, "incidents", "mumbai-1f3k2a"))
        self.assertIn("the fake site has no", self.expect(66, "incidents", "nonesuch"))

    def test_coverage_exits_1_when_something_is_unobserved(self):
        self.site.answers["coverage"] = fixture("coverage")
        self.assertIn("nas-dublin", self.expect(1, "coverage"))
        self.site.answers["coverage"] = fixture("coverage-all")
        self.expect(0, "coverage")


class Orders(Cli):
    def test_an_acknowledgement_says_who_and_why(self):
        self.site.answers["incidents/dublin-1/ack"] = {}
        self.expect(0, "ack", "dublin-1", "--why", "the disk")
        method, path, headers, body = self.told()
        self.assertEqual((method, path, body), ("POST", "incidents/dublin-1/ack", {"by": "ana", "why": "the disk"}))
        self.assertTrue(headers["X-Diarchy-CSRF"])
        self.assertEqual(self.expect(0, "ack", "dublin-1", "--json"), "{}\n")

    def test_a_silence_by_bare_name_needs_that_check_and_an_end(self):
        self.site.answers["checks"] = {"checks": fixture("status-well")["checks"]}
        self.site.answers["silences"] = {"id": "dublin-7"}
        self.assertIn("for how long?", self.expect(64, "silence", "immich"))
        self.assertIn("did you mean 'immich'?", self.expect(66, "silence", "imich", "--for", "2h"))
        self.assertIn("diarchy silence end dublin-7", self.expect(0, "silence", "immich", "--for", "2h"))
        body = self.told()[3]
        self.assertEqual(body["matchers"], '{name="immich"}')
        until = time.mktime(time.strptime(body["until"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone
        self.assertAlmostEqual(until, time.time() + 7200, delta=5)

    def test_matchers_go_out_as_they_are(self):
        self.site.answers["silences"] = {"id": "x"}
        self.expect(0, "silence", '{site=~"mum.*"}', "--until", "2099-01-01 12:00")
        body = self.told()[3]
        self.assertEqual((body["matchers"], body["until"]), ('{site=~"mum.*"}', "2099-01-01T12:00:00.000Z"))
        self.assertIn("in the past", self.expect(64, "silence", "{}", "--until", "2020-01-01"))

    def test_silences_are_listed_and_ended(self):
        self.site.answers["silences"] = fixture("silences")
        self.assertIn("dublin-1f3kaa", self.expect(0, "silence", "list"))
        self.site.answers["silences/dublin-1f3kaa"] = {}
        self.expect(0, "silence", "end", "dublin-1f3kaa", "--by", "Bo B")
        self.assertEqual(self.told()[:2], ("DELETE", "silences/dublin-1f3kaa?by=Bo%20B"))

    def test_checks_are_paused_and_resumed(self):
        self.site.answers["checks/immich/pause"] = self.site.answers["checks/immich/resume"] = {}
        self.assertIn("diarchy resume immich", self.expect(0, "pause", "immich"))
        self.assertEqual(self.told()[3], {"by": "ana"})
        self.assertIn("is paused until", self.expect(0, "pause", "immich", "--for", "1h"))
        self.assertEqual(self.told()[3], {"by": "ana", "for": "1h"})
        self.expect(0, "resume", "immich")
        self.assertEqual(self.told()[:2], ("POST", "checks/immich/resume"))

    def test_a_note_is_its_words(self):
        self.site.answers["notes"] = {}
        self.expect(0, "note", "--subject", "nas", "swapped", "the", "cable")
        self.assertEqual(self.told()[3], {"by": "ana", "text": "swapped the cable", "subject": "nas"})

    def test_an_order_that_is_refused_says_what_the_site_said(self):
        self.site.answers["notes"] = (400, {"error": "INPUT", "text": "'text' has more than 4000 bytes"})
        self.assertIn("diarchy note: 'text' has more than 4000 bytes", self.expect(65, "note", "x"))
        error = json.loads(self.expect(65, "note", "x", "--json"))
        self.assertEqual(error, {"error": "INPUT", "text": "'text' has more than 4000 bytes"})


class Trouble(Cli):
    def test_nobody_there_is_69_and_says_what_to_do(self):
        self.environment["DIARCHY_URL"] = f"http://127.0.0.1:{free_port()}"
        text = self.expect(69, "status")
        self.assertIn(f"no site answers at {self.environment['DIARCHY_URL']}", text)
        self.assertIn("is `diarchy serve` running?", text)

    def test_a_site_that_says_nothing_is_given_up_in_time(self):
        self.site.delay = 5
        begun = time.monotonic()
        self.assertIn("--timeout", self.expect(69, "status", "--timeout", "300ms"))
        self.assertLess(time.monotonic() - begun, 3)

    def test_a_login_that_is_missing_is_77_and_says_what_to_set(self):
        self.site.answers["status"] = (401, {"error": "AUTH", "text": "login needed"})
        text = self.expect(77, "status")
        self.assertIn("DIARCHY_TOKEN", text)
        self.assertIn("--token-file", text)

    def test_the_token_goes_into_a_header_and_nowhere_else(self):
        self.site.answers["status"] = (401, {"error": "AUTH", "text": "login needed"})
        path = pathlib.Path(self.folder.name) / "token"
        path.write_text("hunter2hunter2hunter2\n", encoding="utf-8")
        text = self.expect(77, "status", "--token-file", str(path))
        self.assertEqual(self.told()[2]["Authorization"], "Bearer hunter2hunter2hunter2")
        self.assertNotIn("hunter2", text)
        self.environment["DIARCHY_TOKEN"] = "from-the-environment"
        self.expect(77, "status")
        self.assertEqual(self.told()[2]["Authorization"], "Bearer from-the-environment")
        self.assertIn("nonesuch", self.expect(66, "status", "--token-file", "nonesuch"))

    def test_answers_that_are_none_are_named(self):
        for answer in (b"<html>502 Bad Gateway</html>", b"", b"[1,", b'{"a":1}{"b":2}', b"\0\0"):
            for code in (200, 502):
                self.site.answers["status"] = (code, answer)
                text = self.expect(74 if code == 200 else 69, "status")
                self.assertIn(self.site.url, text)
                self.assertNotIn("\0", text)

    def test_an_answer_of_another_shape_shows_what_is_there(self):
        for answer in ([], {}, {"checks": 7, "sites": [None, 3], "incidents": {"a": 1}}, {"checks": [[]]}, "x"):
            self.site.answers["status"] = json.dumps(answer).encode()
            self.assertIn(self.run_cli("status").returncode, (0, 1, 74))

    def test_escape_sequences_in_errors_do_nothing(self):
        self.site.answers["status"] = (400, {"error": "INPUT", "text": "\033[2Jboo"})
        self.assertNotIn("\033", self.expect(65, "status"))

    def test_what_is_no_url_is_refused(self):
        for url in ("http://", "ftp://127.0.0.1", "http://a b/", "http://127.0.0.1:99999"):
            self.assertEqual(self.run_cli("status", "--site", url).returncode, 64, url)

    def test_usage_errors_are_64(self):
        self.assertIn("did you mean 'status'?", self.expect(64, "sttaus"))
        self.assertIn("Try 'diarchy help log'", self.expect(64, "log", "--folow"))
        self.assertIn("--since: 'soon' is no time", self.expect(64, "log", "--since", "soon"))
        self.assertIn("no event is a 'frob'; the kinds are boot ", self.expect(64, "log", "--kind", "link,frob"))
        self.expect(64)

    def test_a_full_disk_is_an_error(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("there is no /dev/full")
        self.site.answers["status"] = fixture("status-well")
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run(
                [DIARCHY, "status"], stdout=full, stderr=subprocess.PIPE, text=True, check=False, env=self.environment
            )  # fmt: skip
        self.assertEqual(done.returncode, 74)
        self.assertIn("No space left", done.stderr)


LAB = """lab: home
sites:
  dublin: {{address: "127.0.0.1:7443", http: "{dublin}", key: "{key}", timezone: Europe/Dublin}}
  mumbai: {{address: "127.0.0.1:7444", http: "{mumbai}", key: "{key2}", timezone: Asia/Kolkata}}
probes:
  immich: {{home: mumbai, from: [dublin, mumbai], every: 15s, http: {{url: "https://photos.example.net/"}}}}
"""
KEYS = ("ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", "ed25519:PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=")


class WithLab(Cli):
    """With a lab.yaml in the folder."""

    def setUp(self):
        super().setUp()
        del self.environment["DIARCHY_URL"]
        self.site.answers["status"] = fixture("status-well")

    def write(self, dublin, mumbai, keys=KEYS):
        text = LAB.format(dublin=dublin, mumbai=mumbai, key=keys[0], key2=keys[1])
        (pathlib.Path(self.folder.name) / "lab.yaml").write_text(text, encoding="utf-8")

    def here(self):
        return self.site.url.removeprefix("http://")


class Lab(WithLab):
    """Which site is asked."""

    def test_a_site_is_asked_by_name(self):
        self.write(f"127.0.0.1:{free_port()}", self.here())
        self.assertIn("all is well", self.expect(0, "status", "--site", "mumbai"))
        self.assertIn("no site answers", self.expect(69, "status", "--site", "dublin"))
        self.assertIn("'mubai' (did you mean 'mumbai'?)", self.expect(64, "status", "--site", "mubai"))

    def test_while_one_site_is_down_the_other_answers_and_that_is_said(self):
        self.write(f"127.0.0.1:{free_port()}", self.here())
        done = self.run_cli("status")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stderr, "dublin does not answer at http://127.0.0.1:[0-9]+; asking mumbai")

    def test_when_no_site_is_there_all_that_were_asked_are_named(self):
        ports = free_port(), free_port()
        self.write(*(f"127.0.0.1:{p}" for p in ports))
        text = self.expect(69, "status")
        for port in ports:
            self.assertIn(str(port), text)

    def test_a_broken_lab_yaml_is_named_with_its_line(self):
        (pathlib.Path(self.folder.name) / "lab.yaml").write_text("lab: home\nsits: {}\n", encoding="utf-8")
        self.assertIn("lab.yaml:1:1: lab.yaml lacks 'sites'", self.expect(65, "status", "--site", "mumbai"))

    def test_checks_are_completed_from_lab_yaml_while_nobody_answers(self):
        self.write(f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}")
        self.assertIn("immich\t", self.expect(0, "complete", "--", "when", "im"))

    def test_names_are_completed_from_the_running_site(self):
        self.write(self.here(), self.here())
        self.site.answers["checks"] = {"checks": fixture("status-well")["checks"]}
        self.site.answers["incidents"] = fixture("incidents")
        self.assertIn("router\tok", self.expect(0, "complete", "--", "when", "ro"))
        self.assertEqual(self.expect(0, "complete", "--", "ack", "m"), "mumbai-1f3k2a\timmich is down\n")


class Log(Cli):
    def setUp(self):
        super().setUp()
        self.site.events = fixture("events")["events"][::-1]

    def lines(self, *arguments):
        return self.expect(0, "log", *arguments).splitlines()

    def test_events_are_told_oldest_first(self):
        lines = self.lines()
        self.assertEqual(len(lines), len(self.site.events))
        sentence = "mumbai runs lab.yaml abc1234 'raise memory' by Ana"
        self.assertEqual(lines[0], f"2026-11-23T18:01:02+00:00 mumbai config {sentence}")

    def test_a_limit_means_the_newest(self):
        self.assertEqual(self.lines("-n", "2"), self.lines()[-2:])

    def test_pages_are_put_together(self):
        one = self.site.events[0]
        self.site.events = [{**one, "seq": n, "text": f"event {n}"} for n in range(1, 1301)]
        lines = self.lines("--since", "2026-01-01")
        self.assertEqual([line.split()[-1] for line in lines], [str(n) for n in range(1, 1301)])
        self.assertEqual(len(self.site.requests), 3)

    def test_filters_are_the_sites_business(self):
        self.lines("--kind", "note,ack", "--from", "dublin", "--subject", "a b", "--until", "2026-11-24T00:00:00Z")
        query = self.told()[1]
        for part in ("kind=note%2Cack", "site=dublin", "subject=a%20b", "until=2026-11-24T00%3A00%3A00.000Z"):
            self.assertIn(part, query)

    def test_json_is_one_event_a_line(self):
        events = [json.loads(line) for line in self.lines("--json")]
        self.assertEqual([e["hash"] for e in events], [e["hash"] for e in self.site.events])
        self.assertEqual(events[0]["body"], self.site.events[0]["body"])

    def test_following_tells_the_past_then_what_comes_and_nothing_twice(self):
        past, news = self.site.events[:4], self.site.events[4:]
        self.site.events = past
        self.site.streams = [[("status", {}), ("journal", past[3]), ("beat", {}), *(("journal", e) for e in news)]]
        lines = self.follow(len(past) + len(news))
        self.assertEqual([line.split(" ", 3)[3] for line in lines], [e["text"] for e in past + news])

    def test_following_filters_what_comes(self):
        past, news = self.site.events[:1], self.site.events[1:]
        self.site.events = past
        self.site.streams = [[("status", {}), *(("journal", e) for e in news)]]
        lines = self.follow(2, "--kind", "ack,receipt")
        self.assertEqual([line.split(" ")[2] for line in lines], ["receipt", "ack"])

    def test_following_survives_a_site_that_restarts(self):
        past, news = self.site.events[:4], self.site.events[4:]
        self.site.events = past
        self.site.streams = [[("status", {}), ("journal", news[0])], [("status", {}), ("journal", news[1])]]
        lines = self.follow(6)
        self.assertEqual(lines[-1].split(" ", 3)[3], news[1]["text"])

    def test_following_goes_on_at_the_other_site(self):
        other = fake_site.Site()
        self.addCleanup(other.close)
        past, news = self.site.events[:4], self.site.events[4:]
        self.site.events = other.events = past
        self.site.streams = [[("status", {}), ("journal", news[0])]]
        other.streams = [[("status", {}), ("journal", news[0]), ("journal", news[1])]]
        here, there = (site.url.removeprefix("http://") for site in (self.site, other))
        text = LAB.format(dublin=here, mumbai=there, key=KEYS[0], key2=KEYS[1])
        (pathlib.Path(self.folder.name) / "lab.yaml").write_text(text, encoding="utf-8")
        del self.environment["DIARCHY_URL"]
        lines = self.follow(6, then=self.site.close)
        self.assertEqual(lines[-1].split(" ", 3)[3], news[1]["text"])

    def follow(self, n, *arguments, then=None):
        """The first n lines of `log --follow`; fails when they don't come.  `then` is called one before."""
        with subprocess.Popen(
            [DIARCHY, "log", "--follow", *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=self.environment, cwd=self.folder.name,
        ) as child:  # fmt: skip
            out, until = b"", time.monotonic() + 10
            while out.count(b"\n") < n and time.monotonic() < until:
                if select.select([child.stdout], [], [], 0.2)[0]:
                    out += os.read(child.stdout.fileno(), 65536)
                if then and out.count(b"\n") == n - 1:
                    then = then()
            child.terminate()
        self.assertEqual(out.count(b"\n"), n, out.decode())
        return out.decode().splitlines()


class Verify(WithLab):
    def setUp(self):
        super().setUp()
        self.writer = fake_site.Writer()
        self.addCleanup(self.writer.folder.cleanup)
        key = "ed25519:" + base64.b64encode(self.writer.public).decode()
        self.write(self.here(), self.here(), (key, KEYS[1]))
        first = [self.writer.write("dublin", 7, {"text": f"é {n}", "n": n, "x": [1.5, None, True]}) for n in range(3)]
        head = bytes.fromhex(first[-1]["hash"])
        self.site.events = first + [self.writer.write("dublin", 9, {"text": "b"}, head) for _ in range(2)]

    def test_a_whole_journal_is_said_to_be(self):
        text = self.expect(0, "log", "--verify")
        self.assertIn("dublin, epoch 7: 3 events, whole", text)
        self.assertIn("dublin, epoch 9: 2 events, whole", text)
        self.assertIn("5 of 5 signatures checked", text)
        self.assertEqual(json.loads(self.expect(0, "log", "--verify", "--json"))["signatures_checked"], 5)

    def test_without_lab_yaml_it_is_said_that_signatures_were_not_checked(self):
        os.remove(pathlib.Path(self.folder.name) / "lab.yaml")
        self.environment["DIARCHY_URL"] = self.site.url
        self.assertIn("Signatures were not checked", self.expect(0, "log", "--verify"))

    def broken(self, text):
        self.assertIn(text, self.expect(74, "log", "--verify"))

    def test_a_changed_event_is_found(self):
        self.site.events[1]["body"]["text"] = "something else"
        self.broken("dublin, epoch 7, event 2: its hash is not that of its content")

    def test_a_missing_event_is_found(self):
        del self.site.events[1]
        self.broken("dublin, epoch 7, event 1: the event after it is missing")

    def test_a_missing_beginning_is_found(self):
        del self.site.events[0]
        self.broken("dublin, epoch 7: the events before 2 are missing")

    def test_an_epoch_that_was_cut_short_is_found(self):
        del self.site.events[2]
        self.broken("dublin, epoch 7 ends elsewhere than epoch 9 goes on")

    def test_a_chain_written_by_another_key_is_found(self):
        self.write(self.here(), self.here(), KEYS)
        self.broken("the signature is not by the key in lab.yaml")

    def test_a_replaced_event_is_found(self):
        other = fake_site.Writer()
        self.addCleanup(other.folder.cleanup)
        self.site.events[0] = other.write("dublin", 7, {"text": "forged"})
        self.broken("dublin, epoch 7, event 1: the event after it names another one")


class Terminal(Cli):
    """On a terminal of the test's own."""

    def on_terminal(self, *arguments, columns=80):
        environment = {**self.environment, "TERM": "xterm", "COLUMNS": str(columns)}
        parent, child = pty.openpty()
        with subprocess.Popen([DIARCHY, *arguments], stdin=child, stdout=child, stderr=child, env=environment) as run:
            os.close(child)
            out = b""
            while True:
                try:
                    part = os.read(parent, 65536)
                except OSError:  # that is how a terminal ends
                    break
                out += part
                if not part:
                    break
            self.assertIn(run.wait(120), (0, 1))
        os.close(parent)
        return out.decode().replace("\r\n", "\n")

    def test_status_fits_24_lines_of_80_columns_in_colour(self):
        self.site.answers["status"] = fixture("status-failing")
        text = self.on_terminal("status")
        self.assertIn("\033[1;31mfailing\033[0m", text)
        self.assertIn("╭─ ", text)
        plain = re.sub("\033\\[[0-9;]*m", "", text)
        self.assertLessEqual(len(plain.splitlines()), 24)
        self.assertLessEqual(max(len(line) for line in plain.splitlines()), 80)

    def test_no_color_is_honoured(self):
        self.environment["NO_COLOR"] = "1"
        self.site.answers["status"] = fixture("status-failing")
        self.assertNotIn("\033", self.on_terminal("status"))

    def test_json_cannot_drive_the_terminal(self):
        self.site.answers["status"] = '{"lab":"\u009b2J"}'.encode()
        self.assertEqual(self.on_terminal("status", "--json"), '{"lab":"\\u009b2J"}\n')


class Local(Cli):
    """What needs no site."""

    def test_a_key_is_made_once_and_is_ours_alone(self):
        path = pathlib.Path(self.folder.name) / "site.key"
        self.assertRegex(self.expect(0, "keygen", "site.key"), "^ed25519:[A-Za-z0-9+/]{43}=\n$")
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        self.assertIn("site.key", self.expect(73, "keygen", "site.key"))
        self.assertTrue(json.loads(self.expect(0, "keygen", "b.key", "--json"))["key"].startswith("ed25519:"))

    def test_a_password_becomes_a_hash_that_differs_each_time(self):
        one, two = (self.expect(0, "login-hash", data="correct horse\n") for _ in range(2))
        self.assertTrue(one.startswith("$y$"))
        self.assertNotEqual(one, two)
        self.assertIn("no password", self.expect(65, "login-hash", data=""))
        self.assertNotIn("hunter2", self.expect(65, "login-hash", data="hunter2\n"))

    def test_check_says_what_is_wrong_and_where(self):
        path = pathlib.Path(self.folder.name) / "lab.yaml"
        path.write_text("lab: home\nsits: {}\n", encoding="utf-8")
        done = self.run_cli("check")
        self.assertEqual((done.returncode, done.stderr), (65, ""))
        self.assertRegex(done.stdout, "lab.yaml:2:1: error: .*'sits'")
        text = LAB.format(dublin="127.0.0.1:1", mumbai="127.0.0.1:2", key=KEYS[0], key2=KEYS[1])
        path.write_text(text, encoding="utf-8")
        self.expect(0, "check")
        self.assertIn("nonesuch", self.expect(66, "check", "nonesuch"))

    def test_version_schema_and_help_are_printed(self):
        self.assertRegex(self.expect(0, "version"), r"^diarchy \d+\.\d+\.\d+\n$")
        self.assertEqual(self.expect(0, "--version"), self.expect(0, "version"))
        json.loads(self.expect(0, "schema"))
        self.assertIn("usage: diarchy when", self.expect(0, "when", "--help"))
        self.assertIn("when", self.expect(0, "help"))


if __name__ == "__main__":
    unittest.main()
