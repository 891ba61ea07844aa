// SPDX-License-Identifier: Apache-2.0
// The keyboard.  j and k move the browser's own focus between rows, so that Enter, Tab and screen
// readers need nothing special.

import { useEffect } from "preact/hooks";
import { writeMatcher } from "../model/matchers";
import { clearFilter } from "../model/filter";
import { checkPath, go, page } from "../model/router";
import { checkSignal, incidents } from "../model/store";
import type { Check, Incident } from "../model/types";
import { asked, askAck, askKeys, askPause, askSilence, say } from "./ask";

const PLACES = ["/", "/incidents", "/journal", "/silences", "/coverage", "/explore"];

function rows(): HTMLElement[] {
  const root = document.querySelector(".drawer") && page.peek().at !== "check" ? ".drawer" : "main";
  return [...document.querySelectorAll<HTMLElement>(`${root} [data-row]`)].filter(
    (row) => row.offsetParent !== null,
  );
}

/* The row that has the focus, or the one that the open drawer is about. */
function currentRow(all: HTMLElement[]): number {
  const active = document.activeElement;
  const at = all.findIndex((row) => row === active || row.parentElement?.contains(active));
  const here = page.peek();
  if (at >= 0 || here.at !== "check") return at;
  return all.findIndex((row) => row.dataset.check === here.name);
}

function move(by: number): void {
  const all = rows();
  if (all.length === 0) return;
  const from = currentRow(all);
  const next =
    from < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, from + by));
  const row = all[next]!;
  row.focus({ focusVisible: true } as FocusOptions);
  row.scrollIntoView({ block: "nearest" });
  if (page.peek().at === "check" && row.dataset.check) go(checkPath(row.dataset.check), true);
}

function subject(): { check?: Check; incident?: Incident } {
  const here = page.peek();
  const row = (document.activeElement as HTMLElement | null)?.closest<HTMLElement>("[data-row]");
  const id = here.at === "incident" ? here.id : row?.dataset.incident;
  const named = incidents.peek().find((incident) => incident.id === id);
  const name = here.at === "check" ? here.name : (row?.dataset.check ?? named?.cause);
  const check = name ? checkSignal(name)?.peek() : undefined;
  const incident = named ?? incidents.peek().find((other) => other.id === check?.incident);
  return { check, incident };
}

function silence(): void {
  const { check, incident } = subject();
  const name = check?.name ?? incident?.cause;
  askSilence(name ? writeMatcher("name", name) : "");
}

function acknowledge(): void {
  const open = incidents.peek();
  const waiting = open.filter((incident) => !incident.ack);
  const only = waiting.length === 1 ? waiting[0] : open.length === 1 ? open[0] : undefined;
  const incident = subject().incident ?? only;
  if (!incident)
    say(open.length ? "Choose an incident first (j, k)." : "There is no open incident.");
  else if (incident.ack) say(`${incident.ack.by || "Somebody"} looks after it already.`);
  else askAck(incident);
}

function pause(): void {
  const { check } = subject();
  if (check) askPause(check);
  else say("Choose a check first (j, k).");
}

function search(): void {
  const find = () => document.getElementById("search") as HTMLInputElement | null;
  if (!find()) go("/");
  requestAnimationFrame(() => {
    find()?.focus();
    find()?.select();
  });
}

function escape(): void {
  const field = document.activeElement;
  if (field instanceof HTMLInputElement) field.blur();
  else if (page.peek().at === "check") closeDrawer();
  else if (page.peek().at === "overview") clearFilter();
}

export function closeDrawer(): void {
  const here = page.peek();
  if (here.at !== "check") return;
  go(`/${location.search}`);
  const name = CSS.escape(here.name);
  requestAnimationFrame(() =>
    document.querySelector<HTMLElement>(`[data-check="${name}"]`)?.focus(),
  );
}

const ACTIONS: Record<string, () => void> = {
  "/": search,
  j: () => move(1),
  k: () => move(-1),
  s: silence,
  a: acknowledge,
  p: pause,
  "?": askKeys,
  Escape: escape,
};

const isInField = ({ target }: KeyboardEvent) =>
  !!(target as HTMLElement).matches?.("input, textarea, select, [contenteditable]");

/* In a field, keys are text; only Escape leaves it, and Enter goes on from a search to its rows. */
function isText(ev: KeyboardEvent): boolean {
  const isSearch = (ev.target as HTMLElement).id === "search";
  return isInField(ev) && ev.key !== "Escape" && !(ev.key === "Enter" && isSearch);
}

/* Of the browser, or of a dialog. */
const isOthers = (ev: KeyboardEvent) => ev.ctrlKey || ev.metaKey || ev.altKey || !!asked.peek();

/* Keys that a part of a page has besides, while it is shown. */
export function useKeys(acts: Record<string, () => void>): void {
  useEffect(() => {
    const press = (ev: KeyboardEvent) => {
      if (isOthers(ev) || isInField(ev) || !Object.hasOwn(acts, ev.key)) return;
      ev.preventDefault();
      acts[ev.key]!();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  });
}

function actionOf(ev: KeyboardEvent): (() => void) | undefined {
  const place = /^[1-6]$/.test(ev.key) ? PLACES[Number(ev.key) - 1] : undefined;
  if (place) return () => go(place);
  if (ev.key === "Enter")
    return (ev.target as HTMLElement).id === "search" ? () => move(1) : undefined;
  return ACTIONS[ev.key];
}

export function startKeys(): void {
  document.addEventListener("keydown", (ev) => {
    if (isOthers(ev) || isText(ev)) return;
    const act = actionOf(ev);
    if (!act) return;
    ev.preventDefault();
    act();
  });
}
