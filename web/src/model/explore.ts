// SPDX-License-Identifier: Apache-2.0
// What the explorer shows, as it stands in the address: whoever opens it sees the same.  Pure.

import { spanOf, type TimeRange } from "./timerange";

export interface Exploration {
  queries: string[];
  view: "graph" | "table";
  range: TimeRange;
  refresh: number /* seconds between two readings; 0: only when asked */;
  step: number /* seconds between two points; 0: as many as there is room for */;
  isStacked: boolean;
  hasExemplars: boolean;
  unit: string /* "": guessed */;
  zone: string /* "": the reader's own */;
}

export const EMPTY: Exploration = {
  queries: [""],
  view: "graph",
  range: { from: "now-1h", to: "now" },
  refresh: 0,
  step: 0,
  isStacked: false,
  hasExemplars: false,
  unit: "",
  zone: "",
};

export const REFRESHES = [0, 5, 10, 30, 60, 300];
export const QUERIES_MOST = 8;

export function readRange(p: URLSearchParams, usual = EMPTY.range): TimeRange {
  const range = { from: p.get("from") ?? usual.from, to: p.get("to") ?? usual.to };
  return spanOf(range, Date.now()) ? range : usual;
}

export const STEPS = [0, 1, 5, 15, 60, 300, 3600, 86_400];

function stepIn(text: string | null): number {
  const step = Number(text ?? 0);
  return step > 0 && step <= 31_536_000 ? step : 0;
}

export function readExploration(p: URLSearchParams): Exploration {
  const queries = p.getAll("q").slice(0, QUERIES_MOST);
  const refresh = Number(p.get("refresh") ?? 0);
  return {
    queries: queries.length > 0 ? queries : [""],
    view: p.get("view") === "table" ? "table" : "graph",
    range: readRange(p),
    refresh: REFRESHES.includes(refresh) ? refresh : 0,
    step: stepIn(p.get("step")),
    isStacked: p.get("stacked") === "1",
    hasExemplars: p.get("exemplars") === "1",
    unit: p.get("unit") ?? "",
    zone: p.get("zone") ?? "",
  };
}

/* "/explore?q=up&from=now-6h": only what isn't as usual. */
export function explorePath(e: Partial<Exploration>): string {
  const p = new URLSearchParams();
  const { queries = [], view, range = EMPTY.range, refresh, step, unit, zone } = e;
  if (queries.some(Boolean)) for (const query of queries) p.append("q", query);
  if (view === "table") p.set("view", view);
  if (range.from !== EMPTY.range.from) p.set("from", range.from);
  if (range.to !== EMPTY.range.to) p.set("to", range.to);
  if (refresh) p.set("refresh", String(refresh));
  if (step) p.set("step", String(step));
  if (e.isStacked) p.set("stacked", "1");
  if (e.hasExemplars) p.set("exemplars", "1");
  if (unit) p.set("unit", unit);
  if (zone) p.set("zone", zone);
  const text = p.toString();
  return `/explore${text && "?"}${text}`;
}

/* ---- the unit, guessed from the names that Prometheus' conventions give metrics */

const RATED = /\b(rate|irate|deriv)\s*\(/;
const UNITS: [RegExp, string, string][] = [
  [/_bytes(_total)?\b/, "bytes", "binBps"],
  [/_seconds(_total|_sum|_bucket)?\b/, "s", "percentunit"],
  [/_ratio\b/, "percentunit", "percentunit"],
  [/_celsius\b/, "celsius", "celsius"],
  [/_volts\b/, "volt", "volt"],
  [/_amperes\b/, "amp", "amp"],
  [/_watts?\b/, "watt", "watt"],
  [/_joules(_total)?\b/, "joule", "watt"],
  [/_hertz\b/, "hertz", "hertz"],
];

/* "": it can't be told.  What is counted, divided, or compared has no unit any more. */
export function guessUnit(query: string): string {
  const bare = query.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\{[^}]*\}/g, "");
  const found = UNITS.filter(([name]) => name.test(bare));
  const isRated = RATED.test(bare);
  if (/[/]|[<>=!]=|[<>]|\b(count|count_values|absent|changes|resets)\b/.test(bare)) return "";
  if (/histogram_quantile/.test(bare)) return found[0]?.[1] ?? "";
  if (found.length !== 1) return "";
  return isRated ? found[0]![2] : found[0]![1];
}

/* One for all of them, if they agree. */
export function guessUnits(queries: string[]): string {
  const all = new Set(queries.filter((query) => query.trim()).map(guessUnit));
  return all.size === 1 ? [...all][0]! : "";
}

/* ---- what was asked before */

const HISTORY_MOST = 60;

/* The newest first, each once. */
export function remember(history: string[], query: string): string[] {
  const text = query.trim();
  if (!text) return history;
  return [text, ...history.filter((old) => old !== text)].slice(0, HISTORY_MOST);
}

/* "A", "B" ... of an expression among others. */
export const letterOf = (i: number) => String.fromCharCode(65 + i);
