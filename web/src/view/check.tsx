// SPDX-License-Identifier: Apache-2.0
// Everything about one check, beside the overview: when it died, who was told, what came before.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import * as api from "../model/api";
import { delay, duration, messageOf, parse, took } from "../model/format";
import { digest } from "../model/digest";
import { writeMatcher } from "../model/matchers";
import { reader } from "../model/prefs";
import { checkPath, incidentPath } from "../model/router";
import { head, incidents, siteZone, useCheck } from "../model/store";
import { freshness } from "../model/stream";
import type { Check, JournalEvent, Vantage, WhenAnswer } from "../model/types";
import { askAck, askPause, askSilence, say } from "./ask";
import { useFetched } from "./fetched";
import { History, USUAL_SPAN } from "./history";
import { closeDrawer } from "./keys";
import { lazy } from "./lazy";
import { Glyph, Loading, MomentAgo, StateWord, Tag, Trouble, When } from "./parts";
import { reasonOf } from "./row";

/* Comes with its charts when a check is first opened. */
const CheckGraph = lazy(
  async () => (await import("./metrics/pages")).CheckGraph,
  (children) => <section>{children}</section>,
);

/* ---- facts ---- */

function Facts({ when, zone }: { when: WhenAnswer; zone?: string }) {
  const lastGood = parse(when.last_good);
  const firstBad = parse(when.first_bad);
  const gap = lastGood !== null && firstBad !== null ? firstBad - lastGood : NaN;
  const isBad = when.check.state === "failing" || when.check.state === "silent";
  return (
    <dl class="facts-list">
      <dt>Last good evidence</dt>
      <dd>
        <MomentAgo at={lastGood} zone={zone} />
      </dd>
      {firstBad !== null && (
        <>
          <dt>{isBad ? "First bad" : "Last time bad, from"}</dt>
          <dd>
            <MomentAgo at={firstBad} zone={zone} />
            {isBad && gap >= 0 && <span class="quiet"> · {delay(gap)} after the last good</span>}
          </dd>
        </>
      )}
      {firstBad === null && (
        <>
          <dt>First bad</dt>
          <dd class="quiet">never seen bad</dd>
        </>
      )}
    </dl>
  );
}

/* Of what a stale page shows, nothing is current. */
const isFresh = (v: Vantage) => v.is_fresh && freshness.value !== "stale";

function wordOf(v: Vantage): [string, string] {
  if (v.is_blind) return ["unknown", "blind"];
  if (v.word === "none") return ["pending", "no word"];
  if (!isFresh(v)) return ["unknown", `was ${v.word}`];
  return [v.word, v.word];
}

function VantageRow({ v, when, isPing }: { v: Vantage; when: WhenAnswer | null; isPing: boolean }) {
  const [state, word] = wordOf(v);
  const isPromised = !isPing && isFresh(v) && v.site !== head.value?.site;
  const zone = siteZone(v.site);
  const told = when?.vantages.find((other) => other.site === v.site);
  const firstBad = parse(told?.first_bad) ?? (v.word === "failing" ? parse(v.since) : null);
  return (
    <>
      <tr>
        <th scope="row">{v.site}</th>
        <td>
          <span class={`state is-${state}`}>
            <Glyph state={state} />
            <span class="word">{word}</span>
          </span>
        </td>
        <td>
          {isPromised ? (
            <span title="its site says every 2 s that nothing has changed">current</span>
          ) : (
            <When at={parse(v.heard)} as="age" zone={zone} />
          )}
        </td>
        <td>
          <When at={parse(v.last_ok) ?? parse(told?.last_good)} as="moment" zone={zone} />
        </td>
        <td>
          <When at={firstBad} as="moment" zone={zone} none="–" />
        </td>
        <td>{v.took_ms !== null && v.took_ms >= 0 ? took(v.took_ms) : "–"}</td>
      </tr>
      {v.reason && v.word === "failing" && (
        <tr class="vantage-reason">
          <td />
          <td colSpan={5}>{v.reason}</td>
        </tr>
      )}
    </>
  );
}

