// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { covers, parseMatchers, writeMatcher } from "./matchers";
import type { Check } from "./types";

const check = (rest: Partial<Check>) =>
  ({
    name: "immich",
    kind: "probe",
    probe: "http",
    home: "mumbai",
    host: null,
    severity: "warning",
    ...rest,
  }) as Check;

const isCovered = (text: string, rest: Partial<Check> = {}) =>
  covers(parseMatchers(text), check(rest));

test("matchers are Alertmanager's", () => {
  assert.ok(isCovered('{name="immich"}'));
  assert.ok(isCovered('name="immich"'), "braces are optional");
  assert.ok(isCovered("{name=immich, site=mumbai}"), "quotes are optional");
  assert.ok(isCovered('{name="immich",}'), "a trailing comma does no harm");
  assert.ok(!isCovered('{name="immich", site="dublin"}'), "all must hold");
  assert.ok(isCovered('{kind!="heartbeat"}'));
  assert.ok(isCovered('{site=~"dublin|mumbai"}'));
  assert.ok(isCovered('{name!~"paper.*"}'));
});

test("patterns are anchored at both ends", () => {
  assert.ok(!isCovered('{name=~"mich"}'));
  assert.ok(isCovered('{name=~".*mich"}'));
  assert.ok(!isCovered('{name=~"immich|x"}', { name: "immich2" }), "the whole alternation is");
});

test("a label that a check doesn't have is empty", () => {
  assert.ok(isCovered('{host=""}'));
  assert.ok(!isCovered('{host=""}', { host: "nas" }));
  assert.ok(isCovered('{host=~"|nas"}'));
});

test("escapes, commas and braces inside quotes are text", () => {
  const name = 'a"b\\c,}{';
  assert.ok(isCovered(writeMatcher("name", name), { name }));
  assert.ok(!isCovered(writeMatcher("name", name), { name: "a" }));
  assert.ok(isCovered(writeMatcher("name", "two\nlines"), { name: "two\nlines" }));
});

test("what makes no sense is said with its place", () => {
  assert.throws(() => parseMatchers(""), /at least one/);
  assert.throws(() => parseMatchers("{}"), /at least one/);
  assert.throws(() => parseMatchers('{name="x"'), /braces/);
  assert.throws(() => parseMatchers('{name="x" site="y"}'), /comma at: site/);
  assert.throws(() => parseMatchers("{immich}"), /label="value" at: immich/);
  assert.throws(() => parseMatchers('{nmae="x"}'), /no label "nmae"/);
  assert.throws(() => parseMatchers('{name=~"("}'), /not a regular expression/);
});
