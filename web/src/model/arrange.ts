// SPDX-License-Identifier: Apache-2.0
// Which check stands where on the overview.  Pure.
//
// Each site has a column: first what is not well, then everything else in groups by host, in an
// order that never changes, so that a place on the wall keeps its meaning.  What belongs to no
// site alone (links, watchers, drills, the sites as each other's checks) stands in the middle.

import { hasWords } from "./format";
import type { Check, Site, State } from "./types";

export interface Filter {
  text: string;
  states: State[] /* empty: all */;
  site: string /* "": all */;
}

export interface Group {
  key: string;
  kind: "host" | "lone" | "none" | "self";
  title: string;
  names: string[];
}

export interface Column {
  site: string;
  unwell: string[];
  lanes: [Group[], Group[]] /* beside each other where there is room, else one after the other */;
  total: number /* before filtering */;
}

export interface Arrangement {
  columns: Column[];
  middle: string[];
  shown: number;
  total: number;
}

const SHARED = new Set(["site", "link", "watcher", "drill"]);

export function isUnwell(check: Check): boolean {
  return check.state === "failing" || check.state === "silent";
}

export function isShared(check: Check): boolean {
  return SHARED.has(check.kind);
}

const BADNESS: Record<State, number> = { failing: 0, silent: 1, pending: 2, paused: 3, ok: 4 };

/* Most urgent first: failing and not silenced, down before path, then silent; then by name. */
function urgency(check: Check): number {
  return (
    (check.is_silenced ? 10 : 0) +
    BADNESS[check.state] * 2 +
    (check.state === "failing" && check.scope === "path" ? 1 : 0)
  );
}

function byUrgency(a: Check, b: Check): number {
  return urgency(a) - urgency(b) || compareNames(a.name, b.name);
}

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
export function compareNames(a: string, b: string): number {
  return collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}

export function isFiltering(filter: Filter): boolean {
  return filter.text !== "" || filter.states.length > 0 || filter.site !== "";
}

export function passes(check: Check, filter: Filter): boolean {
  if (filter.states.length > 0 && !filter.states.includes(check.state)) return false;
  if (filter.site && check.home !== filter.site) return false;
  if (!filter.text) return true;
  const { name, host, home, kind, probe, target, reason } = check;
  return hasWords([name, host, home, kind, probe, target, reason], filter.text);
}

/* How many checks each host has, whether shown or not: a filter or a failure must not regroup. */
function hostSizes(checks: Check[]): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const { host } of checks) if (host) sizes.set(host, (sizes.get(host) ?? 0) + 1);
  return sizes;
}

type GroupKind = Group["kind"];
const GROUP_ORDER: GroupKind[] = ["host", "lone", "none", "self"];
const GROUP_TITLES: Record<GroupKind, string> = {
  host: "",
  lone: "hosts with one check",
  none: "not tied to a host",
  self: "diarchy itself",
};

function groupKind(check: Check, sizes: Map<string, number>): GroupKind {
  if (check.kind === "self") return "self";
  if (!check.host) return "none";
  return sizes.get(check.host) === 1 ? "lone" : "host";
}

function groupOrder(a: Group, b: Group): number {
  return (
    GROUP_ORDER.indexOf(a.kind) - GROUP_ORDER.indexOf(b.kind) || compareNames(a.title, b.title)
  );
}

function groupByHost(checks: Check[], sizes: Map<string, number>): Group[] {
  const groups = new Map<string, Group>();
  for (const check of checks) {
    const kind = groupKind(check, sizes);
    const title = kind === "host" ? check.host! : GROUP_TITLES[kind];
    const key = `${kind} ${title}`;
    let group = groups.get(key);
    if (!group) groups.set(key, (group = { key, kind, title, names: [] }));
    group.names.push(check.name);
  }
  for (const group of groups.values()) group.names.sort(compareNames);
  return [...groups.values()].sort(groupOrder);
}

/* The keys of the groups in the second lane.  By declared size, so that neither a failure nor a
 * filter moves a group to the other lane. */
function secondLane(all: Check[], sizes: Map<string, number>): Set<string> {
  const weight = (g: Group) => (g.kind === "self" ? 1 : g.names.length) + 1.5;
  const groups = groupByHost(all, sizes);
  const half = groups.reduce((sum, g) => sum + weight(g), 0) / 2;
  const second = new Set<string>();
  let sum = 0;
  for (const group of groups) {
    if (sum + weight(group) / 2 > half) second.add(group.key);
    sum += weight(group);
  }
  return second;
}

function lanesOf(shown: Check[], all: Check[]): [Group[], Group[]] {
  const sizes = hostSizes(all);
  const second = secondLane(all, sizes);
  const groups = groupByHost(shown, sizes);
  return [groups.filter((g) => !second.has(g.key)), groups.filter((g) => second.has(g.key))];
}

export function arrange(checks: Check[], sites: Site[], filter: Filter): Arrangement {
  const bySite = new Map<string, Check[]>(sites.map((site) => [site.name, []]));
  const middle: Check[] = [];
  for (const check of checks) {
    const home = isShared(check) ? undefined : bySite.get(check.home ?? "");
    (home ?? middle).push(check);
  }
  let shown = 0;
  const visible = (list: Check[]) => {
    const left = list.filter((check) => passes(check, filter));
    shown += left.length;
    return left;
  };
  const columns = sites.map((site) => {
    const all = bySite.get(site.name)!;
    const list = visible(all);
    return {
      site: site.name,
      unwell: list
        .filter(isUnwell)
        .sort(byUrgency)
        .map((check) => check.name),
      lanes: lanesOf(
        list.filter((check) => !isUnwell(check)),
        all,
      ),
      total: all.length,
    };
  });
  /* While they are ok, the heads of the sites and the rails stand for them. */
  const shared = visible(middle).filter((check) => isFiltering(filter) || check.state !== "ok");
  return {
    columns,
    middle: shared.sort(byUrgency).map((check) => check.name),
    shown,
    total: checks.length,
  };
}
