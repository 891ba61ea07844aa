// SPDX-License-Identifier: Apache-2.0
// Colours by the names that dashboards give them, and the scales between colours.  Pure.

import { entry, number, objects, oneOf, text, type Json } from "./json";

export interface Rgb {
  r: number;
  g: number;
  b: number;
}

/* Shades of a hue, dark to light.  Drawn on paper and on black, so the middle ones carry most. */
const HUES: Record<string, [string, string, string, string, string]> = {
  red: ["#ad0317", "#cf2a3c", "#e5455b", "#f2798a", "#f9aeb8"],
  orange: ["#e55400", "#f0701a", "#f58a3d", "#f8ab74", "#fbcda9"],
  yellow: ["#cc9d00", "#e0b400", "#eac51f", "#f3da6a", "#fbeaa0"],
  green: ["#19730e", "#37872d", "#56a64b", "#87c180", "#bfe0b9"],
  blue: ["#1250b0", "#1f60c4", "#3274d9", "#6b9ce8", "#a9c8f5"],
  purple: ["#7c2ea3", "#8f3bb8", "#a352cc", "#c080dd", "#dcb5ee"],
};
const SHADES = ["dark", "semi-dark", "", "light", "super-light"];

const NAMED: Record<string, string> = {
  transparent: "transparent",
  text: "var(--ink)",
  panel: "var(--raised)",
  white: "#ffffff",
  black: "#111111",
  gray: "#8e8e8e",
  grey: "#8e8e8e",
};

/* What series get in turn: colours of the theme, light and dark. */
export const seriesColour = (index: number) => `var(--series-${(index % 12) + 1})`;

