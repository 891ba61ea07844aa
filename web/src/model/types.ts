// SPDX-License-Identifier: Apache-2.0
// The objects of doc/api.md.  A Time is RFC 3339 in UTC with milliseconds.

export type Time = string;
export type State = "ok" | "failing" | "silent" | "pending" | "paused";
export type Scope = "none" | "down" | "path" | "unknown";
export type Word = "none" | "ok" | "failing";

export interface Vantage {
  site: string;
  word: Word;
  since: Time | null;
  heard: Time | null;
  last_ok: Time | null;
  reason: string;
  took_ms: number | null;
  is_fresh: boolean;
  is_blind: boolean;
}

export interface Check {
  name: string;
  kind: string;
  probe: string | null;
  target: string | null;
  home: string | null;
  host: string | null;
  severity: string;
  state: State;
  scope: Scope;
  since: Time | null;
  reason: string;
  every_ms: number | null;
  is_flapping: boolean;
  is_silenced: boolean;
  needs: string[];
  incident: string | null;
  paused_until: Time | null;
  description: string | null;
  runbook: string | null;
  vantages: Vantage[];
}

export interface Member {
  check: string;
  state: string;
  scope: string;
  since: Time;
  last_ok: Time | null;
  reason: string;
  recovered: Time | null;
}

export interface Told {
  channel: string;
  version: number;
  wanted: number;
  first?: Time | null;
  at: Time | null;
  via: string;
  message: string;
}

export interface Before {
  at: Time;
  site: string;
  text: string;
}

export interface Ack {
  by: string;
  why: string;
  at: Time;
}

export interface Incident {
  id: string;
  owner: string;
  title: string;
  cause: string;
  severity: string;
  state: "open" | "recovering" | "closed" | "merged";
  opened: Time;
  since: Time;
  recovered: Time | null;
  closed: Time | null;
  merged_into: string | null;
  is_flapping: boolean;
  relapses: number;
  ack: Ack | null;
  members: Member[];
  more_members: number;
  before: Before[];
  told: Told[];
  timeline?: JournalEvent[];
}

export interface JournalEvent {
  site: string;
  epoch: number;
  seq: number;
  hlc: number;
  wall: Time;
  kind: string;
  subject: string;
  body: Record<string, unknown>;
  previous: string;
  hash: string;
  signature: string;
  text: string;
  cursor: string | number;
}

export interface Site {
  name: string;
  index: number;
  zone: string;
  state: State | "unknown";
  since: Time | null;
  is_self: boolean;
  is_blind: boolean;
  lab_hash: string | null;
  egress: "ok" | "failing" | "unknown";
  journal: { events: number; epoch: number; head: string } | null;
}

export interface Link {
  a: string;
  b: string;
  state: "up" | "suspect" | "greeting" | "down" | "unknown";
  since: Time | null;
  rtt_ms: number | null;
  skew_ms: number | null;
  lag_events: number | null;
}

export interface Watcher {
  name: string;
  state: State | "unknown";
  since: Time | null;
  hears: Record<string, Time | null>;
  drill: { at: Time; ok: boolean } | null;
}

export interface Silence {
  id: string;
  matchers: string;
  from: Time;
  until: Time;
  why: string;
  by: string;
  is_active: boolean;
  is_window: boolean;
}

export interface Revision {
  hash: string;
  commit: string | null;
  author: string | null;
  summary: string | null;
  since: Time | null;
}

export interface Counts {
  ok: number;
  failing: number;
  silent: number;
  pending: number;
  paused: number;
}

export interface Status {
  lab: string;
  site: string;
  now: Time;
  version: string;
  started: Time;
  session: { login: boolean; csrf: string };
  revision: Revision;
  sites: Site[];
  links: Link[];
  watchers: Watcher[];
  checks: Check[];
  incidents: Incident[];
  silences: Silence[];
  counts: Counts;
}

export interface Change {
  now: Time;
  checks?: Check[];
  incidents?: Incident[];
  links?: Link[];
  watchers?: Watcher[];
  sites?: Site[];
  silences?: Silence[];
  counts?: Counts;
}

export interface WhenAnswer {
  check: Check;
  last_good: Time | null;
  first_bad: Time | null;
  vantages: {
    site: string;
    last_good: Time | null;
    first_bad: Time | null;
    reason: string;
  }[];
  incident: Incident | null;
  told: { channel: string; at: Time | null; via: string; first: Time | null }[];
  before: JournalEvent[];
  history: HistoryItem[];
}

export interface HistoryItem {
  at: Time;
  vantage: string;
  word: Word;
  reason: string;
}

export interface Unobserved {
  name: string;
  kind: string;
  why: string;
  line: number;
}
