// SPDX-License-Identifier: Apache-2.0
// What a time series panel draws: a row of times and series upon it, each as its field wants it.  Pure.

import { isScheme, schemeColour, seriesColour } from "./colour";
import { boundsOf, colourFor, resolver, type Drawing, type FieldOptions } from "./fields";
import type { Cell, Field, Frame } from "./frames";
import { numbersOf, timeOf } from "./frames";
import { named } from "./figures";
import type { Panel } from "./panel";
import { reduce } from "./reduce";

export const LINES_MOST = 500;

/* As view/chart takes them. */
export interface Line {
  name: string;
  values: (number | null)[];
  colour: string;
  unit: string;
  decimals: number | undefined;
  draw: Drawing["style"];
  between: "linear" | "smooth" | "stepAfter" | "stepBefore";
  width: number;
  fill: number;
  dash: number[] | undefined;
  hasPoints: boolean;
  spansGaps: boolean;
  isRight: boolean;
  isUnstacked: boolean;
  notInLegend: boolean;
  notInReadout: boolean;
}

export interface Mark {
  at: number;
  colour: string;
  isLine: boolean;
  isArea: boolean;
}

export interface Lines {
  times: number[] /* seconds */;
  series: Line[];
  left: FieldOptions | null /* of the first series on the left axis: unit, bounds, label */;
  stacking: "none" | "normal" | "percent";
  marks: Mark[];
  more: number /* series beyond LINES_MOST */;
  unsupported: string[];
}

/* ---- one row of times */

interface Found {
  f: Field;
  times: number[];
}

const sameTimes = (a: number[], b: number[]) =>
  a === b || (a.length === b.length && a[0] === b[0] && a[a.length - 1] === b[b.length - 1]);

function joined(all: Found[]): { times: number[]; rows: Cell[][] } {
  const first = all[0]?.times ?? [];
  if (all.every(({ times }) => sameTimes(times, first)))
    return { times: first, rows: all.map(({ f }) => f.values) };
  const times = [...new Set(all.flatMap((one) => one.times))].sort((a, b) => a - b);
  const places = new Map(times.map((t, i) => [t, i]));
  const rows = all.map(({ f, times: own }) => {
    const row = new Array<Cell>(times.length).fill(null);
    own.forEach((t, i) => (row[places.get(t)!] = f.values[i]!));
    return row;
  });
  return { times, rows };
}

const drawable = (value: Cell, sign: number): number | null =>
  typeof value === "number" && Number.isFinite(value) ? sign * value : null;

/* ---- one line */

function colourOfLine(options: FieldOptions, f: Field, index: number): string {
  const { mode, by, fixed } = options.colour;
  if (mode === "fixed" || mode === "shades") return fixed;
  if (mode !== "thresholds" && !isScheme(mode)) return seriesColour(index);
  const value = reduce(f, by === "last" ? "lastNotNull" : by);
  const { min, max } = boundsOf(options, f.values);
  const share = typeof value === "number" && max > min ? (value - min) / (max - min) : 0;
  return isScheme(mode) ? schemeColour(mode, share) : colourFor(options, value, share, index);
}

/* A line that nothing would be seen of is left its width; what is only filled has none. */
function lineOf(options: FieldOptions, f: Field, row: Cell[], index: number): Line {
  const d = options.drawing;
  const sign = d.negate ? -1 : 1;
  return {
    name: options.name ? named(options.name, f) : f.display,
    values: row.map((value) => drawable(value, sign)),
    colour: colourOfLine(options, f, index),
    unit: options.unit,
    decimals: options.decimals,
    draw: d.style,
    between: d.interpolation,
    width: d.style === "line" ? d.width : Math.min(d.width, 1),
    fill: d.fill / 100,
    dash: d.dash ?? undefined,
    hasPoints: d.points === "always",
    spansGaps: d.spanNulls !== false,
    isRight: d.axis === "right",
    isUnstacked: d.stack.mode === "none",
    notInLegend: d.isHidden.legend,
    notInReadout: d.isHidden.tooltip,
  };
}

/* ---- marks */

function marksOf(options: FieldOptions): Mark[] {
  const mode = options.drawing.thresholds;
  if (mode === "off" || options.thresholds.isPercent) return [];
  return options.thresholds.steps.map((step) => ({
    at: step.from,
    colour: step.colour,
    isLine: /line|dashed/.test(mode) && step.from !== -Infinity,
    isArea: mode.includes("area") && step.colour !== "transparent",
  }));
}

function unsupportedOf(all: FieldOptions[]): string[] {
  const found = new Set<string>();
  const groups = new Set<string>();
  for (const { drawing: d, thresholds } of all) {
    if (d.fillBelowTo) found.add("fill below to");
    if (d.constant) found.add("constant Y");
    if (d.gradient === "scheme" || d.gradient === "hue") found.add(`gradient ${d.gradient}`);
    if (typeof d.spanNulls === "number") found.add("gaps connected up to a length");
    if (d.thresholds !== "off" && thresholds.isPercent)
      found.add("thresholds in percent on a graph");
    if (d.stack.mode !== "none") groups.add(d.stack.group);
  }
  if (groups.size > 1) found.add("several stacks");
  return [...found];
}

/* ---- */

export function lines(frames: Frame[], panel: Panel): Lines {
  const found = frames.flatMap((frame) => {
    const times = (timeOf(frame)?.values ?? []).map(Number);
    return times.length > 0 ? numbersOf(frame).map((f) => ({ f, times })) : [];
  });
  const resolve = resolver(panel.config, "palette-classic");
  const shown = found
    .map((one, index) => ({ ...one, index, options: resolve(one.f) }))
    .filter(({ options }) => !options.drawing.isHidden.viz);
  const kept = shown.slice(0, LINES_MOST);
  const { times, rows } = joined(kept);
  const series = kept.map(({ f, options, index }, i) => lineOf(options, f, rows[i]!, index));
  const all = kept.map(({ options }) => options);
  const left = all.find((o) => o.drawing.axis !== "right") ?? null;
  const stacked = all.find((o) => o.drawing.stack.mode !== "none");
  return {
    times: times.map((ms) => ms / 1000),
    series,
    left,
    stacking: stacked?.drawing.stack.mode ?? "none",
    marks: left ? marksOf(left) : [],
    more: shown.length - kept.length,
    unsupported: unsupportedOf(all),
  };
}
