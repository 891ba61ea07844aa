// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatOf, incrementsOf, isUnit, plain } from "./units";

const written = (unit: string, values: number[], decimals?: number) =>
  values.map(formatOf(unit, decimals));

test("bytes go by 1024, and rates of bytes by 1000", () => {
  assert.deepEqual(written("bytes", [0, 1023, 1024, 1536, 5 * 2 ** 30, -2048]), [
    "0 B",
    "1,023 B",
    "1 KiB",
    "1.5 KiB",
    "5 GiB",
    "−2 KiB",
  ]);
  assert.deepEqual(written("Bps", [999, 1000, 1.25e6]), ["999 B/s", "1 kB/s", "1.25 MB/s"]);
  assert.deepEqual(written("decgbytes", [1500]), ["1.5 TB"]);
});

test("a share of one is a percentage, and so is a share of a hundred", () => {
  assert.deepEqual(written("percentunit", [0, 0.1234, 1]), ["0 %", "12.3 %", "100 %"]);
  assert.deepEqual(written("percent", [12.34], 1), ["12.3 %"]);
});

test("lengths of time take the unit that fits", () => {
  assert.deepEqual(written("s", [0, 0.00005, 0.25, 1, 90, 7200, 172800]), [
    "0 s",
    "50 µs",
    "250 ms",
    "1 s",
    "1.5 min",
    "2 h",
    "2 d",
  ]);
  assert.deepEqual(written("ms", [1500]), ["1.5 s"]);
  assert.deepEqual(written("dtdurations", [3900, -60]), ["1 h 5 min", "−1 min"]);
});

test("small powers have small prefixes", () => {
  assert.deepEqual(written("watt", [0.0025, 12, 1500]), ["2.5 mW", "12 W", "1.5 kW"]);
  assert.deepEqual(written("short", [0.5, 1234, 2.5e6]), ["0.5", "1.23 K", "2.5 Mil"]);
  assert.deepEqual(written("ops", [1500]), ["1.5 K ops/s"]);
});

test("what is no number is written as it is", () => {
  assert.deepEqual(written("bytes", [NaN, Infinity, -Infinity]), ["NaN", "+Inf", "−Inf"]);
  assert.equal(formatOf("percentunit")(NaN), "NaN");
});

test("three figures matter, and asked for decimals are kept", () => {
  assert.deepEqual(
    [1234567, 12.3456, 0.00123456, 1e-12, -0.0001].map((v) => plain(v)),
    ["1,234,567", "12.3", "0.00123", "1.00e−12", "−0.0001"],
  );
  assert.equal(plain(2, 2), "2.00");
  assert.equal(plain(-0.001, 1), "0.0");
});

test("an unknown unit stands behind the number, as do a dashboard's own", () => {
  assert.equal(formatOf("sheep")(3), "3 sheep");
  assert.ok(!isUnit("sheep") && isUnit("bytes"));
  assert.equal(formatOf("suffix:rows")(12), "12 rows");
  assert.equal(formatOf("prefix:no.")(12), "no. 12");
  assert.equal(formatOf("si:W")(1200), "1.2 kW");
});

test("an axis of bytes is divided at powers of two, one of hours at round ones", () => {
  assert.ok(incrementsOf("bytes").includes(2 ** 20));
  assert.ok(!incrementsOf("bytes").includes(1e6));
  assert.ok(incrementsOf("m").includes(15));
});