function Vantages({ check, when }: { check: Check; when: WhenAnswer | null }) {
  if (check.vantages.length === 0) return null;
  return (
    <section>
      <h3>Seen from</h3>
      <div class="table-scroll">
        <table class="vantages">
          <thead>
            <tr>
              <th scope="col">Vantage</th>
              <th scope="col">Word</th>
              <th scope="col">Heard</th>
              <th scope="col">Last good</th>
              <th scope="col">First bad</th>
              <th scope="col">Took</th>
            </tr>
          </thead>
          <tbody>
            {check.vantages.map((v) => (
              <VantageRow key={v.site} v={v} when={when} isPing={check.kind === "heartbeat"} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function ToldList({ when, zone }: { when: WhenAnswer; zone?: string }) {
  const firstBad = parse(when.first_bad);
  const told = when.told.filter((t) => t.at !== null);
  if (told.length === 0) {
    const text = when.incident ? "Nobody yet." : "Nobody: there is no incident.";
    return (
      <section>
        <h3>Who was told</h3>
        <p class="quiet">{text}</p>
      </section>
    );
  }
  return (
    <section>
      <h3>Who was told</h3>
      <ul class="told">
        {told.map((t) => {
          const first = parse(t.first) ?? parse(t.at);
          const late = first !== null && firstBad !== null ? first - firstBad : NaN;
          return (
            <li key={t.channel}>
              <strong>{t.channel}</strong> <When at={first} as="moment" zone={zone} />
              {late >= 0 && <span class="quiet"> · {delay(late)} after the first bad</span>}
              <span class="quiet"> · via {t.via}</span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function BeforeList({ events, zone }: { events: JournalEvent[]; zone?: string }) {
  const lines = digest(events);
  return (
    <section>
      <h3>In the ten minutes before</h3>
      {lines.length === 0 ? (
        <p class="quiet">Nothing was journaled.</p>
      ) : (
        <ol class="events-brief">
          {lines.map((line) => (
            <li key={line.key}>
              <When at={parse(line.at)} as="moment" zone={zone} />
              <span>{line.text}</span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

/* One line of a list of facts; nothing where there is no fact. */
function Fact({ name, is }: { name: string; is: ComponentChildren }) {
  if (!is) return null;
  return (
    <>
      <dt>{name}</dt>
      <dd>{is}</dd>
    </>
  );
}

function isWeb(link: string | null): link is string {
  return !!link && /^https?:\/\//.test(link);
}

function Declared({ check }: { check: Check }) {
  const every = check.every_ms ? `every ${duration(check.every_ms)}` : "";
  const needs = check.needs.map((name) => (
    <a key={name} href={checkPath(name)}>
      {name}
    </a>
  ));
  const runbook = isWeb(check.runbook) ? (
    <a href={check.runbook} target="_blank" rel="noreferrer">
      {check.runbook}
    </a>
  ) : (
    check.runbook
  );
  return (
    <section>
      <h3>Declared</h3>
      <dl class="facts-list breakable">
        <Fact name="What" is={check.description} />
        <Fact name="How" is={[check.probe ?? check.kind, every].filter(Boolean).join(", ")} />
        <Fact name="Target" is={check.target} />
        <Fact name="Home" is={[check.home ?? "the lab", check.host].filter(Boolean).join(", ")} />
        <Fact name="Severity" is={check.severity} />
        <Fact name="Needs" is={needs.length > 0 && <span class="needs">{needs}</span>} />
        <Fact name="Runbook" is={runbook} />
      </dl>
    </section>
  );
}

/* ---- the drawer ---- */

async function resume(check: Check): Promise<void> {
  try {
    await api.resume(check.name, reader.peek());
    say(`${check.name} is judged again.`);
  } catch (failure) {
    say(`Not resumed: ${messageOf(failure)}`);
  }
}

function Actions({ check }: { check: Check }) {
  const incident = incidents.value.find((other) => other.id === check.incident);
  return (
    <div class="actions">
      {incident && !incident.ack && (
        <button type="button" class="primary" onClick={() => askAck(incident)}>
          Acknowledge
        </button>
      )}
      <button type="button" onClick={() => askSilence(writeMatcher("name", check.name))}>
        Silence
      </button>
      {check.state === "paused" ? (
        <button type="button" onClick={() => void resume(check)}>
          Resume
        </button>
      ) : (
        <button type="button" onClick={() => askPause(check)}>
          Pause
        </button>
      )}
      <a class="button" href={`/journal?subject=${encodeURIComponent(check.name)}`}>
        Journal
      </a>
    </div>
  );
}

function CheckHead({
  check,
  title,
}: {
  check: Check;
  title: preact.RefObject<HTMLHeadingElement>;
}) {
  const incident = incidents.value.find((other) => other.id === check.incident);
  const reason = reasonOf(check);
  return (
    <header class="drawer-head">
      <h2 ref={title} tabIndex={-1} id="check-title">
        {check.name}
      </h2>
      <p class="drawer-state">
        <StateWord state={check.state} scope={check.scope} />
        <span>
          for <When at={parse(check.since)} as="span" zone={siteZone(check.home)} none="?" />
        </span>
        {check.is_flapping && <Tag tone="warn">flapping</Tag>}
        {check.is_silenced && <Tag>silenced</Tag>}
      </p>
      {reason && <p class={`drawer-reason is-${check.state}`}>{reason}</p>}
      {incident && (
        <p>
          Part of <a href={incidentPath(incident.id)}>{incident.title}</a>
          {incident.ack && (
            <span class="quiet"> · {incident.ack.by || "somebody"} looks after it</span>
          )}
        </p>
      )}
      <Actions check={check} />
    </header>
  );
}

function CheckBody({ check }: { check: Check }) {
  const [span, setSpan] = useState(USUAL_SPAN);
  const version = [check.state, check.since, check.scope, check.incident].join(" ");
  const { data, error, again } = useFetched(() => api.getWhen(check.name), check.name, version);
  const zone = siteZone(check.home);
  return (
    <>
      {error && <Trouble text={error} retry={again} />}
      {data && <Facts when={data} zone={zone} />}
      <Vantages check={check} when={data} />
      {data && <History when={data} zone={zone} span={span} setSpan={setSpan} />}
      {check.kind === "probe" && <CheckGraph check={check} back={span} zone={zone} />}
      {data && <ToldList when={data} zone={zone} />}
      {data?.first_bad && <BeforeList events={data.before} zone={zone} />}
      {!data && !error && <Loading />}
      <Declared check={check} />
    </>
  );
}

export function CheckDrawer({ name }: { name: string }) {
  const check = useCheck(name);
  const title = useRef<HTMLHeadingElement>(null);
  const isThere = check !== null;
  useEffect(() => {
    if (!document.activeElement?.closest("[data-row]"))
      title.current?.focus({ preventScroll: true });
  }, [name, isThere]);
  return (
    <aside class="drawer" role="dialog" aria-modal="false" aria-labelledby="check-title">
      <button type="button" class="close" onClick={closeDrawer} aria-label="Close">
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <path d="m3 3 10 10M13 3 3 13" />
        </svg>
      </button>
      {check && <CheckHead check={check} title={title} />}
      {check && <CheckBody key={name} check={check} />}
      {!check && head.value && (
        <header class="drawer-head">
          <h2 ref={title} tabIndex={-1} id="check-title">
            {name}
          </h2>
          <p>
            There is no check of this name in <code>lab.yaml</code>. It may have been renamed or
            removed.
          </p>
          <p>
            <a href={`/journal?subject=${encodeURIComponent(name)}`}>
              What the journal knows of it
            </a>
          </p>
        </header>
      )}
    </aside>
  );
}
