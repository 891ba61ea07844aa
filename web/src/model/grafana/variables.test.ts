// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ALL,
  askable,
  chosenOf,
  customOptions,
  optionsFrom,
  valueOf,
  valueQueryOf,
  variableOf,
  wishOf,
  type Variable,
} from "./variables";

const span = { from: 0, until: 3_600_000 };
const made = (rest: object) => variableOf({ name: "v", type: "query", ...rest })!;
const options = (...values: string[]) => values.map((value) => ({ value, text: value }));

test("a query asks for values of labels, names, metrics, results or series", () => {
  assert.deepEqual(valueQueryOf('label_values(node_uname_info{job="a, b"}, instance)'), {
    ask: "label_values",
    label: "instance",
    match: 'node_uname_info{job="a, b"}',
  });
  assert.deepEqual(valueQueryOf("label_values(job)"), {
    ask: "label_values",
    label: "job",
    match: "",
  });
  assert.deepEqual(valueQueryOf("label_names()"), { ask: "label_names", match: "" });
  assert.deepEqual(valueQueryOf("metrics(node_.*)"), { ask: "metrics", pattern: "node_.*" });
  assert.deepEqual(valueQueryOf("query_result(topk(3, up))"), {
    ask: "query_result",
    expr: "topk(3, up)",
  });
  assert.deepEqual(valueQueryOf("up"), { ask: "series", match: "up" });
  assert.equal(valueQueryOf("  "), null);
});

test("a pattern keeps what it matches, and names what is shown of it", () => {
  const found = ['x{device="sda",job="a"}', 'x{device="sdb"}', "other"];
  assert.deepEqual(optionsFrom(found, '/device="([^"]+)"/', 0), options("sda", "sdb"));
  assert.deepEqual(optionsFrom(["a=1", "b=2"], "/(?<text>\\w)=(?<value>\\d)/", 0), [
    { value: "1", text: "a" },
    { value: "2", text: "b" },
  ]);
  assert.deepEqual(
    optionsFrom(["a", "b"], "/(/", 0),
    [],
    "a pattern that can't be read matches nothing",
  );
});

test("options come in the order that was asked for, each once", () => {
  const found = ["b10", "b9", "A", "b9"];
  assert.deepEqual(optionsFrom(found, "", 0), options("b10", "b9", "A"));
  assert.deepEqual(optionsFrom(found, "", 1), options("A", "b10", "b9"));
  assert.deepEqual(optionsFrom(found, "", 2), options("b9", "b10", "A"));
  assert.deepEqual(optionsFrom(found, "", 3), options("A", "b9", "b10"));
  assert.deepEqual(optionsFrom(found, "", 5), options("A", "b10", "b9"));
});

test("custom options may have names, and commas", () => {
  assert.deepEqual(customOptions("one : 1, two,a\\,b"), [
    { value: "1", text: "one" },
    { value: "two", text: "two" },
    { value: "a,b", text: "a,b" },
  ]);
});

test("what the address wishes is chosen as far as it exists", () => {
  const several = made({ multi: true, includeAll: true, current: { value: ["b"] } });
  const all = options("a", "b", "c");
  assert.deepEqual(chosenOf(several, all, ["a", "gone", "c"]), ["a", "c"]);
  assert.deepEqual(chosenOf(several, all, ["gone"]), ["b"], "else what it was saved with");
  assert.deepEqual(chosenOf(several, all, ["All"]), [ALL]);
  assert.deepEqual(chosenOf(several, options("x"), null), [ALL], "else all of them");
  assert.deepEqual(chosenOf(made({}), all, null), ["a"], "else the first");
  assert.deepEqual(chosenOf(made({}), all, ["b", "c"]), ["b"], "one is one");
  assert.deepEqual(chosenOf(made({ type: "textbox", query: "eth" }), [], null), ["eth"]);
  assert.deepEqual(chosenOf(made({ type: "textbox" }), [], ["any"]), ["any"]);
});

test("all of them are each of them, or what was written for all", () => {
  const each = valueOf(made({ includeAll: true }), options("a", "b"), [ALL], span);
  assert.deepEqual([each.values, each.isAll, each.all], [["a", "b"], true, ""]);
  const written = valueOf(made({ includeAll: true, allValue: ".*" }), options("a"), [ALL], span);
  assert.equal(written.all, ".*");
});

test("an interval may follow the range", () => {
  const auto = made({
    type: "interval",
    query: "1m,10m",
    auto: true,
    auto_count: 60,
    auto_min: "10s",
  });
  assert.deepEqual(auto.options[0], { value: "$__auto", text: "auto" });
  assert.deepEqual(valueOf(auto, auto.options, ["$__auto"], span).values, ["1m"]);
  assert.deepEqual(valueOf(auto, auto.options, ["10m"], span).values, ["10m"]);
});

test("variables are asked for together, after those that they name", () => {
  const node = made({ name: "node", query: 'label_values(up{job="$job"}, instance)' });
  const job = made({ name: "job", query: "label_values(job)" });
  const word = made({ name: "word", type: "textbox" });
  const names = (all: Variable[]) => all.map(({ name }) => name);
  assert.deepEqual(names(askable([node, job, word])), ["job", "word"]);
  assert.deepEqual(names(askable([node])), ["node"]);
  const circle = [made({ name: "a", query: "$b" }), made({ name: "b", query: "$a" })];
  assert.deepEqual(names(askable(circle)), ["a"]);
});

test("a query may be an object, as newer dashboards write it", () => {
  assert.equal(
    made({ query: { query: "label_values(job)", refId: "x" } }).query,
    "label_values(job)",
  );
});

test("kinds that aren't known are none", () => {
  assert.equal(variableOf({ name: "f", type: "adhoc" }), null);
  assert.equal(variableOf({ name: "no name", type: "query" }), null);
});

test("the address says it as Grafana's does", () => {
  const params = new URLSearchParams("var-a=1&var-a=2&from=now-1h");
  assert.deepEqual(wishOf(params, "a"), ["1", "2"]);
  assert.equal(wishOf(params, "b"), null);
});
