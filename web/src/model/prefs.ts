// SPDX-License-Identifier: Apache-2.0
// What this browser remembers: the reader's name, the choice of light or dark, and lists.

import { signal } from "@preact/signals";

function read(key: string): string {
  try {
    return localStorage.getItem(`diarchy.${key}`) ?? "";
  } catch {
    return "";
  }
}

function write(key: string, value: string): void {
  try {
    if (value) localStorage.setItem(`diarchy.${key}`, value);
    else localStorage.removeItem(`diarchy.${key}`);
  } catch {
    /* private windows may refuse; the choice then lasts as long as the page */
  }
}

export const reader = signal(read("by"));
export function setReader(name: string): void {
  reader.value = name;
  write("by", name);
}

export type Theme = "" | "light" | "dark"; /* "": as the system has it */
export const theme = signal(read("theme") as Theme);

/* The choice is kept, and public/theme.js, which also made it before the first paint, applies it. */
export function setTheme(next: Theme): void {
  theme.value = next;
  write("theme", next);
  window.dispatchEvent(new CustomEvent("diarchy-theme", { detail: next }));
}

/* A list of texts. */
export function kept(key: string): string[] {
  try {
    const list: unknown = JSON.parse(read(key) || "[]");
    return Array.isArray(list) ? list.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}
export function keep(key: string, list: string[]): void {
  write(key, list.length > 0 ? JSON.stringify(list) : "");
}
