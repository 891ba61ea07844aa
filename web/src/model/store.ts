// SPDX-License-Identifier: Apache-2.0
// What this page knows of the lab.  Every check is a signal of its own, so that an update redraws
// one row; `shape` changes only when rows have to move, appear or go.

import { batch, computed, signal, type Signal } from "@preact/signals";
import { arrange, isShared, isUnwell } from "./arrange";
import { setCsrf } from "./api";
import { filter } from "./filter";
import { setClock } from "./clock";
import type {
  Change,
  Check,
  Counts,
  Incident,
  JournalEvent,
  Link,
  Revision,
  Silence,
  Site,
  Status,
  Watcher,
} from "./types";

export interface Head {
  lab: string;
  site: string;
  version: string;
  started: string;
  revision: Revision;
  session: Status["session"];
}

const NO_COUNTS: Counts = { ok: 0, failing: 0, silent: 0, pending: 0, paused: 0 };

export const head = signal<Head | null>(null); /* null: nothing heard yet */
export const sites = signal<Site[]>([]);
export const links = signal<Link[]>([]);
export const watchers = signal<Watcher[]>([]);
export const silences = signal<Silence[]>([]);
export const counts = signal<Counts>(NO_COUNTS);
export const incidents = signal<Incident[]>([]); /* open and recovering, newest first */
export const recent = signal<JournalEvent[]>([]); /* newest first */

const RECENT_MAX = 200;

const checks = new Map<string, Signal<Check>>();
export const shape = signal(0);

export function checkSignal(name: string): Signal<Check> | undefined {
  return checks.get(name);
}

export function allChecks(): Check[] {
  return [...checks.values()].map((s) => s.peek());
}

/* A check by name; follows `shape`, so that one that appears later is found. */
export function useCheck(name: string): Check | null {
  void shape.value;
  return checks.get(name)?.value ?? null;
}

export const arrangement = computed(() => {
  void shape.value;
  return arrange(allChecks(), sites.value, filter.value);
});

/* When anything last changed its state: the newest `since` of all checks.  NaN: no checks. */
export const lastChange = computed(() => {
  void shape.value;
  let newest = NaN;
  for (const check of allChecks()) {
    const t = check.since ? Date.parse(check.since) : NaN;
    if (!(t <= newest)) newest = t;
  }
  return newest;
});

export const isAnythingDeclared = computed(() => {
  void shape.value;
  return allChecks().some((check) => !isShared(check) && check.kind !== "self");
});

export const unwell = computed(() => {
  void shape.value;
  return allChecks().filter(isUnwell);
});

export function siteZone(name: string | null | undefined): string | undefined {
  return sites.value.find((site) => site.name === name)?.zone;
}

/* What decides where a row stands and whether a filter shows it. */
function place(check: Check): string {
  return [
    check.state,
    check.scope,
    check.since,
    check.is_silenced,
    check.home,
    check.host,
    check.kind,
    check.reason,
  ].join("\n");
}

/* True when rows have to move. */
function putCheck(check: Check): boolean {
  const known = checks.get(check.name);
  if (!known) {
    checks.set(check.name, signal(check));
    return true;
  }
  const moves = place(known.peek()) !== place(check);
  known.value = check;
  return moves;
}

export function isOpen(incident: Incident): boolean {
  return incident.state === "open" || incident.state === "recovering";
}

function byOpened(a: Incident, b: Incident): number {
  return Date.parse(b.opened) - Date.parse(a.opened) || (a.id < b.id ? -1 : 1);
}

/* The newest that closed or merged, for pages that show one incident. */
export const ended = signal<Incident[]>([]);
const ENDED_MAX = 50;

function mergeIncidents(changed: Incident[]): void {
  const left = new Map(incidents.peek().map((incident) => [incident.id, incident]));
  for (const incident of changed) {
    if (isOpen(incident)) left.set(incident.id, incident);
    else left.delete(incident.id);
  }
  const over = changed.filter((incident) => !isOpen(incident));
  if (over.length > 0) ended.value = [...over, ...ended.peek()].slice(0, ENDED_MAX);
  incidents.value = [...left.values()].sort(byOpened);
}

function merge<T>(known: T[], changed: T[], key: (item: T) => string): T[] {
  const fresh = new Map(changed.map((item) => [key(item), item]));
  const kept = known.map((item) => {
    const id = key(item);
    const newer = fresh.get(id);
    fresh.delete(id);
    return newer ?? item;
  });
  return [...kept, ...fresh.values()];
}

export function takeStatus(status: Status): void {
  setClock(status.now);
  setCsrf(status.session.csrf);
  const { lab, site, version, started, revision, session } = status;
  batch(() => {
    head.value = { lab, site, version, started, revision, session };
    sites.value = [...status.sites].sort((a, b) => a.index - b.index);
    links.value = status.links;
    watchers.value = status.watchers;
    silences.value = status.silences;
    counts.value = status.counts;
    incidents.value = status.incidents.filter(isOpen).sort(byOpened);
    const names = new Set(status.checks.map((check) => check.name));
    for (const name of checks.keys()) if (!names.has(name)) checks.delete(name);
    for (const check of status.checks) putCheck(check);
    shape.value++;
  });
}

export function takeChange(change: Change): void {
  if (change.now) setClock(change.now);
  batch(() => {
    let moves = false;
    for (const check of change.checks ?? []) moves = putCheck(check) || moves;
    if (moves) shape.value++;
    if (change.incidents?.length) mergeIncidents(change.incidents);
    if (change.sites?.length) sites.value = merge(sites.peek(), change.sites, (site) => site.name);
    if (change.links?.length)
      links.value = merge(links.peek(), change.links, (link) => `${link.a} ${link.b}`);
    if (change.watchers?.length)
      watchers.value = merge(watchers.peek(), change.watchers, (watcher) => watcher.name);
    if (change.silences) silences.value = change.silences;
    if (change.counts) counts.value = change.counts;
  });
}

export function takeEvent(ev: JournalEvent): void {
  if (recent.peek().some((known) => sameEvent(known, ev))) return;
  recent.value = [ev, ...recent.peek()].slice(0, RECENT_MAX);
}

export function sameEvent(a: JournalEvent, b: JournalEvent): boolean {
  return a.site === b.site && a.epoch === b.epoch && a.seq === b.seq;
}

export function eventKey(ev: JournalEvent): string {
  return `${ev.site} ${ev.epoch} ${ev.seq}`;
}

/* An empty page, as after logging out. */
export function forget(): void {
  batch(() => {
    head.value = null;
    checks.clear();
    incidents.value = [];
    recent.value = [];
    sites.value = [];
    shape.value++;
  });
}
