// SPDX-License-Identifier: Apache-2.0
// From what a chart is told to what uPlot is told.

import uPlot from "uplot";
import { lonely, stack, type Stacking } from "../../model/series";
import { timeAxis, valueAxis } from "./axes";
import { colourOf, faded, seriesColour, token } from "./colours";

export type Drawing = "line" | "bars" | "points";
export type Between = "linear" | "smooth" | "stepAfter" | "stepBefore";

export interface ChartSeries {
  name: string;
  short?: string /* what tells it from the others, for the readout; absent: its name */;
  values: (number | null)[];
  colour?: string;
  unit?: string /* absent: the chart's */;
  decimals?: number;
  draw?: Drawing;
  between?: Between;
  width?: number /* CSS pixels */;
  fill?: number /* 0 to 1 */;
  dash?: number[];
  hasPoints?: boolean;
  spansGaps?: boolean;
  isRight?: boolean /* on an axis of its own, at the right */;
  isUnstacked?: boolean;
  notInLegend?: boolean;
  notInReadout?: boolean;
}

/* A stretch of time, as of an incident. */
export interface TimeBand {
  from: number /* seconds */;
  until: number;
  text: string;
  tone: "bad" | "warn" | "idle";
}

/* A single observation, as of a trace. */
export interface Mark {
  at: number /* seconds */;
  value: number;
  text: string;
}

export interface Threshold {
  at: number;
  colour: string;
  isLine: boolean;
  isArea: boolean /* colours what lies above it, up to the next */;
}

export interface PlotSettings {
  series: ChartSeries[];
  unit?: string;
  decimals?: number;
  min?: number;
  max?: number;
  softMin?: number;
  softMax?: number;
  isLogarithmic?: boolean | 2 | 10;
  stacking?: Stacking;
  axisLabel?: string;
  bands?: TimeBand[];
  marks?: Mark[];
  thresholds?: Threshold[];
  zone?: string;
  sync?: string;
}

const MANY = 40; /* series, beyond which the pointer has no dot on each */
/* Points, beyond which the pointer makes no line stand out: that draws all of them again. */
const HEAVY = 20_000;

export const colourOfSeries = (s: ChartSeries, i: number) =>
  s.colour ? colourOf(s.colour) : seriesColour(i);

/* ---- scales */

function valueRange(settings: PlotSettings): uPlot.Scale.Range {
  const { min, max, softMin, softMax, stacking = "none" } = settings;
  const isShare = stacking === "percent";
  const floor = softMin ?? 0;
  return (_, low, high) => {
    if (low === null || high === null || (low === 0 && high === 0)) return [min ?? 0, max ?? 1];
    const [least, most] = uPlot.rangeNum(low, high, {
      min: { pad: 0.08, soft: floor, mode: softMin === undefined && stacking === "none" ? 3 : 1 },
      max: { pad: 0.08, soft: softMax ?? 0, mode: softMax === undefined ? 2 : 1 },
    });
    return [min ?? least, max ?? (isShare ? 100 : most)];
  };
}

function valueScale(settings: PlotSettings): uPlot.Scale {
  const { isLogarithmic, min, max } = settings;
  if (!isLogarithmic) return { range: valueRange(settings) };
  const log = isLogarithmic === 2 ? 2 : 10;
  return {
    distr: 3,
    log,
    range: (_, low, high) => {
      const [least, most] = uPlot.rangeLog(low > 0 ? low : 0.1, high > 0 ? high : 1, log, false);
      return [min && min > 0 ? min : least, max ?? most];
    },
  };
}

/* ---- lines */

const linear = uPlot.paths.linear!();
const PATHS: Record<Between, uPlot.Series.PathBuilder> = {
  linear,
  smooth: uPlot.paths.spline!(),
  stepAfter: uPlot.paths.stepped!({ align: 1 }),
  stepBefore: uPlot.paths.stepped!({ align: -1 }),
};
const bars = uPlot.paths.bars!({ size: [0.8, 60] });
const nothing: uPlot.Series.PathBuilder = () => null;

