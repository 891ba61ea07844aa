// SPDX-License-Identifier: Apache-2.0
// Incidents: the list, and one incident's timeline, members and what changed before.

import { useState } from "preact/hooks";
import {
  alertname,
  isAlert,
  isGroup,
  shownName,
  silencing,
  told,
  type Alert,
} from "../model/alerts";
import * as api from "../model/api";
import { count, day, duration, hourMinute, parse } from "../model/format";
import { checkPath, incidentPath } from "../model/router";
import { ended, incidents, isOpen, recent, siteZone } from "../model/store";
import { timeline, type Line } from "../model/timeline";
import type { Incident, Member } from "../model/types";
import { askAck, askSilence } from "./ask";
import { useFetched } from "./fetched";
import { toldSummary } from "./headline";
import { Glyph, Loading, MomentAgo, StateWord, Tag, Trouble, When } from "./parts";

function lasted(incident: Incident): string {
  const from = parse(incident.since) ?? parse(incident.opened);
  const until = parse(incident.recovered) ?? parse(incident.closed);
  return from !== null && until !== null ? duration(until - from) : "";
}

/* ---- one incident ---- */

const LINE_GLYPH: Record<Line["kind"], string> = {
  before: "unknown",
  bad: "failing",
  good: "ok",
  told: "told",
  human: "human",
  opened: "mark",
  closed: "mark",
  note: "unknown",
};

function TimelineLine({ line, previous }: { line: Line; previous: Line | undefined }) {
  const isNewDay = !previous || day(previous.at) !== day(line.at);
  return (
    <>
      {isNewDay && <li class="day">{day(line.at)}</li>}
      <li class={`line is-${line.kind}`}>
        <When at={line.at} as="clock" zone={siteZone(line.site)} />
        <span class={`dot is-${LINE_GLYPH[line.kind]}`} aria-hidden="true" />
        <span class="line-text">
          {line.check ? (
            <a class="plain" href={checkPath(line.check)}>
              {line.text}
            </a>
          ) : (
            line.text
          )}
          {line.detail && <span class="detail">{line.detail}</span>}
        </span>
      </li>
    </>
  );
}

function MemberRow({ member }: { member: Member }) {
  const since = parse(member.since);
  const end = parse(member.recovered);
  return (
    <tr>
      <td>
        <StateWord state={end === null ? member.state : "ok"} scope={member.scope} />
      </td>
      <th scope="row">
        {isAlert(member.check) ? (
          shownName(member.check)
        ) : (
          <a href={checkPath(member.check)}>{member.check}</a>
        )}
      </th>
      <td>
        <When at={since} as="moment" />
      </td>
      <td>
        <When at={parse(member.last_ok)} as="moment" />
      </td>
      <td>
        {end === null ? <When at={since} as="span" /> : since === null ? "" : duration(end - since)}
      </td>
      <td class="reason">{member.reason}</td>
    </tr>
  );
}

function Members({ incident }: { incident: Incident }) {
  return (
    <section>
      <h2>
        {isGroup(incident.cause) ? "Alerts" : "Members"}{" "}
        <span class="n">{told(incident).length + incident.more_members}</span>
      </h2>
      <div class="table-scroll">
        <table class="members">
          <thead>
            <tr>
              <th scope="col">State</th>
              <th scope="col">{isGroup(incident.cause) ? "Labels" : "Check"}</th>
              <th scope="col">First bad</th>
              <th scope="col">Last good</th>
              <th scope="col">For</th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            {told(incident).map((m) => (
              <MemberRow key={m.check} member={m} />
            ))}
          </tbody>
        </table>
      </div>
      {incident.more_members > 0 && (
        <p class="quiet">and {count(incident.more_members, "more check")}</p>
      )}
    </section>
  );
}

