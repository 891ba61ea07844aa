// SPDX-License-Identifier: Apache-2.0
// The variables of a dashboard: what they are, what they can be, what they are now.  Pure; asking the
// site for their values is view/dashboards/resolve.ts.

import type { Value } from "./interpolate";
import { mentions, single } from "./interpolate";
import { bool, isObject, number, objectOf, objects, text, type Json } from "./json";
import { intervalMs, intervalsOf, writeInterval } from "./time";
import type { Span } from "../timerange";

export const ALL = "$__all";
export const OPTIONS_MOST = 5000; /* of one variable */

export interface Option {
  value: string;
  text: string;
}

/* "auto" of an interval: the range in so many pieces. */
export interface Auto {
  count: number;
  least: string;
}
const AUTO = "$__auto";

export type VariableKind = "query" | "custom" | "interval" | "textbox" | "datasource" | "constant";

export interface Variable {
  name: string;
  label: string;
  description: string;
  kind: VariableKind;
  query: string;
  regex: string;
  sort: number;
  isMulti: boolean;
  hasAll: boolean;
  all: string /* what stands for all, as it is; "": each of them */;
  options: Option[] /* that are written down; those of a query come from the site */;
  first: string[] /* the values it has when nobody chose any; may be [ALL] */;
  isHidden: boolean;
  hasLabel: boolean;
  auto: Auto | null;
}

const KINDS: readonly string[] = [
  "query",
  "custom",
  "interval",
  "textbox",
  "datasource",
  "constant",
];

/* ---- reading */

/* "a, b, c : 3", where a comma may be written \, */
export function customOptions(query: string): Option[] {
  return query
    .split(/(?<!\\),/)
    .map((part) => part.replace(/\\,/g, ",").trim())
    .filter(Boolean)
    .slice(0, OPTIONS_MOST)
    .map((part) => {
      const found = /^(.+?)\s:\s(.+)$/.exec(part);
      return found ? { text: found[1]!, value: found[2]! } : { text: part, value: part };
    });
}

const asTexts = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value])
    .filter((v) => typeof v === "string" || typeof v === "number")
    .map(String);

function autoOf(from: Json): Auto | null {
  if (text(from, "type") !== "interval" || !bool(from, "auto")) return null;
  return { count: number(from, "auto_count") ?? 30, least: text(from, "auto_min", "10s") };
}

function optionsOf(from: Json, kind: VariableKind, query: string): Option[] {
  const auto = autoOf(from) ? [{ value: AUTO, text: "auto" }] : [];
  if (kind === "custom" || kind === "interval") return [...auto, ...customOptions(query)];
  if (kind === "datasource") return [{ value: "prometheus", text: "this site" }];
  return objects(from, "options")
    .filter((option) => asTexts(option.value).length > 0 && option.value !== ALL)
    .map((option) => ({
      value: asTexts(option.value)[0]!,
      text: asTexts(option.text)[0] ?? asTexts(option.value)[0]!,
    }));
}

/* A query is a text, or an object that holds one. */
function queryOf(from: Json): string {
  const query = from.query;
  if (typeof query === "string") return query;
  if (!isObject(query)) return text(from, "definition");
  return text(query, "query") || text(query, "expr") || text(from, "definition");
}

function firstOf(from: Json, kind: VariableKind, query: string): string[] {
  const current = asTexts(objectOf(from.current).value).filter((value) => value !== "");
  if (kind === "textbox" || kind === "constant") return current.length > 0 ? current : [query];
  if (kind === "datasource") return ["prometheus"];
  return current
    .map((value) => (value === "All" && bool(from, "includeAll") ? ALL : value))
    .map((value) => (value.startsWith("$__auto_interval") ? AUTO : value));
}

/* null: one of a kind that isn't known, or that can't have a name. */
export function variableOf(from: Json): Variable | null {
  const name = text(from, "name");
  const type = text(from, "type");
  if (!/^\w+$/.test(name) || !KINDS.includes(type)) return null;
  const kind = type as VariableKind;
  const query = queryOf(from);
  const hide = number(from, "hide") ?? 0;
  return {
    name,
    label: text(from, "label") || name,
    description: text(from, "description"),
    kind,
    query,
    regex: text(from, "regex"),
    sort: number(from, "sort") ?? 0,
    isMulti: bool(from, "multi"),
    hasAll: bool(from, "includeAll"),
    all: text(from, "allValue"),
    options: optionsOf(from, kind, query),
    first: firstOf(from, kind, query),
    isHidden: hide === 2 || kind === "constant" || kind === "datasource",
    hasLabel: hide !== 1,
    auto: autoOf(from),
  };
}

/* Of those whose values aren't known yet, the ones that name none of the others, and can be asked for
 * together.  Where they turn in circles, one of them has to begin. */
export function askable(waiting: Variable[]): Variable[] {
  const names = new Set(waiting.map(({ name }) => name));
  const isFree = (variable: Variable) =>
    !mentions(variable.query + variable.regex).some((n) => n !== variable.name && names.has(n));
  const free = waiting.filter(isFree);
  return free.length > 0 ? free : waiting.slice(0, 1);
}

/* ---- queries for values */

