// SPDX-License-Identifier: Apache-2.0
// Panels as Grafana wrote them before version 7 (graph, singlestat, the old table, heatmap and text),
// rewritten to what they became.  Pure.

import { at, bool, entry, list, number, objectOf, objects, text, texts, type Json } from "./json";

type Property = { id: string; value: unknown };
interface OldOverride {
  matcher: { id: string; options: unknown };
  properties: Property[];
}

const override = (id: string, options: unknown, properties: Property[]): OldOverride => ({
  matcher: { id, options },
  properties,
});

/* "/pattern/" or a name */
const matcherOf = (alias: string) => (/^\/.*\/[a-z]*$/.test(alias) ? "byRegexp" : "byName");

/* ---- graph */

const NULLS: Record<string, boolean> = { connected: true };

function styleOf(from: Json): Json {
  const isBars = bool(from, "bars");
  const isLines = bool(from, "lines", true);
  return {
    drawStyle: isBars ? "bars" : isLines ? "line" : "points",
    lineInterpolation: bool(from, "steppedLine") ? "stepAfter" : "linear",
    lineWidth: number(from, "linewidth") ?? 1,
    fillOpacity: isBars ? 80 : (number(from, "fill") ?? 1) * 10,
    showPoints: bool(from, "points") ? "always" : "never",
    pointSize: (number(from, "pointradius") ?? 2) * 2,
    spanNulls: entry(NULLS, text(from, "nullPointMode")) ?? false,
    lineStyle: { fill: bool(from, "dashes") ? "dash" : "solid" },
    stacking: {
      mode: bool(from, "percentage") ? "percent" : bool(from, "stack") ? "normal" : "none",
      group: "A",
    },
  };
}

/* An axis as properties of the fields on it. */
function axisOf(axis: Json): Json {
  const base = number(axis, "logBase") ?? 1;
  return {
    unit: text(axis, "format", "short"),
    decimals: number(axis, "decimals"),
    min: number(axis, "min"),
    max: number(axis, "max"),
    custom: {
      axisLabel: text(axis, "label"),
      axisPlacement: axis.show === false ? "hidden" : "auto",
      scaleDistribution: base > 1 ? { type: "log", log: base } : { type: "linear" },
    },
  };
}

/* What an entry of seriesOverrides means, each by itself. */
const SERIES_WISHES: Record<string, (value: unknown, right: Json) => Property[]> = {
  color: (value) => [{ id: "color", value: { mode: "fixed", fixedColor: value } }],
  fill: (value) => [{ id: "custom.fillOpacity", value: Number(value) * 10 }],
  linewidth: (value) => [{ id: "custom.lineWidth", value: Number(value) }],
  lines: (value) => (value === false ? [{ id: "custom.lineWidth", value: 0 }] : []),
  bars: (value) => (value === true ? [{ id: "custom.drawStyle", value: "bars" }] : []),
  points: (value) => (value === true ? [{ id: "custom.showPoints", value: "always" }] : []),
  dashes: (value) => (value === true ? [{ id: "custom.lineStyle", value: { fill: "dash" } }] : []),
  transform: (value) => [{ id: "custom.transform", value }],
  stack: (value) => [
    {
      id: "custom.stacking",
      value: { mode: value === false ? "none" : "normal", group: String(value) },
    },
  ],
  fillBelowTo: (value) => [{ id: "custom.fillBelowTo", value }],
  legend: (value) => (value === false ? [{ id: "custom.hideFrom", value: { legend: true } }] : []),
  hiddenSeries: (value) =>
    value === true ? [{ id: "custom.hideFrom", value: { viz: true } }] : [],
  yaxis: (value, right) =>
    value === 2
      ? [
          { id: "custom.axisPlacement", value: "right" },
          ...Object.entries(right)
            .filter(([id, v]) => id !== "custom" && v !== undefined)
            .map(([id, v]) => ({ id, value: v })),
          { id: "custom.axisLabel", value: text(at(right, "custom"), "axisLabel") },
        ]
      : [],
};

