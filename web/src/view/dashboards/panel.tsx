// SPDX-License-Identifier: Apache-2.0
// One panel: its frame, what it is about, and what it says when there is nothing to draw.

import { Component, type ComponentChildren, type ComponentType } from "preact";
import { useCallback, useRef, useState } from "preact/hooks";
import { explorePath } from "../../model/explore";
import { list } from "../../model/format";
import type { Frame } from "../../model/grafana/frames";
import { lengthOf } from "../../model/grafana/frames";
import { asText, interpolate, type Scope } from "../../model/grafana/interpolate";
import type { Placed } from "../../model/grafana/layout";
import { safeUrl } from "../../model/grafana/markdown";
import type { Panel, PanelType } from "../../model/grafana/panel";
import { absolute, type Span } from "../../model/timerange";
import { BarsBody, GaugeBody, StatBody } from "./figures";
import { HeatmapBody } from "./heatmap";
import { questionsOf, spanOfPanel, useRun, type PanelData, type Surroundings } from "./run";
import { rounded, useSeen } from "./seen";
import { TableBody } from "./table";
import { TextBody } from "./text";
import { TimeseriesBody } from "./timeseries";

/* What all panels of a dashboard share. */
export interface Board {
  scope: Scope;
  scrape: number;
  round: number;
  zone: string;
  key: string /* their cursors move together */;
  isAlone: boolean /* one panel is shown by itself */;
  zoom: (from: number, until: number) => void /* seconds */;
  view: (name: string) => string /* the address of one panel by itself */;
}

export interface View {
  span: Span;
  zone: string;
  key: string;
  width: number;
  zoom: (from: number, until: number) => void;
}

export interface BodyProps {
  panel: Panel;
  frames: Frame[];
  view: View;
  height: number;
  scope: Scope;
  say: (notes: string[]) => void /* what of it isn't drawn */;
}

const BODIES: Partial<Record<PanelType, ComponentType<BodyProps>>> = {
  timeseries: TimeseriesBody,
  stat: StatBody,
  gauge: GaugeBody,
  bargauge: BarsBody,
  table: TableBody,
  text: TextBody,
  heatmap: HeatmapBody,
};

/* "12", or "12-clone-2" of one that is repeated: as Grafana's addresses name it. */
export function panelName({ key, panel }: Placed): string {
  const copy = /\/(\d+)$/.exec(key)?.[1];
  return copy ? `${panel.id}-clone-${copy}` : String(panel.id);
}

/* What a dashboard says may be anything: one panel that can't be drawn leaves the others alone. */
class Guard extends Component<{ of: unknown; children: ComponentChildren }, { broken: string }> {
  state = { broken: "" };
  componentDidCatch(error: unknown): void {
    this.setState({ broken: error instanceof Error ? error.message : String(error) });
  }
  componentDidUpdate(before: { of: unknown }): void {
    if (before.of !== this.props.of && this.state.broken) this.setState({ broken: "" });
  }
  render() {
    const { broken } = this.state;
    return broken ? (
      <p class="tile-empty error">This panel can’t be drawn: {broken}</p>
    ) : (
      this.props.children
    );
  }
}

/* Of a panel that shows another time than the dashboard. */
function timeOf({ timeFrom, timeShift }: Panel): string {
  const parts = [timeFrom && `last ${timeFrom}`, timeShift && `${timeShift} earlier`];
  return parts.filter(Boolean).join(", ");
}

interface HeadProps {
  placed: Placed;
  board: Board;
  around: Surroundings;
}

