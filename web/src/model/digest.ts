// SPDX-License-Identifier: Apache-2.0
// A short reading of the journal.  Pure.
//
// What several sites found out about one check at the same time is one line, and so is what one
// site found out about many checks at the same time.

import { list } from "./format";
import type { EventOf, JournalEvent } from "./types";

export interface Digest {
  key: string;
  at: string;
  site: string;
  text: string;
  event: JournalEvent | null /* null: several */;
}

const BURST_MS = 60_000;
const BURST_LEAST = 3;

function isNear(a: JournalEvent, b: JournalEvent): boolean {
  return Math.abs(Date.parse(a.wall) - Date.parse(b.wall)) < BURST_MS;
}

/* Not that a vantage knows nothing (yet). */
function isFinding(ev: JournalEvent): ev is EventOf<"evidence"> {
  return ev.kind === "evidence" && ev.body.word !== "none";
}

/* The same finding as `first`, whoever made it, about whatever. */
function alikeOf(first: JournalEvent, left: JournalEvent[]): EventOf<"evidence">[] {
  if (!isFinding(first)) return [];
  return left
    .filter(isFinding)
    .filter((ev) => ev.body.word === first.body.word && isNear(first, ev));
}

/* What a site says of itself, without naming itself: that it started, which lab.yaml it runs. */
const isOwn = (ev: JournalEvent) => ev.subject === ev.site;

/* Two sites wrote down the same. */
function isEcho(a: JournalEvent, b: JournalEvent): boolean {
  const isSame = a.subject === b.subject || (isOwn(a) && isOwn(b));
  return a.kind === b.kind && isSame && a.text === b.text && isNear(a, b);
}

function oneOf(echoes: JournalEvent[]): Digest {
  const first = echoes[0]!;
  const sites = list([...new Set(echoes.map((ev) => ev.site))].sort());
  return isOwn(first) ? { ...one(first), text: `${sites}: ${first.text}` } : one(first);
}

function one(ev: JournalEvent): Digest {
  const { site, wall, text } = ev;
  return { key: `${site} ${ev.epoch} ${ev.seq}`, at: wall, site, text, event: ev };
}

function oneCheck(same: EventOf<"evidence">[]): Digest {
  const first = same[0]!;
  const sites = list([...new Set(same.map((ev) => ev.site))].sort());
  const isOk = first.body.word === "ok";
  const reason = isOk || !first.body.reason ? "" : `: ${first.body.reason}`;
  const text = `${first.subject} ${isOk ? "is ok" : "fails"} from ${sites}${reason}`;
  return { ...one(first), text };
}

function manyChecks(burst: EventOf<"evidence">[]): Digest {
  const first = burst[0]!;
  const subjects = [...new Set(burst.map((ev) => ev.subject))];
  const rest = subjects.length - 2;
  const names =
    rest > 0 ? `${subjects.slice(0, 2).join(", ")} and ${rest} more` : subjects.join(" and ");
  const verb = first.body.word === "ok" ? "are ok" : "fail";
  return { ...one(first), text: `${names} ${verb} from ${first.site}`, event: null };
}

/* The line that the newest of `left` belongs to, and all events that the line stands for. */
function lineOf(left: JournalEvent[]): [Digest, JournalEvent[]] {
  const first = left[0]!;
  const alike = alikeOf(first, left);
  const burst = alike.filter((ev) => ev.site === first.site);
  if (burst.length >= BURST_LEAST) return [manyChecks(burst), burst];
  const same = alike.filter((ev) => ev.subject === first.subject);
  if (same.length > 1) return [oneCheck(same), same];
  const echoes = left.filter((ev) => isEcho(first, ev));
  return [oneOf(echoes), echoes];
}

/* `events` newest first; so is the answer. */
export function digest(events: JournalEvent[]): Digest[] {
  let left = events;
  const lines: Digest[] = [];
  while (left.length > 0) {
    const [line, told] = lineOf(left);
    const gone = new Set(told);
    lines.push(line);
    left = left.filter((ev) => !gone.has(ev));
  }
  return lines;
}
