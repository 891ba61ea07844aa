// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { instantFrames, legendOf, rangeFrames, type Asked } from "./frames";
import { grid, orderOf } from "./grid";
import { heat } from "./heat";
import { lines } from "./lines";
import { panelOf } from "./panel";
import type { HistogramPoint, VectorSample } from "../prometheus";

const asked = (rest: Partial<Asked> = {}): Asked => ({
  refId: "A",
  legend: "",
  format: "time_series",
  expr: "up",
  ...rest,
});
const points = (...values: number[]): [number, number][] => values.map((v, i) => [100 + i * 10, v]);
const matrix = (labels: Record<string, string>, ...values: number[]) => ({
  metric: labels,
  values: points(...values),
  histograms: [],
});
const tenSeconds = { start: 100_000, step: 10_000, n: 4 };

test("a series has a value at each time of the grid, or none", () => {
  const gap = {
    metric: { a: "1" },
    values: [
      [100, 1],
      [130, 4],
    ] as [number, number][],
    histograms: [],
  };
  const [frame] = rangeFrames(asked(), [gap], tenSeconds);
  assert.deepEqual(frame!.fields[0]!.values, [100_000, 110_000, 120_000, 130_000]);
  assert.deepEqual(frame!.fields[1]!.values, [1, null, null, 4]);
});

test("a series is called by its legend, or by the labels in which it differs", () => {
  const all = [
    { job: "n", cpu: "0" },
    { job: "n", cpu: "1" },
  ];
  assert.equal(legendOf(asked({ legend: "core {{ cpu }} {{gone}}" }), all[0]!, all), "core 0 ");
  assert.equal(legendOf(asked({ legend: "__auto" }), all[1]!, all), "1");
  assert.equal(legendOf(asked(), { __name__: "up", job: "n" }, all), 'up{job="n"}');
  assert.equal(legendOf(asked({ expr: "sum(up)" }), {}, [{}]), "sum(up)");
});

test("a table has a column for each label", () => {
  const samples: VectorSample[] = [
    { metric: { __name__: "up", host: "a" }, value: [100, 1] },
    { metric: { __name__: "up", site: "x" }, value: [100, 0] },
  ];
  const [frame] = instantFrames(asked({ format: "table" }), samples, true);
  assert.deepEqual(
    frame!.fields.map((f) => [f.name, f.values]),
    [
      ["Time", [100_000, 100_000]],
      ["__name__", ["up", "up"]],
      ["host", ["a", null]],
      ["site", [null, "x"]],
      ["Value", [1, 0]],
    ],
  );
  assert.equal(
    instantFrames(asked({ format: "table" }), samples, false)[0]!.fields[4]!.name,
    "Value #A",
  );
});

test("buckets of a heatmap lose what the ones below hold", () => {
  const series = [
    matrix({ le: "+Inf" }, 10, 10),
    matrix({ le: "1" }, 4, 5),
    matrix({ le: "5" }, 7, 9),
  ];
  const frames = rangeFrames(asked({ format: "heatmap", legend: "{{le}}" }), series, {
    ...tenSeconds,
    n: 2,
  });
  const drawn = heat(frames, panelOf({ type: "heatmap" }));
  assert.deepEqual(drawn.rows, ["1", "5", "+Inf"]);
  assert.deepEqual(drawn.cells, [
    [4, 5],
    [3, 4],
    [3, 1],
  ]);
  assert.deepEqual([drawn.edges, drawn.most], [[1, 5, Infinity], 5]);
});

/* As the site answers of a native histogram. */
const seen = (time: number, ...counts: [upper: string, count: string][]): HistogramPoint => [
  time,
  { count: "9", sum: "1", buckets: counts.map(([upper, n]) => [0, "0", upper, n]) },
];

test("native histograms are rows of their buckets, summed over series", () => {
  const native = [
    {
      metric: { a: "1" },
      values: [],
      histograms: [seen(100, ["2", "3"], ["1", "1"]), seen(110, ["+Inf", "4"])],
    },
    { metric: { a: "2" }, values: [], histograms: [seen(100, ["2", "5"])] },
  ];
  const drawn = heat(
    rangeFrames(asked(), native, { ...tenSeconds, n: 2 }),
    panelOf({ type: "heatmap" }),
  );
  assert.deepEqual(drawn.edges, [1, 2, Infinity]);
  assert.deepEqual(drawn.cells, [
    [1, null],
    [8, null],
    [null, 4],
  ]);
});

