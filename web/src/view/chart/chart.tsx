// SPDX-License-Identifier: Apache-2.0
// Series over time.  See README.md.

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { summarize } from "../../model/series";
import { formatOf, type Format } from "../../model/units";
import { painted } from "./colours";
import { Legend, type Calc, type LegendOrder, type LegendRow } from "./legend";
import { colourOfSeries, dataOf, optionsOf, type PlotSettings } from "./plot";
import { fillReadout, placeReadout, spoken, type Reading } from "./readout";

export type { Between, ChartSeries, Drawing, Mark, Threshold, TimeBand } from "./plot";
export type { Calc, LegendOrder } from "./legend";

export interface ChartProps extends PlotSettings {
  label: string /* what it shows, for those who don't see it */;
  times: number[] /* seconds, ascending; each series has a value or null for each */;
  from: number /* seconds: what the time axis shows, whether there are values or not */;
  until: number;
  height?: number;
  legend?: "table" | "list" | "none";
  calcs?: Calc[];
  legendOrder?: LegendOrder;
  readout?: "all" | "one" | "none" /* which values the pointer shows */;
  onZoom?: (from: number, until: number) => void /* seconds */;
}

const CALCS: Calc[] = ["last", "min", "max", "mean"];
const HEIGHT = 240;

function formats(props: ChartProps): Format[] {
  return props.series.map((s) => formatOf(s.unit ?? props.unit, s.decimals ?? props.decimals));
}

/* What makes another plot necessary, and not only other values in the same. */
function shapeOf(props: ChartProps, hidden: Set<string>): string {
  const { times, from, until, series, onZoom, label, bands, marks, legendOrder, ...rest } = props;
  const lines = series.map(({ values, ...style }) => style);
  void [times, from, until, onZoom, label, bands, marks, legendOrder];
  return JSON.stringify([rest, lines, [...hidden]]);
}

/* ---- what the cursor is at */

const MARKS_SAID = 5;

function notesAt({ bands = [], marks = [], times }: ChartProps, t: number): string[] {
  const near = times.length > 1 ? (times[1]! - times[0]!) / 2 : 0;
  return [
    ...bands.filter((b) => b.from <= t && t <= b.until).map((b) => b.text),
    ...marks
      .filter((mark) => Math.abs(mark.at - t) <= near)
      .slice(0, MARKS_SAID)
      .map((mark) => mark.text),
  ];
}

/* The series whose line is nearest to the pointer. */
function nearest(u: uPlot, at: number, isHidden: (i: number) => boolean): number {
  const top = u.cursor.top ?? -1;
  let best = -1;
  let least = 30;
  for (let i = 1; i < u.series.length && top >= 0; i++) {
    const value = u.data[i]?.[at];
    if (isHidden(i - 1) || value === null || value === undefined) continue;
    const away = Math.abs(u.valToPos(value, u.series[i]!.scale!) - top);
    if (away < least) [least, best] = [away, i - 1];
  }
  return best;
}

/* ---- the plot's life */

interface Parts {
  frame: HTMLDivElement;
  readout: HTMLDivElement;
}

/* One uPlot, made anew when its shape changes; everything it asks is answered from `props`. */
class Plot {
  private u: uPlot | null = null;
  private shape = "";
  private isOurs = false; /* the pointer, or the focus, is in this chart */
  private write: Format[] = [];

  constructor(
    private parts: Parts,
    private props: ChartProps,
    private hidden: Set<string>,
  ) {}

  isHidden = (i: number) => this.hidden.has(this.props.series[i]?.name ?? "");

  show(props: ChartProps, hidden: Set<string>, paint: number): void {
    this.props = props;
    this.hidden = hidden;
    this.write = formats(props);
    const shape = `${paint} ${shapeOf(props, hidden)}`;
    const data = dataOf(props.times, props, this.isHidden);
    if (this.u && shape === this.shape) return this.u.setData(data);
    this.shape = shape;
    this.destroy();
    this.u = new uPlot(this.options(), data, this.parts.frame);
    this.listen(this.u.over);
  }

