// SPDX-License-Identifier: Apache-2.0
// How a panel wants its values shown: the defaults of its fields, what overrides them for some, and
// from both the text and colour of a value.  Pure.

import { formatOf } from "../units";
import type { Thresholds } from "./colour";
import {
  colourOf,
  isScheme,
  schemeColour,
  seriesColour,
  thresholdAt,
  thresholdsOf,
  USUAL_THRESHOLDS,
} from "./colour";
import type { Field, Cell } from "./frames";
import {
  at,
  bool,
  entry,
  number,
  objectOf,
  objects,
  oneOf,
  text,
  texts,
  type Json,
  unit,
} from "./json";
import { patternOf } from "./variables";

/* ---- what a field may be told */

export interface Mapping {
  matches: (value: Cell) => boolean;
  text: string /* "": the value itself */;
  colour: string /* "": none */;
}

export interface Link {
  title: string;
  url: string;
  isNewTab: boolean;
}

export interface ColourChoice {
  mode: string /* "palette-classic", "thresholds", "fixed", "shades", a scheme */;
  fixed: string;
  by: "last" | "min" | "max";
}

export interface Drawing {
  style: "line" | "bars" | "points";
  interpolation: "linear" | "smooth" | "stepBefore" | "stepAfter";
  width: number;
  dash: number[] | null;
  fill: number /* percent */;
  gradient: "none" | "opacity" | "hue" | "scheme";
  points: "auto" | "always" | "never";
  pointSize: number;
  spanNulls: boolean | number /* milliseconds */;
  stack: { mode: "none" | "normal" | "percent"; group: string };
  negate: boolean;
  constant: boolean;
  axis: "auto" | "left" | "right" | "hidden";
  axisLabel: string;
  softMin: number | undefined;
  softMax: number | undefined;
  isCentred: boolean;
  log: number /* 0: linear; else the base */;
  thresholds: string /* "off", "line", "dashed", "area", "line+area", "dashed+area" */;
  fillBelowTo: string;
  isHidden: { legend: boolean; viz: boolean; tooltip: boolean };
}

export interface CellStyle {
  kind: string /* "auto", "color-text", "color-background", "gauge", "json-view", ... */;
  align: "left" | "right" | "center" | "auto";
  width: number;
  isHidden: boolean;
  gauge: string;
}

export interface FieldOptions {
  unit: string;
  decimals: number | undefined;
  min: number | undefined;
  max: number | undefined;
  name: string /* instead of its own; "": none */;
  noValue: string;
  mappings: Mapping[];
  thresholds: Thresholds;
  colour: ColourChoice;
  links: Link[];
  drawing: Drawing;
  cell: CellStyle;
}

export interface Override {
  matcher: { id: string; options: unknown };
  properties: { id: string; value: unknown }[];
}
export interface FieldConfig {
  defaults: Json;
  overrides: Override[];
}

/* ---- reading */

const equal = (value: Cell, written: string) => value !== null && String(value) === written;

function specially(what: string): (value: Cell) => boolean {
  switch (what) {
    case "null":
      return (v) => v === null;
    case "nan":
      return (v) => typeof v === "number" && Number.isNaN(v);
    case "null+nan":
      return (v) => v === null || (typeof v === "number" && Number.isNaN(v));
    case "true":
    case "false":
      return (v) => String(v) === what;
    case "empty":
      return (v) => v === "";
    default:
      return () => false;
  }
}

function inRange(from: number | undefined, to: number | undefined) {
  return (v: Cell) => {
    const n = typeof v === "number" ? v : NaN;
    return n >= (from ?? -Infinity) && n <= (to ?? Infinity);
  };
}

function mappingsOf(from: Json): Mapping[] {
  const type = text(from, "type");
  const options = at(from, "options");
  const result = (r: Json) => ({
    text: text(r, "text"),
    colour: text(r, "color") && colourOf(text(r, "color")),
  });
  if (type === "value")
    return Object.entries(options)
      .sort(
        ([, a], [, b]) => (number(objectOf(a), "index") ?? 0) - (number(objectOf(b), "index") ?? 0),
      )
      .map(([key, r]) => ({ matches: (v: Cell) => equal(v, key), ...result(objectOf(r)) }));
  const outcome = result(at(options, "result"));
  if (type === "range")
    return [{ matches: inRange(number(options, "from"), number(options, "to")), ...outcome }];
  if (type === "special") return [{ matches: specially(text(options, "match")), ...outcome }];
  if (type !== "regex") return oldMapping(from);
  const pattern = patternOf(text(options, "pattern"));
  return [{ matches: (v) => !!pattern && v !== null && pattern.test(String(v)), ...outcome }];
}

