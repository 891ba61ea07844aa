// SPDX-License-Identifier: Apache-2.0
// The lab's journal: what every site wrote, newest first, growing as it is written.

import { useSignalEffect } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { getEvents, type EventQuery } from "../model/api";
import { clock, count, day, hasWords, messageOf, parse } from "../model/format";
import { checkPath, incidentPath, params, setParams } from "../model/router";
import { eventKey, recent, siteZone, sites } from "../model/store";
import type { EventKind, JournalEvent } from "../model/types";
import { ChoiceFilter, Filters, TextFilter } from "./filters";
import { Loading, Trouble, When } from "./parts";

/* Where to read more of what an event of this kind is about; null: there is no such page. */
const PAGES: Record<EventKind, ((subject: string) => string) | null> = {
  evidence: checkPath,
  incident: incidentPath,
  receipt: incidentPath,
  handoff: incidentPath,
  ack: incidentPath,
  silence: () => "/silences",
  alerts: null,
  pause: checkPath,
  config: null,
  link: null,
  ping: checkPath,
  drill: (watcher) => checkPath(`drill:${watcher}`),
  boot: null,
  shutdown: null,
  recovered: null,
  damaged: null,
  lost: null,
  repaired: null,
  clock: null,
  note: null,
};
const KINDS = Object.keys(PAGES);
const PAGE = 100;
/* More would make the page heavy; older ones can be found with the filters. */
const SHOWN_MAX = 2000;

/* The page of what an event is about; "" when it has none. */
export function subjectPath(ev: JournalEvent): string {
  return PAGES[ev.kind]?.(ev.subject) ?? "";
}

function queryOf(p: URLSearchParams): EventQuery {
  return {
    kind: p.get("kind") ?? "",
    site: p.get("site") ?? "",
    subject: p.get("subject") ?? "",
  };
}

function isAsked(ev: JournalEvent, q: EventQuery): boolean {
  return (
    (!q.kind || ev.kind === q.kind) &&
    (!q.site || ev.site === q.site) &&
    (!q.subject || ev.subject === q.subject)
  );
}

const hasText = ({ text, subject, kind, site }: JournalEvent, sought: string) =>
  hasWords([text, subject, kind, site], sought);

function newestFirst(a: JournalEvent, b: JournalEvent): number {
  return Date.parse(b.wall) - Date.parse(a.wall) || b.seq - a.seq;
}

function join(known: JournalEvent[], more: JournalEvent[]): JournalEvent[] {
  const keys = new Set(known.map(eventKey));
  const fresh = more.filter((ev) => !keys.has(eventKey(ev)));
  return fresh.length === 0 ? known : [...known, ...fresh].sort(newestFirst).slice(0, SHOWN_MAX);
}

/* ---- one event ---- */

function EventRow({ ev }: { ev: JournalEvent }) {
  const [isOpen, setOpen] = useState(false);
  const at = parse(ev.wall) ?? 0;
  const to = subjectPath(ev);
  return (
    <li class={`event kind-${ev.kind}`}>
      <div class="event-line">
        <time dateTime={ev.wall} data-at={at} data-zone={siteZone(ev.site)}>
          {clock(at)}
        </time>
        <span class="event-site">{ev.site}</span>
        <span class="event-kind">{ev.kind}</span>
        <span class="event-text">
          {to ? (
            <a class="plain" href={to}>
              {ev.text}
            </a>
          ) : (
            ev.text
          )}
        </span>
        <button
          type="button"
          class="more"
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
          aria-label={`Details of event ${ev.seq} of ${ev.site}`}
        >
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path d="m4 6 4 4 4-4" />
          </svg>
        </button>
      </div>
      {isOpen && <EventDetails ev={ev} />}
    </li>
  );
}

function EventDetails({ ev }: { ev: JournalEvent }) {
  return (
    <div class="event-details">
      <dl class="facts-list">
        <dt>Subject</dt>
        <dd class="breakable">{ev.subject}</dd>
        <dt>Chain</dt>
        <dd>
          {ev.site}, epoch {ev.epoch}, number {ev.seq}
        </dd>
        <dt>Hash</dt>
        <dd>
          <code class="breakable">{ev.hash}</code>
        </dd>
      </dl>
      <pre>{JSON.stringify(ev.body, null, 2)}</pre>
    </div>
  );
}

