// SPDX-License-Identifier: Apache-2.0
// Which checks the overview shows.  The filter lives in the address, so that it can be shared and
// survives a reload.

import { computed } from "@preact/signals";
import type { Filter } from "./arrange";
import { params, setParams } from "./router";
import type { State } from "./types";

export const STATES: State[] = ["failing", "silent", "pending", "paused", "ok"];

export const filter = computed<Filter>(() => {
  const p = params.value;
  const words = (p.get("state") ?? "").split(",");
  const states = STATES.filter((state) => words.includes(state));
  return { text: p.get("q") ?? "", states, site: p.get("site") ?? "" };
});

export function toggleState(state: State): void {
  const states = filter.peek().states;
  const next = states.includes(state) ? states.filter((s) => s !== state) : [...states, state];
  setParams({ state: next.join(",") });
}

export function clearFilter(): void {
  setParams({ q: "", state: "", site: "" });
}
