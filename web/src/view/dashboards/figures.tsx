// SPDX-License-Identifier: Apache-2.0
// Panels of single figures: stat, gauge, bargauge.

import { useMemo } from "preact/hooks";
import { inkOn } from "../../model/grafana/colour";
import { formatOf } from "../../model/units";
import { figures, type Figure } from "../../model/grafana/figures";
import { bool, text } from "../../model/grafana/json";
import type { BodyProps } from "./panel";

/* Rows of equal boxes that fill the room, as square as can be. */
function columnsFor(n: number, width: number, height: number, orientation: string): number {
  if (orientation === "horizontal") return 1;
  if (orientation === "vertical") return n;
  let best = 1;
  let most = 0;
  for (let columns = 1; columns <= n; columns++) {
    const side = Math.min(width / columns, (height / Math.ceil(n / columns)) * 1.8);
    if (side > most) [best, most] = [columns, side];
  }
  return best;
}

/* ---- stat */

function sparkline(figure: Figure): string {
  const points = figure.values
    .map((v, i) => [i, v] as const)
    .filter(
      (p): p is readonly [number, number] => typeof p[1] === "number" && Number.isFinite(p[1]),
    );
  if (points.length < 2) return "";
  const all = points.map(([, v]) => v);
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const n = figure.values.length - 1;
  const place = ([i, v]: readonly [number, number]) =>
    `${((i / n) * 100).toFixed(2)} ${(28 - (most > least ? (v - least) / (most - least) : 0.3) * 26).toFixed(2)}`;
  return `M${points.map(place).join("L")}`;
}

function Spark({ figure }: { figure: Figure }) {
  const line = useMemo(() => sparkline(figure), [figure]);
  if (!line) return null;
  const [first, last] = [line.slice(1).split(/[ L]/)[0], line.split("L").pop()!.split(" ")[0]];
  return (
    <svg class="spark" viewBox="0 0 100 30" preserveAspectRatio="none" aria-hidden="true">
      <path class="area" d={`${line}L${last} 30L${first} 30Z`} />
      <path class="line" d={line} vector-effect="non-scaling-stroke" />
    </svg>
  );
}

interface StatLook {
  isFilled: boolean;
  hasSpark: boolean;
  hasName: boolean;
  hasValue: boolean;
  isColoured: boolean;
}

function lookOf({ panel }: BodyProps, n: number): StatLook {
  const { options } = panel;
  const mode = text(options, "textMode", "auto");
  const colour = text(options, "colorMode", "value");
  return {
    isFilled: colour.startsWith("background"),
    isColoured: colour !== "none",
    hasSpark: text(options, "graphMode", "area") === "area",
    hasName: mode === "auto" ? n > 1 : mode !== "value" && mode !== "none",
    hasValue: mode !== "name" && mode !== "none",
  };
}

function Stat({ figure, look, size }: { figure: Figure; look: StatLook; size: number }) {
  const { shown, name } = figure;
  const colour = look.isColoured ? shown.colour : "";
  const style = look.isFilled
    ? { background: colour, color: inkOn(colour), fontSize: `${size}px` }
    : { "--figure": colour || "var(--ink)", fontSize: `${size}px` };
  return (
    <div
      class={`stat${look.isFilled ? " is-filled" : ""}${look.hasSpark ? " has-spark" : ""}`}
      style={style}
      title={figure.options.noValue}
    >
      {look.hasSpark && <Spark figure={figure} />}
      {look.hasName && name && <span class="stat-name">{name}</span>}
      {look.hasValue && <span class="stat-value">{shown.text}</span>}
      {!look.hasValue && !look.hasName && <span class="only-read">{shown.text}</span>}
    </div>
  );
}

const SPARK_SHARE = 0.35; /* of a figure's height; as dashboards.css has it */
const NAME_HEIGHT = 16;

/* As large as the longest text fits. */
function sizeFor(all: string[], width: number, height: number): number {
  const longest = Math.max(1, ...all.map((t) => t.length));
  return Math.round(Math.max(13, Math.min(height * 0.6, (width - 20) / (longest * 0.62), 56)));
}

export function StatBody(props: BodyProps) {
  const { panel, frames, view, height } = props;
  const all = useMemo(() => figures(frames, panel), [frames, panel]);
  const columns = columnsFor(all.length, view.width, height, text(panel.options, "orientation"));
  const look = lookOf(props, all.length);
  const rows = Math.ceil(all.length / columns);
  const room = (height / rows) * (look.hasSpark ? 1 - SPARK_SHARE : 1);
  const heightOfText = room - (look.hasName ? NAME_HEIGHT : 0);
  const texts = all.map((f) => (look.hasValue ? f.shown.text : f.name));
  const size = sizeFor(texts, view.width / columns, heightOfText);
  return (
    <div class="figures" style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}>
      {all.map((figure, i) => (
        <Stat key={i} figure={figure} look={look} size={size} />
      ))}
    </div>
  );
}