/* As they were before Grafana 8: {"type": 1, "value": "1", "text": "up"}, {"type": 2, "from", "to"}. */
function oldMapping(from: Json): Mapping[] {
  const outcome = { text: text(from, "text"), colour: "" };
  if (from.type === 2)
    return [{ matches: inRange(number(from, "from"), number(from, "to")), ...outcome }];
  const value = String(from.value ?? "");
  if (value === "null") return [{ matches: specially("null"), ...outcome }];
  return value ? [{ matches: (v) => equal(v, value), ...outcome }] : [];
}

export const linksOf = (from: Json, key: string): Link[] =>
  objects(from, key).map((link) => ({
    title: text(link, "title"),
    url: text(link, "url"),
    isNewTab: bool(link, "targetBlank"),
  }));

const DASHES: Record<string, number[]> = { dash: [10, 10], dot: [0, 6] };

function dashOf(style: Json): number[] | null {
  const fill = text(style, "fill", "solid");
  if (fill === "solid") return null;
  const own = Array.isArray(style.dash) ? style.dash.filter((n) => typeof n === "number") : [];
  return own.length > 0 ? (own as number[]) : (entry(DASHES, fill) ?? null);
}

function drawingOf(custom: Json): Drawing {
  const stacking = at(custom, "stacking");
  const hidden = at(custom, "hideFrom");
  const scale = at(custom, "scaleDistribution");
  const span = custom.spanNulls;
  const transform = text(custom, "transform");
  return {
    style: oneOf(custom, "drawStyle", ["line", "bars", "points"] as const, "line"),
    interpolation: oneOf(
      custom,
      "lineInterpolation",
      ["linear", "smooth", "stepBefore", "stepAfter"] as const,
      "linear",
    ),
    width: number(custom, "lineWidth") ?? 1,
    dash: dashOf(at(custom, "lineStyle")),
    fill: number(custom, "fillOpacity") ?? 0,
    gradient: oneOf(custom, "gradientMode", ["none", "opacity", "hue", "scheme"] as const, "none"),
    points: oneOf(custom, "showPoints", ["auto", "always", "never"] as const, "auto"),
    pointSize: number(custom, "pointSize") ?? 5,
    spanNulls: typeof span === "number" ? span : span === true,
    stack: {
      mode: oneOf(stacking, "mode", ["none", "normal", "percent"] as const, "none"),
      group: text(stacking, "group", "A"),
    },
    negate: transform === "negative-Y",
    constant: transform === "constant",
    axis: oneOf(custom, "axisPlacement", ["auto", "left", "right", "hidden"] as const, "auto"),
    axisLabel: text(custom, "axisLabel"),
    softMin: number(custom, "axisSoftMin"),
    softMax: number(custom, "axisSoftMax"),
    isCentred: bool(custom, "axisCenteredZero"),
    log: text(scale, "type") === "log" ? (number(scale, "log") ?? 10) : 0,
    thresholds: text(at(custom, "thresholdsStyle"), "mode", "off"),
    fillBelowTo: text(custom, "fillBelowTo"),
    isHidden: {
      legend: bool(hidden, "legend"),
      viz: bool(hidden, "viz"),
      tooltip: bool(hidden, "tooltip"),
    },
  };
}

const OLD_CELLS: Record<string, string> = {
  "lcd-gauge": "gauge",
  "gradient-gauge": "gauge",
  basic: "gauge",
  "color-background-solid": "color-background",
};

function cellOf(custom: Json): CellStyle {
  const options = at(custom, "cellOptions");
  const kind = text(options, "type") || text(custom, "displayMode", "auto");
  return {
    kind: entry(OLD_CELLS, kind) ?? kind,
    align: oneOf(custom, "align", ["auto", "left", "right", "center"] as const, "auto"),
    width: number(custom, "width") ?? 0,
    isHidden: bool(custom, "hidden") || bool(at(custom, "hideFrom"), "viz"),
    gauge: text(options, "mode", "gradient"),
  };
}

function optionsOf(from: Json, usualColour: string): FieldOptions {
  const colour = at(from, "color");
  const custom = at(from, "custom");
  return {
    unit: unit(from),
    decimals: number(from, "decimals"),
    min: number(from, "min"),
    max: number(from, "max"),
    name: text(from, "displayName"),
    noValue: text(from, "noValue"),
    mappings: objects(from, "mappings").flatMap(mappingsOf),
    thresholds: thresholdsOf(at(from, "thresholds")) ?? USUAL_THRESHOLDS,
    colour: {
      mode: text(colour, "mode", usualColour),
      fixed: colourOf(text(colour, "fixedColor", "gray")),
      by: oneOf(colour, "seriesBy", ["last", "min", "max"] as const, "last"),
    },
    links: linksOf(from, "links"),
    drawing: drawingOf(custom),
    cell: cellOf(custom),
  };
}

