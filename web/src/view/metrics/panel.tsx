// SPDX-License-Identifier: Apache-2.0
// A chart of fixed expressions, with a way to explore them.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { explorePath } from "../../model/explore";
import { queryRange, type Labels } from "../../model/prometheus";
import { frameOf, legendOf } from "../../model/series";
import { onGrid, stepOf, type Span, type TimeRange } from "../../model/timerange";
import { Chart, type ChartSeries, type TimeBand } from "../chart/chart";
import { useAnswer } from "./answers";
import { Refused } from "./frame";

const PIXELS_A_POINT = 1.5;

export interface PanelProps {
  title: string;
  level?: 2 | 4 /* of its heading */;
  queries: { expr: (step: number) => string; legend: string }[];
  range: TimeRange /* for the explorer */;
  span: Span /* the same, at this moment */;
  unit: string;
  isStacked?: boolean;
  min?: number;
  max?: number;
  height?: number;
  zone?: string;
  sync?: string;
  bands?: TimeBand[];
  between?: ChartSeries["between"];
  absent: preact.ComponentChildren /* instead of an empty chart */;
  onZoom?: (from: number, until: number) => void;
}

async function ask(props: PanelProps, span: Span, step: number, signal: AbortSignal) {
  const grid = { start: span.from / 1000, end: span.until / 1000, step };
  const all = await Promise.all(
    props.queries.map(async ({ expr, legend }) => {
      const { series } = await queryRange({ query: expr(step), ...grid }, signal);
      const nameOf = (labels: Labels) => legendOf(labels, legend);
      return frameOf(series, grid, nameOf);
    }),
  );
  return { grid, times: all[0]!.times, lines: all.flatMap((frame) => frame.lines) };
}

/* How wide it is, and whether it was ever seen: what is far below isn't asked for yet. */
function useSeen() {
  const ref = useRef<HTMLElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        setWidth(ref.current!.clientWidth);
        observer.disconnect();
      },
      { rootMargin: "200px" },
    );
    observer.observe(ref.current!);
    return () => observer.disconnect();
  }, []);
  return { ref, width };
}

export function Panel(props: PanelProps) {
  const { ref, width } = useSeen();
  const step = stepOf(props.span, Math.max(60, width / PIXELS_A_POINT));
  const span = onGrid(props.span, step);
  const exprs = props.queries.map(({ expr }) => expr(step));
  const subject = props.queries.map(({ expr }) => expr(0)).join("\n");
  const key = width > 0 ? `${exprs.join("\n")} ${span.from} ${span.until}` : "";
  const { data, error, isBusy } = useAnswer(
    (signal) => ask(props, span, step, signal),
    key,
    subject,
  );
  const series = useMemo<ChartSeries[]>(() => {
    const lines = data?.lines ?? [];
    const fill = props.isStacked ? 0.35 : lines.length === 1 ? 0.1 : 0;
    return lines.map(({ name, values }) => ({ name, values, fill, between: props.between }));
  }, [data, props.isStacked]);
  return (
    <section class="panel" ref={ref} aria-busy={isBusy}>
      <div class="panel-head">
        {props.level === 4 ? <h4>{props.title}</h4> : <h2>{props.title}</h2>}
        <a href={explorePath({ queries: exprs, range: props.range, isStacked: props.isStacked })}>
          Explore<span class="only-read"> {props.title}</span>
        </a>
      </div>
      <Refused error={error} />
      {data && series.length > 0 && (
        <Chart
          label={props.title}
          times={data.times}
          series={series}
          from={data.grid.start}
          until={data.grid.end}
          height={props.height ?? 180}
          unit={props.unit}
          min={props.min}
          max={props.max}
          zone={props.zone}
          sync={props.sync}
          bands={props.bands}
          stacking={props.isStacked ? "normal" : "none"}
          calcs={["last", "max"]}
          onZoom={props.onZoom}
        />
      )}
      {data && series.length === 0 && <p class="quiet panel-none">Nothing here: {props.absent}.</p>}
      {!data && !error && isBusy && <p class="loading panel-none">Reading…</p>}
    </section>
  );
}
