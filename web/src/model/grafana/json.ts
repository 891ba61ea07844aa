// SPDX-License-Identifier: Apache-2.0
// Reading what somebody else wrote: whatever is absent or of another kind is as if it weren't there.

export type Json = Record<string, unknown>;

/* What a table has under a name that somebody else wrote: never what all objects have. */
export function entry<T>(table: Record<string, T>, name: string): T | undefined {
  return Object.prototype.hasOwnProperty.call(table, name) ? table[name] : undefined;
}

/* A unit's name.  What all objects have is none. */
export function unit(from: Json, usual = ""): string {
  const name = text(from, "unit", usual);
  return name in {} ? usual : name;
}

export const ITEMS_MOST = 2000; /* of any one list in a dashboard */

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export const objectOf = (value: unknown): Json => (isObject(value) ? value : {});
export const at = (from: Json, key: string): Json => objectOf(from[key]);

export function text(from: Json, key: string, otherwise = ""): string {
  const value = from[key];
  return typeof value === "string" ? value : otherwise;
}

/* Numbers are written as texts here and there. */
export function number(from: Json, key: string): number | undefined {
  const value = from[key];
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (typeof value !== "string" || value.trim() === "") return undefined;
  const read = Number(value);
  return Number.isFinite(read) ? read : undefined;
}

export function bool(from: Json, key: string, otherwise = false): boolean {
  const value = from[key];
  return typeof value === "boolean" ? value : otherwise;
}

export function list(from: Json, key: string): unknown[] {
  const value = from[key];
  return Array.isArray(value) ? value.slice(0, ITEMS_MOST) : [];
}

export const objects = (from: Json, key: string): Json[] => list(from, key).filter(isObject);

export const texts = (from: Json, key: string): string[] =>
  list(from, key).filter((value): value is string => typeof value === "string");

export function oneOf<T extends string>(from: Json, key: string, words: readonly T[], usual: T): T {
  const value = from[key];
  return words.find((word) => word === value) ?? usual;
}
