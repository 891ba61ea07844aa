// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Value } from "./interpolate";
import { layout } from "./layout";
import { panelOf } from "./panel";

const panel = (id: number, x: number, y: number, w: number, h: number, rest = {}) =>
  panelOf({ id, type: "stat", gridPos: { x, y, w, h }, ...rest });
const row = (id: number, y: number, rest = {}) =>
  panelOf({ id, type: "row", gridPos: { x: 0, y, w: 24, h: 1 }, ...rest });
const several = (...values: string[]): Value => ({
  values,
  texts: values,
  isList: true,
  isAll: false,
  all: "",
});
const none = new Set<string>();
const places = (section: ReturnType<typeof layout>[number]) =>
  section.panels.map(({ panel: p, place: { x, y, w, h } }) => [p.id, x, y, w, h]);

test("panels keep their places, and nothing hangs in the air", () => {
  const [section] = layout(
    [panel(1, 0, 0, 12, 4), panel(2, 12, 0, 12, 8), panel(3, 0, 20, 12, 4)],
    {},
    none,
  );
  assert.deepEqual(places(section!), [
    [1, 0, 0, 12, 4],
    [2, 12, 0, 12, 8],
    [3, 0, 4, 12, 4],
  ]);
});

test("a row begins a section, which can be closed and opened", () => {
  const inside = { id: 9, type: "stat", gridPos: { x: 0, y: 6, w: 6, h: 3 } };
  const all = [
    panel(1, 0, 0, 24, 2),
    row(2, 2),
    panel(3, 0, 3, 6, 2),
    row(4, 5, { collapsed: true, panels: [inside] }),
  ];
  const sections = layout(all, {}, none);
  assert.deepEqual(
    sections.map((s) => [s.row?.id ?? 0, s.isOpen, s.panels.length]),
    [
      [0, true, 1],
      [2, true, 1],
      [4, false, 1],
    ],
  );
  const toggled = layout(all, {}, new Set([sections[1]!.key, sections[2]!.key]));
  assert.deepEqual(
    toggled.map((s) => s.isOpen),
    [true, false, true],
  );
});

test("a panel is repeated for each value, side by side or below each other", () => {
  const values = { host: several("a", "b", "c") };
  const beside = panel(1, 0, 0, 24, 4, { repeat: "host", maxPerRow: 2 });
  const [section] = layout([beside, panel(2, 0, 4, 24, 2)], values, none);
  assert.deepEqual(places(section!), [
    [1, 0, 0, 12, 4],
    [1, 12, 0, 12, 4],
    [1, 0, 4, 12, 4],
    [2, 0, 8, 24, 2],
  ]);
  assert.deepEqual(
    section!.panels.map((p) => p.own.host?.values),
    [["a"], ["b"], ["c"], undefined],
  );
  const below = layout(
    [panel(1, 6, 0, 6, 2, { repeat: "host", repeatDirection: "v" })],
    values,
    none,
  );
  assert.deepEqual(places(below[0]!), [
    [1, 6, 0, 6, 2],
    [1, 6, 2, 6, 2],
    [1, 6, 4, 6, 2],
  ]);
});

test("a row is repeated with its panels", () => {
  const sections = layout(
    [row(1, 0, { repeat: "host" }), panel(2, 0, 1, 6, 2)],
    { host: several("a", "b") },
    none,
  );
  assert.deepEqual(
    sections.map((s) => [s.own.host?.values[0], s.panels[0]!.own.host?.values[0]]),
    [
      ["a", "a"],
      ["b", "b"],
    ],
  );
  assert.ok(sections[0]!.key !== sections[1]!.key);
});

test("what is repeated by nothing that is known is there once", () => {
  assert.equal(layout([panel(1, 0, 0, 6, 2, { repeat: "gone" })], {}, none)[0]!.panels.length, 1);
});
