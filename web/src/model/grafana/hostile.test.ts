// SPDX-License-Identifier: Apache-2.0
// Whatever stands in a dashboard, it is understood as far as it goes: nothing throws, nothing runs
// away.  A sound one is broken at random places, thousands of times, by a seed that is printed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { dashboardOf } from "./dashboard";
import { figures } from "./figures";
import { field, type Frame } from "./frames";
import { grid, orderOf } from "./grid";
import { heat } from "./heat";
import { asPromql, interpolate } from "./interpolate";
import type { Json } from "./json";
import { layout } from "./layout";
import { lines } from "./lines";
import { markdown } from "./markdown";
import type { Panel } from "./panel";
import { transform } from "./transform";
import { chosenOf, valueOf } from "./variables";

const SOUND = {
  title: "Sound",
  time: { from: "now-1h", to: "now" },
  templating: {
    list: [
      { name: "job", type: "custom", query: "a, b : c", multi: true, includeAll: true },
      { name: "step", type: "interval", query: "1m,5m", auto: true },
    ],
  },
  panels: [
    { id: 1, type: "row", title: "$job", repeat: "job", gridPos: { x: 0, y: 0, w: 24, h: 1 } },
    {
      id: 2,
      type: "timeseries",
      repeat: "job",
      maxPerRow: 2,
      gridPos: { x: 0, y: 1, w: 12, h: 8 },
      targets: [{ refId: "A", expr: "up{job=~'$job'}", legendFormat: "{{x}}" }],
      fieldConfig: {
        defaults: {
          unit: "bytes",
          min: 0,
          mappings: [{ type: "value", options: { "1": { text: "up" } } }],
          thresholds: {
            mode: "percentage",
            steps: [{ color: "green" }, { color: "red", value: 80 }],
          },
          custom: { stacking: { mode: "normal" }, lineStyle: { fill: "dash", dash: [1, 2] } },
        },
        overrides: [
          {
            matcher: { id: "byRegexp", options: "/a/" },
            properties: [{ id: "custom.fillOpacity", value: 9 }],
          },
        ],
      },
      options: { legend: { calcs: ["max"] }, reduceOptions: { calcs: ["p95"], values: true } },
      transformations: [
        {
          id: "calculateField",
          options: { mode: "binary", binary: { left: "a", operator: "/", right: "2" } },
        },
        { id: "organize", options: { renameByName: { a: "b" } } },
        { id: "reduce", options: { reducers: ["max"] } },
      ],
    },
    {
      id: 3,
      type: "graph",
      yaxes: [{ format: "s" }, {}],
      seriesOverrides: [{ alias: "/x/", yaxis: 2 }],
    },
    { id: 4, type: "singlestat", thresholds: "1,2", colors: ["red"], gauge: { show: true } },
    { id: 5, type: "text", options: { content: "# a *b* [c](d)\n- e" } },
  ],
};

const ODD: unknown[] = [
  null,
  -1,
  1e308,
  NaN,
  "",
  "/(/",
  "${",
  "__proto__",
  [],
  {},
  [[]],
  true,
  "$job",
  "now/d",
];
const FRAMES: Frame[] = [
  {
    refId: "A",
    fields: [
      field("Time", "time", [0, 1000, 2000]),
      { ...field("a", "number", [1, null, NaN]), labels: { le: "1" } },
      field("b", "string", ["x", null, "y"]),
    ],
  },
  { refId: "B", fields: [] },
];

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/* One value somewhere inside becomes another. */
function broken(value: unknown, draw: () => number): unknown {
  if (typeof value !== "object" || value === null || draw() < 0.06)
    return ODD[Math.floor(draw() * ODD.length)];
  const copy = (Array.isArray(value) ? [...value] : { ...value }) as Json;
  const keys = Object.keys(copy);
  if (keys.length === 0) return copy;
  const key = keys[Math.floor(draw() * keys.length)]!;
  copy[key] = broken(copy[key], draw);
  return copy;
}

const span = { from: 0, until: 3_600_000 };

function drawAll(panel: Panel): void {
  const frames = transform(FRAMES, panel.transformations);
  lines(frames, panel);
  figures(frames, panel);
  grid(frames, panel, orderOf(panel));
  heat(frames, panel);
  markdown(String(panel.options.content ?? ""));
}

function understand(json: unknown): void {
  const dashboard = dashboardOf(json);
  const values = Object.fromEntries(
    dashboard.variables.map((v) => [
      v.name,
      valueOf(v, v.options, chosenOf(v, v.options, null), span),
    ]),
  );
  const scope = {
    values,
    span,
    intervals: { interval: 1000, rate: 4000 },
    dashboard: dashboard.title,
  };
  for (const section of layout(dashboard.panels, values, new Set()))
    for (const { panel, place } of section.panels) {
      assert.ok(place.x >= 0 && place.w >= 1 && place.x + place.w <= 24 && place.h >= 1);
      for (const target of panel.targets) interpolate(target.expr, scope, asPromql);
      drawAll(panel);
    }
}

test("a dashboard that is broken anywhere is understood as far as it goes", () => {
  for (let seed = 1; seed <= 4000; seed++) {
    const draw = random(seed);
    let json: unknown = SOUND;
    for (let n = 0; n <= seed % 4; n++) json = broken(json, draw);
    try {
      understand(json);
    } catch (failure) {
      throw new Error(`seed ${seed}: ${String(failure)}\n${JSON.stringify(json)}`);
    }
  }
});
