// SPDX-License-Identifier: Apache-2.0
// The frame of every page: header, navigation, the warning when the page is stale.

import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { logout } from "../model/api";
import { clock, duration, messageOf } from "../model/format";
import { now, tick } from "../model/clock";
import { setTheme, theme, type Theme } from "../model/prefs";
import { page, url, type Page } from "../model/router";
import { head, incidents, silences, siteZone, unwell } from "../model/store";
import { dataAge, freshness, reconnect, retryNow, trouble } from "../model/stream";
import { CheckDrawer } from "./check";
import { CoveragePage } from "./coverage";
import { askKeys, say } from "./ask";
import { Dialog, Said } from "./dialogs";
import { IncidentPage, IncidentsPage } from "./incident";
import { JournalPage } from "./journal";
import { LoginPage } from "./login";
import { Overview } from "./overview";
import { lazy } from "./lazy";
import { Loading, Mark } from "./parts";
import { SilencesPage } from "./silences";

/* Pages with charts come when they are first opened. */
const metrics = () => import("./metrics/pages");
const ExplorePage = lazy(async () => (await metrics()).ExplorePage);
const HostsPage = lazy(async () => (await metrics()).HostsPage);
const HostPage = lazy(async () => (await metrics()).HostPage);
const TargetsPage = lazy(async () => (await metrics()).TargetsPage);
const RulesPage = lazy(async () => (await metrics()).RulesPage);
const SeriesPage = lazy(async () => (await metrics()).SeriesPage);

const dashboards = () => import("./dashboards/pages");
const DashboardsPage = lazy(async () => (await dashboards()).DashboardsPage);
const DashboardPage = lazy(async () => (await dashboards()).DashboardPage);

const NAV: [string, string, Page["at"][]][] = [
  ["/", "Overview", ["overview", "check"]],
  ["/incidents", "Incidents", ["incidents", "incident"]],
  ["/journal", "Journal", ["journal"]],
  ["/silences", "Silences", ["silences"]],
  ["/coverage", "Coverage", ["coverage"]],
  ["/explore", "Metrics", ["explore", "hosts", "host", "targets", "rules", "series", "dashboards", "dashboard"]],
];

function badge(to: string): number {
  if (to === "/incidents") return incidents.value.length;
  if (to === "/silences") return silences.value.filter((s) => s.is_active && !s.is_window).length;
  return 0;
}

function Nav() {
  const here = page.value.at;
  return (
    <nav class="nav" aria-label="Pages">
      {NAV.map(([to, text, at]) => {
        const n = badge(to);
        return (
          <a key={to} href={to} aria-current={at.includes(here) ? "page" : undefined}>
            {text}
            {n > 0 && <span class={`badge${to === "/incidents" ? " is-bad" : ""}`}>{n}</span>}
          </a>
        );
      })}
    </nav>
  );
}

/* ---- proof of life ---- */

function Live() {
  void tick.value;
  const isLive = freshness.value === "live";
  const words = { live: "live", stale: "stale", connecting: "connecting", locked: "" };
  return (
    <span class={`live is-${freshness.value}`}>
      <span class="pulse" aria-hidden="true" />
      {words[freshness.value]}
      {isLive && (
        <span class="live-clock" aria-hidden="true">
          {clock(now(), siteZone(head.value?.site))}
        </span>
      )}
    </span>
  );
}

/* Takes the place of the header's tools, so that nothing below moves. */
function StaleWarning() {
  void tick.value;
  const site = head.value?.site ?? "the site";
  return (
    <div class="stale">
      <p>
        <span class="only-read" role="alert">
          Connection to {site} lost. This page is stale.
        </span>
        <strong aria-hidden="true">This page is {duration(dataAge())} old. </strong>
        <span class="stale-why" aria-hidden="true">
          Nothing comes from {site}.
        </span>
      </p>
      <button type="button" onClick={retryNow}>
        Try now
      </button>
    </div>
  );
}

/* ---- the header's buttons ---- */

const NEXT: Record<Theme, Theme> = { "": "dark", dark: "light", light: "" };
const THEME_NAMES: Record<Theme, string> = { "": "as the system", dark: "dark", light: "light" };
const THEME_ICONS: Record<Theme, string> = {
  "": "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zm0 1.6v8.8a4.4 4.4 0 0 1 0-8.8z",
  dark: "M6.2 2.3A6 6 0 1 0 13.7 9.8 5 5 0 0 1 6.2 2.3z",
  light:
    "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM7.3 1h1.4v2H7.3zm0 12h1.4v2H7.3zM1 7.3h2v1.4H1zm12 0h2v1.4h-2zM2.6 3.6l1-1L5 4 4 5zm8.4 8.4 1-1 1.4 1.4-1 1zM11 4l1.4-1.4 1 1L12 5zM2.6 12.4 4 11l1 1-1.4 1.4z",
};

function ThemeButton() {
  const next = NEXT[theme.value];
  return (
    <button
      type="button"
      class="icon"
      onClick={() => setTheme(next)}
      aria-label={`Light or dark: ${THEME_NAMES[theme.value]}; change to ${THEME_NAMES[next]}`}
      title={`Light or dark: ${THEME_NAMES[theme.value]}`}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path fill-rule="evenodd" d={THEME_ICONS[theme.value]} />
      </svg>
    </button>
  );
}

