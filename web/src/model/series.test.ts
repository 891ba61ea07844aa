// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { placeOf, writeSelector } from "./prometheus";
import { frameOf, frameOfSamples, legendOf, lonely, shortNames, stack, summarize } from "./series";

const series = (values: [number, number][], metric = {}) => ({ metric, values, histograms: [] });

test("what a series doesn't have is a gap, also where no series has it", () => {
  const answered = [
    series([
      [100, 1],
      [130, 4],
    ]),
    series([[110, NaN]]),
  ];
  const { times, lines } = frameOf(answered, { start: 100, end: 130, step: 10 });
  assert.deepEqual(times, [100, 110, 120, 130]);
  assert.deepEqual(
    lines.map((line) => line.values),
    [
      [1, null, null, 4],
      [null, null, null, null],
    ],
  );
});

test("steps that are no whole number of seconds stay on their grid", () => {
  const values = Array.from({ length: 11 }, (_, i) => [i * 0.1, i] as [number, number]);
  const { lines } = frameOf([series(values)], { start: 0, end: 1, step: 0.1 });
  assert.deepEqual(
    lines[0]!.values,
    values.map(([, v]) => v),
  );
});

test("raw samples keep the times that they have", () => {
  const { times, lines } = frameOfSamples([
    series([
      [1.5, 1],
      [9, 2],
    ]),
    series([[2, 7]]),
  ]);
  assert.deepEqual(times, [1.5, 2, 9]);
  assert.deepEqual(lines[1]!.values, [null, 7, null]);
});

test("a summary is of the values that there are", () => {
  const s = summarize([null, 4, null, 2, null]);
  assert.deepEqual([s.first, s.last, s.min, s.max, s.mean, s.count], [4, 2, 2, 4, 3, 2]);
  assert.equal(summarize([null]).last, null);
});

test("stacked rows stand upon each other, gaps stay gaps, and negative ones hang", () => {
  const rows = [
    [1, 2, -1],
    [10, null, -2],
    [5, 5, 5],
  ];
  assert.deepEqual(stack(rows, "normal"), [
    [1, 2, -1],
    [11, null, -3],
    [16, 7, 5],
  ]);
  assert.deepEqual(
    stack(rows, "normal", (row) => row === 1)[2],
    [6, 7, 5],
    "what is hidden carries nothing",
  );
  assert.deepEqual(stack([[1], [3]], "percent"), [[25], [100]]);
});

test("a point without neighbours is found", () => {
  assert.deepEqual(lonely([1, null, 2, 3, null, 4], 0, 5), [0, 5]);
  assert.deepEqual(lonely([1, 2], 0, 1), []);
});

test("a legend is filled in from labels, and else is the selector", () => {
  const labels = { __name__: "up", job: "a b", "dotted.name": "1" };
  assert.equal(legendOf(labels, "{{job}} at {{ instance }}"), "a b at ");
  assert.equal(legendOf(labels), 'up{job="a b", "dotted.name"="1"}');
  assert.equal(writeSelector({ __name__: "a.b" }), '{"a.b"}');
  assert.equal(writeSelector({}), "{}");
});

test("the place of an error is read from the server's text", () => {
  const text = 'invalid parameter "query": 1:5: parse error: unexpected end of input';
  assert.deepEqual(placeOf(text), { line: 1, column: 5 });
  assert.equal(placeOf("query timed out"), null);
});

test("a short name says only what the others don't share", () => {
  const labels = (mode: string) => ({ __name__: "cpu", instance: "nas", mode });
  assert.deepEqual(shortNames([labels("user"), labels("idle")]), [
    '{mode="user"}',
    '{mode="idle"}',
  ]);
  assert.deepEqual(shortNames([labels("user")]), [""]);
});
