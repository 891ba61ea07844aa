// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { dashboardOf } from "./dashboard";
import { resolver } from "./fields";
import { figures } from "./figures";
import { field, type Frame } from "./frames";
import type { Json } from "./json";
import { lines } from "./lines";
import { panelOf } from "./panel";
import supported from "./supported.json";

const frame = (name: string, values: number[]): Frame => ({
  refId: "A",
  fields: [
    field(
      "Time",
      "time",
      values.map((_, i) => i * 1000),
    ),
    { ...field("Value", "number", values), display: name },
  ],
});
const optionsFor = (from: Json, name: string) =>
  resolver(panelOf(from).config, "palette-classic")(field(name, "number", []));

test("every panel that is said to be supported is, and no other", () => {
  for (const type of supported.panels) assert.ok(panelOf({ type }).type !== "unknown", type);
  assert.equal(panelOf({ type: "geomap" }).type, "unknown");
  assert.equal(panelOf({ type: "geomap" }).written, "geomap");
});

test("what a panel uses that isn't known is named", () => {
  const panel = panelOf({
    type: "timeseries",
    datasource: { type: "loki", uid: "x" },
    targets: [{ refId: "A", datasource: { type: "__expr__", uid: "__expr__" } }],
    transformations: [{ id: "histogram", options: {} }, { id: "merge" }],
    fieldConfig: { defaults: {}, overrides: [{ matcher: { id: "byValue" }, properties: [] }] },
    options: { legend: { calcs: ["max", "wavelet"] } },
  });
  assert.deepEqual(panel.unsupported, [
    "datasource loki",
    "datasource __expr__",
    "transformation histogram",
    "override byValue",
    "calculation wavelet",
  ]);
});

test("prometheus by any name is this site", () => {
  for (const datasource of [
    null,
    "Prometheus",
    "${DS_PROMETHEUS}",
    { type: "prometheus", uid: "$ds" },
  ])
    assert.deepEqual(panelOf({ type: "stat", datasource }).unsupported, []);
});

test("what is malformed is as if it weren't there", () => {
  const panel = panelOf({
    type: "stat",
    title: 7,
    gridPos: { x: 30, y: -2, w: 99, h: 0 },
    targets: "no",
  });
  assert.deepEqual(
    [panel.title, panel.place, panel.targets],
    ["", { x: 0, y: 0, w: 24, h: 1 }, []],
  );
});

const graph = {
  type: "graph",
  fill: 2,
  linewidth: 3,
  stack: true,
  nullPointMode: "connected",
  legend: { show: true, alignAsTable: true, rightSide: true, values: true, max: true, avg: true },
  yaxes: [
    { format: "bytes", min: "0", label: "memory" },
    { format: "percent", label: "share" },
  ],
  aliasColors: { Used: "#ff0000" },
  seriesOverrides: [
    { alias: "/.*out/", transform: "negative-Y" },
    { alias: "Share", yaxis: 2, stack: false, fill: 0 },
  ],
  thresholds: [{ value: 90, op: "gt", colorMode: "critical", line: true, fill: false }],
};

test("an old graph is a time series with the same lines", () => {
  const panel = panelOf(graph);
  assert.equal(panel.type, "timeseries");
  assert.deepEqual(
    [panel.legend.mode, panel.legend.placement, panel.legend.calcs],
    ["table", "right", ["max", "mean"]],
  );
  const used = optionsFor(graph, "Used");
  assert.deepEqual([used.unit, used.min, used.colour.fixed], ["bytes", 0, "#ff0000"]);
  assert.deepEqual(
    [used.drawing.fill, used.drawing.width, used.drawing.stack.mode],
    [20, 3, "normal"],
  );
  assert.equal(used.drawing.spanNulls, true);
  const share = optionsFor(graph, "Share");
  assert.deepEqual(
    [share.unit, share.drawing.axis, share.drawing.stack.mode],
    ["percent", "right", "none"],
  );
  assert.ok(optionsFor(graph, "eth0 out").drawing.negate);
});

