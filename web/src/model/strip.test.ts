// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { strips } from "./strip";
import type { HistoryItem, Word } from "./types";

const T0 = Date.parse("2026-07-01T00:00:00Z");
const item = (minute: number, word: Word, vantage = "dublin"): HistoryItem => ({
  at: new Date(T0 + minute * 60_000).toISOString(),
  vantage,
  word,
  reason: word === "failing" ? "x" : "",
});
const strip = (items: HistoryItem[], from: number, until: number) =>
  strips(items, ["dublin"], T0 + from * 60_000, T0 + until * 60_000)[0]!;
const shape = (items: HistoryItem[], from: number, until: number) =>
  strip(items, from, until).segments.map(
    (s) => `${s.word} ${(s.from - T0) / 60_000}-${(s.until - T0) / 60_000}`,
  );

test("changes become segments that fill the span without gaps", () => {
  const items = [item(10, "failing"), item(0, "ok"), item(12, "ok")];
  assert.deepEqual(shape(items, 5, 20), ["ok 5-10", "failing 10-12", "ok 12-20"]);
});

test("before the oldest change that is known, nothing is claimed", () => {
  assert.deepEqual(shape([item(10, "ok")], 0, 20), ["unknown 0-10", "ok 10-20"]);
  assert.deepEqual(shape([], 0, 20), ["unknown 0-20"]);
  assert.ok(Number.isNaN(strip([], 0, 20).ok));
});

test("the share of ok is of the known time", () => {
  assert.equal(strip([item(10, "ok"), item(19, "failing")], 0, 20).ok, 0.9);
  assert.equal(strip([item(0, "ok"), item(10, "none")], 0, 20).ok, 1);
});

test("changes after the span don't count, and each vantage has its own strip", () => {
  assert.deepEqual(shape([item(0, "ok"), item(30, "failing")], 0, 20), ["ok 0-20"]);
  const two = strips(
    [item(0, "ok"), item(5, "failing", "mumbai")],
    ["dublin", "mumbai"],
    T0,
    T0 + 600_000,
  );
  assert.deepEqual(
    two.map((s) => s.segments.map((g) => g.word).join()),
    ["ok", "unknown,failing"],
  );
});