  private options(): uPlot.Options {
    const size = { width: this.parts.frame.clientWidth, height: this.props.height ?? HEIGHT };
    return optionsOf(this.props, size, {
      bands: () => this.props.bands ?? [],
      marks: () => this.props.marks ?? [],
      span: () => [this.props.from, this.props.until],
      isHidden: this.isHidden,
      moved: () => this.read(),
      selected: (u) => this.selected(u),
    });
  }

  private listen(over: HTMLElement): void {
    over.addEventListener("pointerenter", () => (this.isOurs = true));
    over.addEventListener("pointerleave", () => {
      this.isOurs = false;
      this.parts.readout.hidden = true;
    });
  }

  private selected(u: uPlot): void {
    const { left, width } = u.select;
    if (width < 6) return;
    const [from, until] = [u.posToVal(left, "x"), u.posToVal(left + width, "x")];
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.props.onZoom?.(from, until);
  }

  private readings(at: number, near: number): Reading[] {
    const out: Reading[] = [];
    this.props.series.forEach((s, i) => {
      const value = s.values[at];
      const isOther = this.props.readout === "one" && near >= 0 && near !== i;
      const isLeftOut = isOther || s.notInReadout;
      if (value === null || value === undefined || this.isHidden(i) || isLeftOut) return;
      const colour = colourOfSeries(s, i);
      out.push({
        name: s.short ?? s.name,
        colour,
        value,
        write: this.write[i]!,
        isNear: near === i,
      });
    });
    return out;
  }

  private read(): void {
    const u = this.u;
    const { readout } = this.parts;
    const at = u?.cursor.idx;
    const isShown = u && this.isOurs && at !== null && at !== undefined;
    readout.hidden = !isShown || this.props.readout === "none" || (u.cursor.left ?? -1) < 0;
    if (readout.hidden || !isShown) return;
    const t = this.props.times[at]!;
    const near = nearest(u, at, this.isHidden);
    const readings = this.readings(at, near);
    fillReadout(readout, t, readings, notesAt(this.props, t), this.props.zone);
    const box = this.parts.frame.getBoundingClientRect();
    const ratio = uPlot.pxRatio;
    const left = u.bbox.left / ratio + (u.cursor.left ?? 0);
    placeReadout(readout, left, u.bbox.top / ratio + (u.cursor.top ?? 0), box);
  }

  resize(width: number): void {
    const height = this.props.height ?? HEIGHT;
    if (this.u && width > 0 && (this.u.width !== width || this.u.height !== height))
      this.u.setSize({ width, height });
  }

  point(row: number | null): void {
    this.u?.setSeries(row === null ? null : row + 1, { focus: row !== null });
  }

  /* ---- the keyboard */

  private at(): number {
    const at = this.u?.cursor.idx;
    return at === null || at === undefined ? this.props.times.length : at;
  }

  /* The cursor to a point; what it says there. */
  go(to: number): string {
    const { times } = this.props;
    if (!this.u || times.length === 0) return "no values";
    const at = Math.min(times.length - 1, Math.max(0, to));
    this.isOurs = true;
    const left = this.u.valToPos(times[at]!, "x");
    this.u.setCursor({ left, top: this.u.bbox.height / uPlot.pxRatio / 2 });
    const readings = this.readings(at, -1);
    return spoken(times[at]!, readings, notesAt(this.props, times[at]!), this.props.zone);
  }

  move(by: number): string {
    return this.go(this.at() + by);
  }

  zoom(factor: number): void {
    const { from, until, times } = this.props;
    const at = this.u?.cursor.idx;
    const middle = at === null || at === undefined ? (from + until) / 2 : times[at]!;
    const half = ((until - from) / 2) * factor;
    this.props.onZoom?.(middle - half, middle + half);
  }

