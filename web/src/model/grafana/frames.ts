// SPDX-License-Identifier: Apache-2.0
// Answers of the site as frames: columns of equal length, each with a name, a type and labels; what
// transformations work on and panels draw.  Pure.

import { isNative, nativeFrames } from "./native";
import { writeSelector, type Labels, type MatrixSeries, type VectorSample } from "../prometheus";

export type Cell = number | string | boolean | null;
export type FieldType = "time" | "number" | "string" | "boolean";

export interface Field {
  name: string;
  display: string /* what it is called on the panel: the legend of a series */;
  type: FieldType;
  labels: Labels;
  values: Cell[];
  refId: string;
}
export interface Frame {
  refId: string;
  fields: Field[];
}

/* What was asked for. */
export interface Asked {
  refId: string;
  legend: string;
  format: "time_series" | "table" | "heatmap";
  expr: string;
}

/* The instants of a range query, in milliseconds. */
export interface Grid {
  start: number;
  step: number;
  n: number;
}

export const field = (name: string, type: FieldType, values: Cell[], refId = ""): Field => ({
  name,
  display: name,
  type,
  labels: {},
  values,
  refId,
});

export const lengthOf = (frame: Frame): number => frame.fields[0]?.values.length ?? 0;
export const timeOf = (frame: Frame) => frame.fields.find((f) => f.type === "time");
export const numbersOf = (frame: Frame) => frame.fields.filter((f) => f.type === "number");

/* ---- names */

const fill = (legend: string, labels: Labels) =>
  legend.replace(/\{\{\s*([^{}]+?)\s*\}\}/g, (_, name: string) => labels[name] ?? "");

/* What a series is called that nobody named: by the labels in which it differs from the others. */
function automatic(labels: Labels, all: Labels[], expr: string): string {
  if (all.length < 2) {
    const { __name__: name, ...rest } = labels;
    if (Object.keys(rest).length === 0) return name ?? expr;
    return writeSelector(labels);
  }
  const differs = Object.keys(labels).filter((key) =>
    all.some((other) => other[key] !== labels[key]),
  );
  const kept = Object.fromEntries(differs.map((key) => [key, labels[key]!]));
  return differs.length === 1 ? kept[differs[0]!]! : writeSelector(kept);
}

export function legendOf(asked: Asked, labels: Labels, all: Labels[]): string {
  if (asked.legend === "__auto") return automatic(labels, all, asked.expr);
  if (asked.legend) return fill(asked.legend, labels);
  return Object.keys(labels).length > 0 ? writeSelector(labels) : asked.expr;
}

/* ---- of a range */

const timesOf = ({ start, step, n }: Grid): number[] =>
  Array.from({ length: n }, (_, i) => start + i * step);

function onGrid(series: MatrixSeries, { start, step, n }: Grid): Cell[] {
  const out = new Array<Cell>(n).fill(null);
  for (const [time, value] of series.values) {
    const i = Math.round((time * 1000 - start) / step);
    if (i >= 0 && i < n) out[i] = value;
  }
  return out;
}

function seriesFrames(asked: Asked, series: MatrixSeries[], grid: Grid): Frame[] {
  const times = field("Time", "time", timesOf(grid), asked.refId);
  const all = series.map((s) => s.metric);
  return series.map((one) => ({
    refId: asked.refId,
    fields: [
      times,
      {
        name: "Value",
        display: legendOf(asked, one.metric, all),
        type: "number",
        labels: one.metric,
        values: onGrid(one, grid),
        refId: asked.refId,
      },
    ],
  }));
}

const edgeOf = (labels: Labels) => {
  const le = labels.le ?? "";
  return le === "+Inf" ? Infinity : Number(le);
};

/* Cumulative buckets, each without what the one below holds already. */
function bucketFrames(asked: Asked, series: MatrixSeries[], grid: Grid): Frame[] {
  const sorted = [...series].sort((a, b) => edgeOf(a.metric) - edgeOf(b.metric));
  const frames = seriesFrames(asked, sorted, grid);
  for (let i = frames.length - 1; i > 0; i--) {
    const upper = frames[i]!.fields[1]!;
    const lower = frames[i - 1]!.fields[1]!;
    upper.values = upper.values.map((v, at) => {
      const below = lower.values[at];
      return typeof v === "number" && typeof below === "number" ? Math.max(0, v - below) : v!;
    });
  }
  return frames;
}

export function rangeFrames(asked: Asked, series: MatrixSeries[], grid: Grid): Frame[] {
  if (isNative(series)) return nativeFrames(asked.refId, series, grid);
  if (asked.format === "table") {
    const samples = series.flatMap(({ metric, values }) =>
      values.map((value) => ({ metric, value })),
    );
    return [tableFrame(asked, samples, true)];
  }
  if (asked.format === "heatmap" && series.every((s) => "le" in s.metric))
    return bucketFrames(asked, series, grid);
  return seriesFrames(asked, series, grid);
}

/* ---- of an instant */

/* Rows of samples: when, their labels, what. */
function tableFrame(asked: Asked, samples: VectorSample[], isOnly: boolean): Frame {
  const names = new Set<string>();
  for (const { metric } of samples) for (const name of Object.keys(metric)) names.add(name);
  const labels = [...names].sort().map((name) =>
    field(
      name,
      "string",
      samples.map(({ metric }) => metric[name] ?? null),
      asked.refId,
    ),
  );
  const times = samples.map(({ value }) => (value ? value[0] * 1000 : null));
  const values = samples.map(({ value }) => (value ? value[1] : null));
  const name = isOnly ? "Value" : `Value #${asked.refId}`;
  return {
    refId: asked.refId,
    fields: [
      field("Time", "time", times, asked.refId),
      ...labels,
      field(name, "number", values, asked.refId),
    ],
  };
}

/* `isOnly`: no other query of the panel gives a table, too. */
export function instantFrames(asked: Asked, samples: VectorSample[], isOnly: boolean): Frame[] {
  if (asked.format === "table") return [tableFrame(asked, samples, isOnly)];
  const all = samples.map((s) => s.metric);
  return samples.map(({ metric, value }) => ({
    refId: asked.refId,
    fields: [
      field("Time", "time", [value ? value[0] * 1000 : null], asked.refId),
      {
        ...field("Value", "number", [value ? value[1] : null], asked.refId),
        display: legendOf(asked, metric, all),
        labels: metric,
      },
    ],
  }));
}
