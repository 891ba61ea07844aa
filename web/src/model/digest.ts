// SPDX-License-Identifier: Apache-2.0
// A short reading of the journal.  Pure.
//
// What several sites found out about one check at the same time is one line, and so is what one
// site found out about many checks at the same time.

import type { JournalEvent } from "./types";

export interface Digest {
  key: string;
  at: string;
  site: string;
  text: string;
  event: JournalEvent | null /* null: several */;
}

const BURST_MS = 60_000;
const BURST_LEAST = 3;

function isTogether(first: JournalEvent, ev: JournalEvent): boolean {
  return (
    first.kind === "evidence" &&
    ev.kind === "evidence" &&
    first.body.word === ev.body.word &&
    Math.abs(Date.parse(first.wall) - Date.parse(ev.wall)) < BURST_MS
  );
}

function one(ev: JournalEvent): Digest {
  const { site, wall, text } = ev;
  return { key: `${site} ${ev.epoch} ${ev.seq}`, at: wall, site, text, event: ev };
}

function verbOf(ev: JournalEvent): string {
  return ev.body.word === "ok" ? "is ok again" : "fails";
}

function oneCheck(same: JournalEvent[]): Digest {
  const first = same[0]!;
  const sites = [...new Set(same.map((ev) => ev.site))].sort().join(", ");
  const reason = first.body.word === "ok" || !first.body.reason ? "" : `: ${first.body.reason}`;
  return { ...one(first), text: `${sites}: ${first.subject} ${verbOf(first)}${reason}` };
}

function manyChecks(burst: JournalEvent[]): Digest {
  const first = burst[0]!;
  const subjects = [...new Set(burst.map((ev) => ev.subject))];
  const rest = subjects.length - 2;
  const names =
    rest > 0 ? `${subjects.slice(0, 2).join(", ")} and ${rest} more` : subjects.join(" and ");
  return {
    ...one(first),
    text: `${first.site}: ${names} ${first.body.word === "ok" ? "are ok again" : "fail"}`,
    event: null,
  };
}

/* `events` newest first; so is the answer. */
export function digest(events: JournalEvent[]): Digest[] {
  const left = [...events];
  const lines: Digest[] = [];
  while (left.length > 0) {
    const first = left[0]!;
    const alike = left.filter((ev) => isTogether(first, ev));
    const burst = alike.filter((ev) => ev.site === first.site);
    const same = alike.filter((ev) => ev.subject === first.subject);
    const isBurst = burst.length >= BURST_LEAST;
    lines.push(isBurst ? manyChecks(burst) : same.length > 1 ? oneCheck(same) : one(first));
    for (const ev of isBurst ? burst : same.length > 1 ? same : [first])
      left.splice(left.indexOf(ev), 1);
  }
  return lines;
}
