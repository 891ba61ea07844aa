// SPDX-License-Identifier: Apache-2.0
// Grafana's transformations, from frames to frames, by their ids.  Pure.

import type { Cell, Field, FieldType, Frame } from "./frames";
import { field, lengthOf, numbersOf, timeOf } from "./frames";
import { at, bool, entry, number, objectOf, objects, oneOf, text, texts, type Json } from "./json";
import { reduce, reducerName } from "./reduce";
import { patternOf } from "./variables";

type Transform = (frames: Frame[], options: Json) => Frame[];

const named = (f: Field, name: string) => f.display === name || f.name === name;
const withValues = (f: Field, values: Cell[]): Field => ({ ...f, values });
const renamed = (f: Field, name: string): Field => ({ ...f, name, display: name });
const pick = (frame: Frame, rows: number[]): Frame => ({
  ...frame,
  fields: frame.fields.map((f) =>
    withValues(
      f,
      rows.map((i) => f.values[i]!),
    ),
  ),
});
const each =
  (change: (frame: Frame, options: Json) => Frame): Transform =>
  (frames, options) =>
    frames.map((frame) => change(frame, options));
const typeOf = (values: Cell[]): FieldType =>
  values.some((v) => typeof v === "string") ? "string" : "number";

/* ---- which fields */

function organize(frame: Frame, options: Json): Frame {
  const hidden = at(options, "excludeByName");
  const order = at(options, "indexByName");
  const names = at(options, "renameByName");
  const placeOf = (f: Field, i: number) => number(order, f.display) ?? number(order, f.name) ?? i;
  const fields = frame.fields
    .map((f, i) => ({ f, place: placeOf(f, i), i }))
    .filter(({ f }) => hidden[f.display] !== true && hidden[f.name] !== true)
    .sort((a, b) => a.place - b.place || a.i - b.i)
    .map(({ f }) => {
      const name = text(names, f.display) || text(names, f.name);
      return name ? renamed(f, name) : f;
    });
  return { ...frame, fields };
}

/* {names, pattern}: null where neither is given. */
function chooser(options: Json): ((f: Field) => boolean) | null {
  const names = texts(options, "names");
  const pattern = patternOf(text(options, "pattern"));
  if (names.length === 0 && !pattern) return null;
  return (f) => names.some((name) => named(f, name)) || !!pattern?.test(f.display);
}

function filterFieldsByName(frame: Frame, options: Json): Frame {
  const included = chooser(at(options, "include"));
  const excluded = chooser(at(options, "exclude"));
  const fields = frame.fields.filter((f) => (included?.(f) ?? true) && !excluded?.(f));
  return { ...frame, fields };
}

const filterByRefId: Transform = (frames, options) => {
  const wanted = text(options, "include").split(",").filter(Boolean);
  return wanted.length > 0 ? frames.filter((frame) => wanted.includes(frame.refId)) : frames;
};

/* The same pattern for each field; times keep their names. */
function renameByRegex(frame: Frame, options: Json): Frame {
  const pattern = patternOf(text(options, "regex"));
  const by = text(options, "renamePattern");
  const change = (f: Field) =>
    f.type !== "time" && pattern ? renamed(f, f.display.replace(pattern, by)) : f;
  return { ...frame, fields: frame.fields.map(change) };
}

function castTo(values: Cell[], type: string): Cell[] {
  if (type === "number") return values.map((v) => (v === null ? null : Number(v)));
  if (type === "boolean") return values.map((v) => (v === null ? null : Boolean(v)));
  if (type !== "time") return values.map((v) => (v === null ? null : String(v)));
  return values.map((v) => (typeof v === "string" ? Date.parse(v) : v));
}

function convertFieldType(frame: Frame, options: Json): Frame {
  const wishes = objects(options, "conversions");
  const fields = frame.fields.map((f) => {
    const wish = wishes.find((w) => named(f, text(w, "targetField")));
    const types = ["number", "string", "boolean", "time"] as const;
    const type = wish ? oneOf(wish, "destinationType", types, "string") : f.type;
    return wish ? { ...f, type, values: castTo(f.values, type) } : f;
  });
  return { ...frame, fields };
}

/* ---- which rows */

type Test = (value: Cell, options: Json) => boolean;
const compared =
  (test: (a: number, b: number) => boolean): Test =>
  (value, options) =>
    typeof value === "number" && test(value, number(options, "value") ?? NaN);

