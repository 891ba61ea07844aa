// SPDX-License-Identifier: Apache-2.0
// A dashboard: its head, its variables, its sections on 24 columns, its keys.

import { useEffect, useMemo, useState } from "preact/hooks";
import { now } from "../../model/clock";
import { REFRESHES } from "../../model/explore";
import type { Dashboard, DashboardLink } from "../../model/grafana/dashboard";
import { asText, interpolate, type Scope, type Value } from "../../model/grafana/interpolate";
import { layout, type Placed, type Section } from "../../model/grafana/layout";
import { safeUrl } from "../../model/grafana/markdown";
import { intervalMs, intervalsOf, spanOf } from "../../model/grafana/time";
import { list } from "../../model/format";
import { dashboardPath, go, params } from "../../model/router";
import { targets } from "../../model/prometheus";
import { absolute, spanOf as plainSpanOf, type Span, type TimeRange } from "../../model/timerange";
import { useRound } from "../metrics/answers";
import { useKeys } from "../keys";
import { TimePicker } from "../metrics/picker";
import { Loading } from "../parts";
import { PanelView, panelName, type Board } from "./panel";
import { address, change, readAddress, show, type Shown } from "./address";
import { useVariables, type Resolved } from "./resolve";
import { Variables } from "./variables";

const SCRAPE_USUAL = 15_000;

/* ---- around the panels */

/* How often most targets are scraped: what $__rate_interval is made of. */
function useScrapeInterval(): number {
  const [ms, setMs] = useState(SCRAPE_USUAL);
  useEffect(() => {
    const stop = new AbortController();
    targets(stop.signal).then(
      ({ data }) => {
        const counts = new Map<number, number>();
        for (const { scrapeInterval } of data.activeTargets) {
          const each = intervalMs(scrapeInterval);
          if (each > 0) counts.set(each, (counts.get(each) ?? 0) + 1);
        }
        const [most] = [...counts].sort((a, b) => b[1] - a[1]);
        if (most) setMs(most[0]);
      },
      () => {
        /* no targets are known: what Grafana takes for granted has to do */
      },
    );
    return () => stop.abort();
  }, []);
  return ms;
}

/* The bars around the page go; a stale page brings its warning back (dashboards.css). */
function useKiosk(isKiosk: boolean): void {
  useEffect(() => {
    if (isKiosk) document.documentElement.dataset.kiosk = "";
    else delete document.documentElement.dataset.kiosk;
    return () => delete document.documentElement.dataset.kiosk;
  }, [isKiosk]);
}

interface Acts {
  refresh: () => void;
  kiosk: () => void;
  view: () => void;
  leave: () => void;
}

/* The panel that has the focus, by its name in addresses. */
const focused = () =>
  document.activeElement?.closest<HTMLElement>("[data-panel]")?.dataset.panel ?? "";

/* ---- pieces */

function linkTo(link: DashboardLink, scope: Scope): string {
  const url = safeUrl(interpolate(link.url, scope, asText));
  if (!url || (!link.keepsTime && !link.keepsVariables)) return url;
  const next = new URL(url, location.href);
  for (const [key, value] of params.value)
    if (
      (link.keepsTime && /^(from|to)$/.test(key)) ||
      (link.keepsVariables && key.startsWith("var-"))
    )
      next.searchParams.append(key, value);
  return next.origin === location.origin ? next.pathname + next.search : next.href;
}

function Links({ links, scope }: { links: DashboardLink[]; scope: Scope }) {
  if (links.length === 0) return null;
  return (
    <p class="board-links">
      {links.map((link, i) => (
        <a
          key={i}
          href={linkTo(link, scope)}
          target={link.isNewTab ? "_blank" : undefined}
          rel="noreferrer"
        >
          {interpolate(link.title, scope, asText)}
        </a>
      ))}
    </p>
  );
}

const styleOf = ({ place }: Placed) => ({
  gridColumn: `${place.x + 1} / span ${place.w}`,
  gridRow: `${place.y + 1} / span ${place.h}`,
  "--lines": String(place.h),
});

interface SectionProps {
  section: Section;
  board: Board;
  toggle: (key: string) => void;
}

function SectionView({ section, board, toggle }: SectionProps) {
  const { row, isOpen, key, panels } = section;
  const scope = { ...board.scope, values: { ...board.scope.values, ...section.own } };
  return (
    <section class="board-section">
      {row && (
        <h2>
          <button type="button" aria-expanded={isOpen} onClick={() => toggle(key)}>
            <span class="turn" aria-hidden="true" />
            {interpolate(row.title, scope, asText) || "Row"}
            {!isOpen && <span class="n">{panels.length}</span>}
          </button>
        </h2>
      )}
      {isOpen && panels.length > 0 && (
        <div class="board-grid">
          {panels.map((placed) => (
            <div key={placed.key} class="board-cell" style={styleOf(placed)}>
              <PanelView placed={placed} board={board} />
            </div>
          ))}
        </div>
      )}
    </section>
  );
}

/* ---- the whole */

function useToggled(): [ReadonlySet<string>, (key: string) => void] {
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const toggle = (key: string) => {
    const next = new Set(toggled);
    if (!next.delete(key)) next.add(key);
    setToggled(next);
  };
  return [toggled, toggle];
}

/* A time of "now" that stands still between two readings. */
function useSpan(range: TimeRange, round: number) {
  return useMemo(() => {
    const t = now();
    return spanOf(range, t) ?? spanOf({ from: "now-6h", to: "now" }, t)!;
  }, [range.from, range.to, round]);
}

