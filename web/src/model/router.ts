// SPDX-License-Identifier: Apache-2.0
// Where the reader is.  History routing; the site answers index.html for every path below.

import { computed, signal } from "@preact/signals";

export type Page =
  | { at: "overview" }
  | { at: "check"; name: string }
  | { at: "incidents" }
  | { at: "incident"; id: string }
  | { at: "journal" }
  | { at: "silences" }
  | { at: "coverage" }
  | { at: "explore" }
  | { at: "hosts" }
  | { at: "host"; name: string }
  | { at: "targets" }
  | { at: "rules" }
  | { at: "series" }
  | { at: "dashboards" }
  | { at: "dashboard"; name: string }
  | { at: "nowhere"; path: string };

export const url = signal(new URL(location.href));

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const PLAIN: Record<string, Page> = {
  "/": { at: "overview" },
  "/index.html": { at: "overview" },
  "/incidents": { at: "incidents" },
  "/journal": { at: "journal" },
  "/silences": { at: "silences" },
  "/coverage": { at: "coverage" },
  "/explore": { at: "explore" },
  "/hosts": { at: "hosts" },
  "/targets": { at: "targets" },
  "/rules": { at: "rules" },
  "/series": { at: "series" },
  "/dashboards": { at: "dashboards" },
};

/* What has a name of its own. */
const NAMED: Record<string, (name: string) => Page> = {
  checks: (name) => ({ at: "check", name }),
  incidents: (id) => ({ at: "incident", id }),
  hosts: (name) => ({ at: "host", name }),
  dashboards: (name) => ({ at: "dashboard", name }),
};

export function pageOf(path: string): Page {
  const plain = PLAIN[path];
  if (plain) return plain;
  const [, kind = "", name = ""] = /^\/(\w+)\/(.+)$/.exec(path) ?? [];
  const of = Object.prototype.hasOwnProperty.call(NAMED, kind) ? NAMED[kind] : undefined;
  return of ? of(decode(name)) : { at: "nowhere", path };
}

export const page = computed(() => pageOf(url.value.pathname));
export const params = computed(() => url.value.searchParams);

export const checkPath = (name: string) => `/checks/${encodeURIComponent(name)}`;
export const incidentPath = (id: string) => `/incidents/${encodeURIComponent(id)}`;
export const dashboardPath = (name: string) => `/dashboards/${encodeURIComponent(name)}`;
export const hostPath = (name: string) => `/hosts/${encodeURIComponent(name)}`;

/* A check opens beside the overview, which keeps its filter. */
function keepFilter(next: URL): void {
  const isBeside = page.peek().at === "overview" || page.peek().at === "check";
  if (isBeside && !next.search && pageOf(next.pathname).at === "check")
    next.search = location.search;
}

export function go(to: string, replace = false): void {
  const next = new URL(to, location.href);
  keepFilter(next);
  if (next.href === location.href) return;
  try {
    history[replace ? "replaceState" : "pushState"](null, "", next);
  } catch {
    /* some browsers refuse more than a hundred in half a minute; the page goes on all the same */
  }
  url.value = next;
}

/* Set or remove search parameters of the page where the reader is, leaving no trace in history. */
export function setParams(changes: Record<string, string>): void {
  const next = new URL(location.href);
  for (const [key, value] of Object.entries(changes))
    if (value) next.searchParams.set(key, value);
    else next.searchParams.delete(key);
  go(next.pathname + next.search, true);
}

function isPlainClick(ev: MouseEvent): boolean {
  return ev.button === 0 && !ev.metaKey && !ev.ctrlKey && !ev.shiftKey && !ev.altKey;
}

export function startRouter(): void {
  window.addEventListener("popstate", () => (url.value = new URL(location.href)));
  document.addEventListener("click", (ev) => {
    const link = (ev.target as Element | null)?.closest?.("a[href]") as HTMLAnchorElement | null;
    if (!link || ev.defaultPrevented || !isPlainClick(ev)) return;
    if (link.origin !== location.origin || link.target || link.hash) return;
    ev.preventDefault();
    go(link.pathname + link.search);
  });
}
