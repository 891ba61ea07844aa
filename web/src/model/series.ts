// SPDX-License-Identifier: Apache-2.0
// From the series that a query answers to what a chart draws: one row of times, and for each series a
// value, or none, at each of them.  Pure.

import { writeSelector, type Labels, type MatrixSeries } from "./prometheus";

export interface Line {
  labels: Labels;
  name: string;
  values: (number | null)[] /* null: stale, absent, or nothing that can be drawn (NaN, ±Inf) */;
}
export interface Frame {
  times: number[] /* seconds */;
  lines: Line[];
}

/* "{{device}} {{mode}}" filled in; what stands in no braces stays.  "": the series as a selector. */
export function legendOf(labels: Labels, format = ""): string {
  if (!format) return writeSelector(labels);
  return format.replace(/\{\{\s*([^}]+?)\s*\}\}/g, (_, name: string) => labels[name] ?? "");
}

/* What tells each of many series from the others: its labels without those that all of them share. */
export function shortNames(all: Labels[]): string[] {
  const [first = {}] = all;
  const shared = Object.entries(first)
    .filter(([key, value]) => all.every((labels) => labels[key] === value))
    .map(([key]) => key);
  return all.map((labels) => {
    const own = Object.entries(labels).filter(([key]) => !shared.includes(key));
    return all.length > 1 && own.length > 0 ? writeSelector(Object.fromEntries(own)) : "";
  });
}

/* The points of a range query, on the grid that was asked for: what is missing is a gap. */
export function frameOf(
  series: MatrixSeries[],
  grid: { start: number; end: number; step: number },
  nameOf: (labels: Labels) => string = writeSelector,
): Frame {
  const n = Math.max(1, Math.floor((grid.end - grid.start) / grid.step + 1e-6) + 1);
  const times = Array.from({ length: n }, (_, i) => grid.start + i * grid.step);
  const lines = series
    .filter(({ values }) => values.length > 0)
    .map(({ metric, values }) => {
      const row = new Array<number | null>(n).fill(null);
      for (const [t, value] of values) {
        const at = Math.round((t - grid.start) / grid.step);
        if (at >= 0 && at < n && Number.isFinite(value)) row[at] = value;
      }
      return { labels: metric, name: nameOf(metric), values: row };
    });
  return { times, lines };
}

/* Raw samples (a range selector asked for at one time): every series has times of its own. */
export function frameOfSamples(
  series: MatrixSeries[],
  nameOf: (labels: Labels) => string = writeSelector,
): Frame {
  const all = new Set<number>();
  for (const { values } of series) for (const [t] of values) all.add(t);
  const times = [...all].sort((a, b) => a - b);
  const places = new Map(times.map((t, i) => [t, i]));
  const lines = series.map(({ metric, values }) => {
    const row = new Array<number | null>(times.length).fill(null);
    for (const [t, value] of values) if (Number.isFinite(value)) row[places.get(t)!] = value;
    return { labels: metric, name: nameOf(metric), values: row };
  });
  return { times, lines };
}

/* ---- what a legend says of a series */

export interface Summary {
  last: number | null /* the newest value, however old */;
  first: number | null;
  min: number | null;
  max: number | null;
  mean: number | null;
  total: number;
  count: number;
}

export function summarize(values: (number | null)[]): Summary {
  const s: Summary = {
    last: null,
    first: null,
    min: null,
    max: null,
    mean: null,
    total: 0,
    count: 0,
  };
  let min = Infinity;
  let max = -Infinity;
  for (const value of values) {
    if (value === null) continue;
    s.first ??= value;
    s.last = value;
    if (value < min) min = value;
    if (value > max) max = value;
    s.total += value;
    s.count++;
  }
  if (s.count === 0) return s;
  return { ...s, min, max, mean: s.total / s.count };
}

/* ---- stacked */

export type Stacking = "none" | "normal" | "percent";

/* The upper edge of each row when they stand upon each other.  What has no value adds nothing, and
 * has a gap of its own; negative values are stacked downwards.  Rows that are `hidden` don't count. */
export function stack(
  rows: (number | null)[][],
  mode: Stacking,
  isHidden: (row: number) => boolean = () => false,
): (number | null)[][] {
  if (mode === "none" || rows.length === 0) return rows;
  const n = rows[0]!.length;
  const up = new Float64Array(n);
  const down = new Float64Array(n);
  const sums = new Float64Array(n);
  if (mode === "percent")
    rows.forEach((row, r) => {
      if (!isHidden(r)) for (let i = 0; i < n; i++) sums[i]! += Math.abs(row[i] ?? 0);
    });
  return rows.map((row, r) => {
    if (isHidden(r)) return row;
    return row.map((value, i) => {
      if (value === null) return null;
      const share = mode === "percent" ? (sums[i] ? (100 * value) / sums[i]! : 0) : value;
      const edge = share < 0 ? down : up;
      return (edge[i]! += share);
    });
  });
}

/* The rows that have no neighbour at all at some time: a line has nothing to draw there, so these
 * points are drawn by themselves. */
export function lonely(row: ArrayLike<number | null | undefined>, from: number, to: number) {
  const out: number[] = [];
  const has = (i: number) => row[i] !== null && row[i] !== undefined;
  for (let i = from; i <= to; i++)
    if (has(i) && !(i > 0 && has(i - 1)) && !(i + 1 < row.length && has(i + 1))) out.push(i);
  return out;
}