const TESTS: Record<string, Test> = {
  greater: compared((a, b) => a > b),
  greaterOrEqual: compared((a, b) => a >= b),
  lower: compared((a, b) => a < b),
  lowerOrEqual: compared((a, b) => a <= b),
  equal: (value, options) => String(value) === String(options.value),
  notEqual: (value, options) => String(value) !== String(options.value),
  between: (value, options) =>
    typeof value === "number" &&
    value > (number(options, "from") ?? -Infinity) &&
    value < (number(options, "to") ?? Infinity),
  regex: (value, options) => !!patternOf(`/${text(options, "value")}/`)?.test(String(value)),
  isNull: (value) => value === null,
  isNotNull: (value) => value !== null,
};

function filterByValue(frame: Frame, options: Json): Frame {
  const filters = objects(options, "filters").map((one) => {
    const of = frame.fields.find((f) => named(f, text(one, "fieldName")));
    const config = at(one, "config");
    const test = entry(TESTS, text(config, "id"));
    return (i: number) => !!of && !!test && test(of.values[i]!, at(config, "options"));
  });
  const isAny = text(options, "match", "any") === "any";
  const isKept = text(options, "type", "include") === "include";
  const holds = (i: number) => (isAny ? filters.some((f) => f(i)) : filters.every((f) => f(i)));
  const rows = [...Array(lengthOf(frame)).keys()].filter((i) => holds(i) === isKept);
  return filters.length > 0 ? pick(frame, rows) : frame;
}

const compare = (a: Cell, b: Cell): number => {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? 1 : -1;
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en", { numeric: true });
};

/* Nothing stands last, whichever way. */
export function sortedRows(values: Cell[], isDown: boolean): number[] {
  return [...values.keys()].sort((i, j) => {
    const [a, b] = [values[i]!, values[j]!];
    return (a === null || b === null || !isDown ? 1 : -1) * compare(a, b) || i - j;
  });
}

function sortBy(frame: Frame, options: Json): Frame {
  const wish = objects(options, "sort")[0] ?? {};
  const by = frame.fields.find((f) => named(f, text(wish, "field")));
  return by ? pick(frame, sortedRows(by.values, bool(wish, "desc"))) : frame;
}

const limit = (frame: Frame, options: Json): Frame => {
  const n = Math.max(0, number(options, "limitField") ?? 10);
  return pick(frame, [...Array(Math.min(n, lengthOf(frame))).keys()]);
};

/* ---- several frames into one */

const keyOf = (cells: Cell[]) => JSON.stringify(cells);

/* Rows that agree in what all frames have become one, as long as they don't contradict. */
const merge: Transform = (frames) => {
  if (frames.length < 2) return frames;
  const names = [...new Set(frames.flatMap((frame) => frame.fields.map((f) => f.name)))];
  const shared = names.filter((n) =>
    frames.every((frame) => frame.fields.some((f) => f.name === n)),
  );
  const rows = new Map<string, Record<string, Cell>[]>();
  for (const frame of frames)
    for (let i = 0; i < lengthOf(frame); i++) {
      const row: Record<string, Cell> = {};
      for (const f of frame.fields) row[f.name] = f.values[i]!;
      const key = keyOf(shared.filter((n) => n !== "Value").map((n) => row[n]!));
      const alike = rows.get(key) ?? [];
      const fits = (other: Record<string, Cell>) =>
        Object.entries(row).every(([n, v]) => other[n] === undefined || other[n] === v);
      const found = alike.find(fits);
      if (found) Object.assign(found, row);
      else rows.set(key, [...alike, row]);
    }
  const all = [...rows.values()].flat();
  const like = (name: string) => frames.flatMap((f) => f.fields).find((f) => f.name === name)!;
  return [
    {
      refId: "",
      fields: names.map((n) =>
        withValues(
          like(n),
          all.map((r) => r[n] ?? null),
        ),
      ),
    },
  ];
};

/* The rows of frames that have the same value in one field, side by side. */
const joinByField: Transform = (frames, options) => {
  const wanted = text(options, "byField");
  const isInner = text(options, "mode") === "inner";
  const keyField = (frame: Frame) =>
    wanted ? frame.fields.find((f) => named(f, wanted)) : timeOf(frame);
  const joined = frames.filter(keyField);
  if (joined.length === 0) return frames;
  const places = joined.map((frame) => new Map(keyField(frame)!.values.map((v, i) => [v, i])));
  let keys = [...new Set(joined.flatMap((frame) => keyField(frame)!.values))];
  if (isInner) keys = keys.filter((key) => places.every((place) => place.has(key)));
  const first = keyField(joined[0]!)!;
  if (first.type === "time") keys.sort(compare);
  const columns = joined.flatMap((frame, n) =>
    frame.fields
      .filter((f) => f !== keyField(frame))
      .map((f) => {
        const valueAt = (key: Cell) => {
          const i = places[n]!.get(key);
          return i === undefined ? null : f.values[i]!;
        };
        return withValues(f, keys.map(valueAt));
      }),
  );
  return [{ refId: "", fields: [withValues(first, keys), ...columns] }];
};

