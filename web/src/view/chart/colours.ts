// SPDX-License-Identifier: Apache-2.0
// Colours of the theme, as texts that a canvas takes.

import { signal } from "@preact/signals";

export const SERIES_COLOURS = 12; /* --series-1 ... in tokens.css */

/* Changes when the page becomes light or dark: what is drawn on a canvas is drawn again. */
export const painted = signal(0);
new MutationObserver(() => painted.value++).observe(document.documentElement, {
  attributes: true,
  attributeFilter: ["data-theme"],
});

export function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/* A series' own colour.  Beyond the twelfth they come again. */
export function seriesColour(i: number): string {
  return token(`series-${(i % SERIES_COLOURS) + 1}`);
}

/* The names that dashboards give colours. */
const NAMED: Record<string, string> = {
  green: "ok",
  red: "bad",
  orange: "warn",
  yellow: "series-8",
  blue: "series-1",
  purple: "series-4",
  text: "ink",
  transparent: "",
};

/* "green", "dark-blue", "#1f7546", "rgb(...)": a colour by its name in the theme, or as it is. */
export function colourOf(name: string): string {
  const bare = name.replace(/^(super-light|light|semi-dark|dark)-/, "");
  const known = NAMED[bare];
  if (known === undefined) return name;
  return known ? token(known) : "transparent";
}

const scratch = document.createElement("canvas").getContext("2d");

/* The same colour, letting through what is behind it. */
export function faded(colour: string, alpha: number): string {
  if (!scratch) return colour;
  scratch.fillStyle = "#000";
  scratch.fillStyle = colour;
  const plain = scratch.fillStyle; /* #rrggbb, or rgba(...) if it was transparent */
  if (!plain.startsWith("#")) return plain;
  const byte = Math.round(alpha * 255);
  return `${plain}${byte.toString(16).padStart(2, "0")}`;
}