export function fieldConfigOf(from: Json): FieldConfig {
  return {
    defaults: at(from, "defaults"),
    overrides: objects(from, "overrides").map((one) => ({
      matcher: { id: text(at(one, "matcher"), "id"), options: at(one, "matcher").options },
      properties: objects(one, "properties").map((p) => ({ id: text(p, "id"), value: p.value })),
    })),
  };
}

/* ---- which fields an override is about */

const namesIn = (options: unknown): string[] =>
  texts({ list: Array.isArray(options) ? options : objectOf(options).names }, "list");

type Matcher = (field: Field, options: unknown) => boolean;

export const MATCHERS: Record<string, Matcher> = {
  byName: (field, options) => [field.display, field.name].includes(String(options)),
  byRegexp: (field, options) => {
    const pattern = patternOf(String(options ?? ""));
    return !!pattern && (pattern.test(field.display) || pattern.test(field.name));
  },
  byType: (field, options) => field.type === options,
  byFrameRefID: (field, options) => field.refId === options,
  byNames: (field, options) => {
    const is = namesIn(options).includes(field.display) || namesIn(options).includes(field.name);
    return text(objectOf(options), "mode") === "exclude" ? !is : is;
  },
  numeric: (field) => field.type === "number",
  time: (field) => field.type === "time",
};

/* "custom.lineWidth": a path into the defaults. */
function put(into: Json, id: string, value: unknown): void {
  if (id === "custom" || id.includes("__proto__")) return;
  const path = id.split(".");
  let here = into;
  for (const key of path.slice(0, -1)) {
    here[key] = { ...objectOf(here[key]) };
    here = here[key] as Json;
  }
  here[path[path.length - 1]!] = value;
}

/* How each of the fields is shown; those that nothing overrides share one answer. */
export function resolver(config: FieldConfig, usualColour: string) {
  const plain = optionsOf(config.defaults, usualColour);
  return (field: Field): FieldOptions => {
    const found = config.overrides.filter(({ matcher }) =>
      entry(MATCHERS, matcher.id)?.(field, matcher.options),
    );
    if (found.length === 0) return plain;
    const merged: Json = { ...config.defaults };
    for (const { properties } of found)
      for (const { id, value } of properties) put(merged, id, value);
    return optionsOf(merged, usualColour);
  };
}

/* ---- a value as it is shown */

export interface Shown {
  text: string;
  colour: string /* "": none */;
  share: number /* 0..1 on the way from min to max; NaN: not a number */;
}

export interface Bounds {
  min: number;
  max: number;
}

export const boundsOf = (options: FieldOptions, values: Cell[]): Bounds => {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values)
    if (typeof value === "number" && Number.isFinite(value)) {
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
  const min = options.min ?? (least === Infinity ? 0 : least);
  return { min, max: options.max ?? (most === -Infinity ? 100 : Math.max(most, min)) };
};

function shareOf(value: Cell, { min, max }: Bounds): number {
  if (typeof value !== "number" || Number.isNaN(value)) return NaN;
  return max === min
    ? value >= max
      ? 1
      : 0
    : Math.min(1, Math.max(0, (value - min) / (max - min)));
}

/* `index`: which series of the panel it is. */
export function colourFor(
  options: FieldOptions,
  value: Cell,
  share: number,
  index: number,
): string {
  const { mode, fixed } = options.colour;
  if (mode === "fixed" || mode === "shades") return fixed;
  if (isScheme(mode)) return schemeColour(mode, Number.isNaN(share) ? 0 : share);
  if (mode !== "thresholds") return seriesColour(index);
  const n = typeof value === "number" ? value : -Infinity;
  return thresholdAt(options.thresholds, n, share);
}

const written = (options: FieldOptions, value: Cell): string => {
  if (value === null) return options.noValue || "–";
  if (typeof value === "number") return formatOf(options.unit, options.decimals)(value);
  return String(value);
};

export function show(options: FieldOptions, value: Cell, bounds: Bounds, index = 0): Shown {
  const share = shareOf(value, bounds);
  const mapping = options.mappings.find((m) => m.matches(value));
  return {
    text: mapping?.text || written(options, value),
    colour: mapping?.colour || colourFor(options, value, share, index),
    share,
  };
}
