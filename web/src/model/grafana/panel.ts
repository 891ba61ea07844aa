// SPDX-License-Identifier: Apache-2.0
// A panel as it stands in a dashboard, of today's Grafana or of one before 7, into one shape.  What
// it uses that isn't known here is in `unsupported`, by name.  Pure.

import { fieldConfigOf, linksOf, MATCHERS, type FieldConfig, type Link } from "./fields";
import {
  at,
  bool,
  entry,
  list,
  number,
  objectOf,
  objects,
  oneOf,
  text,
  texts,
  type Json,
} from "./json";
import { modernized } from "./old";
import { reducerOf } from "./reduce";
import supported from "./supported.json";
import type { Transformation } from "./transform";
import { isTransform } from "./transform";

export interface Place {
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface Target {
  refId: string;
  expr: string;
  legend: string;
  format: "time_series" | "table" | "heatmap";
  isInstant: boolean;
  isHidden: boolean;
  interval: string /* the least */;
  factor: number /* 2: every second point */;
}

export interface Legend {
  isShown: boolean;
  mode: "list" | "table";
  placement: "bottom" | "right";
  calcs: string[];
  sortBy: string;
  isDown: boolean;
}

export type PanelType =
  | "timeseries"
  | "stat"
  | "gauge"
  | "bargauge"
  | "table"
  | "text"
  | "row"
  | "heatmap"
  | "unknown";

export interface Panel {
  id: number;
  type: PanelType;
  written: string /* the type as it is written */;
  title: string;
  description: string;
  place: Place;
  isTransparent: boolean;
  hidesTime: boolean /* says nothing of a time of its own */;
  targets: Target[];
  interval: string;
  maxDataPoints: number;
  timeFrom: string;
  timeShift: string;
  transformations: Transformation[];
  config: FieldConfig;
  options: Json;
  legend: Legend;
  links: Link[];
  repeat: string;
  repeatDown: boolean;
  maxPerRow: number;
  isCollapsed: boolean;
  panels: Panel[] /* of a row that is collapsed */;
  unsupported: string[];
}

const TYPES: Record<string, PanelType> = {
  timeseries: "timeseries",
  graph: "timeseries",
  stat: "stat",
  singlestat: "stat",
  gauge: "gauge",
  bargauge: "bargauge",
  table: "table",
  "table-old": "table",
  text: "text",
  row: "row",
  heatmap: "heatmap",
};

/* ---- targets */

function targetOf(from: Json, i: number): Target {
  return {
    refId: text(from, "refId") || String.fromCharCode(65 + (i % 26)),
    expr: text(from, "expr"),
    legend: text(from, "legendFormat"),
    format: oneOf(from, "format", ["time_series", "table", "heatmap"] as const, "time_series"),
    isInstant: bool(from, "instant") && !bool(from, "range"),
    isHidden: bool(from, "hide"),
    interval: text(from, "interval"),
    factor: whole(from, "intervalFactor", 1, 10, 1),
  };
}

const MIXED = ["-- Mixed --", "-- Grafana --", "-- Dashboard --", "grafana", "__expr__"];

/* "Prometheus", "${DS}", null, {type, uid}: "" where it is one that we stand for. */
function foreignSource(from: Json): string {
  const source = from.datasource;
  const { type, uid } = objectOf(source);
  if (typeof source === "string" && MIXED.includes(source)) return source;
  if (typeof type === "string" && type !== "prometheus" && !type.startsWith("${")) return type;
  return typeof uid === "string" && MIXED.includes(uid) ? uid : "";
}

/* ---- what isn't known */

function unknownSources(from: Json, targets: Json[]): string[] {
  const own = foreignSource(from);
  const isMixed = own === "-- Mixed --" || own === "datasource";
  const found = targets.map(foreignSource).filter((name) => name && name !== "-- Mixed --");
  return [...new Set([...(own && !isMixed ? [own] : []), ...found])].map((n) => `datasource ${n}`);
}

const unknownTransformations = (from: Json) =>
  objects(from, "transformations")
    .map((one) => text(one, "id"))
    .filter((id) => !isTransform(id) || !supported.transformations.includes(id))
    .map((id) => `transformation ${id}`);

const unknownMatchers = (config: FieldConfig) =>
  config.overrides
    .map(({ matcher }) => matcher.id)
    .filter((id) => !entry(MATCHERS, id))
    .map((id) => `override ${id}`);

const unknownCalcs = (calcs: string[]) =>
  calcs.filter((name) => !reducerOf(name)).map((name) => `calculation ${name}`);

const CELLS = ["auto", "color-text", "color-background", "gauge", "json-view", "string"];

function unknownCells(config: FieldConfig): string[] {
  const kinds = [
    at(config.defaults, "custom").cellOptions,
    ...config.overrides.flatMap((one) =>
      one.properties.filter((p) => p.id === "custom.cellOptions").map((p) => p.value),
    ),
  ];
  return kinds
    .map((kind) => text(objectOf(kind), "type", "auto"))
    .filter((kind) => !CELLS.includes(kind))
    .map((kind) => `cell ${kind}`);
}

/* ---- */

const legendOf = (options: Json): Legend => {
  const from = at(options, "legend");
  const mode = text(from, "displayMode", "list");
  return {
    isShown: mode !== "hidden" && bool(from, "showLegend", true),
    mode: mode === "table" ? "table" : "list",
    placement: oneOf(from, "placement", ["bottom", "right"] as const, "bottom"),
    calcs: texts(from, "calcs").filter((name) => reducerOf(name)),
    sortBy: text(from, "sortBy"),
    isDown: bool(from, "sortDesc"),
  };
};

const whole = (from: Json, key: string, least: number, most: number, usual: number) =>
  Math.min(most, Math.max(least, Math.round(number(from, key) ?? usual)));

function placeOf(from: Json): Place {
  const grid = at(from, "gridPos");
  const w = whole(grid, "w", 1, 24, 12);
  return {
    x: whole(grid, "x", 0, 24 - w, 0),
    y: whole(grid, "y", 0, 100_000, 0),
    w,
    h: whole(grid, "h", 1, 200, 8),
  };
}

const transformationsOf = (from: Json): Transformation[] =>
  objects(from, "transformations")
    .filter((one) => !bool(one, "disabled"))
    .map((one) => ({
      id: text(one, "id"),
      options: at(one, "options"),
      refIds: refIdsIn(at(one, "filter")),
    }));

const refIdsIn = (filter: Json): string[] =>
  text(filter, "id") === "byRefId"
    ? text(filter, "options")
        .split("|")
        .map((id) => id.replace(/[^\w]/g, ""))
        .filter(Boolean)
    : [];

function unsupportedOf(from: Json, targets: Json[], config: FieldConfig, options: Json): string[] {
  const calcs = [
    ...texts(at(options, "legend"), "calcs"),
    ...texts(at(options, "reduceOptions"), "calcs"),
  ];
  const library = "libraryPanel" in from && !("type" in from) ? ["library panel"] : [];
  const found = [
    ...library,
    ...unknownSources(from, targets),
    ...unknownTransformations(from),
    ...unknownMatchers(config),
    ...unknownCalcs(calcs),
    ...unknownCells(config),
    ...("alert" in from ? ["alert of a panel"] : []),
  ];
  return [...new Set(found)];
}

export function panelOf(json: Json, depth = 1): Panel {
  const from = modernized(json);
  const written = text(json, "type") || "library panel";
  const options = at(from, "options");
  const config = fieldConfigOf(at(from, "fieldConfig"));
  const targets = objects(from, "targets").slice(0, 100);
  return {
    id: number(from, "id") ?? 0,
    type: entry(TYPES, text(from, "type")) ?? "unknown",
    written,
    title: text(from, "title"),
    description: text(from, "description"),
    place: placeOf(from),
    isTransparent: bool(from, "transparent"),
    hidesTime: bool(from, "hideTimeOverride"),
    targets: targets.map(targetOf),
    interval: text(from, "interval"),
    maxDataPoints: number(from, "maxDataPoints") ?? 0,
    timeFrom: text(from, "timeFrom"),
    timeShift: text(from, "timeShift"),
    transformations: transformationsOf(from),
    config,
    options,
    legend: legendOf(options),
    links: linksOf(from, "links"),
    repeat: text(from, "repeat"),
    repeatDown: text(from, "repeatDirection") === "v",
    maxPerRow: whole(from, "maxPerRow", 1, 24, 4),
    isCollapsed: bool(from, "collapsed"),
    panels: depth > 0 ? list(from, "panels").map((p) => panelOf(objectOf(p), depth - 1)) : [],
    unsupported: unsupportedOf(from, targets, config, options),
  };
}