/* ---- filters ---- */

const asOptions = (names: string[]) => names.map((name) => [name, name] as const);

function EventFilters() {
  return (
    <Filters of="events">
      <ChoiceFilter name="kind" label="Kind" options={asOptions(KINDS)} />
      <ChoiceFilter name="site" label="Site" options={asOptions(sites.value.map((s) => s.name))} />
      <label class="choice grow">
        <span class="label">Subject</span>
        <input
          value={params.value.get("subject") ?? ""}
          placeholder="exact name"
          autocomplete="off"
          spellcheck={false}
          onChange={(ev) => setParams({ subject: ev.currentTarget.value.trim() })}
        />
      </label>
      <TextFilter placeholder="contains" />
    </Filters>
  );
}

/* ---- the page ---- */

interface Loaded {
  events: JournalEvent[];
  next: string | null;
  error: string;
  isBusy: boolean;
}
const NOTHING: Loaded = { events: [], next: null, error: "", isBusy: true };

/* What came while an answer was on its way, and may have missed it. */
const meanwhile = (query: EventQuery) => recent.peek().filter((ev) => isAsked(ev, query));

function useJournal(query: EventQuery): Loaded & { older: () => void } {
  const [state, setState] = useState<Loaded>(NOTHING);
  const key = JSON.stringify(query);
  const asked = useRef("");
  asked.current = key;
  const read = async (before: string | null, isHere = () => true) => {
    const isWanted = () => isHere() && asked.current === key;
    setState((old) => ({ ...(before ? old : NOTHING), isBusy: true, error: "" }));
    try {
      const answer = await getEvents({ ...query, limit: PAGE, before: before ?? undefined });
      if (!isWanted()) return;
      setState((old) => ({
        events: join(join(before ? old.events : [], answer.events), meanwhile(query)),
        next: answer.next,
        error: "",
        isBusy: false,
      }));
    } catch (failure) {
      const error = messageOf(failure);
      if (isWanted()) setState((old) => ({ ...old, error, isBusy: false }));
    }
  };
  useEffect(() => {
    let isHere = true;
    void read(null, () => isHere);
    return () => {
      isHere = false;
    };
  }, [key]);
  useSignalEffect(() => {
    const fresh = recent.value.filter((ev) => isAsked(ev, queryOf(params.peek())));
    setState((old) =>
      old.isBusy && old.events.length === 0 ? old : { ...old, events: join(old.events, fresh) },
    );
  });
  return { ...state, older: () => void read(state.next) };
}

function byDay(events: JournalEvent[]): [string, JournalEvent[]][] {
  const days: [string, JournalEvent[]][] = [];
  for (const ev of events) {
    const name = day(Date.parse(ev.wall));
    const last = days[days.length - 1];
    if (last && last[0] === name) last[1].push(ev);
    else days.push([name, [ev]]);
  }
  return days;
}

export function JournalPage() {
  const p = params.value;
  const text = p.get("q") ?? "";
  const { events, next, error, isBusy, older } = useJournal(queryOf(p));
  const shown = text ? events.filter((ev) => hasText(ev, text)) : events;
  const newest = parse(shown[0]?.wall);
  return (
    <main id="main" class="page journal-page" tabIndex={-1}>
      <div class="page-head">
        <h1>Journal</h1>
        <p class="quiet">
          {newest !== null && (
            <>
              Newest <When at={newest} as="ago" />
            </>
          )}
        </p>
      </div>
      <EventFilters />
      {text && !isBusy && (
        <p class="quiet" aria-live="polite">
          {shown.length} of {count(events.length, "loaded event")}
        </p>
      )}
      {byDay(shown).map(([name, list]) => (
        <section key={name} class="journal-day">
          <h2>{name}</h2>
          <ol class="events">
            {list.map((ev) => (
              <EventRow key={eventKey(ev)} ev={ev} />
            ))}
          </ol>
        </section>
      ))}
      {error && <Trouble text={error} retry={older} />}
      {isBusy && <Loading />}
      {!isBusy && !error && shown.length === 0 && (
        <p class="calm">No event passes these filters.</p>
      )}
      {!isBusy && next && events.length < SHOWN_MAX && (
        <button type="button" onClick={older}>
          Load older
        </button>
      )}
    </main>
  );
}
