// SPDX-License-Identifier: Apache-2.0
// The one sentence that can be read from across the room, and the open incidents under it.

import { count, delay, list, number, parse } from "../model/format";
import { freshness, trouble } from "../model/stream";
import { tick } from "../model/clock";
import {
  counts,
  head,
  incidents,
  isAnythingDeclared,
  lastChange,
  siteZone,
  unwell,
} from "../model/store";
import { alertname, isGroup, silencing } from "../model/alerts";
import { incidentPath } from "../model/router";
import type { Counts, Incident } from "../model/types";
import { askAck, askSilence } from "./ask";
import { Glyph, Tag, When } from "./parts";

function total(c: Counts): number {
  return c.ok + c.failing + c.silent + c.pending + c.paused;
}

/* "2 failing, 1 silent, 39 ok" */
function tally(c: Counts): string {
  const order = ["failing", "silent", "pending", "paused", "ok"] as const;
  return list(order.filter((state) => c[state] > 0).map((state) => `${number(c[state])} ${state}`));
}

/* What the only open incident says of itself. */
function titleOf(incident: Incident): string {
  const name = isGroup(incident.cause) ? alertname(incident.cause) : incident.cause;
  return incident.state === "recovering" ? `${name} is recovering` : incident.title;
}

function sentence(c: Counts, open: Incident[]): string {
  if (!isAnythingDeclared.value) return "Nothing is watched yet";
  if (open.length > 1) return `${number(open.length)} incidents are open`;
  if (c.failing + c.silent > 0)
    return `${tally({ ...c, ok: 0, pending: 0, paused: 0 })}, no incident open`;
  if (c.ok === total(c)) return `All ${count(c.ok, "check")} ok`;
  if (c.ok === 0) return `${count(total(c), "check")}, none judged yet`;
  return `${number(c.ok)} of ${count(total(c), "check")} ok`;
}

type Tone = "bad" | "acked" | "calm";

function toneOf(open: Incident[]): Tone {
  if (open.some((incident) => incident.state === "open" && !incident.ack)) return "bad";
  if (open.length > 0) return "acked";
  return unwell.value.some((check) => !check.is_silenced) ? "bad" : "calm";
}

/* ---- one incident ---- */

function others(incident: Incident): string {
  const n =
    incident.members.filter((m) => m.check !== incident.cause).length + incident.more_members;
  return n > 0 ? `and ${count(n, "other check")}` : "";
}

function reasonOf(incident: Incident): string {
  const cause = incident.members.find((m) => m.check === incident.cause);
  return [cause?.reason, others(incident)].filter(Boolean).join("; ");
}

/* "told discord after 2.1 s" */
export function toldSummary(incident: Incident): string {
  const told = incident.told.filter((t) => t.version > 0);
  if (told.length === 0)
    return incident.told.some((t) => t.wanted > 0) ? "not told yet" : "nobody is told";
  const first = Math.min(...told.map((t) => parse(t.first ?? t.at) ?? Infinity));
  const after = first - (parse(incident.since) ?? NaN);
  const when = after >= 0 && after < Infinity ? ` after ${delay(after)}` : "";
  return `told ${list(told.map((t) => t.channel))}${when}`;
}

function IncidentFacts({ incident }: { incident: Incident }) {
  return (
    <span class="incident-facts">
      {incident.state === "recovering" ? (
        <Tag tone="ok">recovering</Tag>
      ) : (
        <Tag tone="bad">{incident.severity}</Tag>
      )}
      {incident.is_flapping && <Tag tone="warn">flapping</Tag>}
      <span>
        for <When at={parse(incident.since)} as="span" zone={siteZone(incident.owner)} />
      </span>
      <span>{toldSummary(incident)}</span>
      {incident.ack && <span class="acked">{incident.ack.by || "somebody"} looks after it</span>}
    </span>
  );
}

function IncidentActions({ incident }: { incident: Incident }) {
  return (
    <span class="actions">
      {!incident.ack && (
        <button type="button" class="primary" onClick={() => askAck(incident)}>
          Acknowledge
        </button>
      )}
      <button
        type="button"
        class="quiet-button"
        onClick={() => askSilence(silencing(incident.cause))}
      >
        Silence
      </button>
    </span>
  );
}

function IncidentRow({ incident }: { incident: Incident }) {
  const cause = incident.members.find((m) => m.check === incident.cause);
  const isLoud = incident.state === "open" && !incident.ack;
  return (
    <li class={isLoud ? "incident is-loud" : "incident"}>
      <a
        href={incidentPath(incident.id)}
        data-row
        data-incident={incident.id}
        data-check={incident.cause}
      >
        <Glyph
          state={incident.state === "recovering" ? "ok" : (cause?.state ?? "failing")}
          scope={cause?.scope}
        />
        <span class="title">
          <strong>{incident.title}</strong>
          <span class="reason">{reasonOf(incident)}</span>
        </span>
        <IncidentFacts incident={incident} />
      </a>
      <IncidentActions incident={incident} />
    </li>
  );
}

/* ---- the whole zone ---- */

function Tally() {
  void tick.value;
  const c = counts.value;
  const newest = lastChange.value;
  const isStale = freshness.value === "stale";
  return (
    <p class="tally">
      {isStale && (
        <strong>
          Nothing comes from {head.value?.site} ({trouble.value || "reconnecting"}); what you see
          may no longer be true.{" "}
        </strong>
      )}
      {c.ok < total(c) && <span>{tally(c)}. </span>}
      {!Number.isNaN(newest) && (
        <span>
          Last change <When at={newest} as="ago" />.
        </span>
      )}
    </p>
  );
}

/* The only open incident is the headline itself. */
function Single({ incident, isStale }: { incident: Incident; isStale: boolean }) {
  return (
    <div class="single">
      <div>
        <h1>
          <a
            class="plain"
            href={incidentPath(incident.id)}
            data-row
            data-incident={incident.id}
            data-check={incident.cause}
          >
            {isStale && "Last known: "}
            {titleOf(incident)}
          </a>
        </h1>
        <p class="single-reason">{reasonOf(incident)}</p>
        <IncidentFacts incident={incident} />
      </div>
      <IncidentActions incident={incident} />
    </div>
  );
}

export function Headline() {
  const open = incidents.value;
  const isStale = freshness.value === "stale";
  return (
    <section class={`zone tone-${isStale ? "stale" : toneOf(open)}`} aria-label="Summary">
      <div class="wrap">
        {open.length === 1 ? (
          <Single incident={open[0]!} isStale={isStale} />
        ) : (
          <h1>
            {isStale && "Last known: "}
            {sentence(counts.value, open)}
          </h1>
        )}
        <Tally />
        {open.length > 1 && (
          <ul class="incidents" aria-label="Open incidents">
            {open.map((incident) => (
              <IncidentRow key={incident.id} incident={incident} />
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}
