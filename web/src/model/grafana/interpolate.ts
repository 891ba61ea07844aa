// SPDX-License-Identifier: Apache-2.0
// Variables in texts: $name, ${name}, ${name:format}, ${name.field}, [[name]], [[name:format]].  Pure.

import type { Span } from "../timerange";
import { entry } from "./json";
import type { Intervals } from "./time";
import { writeInterval } from "./time";

/* What a variable stands for now. */
export interface Value {
  values: string[];
  texts: string[] /* as people read them, one for each */;
  isList: boolean /* may be several: its values are escaped for regular expressions */;
  isAll: boolean;
  all: string /* what stands for all of them, as it is; "": each of them */;
}

export interface Scope {
  values: Record<string, Value>;
  span: Span;
  intervals: Intervals;
  dashboard: string /* its title */;
}

export const single = (value: string, text = value): Value => ({
  values: [value],
  texts: [text],
  isList: false,
  isAll: false,
  all: "",
});

/* How a value is written where no format says it. */
export type Writer = (value: Value) => string;

/* ---- formats */

const escapeRegex = (text: string) => text.replace(/[\\^$*+?.()|[\]{}/]/g, "\\$&");
const escapeLucene = (text: string) => text.replace(/([!*+\-=<>\s&|()[\]{}^~?:\\/"])/g, "\\$1");
const encode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);

const grouped = (all: string[]) => (all.length === 1 ? all[0]! : `(${all.join("|")})`);
const quoted = (all: string[], quote: string, escaped: string) =>
  all.map((v) => quote + v.split(quote).join(escaped) + quote).join(",");

type Format = (all: string[], name: string, argument: string) => string;

const FORMATS: Record<string, Format> = {
  raw: (all) => all.join(","),
  csv: (all) => all.join(","),
  pipe: (all) => all.join("|"),
  regex: (all) => grouped(all.map(escapeRegex)),
  glob: (all) => (all.length === 1 ? all[0]! : `{${all.join(",")}}`),
  json: (all) => JSON.stringify(all.length === 1 ? all[0] : all),
  lucene: (all) =>
    all.length === 1
      ? escapeLucene(all[0]!)
      : `(${all.map((v) => `"${v.replace(/["\\]/g, "\\$&")}"`).join(" OR ")})`,
  percentencode: (all) => encode(all.length === 1 ? all[0]! : `{${all.join(",")}}`),
  uriencode: (all) => encodeURI(all.join(",")),
  singlequote: (all) => quoted(all, "'", "\\'"),
  doublequote: (all) => quoted(all, '"', '\\"'),
  sqlstring: (all) => quoted(all, "'", "''"),
  distributed: (all, name) => all.map((v, i) => (i === 0 ? v : `${name}=${v}`)).join(","),
  queryparam: (all, name) => all.map((v) => `var-${name}=${encodeURIComponent(v)}`).join("&"),
  date: (all, _name, argument) => writeDate(Number(all[0]), argument),
  text: (all) => all.join(" + "),
  html: (all) => all.join(", "),
  join: (all, _name, argument) => all.join(argument || ","),
};

function writeDate(ms: number, style: string): string {
  if (Number.isNaN(ms)) return "";
  if (style === "seconds") return String(Math.floor(ms / 1000));
  const iso = new Date(ms).toISOString();
  if (!style || style === "iso") return iso;
  const [date = "", time = ""] = iso.split("T");
  const [year = "", month = "", day = ""] = date.split("-");
  const [hour = "", minute = "", second = ""] = time.split(/[:.]/);
  const parts: Record<string, string> = { YYYY: year, MM: month, DD: day, HH: hour, mm: minute };
  return style.replace(/YYYY|MM|DD|HH|mm|ss/g, (part) => parts[part] ?? second);
}

/* ---- defaults */

/* As text: titles, markdown. */
export const asText: Writer = (value) => (value.isAll ? "All" : value.texts.join(" + "));

/* Inside of a PromQL string, which takes backslashes for its own. */
const escapeTwice = (text: string) =>
  text.replace(/\\/g, "\\\\\\\\").replace(/[$^*{}[\]'+?.()|]/g, "\\\\$&");

export const asPromql: Writer = (value) => {
  if (value.isAll && value.all) return value.all;
  if (!value.isList) return value.values.join(",").replace(/\\/g, "\\\\");
  return grouped(value.values.map(escapeTwice));
};

/* In the pattern of a variable. */
export const asRegex: Writer = (value) =>
  value.isAll && value.all ? value.all : FORMATS.regex!(value.values, "", "");

/* In legends. */
export const asGlob: Writer = (value) =>
  value.isAll && value.all ? value.all : FORMATS.glob!(value.values, "", "");

/* ---- what every dashboard knows */

const instants = (ms: number) => single(String(Math.floor(ms)));

const BUILT_IN: Record<string, (scope: Scope) => Value> = {
  __interval: ({ intervals }) => single(writeInterval(intervals.interval)),
  __interval_ms: ({ intervals }) => single(String(intervals.interval)),
  __rate_interval: ({ intervals }) => single(writeInterval(intervals.rate)),
  __rate_interval_ms: ({ intervals }) => single(String(intervals.rate)),
  __range: ({ span }) => single(`${seconds(span)}s`),
  __range_s: ({ span }) => single(String(seconds(span))),
  __range_ms: ({ span }) => single(String(Math.floor(span.until - span.from))),
  __from: ({ span }) => instants(span.from),
  __to: ({ span }) => instants(span.until),
  __dashboard: ({ dashboard }) => single(dashboard),
  __auto_interval: ({ intervals }) => single(writeInterval(intervals.interval)),
};

const seconds = (span: Span) => Math.max(1, Math.round((span.until - span.from) / 1000));

function find(name: string, scope: Scope): Value | undefined {
  return entry(scope.values, name) ?? entry(BUILT_IN, name)?.(scope);
}

/* ---- */

const MENTION = /\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?:\.([^:^}]+))?(?::([^}]+))?\}/g;

interface Mention {
  name: string;
  field: string;
  format: string;
}

function mentionOf(groups: (string | undefined)[]): Mention {
  const [plain, old, oldFormat, name, field, format] = groups;
  return {
    name: plain ?? old ?? name ?? "",
    field: field ?? "",
    format: oldFormat ?? format ?? "",
  };
}

function written(value: Value, { name, field, format }: Mention, usual: Writer): string {
  if (field === "text" || format === "text") return asText(value);
  if (!format) return field ? value.values.join(",") : usual(value);
  if (value.isAll && value.all) return value.all;
  const [kind = "", ...rest] = format.split(":");
  return entry(FORMATS, kind)?.(value.values, name, rest.join(":")) ?? usual(value);
}

/* What nobody knows stays as it is written. */
export function interpolate(text: string, scope: Scope, usual: Writer): string {
  if (!text.includes("$") && !text.includes("[[")) return text;
  return text.replace(MENTION, (whole: string, ...groups: (string | undefined)[]) => {
    const mention = mentionOf(groups.slice(0, 6));
    const value = find(mention.name, scope);
    return value ? written(value, mention, usual) : whole;
  });
}

/* Names of variables in a text. */
export function mentions(text: string): string[] {
  return [...text.matchAll(MENTION)].map((found) => mentionOf(found.slice(1, 7)).name);
}
