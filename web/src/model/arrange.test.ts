// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { arrange, type Arrangement } from "./arrange";
import type { Check, Site } from "./types";

const SITES = [
  { name: "dublin", index: 0 },
  { name: "mumbai", index: 1 },
] as Site[];
const ALL = { text: "", states: [], site: "" };

function check(name: string, rest: Partial<Check> = {}): Check {
  return {
    name,
    kind: "probe",
    probe: "http",
    target: null,
    home: "dublin",
    host: "nas",
    severity: "warning",
    state: "ok",
    scope: "none",
    since: null,
    reason: "",
    every_ms: 1000,
    is_flapping: false,
    is_silenced: false,
    needs: [],
    incident: null,
    paused_until: null,
    description: "",
    runbook: "",
    vantages: [],
    ...rest,
  };
}

const groups = (a: Arrangement, i = 0) => a.columns[i]!.lanes.flat();
const titles = (a: Arrangement, i = 0) =>
  groups(a, i).map((g) => `${g.title}: ${g.names.join(" ")}`);

test("checks are grouped by host, lone ones together, the site's own last", () => {
  const a = arrange(
    [
      check("b"),
      check("a10"),
      check("a9"),
      check("x", { host: "gpu" }),
      check("free", { host: null }),
      check("disk@dublin", { kind: "self", host: null }),
    ],
    SITES,
    ALL,
  );
  assert.deepEqual(titles(a), [
    "nas: a9 a10 b",
    "hosts with one check: x",
    "not tied to a host: free",
    "diarchy itself: disk@dublin",
  ]);
});

test("what is not well leaves its group and stands on top, most urgent first", () => {
  const a = arrange(
    [
      check("ok"),
      check("silenced", { state: "failing", scope: "down", is_silenced: true }),
      check("silent", { state: "silent" }),
      check("path", { state: "failing", scope: "path" }),
      check("down", { state: "failing", scope: "down" }),
      check("waiting", { state: "pending" }),
    ],
    SITES,
    ALL,
  );
  assert.deepEqual(a.columns[0]!.unwell, ["down", "path", "silent", "silenced"]);
  assert.deepEqual(titles(a), ["nas: ok waiting"]);
});

test("a failure moves no other group, not even to the other lane", () => {
  const checks = ["a", "b", "c", "d"].flatMap((host) =>
    [1, 2, 3].map((n) => check(`${host}${n}`, { host })),
  );
  const lanes = (list: Check[]) =>
    arrange(list, SITES, ALL).columns[0]!.lanes.map((lane) => lane.map((g) => g.title));
  const before = lanes(checks);
  assert.deepEqual(before, [
    ["a", "b"],
    ["c", "d"],
  ]);
  const failing = checks.map((c) =>
    /^[a][12]|^b/.test(c.name) ? { ...c, state: "failing" as const } : c,
  );
  assert.deepEqual(lanes(failing), [["a"], ["c", "d"]]);
});

test("a host keeps its group while all but one of its checks fail", () => {
  const a = arrange([check("one"), check("two", { state: "failing" })], SITES, ALL);
  assert.deepEqual(titles(a), ["nas: one"]);
});

test("what the lab shares stands in the middle, only while it isn't ok or is asked for", () => {
  const list = [
    check("link:dublin-mumbai", { kind: "link" }),
    check("site:mumbai", { kind: "site", state: "failing" }),
    check("homeless", { home: null, state: "failing" }),
  ];
  assert.deepEqual(arrange(list, SITES, ALL).middle, ["homeless", "site:mumbai"]);
  assert.deepEqual(arrange(list, SITES, { ...ALL, text: "link" }).middle, ["link:dublin-mumbai"]);
});

test("a filter takes all its words, any of its states, and counts what is left", () => {
  const list = [
    check("immich", { home: "mumbai", host: "k3s", reason: "HTTP 502", state: "failing" }),
    check("imap", { home: "mumbai", host: "mail", target: "10.2.0.20:993" }),
  ];
  const shown = (filter: Partial<typeof ALL>) => arrange(list, SITES, { ...ALL, ...filter }).shown;
  assert.equal(shown({ text: "IM mumbai" }), 2);
  assert.equal(shown({ text: "502 k3s" }), 1);
  assert.equal(shown({ text: ":993" }), 1);
  assert.equal(shown({ site: "dublin" }), 0);
  assert.equal(arrange(list, SITES, { ...ALL, states: ["failing", "silent"] }).shown, 1);
  assert.equal(arrange(list, SITES, ALL).total, 2);
});