export type ValueQuery =
  | { ask: "label_values"; label: string; match: string }
  | { ask: "label_names"; match: string }
  | { ask: "metrics"; pattern: string }
  | { ask: "query_result"; expr: string }
  | { ask: "series"; match: string };

/* What a variable's query asks, interpolated already; null: nothing that is known. */
export function valueQueryOf(query: string): ValueQuery | null {
  const clean = query.trim();
  const values = /^label_values\(\s*(?:([\s\S]+),\s*)?([\w.:"]+)\s*\)$/.exec(clean);
  if (values)
    return {
      ask: "label_values",
      label: values[2]!.replace(/"/g, ""),
      match: values[1]?.trim() ?? "",
    };
  const names = /^label_names\(\s*([\s\S]*?)\s*\)$/.exec(clean);
  if (names) return { ask: "label_names", match: names[1]! };
  const metrics = /^metrics\(\s*([\s\S]*?)\s*\)$/.exec(clean);
  if (metrics) return { ask: "metrics", pattern: metrics[1]! };
  const result = /^query_result\(([\s\S]+)\)$/.exec(clean);
  if (result) return { ask: "query_result", expr: result[1]!.trim() };
  return clean ? { ask: "series", match: clean } : null;
}

/* ---- from answers to options */

/* "/…/flags" or a bare pattern; null: none, or one that can't be read. */
export function patternOf(regex: string): RegExp | null {
  if (!regex) return null;
  const found = /^\/([\s\S]*)\/([gimsuy]*)$/.exec(regex);
  try {
    return found ? new RegExp(found[1]!, found[2]) : new RegExp(`^${regex}$`);
  } catch {
    return null;
  }
}

/* The named groups `text` and `value`, else the first group, else all of it. */
function taken(found: RegExpExecArray): Option {
  const named = found.groups ?? {};
  if (named.value !== undefined || named.text !== undefined) {
    const value = named.value ?? named.text!;
    return { value, text: named.text ?? value };
  }
  const value = found[1] ?? found[0];
  return { value, text: value };
}

const byNumber = (option: Option) => {
  const found = /\d+(?:\.\d+)?/.exec(option.text);
  return found ? Number(found[0]) : -1;
};

type Order = (a: Option, b: Option) => number;
const alphabetical: Order = (a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0);
const numerical: Order = (a, b) => byNumber(a) - byNumber(b);
const caseless: Order = (a, b) => a.text.toLowerCase().localeCompare(b.text.toLowerCase());
const natural: Order = (a, b) => a.text.localeCompare(b.text, "en", { numeric: true });
const ORDERS: (Order | undefined)[] = [
  undefined,
  alphabetical,
  alphabetical,
  numerical,
  numerical,
  caseless,
  caseless,
  natural,
  natural,
];

export function optionsFrom(answers: string[], regex: string, sort: number): Option[] {
  const pattern = patternOf(regex);
  const seen = new Map<string, Option>();
  for (const answer of answers) {
    if (pattern) pattern.lastIndex = 0;
    const found = pattern ? pattern.exec(answer) : null;
    if (regex && !found) continue;
    const option = found ? taken(found) : { value: answer, text: answer };
    if (option.value !== "" && !seen.has(option.value)) seen.set(option.value, option);
    if (seen.size >= OPTIONS_MOST) break;
  }
  const order = ORDERS[sort];
  const all = [...seen.values()];
  if (!order) return all;
  const sorted = all.sort(order);
  return sort % 2 === 0 ? sorted.reverse() : sorted;
}

/* ---- what is chosen */

/* Of what is wished for, what there is; else what the dashboard was saved with; else the first. */
export function chosenOf(variable: Variable, options: Option[], wished: string[] | null): string[] {
  if (variable.kind === "textbox" || variable.kind === "constant") return wished ?? variable.first;
  const isThere = (value: string) =>
    (value === ALL && variable.hasAll) || options.some((option) => option.value === value);
  for (const wish of [wished ?? [], variable.first]) {
    const found = wish.map((value) => (value === "All" && variable.hasAll ? ALL : value));
    const kept = found.filter(isThere);
    if (kept.length > 0) return variable.isMulti ? kept : kept.slice(0, 1);
  }
  if (variable.hasAll) return [ALL];
  return options.slice(0, 1).map((option) => option.value);
}

export function valueOf(
  variable: Variable,
  options: Option[],
  chosen: string[],
  span: Span,
): Value {
  if (variable.kind === "textbox" || variable.kind === "constant") return single(chosen[0] ?? "");
  if (variable.auto && chosen[0] === AUTO) {
    const { count, least } = variable.auto;
    return single(writeInterval(intervalsOf(span, count, intervalMs(least), 1).interval));
  }
  const isAll = chosen.includes(ALL);
  const picked = isAll ? options.map((option) => option.value) : chosen;
  const textOf = (value: string) => options.find((o) => o.value === value)?.text ?? value;
  return {
    values: picked,
    texts: picked.map(textOf),
    isList: variable.isMulti || variable.hasAll,
    isAll,
    all: isAll ? variable.all : "",
  };
}

export const wishOf = (params: URLSearchParams, name: string): string[] | null => {
  const all = params.getAll(`var-${name}`);
  return all.length > 0 ? all.slice(0, OPTIONS_MOST) : null;
};
