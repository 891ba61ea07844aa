// SPDX-License-Identifier: Apache-2.0
// Where the panels stand: sections begin at rows, what is repeated is there once for each value, and
// nothing hangs in the air.  Pure.

import type { Value } from "./interpolate";
import { single } from "./interpolate";
import { entry } from "./json";
import type { Panel, Place } from "./panel";

export const REPEATS_MOST = 60;

export interface Placed {
  key: string;
  panel: Panel;
  place: Place /* y counted from the section's begin */;
  own: Record<string, Value> /* variables that mean one value here */;
}

export interface Section {
  key: string;
  row: Panel | null /* null: what stands before the first row */;
  own: Record<string, Value>;
  isOpen: boolean;
  panels: Placed[];
  height: number /* in lines of the grid */;
}

type Values = Record<string, Value>;

/* The values for which something is repeated: each by itself. */
function repeats(name: string, values: Values): Values[] {
  const value = entry(values, name);
  if (!value) return [{}];
  return value.values
    .slice(0, REPEATS_MOST)
    .map((one, i) => ({ [name]: { ...single(one, value.texts[i]), isList: true } }));
}

/* ---- one section */

interface Waiting {
  key: string;
  panel: Panel;
  place: Place;
  own: Values;
}

function repeated(panel: Panel, key: string, values: Values): Waiting[] {
  const all = repeats(panel.repeat, values);
  const { x, y, w, h } = panel.place;
  if (!entry(values, panel.repeat)) return [{ key, panel, place: panel.place, own: {} }];
  const perRow = Math.min(panel.maxPerRow, all.length);
  const width = panel.repeatDown ? w : Math.max(1, Math.floor(24 / perRow));
  return all.map((own, i) => {
    const line = panel.repeatDown ? i : Math.floor(i / perRow);
    const place = { x: panel.repeatDown ? x : (i % perRow) * width, y: y + line * h, w: width, h };
    return { key: `${key}/${i}`, panel, place, own };
  });
}

/* How many lines more a repeated panel takes than it is drawn with. */
const extraLines = (copies: Waiting[]): number => {
  const first = copies[0]?.place.y ?? 0;
  return Math.max(0, ...copies.map(({ place }) => place.y - first));
};

const meets = (a: Place, b: Place) =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

/* Each moves up as far as it can, in reading order. */
function settle(all: Waiting[]): Placed[] {
  const sorted = [...all].sort((a, b) => a.place.y - b.place.y || a.place.x - b.place.x);
  const done: Placed[] = [];
  for (const { key, panel, place, own } of sorted) {
    let y = 0;
    for (const other of done)
      if (place.x < other.place.x + other.place.w && other.place.x < place.x + place.w)
        y = Math.max(y, other.place.y + other.place.h);
    const free = { ...place, y };
    done.push({ key, panel, place: done.some((d) => meets(d.place, free)) ? place : free, own });
  }
  return done;
}

function placedIn(panels: Panel[], key: string, values: Values): Placed[] {
  const sorted = [...panels].sort((a, b) => a.place.y - b.place.y || a.place.x - b.place.x);
  const all: Waiting[] = [];
  let pushed = 0;
  for (const [i, panel] of sorted.entries()) {
    const moved = { ...panel, place: { ...panel.place, y: panel.place.y + pushed } };
    const copies = repeated(moved, `${key}.${panel.id}.${i}`, values);
    pushed += extraLines(copies);
    all.push(...copies);
  }
  return settle(all);
}

/* ---- */

/* A row and the panels of its own; `row` is null for what comes before all rows. */
function groups(panels: Panel[]): { row: Panel | null; panels: Panel[] }[] {
  const sorted = [...panels].sort((a, b) => a.place.y - b.place.y || a.place.x - b.place.x);
  const out: { row: Panel | null; panels: Panel[] }[] = [{ row: null, panels: [] }];
  for (const panel of sorted)
    if (panel.type === "row") out.push({ row: panel, panels: [...panel.panels] });
    else out[out.length - 1]!.panels.push(panel);
  return out.filter(({ row, panels: inside }) => row || inside.length > 0);
}

/* `toggled`: keys of rows that the reader opened or closed. */
export function layout(panels: Panel[], values: Values, toggled: ReadonlySet<string>): Section[] {
  return groups(panels).flatMap(({ row, panels: inside }, n) =>
    repeats(row?.repeat ?? "", values).map((own, i) => {
      const key = `${n}.${i}`;
      const placed = placedIn(inside, key, { ...values, ...own }).map((one) => ({
        ...one,
        own: { ...own, ...one.own },
      }));
      const height = Math.max(0, ...placed.map(({ place }) => place.y + place.h));
      const isOpen = !row || row.isCollapsed === toggled.has(key);
      return { key, row, own, isOpen, panels: placed, height };
    }),
  );
}
