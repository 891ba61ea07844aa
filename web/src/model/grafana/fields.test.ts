// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { colourOf } from "./colour";
import { boundsOf, fieldConfigOf, resolver, show } from "./fields";
import { field, type Cell } from "./frames";
import type { Json } from "./json";

const plain = (defaults: Json) =>
  resolver(fieldConfigOf({ defaults }), "thresholds")(field("v", "number", []));
const shownAs = (defaults: Json, value: Cell) => {
  const options = plain(defaults);
  return show(options, value, boundsOf(options, [value]));
};

const steps = [
  { color: "green", value: null },
  { color: "orange", value: 70 },
  { color: "red", value: 90 },
];

test("thresholds colour a value by where it stands", () => {
  const thresholds = { mode: "absolute", steps };
  const colour = (value: number) => shownAs({ thresholds }, value).colour;
  assert.deepEqual([colour(-5), colour(70), colour(95)], ["green", "orange", "red"].map(colourOf));
});

test("thresholds in percent are on the way from min to max", () => {
  const thresholds = { mode: "percentage", steps };
  assert.equal(shownAs({ thresholds, min: 0, max: 1000 }, 800).colour, colourOf("orange"));
});

test("mappings write values, ranges, patterns and what is no number", () => {
  const mappings = [
    { type: "value", options: { "1": { text: "up", color: "green" }, "0": { text: "down" } } },
    { type: "range", options: { from: 10, to: 20, result: { text: "some" } } },
    { type: "special", options: { match: "null+nan", result: { text: "nothing" } } },
    { type: "regex", options: { pattern: "/^ab/", result: { text: "AB" } } },
  ];
  const text = (value: Cell) => shownAs({ mappings }, value).text;
  assert.deepEqual([1, 0, 15, null, NaN, "abc", 5].map(text), [
    "up",
    "down",
    "some",
    "nothing",
    "nothing",
    "AB",
    "5",
  ]);
  assert.equal(shownAs({ mappings }, 1).colour, colourOf("green"));
});

test("a mapping may give a colour and leave the value", () => {
  const mappings = [{ type: "value", options: { "1": { color: "red" } } }];
  assert.deepEqual(
    [shownAs({ mappings }, 1).text, shownAs({ mappings }, 1).colour],
    ["1", colourOf("red")],
  );
});

test("old mappings mean the same", () => {
  const mappings = [
    { type: 1, value: "1", text: "yes" },
    { type: 2, from: "5", to: "9", text: "many" },
    { type: 1, value: "null", text: "N/A" },
  ];
  const text = (value: Cell) => shownAs({ mappings }, value).text;
  assert.deepEqual([text(1), text(7), text(null)], ["yes", "many", "N/A"]);
});

test("nothing is written as the dashboard wants it", () => {
  assert.equal(shownAs({}, null).text, "–");
  assert.equal(shownAs({ noValue: "none" }, null).text, "none");
});

test("overrides reach fields by name, pattern, type and query, the last one wins", () => {
  const property = (value: string) => [{ id: "unit", value }];
  const config = fieldConfigOf({
    defaults: { unit: "short", custom: { lineWidth: 1, fillOpacity: 10 } },
    overrides: [
      { matcher: { id: "byName", options: "sda read" }, properties: property("Bps") },
      { matcher: { id: "byRegexp", options: "/.*write.*/" }, properties: property("bps") },
      { matcher: { id: "byFrameRefID", options: "C" }, properties: property("s") },
      { matcher: { id: "byType", options: "string" }, properties: property("none") },
      {
        matcher: { id: "byName", options: "both write" },
        properties: [{ id: "custom.lineWidth", value: 4 }],
      },
    ],
  });
  const of = resolver(config, "palette-classic");
  assert.equal(of(field("sda read", "number", [])).unit, "Bps");
  assert.equal(of(field("sda write", "number", [])).unit, "bps");
  assert.equal(of(field("other", "number", [], "C")).unit, "s");
  assert.equal(of(field("name", "string", [])).unit, "none");
  assert.equal(of(field("other", "number", [])).unit, "short");
  const both = of(field("both write", "number", [])).drawing;
  assert.deepEqual([both.width, both.fill], [4, 10], "one property leaves the others");
  assert.equal(of(field("other", "number", [])).drawing.width, 1, "and the defaults");
});

test("an override can't reach what is no option", () => {
  const properties = [
    { id: "__proto__.polluted", value: 1 },
    { id: "custom", value: "gone" },
  ];
  const config = fieldConfigOf({
    defaults: {},
    overrides: [{ matcher: { id: "byName", options: "v" }, properties }],
  });
  resolver(config, "thresholds")(field("v", "number", []));
  assert.equal(({} as Json).polluted, undefined);
});

test("a colour that is none is grey, and no address", () => {
  assert.equal(colourOf("url(http://x)"), colourOf("gray"));
  assert.equal(colourOf("rgba(50, 172, 45, 0.97)"), "rgba(50, 172, 45, 0.97)");
  assert.ok(/^#[0-9a-f]{6}$/.test(colourOf("semi-dark-red")));
});
