// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { timeline } from "./timeline";
import type {
  EventBodies,
  EventKind,
  EventOf,
  Incident,
  JournalEvent,
  Member,
  Word,
} from "./types";

const at = (s: number) => new Date(Date.parse("2026-07-01T12:00:00Z") + s * 1000).toISOString();

function member(check: string, since: number, rest: Partial<Member> = {}): Member {
  return {
    check,
    state: "failing",
    scope: "down",
    since: at(since),
    last_ok: null,
    reason: "502",
    recovered: null,
    ...rest,
  };
}

function incident(rest: Partial<Incident> = {}): Incident {
  return {
    id: "dublin-1",
    owner: "dublin",
    title: "a is down",
    cause: "a",
    severity: "warning",
    state: "open",
    opened: at(1),
    since: at(0),
    recovered: null,
    closed: null,
    merged_into: null,
    version: 1,
    failing_from: null,
    news: null,
    is_flapping: false,
    relapses: 0,
    ack: null,
    members: [member("a", 0)],
    more_members: 0,
    before: [],
    told: [],
    ...rest,
  };
}

function event<Kind extends EventKind>(
  kind: Kind,
  s: number,
  body: Partial<EventBodies[Kind]>,
  text = "",
): EventOf<Kind> {
  return {
    site: "dublin",
    epoch: 1,
    seq: s,
    hlc: s,
    wall: at(s),
    kind,
    subject: "dublin-1",
    body: body as EventBodies[Kind],
    previous: "",
    hash: "",
    signature: "",
    text,
    cursor: "",
  };
}

const texts = (i: Incident, events?: JournalEvent[]) =>
  timeline(i, events).map((l) => (l.detail ? `${l.text} (${l.detail})` : l.text));

test("without its events, an incident still tells the gist", () => {
  const told = [
    {
      channel: "discord",
      version: 1,
      wanted: 1,
      first: at(2),
      at: at(2),
      via: "dublin",
      message: "",
    },
  ];
  const before = [{ at: at(-60), site: "mumbai", text: "lab.yaml changed" }];
  assert.deepEqual(
    texts(incident({ told, before, ack: { by: "Ana", why: "on it", at: at(30) } })),
    [
      "mumbai: lab.yaml changed",
      "a fails (502)",
      "incident opened",
      "told discord (2 s after the first bad, via dublin)",
      "Ana looks after it (on it)",
    ],
  );
});

test("receipts are told one by one, the first as the telling", () => {
  const list = [
    event("receipt", 2, { channel: "discord", version: 1, via: "dublin" }),
    event("receipt", 9, { channel: "discord", version: 3, via: "webhost" }),
    event("receipt", 9, { channel: "mail", version: 3, via: "dublin" }),
  ];
  assert.deepEqual(texts(incident(), list).slice(2), [
    "told discord (2 s after the first bad, via dublin)",
    "edited the message on discord (version 3, via webhost)",
    "told mail (9 s after the first bad, via dublin)",
  ]);
});

test("many that fall together are one line, one that falls alone is its own", () => {
  const members = [
    member("a", 0, { reason: "no route" }),
    ...["b", "c", "d"].map((n) => member(n, 10)),
    member("e", 10, { state: "silent", reason: "" }),
    member("f", 60),
  ];
  assert.deepEqual(texts(incident({ members })), [
    "a fails (no route)",
    "incident opened",
    "3 checks fail (502: b, c, d)",
    "e went silent",
    "f fails (502)",
  ]);
});

test("a check's fall and rise are told once, with the vantages that saw it", () => {
  const word = (site: string, s: number, w: Word, since = s) => ({
    ...event("evidence", s, { word: w, reason: w === "ok" ? "" : "502", since: at(since) }),
    site,
    subject: "a",
  });
  const list = [
    word("mumbai", -500, "ok"),
    word("dublin", 1, "failing", 0),
    word("mumbai", 3, "failing", 2),
    word("dublin", 50, "ok"),
    word("mumbai", 51, "ok"),
  ];
  const members = [member("a", 0, { recovered: at(50) }), member("b", 5, { state: "silent" })];
  assert.deepEqual(texts(incident({ members }), list), [
    "a fails (from dublin and mumbai: 502)",
    "incident opened",
    "b went silent (502)",
    "a is ok again (from dublin and mumbai)",
  ]);
});

test("the end comes last, even within one instant", () => {
  const members = [member("a", 0, { recovered: at(50) })];
  const over = incident({ members, state: "closed", recovered: at(50), closed: at(50) });
  assert.deepEqual(texts(over), [
    "a fails (502)",
    "incident opened",
    "a is ok again",
    "incident closed",
  ]);
});

test("a merged incident says into which", () => {
  const merged = incident({ state: "merged", closed: at(9), merged_into: "mumbai-7" });
  assert.equal(texts(merged).at(-1), "merged into mumbai-7");
});

test("relapses and what others wrote are lines of their own", () => {
  const list = [
    event("incident", 1, { relapses: 0 }),
    event("incident", 40, { relapses: 1 }),
    event("incident", 45, { relapses: 1 }),
    event("handoff", 3, {}, "handed to mumbai: no egress"),
  ];
  assert.deepEqual(texts(incident(), list), [
    "a fails (502)",
    "incident opened",
    "handed to mumbai: no egress",
    "relapsed (for the 1st time)",
  ]);
});
