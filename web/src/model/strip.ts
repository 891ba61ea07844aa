// SPDX-License-Identifier: Apache-2.0
// From the changes of a vantage's word to the segments of a history strip.  Pure.

import type { HistoryItem, Word } from "./types";

export interface Segment {
  from: number /* ms since 1970 */;
  until: number;
  word: Word | "unknown" /* unknown: before the oldest change that is kept */;
  reason: string;
}

export interface Strip {
  vantage: string;
  segments: Segment[];
  ok: number /* share of the known time, 0..1; NaN when nothing is known */;
}

function segmentsOf(items: HistoryItem[], from: number, until: number): Segment[] {
  const out: Segment[] = [];
  let open: Segment = { from, until, word: "unknown", reason: "" };
  for (const item of items) {
    const at = Math.min(Math.max(Date.parse(item.at), from), until);
    if (at > open.from) out.push({ ...open, until: at });
    open = { from: at, until, word: item.word, reason: item.reason };
  }
  if (until > open.from) out.push(open);
  return out;
}

function okShare(segments: Segment[]): number {
  let known = 0;
  let ok = 0;
  for (const s of segments) {
    if (s.word === "unknown" || s.word === "none") continue;
    known += s.until - s.from;
    if (s.word === "ok") ok += s.until - s.from;
  }
  return known > 0 ? ok / known : NaN;
}

/* One strip for each vantage, in the order given. */
export function strips(
  history: HistoryItem[],
  vantages: string[],
  from: number,
  until: number,
): Strip[] {
  const sorted = [...history].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  return vantages.map((vantage) => {
    const segments = segmentsOf(
      sorted.filter((item) => item.vantage === vantage),
      from,
      until,
    );
    return { vantage, segments, ok: okShare(segments) };
  });
}
