// SPDX-License-Identifier: Apache-2.0
// Durations, instants and small numbers as text.  Pure.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/* "8 s", "12 min", "3 h", "5 d", "7 mo", "2 y": one unit, for columns. */
export function age(ms: number): string {
  if (ms < MINUTE) return `${Math.max(0, Math.floor(ms / SECOND))} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < 2 * DAY) return `${Math.floor(ms / HOUR)} h`;
  if (ms < 90 * DAY) return `${Math.floor(ms / DAY)} d`;
  if (ms < 730 * DAY) return `${Math.floor(ms / (30.44 * DAY))} mo`;
  return `${Math.floor(ms / (365.25 * DAY))} y`;
}

const PAIRS: [number, string, number, string][] = [
  [DAY, "d", HOUR, "h"],
  [HOUR, "h", MINUTE, "min"],
  [MINUTE, "min", SECOND, "s"],
];

/* "2 h 5 min": two units, for sentences. */
export function duration(ms: number): string {
  for (const [big, bigName, small, smallName] of PAIRS) {
    if (ms < big) continue;
    const rest = Math.floor((ms % big) / small);
    const head = `${Math.floor(ms / big)} ${bigName}`;
    return rest > 0 ? `${head} ${rest} ${smallName}` : head;
  }
  return `${Math.max(0, Math.floor(ms / SECOND))} s`;
}

/* "0.4 ms", "12 ms", "1.2 s", "4 min" */
export function took(ms: number): string {
  if (ms < 9.95 && ms % 1 !== 0) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 9950) return `${(ms / SECOND).toFixed(1).replace(/\.0$/, "")} s`;
  return ms < MINUTE ? `${Math.round(ms / SECOND)} s` : age(ms);
}

/* "2.1 s", "1 min 4 s": how much later something was, when tenths of a second still matter. */
export function delay(ms: number): string {
  return ms < 9950 ? took(ms) : duration(ms);
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(key: string, options: Intl.DateTimeFormatOptions, zone?: string) {
  const id = `${key} ${zone ?? ""}`;
  let f = formatters.get(id);
  if (f) return f;
  try {
    f = new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone });
  } catch {
    f = new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC" });
  }
  formatters.set(id, f);
  return f;
}

/* "14:03:07"; `zone` is an IANA name, the reader's own when absent. */
export function clock(t: number, zone?: string): string {
  const style = {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  } as const;
  return formatter("clock", style, zone).format(t);
}

/* "14:03" */
export function hourMinute(t: number, zone?: string): string {
  const style = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
  return formatter("hm", style, zone).format(t);
}

/* "Sat 22 Nov 2025" */
export function day(t: number, zone?: string): string {
  const style = { weekday: "short", day: "numeric", month: "short", year: "numeric" } as const;
  return formatter("day", style, zone).format(t).replace(",", "");
}

/* "22 Nov" */
export function dayMonth(t: number, zone?: string): string {
  return formatter("date", { day: "numeric", month: "short" }, zone).format(t);
}

/* "Nov 2025" */
export function monthYear(t: number, zone?: string): string {
  return formatter("month", { month: "short", year: "numeric" }, zone).format(t);
}

/* "14:03:07" today, "Fri 14:03:07" within a week, "3 Nov 14:03", "3 Nov 2024" */
export function moment(t: number, now: number, zone?: string): string {
  if (day(t, zone) === day(now, zone)) return clock(t, zone);
  if (Math.abs(now - t) < 6 * DAY)
    return `${formatter("weekday", { weekday: "short" }, zone).format(t)} ${clock(t, zone)}`;
  if (Math.abs(now - t) < 300 * DAY) return `${dayMonth(t, zone)} ${hourMinute(t, zone)}`;
  return formatter("full", { day: "numeric", month: "short", year: "numeric" }, zone).format(t);
}

/* "GMT+5:30", "IST" */
export function zoneName(t: number, zone?: string): string {
  const parts = formatter("zone", { timeZoneName: "short" }, zone).formatToParts(t);
  return parts.find((part) => part.type === "timeZoneName")?.value ?? "";
}

export function readerZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/* "1 check", "3 checks" */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${number(n)} ${n === 1 ? one : many}`;
}

/* "12,345" */
export function number(n: number): string {
  return n.toLocaleString("en-GB");
}

/* "a, b and c" */
export function list(words: string[]): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`;
}

export function parse(t: string | null | undefined): number | null {
  if (!t) return null;
  const ms = Date.parse(t);
  return Number.isNaN(ms) ? null : ms;
}

/* What a failure says of itself, whatever was thrown. */
export function messageOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}

/* Whether all words that are sought stand somewhere in what there is; case doesn't count. */
export function hasWords(parts: (string | null | undefined)[], sought: string): boolean {
  const hay = parts.join("\n").toLowerCase();
  return sought
    .toLowerCase()
    .split(/\s+/)
    .every((word) => hay.includes(word));
}