const concatenate: Transform = (frames) => {
  const n = Math.max(0, ...frames.map(lengthOf));
  const padded = (f: Field) =>
    withValues(
      f,
      Array.from({ length: n }, (_, i) => f.values[i] ?? null),
    );
  return [{ refId: "", fields: frames.flatMap((frame) => frame.fields.map(padded)) }];
};

const seriesToRows: Transform = (frames) => {
  const rows = frames.flatMap((frame) => {
    const times = timeOf(frame)?.values ?? [];
    return numbersOf(frame).flatMap((f) =>
      f.values.map((v, i) => [times[i] ?? null, f.display, v]),
    );
  });
  const order = sortedRows(
    rows.map((row) => row[0]!),
    true,
  );
  const column = (n: number) => order.map((i) => rows[i]![n]!);
  return [
    {
      refId: "",
      fields: [
        field("Time", "time", column(0)),
        field("Metric", "string", column(1)),
        field("Value", "number", column(2)),
      ],
    },
  ];
};

/* ---- labels, sums, groups */

function labelsToFields(frame: Frame, options: Json): Frame {
  const kept = texts(options, "keepLabels");
  const n = lengthOf(frame);
  const isWanted = (name: string) => kept.length === 0 || kept.includes(name);
  const labels = new Map<string, string>();
  for (const f of frame.fields)
    for (const [name, value] of Object.entries(f.labels))
      if (isWanted(name)) labels.set(name, value);
  const columns = [...labels].map(([name, value]) =>
    field(name, "string", new Array<Cell>(n).fill(value), frame.refId),
  );
  const valueLabel = text(options, "valueLabel");
  const bare = frame.fields.map((f) => {
    const name = f.labels[valueLabel] ?? (Object.keys(f.labels).length > 0 ? f.name : f.display);
    return { ...renamed(f, name), labels: {} };
  });
  const others = columns.filter((f) => f.name !== valueLabel);
  const times = bare.filter((f) => f.type === "time");
  return { ...frame, fields: [...times, ...others, ...bare.filter((f) => f.type !== "time")] };
}

/* A row for each series, a column for each calculation. */
function seriesToReduced(frames: Frame[], options: Json): Frame[] {
  const reducers = texts(options, "reducers");
  const wanted = reducers.length > 0 ? reducers : ["max"];
  const all = frames.flatMap((frame) => frame.fields.filter((f) => f.type !== "time"));
  const names = bool(options, "labelsToFields")
    ? [...new Set(all.flatMap((f) => Object.keys(f.labels)))]
    : [];
  const label = (name: string) =>
    field(
      name,
      "string",
      all.map((f) => f.labels[name] ?? null),
    );
  const calculated = wanted.map((name) => {
    const values = all.map((f) => reduce(f, name));
    return field(reducerName(name), typeOf(values), values);
  });
  const first = field(
    "Field",
    "string",
    all.map((f) => f.display),
  );
  return [{ refId: "", fields: [first, ...names.map(label), ...calculated] }];
}

const reduceFrames: Transform = (frames, options) => {
  if (text(options, "mode") !== "reduceFields") return seriesToReduced(frames, options);
  const name = texts(options, "reducers")[0] ?? "max";
  const hasTime = bool(options, "includeTimeField");
  return frames.map((frame) => ({
    ...frame,
    fields: frame.fields
      .filter((f) => hasTime || f.type !== "time")
      .map((f) => withValues(f, [reduce(f, name)])),
  }));
};

const OPERATORS: Record<string, (a: number, b: number) => number> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
  "**": (a, b) => a ** b,
};

const UNARY: Record<string, (a: number) => number> = {
  abs: Math.abs,
  ceil: Math.ceil,
  exp: Math.exp,
  floor: Math.floor,
  ln: Math.log,
  round: Math.round,
  sqrt: Math.sqrt,
};

/* "A-series", {matcher: {options: "A-series"}}, "2" */
function operand(frame: Frame, from: unknown): (i: number) => number {
  const name = typeof from === "string" ? from : text(at(objectOf(from), "matcher"), "options");
  const fixed = typeof from === "object" && !name ? text(objectOf(from), "fixed") : name;
  const of = frame.fields.find((f) => named(f, name));
  return (i) => {
    const value = of ? of.values[i] : Number(fixed);
    return typeof value === "number" ? value : NaN;
  };
}

