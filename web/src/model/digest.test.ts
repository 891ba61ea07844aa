// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { digest } from "./digest";
import type { EventOf, JournalEvent, Word } from "./types";

let seq = 0;
function evidence(
  site: string,
  subject: string,
  s: number,
  word: Word = "failing",
): EventOf<"evidence"> {
  const wall = new Date(Date.parse("2026-07-01T12:00:00Z") + s * 1000).toISOString();
  const reason = word === "failing" ? "502" : "";
  return {
    site,
    epoch: 1,
    seq: ++seq,
    hlc: 0,
    wall,
    kind: "evidence",
    subject,
    body: { word, reason, since: wall },
    previous: "",
    hash: "",
    signature: "",
    text: `${site}: ${subject} ${word}`,
    cursor: "",
  };
}
const texts = (events: JournalEvent[]) => digest(events).map((d) => d.text);

test("one event is itself", () => {
  assert.deepEqual(texts([evidence("dublin", "a", 0)]), ["dublin: a failing"]);
});

test("what two sites found out about one check is one line", () => {
  const events = [evidence("mumbai", "a", 2), evidence("dublin", "a", 0)];
  assert.deepEqual(texts(events), ["a fails from dublin and mumbai: 502"]);
  assert.equal(digest(events)[0]!.at, events[0]!.wall, "of the newest");
});

test("what one site found out about many checks is one line", () => {
  const events = ["a", "b", "c", "d"].map((name, i) => evidence("dublin", name, -i));
  assert.deepEqual(texts(events), ["a, b and 2 more fail from dublin"]);
  assert.equal(digest(events)[0]!.event, null);
});

test("what two sites wrote in the same words is one line", () => {
  const drill = (site: string, s: number): JournalEvent => ({
    ...evidence(site, "webhost", s),
    kind: "drill",
    body: { ok: true, took_ms: 800 },
    text: "drill through webhost passed",
  });
  assert.deepEqual(texts([drill("dublin", 1), drill("mumbai", 0)]), [
    "drill through webhost passed",
  ]);
  assert.equal(texts([drill("dublin", 100), drill("mumbai", 0)]).length, 2);
});

test("what sites say of themselves names them, once where they say the same", () => {
  const started = (site: string, s: number): JournalEvent => ({
    ...evidence(site, site, s),
    kind: "boot",
    body: { version: "0.1.0", last_alive: null, clean: true },
    text: "started (diarchy 0.1.0)",
  });
  assert.deepEqual(texts([started("mumbai", 1), started("dublin", 0), started("dublin", -300)]), [
    "dublin and mumbai: started (diarchy 0.1.0)",
    "dublin: started (diarchy 0.1.0)",
  ]);
});

test("recovering is not the same as failing, and later is not together", () => {
  const events = [
    evidence("dublin", "a", 100, "ok"),
    evidence("mumbai", "a", 99),
    evidence("dublin", "a", 0),
  ];
  assert.deepEqual(texts(events), ["dublin: a ok", "mumbai: a failing", "dublin: a failing"]);
});

test("that a vantage knows nothing yet is no finding", () => {
  const events = ["a", "b", "c"].map((name, i) => evidence("dublin", name, -i, "none"));
  assert.deepEqual(texts(events), ["dublin: a none", "dublin: b none", "dublin: c none"]);
});

test("no event is lost or told twice", () => {
  const events = Array.from({ length: 30 }, (_, i) =>
    evidence(i % 2 ? "dublin" : "mumbai", `c${i % 5}`, -i * 5),
  );
  const lines = digest(events);
  assert.equal(new Set(lines.map((l) => l.key)).size, lines.length);
  assert.ok(lines.length < events.length);
});
