// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  asGlob,
  asPromql,
  asRegex,
  asText,
  interpolate,
  mentions,
  single,
  type Scope,
  type Value,
} from "./interpolate";

const several = (...values: string[]): Value => ({
  values,
  texts: values,
  isList: true,
  isAll: false,
  all: "",
});

const scope: Scope = {
  values: {
    one: single("a.b"),
    host: several("nas:9100", "gpu+1"),
    only: several("x.y"),
    everything: { ...several("a", "b"), isAll: true, all: ".+" },
    path: single("C:\\x"),
    named: single("7", "seven"),
  },
  span: { from: 1_700_000_000_000, until: 1_700_003_600_000 },
  intervals: { interval: 30_000, rate: 60_000 },
  dashboard: "Hosts",
};

const promql = (text: string) => interpolate(text, scope, asPromql);
const text = (of: string) => interpolate(of, scope, asText);

test("in a query, what may be several is escaped for a regular expression inside of a string", () => {
  assert.equal(promql('{h=~"$host"}'), '{h=~"(nas:9100|gpu\\\\+1)"}');
  assert.equal(promql('{h=~"${only}"}'), '{h=~"x\\\\.y"}');
  assert.equal(promql('{h="$one"}'), '{h="a.b"}', "a single value is as it is");
  assert.equal(promql('{p="[[path]]"}'), '{p="C:\\\\x"}');
});

test("what stands for all of them goes in as it is written", () => {
  assert.equal(promql('{h=~"$everything"}'), '{h=~".+"}');
  assert.equal(promql('{h=~"${everything:regex}"}'), '{h=~".+"}');
});

test("a format says how values are written", () => {
  assert.equal(promql("${host:csv}"), "nas:9100,gpu+1");
  assert.equal(promql("${host:pipe}"), "nas:9100|gpu+1");
  assert.equal(promql("${host:regex}"), "(nas:9100|gpu\\+1)");
  assert.equal(promql("[[host:glob]]"), "{nas:9100,gpu+1}");
  assert.equal(promql("${host:json}"), '["nas:9100","gpu+1"]');
  assert.equal(promql("${host:singlequote}"), "'nas:9100','gpu+1'");
  assert.equal(promql("${host:doublequote}"), '"nas:9100","gpu+1"');
  assert.equal(promql("${host:queryparam}"), "var-host=nas%3A9100&var-host=gpu%2B1");
  assert.equal(promql("${host:percentencode}"), "%7Bnas%3A9100%2Cgpu%2B1%7D");
  assert.equal(promql("${one:raw}"), "a.b");
  assert.equal(promql("${named:text}"), "seven");
  assert.equal(promql("${named.text}"), "seven");
});

test("a format that nobody knows changes nothing about the default", () => {
  assert.equal(promql("${host:nonsense}"), "(nas:9100|gpu\\\\+1)");
});

test("what nobody knows stays as it is written", () => {
  assert.equal(promql("$nothing ${nothing} [[nothing]] $"), "$nothing ${nothing} [[nothing]] $");
  assert.equal(promql("$constructor ${__proto__}"), "$constructor ${__proto__}");
});

test("the time and the step of the panel are variables, too", () => {
  assert.equal(promql("rate(x[$__rate_interval])"), "rate(x[1m])");
  assert.equal(
    promql("[$__interval] $__interval_ms $__range $__range_s"),
    "[30s] 30000 3600s 3600",
  );
  assert.equal(promql("$__from ${__to}"), "1700000000000 1700003600000");
  assert.equal(promql("${__from:date:seconds}"), "1700000000");
  assert.equal(promql("${__from:date}"), "2023-11-14T22:13:20.000Z");
  assert.equal(promql("${__from:date:YYYY-MM}"), "2023-11");
});

test("as text, a value reads as people read it", () => {
  assert.equal(text("$named of $host"), "seven of nas:9100 + gpu+1");
  assert.equal(text("$everything"), "All");
  assert.equal(text("on ${__dashboard}"), "on Hosts");
});

test("a legend has several as a glob, the pattern of a variable has them escaped", () => {
  assert.equal(interpolate("$host", scope, asGlob), "{nas:9100,gpu+1}");
  assert.equal(interpolate("/^$only$/", scope, asRegex), "/^x\\.y$/");
});

test("the variables that a text names are found", () => {
  assert.deepEqual(mentions("a $one ${host:regex} [[only]] ${x.y}"), ["one", "host", "only", "x"]);
});
