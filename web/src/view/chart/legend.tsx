// SPDX-License-Identifier: Apache-2.0
// What the lines of a chart are, and what came of them.  Clicking a name shows it alone; with Ctrl or
// Shift it hides it, or shows it again.

import { useMemo, useState } from "preact/hooks";
import { number } from "../../model/format";
import type { Summary } from "../../model/series";
import type { Format } from "../../model/units";

export type Calc = "last" | "min" | "max" | "mean" | "total" | "first" | "count";
export const CALC_NAMES: Record<Calc, string> = {
  last: "last",
  first: "first",
  min: "min",
  max: "max",
  mean: "mean",
  total: "total",
  count: "count",
};

const ROWS_MOST = 200;

export interface LegendRow {
  name: string;
  colour: string;
  summary: Summary;
  write: Format;
  isHidden: boolean;
  isListed: boolean;
}

interface LegendProps {
  rows: LegendRow[];
  calcs: Calc[];
  isList?: boolean /* names only, side by side */;
  first?: LegendOrder /* until a head is clicked */;
  pick: (row: number, isAdding: boolean) => void;
  point: (row: number | null) => void;
}

export interface LegendOrder {
  by: Calc | "name" | "";
  isDown: boolean;
}

const UNORDERED: LegendOrder = { by: "", isDown: false };

function sorted(rows: LegendRow[], order: LegendOrder): number[] {
  const places = rows.flatMap((row, i) => (row.isListed ? [i] : []));
  const { by, isDown } = order;
  if (!by) return places;
  const sign = isDown ? -1 : 1;
  const value = (i: number) => (by === "name" ? 0 : (rows[i]!.summary[by] ?? -Infinity));
  const names = new Intl.Collator("en", { numeric: true });
  return places.sort((a, b) =>
    by === "name"
      ? sign * names.compare(rows[a]!.name, rows[b]!.name)
      : sign * (value(a) - value(b)) || a - b,
  );
}

function text(row: LegendRow, calc: Calc): string {
  const value = row.summary[calc];
  if (value === null) return "–";
  return calc === "count" ? number(value) : row.write(value);
}

function NameButton({ row, i, pick, point }: { row: LegendRow; i: number } & Handlers) {
  return (
    <button
      type="button"
      class="legend-name"
      aria-pressed={!row.isHidden}
      title={row.name}
      onClick={(ev) => pick(i, ev.ctrlKey || ev.metaKey || ev.shiftKey)}
      onPointerEnter={() => point(i)}
      onPointerLeave={() => point(null)}
      onFocus={() => point(i)}
      onBlur={() => point(null)}
    >
      <Swatch colour={row.colour} />
      <span class="legend-text">{row.name}</span>
    </button>
  );
}

type Handlers = Pick<LegendProps, "pick" | "point">;

/* The page's policy allows no style in markup; setting it from a script is allowed. */
function Swatch({ colour }: { colour: string }) {
  return (
    <span
      class="swatch"
      aria-hidden="true"
      ref={(el) => {
        if (el) el.style.background = colour;
      }}
    />
  );
}

function Head({
  order,
  by,
  set,
  name,
}: {
  order: LegendOrder;
  by: LegendOrder["by"];
  set: (order: LegendOrder) => void;
  name: string;
}) {
  const isThis = order.by === by;
  const direction = isThis ? (order.isDown ? "descending" : "ascending") : undefined;
  const next = isThis ? { by, isDown: !order.isDown } : { by, isDown: by !== "name" };
  return (
    <th scope="col" aria-sort={direction} class={by === "name" ? "" : "is-number"}>
      <button type="button" class="legend-head" onClick={() => set(next)}>
        {name}
        {isThis && <span aria-hidden="true">{order.isDown ? " ↓" : " ↑"}</span>}
      </button>
    </th>
  );
}

export function Legend({ rows, calcs, isList, first = UNORDERED, pick, point }: LegendProps) {
  const [order, setOrder] = useState(first);
  const places = useMemo(() => sorted(rows, order), [rows, order]);
  const shown = places.slice(0, ROWS_MOST);
  const left = places.length - shown.length;
  if (isList)
    return (
      <div class="legend is-list">
        {shown.map((i) => (
          <NameButton key={i} row={rows[i]!} i={i} pick={pick} point={point} />
        ))}
        {left > 0 && <span class="quiet">and {number(left)} more</span>}
      </div>
    );
  return (
    <div class="legend" tabIndex={rows.length > 8 ? 0 : undefined} role="group" aria-label="Legend">
      <table>
        <thead>
          <tr>
            <Head order={order} by="name" set={setOrder} name="series" />
            {calcs.map((calc) => (
              <Head key={calc} order={order} by={calc} set={setOrder} name={CALC_NAMES[calc]} />
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((i) => (
            <tr key={i} class={rows[i]!.isHidden ? "is-hidden" : ""}>
              <th scope="row">
                <NameButton row={rows[i]!} i={i} pick={pick} point={point} />
              </th>
              {calcs.map((calc) => (
                <td key={calc} class="is-number">
                  {text(rows[i]!, calc)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {left > 0 && <p class="quiet">and {number(left)} more, drawn but not listed</p>}
    </div>
  );
}
