// SPDX-License-Identifier: Apache-2.0
// What stands between the sites: rails for the links and the watchers, and what the lab shares.

import { useEffect } from "preact/hooks";
import { getEvents } from "../model/api";
import { age, delay, number, parse, took } from "../model/format";
import { now, tick } from "../model/clock";
import {
  arrangement,
  head,
  links,
  recent,
  siteZone,
  sites,
  takeEvent,
  watchers,
} from "../model/store";
import { digest, type Digest } from "../model/digest";
import type { Link, Watcher } from "../model/types";
import { CheckLink, Glyph, When } from "./parts";
import { Row } from "./row";
import { subjectPath } from "./journal";

const LINK_TONE: Record<string, string> = {
  up: "ok",
  suspect: "silent",
  greeting: "pending",
  down: "failing",
  unknown: "unknown",
};

/* Watchers that heard a site this recently hear it. */
const HEARS_MS = 20_000;

function Half({ tone, flip }: { tone: string; flip?: boolean }) {
  return (
    <svg
      class={`half is-${tone}${flip ? " flip" : ""}`}
      viewBox="0 0 60 12"
      aria-hidden="true"
      preserveAspectRatio="none"
    >
      <path d="M0 6H60" vector-effect="non-scaling-stroke" />
    </svg>
  );
}

function Rail({
  left,
  right,
  children,
}: {
  left: string;
  right: string;
  children: preact.ComponentChildren;
}) {
  return (
    <div class="rail">
      <Half tone={left} />
      <div class="rail-label">{children}</div>
      <Half tone={right} flip />
    </div>
  );
}

function facts(link: Link): string {
  const parts: string[] = [];
  if (link.lag_events !== null)
    parts.push(link.lag_events > 0 ? `lag ${number(link.lag_events)}` : "no lag");
  if (link.skew_ms !== null) parts.push(`skew ${delay(Math.abs(Math.round(link.skew_ms)))}`);
  return parts.join(" · ");
}

function LinkRail({ link, showEnds }: { link: Link; showEnds: boolean }) {
  const tone = LINK_TONE[link.state] ?? "unknown";
  const isUp = link.state === "up";
  return (
    <div class={`rail-block is-${tone}`}>
      <Rail left={tone} right={tone}>
        <Glyph state={tone} />
        <strong>
          <CheckLink name={`link:${link.a}-${link.b}`}>
            {showEnds ? `${link.a} — ${link.b}` : "link"} {link.state}
          </CheckLink>
        </strong>
      </Rail>
      <p class="facts">
        {isUp && link.rtt_ms !== null && link.rtt_ms >= 0 && (
          <span class="big">
            {link.rtt_ms < 1 ? "< 1 ms" : took(link.rtt_ms)}
            <span class="only-read"> round trip</span>
          </span>
        )}
        {!isUp && (
          <span>
            for <When at={parse(link.since)} as="span" none="?" />
          </span>
        )}
        {isUp && <span>{facts(link)}</span>}
      </p>
    </div>
  );
}

function Drill({ watcher }: { watcher: Watcher }) {
  const at = parse(watcher.drill?.at);
  if (at === null || !watcher.drill) return <span>no drill yet</span>;
  return (
    <span class={watcher.drill.ok ? "" : "is-failing"}>
      <CheckLink name={`drill:${watcher.name}`}>
        drill {watcher.drill.ok ? "passed" : "failed"}
      </CheckLink>{" "}
      <When at={at} as="ago" />
    </span>
  );
}

function Hears({ watcher, site, showName }: { watcher: Watcher; site: string; showName: boolean }) {
  void tick.value;
  const at = parse(watcher.hears[site]);
  const isHeard = at !== null && now() - at < HEARS_MS;
  return (
    <span class={isHeard ? "hears" : "hears is-failing"}>
      <span class="only-read">
        {watcher.name} heard {site}{" "}
      </span>
      {showName ? `${site} ` : <span aria-hidden="true">heard </span>}
      {at === null ? "never" : `${age(now() - at)} ago`}
    </span>
  );
}

