// SPDX-License-Identifier: Apache-2.0
// Many values into one, by the names that Grafana gives these calculations.  Pure.

import type { Cell, Field } from "./frames";
import { entry } from "./json";

type Reducer = (numbers: number[], all: Cell[]) => Cell;

const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
const mean = (values: number[]) => (values.length > 0 ? sum(values) / values.length : null);
const least = (values: number[]) =>
  values.length > 0 ? values.reduce((a, b) => Math.min(a, b)) : null;
const most = (values: number[]) =>
  values.length > 0 ? values.reduce((a, b) => Math.max(a, b)) : null;
const last = <T>(values: T[]): T | null => (values.length > 0 ? values[values.length - 1]! : null);
const isThere = (value: Cell) =>
  value !== null && !(typeof value === "number" && Number.isNaN(value));

function variance(values: number[]): number | null {
  const middle = mean(values);
  if (middle === null) return null;
  return sum(values.map((v) => (v - middle) ** 2)) / values.length;
}

function percentile(values: number[], share: number): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.round((sorted.length - 1) * share))]!;
}

/* What was added in all, where a drop is a counter that began anew. */
function growth(values: number[]): number | null {
  if (values.length === 0) return null;
  let grown = 0;
  for (let i = 1; i < values.length; i++) {
    const step = values[i]! - values[i - 1]!;
    grown += step >= 0 ? step : values[i]!;
  }
  return grown;
}

const difference = (values: number[]) =>
  values.length > 0 ? values[values.length - 1]! - values[0]! : null;

const spread = (values: number[]) => (values.length > 0 ? most(values)! - least(values)! : null);

const REDUCERS: Record<string, Reducer> = {
  last: (_, all) => last(all),
  lastNotNull: (_, all) => last(all.filter(isThere)),
  first: (_, all) => all[0] ?? null,
  firstNotNull: (_, all) => all.find(isThere) ?? null,
  min: least,
  max: most,
  mean,
  sum: (values) => (values.length > 0 ? sum(values) : null),
  count: (_, all) => all.length,
  range: spread,
  delta: growth,
  diff: difference,
  diffperc: (values) => {
    const change = difference(values);
    return change === null ? null : change / values[0]!;
  },
  logmin: (values) => least(values.filter((v) => v > 0)),
  median: (values) => percentile(values, 0.5),
  variance,
  stdDev: (values) => {
    const squared = variance(values);
    return squared === null ? null : Math.sqrt(squared);
  },
  allIsZero: (values) => values.length > 0 && values.every((v) => v === 0),
  allIsNull: (_, all) => all.every((v) => v === null),
  changeCount: (_, all) => all.filter((v, i) => i > 0 && v !== all[i - 1]).length,
  distinctCount: (_, all) => new Set(all).size,
  uniqueValues: (_, all) => [...new Set(all)].join(", "),
  allValues: (_, all) => all.join(", "),
};

const NAMES: Record<string, string> = {
  last: "Last",
  lastNotNull: "Last *",
  first: "First",
  firstNotNull: "First *",
  min: "Min",
  max: "Max",
  mean: "Mean",
  sum: "Total",
  count: "Count",
  range: "Range",
  delta: "Delta",
  diff: "Difference",
  diffperc: "Difference percent",
  median: "Median",
  stdDev: "StdDev",
  variance: "Variance",
  logmin: "Min (above zero)",
  changeCount: "Change count",
  distinctCount: "Distinct count",
  allIsZero: "All zeros",
  allIsNull: "All nulls",
  uniqueValues: "Unique values",
  allValues: "All values",
};

/* Their names in dashboards before Grafana 7. */
const OLD: Record<string, string> = {
  avg: "mean",
  current: "lastNotNull",
  total: "sum",
  lastNull: "last",
};

const PERCENTILE = /^p(\d{1,2}(?:\.\d+)?)$/;

export function reducerOf(name: string): Reducer | null {
  const found = entry(REDUCERS, entry(OLD, name) ?? name);
  if (found) return found;
  const share = PERCENTILE.exec(name);
  return share ? (values) => percentile(values, Number(share[1]) / 100) : null;
}

export const reducerName = (name: string) => entry(NAMES, entry(OLD, name) ?? name) ?? name;

/* null where the calculation isn't known. */
export function reduce(field: Field, name: string): Cell {
  const numbers = field.values.filter(
    (v): v is number => typeof v === "number" && !Number.isNaN(v),
  );
  return reducerOf(name)?.(numbers, field.values) ?? null;
}