function pathsOf(s: ChartSeries): uPlot.Series.PathBuilder {
  if (s.draw === "points") return nothing;
  return s.draw === "bars" ? bars : PATHS[s.between ?? "linear"];
}

/* Points that a line would not show: those without a neighbour. */
function dots(u: uPlot, i: number, isShown: boolean): number[] | null {
  const [from, to] = u.series[i]!.idxs ?? [0, 0];
  if (isShown) return null;
  const alone = lonely(u.data[i] as (number | null)[], from, to);
  return alone.length > 0 ? alone : null;
}

function lineOf(s: ChartSeries, colour: string, isHidden: boolean): uPlot.Series {
  const fill = s.fill ?? (s.draw === "bars" ? 0.5 : 0);
  return {
    label: s.name,
    show: !isHidden,
    scale: s.isRight ? "right" : "y",
    stroke: colour,
    fill: fill > 0 ? faded(colour, fill) : undefined,
    width: s.width ?? 1.5,
    dash: s.dash,
    spanGaps: s.spansGaps ?? false,
    paths: pathsOf(s),
    points: {
      show: s.draw === "points" || !!s.hasPoints,
      filter: dots,
      size: s.draw === "points" ? 5 : 4,
      width: 0,
      fill: colour,
    },
  };
}

/* Each stacked area reaches down to the one below it. */
function bandsOf(series: ChartSeries[], isHidden: (i: number) => boolean): uPlot.Band[] {
  const out: uPlot.Band[] = [];
  let below = -1;
  series.forEach((s, i) => {
    if (s.isUnstacked || isHidden(i)) return;
    if (below >= 0) out.push({ series: [i + 1, below + 1] });
    below = i;
  });
  return out;
}

/* ---- what is drawn behind and before the lines */

function drawBands(u: uPlot, bands: TimeBand[]): void {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const band of bands) {
    const left = u.valToPos(band.from, "x", true);
    const right = u.valToPos(band.until, "x", true);
    ctx.fillStyle = faded(token(band.tone), 0.16);
    ctx.fillRect(left, bbox.top, Math.max(2, right - left), bbox.height);
    ctx.fillStyle = token(band.tone);
    ctx.fillRect(left, bbox.top, Math.max(2, right - left), 3 * uPlot.pxRatio);
  }
  ctx.restore();
}

const MARK_PX = 4;

