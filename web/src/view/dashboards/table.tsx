// SPDX-License-Identifier: Apache-2.0
import { useMemo, useState } from "preact/hooks";
import { number } from "../../model/format";
import { inkOn } from "../../model/grafana/colour";
import type { Shown } from "../../model/grafana/fields";
import { cellAt, grid, orderOf, shownAt, type Column, type Order } from "../../model/grafana/grid";
import { safeUrl } from "../../model/grafana/markdown";
import type { BodyProps } from "./panel";

const alignOf = ({ options, isNumber }: Column) =>
  options.cell.align === "auto" ? (isNumber ? "right" : "left") : options.cell.align;

function styleOf(kind: string, shown: Shown): Record<string, string> | undefined {
  if (!shown.colour) return undefined;
  if (kind === "color-text") return { "--figure": shown.colour };
  if (kind !== "color-background") return undefined;
  return { background: shown.colour, color: inkOn(shown.colour) };
}

/* The link of a column, with the row's values in it. */
function linkOf(column: Column, columns: Column[], row: number): string {
  const url = column.options.links[0]?.url ?? "";
  return safeUrl(
    url
      .replace(/\$\{__value\.(?:raw|text)\}/g, () =>
        encodeURIComponent(String(cellAt(column, row))),
      )
      .replace(/\$\{__data\.fields(?:\.(\w+)|\["([^"]+)"\])\}/g, (_, a: string, b: string) => {
        const of = columns.find(({ name, field }) => [name, field.name].includes(a ?? b));
        return of ? encodeURIComponent(String(cellAt(of, row))) : "";
      }),
  );
}

function Cell({ column, columns, row }: { column: Column; columns: Column[]; row: number }) {
  const shown = shownAt(column, row);
  const { kind } = column.options.cell;
  const link = linkOf(column, columns, row);
  const isGauge = kind === "gauge" && !Number.isNaN(shown.share);
  const inside = link ? <a href={link}>{shown.text}</a> : shown.text;
  return (
    <td
      class={`is-${alignOf(column)} ${kind === "color-text" ? "is-coloured" : ""}`}
      style={styleOf(kind, shown)}
    >
      {isGauge ? (
        <span
          class="cell-gauge"
          style={{ "--share": `${shown.share * 100}%`, "--figure": shown.colour }}
        >
          <i aria-hidden="true" />
          <span>{inside}</span>
        </span>
      ) : (
        inside
      )}
    </td>
  );
}

interface HeadProps {
  columns: Column[];
  order: Order | null;
  sort: (order: Order) => void;
}

function Head({ columns, order, sort }: HeadProps) {
  return (
    <thead>
      <tr>
        {columns.map((column, i) => {
          const isBy = order?.column === column.name;
          const sorted = isBy ? (order.isDown ? "descending" : "ascending") : undefined;
          const width = column.options.cell.width;
          return (
            <th
              key={i}
              scope="col"
              class={`is-${alignOf(column)}`}
              aria-sort={sorted}
              style={width > 0 ? { width: `${width}px` } : undefined}
            >
              <button
                type="button"
                onClick={() => sort({ column: column.name, isDown: isBy ? !order.isDown : false })}
              >
                {column.name}
                <span aria-hidden="true">{isBy ? (order.isDown ? " ↓" : " ↑") : ""}</span>
              </button>
            </th>
          );
        })}
      </tr>
    </thead>
  );
}

export function TableBody({ panel, frames }: BodyProps) {
  const [order, setOrder] = useState<Order | null>(() => orderOf(panel));
  const shown = useMemo(() => grid(frames, panel, order), [frames, panel, order]);
  const { columns, rows, more, hasHead, hasFooter } = shown;
  return (
    <div class="cells" tabIndex={0} role="region" aria-label={panel.title || "table"}>
      <table>
        {hasHead && <Head columns={columns} order={order} sort={setOrder} />}
        <tbody>
          {rows.map((row) => (
            <tr key={row}>
              {columns.map((column, i) => (
                <Cell key={i} column={column} columns={columns} row={row} />
              ))}
            </tr>
          ))}
        </tbody>
        {hasFooter && (
          <tfoot>
            <tr>
              {columns.map((column, i) => (
                <td key={i} class={`is-${alignOf(column)}`}>
                  {column.footer}
                </td>
              ))}
            </tr>
          </tfoot>
        )}
      </table>
      {more > 0 && <p class="quiet">and {number(more)} more rows</p>}
    </div>
  );
}