test("more buckets than can be drawn are put together, and none is lost", () => {
  const counts = Array.from({ length: 250 }, (_, i): [string, string] => [String(i + 1), "1"]);
  const native = [{ metric: {}, values: [], histograms: [seen(100, ...counts)] }];
  const frames = rangeFrames(asked(), native, { ...tenSeconds, n: 1 });
  const { cells, edges } = heat(frames, panelOf({ type: "heatmap" }));
  assert.ok(cells.length <= 100);
  assert.equal(edges![cells.length - 1], 250);
  assert.equal(
    cells.reduce((sum, [n]) => sum + n!, 0),
    250,
  );
});

test("a heatmap may count values of series itself", () => {
  const frames = rangeFrames(asked(), [matrix({ a: "1" }, 0, 24), matrix({ a: "2" }, 0, 0)], {
    ...tenSeconds,
    n: 2,
  });
  const drawn = heat(frames, panelOf({ type: "heatmap", options: { calculate: true } }));
  assert.deepEqual(drawn.cells[0], [2, 1]);
  assert.deepEqual(drawn.cells[23], [null, 1]);
});

test("series of other steps share one row of times", () => {
  const a = rangeFrames(asked(), [matrix({ a: "1" }, 1, 2, 3)], { ...tenSeconds, n: 3 });
  const b = rangeFrames(
    asked({ refId: "B" }),
    [{ metric: {}, values: [[105, 9]], histograms: [] }],
    { start: 105_000, step: 60_000, n: 1 },
  );
  const drawn = lines([...a, ...b], panelOf({ type: "timeseries" }));
  assert.deepEqual(drawn.times, [100, 105, 110, 120]);
  assert.deepEqual(
    drawn.series.map((s) => s.values),
    [
      [1, null, 2, 3],
      [null, 9, null, null],
    ],
  );
});

test("what is no number is a gap in a line", () => {
  const [frame] = rangeFrames(asked(), [matrix({}, NaN, Infinity, 1)], tenSeconds);
  assert.deepEqual(lines([frame!], panelOf({ type: "timeseries" })).series[0]!.values, [
    null,
    null,
    1,
    null,
  ]);
});

test("what is hidden from the legend, the readout or the graph is hidden there alone", () => {
  const frames = rangeFrames(
    asked({ legend: "{{n}}" }),
    ["legend", "tooltip", "viz"].map((n) => matrix({ n }, 1)),
    tenSeconds,
  );
  const hide = (name: string) => ({
    matcher: { id: "byName", options: name },
    properties: [{ id: "custom.hideFrom", value: { [name]: true } }],
  });
  const overrides = ["legend", "tooltip", "viz"].map(hide);
  const panel = panelOf({ type: "timeseries", fieldConfig: { defaults: {}, overrides } });
  assert.deepEqual(
    lines(frames, panel).series.map((line) => [line.name, line.notInLegend, line.notInReadout]),
    [
      ["legend", true, false],
      ["tooltip", false, true],
    ],
  );
});

test("a table is sorted as it was saved, hides columns, and sums at its foot", () => {
  const panel = panelOf({
    type: "table",
    fieldConfig: {
      defaults: {},
      overrides: [
        {
          matcher: { id: "byName", options: "Time" },
          properties: [{ id: "custom.hidden", value: true }],
        },
      ],
    },
    options: {
      sortBy: [{ displayName: "Value", desc: true }],
      footer: { show: true, reducer: ["sum"] },
    },
  });
  const samples = [1, 3, 2].map((v, i) => ({
    metric: { host: `h${i}` },
    value: [100, v] as [number, number],
  }));
  const shown = grid(
    instantFrames(asked({ format: "table" }), samples, true),
    panel,
    orderOf(panel),
  );
  assert.deepEqual(
    shown.columns.map((c) => [c.name, c.footer]),
    [
      ["host", ""],
      ["Value", "6"],
    ],
  );
  assert.deepEqual(shown.rows, [1, 2, 0]);
});
