// SPDX-License-Identifier: Apache-2.0
// From an incident and its journal events to the lines of its timeline, oldest first.  Pure.
//
// `incident` events hold the whole incident each time, so what happened is the difference between
// one version and the next.  Where the events are missing, the incident itself knows the gist.

import { isAlert, shownName, told } from "./alerts";
import { delay, list } from "./format";
import type { EventKind, EventOf, Incident, JournalEvent, Member } from "./types";

export type LineKind = "before" | "bad" | "good" | "told" | "human" | "opened" | "closed" | "note";

export interface Line {
  at: number;
  kind: LineKind;
  text: string;
  detail: string;
  check: string /* "": about the incident itself */;
  site: string;
}

function line(at: string, kind: LineKind, text: string, rest: Partial<Line> = {}): Line {
  return { at: Date.parse(at), kind, text, detail: "", check: "", site: "", ...rest };
}

function ofKind<Kind extends EventKind>(events: JournalEvent[], kind: Kind): EventOf<Kind>[] {
  return events.filter((ev): ev is EventOf<Kind> & JournalEvent => ev.kind === kind);
}

function fell(m: Member): Line {
  if (isAlert(m.check))
    return line(m.since, "bad", `${shownName(m.check)} fires`, { detail: m.reason });
  const how =
    m.state === "silent" ? "went silent" : m.scope === "path" ? "fails on a path" : "fails";
  return line(m.since, "bad", `${m.check} ${how}`, { detail: m.reason, check: m.check });
}

function recovered(m: Member): Line {
  if (isAlert(m.check)) return line(m.recovered!, "good", `${shownName(m.check)} is over`);
  return line(m.recovered!, "good", `${m.check} is ok again`, { check: m.check });
}

/* A vantage's word on a check, and another's that changed to the same within this time, are one
 * finding; so is the member's own record of it. */
const FINDING_MS = 10_000;

interface Finding {
  check: string;
  isOk: boolean;
  at: number;
  sites: string[];
  reason: string;
}

function isOf(f: Finding, check: string, isOk: boolean, at: number): boolean {
  return f.check === check && f.isOk === isOk && Math.abs(f.at - at) < FINDING_MS;
}

/* What the vantages found from the incident's beginning on. */
function findings(incident: Incident, events: JournalEvent[]): Finding[] {
  const begin = Date.parse(incident.since) - FINDING_MS;
  const found: Finding[] = [];
  for (const { site, subject: check, body, wall } of ofKind(events, "evidence")) {
    if (body.word === "none") continue;
    const isOk = body.word === "ok";
    const at = Date.parse(body.since ?? wall);
    if (!(at >= begin) || (isOk && at < Date.parse(incident.since))) continue;
    const same = found.find((f) => isOf(f, check, isOk, at));
    if (!same) found.push({ check, isOk, at, sites: [site], reason: body.reason ?? "" });
    else if (!same.sites.includes(site)) same.sites.push(site);
  }
  return found;
}

function findingLine(f: Finding): Line {
  const from = `from ${list([...f.sites].sort())}`;
  const detail = f.isOk || !f.reason ? from : `${from}: ${f.reason}`;
  const text = `${f.check} ${f.isOk ? "is ok again" : "fails"}`;
  return { at: f.at, kind: f.isOk ? "good" : "bad", text, detail, check: f.check, site: "" };
}

/* Each member's fall and rise, as the vantages found it; where their words are missing (a silent
 * check has none, an old incident's may be forgotten), as the incident recorded it. */
function memberLines(incident: Incident, events: JournalEvent[]): Line[] {
  const found = findings(incident, events);
  const isFound = (m: Member, isOk: boolean, at: string) =>
    found.some((f) => isOf(f, m.check, isOk, Date.parse(at)));
  const lines = found.map(findingLine);
  for (const m of told(incident)) {
    if (!isFound(m, false, m.since)) lines.push(fell(m));
    if (m.recovered && !isFound(m, true, m.recovered)) lines.push(recovered(m));
  }
  return lines;
}

function beforeLines(incident: Incident): Line[] {
  return incident.before.map((b) => line(b.at, "before", `${b.site}: ${b.text}`, { site: b.site }));
}

function toldLines(incident: Incident): Line[] {
  const lines: Line[] = [];
  for (const t of incident.told) {
    const { first } = t;
    if (first)
      lines.push(
        line(first, "told", `told ${t.channel}`, { detail: toldHow(incident, first, t.via) }),
      );
    if (t.at && t.at !== first)
      lines.push(
        line(t.at, "told", `${t.channel} shows version ${t.version}`, { detail: `via ${t.via}` }),
      );
  }
  return lines;
}

/* "2.1 s after the first bad, via dublin" */
function toldHow(incident: Incident, at: string, via: string): string {
  const late = Date.parse(at) - Date.parse(incident.since);
  return late >= 0 ? `${delay(late)} after the first bad, via ${via}` : `via ${via}`;
}

