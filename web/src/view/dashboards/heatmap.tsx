// SPDX-License-Identifier: Apache-2.0
// A heatmap on a canvas: columns of time, rows of buckets.

import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { clock, hourMinute } from "../../model/format";
import { between } from "../../model/grafana/colour";
import { heat, type Heat } from "../../model/grafana/heat";
import { formatOf, plain } from "../../model/units";
import type { BodyProps } from "./panel";

const AXIS = 18; /* CSS pixels below, for times */
const LABELS_MOST = 8;

interface Box {
  width: number;
  height: number;
}

function draw(
  canvas: HTMLCanvasElement,
  { times, cells, most, colours, exponent }: Heat,
  box: Box,
): void {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(box.width * ratio);
  canvas.height = Math.round(box.height * ratio);
  const ctx = canvas.getContext("2d");
  if (!ctx || times.length === 0 || cells.length === 0) return;
  const w = canvas.width / times.length;
  const h = canvas.height / cells.length;
  cells.forEach((row, r) => {
    const top = Math.floor(canvas.height - (r + 1) * h);
    row.forEach((value, i) => {
      if (!value || value <= 0) return;
      ctx.fillStyle = between(colours, (value / (most || 1)) ** exponent);
      ctx.fillRect(Math.floor(i * w), top, Math.ceil(w), Math.ceil(h));
    });
  });
}

/* As many names of rows as there is room for, from the bottom. */
function labels(drawn: Heat, box: Box) {
  const write = formatOf(drawn.unit, drawn.decimals);
  const most = Math.max(2, Math.min(LABELS_MOST, Math.floor(box.height / 20)));
  const every = Math.max(1, Math.ceil(drawn.rows.length / most));
  return drawn.rows
    .map((name, r) => ({ r, text: drawn.edges ? write(drawn.edges[r]!) : name }))
    .filter(({ r }) => r % every === 0);
}

function ticks(drawn: Heat, box: Box, zone: string): { share: number; text: string }[] {
  const n = Math.max(2, Math.min(8, Math.floor(box.width / 90)));
  const [first = 0, last = 0] = [drawn.times[0], drawn.times[drawn.times.length - 1]];
  return Array.from({ length: n }, (_, i) => {
    const share = (i + 0.5) / n;
    const write = last - first < n * 60 ? clock : hourMinute;
    return { share, text: write((first + (last - first) * share) * 1000, zone || undefined) };
  });
}

interface At {
  x: number;
  y: number;
}

function words(drawn: Heat, box: Box, { x, y }: At, zone: string): string {
  const i = Math.min(
    drawn.times.length - 1,
    Math.max(0, Math.floor((x / box.width) * drawn.times.length)),
  );
  const r = Math.min(
    drawn.rows.length - 1,
    Math.max(0, Math.floor((1 - y / box.height) * drawn.rows.length)),
  );
  const write = formatOf(drawn.unit, drawn.decimals);
  const name = drawn.edges ? `up to ${write(drawn.edges[r]!)}` : drawn.rows[r]!;
  const value = drawn.cells[r]?.[i];
  const written = value === null || value === undefined ? "nothing" : plain(value);
  return `${clock(drawn.times[i]! * 1000, zone || undefined)}, ${name}: ${written}`;
}

type HeatmapProps = Pick<BodyProps, "panel" | "frames" | "height"> & {
  view: Pick<BodyProps["view"], "width" | "zone">;
};

export function HeatmapBody({ panel, frames, view, height }: HeatmapProps) {
  const drawn = useMemo(() => heat(frames, panel), [frames, panel]);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [at, setAt] = useState<At | null>(null);
  const longest = Math.max(
    3,
    ...labels(drawn, { width: 1, height }).map(({ text }) => text.length),
  );
  const gutter = Math.min(90, longest * 7 + 8);
  const box = { width: Math.max(20, view.width - gutter), height: Math.max(20, height - AXIS) };
  useLayoutEffect(() => draw(canvas.current!, drawn, box), [drawn, box.width, box.height]);
  const isEmpty = drawn.rows.length === 0 || drawn.times.length === 0;
  return (
    <div class="heat" style={{ paddingLeft: `${gutter}px` }}>
      <div
        class="heat-rows"
        aria-hidden="true"
        style={{ width: `${gutter}px`, height: `${box.height}px` }}
      >
        {labels(drawn, box).map(({ r, text }) => (
          <span key={r} style={{ bottom: `${(r / drawn.rows.length) * 100}%` }}>
            {text}
          </span>
        ))}
      </div>
      <canvas
        ref={canvas}
        role="img"
        aria-label={`${panel.title || "heatmap"}: ${drawn.rows.length} rows over time`}
        style={{ width: `${box.width}px`, height: `${box.height}px` }}
        onPointerMove={(ev) => setAt({ x: ev.offsetX, y: ev.offsetY })}
        onPointerLeave={() => setAt(null)}
      />
      <div class="heat-times" aria-hidden="true">
        {ticks(drawn, box, view.zone).map(({ share, text }) => (
          <span key={share} style={{ left: `${share * 100}%` }}>
            {text}
          </span>
        ))}
      </div>
      {at && !isEmpty && <p class="heat-readout">{words(drawn, box, at, view.zone)}</p>}
    </div>
  );
}
