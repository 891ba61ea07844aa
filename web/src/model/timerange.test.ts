// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  instantOf,
  isRelative,
  onGrid,
  parseDuration,
  spanOf,
  stepOf,
  widen,
  writeDuration,
} from "./timerange";

const NOW = Date.parse("2026-03-01T12:00:00Z");
const HOUR = 3_600_000;

test("durations are read and written as Prometheus does", () => {
  assert.equal(parseDuration("1h30m"), 1.5 * HOUR);
  assert.equal(parseDuration("250ms"), 250);
  assert.ok(["", "5", "h", "5 m", "m5", "-5m"].every((text) => Number.isNaN(parseDuration(text))));
  assert.equal(writeDuration(1.5 * HOUR), "1h30m");
  assert.equal(writeDuration(86_400_000), "1d");
});

test("an end is now, before now, milliseconds, or a date", () => {
  assert.equal(instantOf("now", NOW), NOW);
  assert.equal(instantOf("now-6h", NOW), NOW - 6 * HOUR);
  assert.equal(instantOf(String(NOW), 0), NOW);
  assert.equal(instantOf("2026-03-01T12:00:00Z", 0), NOW);
  assert.ok(Number.isNaN(instantOf("yesterday", NOW)));
});

test("a range that ends before it begins is none", () => {
  assert.deepEqual(spanOf({ from: "now-1h", to: "now" }, NOW), { from: NOW - HOUR, until: NOW });
  assert.equal(spanOf({ from: "now", to: "now-1h" }, NOW), null);
  assert.equal(spanOf({ from: "x", to: "now" }, NOW), null);
  assert.ok(isRelative({ from: "now-1h", to: "now" }));
  assert.ok(!isRelative({ from: "1", to: "2" }));
});

test("the step is round, and never makes more points than there is room for", () => {
  for (const hours of [0.1, 1, 24, 720, 20_000]) {
    const span = { from: NOW - hours * HOUR, until: NOW };
    const step = stepOf(span, 1000);
    assert.ok((span.until - span.from) / 1000 / step <= 1000, `${hours} h: ${step} s`);
    assert.ok(step === 1 || (span.until - span.from) / 1000 / step > 250, `${hours} h: ${step} s`);
  }
  assert.equal(stepOf({ from: NOW - 24 * HOUR, until: NOW }, 1000), 120);
});

test("a span on its grid asks for the same points again", () => {
  const a = onGrid({ from: NOW - HOUR + 3000, until: NOW + 3000 }, 15);
  const b = onGrid({ from: NOW - HOUR + 9000, until: NOW + 9000 }, 15);
  assert.deepEqual(a, b);
});

test("however long the step is, the newest samples are seen", () => {
  const { from, until } = onGrid({ from: NOW - 24 * HOUR, until: NOW + 7000 }, 300);
  assert.ok(NOW + 7000 - until < 15_000);
  assert.equal((until - from) % 300_000, 0);
});

test("zooming out keeps the middle", () => {
  assert.deepEqual(widen({ from: NOW - HOUR, until: NOW + HOUR }, 2), {
    from: NOW - 2 * HOUR,
    until: NOW + 2 * HOUR,
  });
});