function Head({ placed, board, around }: HeadProps) {
  const { panel } = placed;
  const title = interpolate(panel.title, around.scope, asText);
  const description = interpolate(panel.description, around.scope, asText);
  const ownTime = panel.hidesTime ? "" : timeOf(panel);
  const queries = questionsOf(panel, around).map(({ expr }) => expr);
  return (
    <header class="tile-head">
      <h3 title={title}>{title || <span class="only-read">panel without a title</span>}</h3>
      {ownTime && <span class="tile-time">{ownTime}</span>}
      {description && (
        <span
          class="tile-about"
          tabIndex={0}
          role="note"
          aria-label={description}
          data-about={description}
        >
          i
        </span>
      )}
      <span class="tile-links">
        {panel.links.map((link, i) => (
          <a key={i} href={safeUrl(interpolate(link.url, around.scope, asText))}>
            {interpolate(link.title, around.scope, asText) || "link"}
          </a>
        ))}
        {queries.length > 0 && (
          <a
            href={explorePath({ queries, range: absolute(spanOfPanel(panel, around.scope.span)) })}
          >
            Explore
          </a>
        )}
        <a href={board.view(panelName(placed))}>{board.isAlone ? "All panels" : "View"}</a>
      </span>
    </header>
  );
}

/* Kept until it says something else; said while it is drawn, so written after. */
function useSaid(): [string, (notes: string[]) => void] {
  const [said, setSaid] = useState("");
  const last = useRef("");
  const say = useCallback((notes: string[]) => {
    const next = notes.join("\n");
    if (next === last.current) return;
    last.current = next;
    queueMicrotask(() => setSaid(next));
  }, []);
  return [said, say];
}

function Unsupported({ panel, said }: { panel: Panel; said: string }) {
  const all = [...panel.unsupported, ...said.split("\n").filter(Boolean)];
  if (all.length === 0) return null;
  const words = `Not supported: ${list(all)}`;
  return (
    <p class="tile-note" title={words}>
      {words}
    </p>
  );
}

const hasValues = (frames: Frame[]) => frames.some((frame) => lengthOf(frame) > 0);

export function PanelView({ placed, board }: { placed: Placed; board: Board }) {
  const { panel } = placed;
  const { ref, isSeen, width, height } = useSeen<HTMLDivElement>();
  const [said, say] = useSaid();
  const scope = { ...board.scope, values: { ...board.scope.values, ...placed.own } };
  const around = { scope, scrape: board.scrape, width: rounded(width) };
  const wanted = isSeen && width > 0 && panel.type !== "text" ? around : null;
  const { data, isBusy } = useRun(panel, wanted, board.round);
  const Body = BODIES[panel.type];
  const span = spanOfPanel(panel, scope.span);
  const view = { span, zone: board.zone, key: board.key, width, zoom: board.zoom };
  const isDrawn = panel.type === "text" || (data && hasValues(data.frames));
  const classes = ["tile", panel.isTransparent ? "is-transparent" : "", isBusy ? "is-busy" : ""];
  return (
    <section
      class={classes.join(" ")}
      data-row
      data-panel={panelName(placed)}
      tabIndex={-1}
      aria-label={interpolate(panel.title, scope, asText) || panel.written}
      aria-busy={isBusy}
    >
      <Head placed={placed} board={board} around={around} />
      <div class="tile-body" ref={ref}>
        {!Body ? (
          <p class="tile-empty">Panels of type “{panel.written}” are not supported.</p>
        ) : isDrawn && width > 0 ? (
          <Guard of={data}>
            <Body
              panel={panel}
              frames={data?.frames ?? []}
              view={view}
              height={height}
              scope={scope}
              say={say}
            />
          </Guard>
        ) : (
          <Nothing data={data} panel={panel} />
        )}
      </div>
      {isDrawn &&
        data?.errors.map((error) => (
          <p key={error} class="tile-note error" role="alert" title={error}>
            {error}
          </p>
        ))}
      {data?.warnings.map((warning) => (
        <p key={warning} class="tile-note" title={warning}>
          {warning}
        </p>
      ))}
      <Unsupported panel={panel} said={said} />
    </section>
  );
}

/* Instead of what would be drawn: why there is nothing. */
function Nothing({ data, panel }: { data: PanelData | null; panel: Panel }) {
  if (data && data.errors.length > 0)
    return (
      <div class="tile-wrong" role="alert">
        {data.errors.map((error) => (
          <p key={error} class="error">
            {error}
          </p>
        ))}
      </div>
    );
  const asks = panel.targets.some((target) => target.expr && !target.isHidden);
  if (!asks) return <p class="tile-empty">It asks for nothing.</p>;
  return <p class="tile-empty">{data ? "No data" : <span class="only-read">Reading…</span>}</p>;
}
