// SPDX-License-Identifier: Apache-2.0
// What time a page shows: "now-1h" to "now", or two instants; as it stands in the address.  Pure.

export interface TimeRange {
  from: string /* "now-6h", or milliseconds since 1970 */;
  to: string;
}

const UNITS: Record<string, number> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};

export const PRESETS: [string, string][] = [
  ["now-5m", "5 min"],
  ["now-15m", "15 min"],
  ["now-1h", "1 h"],
  ["now-3h", "3 h"],
  ["now-6h", "6 h"],
  ["now-12h", "12 h"],
  ["now-24h", "24 h"],
  ["now-2d", "2 d"],
  ["now-7d", "7 d"],
  ["now-14d", "14 d"],
  ["now-30d", "30 d"],
];

/* "1h30m" in milliseconds, as Prometheus writes durations; NaN: it isn't one. */
export function parseDuration(text: string): number {
  const parts = /^(?:\d+(?:ms|[smhdwy]))+$/.test(text) ? text.match(/\d+(?:ms|[smhdwy])/g) : null;
  if (!parts) return NaN;
  return parts.reduce((sum, part) => {
    const [, n = "", unit = ""] = /^(\d+)(\D+)$/.exec(part) ?? [];
    return sum + Number(n) * UNITS[unit]!;
  }, 0);
}

/* "1h30m" */
export function writeDuration(ms: number): string {
  if (ms <= 0) return "0s";
  let left = Math.round(ms);
  let text = "";
  for (const unit of ["d", "h", "m", "s", "ms"]) {
    const n = Math.floor(left / UNITS[unit]!);
    if (n > 0) text += `${n}${unit}`;
    left -= n * UNITS[unit]!;
  }
  return text;
}

/* An end of a range in milliseconds since 1970; NaN: it isn't one. */
export function instantOf(text: string, now: number): number {
  if (text === "now") return now;
  const relative = /^now([+-])(.+)$/.exec(text);
  if (relative) return now + (relative[1] === "-" ? -1 : 1) * parseDuration(relative[2]!);
  return /^\d+$/.test(text) ? Number(text) : Date.parse(text);
}

export interface Span {
  from: number /* milliseconds since 1970 */;
  until: number;
}

/* The instants of a range, in order; null: it says nothing that could be shown. */
export function spanOf(range: TimeRange, now: number): Span | null {
  const from = instantOf(range.from, now);
  const until = instantOf(range.to, now);
  if (Number.isNaN(from) || Number.isNaN(until) || until <= from) return null;
  return { from, until };
}

export const isRelative = (range: TimeRange) => /^now/.test(range.from) && range.to === "now";

const ROUND = [
  1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 21_600, 43_200,
  86_400,
];

/* Seconds between two points so that there are no more of them than `points`: a round number. */
export function stepOf(span: Span, points: number): number {
  const least = (span.until - span.from) / 1000 / Math.max(1, points);
  const round = ROUND.find((step) => step >= least);
  return round ?? Math.ceil(least / 86_400) * 86_400;
}

const FRESH_S = 15;

/* The span as it is asked for: whole steps back from its end.  The end is a multiple of the step too,
 * where that is short, so that the same points come again; of a long one, the newest samples would not
 * be seen for as long. */
export function onGrid(span: Span, step: number): Span {
  const ms = step * 1000;
  const quantum = Math.min(step, FRESH_S) * 1000;
  const until = Math.floor(span.until / quantum) * quantum;
  return { from: until - Math.floor((until - span.from) / ms) * ms, until };
}

export function widen(span: Span, factor: number): Span {
  const middle = (span.from + span.until) / 2;
  const half = ((span.until - span.from) / 2) * factor;
  return { from: Math.round(middle - half), until: Math.round(middle + half) };
}

export const absolute = (span: Span): TimeRange => ({
  from: String(Math.round(span.from)),
  to: String(Math.round(span.until)),
});
