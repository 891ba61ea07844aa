// SPDX-License-Identifier: Apache-2.0
// One check as one line: state, name, why, how slow, since when.  Redrawn alone.

import { parse, moment } from "../model/format";
import { now } from "../model/clock";
import { checkSignal, siteZone } from "../model/store";
import { checkPath } from "../model/router";
import type { Check } from "../model/types";
import { Latency } from "./latency";
import { Glyph, Name, StateWord, Tag, When } from "./parts";

/* "fails from dublin only: HTTP 502" */
export function reasonOf(check: Check): string {
  if (check.state === "failing" && check.scope === "path") {
    const from = check.vantages.filter((v) => v.word === "failing").map((v) => v.site);
    return `path problem, fails from ${from.join(", ")} only: ${check.reason}`;
  }
  if (check.state === "paused") {
    const until = parse(check.paused_until);
    return until === null ? "until resumed" : `until ${moment(until, now())}`;
  }
  return check.state === "ok" ? "" : check.reason;
}

function Tags({ check }: { check: Check }) {
  return (
    <>
      {check.is_flapping && <Tag tone="warn">flapping</Tag>}
      {check.is_silenced && <Tag>silenced</Tag>}
    </>
  );
}

function Heard({ check }: { check: Check }) {
  if (check.kind !== "heartbeat") return <Latency check={check} />;
  const newest = Math.max(...check.vantages.map((v) => parse(v.heard) ?? NaN).filter((t) => t > 0));
  const isKnown = Number.isFinite(newest);
  return (
    <span class="latency heard">
      {isKnown && (
        <>
          last <When at={newest} zone={siteZone(check.home)} />
        </>
      )}
    </span>
  );
}

export function Row({ name, showHost }: { name: string; showHost?: boolean }) {
  const check = checkSignal(name)?.value;
  if (!check) return null;
  const reason = reasonOf(check);
  const place = showHost && check.host !== check.name ? check.host : null;
  const isBad = check.state === "failing" || check.state === "silent";
  return (
    <li class={`row is-${check.state}${check.is_silenced ? " is-silenced" : ""}`}>
      <a href={checkPath(name)} data-row data-check={name}>
        <StateWord state={check.state} scope={check.scope} />
        <span class="name">
          <Name text={check.name} />
          {place && <span class="place"> {place}</span>}
        </span>
        <Heard check={check} />
        <span class="since">
          <span class="only-read">since </span>
          <When at={parse(check.since)} zone={siteZone(check.home)} none="" />
        </span>
        {(reason || check.is_flapping || check.is_silenced) && (
          <span class={isBad ? "why" : "why quiet"}>
            {reason && <span class="reason">{reason}</span>}
            <Tags check={check} />
          </span>
        )}
      </a>
    </li>
  );
}

/* A check of the site's own as a word: "clock" for clock@dublin. */
export function Mini({ name }: { name: string }) {
  const check = checkSignal(name)?.value;
  if (!check) return null;
  return (
    <li class={`mini is-${check.state}`}>
      <a href={checkPath(name)} data-row data-check={name}>
        <Glyph state={check.state} scope={check.scope} />
        <span class="only-read">{check.state} </span>
        {name.split("@")[0]}
        {check.state !== "ok" && ` ${check.state}`}
      </a>
    </li>
  );
}