/* Diamonds; one that lies outside the scale stands at its edge, one that lies upon the last is it. */
function drawMarks(u: uPlot, marks: Mark[]): void {
  const { ctx, bbox } = u;
  const size = MARK_PX * uPlot.pxRatio;
  ctx.save();
  ctx.fillStyle = token("accent");
  ctx.strokeStyle = token("paper");
  let [lastX, lastY] = [-Infinity, -Infinity];
  for (const { at, value } of marks) {
    const x = u.valToPos(at, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    const place = u.valToPos(value, "y", true);
    const y = Math.min(bbox.top + bbox.height, Math.max(bbox.top, place)) || bbox.top;
    if (Math.hypot(x - lastX, y - lastY) < 2 * size) continue;
    [lastX, lastY] = [x, y];
    ctx.beginPath();
    ctx.moveTo(x, y - size);
    ctx.lineTo(x + size, y);
    ctx.lineTo(x, y + size);
    ctx.lineTo(x - size, y);
    ctx.closePath();
    ctx.fill();
    ctx.stroke();
  }
  ctx.restore();
}

function drawThresholds(u: uPlot, thresholds: Threshold[]): void {
  const { ctx, bbox } = u;
  const bottom = bbox.top + bbox.height;
  const place = (at: number) =>
    at === -Infinity ? bottom : Math.min(bottom, Math.max(bbox.top, u.valToPos(at, "y", true)));
  ctx.save();
  thresholds.forEach((threshold, i) => {
    const y = place(threshold.at);
    const next = thresholds[i + 1];
    if (threshold.isArea) {
      const top = next ? place(next.at) : bbox.top;
      ctx.fillStyle = faded(colourOf(threshold.colour), 0.1);
      ctx.fillRect(bbox.left, top, bbox.width, y - top);
    }
    const isInside = y > bbox.top && y < bottom;
    if (!threshold.isLine || !isInside) return;
    ctx.strokeStyle = colourOf(threshold.colour);
    ctx.lineWidth = uPlot.pxRatio;
    ctx.setLineDash([6 * uPlot.pxRatio, 4 * uPlot.pxRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  });
  ctx.restore();
}

/* Seen in a browser's performance tools, and by test/web/chart.test.mjs. */
const DRAWN = "chart drawn";
function measured(): Pick<uPlot.Hooks.Arrays, "drawClear" | "draw"> {
  let began = 0;
  return {
    drawClear: [() => void (began = performance.now())],
    draw: [
      () => {
        performance.measure(DRAWN, { start: began, end: performance.now() });
        performance.clearMeasures(DRAWN);
      },
    ],
  };
}

function standsOut(series: ChartSeries[]): boolean {
  return series.length > 1 && series.length * (series[0]?.values.length ?? 0) <= HEAVY;
}

/* ---- all of it */

export interface PlotHandlers {
  bands: () => TimeBand[];
  marks: () => Mark[];
  span: () => [number, number] /* seconds, that the time axis shows */;
  isHidden: (series: number) => boolean;
  moved: (u: uPlot) => void;
  selected: (u: uPlot) => void;
}

export function dataOf(
  times: number[],
  settings: PlotSettings,
  isHidden: (i: number) => boolean,
): uPlot.AlignedData {
  const { series, stacking = "none" } = settings;
  const isOut = (i: number) => isHidden(i) || !!series[i]!.isUnstacked;
  return [
    times,
    ...stack(
      series.map((s) => s.values),
      stacking,
      isOut,
    ),
  ];
}

export function optionsOf(
  settings: PlotSettings,
  size: { width: number; height: number },
  on: PlotHandlers,
): uPlot.Options {
  const { series, unit, decimals, stacking = "none", zone, thresholds = [] } = settings;
  const hasRight = series.some((s) => s.isRight);
  const hasLeft = series.length === 0 || series.some((s) => !s.isRight);
  const right = series.find((s) => s.isRight);
  /* Shares are of 100, whatever their values are counted in. */
  const written = stacking === "percent" ? { unit: "percent" } : { unit, decimals };
  const timing = measured();
  return {
    ...size,
    legend: { show: false },
    padding: [8, hasRight ? 0 : 20, 0, 0],
    tzDate: zone ? (t) => uPlot.tzDate(new Date(t * 1000), zone) : undefined,
    focus: { alpha: 0.25 },
    cursor: {
      y: false,
      drag: { x: true, y: false, setScale: false, dist: 6 },
      focus: { prox: standsOut(series) ? 24 : -1 },
      points: { show: series.length <= MANY, size: 7, width: 1 },
      sync: settings.sync
        ? { key: settings.sync, scales: ["x", null], setSeries: false }
        : undefined,
    },
    scales: {
      x: { time: true, range: () => on.span() },
      y: valueScale(settings),
      ...(hasRight && { right: valueScale({ ...settings, min: undefined, max: undefined }) }),
    },
    axes: [
      timeAxis(zone),
      valueAxis({ scale: "y", ...written, label: settings.axisLabel, isHidden: !hasLeft }),
      ...(right
        ? [valueAxis({ scale: "right", isRight: true, unit: right.unit ?? unit, decimals })]
        : []),
    ],
    series: [{}, ...series.map((s, i) => lineOf(s, colourOfSeries(s, i), on.isHidden(i)))],
    bands: stacking === "none" ? [] : bandsOf(series, on.isHidden),
    hooks: {
      drawClear: timing.drawClear,
      drawAxes: [
        (u) => {
          drawBands(u, on.bands());
          drawThresholds(u, thresholds);
        },
      ],
      draw: [(u) => drawMarks(u, on.marks()), ...timing.draw!],
      setCursor: [on.moved],
      setSelect: [on.selected],
    },
  };
}
