// SPDX-License-Identifier: Apache-2.0
// The values at one instant, greatest first: under the pointer, and under the arrow keys.  Written
// into the page directly, since it changes with every move.

import { clock, day, hourMinute } from "../../model/format";
import type { Format } from "../../model/units";

const ROWS_MOST = 14;

export interface Reading {
  name: string;
  colour: string;
  value: number;
  write: Format;
  isNear: boolean /* the one that the pointer is at */;
}

/* "Mon 23 Nov 2026 14:03:07" */
export function instantText(seconds: number, zone?: string): string {
  const ms = seconds * 1000;
  return `${day(ms, zone)} ${seconds % 60 === 0 ? hourMinute(ms, zone) : clock(ms, zone)}`;
}

function element(tag: string, className: string, text = ""): HTMLElement {
  const el = document.createElement(tag);
  el.className = className;
  el.textContent = text;
  return el;
}

function row(reading: Reading): HTMLElement {
  const el = element("div", reading.isNear ? "readout-row is-near" : "readout-row");
  const mark = element("span", "swatch");
  mark.style.background = reading.colour;
  el.append(
    mark,
    element("span", "readout-name", reading.name),
    element("span", "readout-value", reading.write(reading.value)),
  );
  return el;
}

/* The rows that are shown: the greatest, and the one that the pointer is at wherever it stands. */
function chosen(readings: Reading[]): Reading[] {
  const sorted = [...readings].sort((a, b) => b.value - a.value);
  const shown = sorted.slice(0, ROWS_MOST);
  const near = sorted.findIndex((reading) => reading.isNear);
  if (near >= ROWS_MOST) shown[ROWS_MOST - 1] = sorted[near]!;
  return shown;
}

export function fillReadout(
  el: HTMLElement,
  seconds: number,
  readings: Reading[],
  notes: string[],
  zone?: string,
): void {
  const rows = chosen(readings).map(row);
  const left = readings.length - rows.length;
  el.replaceChildren(
    element("div", "readout-time", instantText(seconds, zone)),
    ...notes.map((note) => element("div", "readout-note", note)),
    ...(readings.length === 0 ? [element("div", "readout-note", "no values")] : rows),
    ...(left > 0 ? [element("div", "readout-note", `and ${left} more`)] : []),
  );
}

/* The same for those who hear it. */
export function spoken(
  seconds: number,
  readings: Reading[],
  notes: string[],
  zone?: string,
): string {
  const values = chosen(readings)
    .slice(0, 5)
    .map((reading) => `${reading.name}: ${reading.write(reading.value)}`);
  return [instantText(seconds, zone), ...notes, ...(values.length ? values : ["no values"])].join(
    ", ",
  );
}

/* Beside the cursor, on the side where there is room. */
export function placeReadout(el: HTMLElement, x: number, y: number, room: DOMRect): void {
  const gap = 14;
  const isRight = x + gap + el.offsetWidth <= room.width || x < room.width / 2;
  const left = isRight ? x + gap : x - gap - el.offsetWidth;
  const most = Math.max(0, room.width - el.offsetWidth);
  el.style.left = `${Math.min(most, Math.max(0, left))}px`;
  el.style.top = `${Math.max(0, Math.min(y - 20, room.height - el.offsetHeight))}px`;
}