  leave(): void {
    this.isOurs = false;
    this.parts.readout.hidden = true;
    this.u?.setCursor({ left: -10, top: -10 });
  }

  destroy(): void {
    this.u?.destroy();
    this.u = null;
  }
}

const KEYS: Record<string, (plot: Plot, isFar: boolean) => string | void> = {
  ArrowLeft: (plot, isFar) => plot.move(isFar ? -10 : -1),
  ArrowRight: (plot, isFar) => plot.move(isFar ? 10 : 1),
  Home: (plot) => plot.go(0),
  End: (plot) => plot.go(Infinity),
  "+": (plot) => plot.zoom(0.5),
  "=": (plot) => plot.zoom(0.5),
  "-": (plot) => plot.zoom(2),
  Escape: (plot) => plot.leave(),
};

/* ---- the component */

function usePlot(props: ChartProps, hidden: Set<string>) {
  const frame = useRef<HTMLDivElement>(null);
  const readout = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const paint = painted.value;
  useLayoutEffect(() => {
    plot.current ??= new Plot({ frame: frame.current!, readout: readout.current! }, props, hidden);
    plot.current.show(props, hidden, paint);
  });
  useEffect(() => {
    const observer = new ResizeObserver((entries) =>
      plot.current?.resize(Math.floor(entries[0]!.contentRect.width)),
    );
    observer.observe(frame.current!);
    return () => {
      observer.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, []);
  return { frame, readout, plot };
}

/* The names that aren't shown after a click on one of them. */
function picked(names: string[], hidden: Set<string>, name: string, isAdding: boolean) {
  if (isAdding) {
    const next = new Set(hidden);
    if (!next.delete(name)) next.add(name);
    return next.size === names.length ? new Set<string>() : next;
  }
  const isAlone = !hidden.has(name) && hidden.size === names.length - 1;
  return new Set(isAlone ? [] : names.filter((other) => other !== name));
}

export function Chart(props: ChartProps) {
  const [hidden, setHidden] = useState<Set<string>>(new Set());
  const [value, setValue] = useState("");
  const { frame, readout, plot } = usePlot(props, hidden);
  const { series, calcs = CALCS, legend = "table" } = props;
  const paint = painted.value;
  const rows = useMemo<LegendRow[]>(() => {
    const write = formats(props);
    return series.map((s, i) => ({
      name: s.name,
      colour: colourOfSeries(s, i),
      summary: summarize(s.values),
      write: write[i]!,
      isHidden: hidden.has(s.name),
      isListed: !s.notInLegend,
    }));
  }, [series, hidden, props.unit, props.decimals, paint]);
  const pressed = (ev: KeyboardEvent) => {
    const act = ev.ctrlKey || ev.metaKey || ev.altKey ? undefined : KEYS[ev.key];
    if (!act || !plot.current) return;
    ev.preventDefault();
    ev.stopPropagation();
    setValue(act(plot.current, ev.shiftKey) ?? "");
  };
  return (
    <div class="chart">
      <div
        class="chart-plot"
        ref={frame}
        tabIndex={0}
        role="slider"
        aria-label={props.label}
        aria-roledescription="chart"
        aria-valuemin={Math.round(props.from)}
        aria-valuemax={Math.round(props.until)}
        aria-valuenow={Math.round(props.until)}
        aria-valuetext={value || `${series.length} series; arrow keys read the values`}
        onKeyDown={pressed}
        onBlur={() => plot.current?.leave()}
      >
        <div class="readout" ref={readout} hidden />
      </div>
      {legend !== "none" && (
        <Legend
          rows={rows}
          calcs={calcs}
          isList={legend === "list"}
          first={props.legendOrder}
          pick={(i, isAdding) =>
            setHidden(
              picked(
                series.map((s) => s.name),
                hidden,
                series[i]!.name,
                isAdding,
              ),
            )
          }
          point={(row) => plot.current?.point(row)}
        />
      )}
    </div>
  );
}
