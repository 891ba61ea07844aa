// SPDX-License-Identifier: Apache-2.0
// What stat, gauge and bargauge show: one figure for each series, or for each row of a table.  Pure.

import type { Bounds, FieldOptions, Shown } from "./fields";
import { boundsOf, resolver, show } from "./fields";
import type { Cell, Field, Frame } from "./frames";
import { lengthOf, timeOf } from "./frames";
import { at, bool, number, text, texts } from "./json";
import type { Panel } from "./panel";
import { reduce } from "./reduce";
import { patternOf } from "./variables";

export const FIGURES_MOST = 200;

export interface Figure {
  name: string;
  value: Cell;
  shown: Shown;
  bounds: Bounds;
  options: FieldOptions;
  times: number[] /* milliseconds; for a sparkline */;
  values: Cell[];
}

/* "": numbers; a name; "/pattern/" */
function wanted(fields: string): (f: Field) => boolean {
  if (!fields) return (f) => f.type === "number";
  const pattern = fields.startsWith("/") ? patternOf(fields) : null;
  return (f) => (pattern ? pattern.test(f.display) : f.display === fields || f.name === fields);
}

const titleOf = (f: Field, options: FieldOptions, isOnly: boolean): string => {
  if (options.name) return named(options.name, f);
  return isOnly && f.display === "Value" ? "" : f.display;
};

/* "${__field.labels.instance}", "$__cell_0" and the like, in the name of a field. */
export function named(name: string, f: Field): string {
  return name
    .replace(/\$\{__field\.labels\.([\w.]+)\}/g, (_, label: string) => f.labels[label] ?? "")
    .replace(
      /\$\{__(?:field|series)\.(?:displayName|name)\}|\$__(?:field|series)_name/g,
      f.display,
    );
}

function ofRows(frames: Frame[], panel: Panel, limit: number): Figure[] {
  const options = at(panel.options, "reduceOptions");
  const isWanted = wanted(text(options, "fields"));
  const resolve = resolver(panel.config, "thresholds");
  const out: Figure[] = [];
  for (const frame of frames) {
    const label = frame.fields.find((f) => f.type === "string");
    for (const f of frame.fields.filter(isWanted)) {
      const own = resolve(f);
      const bounds = boundsOf(own, f.values);
      for (let i = 0; i < Math.min(lengthOf(frame), limit - out.length); i++) {
        const value = f.values[i]!;
        const name = label && label !== f ? String(label.values[i] ?? "") : f.display;
        const shown = show(own, value, bounds, out.length);
        out.push({ name, value, shown, bounds, options: own, times: [], values: [] });
      }
    }
  }
  return out;
}

export function figures(frames: Frame[], panel: Panel): Figure[] {
  const options = at(panel.options, "reduceOptions");
  const limit = Math.min(FIGURES_MOST, number(options, "limit") ?? FIGURES_MOST);
  if (bool(options, "values")) return ofRows(frames, panel, limit);
  const calc = texts(options, "calcs")[0] ?? "lastNotNull";
  const isWanted = wanted(text(options, "fields"));
  const resolve = resolver(panel.config, "thresholds");
  const found = frames
    .flatMap((frame) => frame.fields.map((f) => ({ f, times: timeOf(frame)?.values ?? [] })))
    .filter(({ f }) => isWanted(f))
    .slice(0, limit);
  return found.map(({ f, times }, i) => {
    const own = resolve(f);
    const value = reduce(f, calc);
    const bounds = boundsOf(own, f.values);
    return {
      name: titleOf(f, own, found.length === 1),
      value,
      shown: show(own, value, bounds, i),
      bounds,
      options: own,
      times: times.map(Number),
      values: f.values,
    };
  });
}
