// SPDX-License-Identifier: Apache-2.0
// Times and intervals as Grafana's dashboards write them.  Pure.

import type { Span } from "../timerange";

const UNIT_MS: Record<string, number> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  M: 2_592_000_000,
  y: 31_536_000_000,
};

/* "30s", "1m30s", "1.5h" in milliseconds; NaN: it isn't one. */
export function intervalMs(text: string): number {
  const clean = text.trim().replace(/^>\s*=?\s*/, "");
  if (!/^(?:\d+(?:\.\d+)?(?:ms|[smhdwMy]))+$/.test(clean)) return NaN;
  let sum = 0;
  for (const [, n, unit] of clean.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdwMy])/g))
    sum += Number(n) * UNIT_MS[unit!]!;
  return sum;
}

const WRITTEN: [number, string][] = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "m"],
  [1000, "s"],
  [1, "ms"],
];

/* The largest unit in which it is whole: "90s", "5m". */
export function writeInterval(ms: number): string {
  const whole = Math.max(1, Math.round(ms));
  const [unit, name] = WRITTEN.find(([size]) => whole % size === 0)!;
  return `${whole / unit}${name}`;
}

/* ---- "now-7d/d" */

function shift(date: Date, by: number, unit: string): void {
  if (unit === "M") date.setMonth(date.getMonth() + by);
  else if (unit === "y") date.setFullYear(date.getFullYear() + by);
  else if (unit === "d" || unit === "w") date.setDate(date.getDate() + by * (unit === "w" ? 7 : 1));
  else date.setTime(date.getTime() + by * UNIT_MS[unit]!);
}

/* To the beginning of the unit, in the reader's zone; weeks begin on Monday. */
function floor(date: Date, unit: string): void {
  const rank = ["s", "m", "h", "d", "w", "M", "y"].indexOf(unit);
  date.setMilliseconds(0);
  if (rank >= 1) date.setSeconds(0);
  if (rank >= 2) date.setMinutes(0);
  if (rank >= 3) date.setHours(0);
  if (unit === "w") date.setDate(date.getDate() - ((date.getDay() + 6) % 7));
  if (rank >= 5) date.setDate(1);
  if (unit === "y") date.setMonth(0);
}

/* Milliseconds since 1970 of an end of a range; NaN: it isn't one.  What is rounded ("now/d") is
 * rounded down, and, where a range ends there, up. */
export function instantOf(text: string, now: number, isEnd = false): number {
  if (/^\d+$/.test(text)) return Number(text);
  const found = /^now((?:[+-]\d+(?:ms|[smhdwMy]))*)(?:\/([smhdwMy]))?$/.exec(text);
  if (!found) return Date.parse(text);
  const date = new Date(now);
  for (const [, sign, n, unit] of found[1]!.matchAll(/([+-])(\d+)(ms|[smhdwMy])/g))
    shift(date, (sign === "-" ? -1 : 1) * Number(n), unit!);
  const unit = found[2];
  if (!unit) return date.getTime();
  floor(date, unit);
  if (isEnd) shift(date, 1, unit);
  return date.getTime() - (isEnd ? 1 : 0);
}

export function spanOf(range: { from: string; to: string }, now: number): Span | null {
  const from = instantOf(range.from, now);
  const until = instantOf(range.to, now, true);
  return Number.isNaN(from) || Number.isNaN(until) || until <= from ? null : { from, until };
}

/* ---- how far apart the points of a query lie */

/* What Grafana rounds to: [up to, this], in milliseconds. */
const ROUNDED: [number, number][] = [
  [15, 10],
  [35, 20],
  [75, 50],
  [150, 100],
  [350, 200],
  [750, 500],
  [1500, 1000],
  [3500, 2000],
  [7500, 5000],
  [12_500, 10_000],
  [17_500, 15_000],
  [25_000, 20_000],
  [45_000, 30_000],
  [90_000, 60_000],
  [210_000, 120_000],
  [450_000, 300_000],
  [750_000, 600_000],
  [1_050_000, 900_000],
  [1_500_000, 1_200_000],
  [2_700_000, 1_800_000],
  [5_400_000, 3_600_000],
  [9_000_000, 7_200_000],
  [16_200_000, 10_800_000],
  [32_400_000, 21_600_000],
  [86_400_000, 43_200_000],
  [604_800_000, 86_400_000],
  [1_814_400_000, 604_800_000],
];

const roundInterval = (ms: number) =>
  ROUNDED.find(([most]) => ms < most)?.[1] ?? (ms < 3_628_800_000 ? 2_592_000_000 : 31_536_000_000);

const POINTS_MOST = 11_000; /* that Prometheus answers to one query */

export interface Intervals {
  interval: number /* $__interval, milliseconds */;
  rate: number /* $__rate_interval */;
}

/* `points` fit on the panel; `least` is the panel's or the target's own lower bound, `scrape` how
 * often samples come. */
export function intervalsOf(
  span: Span,
  points: number,
  least: number,
  scrape: number,
  factor = 1 /* of a target's "resolution": how many of the panel's points become one */,
): Intervals {
  const range = span.until - span.from;
  const wanted = roundInterval(range / Math.max(1, points));
  const bound = Number.isNaN(least) ? 0 : least;
  const interval = Math.max(wanted * factor, bound || scrape, Math.ceil(range / POINTS_MOST));
  return { interval, rate: Math.max(interval + scrape, 4 * scrape) };
}
