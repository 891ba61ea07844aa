// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cell, Frame } from "./frames";
import { field } from "./frames";
import type { Json } from "./json";
import supported from "./supported.json";
import { isTransform, transform } from "./transform";

const series = (name: string, values: Cell[], labels = {}, refId = "A"): Frame => ({
  refId,
  fields: [
    field(
      "Time",
      "time",
      values.map((_, i) => i * 1000),
      refId,
    ),
    { ...field("Value", "number", values, refId), display: name, labels },
  ],
});

const table = (columns: Record<string, Cell[]>, refId = "A"): Frame => ({
  refId,
  fields: Object.entries(columns).map(([name, values]) =>
    field(name, typeof values[0] === "number" ? "number" : "string", values, refId),
  ),
});

const apply = (frames: Frame[], id: string, options: Json = {}) =>
  transform(frames, [{ id, options, refIds: [] }]);
const shown = (frames: Frame[]) =>
  frames.map((frame) => Object.fromEntries(frame.fields.map((f) => [f.display, f.values])));

test("every transformation that is said to be supported is, and no other", () => {
  for (const id of supported.transformations) assert.ok(isTransform(id), id);
  assert.ok(!isTransform("heatmap") && !isTransform("toString"));
});

test("organize leaves out, orders and renames", () => {
  const options = {
    excludeByName: { c: true },
    indexByName: { b: 0, a: 1 },
    renameByName: { a: "first" },
  };
  const [frame] = apply([table({ a: [1], b: [2], c: [3] })], "organize", options);
  assert.deepEqual(
    frame!.fields.map((f) => f.display),
    ["b", "first"],
  );
});

test("merge makes rows that agree one", () => {
  const a = table({ host: ["x", "y"], "Value #A": [1, 2] });
  const b = table({ host: ["y", "z"], "Value #B": [20, 30] }, "B");
  assert.deepEqual(shown(apply([a, b], "merge")), [
    { host: ["x", "y", "z"], "Value #A": [1, 2, null], "Value #B": [null, 20, 30] },
  ]);
});

test("joinByField puts series side by side, all rows or those of all", () => {
  const a = table({ host: ["x", "y"], up: [1, 0] });
  const b = table({ host: ["y", "z"], load: [5, 6] }, "B");
  const by = { byField: "host" };
  assert.deepEqual(shown(apply([a, b], "joinByField", by)), [
    { host: ["x", "y", "z"], up: [1, 0, null], load: [null, 5, 6] },
  ]);
  assert.deepEqual(shown(apply([a, b], "joinByField", { ...by, mode: "inner" })), [
    { host: ["y"], up: [0], load: [5] },
  ]);
  const times = apply([series("a", [1, 2]), series("b", [3, 4])], "seriesToColumns");
  assert.deepEqual(shown(times), [{ Time: [0, 1000], a: [1, 2], b: [3, 4] }]);
});

test("reduce makes a row of a series, or a value of a field", () => {
  const frames = [series("a", [1, 5, 3], { host: "x" }), series("b", [2, null, 8], { host: "y" })];
  assert.deepEqual(
    shown(apply(frames, "reduce", { reducers: ["max", "mean"], labelsToFields: true })),
    [{ Field: ["a", "b"], host: ["x", "y"], Max: [5, 8], Mean: [3, 5] }],
  );
  assert.deepEqual(shown(apply(frames, "reduce", { mode: "reduceFields", reducers: ["sum"] })), [
    { a: [9] },
    { b: [10] },
  ]);
});

test("fields are kept by name or by pattern", () => {
  const frame = table({ host: ["x"], "cpu user": [1], "cpu idle": [2] });
  const kept = (options: Json) =>
    Object.keys(shown(apply([frame], "filterFieldsByName", options))[0]!);
  assert.deepEqual(kept({ include: { names: ["host"], pattern: "/^cpu/" } }), [
    "host",
    "cpu user",
    "cpu idle",
  ]);
  assert.deepEqual(kept({ exclude: { pattern: "/idle/" } }), ["host", "cpu user"]);
});

test("names are rewritten by a pattern, times aside", () => {
  const [frame] = apply([series("node-a:9100", [1])], "renameByRegex", {
    regex: "(.*):\\d+",
    renamePattern: "$1",
  });
  assert.deepEqual(
    frame!.fields.map((f) => f.display),
    ["Time", "node-a"],
  );
});

test("rows are sorted with what is missing last, and limited", () => {
  const frame = table({ v: [2, null, 10, 1] });
  const sort = (desc: boolean) => shown(apply([frame], "sortBy", { sort: [{ field: "v", desc }] }));
  assert.deepEqual(sort(false), [{ v: [1, 2, 10, null] }]);
  assert.deepEqual(sort(true), [{ v: [10, 2, 1, null] }]);
  assert.deepEqual(shown(apply([frame], "limit", { limitField: 2 })), [{ v: [2, null] }]);
});

test("labels become fields", () => {
  const frames = [series("a", [1], { host: "x" }), series("b", [2], { host: "y" })];
  assert.deepEqual(shown(apply(frames, "labelsToFields")), [
    { Time: [0, 0], host: ["x", "y"], Value: [1, 2] },
  ]);
  assert.deepEqual(shown(apply(frames, "labelsToFields", { valueLabel: "host" })), [
    { Time: [0], x: [1], y: [2] },
  ]);
});

test("a field is calculated from others of its row", () => {
  const frames = [series("a", [6, 8]), series("b", [3, 2])];
  const binary = {
    mode: "binary",
    alias: "ratio",
    binary: { left: "a", operator: "/", right: "b" },
  };
  assert.deepEqual(shown(apply(frames, "calculateField", binary))[0]!.ratio, [2, 4]);
  const fixed = {
    mode: "binary",
    alias: "half",
    binary: { left: "a", operator: "*", right: "0.5" },
  };
  assert.deepEqual(shown(apply(frames, "calculateField", fixed))[0]!.half, [3, 4]);
  const sum = { mode: "reduceRow", reduce: { reducer: "sum" }, replaceFields: true };
  assert.deepEqual(shown(apply(frames, "calculateField", sum)), [
    { Time: [0, 1000], Total: [9, 10] },
  ]);
});

test("rows are grouped, and the others of a group calculated", () => {
  const frame = table({ host: ["x", "y", "x"], v: [1, 2, 3] });
  const fields = {
    host: { operation: "groupby" },
    v: { operation: "aggregate", aggregations: ["sum", "max"] },
  };
  assert.deepEqual(shown(apply([frame], "groupBy", { fields })), [
    { host: ["x", "y"], "v (sum)": [4, 2], "v (max)": [3, 2] },
  ]);
});

test("rows are kept by value", () => {
  const frame = table({ v: [1, 5, 9] });
  const filters = [{ fieldName: "v", config: { id: "greater", options: { value: 4 } } }];
  assert.deepEqual(shown(apply([frame], "filterByValue", { filters })), [{ v: [5, 9] }]);
  assert.deepEqual(shown(apply([frame], "filterByValue", { filters, type: "exclude" })), [
    { v: [1] },
  ]);
});

test("a transformation may be about some of the frames only", () => {
  const frames = [table({ v: [3, 1] }), table({ v: [4, 2] }, "B")];
  const sort = { id: "sortBy", options: { sort: [{ field: "v" }] }, refIds: ["B"] };
  assert.deepEqual(shown(transform(frames, [sort])), [{ v: [2, 4] }, { v: [3, 1] }]);
});

test("what isn't known changes nothing", () => {
  assert.deepEqual(shown(apply([table({ v: [1] })], "histogram")), [{ v: [1] }]);
});
