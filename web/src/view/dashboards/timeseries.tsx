// SPDX-License-Identifier: Apache-2.0
import { useMemo } from "preact/hooks";
import { lines, type Line, type Lines } from "../../model/grafana/lines";
import { at, text } from "../../model/grafana/json";
import { count } from "../../model/format";
import { Chart, type Calc, type ChartSeries } from "../chart/chart";
import { token } from "../chart/colours";
import type { BodyProps } from "./panel";

/* A canvas knows no variables of CSS; the chart has the theme's own colours for series. */
function painted(colour: string): string | undefined {
  const name = /^var\(--([\w-]+)\)$/.exec(colour)?.[1];
  if (!name) return colour;
  return name.startsWith("series-") ? undefined : token(name);
}

const seriesOf = (line: Line): ChartSeries => ({ ...line, colour: painted(line.colour) });

const CALCS: Record<string, Calc> = {
  lastNotNull: "last",
  last: "last",
  min: "min",
  max: "max",
  mean: "mean",
  sum: "total",
  first: "first",
  firstNotNull: "first",
  count: "count",
};

/* What the legend may take of a panel's height; the plot keeps the rest. */
function legendHeight(drawn: Lines, isTable: boolean, room: number): number {
  const rows = isTable ? drawn.series.length + 1 : Math.ceil(drawn.series.length / 4);
  return Math.min(rows * 24 + 10, Math.max(34, room * 0.38));
}

const LABELLED = 150; /* a plot lower than that has no room for words along its axis */

const bounds = (drawn: Lines, height: number) => {
  const left = drawn.left;
  return {
    unit: left?.unit || "short",
    decimals: left?.decimals,
    min: left?.min,
    max: left?.max,
    softMin: left?.drawing.isCentred ? undefined : left?.drawing.softMin,
    softMax: left?.drawing.softMax,
    axisLabel: (height > LABELLED && left?.drawing.axisLabel) || undefined,
    isLogarithmic: left?.drawing.log
      ? left.drawing.log === 2
        ? (2 as const)
        : (10 as const)
      : false,
  };
};

export function TimeseriesBody({ panel, frames, view, height, say }: BodyProps) {
  const drawn = useMemo(() => lines(frames, panel), [frames, panel]);
  const series = useMemo(() => drawn.series.map(seriesOf), [drawn]);
  const { legend } = panel;
  const isTable = legend.mode === "table" || legend.calcs.length > 0;
  const isBeside = legend.isShown && legend.placement === "right" && view.width > 480;
  const below = legend.isShown && !isBeside ? legendHeight(drawn, isTable, height) : 0;
  const notes = [...drawn.unsupported];
  if (drawn.more > 0) notes.push(`${count(drawn.more, "more series", "more series")}`);
  say(notes);
  const tooltip = text(at(panel.options, "tooltip"), "mode", "single");
  const calcs = legend.calcs.map((name) => CALCS[name]).filter((c): c is Calc => !!c);
  return (
    <div class={isBeside ? "lines is-beside" : "lines"} data-legend={below > 0 ? "below" : ""}>
      <Chart
        label={panel.title || "values over time"}
        times={drawn.times}
        from={view.span.from / 1000}
        until={view.span.until / 1000}
        series={series}
        {...bounds(drawn, height - below)}
        stacking={drawn.stacking}
        thresholds={drawn.marks}
        height={Math.max(60, height - below)}
        legend={!legend.isShown ? "none" : isTable ? "table" : "list"}
        calcs={calcs}
        readout={tooltip === "none" ? "none" : tooltip === "multi" ? "all" : "one"}
        zone={view.zone || undefined}
        sync={view.key}
        onZoom={view.zoom}
      />
    </div>
  );
}
