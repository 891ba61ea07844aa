// SPDX-License-Identifier: Apache-2.0
import { useMemo } from "preact/hooks";
import { lines, type Line, type Lines } from "../../model/grafana/lines";
import { at, text } from "../../model/grafana/json";
import type { Legend } from "../../model/grafana/panel";
import { reducerName } from "../../model/grafana/reduce";
import { count } from "../../model/format";
import { Chart, type Calc, type ChartSeries, type LegendOrder } from "../chart/chart";
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

/* The legend's order is named by what its column is called. */
function orderOf({ sortBy, isDown }: Legend): LegendOrder | undefined {
  if (sortBy === "Name") return { by: "name", isDown };
  const id = Object.keys(CALCS).find((name) => reducerName(name) === sortBy);
  return id ? { by: CALCS[id]!, isDown } : undefined;
}

const CHARACTER = 6.6; /* pixels, about: a name is cut where it turns out to be too long */
const AROUND_NAME = 36;
const LEGEND_LINE = 24;

/* How many lines names take that stand side by side. */
function listLines(names: string[], width: number): number {
  let [lines, used] = [1, 0];
  for (const name of names) {
    const wants = Math.min(width, name.length * CHARACTER + AROUND_NAME);
    if (used > 0 && used + wants > width) [lines, used] = [lines + 1, 0];
    used += wants;
  }
  return lines;
}

/* What the legend may take of a panel's height; the plot keeps the rest. */
function legendHeight(drawn: Lines, isTable: boolean, width: number, room: number): number {
  const names = drawn.series.filter((line) => !line.notInLegend).map((line) => line.name);
  const rows = isTable ? names.length + 1 : listLines(names, width);
  return Math.min(rows * LEGEND_LINE + 6, Math.max(LEGEND_LINE + 6, room * 0.38));
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
  const below = legend.isShown && !isBeside ? legendHeight(drawn, isTable, view.width, height) : 0;
  const unlisted = legend.calcs.filter((name) => !CALCS[name]);
  const notes = [...drawn.unsupported, ...unlisted.map((name) => `${name} in the legend`)];
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
        legendOrder={orderOf(legend)}
        readout={tooltip === "none" ? "none" : tooltip === "multi" ? "all" : "one"}
        zone={view.zone || undefined}
        sync={view.key}
        onZoom={view.zoom}
      />
    </div>
  );
}