function receiptLines(incident: Incident, events: JournalEvent[]): Line[] {
  const seen = new Set<string>();
  return ofKind(events, "receipt").map(({ site, wall, body: { channel, version, via } }) => {
    const isFirst = !seen.has(channel);
    seen.add(channel);
    const text = isFirst ? `told ${channel}` : `edited the message on ${channel}`;
    const detail = isFirst ? toldHow(incident, wall, via) : `version ${version}, via ${via}`;
    return line(wall, "told", text, { detail, site });
  });
}

function stateLines(incident: Incident): Line[] {
  const lines = [line(incident.opened, "opened", "incident opened", { site: incident.owner })];
  if (incident.recovered && incident.members.length > 1)
    lines.push(line(incident.recovered, "good", "everything is ok again"));
  if (incident.closed && incident.state === "merged")
    lines.push(line(incident.closed, "closed", `merged into ${incident.merged_into}`));
  else if (incident.closed) lines.push(line(incident.closed, "closed", "incident closed"));
  return lines;
}

/* Falling back from recovering to open, as only the versions in the journal show. */
function relapseLines(events: JournalEvent[]): Line[] {
  const lines: Line[] = [];
  let relapses = 0;
  for (const ev of ofKind(events, "incident")) {
    const n = ev.body.relapses;
    if (!(n > relapses)) continue; /* of an unknown version: no number */
    lines.push(
      line(ev.wall, "bad", "relapsed", { detail: `for the ${ordinal(n)} time`, site: ev.site }),
    );
    relapses = n;
  }
  return lines;
}

function ordinal(n: number): string {
  const last = n % 100 > 10 && n % 100 < 14 ? 0 : n % 10;
  return `${n}${["th", "st", "nd", "rd"][last] ?? "th"}`;
}

const FOLDED = new Set(["incident", "receipt", "ack", "evidence"]);

function otherLines(events: JournalEvent[]): Line[] {
  return events
    .filter((ev) => !FOLDED.has(ev.kind))
    .map((ev) => line(ev.wall, "note", ev.text, { site: ev.site }));
}

function ackLines(incident: Incident, events: JournalEvent[]): Line[] {
  const said = ofKind(events, "ack");
  if (said.length > 0)
    return said.map((ev) =>
      line(ev.wall, "human", `${ev.body.by || "somebody"} looks after it`, {
        detail: ev.body.why ?? "",
        site: ev.site,
      }),
    );
  const ack = incident.ack;
  return ack
    ? [line(ack.at, "human", `${ack.by || "somebody"} looks after it`, { detail: ack.why })]
    : [];
}

/* Of lines of one instant. */
const ORDER: LineKind[] = ["before", "bad", "opened", "told", "human", "note", "good", "closed"];

/* Many that fell, or rose, together and for the same reason are one line. */
const TOGETHER_MS = 2000;
const TOGETHER_LEAST = 3;

function isTogether(a: Line, b: Line): boolean {
  return (
    a.kind === b.kind &&
    (a.kind === "bad" || a.kind === "good") &&
    a.check !== "" &&
    b.check !== "" &&
    a.text.slice(a.check.length) === b.text.slice(b.check.length) &&
    a.detail === b.detail &&
    Math.abs(a.at - b.at) <= TOGETHER_MS
  );
}

const PLURAL: Record<string, string> = {
  " fails": "fail",
  " fails on a path": "fail on a path",
  " went silent": "went silent",
  " is ok again": "are ok again",
};

function together(lines: Line[]): Line {
  const first = lines[0]!;
  const verb = PLURAL[first.text.slice(first.check.length)] ?? "changed";
  const names = lines.map((l) => l.check).join(", ");
  const detail = [first.detail, names].filter(Boolean).join(": ");
  return { ...first, text: `${lines.length} checks ${verb}`, detail, check: "" };
}

function fold(lines: Line[]): Line[] {
  const left = [...lines];
  const out: Line[] = [];
  while (left.length > 0) {
    const first = left[0]!;
    const group = left.filter((l) => l === first || isTogether(first, l));
    const isFolded = group.length >= TOGETHER_LEAST;
    out.push(isFolded ? together(group) : first);
    for (const l of isFolded ? group : [first]) left.splice(left.indexOf(l), 1);
  }
  return out;
}

/* Without the events, as far as the incident itself knows. */
export function timeline(incident: Incident, events: JournalEvent[] = []): Line[] {
  const receipts = receiptLines(incident, events);
  const lines = [
    ...beforeLines(incident),
    ...memberLines(incident, events),
    ...stateLines(incident),
    ...relapseLines(events),
    ...(receipts.length > 0 ? receipts : toldLines(incident)),
    ...ackLines(incident, events),
    ...otherLines(events),
  ]
    .filter((l) => !Number.isNaN(l.at))
    .sort((a, b) => a.at - b.at || ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
  return fold(lines);
}
