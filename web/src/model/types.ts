// SPDX-License-Identifier: Apache-2.0
// The objects of doc/api.md.  A Time is RFC 3339 in UTC with milliseconds.
//
// This is the one place where the pages say what a site answers: the compiler holds the pages to
// it, and test/web/contract.test.mjs holds to it what a real site says, and what the fake one does.

export type Time = string;
export type State = "ok" | "failing" | "silent" | "pending" | "paused";
export type Scope = "none" | "down" | "path" | "unknown";
export type Word = "none" | "ok" | "failing";
export type Severity = "info" | "warning" | "critical";
export type CheckKind = "probe" | "heartbeat" | "site" | "link" | "watcher" | "drill" | "self";
export type ProbeKind = "http" | "tcp" | "tls" | "dns" | "icmp";
export type LinkState = "up" | "suspect" | "greeting" | "down" | "unknown";
export type IncidentState = "open" | "recovering" | "closed" | "merged";

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
  kind: CheckKind;
  probe: ProbeKind | null;
  target: string | null;
  home: string | null;
  host: string | null;
  severity: Severity;
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
  description: string;
  runbook: string;
  vantages: Vantage[];
}

export interface Member {
  check: string;
  state: "failing" | "silent";
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
  first: Time | null;
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
  severity: Severity;
  state: IncidentState;
  version: number;
  opened: Time;
  since: Time;
  recovered: Time | null;
  closed: Time | null;
  merged_into: string | null;
  failing_from: string | null;
  news: string | null;
  is_flapping: boolean;
  relapses: number;
  ack: Ack | null;
  members: Member[];
  more_members: number;
  before: Before[];
  told: Told[];
}

export interface IncidentAnswer extends Incident {
  timeline: JournalEvent[];
}

/* A member's row: check, state, scope; since, last ok, recovered in milliseconds (0: not yet); reason. */
type MemberRow = [string, Member["state"], Scope, number, number, number, string];

/* What the events of each kind say: src/core/journal/event_kinds.def. */
export interface EventBodies {
  boot: { version: string; last_alive: Time | null; clean: boolean };
  shutdown: { why: string };
  config: {
    hash: string;
    revision?: string;
    author?: string;
    summary?: string;
    previous?: string;
  };
  evidence: {
    word: Word;
    reason?: string;
    since: Time | null;
    last_ok?: Time | null;
    took_us?: number;
  };
  ping: { what: string; code?: number; took_ms?: number; log?: string };
  link: { state: string; why?: string; rtt_ms?: number };
  incident: {
    owner: string;
    cause: string;
    title: string;
    severity: Severity;
    failing_from: string;
    news: string;
    state: IncidentState;
    version: number;
    opened: Time | null;
    since: Time | null;
    recovered: Time | null;
    closed: Time | null;
    relapses: number;
    is_flapping: boolean;
    is_muted?: true;
    merged_into: string;
    members: MemberRow[];
    more_members: number;
    before: Before[];
  };
  receipt: { channel: string; version: number; message: string; via: string };
  handoff: { channel: string; version: number; to: string; why: string; may_be_repeat?: true };
  silence: { matchers: string; from: Time; until: Time; why?: string; by: string };
  ack: { why?: string; by: string };
  alerts: { alertname: string; reason: string; severity: string; more: number; alerts: unknown[] };
  pause: { until: Time | null; why?: string; by: string };
  drill: { ok: boolean; reason?: string; took_ms: number };
  recovered: { peer: string; events: number };
  damaged: {
    of: string;
    epoch: number;
    seq: number;
    why: string;
    cut_to?: number;
    found_kind?: string;
    found_subject?: string;
    found_body?: string;
  };
  lost: { of: string; epoch: number; seq: number; moved: number; to_epoch?: number };
  repaired: { of: string; epoch: number; seq: number; peer?: string };
  clock: { by_ms: number };
  note: { text: string; by: string };
}
export type EventKind = keyof EventBodies;

export interface EventOf<Kind extends EventKind> {
  site: string;
  epoch: number;
  seq: number;
  hlc: number;
  wall: Time;
  kind: Kind;
  subject: string;
  body: EventBodies[Kind];
  previous: string;
  hash: string;
  signature: string;
  text: string;
  cursor: string;
}

/* A newer peer's journal may hold other kinds: they are shown by their text. */
export type JournalEvent = { [Kind in EventKind]: EventOf<Kind> }[EventKind];

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
  journal: { events: number; epoch: number; head: string };
}

export interface Link {
  a: string;
  b: string;
  state: LinkState;
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

/* What the stream sends, by the name of the event. */
export interface StreamData {
  status: Status;
  change: Change;
  journal: JournalEvent;
  beat: { now: Time };
}

/* An order was carried out: nothing more to say. */
export type Done = Record<string, never>;

/* Every answer that is no success. */
export interface Failure {
  error: string;
  text: string;
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

export interface EventsAnswer {
  events: JournalEvent[];
  next: string | null;
}

export interface DashboardEntry {
  name: string;
  title: string;
  description: string;
  tags: string[];
  wrong: string | null /* why it can't be read */;
}
export interface DashboardsAnswer {
  dashboards: DashboardEntry[];
  more: number /* files beyond those that are listed */;
}

export interface CoverageAnswer {
  unobserved: Unobserved[];
  observed: number;
}
