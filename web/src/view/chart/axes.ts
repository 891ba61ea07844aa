// SPDX-License-Identifier: Apache-2.0
// What stands at the axes.

import uPlot from "uplot";
import { clock, dayMonth, hourMinute, monthYear } from "../../model/format";
import { formatOf, incrementsOf } from "../../model/units";
import { token } from "./colours";

const DAY_S = 86_400;
const GAP = 6; /* between a number and its axis, in CSS pixels */
const TICK = 4;
const NARROWEST = 28;

export const font = () => `12px ${token("text")}`;

/* The time of day, and the date below it where it is another than before. */
function timeTexts(splits: number[], step: number, zone?: string): string[] {
  let before = "";
  return splits.map((t) => {
    const ms = t * 1000;
    const date = step >= DAY_S * 28 ? monthYear(ms, zone) : dayMonth(ms, zone);
    if (step >= DAY_S) return date;
    const time = step >= 60 ? hourMinute(ms, zone) : clock(ms, zone);
    const isNew = date !== before;
    before = date;
    return isNew ? `${time}\n${date}` : time;
  });
}

const lines = () => ({ stroke: token("line"), width: 1 });

export function timeAxis(zone: string | undefined): uPlot.Axis {
  return {
    font: font(),
    stroke: token("ink-3"),
    grid: lines(),
    ticks: { ...lines(), size: TICK },
    gap: GAP,
    space: 64,
    size: 40,
    values: (_, splits, __, ___, step) => timeTexts(splits, step, zone),
  };
}

/* As wide as its longest number. */
function width(u: uPlot, texts: string[] | null): number {
  if (!texts) return NARROWEST;
  u.ctx.save();
  u.ctx.font = font();
  const longest = Math.max(0, ...texts.map((text) => u.ctx.measureText(text ?? "").width));
  u.ctx.restore();
  return Math.ceil(Math.max(NARROWEST, longest + GAP + TICK + 4));
}

export interface ValueAxis {
  scale: string;
  isRight?: boolean;
  unit?: string;
  decimals?: number;
  label?: string;
  isHidden?: boolean;
}

export function valueAxis(axis: ValueAxis): uPlot.Axis {
  const write = formatOf(axis.unit, axis.decimals);
  return {
    scale: axis.scale,
    show: !axis.isHidden,
    side: axis.isRight ? 1 : 3,
    font: font(),
    labelFont: font(),
    label: axis.label || undefined,
    labelSize: 18,
    stroke: token("ink-3"),
    grid: axis.isRight ? { show: false } : lines(),
    ticks: { show: false, size: TICK },
    gap: GAP,
    space: 34,
    incrs: incrementsOf(axis.unit),
    size: (u, texts) => width(u, texts),
    values: (_, splits) => splits.map((v) => (v === null ? "" : write(tidy(v)))),
  };
}

/* 0.30000000000000004 is 0.3. */
function tidy(v: number): number {
  return Number(v.toPrecision(12));
}
