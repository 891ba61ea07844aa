// SPDX-License-Identifier: Apache-2.0
// Which dialog is open, and the line at the foot of the page that says what has just been done.

import { signal } from "@preact/signals";
import type { Check, Incident } from "../model/types";

export type Asked =
  | { what: "silence"; matchers: string }
  | { what: "ack"; incident: Incident }
  | { what: "pause"; check: Check }
  | { what: "keys" };

export const asked = signal<Asked | null>(null);

export const askSilence = (matchers: string) => (asked.value = { what: "silence", matchers });
export const askAck = (incident: Incident) => (asked.value = { what: "ack", incident });
export const askPause = (check: Check) => (asked.value = { what: "pause", check });
export const askKeys = () => (asked.value = { what: "keys" });

export const said = signal("");
let unsay: number | undefined;

export function say(text: string): void {
  said.value = text;
  window.clearTimeout(unsay);
  unsay = window.setTimeout(() => (said.value = ""), 6000);
}

export function dismiss(): void {
  asked.value = null;
}