/* ---- gauge */

const SWEEP = 240; /* degrees */

function arc(radius: number, from: number, to: number): string {
  const point = (share: number) => {
    const angle = ((share * SWEEP - SWEEP / 2 - 90) * Math.PI) / 180;
    return `${(50 + radius * Math.cos(angle)).toFixed(2)} ${(50 + radius * Math.sin(angle)).toFixed(2)}`;
  };
  const isLarge = (to - from) * SWEEP > 180 ? 1 : 0;
  return `M${point(from)}A${radius} ${radius} 0 ${isLarge} 1 ${point(to)}`;
}

/* The thresholds as arcs: [from, to, colour], of 0..1. */
function zones({ options, bounds }: Figure): [number, number, string][] {
  const { steps, isPercent } = options.thresholds;
  const share = (v: number) => {
    const at = isPercent ? v / 100 : (v - bounds.min) / (bounds.max - bounds.min || 1);
    return Math.min(1, Math.max(0, at));
  };
  return steps
    .map((step, i): [number, number, string] => [
      step.from === -Infinity ? 0 : share(step.from),
      i + 1 < steps.length ? share(steps[i + 1]!.from) : 1,
      step.colour,
    ])
    .filter(([from, to]) => to - from > 0.001);
}

function Gauge({
  figure,
  panel,
  isOnly,
}: {
  figure: Figure;
  panel: BodyProps["panel"];
  isOnly: boolean;
}) {
  const { shown, name, bounds, options } = figure;
  const share = Number.isNaN(shown.share) ? 0 : shown.share;
  const write = formatOf(options.unit, options.decimals);
  return (
    <div class="gauge">
      <svg
        viewBox="4 4 92 80"
        role="img"
        aria-label={`${(!isOnly && name) || panel.title || name}: ${shown.text}`}
      >
        <path class="gauge-track" d={arc(38, 0, 1)} />
        {share > 0 && (
          <path class="gauge-value" d={arc(38, 0, share)} style={{ stroke: shown.colour }} />
        )}
        {bool(panel.options, "showThresholdMarkers", true) &&
          zones(figure).map(([from, to, colour]) => (
            <path
              key={from}
              class="gauge-zone"
              d={arc(45.5, from, to)}
              style={{ stroke: colour }}
            />
          ))}
        <text
          x="50"
          y="56"
          class="gauge-text"
          style={{ fontSize: `${Math.min(17, 84 / shown.text.length)}px` }}
        >
          {shown.text}
        </text>
        {bool(panel.options, "showThresholdLabels") && (
          <>
            <text x="18" y="83" class="gauge-edge">
              {write(bounds.min)}
            </text>
            <text x="82" y="83" class="gauge-edge">
              {write(bounds.max)}
            </text>
          </>
        )}
      </svg>
      {name && !isOnly && <span class="gauge-name">{name}</span>}
    </div>
  );
}

export function GaugeBody({ panel, frames, view, height }: BodyProps) {
  const all = useMemo(() => figures(frames, panel), [frames, panel]);
  const columns = columnsFor(all.length, view.width, height, text(panel.options, "orientation"));
  return (
    <div class="figures" style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}>
      {all.map((figure, i) => (
        <Gauge key={i} figure={figure} panel={panel} isOnly={all.length === 1} />
      ))}
    </div>
  );
}

/* ---- bars */

const CELLS = 30;

function Bar({ figure, mode, isUpright }: { figure: Figure; mode: string; isUpright: boolean }) {
  const { shown, name } = figure;
  const share = Number.isNaN(shown.share) ? 0 : shown.share;
  const length = `${(share * 100).toFixed(2)}%`;
  const style = { "--share": length, "--figure": shown.colour };
  return (
    <div class={isUpright ? "bar-row is-upright" : "bar-row"} style={style}>
      <span class="bar-name">{name}</span>
      <span class={mode === "lcd" ? "bar-track is-lcd" : `bar-track is-${mode}`} aria-hidden="true">
        {mode === "lcd" ? (
          Array.from({ length: CELLS }, (_, i) => (
            <i key={i} class={i / CELLS < share ? "is-on" : ""} />
          ))
        ) : (
          <i class="bar-fill" />
        )}
      </span>
      <span class="bar-value">{shown.text}</span>
    </div>
  );
}

export function BarsBody({ panel, frames, view, height }: BodyProps) {
  const all = useMemo(() => figures(frames, panel), [frames, panel]);
  const orientation = text(panel.options, "orientation", "auto");
  const isUpright =
    orientation === "vertical" ||
    (orientation === "auto" && view.width > height * 2.2 && all.length > 6);
  const mode = text(panel.options, "displayMode", "gradient");
  return (
    <div class={isUpright ? "bars is-upright" : "bars"}>
      {all.map((figure, i) => (
        <Bar key={i} figure={figure} mode={mode} isUpright={isUpright} />
      ))}
    </div>
  );
}
