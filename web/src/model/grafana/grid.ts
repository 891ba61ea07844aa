// SPDX-License-Identifier: Apache-2.0
// What a table panel shows: columns in order, each cell with its text and colour.  Pure.

import { boundsOf, resolver, show, type Bounds, type FieldOptions, type Shown } from "./fields";
import { named } from "./figures";
import type { Cell, Field, Frame } from "./frames";
import { lengthOf } from "./frames";
import { at, bool, objects, text, texts } from "./json";
import type { Panel } from "./panel";
import { reduce } from "./reduce";
import { sortedRows, transform } from "./transform";

export const ROWS_MOST = 1000; /* drawn; the others are counted */

export interface Column {
  name: string;
  field: Field;
  options: FieldOptions;
  bounds: Bounds;
  isNumber: boolean;
  footer: string;
}

export interface Grid {
  columns: Column[];
  rows: number[] /* of the fields' values, in the order in which they are shown */;
  more: number;
  hasHead: boolean;
  hasFooter: boolean;
}

/* Grafana shows one frame; series of several are a table only when they have been made one. */
function oneFrame(frames: Frame[]): Frame {
  if (frames.length === 1) return frames[0]!;
  const isSeries = frames.every((frame) => frame.fields.length === 2);
  const how = isSeries ? "seriesToRows" : "merge";
  return transform(frames, [{ id: how, options: {}, refIds: [] }])[0] ?? { refId: "", fields: [] };
}

/* Times are shown as times, whatever their unit. */
function asTime(options: FieldOptions, f: Field): FieldOptions {
  return f.type === "time" && !options.unit ? { ...options, unit: "dateTimeAsIso" } : options;
}

function footerOf(f: Field, options: FieldOptions, panel: Panel): string {
  const from = at(panel.options, "footer");
  const calc = texts(from, "reducer")[0] ?? "sum";
  const only = texts(from, "fields");
  if (f.type !== "number" || (only.length > 0 && !only.includes(f.display))) return "";
  return show(options, reduce(f, calc), boundsOf(options, f.values)).text;
}

export interface Order {
  column: string;
  isDown: boolean;
}

export function orderOf(panel: Panel): Order | null {
  const wish = objects(panel.options, "sortBy")[0];
  return wish ? { column: text(wish, "displayName"), isDown: bool(wish, "desc") } : null;
}

export function grid(frames: Frame[], panel: Panel, order: Order | null): Grid {
  const frame = frames.length > 0 ? oneFrame(frames) : { refId: "", fields: [] };
  const resolve = resolver(panel.config, "thresholds");
  const hasFooter = bool(at(panel.options, "footer"), "show");
  const columns = frame.fields
    .map((field) => ({ field, options: asTime(resolve(field), field) }))
    .filter(({ options }) => !options.cell.isHidden)
    .map(({ field, options }) => ({
      name: options.name ? named(options.name, field) : field.display,
      field,
      options,
      bounds: boundsOf(options, field.values),
      isNumber: field.type === "number",
      footer: hasFooter ? footerOf(field, options, panel) : "",
    }));
  const by = order && columns.find((column) => column.name === order.column);
  const all = by ? sortedRows(by.field.values, order.isDown) : [...Array(lengthOf(frame)).keys()];
  return {
    columns,
    rows: all.slice(0, ROWS_MOST),
    more: Math.max(0, all.length - ROWS_MOST),
    hasHead: bool(panel.options, "showHeader", true),
    hasFooter,
  };
}

export const cellAt = (column: Column, row: number): Cell => column.field.values[row] ?? null;
export const shownAt = (column: Column, row: number): Shown =>
  show(column.options, cellAt(column, row), column.bounds);