function seriesOverrides(from: Json, right: Json): OldOverride[] {
  const colours = Object.entries(at(from, "aliasColors")).map(([alias, fixedColor]) =>
    override("byName", alias, [{ id: "color", value: { mode: "fixed", fixedColor } }]),
  );
  const wishes = objects(from, "seriesOverrides").map((one) => {
    const alias = text(one, "alias");
    const properties = Object.entries(one).flatMap(
      ([key, value]) => entry(SERIES_WISHES, key)?.(value, right) ?? [],
    );
    return override(matcherOf(alias), alias, properties);
  });
  return [...colours, ...wishes];
}

const LEGEND_CALCS: [string, string][] = [
  ["min", "min"],
  ["max", "max"],
  ["avg", "mean"],
  ["current", "lastNotNull"],
  ["total", "sum"],
];

function legendOf(from: Json): Json {
  const legend = at(from, "legend");
  const hasValues = bool(legend, "values");
  const calcs = LEGEND_CALCS.filter(([key]) => hasValues && bool(legend, key)).map(([, id]) => id);
  const sort = LEGEND_CALCS.find(([key]) => key === text(legend, "sort"));
  return {
    showLegend: bool(legend, "show", true),
    displayMode: bool(legend, "alignAsTable") ? "table" : "list",
    placement: bool(legend, "rightSide") ? "right" : "bottom",
    calcs,
    sortBy: sort?.[1] ?? "",
    sortDesc: bool(legend, "sortDesc"),
  };
}

const MARKS: Record<string, string> = { critical: "red", warning: "orange", ok: "green" };

function graphThresholds(from: Json): Json {
  const marks = objects(from, "thresholds");
  if (marks.length === 0) return {};
  const steps = marks.map((mark) => ({
    value: number(mark, "value"),
    color: entry(MARKS, text(mark, "colorMode")) ?? text(mark, "fillColor", "red"),
  }));
  const isArea = marks.some((mark) => bool(mark, "fill"));
  return {
    thresholds: { mode: "absolute", steps: [{ color: "transparent", value: null }, ...steps] },
    custom: { thresholdsStyle: { mode: isArea ? "line+area" : "line" } },
  };
}

function graph(from: Json): Json {
  const [left = {}, right = {}] = objects(from, "yaxes").map(axisOf);
  const own = at(from, "fieldConfig");
  const marks = graphThresholds(from);
  const custom = { ...styleOf(from), ...at(left, "custom"), ...at(marks, "custom") };
  const legend = legendOf(from);
  return {
    ...from,
    type: "timeseries",
    fieldConfig: {
      defaults: { ...left, ...marks, decimals: left.decimals ?? from.decimals, custom },
      overrides: [...seriesOverrides(from, right), ...objects(own, "overrides")],
    },
    options: {
      legend,
      tooltip: { mode: bool(at(from, "tooltip"), "shared", true) ? "multi" : "single" },
    },
  };
}

/* ---- singlestat */

/* "80,90" and three colours */
function steps(written: string, colours: string[]): Json {
  const values = written.split(",").map(Number).filter(Number.isFinite);
  const at = written.trim() ? values : [];
  return {
    mode: "absolute",
    steps: [
      { color: colours[0] ?? "green", value: null },
      ...at.map((value, i) => ({ color: colours[i + 1] ?? "red", value })),
    ],
  };
}

const mappingsOf = (from: Json): Json[] => [
  ...objects(from, "valueMaps").map((map) => ({ ...map, type: 1, text: map.text })),
  ...objects(from, "rangeMaps")
    .filter((map) => number(map, "from") !== undefined)
    .map((map) => ({ ...map, type: 2 })),
];

function unitOf(from: Json): string {
  const unit = text(from, "format", "none");
  const [prefix, postfix] = [text(from, "prefix"), text(from, "postfix")];
  if (unit !== "none" || (!prefix && !postfix)) return unit;
  return postfix ? `suffix:${postfix}` : `prefix:${prefix}`;
}

