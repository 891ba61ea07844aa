// SPDX-License-Identifier: Apache-2.0
// The site's clock, as far as this page knows it, and one tick a second for whatever shows an age.
// Ages are differences on the site's clock: a phone whose clock is wrong still shows them right.

import { signal } from "@preact/signals";

let offset = 0;

/* The site said that it is `now` there. */
export function setClock(now: string): void {
  const t = Date.parse(now);
  if (!Number.isNaN(t)) offset = t - Date.now();
}

export function now(): number {
  return Date.now() + offset;
}

/* Changes once a second, on the second. */
export const tick = signal(0);

const listeners = new Set<() => void>();

export function onTick(f: () => void): () => void {
  listeners.add(f);
  return () => listeners.delete(f);
}

function step(): void {
  tick.value++;
  for (const f of listeners) f();
  setTimeout(step, 1000 - (now() % 1000) + 5);
}

export function startClock(): void {
  setTimeout(step, 1000 - (now() % 1000) + 5);
}
