// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  EMPTY,
  explorePath,
  guessUnit,
  guessUnits,
  readExploration,
  remember,
  type Exploration,
} from "./explore";

const back = (path: string) => readExploration(new URL(path, "http://site").searchParams);

test("the address holds everything, and gives it back", () => {
  const e: Exploration = {
    queries: ['rate(node_cpu_seconds_total{mode!="idle"}[5m])', "up"],
    view: "table",
    range: { from: "now-6h", to: "now" },
    refresh: 30,
    step: 60,
    isStacked: true,
    hasExemplars: true,
    unit: "percentunit",
    zone: "Asia/Kolkata",
  };
  assert.deepEqual(back(explorePath(e)), e);
  assert.deepEqual(back("/explore"), EMPTY);
  assert.equal(explorePath(EMPTY), "/explore");
});

test("what makes no sense in an address is as usual", () => {
  const e = back("/explore?from=x&to=now&refresh=7&view=pie&step=-1");
  assert.deepEqual(e, EMPTY);
});

test("a unit is guessed from the name, and from what is done to it", () => {
  const cases: [string, string][] = [
    ["node_memory_MemFree_bytes", "bytes"],
    ["rate(node_network_receive_bytes_total[5m])", "binBps"],
    ["sum by (mode) (rate(node_cpu_seconds_total[5m]))", "percentunit"],
    ["probe_duration_seconds", "s"],
    ["histogram_quantile(0.9, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))", "s"],
    ["node_memory_MemFree_bytes / node_memory_MemTotal_bytes", ""],
    ["count(node_memory_MemFree_bytes)", ""],
    ["up", ""],
    ['up{job="x_bytes"}', ""],
    ["node_hwmon_temp_celsius", "celsius"],
  ];
  for (const [query, unit] of cases) assert.equal(guessUnit(query), unit, query);
  assert.equal(guessUnits(["a_bytes", "b_bytes", ""]), "bytes");
  assert.equal(guessUnits(["a_bytes", "b_seconds"]), "");
});

test("what was asked is remembered once, newest first", () => {
  assert.deepEqual(remember(["a", "b"], " b "), ["b", "a"]);
  assert.deepEqual(remember(["a"], "  "), ["a"]);
});