async function leave(): Promise<void> {
  try {
    await logout();
    reconnect();
  } catch (failure) {
    say(`Still logged in: ${messageOf(failure)}`);
  }
}

function Header() {
  const known = head.value;
  const isStale = freshness.value === "stale";
  return (
    <header class={isStale ? "top is-alarm" : "top"}>
      <a class="brand" href="/" aria-label="Diarchy: overview">
        <Mark />
        <span class="wordmark">Diarchy</span>
        {known && <span class="lab">{known.lab}</span>}
      </a>
      <Nav />
      {isStale ? <StaleWarning /> : <Tools />}
    </header>
  );
}

function Tools() {
  const known = head.value;
  return (
    <div class="tools">
      {known && <span class="seen-from">from {known.site}</span>}
      <Live />
      <ThemeButton />
      <button
        type="button"
        class="icon keys-button"
        onClick={askKeys}
        aria-label="Keys"
        title="Keys (?)"
      >
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <path d="M5.6 6a2.4 2.4 0 1 1 3.7 2c-.9.6-1.3 1-1.3 2" class="line" />
          <path d="M7.2 11.6h1.6v1.6H7.2z" />
        </svg>
      </button>
      {known?.session.login && (
        <button type="button" class="quiet-button" onClick={() => void leave()}>
          Log out
        </button>
      )}
    </div>
  );
}

/* ---- the tab: title and icon say the worst without being looked at ---- */

function tabTitle(): string {
  const lab = head.value?.lab;
  if (freshness.value === "stale") return `(stale) ${lab ?? "Diarchy"}`;
  const n = unwell.value.filter((check) => !check.is_silenced).length;
  const name = lab ? `${lab} – Diarchy` : "Diarchy";
  return n > 0 ? `(${n}) ${name}` : name;
}

function tabIcon(): string {
  if (freshness.value !== "live") return "idle";
  const bad = unwell.value.filter((check) => !check.is_silenced);
  if (bad.length === 0) return head.value ? "ok" : "idle";
  return bad.some((check) => check.state === "failing") ? "bad" : "warn";
}

function useTab(): void {
  const title = tabTitle();
  const icon = `/favicon-${tabIcon()}.svg`;
  useEffect(() => {
    document.title = title;
    const link = document.querySelector<HTMLLinkElement>("link[rel=icon]");
    if (link && link.getAttribute("href") !== icon) link.href = icon;
    document.documentElement.dataset.fresh = freshness.value;
  }, [title, icon, freshness.value]);
}

function Body({ at }: { at: Page }) {
  switch (at.at) {
    case "overview":
    case "check":
      return <Overview />;
    case "incidents":
      return <IncidentsPage />;
    case "incident":
      return <IncidentPage id={at.id} />;
    case "journal":
      return <JournalPage />;
    case "silences":
      return <SilencesPage />;
    case "coverage":
      return <CoveragePage />;
    case "explore":
      return <ExplorePage />;
    case "hosts":
      return <HostsPage />;
    case "host":
      return <HostPage key={at.name} name={at.name} />;
    case "targets":
      return <TargetsPage />;
    case "rules":
      return <RulesPage />;
    case "series":
      return <SeriesPage />;
    case "dashboards":
      return <DashboardsPage />;
    case "dashboard":
      return <DashboardPage key={at.name} name={at.name} />;
    case "nowhere":
      return (
        <main id="main" class="page" tabIndex={-1}>
          <h1>Nothing here</h1>
          <p>
            There is no page <code>{at.path}</code>. <a href="/">To the overview</a>
          </p>
        </main>
      );
  }
}

function Waiting() {
  return (
    <main id="main" class="page waiting" tabIndex={-1}>
      {trouble.value ? (
        <>
          <h1>Nothing to show yet</h1>
          <p>{trouble.value}</p>
          <p>
            <button type="button" onClick={retryNow}>
              Try now
            </button>
          </p>
        </>
      ) : (
        <Loading />
      )}
    </main>
  );
}

/* A new page begins at its top, with the focus on it; the drawer is not a new page. */
function useArrival(at: Page): void {
  const key = at.at === "check" ? "/" : url.value.pathname;
  const last = useRef(key);
  useLayoutEffect(() => {
    if (last.current === key) return;
    last.current = key;
    window.scrollTo(0, 0);
    document.getElementById("main")?.focus({ preventScroll: true });
  }, [key]);
}

/* For screen readers: what has just gone wrong. */
function Announcer() {
  const newest = incidents.value[0];
  return (
    <div class="only-read" role="status">
      {newest && `Incident: ${newest.title}`}
    </div>
  );
}

export function App() {
  useTab();
  const at = page.value;
  useArrival(at);
  if (freshness.value === "locked") return <LoginPage />;
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <Header />
      {head.value ? <Body at={at} /> : <Waiting />}
      {head.value && at.at === "check" && <CheckDrawer name={at.name} />}
      <Dialog />
      <Said />
      <Announcer />
    </>
  );
}