const finite = (value: number): Cell => (Number.isNaN(value) ? null : value);

function calculated(frame: Frame, options: Json): { name: string; values: Cell[] } {
  const rows = [...Array(lengthOf(frame)).keys()];
  const mode = text(options, "mode", "reduceRow");
  if (mode === "index") return { name: "Row", values: rows };
  if (mode === "binary") {
    const { left, right, operator } = at(options, "binary");
    const act = entry(OPERATORS, String(operator)) ?? OPERATORS["+"]!;
    const [a, b] = [operand(frame, left), operand(frame, right)];
    return { name: "Binary", values: rows.map((i) => finite(act(a(i), b(i)))) };
  }
  if (mode === "unary") {
    const unary = at(options, "unary");
    const act = entry(UNARY, text(unary, "operator")) ?? Math.abs;
    const a = operand(frame, text(unary, "fieldName"));
    return { name: "Unary", values: rows.map((i) => finite(act(a(i)))) };
  }
  const how = at(options, "reduce");
  const wanted = texts(how, "include");
  const of = numbersOf(frame).filter(
    (f) => wanted.length === 0 || wanted.some((name) => named(f, name)),
  );
  const reducer = text(how, "reducer", "sum");
  const values = rows.map((i) =>
    reduce(
      field(
        "",
        "number",
        of.map((f) => f.values[i]!),
      ),
      reducer,
    ),
  );
  return { name: reducerName(reducer), values };
}

/* Series of the same times are one table first: what is calculated may need several of them. */
const calculateField: Transform = (frames, options) => {
  const whole = frames.length > 1 && frames.every(timeOf) ? joinByField(frames, {}) : frames;
  return whole.map((frame) => {
    const { name, values } = calculated(frame, options);
    const made = field(text(options, "alias") || name, "number", values, frame.refId);
    const kept = bool(options, "replaceFields")
      ? frame.fields.filter((f) => f.type === "time")
      : frame.fields;
    return { ...frame, fields: [...kept, made] };
  });
};

function groupBy(frame: Frame, options: Json): Frame {
  const wishes = at(options, "fields");
  const wishOf = (f: Field) => objectOf(wishes[f.display] ?? wishes[f.name]);
  const by = frame.fields.filter((f) => wishOf(f).operation === "groupby");
  if (by.length === 0) return frame;
  const groups = new Map<string, number[]>();
  for (let i = 0; i < lengthOf(frame); i++) {
    const key = keyOf(by.map((f) => f.values[i]!));
    groups.set(key, [...(groups.get(key) ?? []), i]);
  }
  const all = [...groups.values()];
  const keys = by.map((f) =>
    withValues(
      f,
      all.map((rows) => f.values[rows[0]!]!),
    ),
  );
  const sums = frame.fields.flatMap((f) =>
    texts(wishOf(f), "aggregations").map((name) => {
      const values = all.map((rows) =>
        reduce(
          withValues(
            f,
            rows.map((i) => f.values[i]!),
          ),
          name,
        ),
      );
      /* By its id, as overrides name it. */
      return field(`${f.display} (${name})`, typeOf(values), values);
    }),
  );
  return { ...frame, fields: [...keys, ...sums] };
}

/* ---- */

const TRANSFORMS: Record<string, Transform> = {
  organize: each(organize),
  filterFieldsByName: each(filterFieldsByName),
  filterByRefId,
  filterByValue: each(filterByValue),
  renameByRegex: each(renameByRegex),
  convertFieldType: each(convertFieldType),
  sortBy: each(sortBy),
  limit: each(limit),
  merge,
  joinByField,
  seriesToColumns: joinByField,
  seriesToRows,
  concatenate,
  labelsToFields: (frames, options) =>
    merge(
      frames.map((f) => labelsToFields(f, options)),
      {},
    ),
  reduce: reduceFrames,
  calculateField,
  groupBy: each(groupBy),
};

export interface Transformation {
  id: string;
  options: Json;
  refIds: string[] /* of the frames that it is about; none: all */;
}

export const isTransform = (id: string) => entry(TRANSFORMS, id) !== undefined;

/* What isn't known changes nothing; the panel says so (panel.ts). */
export function transform(frames: Frame[], all: Transformation[]): Frame[] {
  return all.reduce((now, { id, options, refIds }) => {
    const act = entry(TRANSFORMS, id);
    if (!act) return now;
    const isMeant = (frame: Frame) => refIds.length === 0 || refIds.includes(frame.refId);
    return [...act(now.filter(isMeant), options), ...now.filter((frame) => !isMeant(frame))];
  }, frames);
}