/* Anything that isn't a colour would be an address or worse, and becomes grey. */
const PLAIN = /^(#[0-9a-f]{3,8}|rgba?\([\d\s.,%/]+\)|hsla?\([\d\s.,%/deg]+\)|[a-z]{3,20})$/i;

export function colourOf(name: string): string {
  const named = entry(NAMED, name);
  if (named) return named;
  const found = /^(?:(dark|semi-dark|light|super-light)-)?(\w+)$/.exec(name);
  const hue = found && entry(HUES, found[2]!);
  if (hue) return hue[SHADES.indexOf(found[1] ?? "")]!;
  return PLAIN.test(name) ? name : "#8e8e8e";
}

/* ---- scales */

const SCALES: Record<string, string[]> = {
  "continuous-GrYlRd": ["#56a64b", "#eac51f", "#e5455b"],
  "continuous-RdYlGr": ["#e5455b", "#eac51f", "#56a64b"],
  "continuous-BlYlRd": ["#3274d9", "#eac51f", "#e5455b"],
  "continuous-YlRd": ["#fbeaa0", "#e5455b"],
  "continuous-BlPu": ["#3274d9", "#a352cc"],
  "continuous-YlBl": ["#eac51f", "#3274d9"],
  "continuous-blues": ["#e3eefc", "#1250b0"],
  "continuous-reds": ["#fdeaec", "#ad0317"],
  "continuous-greens": ["#e9f6e7", "#19730e"],
  "continuous-purples": ["#f4e9fa", "#7c2ea3"],
};

/* Those of heatmaps. */
const SPECTRA: Record<string, string[]> = {
  oranges: ["#fff3e6", "#fdae6b", "#e6550d", "#7f2704"],
  blues: ["#f0f6fc", "#9ecae1", "#3182bd", "#08306b"],
  greens: ["#eff8ec", "#a1d99b", "#31a354", "#00441b"],
  reds: ["#fff0ea", "#fc9272", "#de2d26", "#67000d"],
  purples: ["#f5f3f9", "#bcbddc", "#756bb1", "#3f007d"],
  greys: ["#f7f7f7", "#bdbdbd", "#636363", "#111111"],
  spectral: ["#5e4fa2", "#66c2a5", "#e6f598", "#fdae61", "#9e0142"],
  rdylgn: ["#a50026", "#fdae61", "#ffffbf", "#66bd63", "#006837"],
  rdylbu: ["#a50026", "#fdae61", "#ffffbf", "#74add1", "#313695"],
  ylorrd: ["#ffffcc", "#fd8d3c", "#bd0026", "#67000d"],
  ylgnbu: ["#ffffd9", "#7fcdbb", "#225ea8", "#081d58"],
  viridis: ["#440154", "#3b528b", "#21918c", "#5ec962", "#fde725"],
  inferno: ["#000004", "#57106e", "#bc3754", "#f98e09", "#fcffa4"],
  magma: ["#000004", "#51127c", "#b73779", "#fc8961", "#fcfdbf"],
  plasma: ["#0d0887", "#7e03a8", "#cc4778", "#f89540", "#f0f921"],
  turbo: ["#30123b", "#28bceb", "#a4fc3c", "#fb7e21", "#7a0403"],
  cividis: ["#00224e", "#575d6d", "#a59c74", "#fee838"],
};

export const isScheme = (mode: string) => entry(SCALES, mode) !== undefined;
export const spectrumOf = (name: string): string[] =>
  entry(SPECTRA, name.toLowerCase()) ?? SPECTRA.oranges!;

export function rgbOf(hex: string): Rgb {
  const full = /^#[0-9a-f]{3}$/i.test(hex) ? hex.replace(/[0-9a-f]/gi, "$&$&") : hex;
  const n = /^#[0-9a-f]{6}/i.test(full) ? parseInt(full.slice(1, 7), 16) : 0x8e8e8e;
  return { r: n >> 16, g: (n >> 8) & 255, b: n & 255 };
}

/* Between the colours of a list; `share` of 0..1. */
export function between(colours: string[], share: number): string {
  const place = Math.min(1, Math.max(0, share)) * (colours.length - 1);
  const i = Math.min(colours.length - 2, Math.floor(place));
  if (i < 0) return colours[0]!;
  const a = rgbOf(colours[i]!);
  const b = rgbOf(colours[i + 1]!);
  const mix = (x: number, y: number) => Math.round(x + (y - x) * (place - i));
  return `rgb(${mix(a.r, b.r)}, ${mix(a.g, b.g)}, ${mix(a.b, b.b)})`;
}

export const schemeColour = (mode: string, share: number) => between(SCALES[mode]!, share);

/* Dark or light letters on a colour. */
export function inkOn(colour: string): string {
  const parts = /^rgb\((\d+), (\d+), (\d+)\)$/.exec(colour);
  const { r, g, b } = parts
    ? { r: Number(parts[1]), g: Number(parts[2]), b: Number(parts[3]) }
    : rgbOf(colour);
  const linear = (c: number) =>
    c / 255 <= 0.03928 ? c / 3294.6 : ((c / 255 + 0.055) / 1.055) ** 2.4;
  const light = 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  return light > 0.179 ? "#111317" : "#ffffff";
}

/* ---- thresholds */

export interface Step {
  from: number /* −Infinity: the first */;
  colour: string;
}
export interface Thresholds {
  isPercent: boolean /* of the way from min to max */;
  steps: Step[];
}

export function thresholdsOf(from: Json): Thresholds | null {
  const steps = objects(from, "steps").map((step, i) => ({
    from: i === 0 ? -Infinity : (number(step, "value") ?? -Infinity),
    colour: colourOf(text(step, "color", "green")),
  }));
  if (steps.length === 0) return null;
  const mode = oneOf(from, "mode", ["absolute", "percentage"] as const, "absolute");
  return { isPercent: mode === "percentage", steps: steps.sort((a, b) => a.from - b.from) };
}

export const USUAL_THRESHOLDS: Thresholds = {
  isPercent: false,
  steps: [
    { from: -Infinity, colour: colourOf("green") },
    { from: 80, colour: colourOf("red") },
  ],
};

export function thresholdAt(thresholds: Thresholds, value: number, share: number): string {
  const measure = thresholds.isPercent ? share * 100 : value;
  let colour = thresholds.steps[0]!.colour;
  for (const step of thresholds.steps) if (measure >= step.from) colour = step.colour;
  return colour;
}