test("a series below the axis is drawn there, and the threshold too", () => {
  const drawn = lines([frame("eth0 out", [1, 2]), frame("Used", [3, 4])], panelOf(graph));
  assert.deepEqual(drawn.series[0]!.values, [-1, -2]);
  assert.equal(drawn.stacking, "normal");
  assert.deepEqual(
    drawn.marks.filter((m) => m.isLine).map((m) => m.at),
    [90],
  );
});

const singlestat = {
  type: "singlestat",
  format: "percent",
  valueName: "current",
  colorValue: true,
  colors: ["green", "orange", "red"],
  thresholds: "80, 90",
  valueMaps: [{ op: "=", value: "null", text: "N/A" }],
  sparkline: { show: true },
  targets: [{ expr: "up" }],
};

test("an old single stat is a stat, or a gauge", () => {
  const panel = panelOf(singlestat);
  assert.equal(panel.type, "stat");
  const [figure] = figures([frame("x", [10, 85])], panel);
  assert.deepEqual([figure!.value, figure!.shown.text], [85, "85 %"]);
  const [red] = figures([frame("x", [95])], panel);
  assert.ok(red!.shown.colour !== figure!.shown.colour);
  const gauge = panelOf({ ...singlestat, gauge: { show: true, minValue: 0, maxValue: 200 } });
  assert.equal(gauge.type, "gauge");
  assert.equal(figures([frame("x", [50])], gauge)[0]!.shown.share, 0.25);
});

test("a stat shows each series, or each row of one", () => {
  const rows: Frame = {
    refId: "A",
    fields: [field("host", "string", ["a", "b"]), field("v", "number", [1, 2])],
  };
  const options = { reduceOptions: { calcs: ["lastNotNull"], values: true } };
  const shown = figures([rows], panelOf({ type: "stat", options }));
  assert.deepEqual(
    shown.map((f) => [f.name, f.value]),
    [
      ["a", 1],
      ["b", 2],
    ],
  );
  const each = figures([frame("a", [1, 4]), frame("b", [2, 3])], panelOf({ type: "stat" }));
  assert.deepEqual(
    each.map((f) => [f.name, f.value]),
    [
      ["a", 4],
      ["b", 3],
    ],
  );
});

test("a dashboard with rows of before Grafana 5 is laid out the same", () => {
  const dashboard = dashboardOf({
    title: "Old",
    rows: [
      {
        title: "CPU",
        showTitle: true,
        height: "250px",
        panels: [
          { type: "graph", span: 6 },
          { type: "graph", span: 6 },
          { type: "graph", span: 12 },
        ],
      },
      { title: "More", showTitle: true, collapse: true, panels: [{ type: "text", span: 12 }] },
    ],
  });
  assert.deepEqual(
    dashboard.panels.map((p) => [p.type, p.place.x, p.place.y, p.place.w, p.place.h]),
    [
      ["row", 0, 0, 24, 1],
      ["timeseries", 0, 1, 12, 7],
      ["timeseries", 12, 1, 12, 7],
      ["timeseries", 0, 8, 24, 7],
      ["row", 0, 15, 24, 1],
    ],
  );
  assert.equal(dashboard.panels[4]!.panels.length, 1);
});

test("what a dashboard has that isn't shown is named", () => {
  const dashboard = dashboardOf({
    templating: {
      list: [
        { type: "adhoc", name: "filters" },
        { type: "query", name: "job" },
      ],
    },
    annotations: { list: [{ builtIn: 1, name: "Annotations & Alerts" }, { name: "deploys" }] },
  });
  assert.deepEqual(dashboard.notes, ["variable filters (adhoc)", "annotation deploys"]);
  assert.equal(dashboard.variables.length, 1);
});

test("what is no dashboard at all has no panels, and the newest schema is refused by name", () => {
  assert.deepEqual(dashboardOf([1, 2]).panels, []);
  assert.deepEqual(
    dashboardOf({ panels: [null, 7, "x"] }).panels.map((p) => p.type),
    ["unknown", "unknown", "unknown"],
  );
  assert.throws(
    () => dashboardOf({ apiVersion: "dashboard.grafana.app/v2alpha1", spec: { elements: {} } }),
    /version 2/,
  );
});