function toneOfHearing(watcher: Watcher, site: string): string {
  if (watcher.state !== "ok") return "unknown";
  const at = parse(watcher.hears[site]);
  return at !== null && now() - at < HEARS_MS ? "ok" : "failing";
}

function WatcherRail({ watcher }: { watcher: Watcher }) {
  void tick.value;
  const names = sites.value.map((site) => site.name);
  const [left, right] = [names[0] ?? "", names[1] ?? names[0] ?? ""];
  return (
    <div class={`rail-block is-${watcher.state}`}>
      <Rail left={toneOfHearing(watcher, left)} right={toneOfHearing(watcher, right)}>
        <Glyph state={watcher.state} />
        <strong>
          <CheckLink name={`watcher:${watcher.name}`}>{watcher.name}</CheckLink>
        </strong>
        {watcher.state !== "ok" && <span> {watcher.state}</span>}
      </Rail>
      <p class="facts hearing">
        {names.map((name) => (
          <span class="hearing-site" key={name}>
            <Hears watcher={watcher} site={name} showName={names.length !== 2} />
          </span>
        ))}
      </p>
      <p class="facts">
        <Drill watcher={watcher} />
      </p>
    </div>
  );
}

export function Rails() {
  return (
    <section class="rails" aria-label="Links and watchers">
      {links.value.map((link) => (
        <LinkRail key={`${link.a} ${link.b}`} link={link} showEnds={sites.value.length !== 2} />
      ))}
      {watchers.value.map((watcher) => (
        <WatcherRail key={watcher.name} watcher={watcher} />
      ))}
    </section>
  );
}

function RevisionNote() {
  const revision = head.value?.revision;
  if (!revision) return null;
  const id = (revision.commit ?? revision.hash).slice(0, 7);
  return (
    <div class="revision">
      <h3>lab.yaml</h3>
      <p>
        <code>{id}</code> {revision.summary ?? "not from a commit"}
        <span class="quiet">
          {revision.author && ` · ${revision.author}`} ·{" "}
          <When at={parse(revision.since)} as="ago" />
        </span>
      </p>
    </div>
  );
}

/* Not the every-minute business of heartbeats and receipts. */
const WORTH_SEEING =
  "config,evidence,link,boot,shutdown,ack,silence,pause,drill,recovered,damaged,lost,repaired,clock,note";
const RECENT_SHOWN = 7;
const RECENT_READ = 40;

async function readRecent(): Promise<void> {
  if (recent.peek().length > 0) return;
  try {
    const answer = await getEvents({ kind: WORTH_SEEING, limit: RECENT_READ });
    for (const ev of [...answer.events].reverse()) takeEvent(ev);
  } catch {
    /* the list stays empty; the journal's page says what is wrong */
  }
}

function RecentItem({ item }: { item: Digest }) {
  const to = item.event ? subjectPath(item.event) : "/journal?kind=evidence";
  return (
    <li>
      <When at={parse(item.at)} zone={siteZone(item.site)} />
      {to ? (
        <a class="plain" href={to}>
          {item.text}
        </a>
      ) : (
        <span>{item.text}</span>
      )}
    </li>
  );
}

function Recent() {
  useEffect(() => void readRecent(), []);
  const kinds = WORTH_SEEING.split(",");
  const list = digest(recent.value.filter((ev) => kinds.includes(ev.kind))).slice(0, RECENT_SHOWN);
  return (
    <div class="recent">
      <h3>
        <a class="plain" href="/journal">
          Latest in the journal
        </a>
      </h3>
      {list.length === 0 ? (
        <p class="quiet">Nothing yet.</p>
      ) : (
        <ol>
          {list.map((item) => (
            <RecentItem key={item.key} item={item} />
          ))}
        </ol>
      )}
    </div>
  );
}

export function Middle() {
  const names = arrangement.value.middle;
  return (
    <section class="middle" aria-label="Shared by the lab">
      {names.length > 0 && (
        <ul class="rows shared">
          {names.map((name) => (
            <Row key={name} name={name} />
          ))}
        </ul>
      )}
      <RevisionNote />
      <Recent />
    </section>
  );
}