function Before({ incident }: { incident: Incident }) {
  return (
    <section>
      <h2>What changed just before</h2>
      {incident.before.length === 0 ? (
        <p class="quiet">Nothing that the journals know of, in the ten minutes before.</p>
      ) : (
        <ol class="events-brief">
          {incident.before.map((b, i) => (
            <li key={i}>
              <When at={parse(b.at)} as="moment" zone={siteZone(b.site)} />
              <span>
                <span class="quiet">{b.site}: </span>
                {b.text}
              </span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

/* Only web addresses: they come from whoever wrote the rule. */
function Source({ url, children }: { url: string | undefined; children: string }) {
  if (!url || !/^https?:\/\//.test(url)) return null;
  return (
    <a href={url} rel="noreferrer">
      {children}
    </a>
  );
}

function AlertText({ alert }: { alert: Alert }) {
  const { runbook_url, ...annotations } = alert.annotations;
  return (
    <li>
      {Object.entries(annotations).map(([name, text]) => (
        <p key={name}>
          <span class="quiet">{name}: </span>
          {text}
        </p>
      ))}
      <p>
        {Object.entries(alert.labels).map(([name, value]) => (
          <Tag key={name}>{`${name}=${value}`}</Tag>
        ))}
      </p>
      <p>
        <Source url={alert.generatorURL}>rule</Source> <Source url={runbook_url}>runbook</Source>
      </p>
    </li>
  );
}

/* What the rule says of each that fires now. */
function AlertTexts({ cause }: { cause: string }) {
  const name = alertname(cause);
  const { data } = useFetched(() => api.getAlerts(name), name, "");
  if (!data?.length) return null;
  return (
    <section>
      <h2>What the rule says</h2>
      <ul class="alert-texts">
        {data.map((alert) => (
          <AlertText key={alert.fingerprint + alert.startsAt} alert={alert} />
        ))}
      </ul>
    </section>
  );
}

function IncidentHead({ incident }: { incident: Incident }) {
  const zone = siteZone(incident.owner);
  const over = !isOpen(incident);
  const tone = over
    ? "idle"
    : incident.state === "recovering"
      ? "ok"
      : incident.ack
        ? "acked"
        : "bad";
  return (
    <header class={`headline tone-${tone}`}>
      <p class="kicker">
        <Tag tone={over ? "" : tone}>{incident.state}</Tag>
        <Tag>{incident.severity}</Tag>
        {incident.is_flapping && <Tag tone="warn">flapping</Tag>}
        <code class="quiet">{incident.id}</code>
      </p>
      <h1>{incident.title}</h1>
      <p>
        Since <MomentAgo at={parse(incident.since)} zone={zone} />.{" "}
        {lasted(incident) && <>Lasted {lasted(incident)}. </>}
        {incident.merged_into && (
          <>
            Merged into <a href={incidentPath(incident.merged_into)}>{incident.merged_into}</a>
            .{" "}
          </>
        )}
        {incident.ack && (
          <>
            {incident.ack.by || "Somebody"} looks after it
            {incident.ack.why && `: ${incident.ack.why}`}.{" "}
          </>
        )}
      </p>
      {!over && (
        <div class="actions">
          {!incident.ack && (
            <button type="button" class="primary" onClick={() => askAck(incident)}>
              Acknowledge
            </button>
          )}
          <button type="button" onClick={() => askSilence(silencing(incident.cause))}>
            Silence
          </button>
        </div>
      )}
    </header>
  );
}

/* Changes whenever the site says something new about this incident. */
function versionOf(id: string): string {
  const live = incidents.value.find((incident) => incident.id === id);
  const over = ended.value.find((incident) => incident.id === id);
  const said = recent.value.find((ev) => ev.subject === id);
  return [JSON.stringify(live), over?.state, said?.hash].join(" ");
}

export function IncidentPage({ id }: { id: string }) {
  const { data, error, isAbsent, again } = useFetched(() => api.getIncident(id), id, versionOf(id));
  const live = incidents.value.find((incident) => incident.id === id);
  const incident = live ?? data;
  const lines = incident ? timeline(incident, data?.timeline) : [];
  return (
    <main id="main" class="page incident-page" tabIndex={-1}>
      <p class="crumb">
        <a href="/incidents">Incidents</a>
      </p>
      {error && !incident && <h1>{isAbsent ? "No such incident" : "Incident"}</h1>}
      {isAbsent && <p class="quiet">{error}</p>}
      {error && !isAbsent && <Trouble text={error} retry={again} />}
      {!incident && !error && <Loading />}
      {incident && (
        <>
          <IncidentHead incident={incident} />
          <div class="incident-columns">
            <section>
              <h2>Timeline</h2>
              <ol class="timeline">
                {lines.map((line, i) => (
                  <TimelineLine
                    key={`${line.at} ${line.text}`}
                    line={line}
                    previous={lines[i - 1]}
                  />
                ))}
              </ol>
            </section>
            <div>
              <Before incident={incident} />
              <Members incident={incident} />
              {isGroup(incident.cause) && <AlertTexts cause={incident.cause} />}
            </div>
          </div>
        </>
      )}
    </main>
  );
}

/* ---- the list ---- */

function ListRow({ incident }: { incident: Incident }) {
  const over = !isOpen(incident);
  const from = parse(incident.since) ?? parse(incident.opened);
  return (
    <li>
      <a href={incidentPath(incident.id)} data-row data-incident={incident.id}>
        <Glyph
          state={over ? "ok" : (incident.members[0]?.state ?? "failing")}
          scope={incident.members[0]?.scope}
        />
        <span class="title">
          {incident.title}
          {!over && incident.ack && (
            <span class="acked">{incident.ack.by || "somebody"} looks after it</span>
          )}
        </span>
        <span class="facts">
          {from !== null && (
            <span>
              {day(from)}, {hourMinute(from)}
            </span>
          )}
          {over ? (
            <span>lasted {lasted(incident)}</span>
          ) : (
            <span>
              for <When at={from} as="span" />
            </span>
          )}
          <span>{count(incident.members.length + incident.more_members, "check")}</span>
          <span>{incident.state === "merged" ? "merged" : toldSummary(incident)}</span>
        </span>
      </a>
    </li>
  );
}

/* How many are asked for, then at "Older"; a site answers no more than the last. */
const STEPS = [50, 200, 500];

function Older({ more }: { more: (() => void) | null }) {
  if (!more)
    return (
      <p class="quiet">
        Older ones are in <a href="/journal?kind=incident">the journal</a>.
      </p>
    );
  return (
    <button type="button" onClick={more}>
      Older
    </button>
  );
}

export function IncidentsPage() {
  const [step, setStep] = useState(0);
  const limit = STEPS[step]!;
  const version = incidents.value.map((i) => i.id + i.state).join() + limit;
  const { data, error, again } = useFetched(
    () => api.getIncidents("all", limit),
    "incidents",
    version,
  );
  const open = incidents.value;
  const past = (data?.incidents ?? []).filter((incident) => !isOpen(incident));
  return (
    <main id="main" class="page" tabIndex={-1}>
      <h1>Incidents</h1>
      <h2>
        Open <span class="n">{open.length}</span>
      </h2>
      {open.length === 0 ? (
        <p class="calm">None.</p>
      ) : (
        <ul class="incident-list">
          {open.map((incident) => (
            <ListRow key={incident.id} incident={incident} />
          ))}
        </ul>
      )}
      <h2>Past</h2>
      {error && <Trouble text={error} retry={again} />}
      {!data && !error && <Loading />}
      {data && past.length === 0 && <p class="calm">None that the journals remember.</p>}
      <ul class="incident-list past">
        {past.map((incident) => (
          <ListRow key={incident.id} incident={incident} />
        ))}
      </ul>
      {data && data.incidents.length >= limit && (
        <Older more={step + 1 < STEPS.length ? () => setStep(step + 1) : null} />
      )}
    </main>
  );
}