function singlestat(from: Json): Json {
  const gauge = at(from, "gauge");
  const isColoured =
    bool(from, "colorValue") || bool(from, "colorBackground") || bool(gauge, "show");
  const calc = text(from, "valueName", "avg");
  return {
    ...from,
    type: bool(gauge, "show") ? "gauge" : "stat",
    fieldConfig: {
      defaults: {
        unit: unitOf(from),
        decimals: from.decimals,
        min: bool(gauge, "show") ? gauge.minValue : undefined,
        max: bool(gauge, "show") ? gauge.maxValue : undefined,
        noValue: text(from, "nullText"),
        mappings: mappingsOf(from),
        color: isColoured ? { mode: "thresholds" } : { mode: "fixed", fixedColor: "text" },
        thresholds: steps(text(from, "thresholds"), texts(from, "colors")),
      },
      overrides: [],
    },
    options: {
      reduceOptions: {
        calcs: [calc === "name" ? "lastNotNull" : calc],
        fields: text(from, "tableColumn"),
      },
      textMode: calc === "name" ? "name" : "value",
      colorMode: bool(from, "colorBackground") ? "background" : "value",
      graphMode: bool(at(from, "sparkline"), "show") ? "area" : "none",
    },
  };
}

/* ---- table */

function columnOf(style: Json): OldOverride {
  const pattern = text(style, "pattern");
  const type = text(style, "type");
  const properties: Property[] = [];
  if (text(style, "alias")) properties.push({ id: "displayName", value: style.alias });
  if (type === "hidden") properties.push({ id: "custom.hidden", value: true });
  if (type === "date") properties.push({ id: "unit", value: "dateTimeAsIso" });
  if (type === "number") properties.push({ id: "unit", value: text(style, "unit", "short") });
  if (type === "number") properties.push({ id: "decimals", value: style.decimals });
  const mode = text(style, "colorMode");
  if (mode && mode !== "null") {
    const kind = mode === "value" ? "color-text" : "color-background";
    const written = list(style, "thresholds").map(String).join(",");
    properties.push({ id: "custom.cellOptions", value: { type: kind } });
    properties.push({ id: "color", value: { mode: "thresholds" } });
    properties.push({ id: "thresholds", value: steps(written, texts(style, "colors")) });
  }
  return override(matcherOf(pattern), pattern, properties);
}

const OLD_SHAPES: Record<string, string> = {
  timeseries_to_rows: "seriesToRows",
  timeseries_to_columns: "seriesToColumns",
  timeseries_aggregations: "reduce",
};

function table(from: Json): Json {
  const shape = entry(OLD_SHAPES, text(from, "transform"));
  const reducers = objects(from, "columns").map((column) => text(column, "value"));
  return {
    ...from,
    type: "table",
    /* The first style that matches wins; of overrides the last does. */
    fieldConfig: { defaults: {}, overrides: objects(from, "styles").map(columnOf).reverse() },
    transformations: shape ? [{ id: shape, options: { reducers } }] : [],
    options: { showHeader: bool(from, "showHeader", true) },
  };
}

/* ---- others */

function heatmap(from: Json): Json {
  const axis = at(from, "yAxis");
  const colour = at(from, "color");
  return {
    ...from,
    options: {
      calculate: text(from, "dataFormat") === "timeseries",
      yAxis: { unit: text(axis, "format", "short"), decimals: axis.decimals },
      color: {
        mode: text(colour, "mode") === "opacity" ? "opacity" : "scheme",
        scheme: text(colour, "colorScheme").replace(/^interpolate/, ""),
        fill: text(colour, "cardColor"),
        exponent: number(colour, "exponent"),
      },
    },
  };
}

/* options.fieldOptions of Grafana 6 */
function fieldOptions(from: Json): Json {
  const options = at(from, "options");
  const old = at(options, "fieldOptions");
  return {
    ...from,
    fieldConfig: { defaults: at(old, "defaults"), overrides: objects(old, "overrides") },
    options: {
      ...options,
      reduceOptions: { calcs: texts(old, "calcs"), values: bool(old, "values"), fields: "" },
    },
  };
}

export function modernized(from: Json): Json {
  const type = text(from, "type");
  if (type === "graph") return graph(from);
  if (type === "singlestat") return singlestat(from);
  if (type === "table-old" || (type === "table" && "styles" in from && !("fieldConfig" in from)))
    return table(from);
  if (type === "heatmap" && "dataFormat" in from && !("calculate" in at(from, "options")))
    return heatmap(from);
  if (type === "text" && "content" in from)
    return { ...from, options: { mode: text(from, "mode", "markdown"), content: from.content } };
  return "fieldOptions" in objectOf(from.options) ? fieldOptions(from) : from;
}
