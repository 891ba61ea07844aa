// SPDX-License-Identifier: Apache-2.0
// What a heatmap shows: columns of time, rows of buckets, and how full each cell is.  Pure.

import { spectrumOf } from "./colour";
import type { Field, Frame } from "./frames";
import { numbersOf, timeOf } from "./frames";
import { at, bool, number, text, unit } from "./json";
import type { Panel } from "./panel";

export const BUCKETS = 24; /* where the values are put into buckets here */

export interface Heat {
  times: number[] /* seconds, the begin of each column */;
  rows: string[] /* from the bottom: their names, or edges to be written in the unit */;
  edges: number[] | null /* upper edges, where rows are ranges of numbers */;
  cells: (number | null)[][] /* by row, then by time */;
  most: number;
  colours: string[];
  exponent: number;
  unit: string;
  decimals: number | undefined;
}

interface Rows {
  rows: string[];
  edges: number[] | null;
  cells: (number | null)[][];
}

const numeric = (f: Field) => f.values.map((v) => (typeof v === "number" ? v : null));

function asRows(fields: Field[]): Rows {
  const edges = fields.map((f) => (f.display === "+Inf" ? Infinity : Number(f.display)));
  const isRanges = fields.length > 0 && edges.every((edge) => !Number.isNaN(edge));
  return {
    rows: fields.map((f) => f.display),
    edges: isRanges ? edges : null,
    cells: fields.map(numeric),
  };
}

/* How many of the series lie in each range, at each time. */
function counted(fields: Field[]): Rows {
  const all = fields.flatMap((f) => f.values.filter((v): v is number => Number.isFinite(v)));
  const [least, most] = all.reduce(
    ([a, b], v) => [Math.min(a, v), Math.max(b, v)],
    [Infinity, -Infinity],
  );
  const size = (most - least) / BUCKETS || 1;
  const n = fields[0]?.values.length ?? 0;
  const cells = Array.from({ length: BUCKETS }, () => new Array<number | null>(n).fill(null));
  for (const f of fields)
    f.values.forEach((v, i) => {
      if (typeof v !== "number" || !Number.isFinite(v)) return;
      const row = cells[Math.min(BUCKETS - 1, Math.floor((v - least) / size))]!;
      row[i] = (row[i] ?? 0) + 1;
    });
  const edges = Array.from({ length: BUCKETS }, (_, i) => least + (i + 1) * size);
  return { rows: edges.map(String), edges, cells };
}

export function heat(frames: Frame[], panel: Panel): Heat {
  const { options } = panel;
  const colour = at(options, "color");
  const axis = at(options, "yAxis");
  const fields = frames.flatMap(numbersOf);
  const found = bool(options, "calculate") ? counted(fields) : asRows(fields);
  const times = frames.map(timeOf).find(Boolean)?.values ?? [];
  const filled = found.cells.flat().filter((v): v is number => v !== null && v > 0);
  const isOpacity = text(colour, "mode") === "opacity";
  const spectrum = spectrumOf(text(colour, "scheme", "Oranges"));
  return {
    ...found,
    times: times.map((ms) => Number(ms) / 1000),
    most: number(colour, "max") ?? filled.reduce((a, b) => Math.max(a, b), 0),
    colours: isOpacity
      ? ["#ffffff", "#7f2704"]
      : bool(colour, "reverse")
        ? [...spectrum].reverse()
        : spectrum,
    exponent:
      text(colour, "scale", "exponential") === "linear" ? 1 : (number(colour, "exponent") ?? 0.5),
    unit: unit(axis, "short"),
    decimals: number(axis, "decimals"),
  };
}
