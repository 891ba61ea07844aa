// SPDX-License-Identifier: Apache-2.0
// A dashboard out of the JSON that Grafana exports.  Whatever is missing has Grafana's own default;
// what isn't known is in `notes`, by name.  Pure.

import {
  at,
  bool,
  isObject,
  list,
  number,
  objectOf,
  objects,
  text,
  texts,
  type Json,
} from "./json";
import { panelOf, type Panel } from "./panel";
import { variableOf, type Variable } from "./variables";

export const PANELS_MOST = 500;

export interface DashboardLink {
  title: string;
  url: string;
  isNewTab: boolean;
  keepsTime: boolean;
  keepsVariables: boolean;
}

export interface Dashboard {
  title: string;
  description: string;
  tags: string[];
  from: string;
  to: string;
  refresh: string /* "": none */;
  isUtc: boolean;
  variables: Variable[];
  panels: Panel[] /* rows among them, as the dashboard lists them */;
  links: DashboardLink[];
  notes: string[] /* what is in it that isn't shown */;
}

/* ---- rows of before Grafana 5 */

const CELL_PX = 38;

function heightOf(row: Json): number {
  const height = row.height;
  const px = typeof height === "string" ? parseInt(height, 10) : height;
  return typeof px === "number" && px > 0 ? Math.max(1, Math.ceil(px / CELL_PX)) : 7;
}

/* Panels flow from left to right; `span` is of twelve. */
function flow(panels: Json[], y: number, h: number): { placed: Json[]; height: number } {
  let [x, line] = [0, 0];
  const placed = panels.map((panel) => {
    const w = Math.min(24, Math.max(1, Math.round((number(panel, "span") ?? 4) * 2)));
    if (x + w > 24) [x, line] = [0, line + 1];
    const gridPos = { x, y: y + line * h, w, h };
    x += w;
    return { ...panel, gridPos };
  });
  return { placed, height: panels.length > 0 ? (line + 1) * h : 0 };
}

function flattened(rows: Json[]): Json[] {
  const hasHeads = rows.some(
    (row) => bool(row, "showTitle") || bool(row, "collapse") || row.repeat,
  );
  const out: Json[] = [];
  let y = 0;
  for (const row of rows) {
    const isCollapsed = bool(row, "collapse");
    const head = {
      type: "row",
      title: text(row, "title"),
      repeat: row.repeat,
      collapsed: isCollapsed,
      gridPos: { x: 0, y, w: 24, h: 1 },
    };
    if (hasHeads) y += 1;
    const { placed, height } = flow(objects(row, "panels"), y, heightOf(row));
    if (hasHeads) out.push(isCollapsed ? { ...head, panels: placed } : head);
    if (!isCollapsed || !hasHeads) out.push(...placed);
    if (!isCollapsed) y += height;
  }
  return out;
}

/* ---- */

function linkOf(from: Json): DashboardLink {
  return {
    title: text(from, "title") || text(from, "url"),
    url: text(from, "url"),
    isNewTab: bool(from, "targetBlank"),
    keepsTime: bool(from, "keepTime"),
    keepsVariables: bool(from, "includeVars"),
  };
}

/* Grafana's own annotations of its alerts are in every dashboard, and say nothing. */
const annotationsOf = (root: Json): string[] =>
  objects(at(root, "annotations"), "list")
    .filter((one) => one.builtIn !== 1)
    .map((one) => `annotation ${text(one, "name") || "without a name"}`);

function notesOf(root: Json, written: Json[], panels: number): string[] {
  const variables = written
    .filter((one) => !variableOf(one))
    .map((one) => `variable ${text(one, "name") || "without a name"} (${text(one, "type")})`);
  const links = objects(root, "links")
    .filter((one) => text(one, "type") === "dashboards")
    .map((one) => `link to dashboards tagged ${texts(one, "tags").join(", ") || "anything"}`);
  const many = panels > PANELS_MOST ? [`${panels - PANELS_MOST} panels beyond ${PANELS_MOST}`] : [];
  return [...variables, ...annotationsOf(root), ...links, ...many];
}

function refreshOf(root: Json): string {
  const refresh = root.refresh;
  return typeof refresh === "string" && /^\d+[smhd]$/.test(refresh) ? refresh : "";
}

/* Throws a sentence where it is no dashboard. */
export function dashboardOf(json: unknown): Dashboard {
  const outer = objectOf(json);
  /* As Grafana's interface gives it, the dashboard is inside. */
  const root = isObject(outer.dashboard) ? outer.dashboard : outer;
  if ("apiVersion" in outer && isObject(outer.spec) && isObject(at(outer, "spec").elements))
    throw new Error("this is a dashboard of Grafana's version 2 schema, which is not supported");
  const written = objects(at(root, "templating"), "list");
  const listed = [...flattened(objects(root, "rows")), ...list(root, "panels").map(objectOf)];
  const time = at(root, "time");
  return {
    title: text(root, "title"),
    description: text(root, "description"),
    tags: texts(root, "tags"),
    from: text(time, "from", "now-6h"),
    to: text(time, "to", "now"),
    refresh: refreshOf(root),
    isUtc: text(root, "timezone") === "utc",
    variables: written.map(variableOf).filter((v): v is Variable => v !== null),
    panels: listed.slice(0, PANELS_MOST).map((panel) => panelOf(panel)),
    links: objects(root, "links")
      .filter((one) => text(one, "type", "link") === "link")
      .map(linkOf),
    notes: notesOf(root, written, listed.length),
  };
}
