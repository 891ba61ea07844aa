// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { fill, HOST_COLUMNS, PANELS, windowOf } from "./host_panels";
import { isUnit } from "./units";

test("a host's name can't end the matcher that it stands in", () => {
  const expr = fill('up{$I, a="$W"}[$W]', 'a"} or up{$W="', 60);
  assert.equal(expr, 'up{instance="a\\"} or up{60s=\\"", a="60s"}[60s]');
});

test("a rate has at least four samples in its window, and leaves out none between two points", () => {
  assert.equal(windowOf(15, 15), 60);
  assert.equal(windowOf(60, 3600), 3660);
});

test("every panel has a known unit, asks of its host, and has something to say when it is empty", () => {
  for (const panel of PANELS) {
    assert.ok(isUnit(panel.unit), panel.unit);
    assert.ok(panel.absent.length > 0, panel.title);
    for (const { expr } of panel.queries) assert.ok(expr.includes("$I"), expr);
  }
  for (const column of HOST_COLUMNS) assert.ok(isUnit(column.unit), column.unit);
});