interface Props {
  name: string;
  dashboard: Dashboard;
}

/* What the panels share, and the sections that they stand in; null while variables are asked for. */
function useBoard({ name, dashboard }: Props, { range, refresh, only, zone }: Shown) {
  const [asked, setAsked] = useState(0);
  const [toggled, toggle] = useToggled();
  const round = useRound(refresh) + asked;
  const scrape = useScrapeInterval();
  const span = useSpan(range, round);
  const intervals = useMemo(() => intervalsOf(span, 800, NaN, scrape), [span, scrape]);
  const bare = { values: {}, span, intervals, dashboard: dashboard.title || name };
  const version = `${range.from} ${range.to} ${asked}`;
  const variables = useVariables(dashboard.variables, params.value, bare, version);
  const values = useMemo(() => valuesOf(variables), [variables]);
  const sections = useMemo(
    () => (variables ? layout(dashboard.panels, values, toggled) : null),
    [dashboard, variables, toggled],
  );
  const board: Board = {
    scope: { ...bare, values },
    scrape,
    round,
    zone,
    key: name,
    isAlone: only !== "",
    zoom: (from, until) => show(absolute({ from: from * 1000, until: until * 1000 })),
    view: (panel) => address({ viewPanel: only ? null : panel }),
  };
  return { board, sections, variables, toggle, readAgain: () => setAsked(asked + 1) };
}

function valuesOf(variables: Resolved[] | null): Record<string, Value> {
  return Object.fromEntries((variables ?? []).map((one) => [one.variable.name, one.value]));
}

function actsOf({ isKiosk, only }: Shown, readAgain: () => void): Acts {
  return {
    refresh: readAgain,
    kiosk: () => change({ kiosk: isKiosk ? null : "" }),
    view: () => focused() && go(address({ viewPanel: only ? null : focused() })),
    leave: () => {
      if (only) change({ viewPanel: null });
      else if (isKiosk) change({ kiosk: null });
    },
  };
}

/* The picker knows no "now/d", and no other pauses than its own. */
const pickable = (range: TimeRange, span: Span) =>
  plainSpanOf(range, now()) ? range : absolute(span);
const closest = (seconds: number) =>
  REFRESHES.reduce((a, b) => (Math.abs(b - seconds) < Math.abs(a - seconds) ? b : a));

interface HeadProps {
  title: string;
  shown: Shown;
  span: Span;
  acts: Acts;
}

function Head({ title, shown, span, acts }: HeadProps) {
  const { range, refresh, zone, isKiosk } = shown;
  return (
    <div class="page-head board-head">
      <div>
        {!isKiosk && (
          <a class="board-crumb" href="/dashboards">
            Dashboards
          </a>
        )}
        <h1>{title}</h1>
      </div>
      <div class="board-tools">
        <TimePicker
          range={pickable(range, span)}
          refresh={refresh > 0 ? closest(refresh) || REFRESHES[1]! : 0}
          zone={zone}
          set={({ range: next, refresh: seconds, zone: in_ }) => {
            if (next) show(next);
            if (seconds !== undefined) change({ refresh: seconds > 0 ? `${seconds}s` : "" });
            if (in_ !== undefined) change({ timezone: in_ || "browser" });
          }}
        />
        <button type="button" onClick={acts.refresh}>
          Read again
        </button>
        <button type="button" class="kiosk-button" aria-pressed={isKiosk} onClick={acts.kiosk}>
          {isKiosk ? "Leave kiosk" : "Kiosk"}
        </button>
      </div>
    </div>
  );
}

/* One panel by itself, where the address wants that; else all. */
function Panels({ name, only, board, sections, toggle }: PanelsProps) {
  const all = sections.flatMap((section) => section.panels);
  const chosen = all.find((placed) => panelName(placed) === only);
  if (chosen)
    return (
      <div class="board-only">
        <PanelView key={`only ${chosen.key}`} placed={chosen} board={board} />
      </div>
    );
  if (only)
    return (
      <p>
        There is no panel {only}. <a href={dashboardPath(name)}>To the dashboard</a>
      </p>
    );
  if (sections.length === 0) return <p class="quiet">It has no panels.</p>;
  return (
    <>
      {sections.map((section) => (
        <SectionView key={section.key} section={section} board={board} toggle={toggle} />
      ))}
    </>
  );
}

interface PanelsProps {
  name: string;
  only: string;
  board: Board;
  sections: Section[];
  toggle: (key: string) => void;
}

export function BoardView({ name, dashboard }: Props) {
  const shown = readAddress(params.value, dashboard);
  const { board, sections, variables, toggle, readAgain } = useBoard({ name, dashboard }, shown);
  const acts = actsOf(shown, readAgain);
  useKiosk(shown.isKiosk);
  useKeys({ r: acts.refresh, f: acts.kiosk, v: acts.view, Escape: acts.leave });
  return (
    <>
      <Head title={dashboard.title || name} shown={shown} span={board.scope.span} acts={acts} />
      {dashboard.description && <p class="board-about">{dashboard.description}</p>}
      <Links links={dashboard.links} scope={board.scope} />
      <Variables
        all={variables ?? []}
        choose={(variable, all) => change({ [`var-${variable}`]: all })}
      />
      {dashboard.notes.length > 0 && (
        <p class="board-notes">Not shown here: {list(dashboard.notes)}.</p>
      )}
      {sections ? (
        <Panels name={name} only={shown.only} board={board} sections={sections} toggle={toggle} />
      ) : (
        <Loading />
      )}
    </>
  );
}
