// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { instantOf, intervalMs, intervalsOf, spanOf, writeInterval } from "./time";

const now = new Date(2026, 10, 25, 14, 30, 5).getTime(); /* a Wednesday */
const local = (...parts: [number, number, number, number?, number?]) =>
  new Date(parts[0], parts[1], parts[2], parts[3] ?? 0, parts[4] ?? 0).getTime();

test("intervals are read and written as Grafana does", () => {
  assert.equal(intervalMs("1m30s"), 90_000);
  assert.equal(intervalMs(">10s"), 10_000);
  assert.equal(intervalMs("1M"), 2_592_000_000);
  assert.ok(Number.isNaN(intervalMs("soon")));
  assert.equal(writeInterval(90_000), "90s");
  assert.equal(writeInterval(300_000), "5m");
  assert.equal(writeInterval(250), "250ms");
});

test("an end of a range is relative, rounded or an instant", () => {
  assert.equal(instantOf("now", now), now);
  assert.equal(instantOf("now-6h", now), now - 6 * 3_600_000);
  assert.equal(instantOf("now-1d-2h", now), now - 26 * 3_600_000);
  assert.equal(instantOf("now/d", now), local(2026, 10, 25));
  assert.equal(instantOf("now-1d/d", now), local(2026, 10, 24));
  assert.equal(
    instantOf("now-1d/d", now, true),
    local(2026, 10, 25) - 1,
    "an end is the end of it",
  );
  assert.equal(instantOf("now/w", now), local(2026, 10, 23));
  assert.equal(instantOf("now/M", now), local(2026, 10, 1));
  assert.equal(instantOf("1700000000000", now), 1_700_000_000_000);
  assert.equal(instantOf("2026-11-25T00:00:00Z", now), Date.parse("2026-11-25T00:00:00Z"));
  assert.ok(Number.isNaN(instantOf("later", now)));
});

test("a range that ends before it begins is none", () => {
  assert.equal(spanOf({ from: "now", to: "now-1h" }, now), null);
  assert.deepEqual(spanOf({ from: "now-1h", to: "now" }, now), {
    from: now - 3_600_000,
    until: now,
  });
});

test("the step is round, not less than asked for, and not too fine for Prometheus", () => {
  const day = { from: 0, until: 86_400_000 };
  assert.deepEqual(intervalsOf(day, 800, NaN, 15_000), { interval: 120_000, rate: 135_000 });
  assert.deepEqual(intervalsOf({ from: 0, until: 300_000 }, 800, NaN, 15_000), {
    interval: 15_000,
    rate: 60_000,
  });
  assert.equal(intervalsOf(day, 800, 300_000, 15_000).interval, 300_000);
  assert.equal(intervalsOf({ from: 0, until: 300_000 }, 800, 1000, 15_000).interval, 1000);
  assert.equal(intervalsOf(day, 800, NaN, 15_000, 2).interval, 240_000);
  const years = intervalsOf({ from: 0, until: 3 * 31_536_000_000 }, 100_000, 1000, 15_000);
  assert.ok((3 * 31_536_000_000) / years.interval <= 11_000);
});
