// SPDX-License-Identifier: Apache-2.0
// The page that stays open on the wall: the sites side by side, mirrored around what joins them.

import { isFiltering, type Column, type Group } from "../model/arrange";
import { count, hourMinute, number, parse, zoneName } from "../model/format";
import { now, tick } from "../model/clock";
import { clearFilter, filter, STATES, toggleState } from "../model/filter";
import { setParams } from "../model/router";
import { arrangement, counts, head, isAnythingDeclared, sites } from "../model/store";
import type { Site } from "../model/types";
import { Headline } from "./headline";
import { CheckLink, Glyph, When } from "./parts";
import { Mini, Row } from "./row";
import { Middle, Rails } from "./spine";

function StateChips() {
  const { states } = filter.value;
  return (
    <div class="chips" role="group" aria-label="By state">
      {STATES.map((state) => (
        <button
          type="button"
          key={state}
          aria-pressed={states.includes(state)}
          class={`chip is-${state}${counts.value[state] ? "" : " is-none"}`}
          onClick={() => toggleState(state)}
        >
          <Glyph state={state} />
          {state} <span class="n">{number(counts.value[state])}</span>
        </button>
      ))}
    </div>
  );
}

function SiteChips() {
  const { site } = filter.value;
  return (
    <div class="chips" role="group" aria-label="By site">
      {sites.value.map(({ name }) => (
        <button
          type="button"
          key={name}
          class="chip"
          aria-pressed={site === name}
          onClick={() => setParams({ site: site === name ? "" : name })}
        >
          {name}
        </button>
      ))}
    </div>
  );
}

function FilterNote() {
  const { shown, total } = arrangement.value;
  return (
    <p class="filter-note" aria-live="polite">
      {isFiltering(filter.value) && (
        <>
          {number(shown)} of {count(total, "check")}{" "}
          <button type="button" class="link" onClick={clearFilter}>
            show all
          </button>
        </>
      )}
    </p>
  );
}

function FilterBar() {
  return (
    <search class="filter" aria-label="Filter checks">
      <label class="search">
        <span class="only-read">Search checks</span>
        <input
          type="search"
          id="search"
          placeholder="Search"
          value={filter.value.text}
          autocomplete="off"
          spellcheck={false}
          onInput={(ev) => setParams({ q: ev.currentTarget.value })}
        />
        <kbd aria-hidden="true">/</kbd>
      </label>
      <div class="chip-rows">
        <StateChips />
        <SiteChips />
      </div>
      <FilterNote />
    </search>
  );
}

/* ---- a site's column ---- */

function SiteClock({ zone }: { zone: string }) {
  void tick.value;
  const t = now();
  return (
    <span class="site-clock">
      {hourMinute(t, zone)} <span class="quiet">{zoneName(t, zone)}</span>
    </span>
  );
}

function SiteFacts({ site }: { site: Site }) {
  const revision = head.value?.revision;
  const isSame = !site.lab_hash || !revision || site.lab_hash === revision.hash;
  return (
    <ul class="site-facts">
      {site.is_blind && <li class="is-failing">blind: sees nothing outside</li>}
      <li>
        since <When at={parse(site.since)} as="age" zone={site.zone} none="?" />
      </li>
      <li class={isSame ? "" : "is-silent"}>
        {isSame ? (
          "same lab.yaml"
        ) : (
          <>
            lab.yaml differs: <code>{site.lab_hash?.slice(0, 7)}</code>
          </>
        )}
      </li>
      <li class={site.egress === "failing" ? "is-failing" : ""}>egress {site.egress}</li>
      {site.journal && <li>{number(site.journal.events)} events</li>}
    </ul>
  );
}

function SiteHead({ site }: { site: Site }) {
  return (
    <header class={`site-head is-${site.state}`}>
      <div class="site-title">
        <Glyph state={site.state} />
        <h2>
          <CheckLink name={`site:${site.name}`}>{site.name}</CheckLink>
        </h2>
        <span class={`site-state is-${site.state}`}>{site.state}</span>
        <SiteClock zone={site.zone} />
      </div>
      <SiteFacts site={site} />
    </header>
  );
}

function HostGroup({ group }: { group: Group }) {
  const isSelf = group.kind === "self";
  return (
    <section class={isSelf ? "group self" : "group"}>
      <h3>
        {group.title} <span class="n">{group.names.length}</span>
      </h3>
      <ul class={isSelf ? "minis" : "rows"}>
        {group.names.map((name) =>
          isSelf ? (
            <Mini key={name} name={name} />
          ) : (
            <Row key={name} name={name} showHost={group.kind === "lone"} />
          ),
        )}
      </ul>
    </section>
  );
}

function SiteChecks({ column }: { column: Column }) {
  const isEmpty = column.unwell.length === 0 && column.lanes.every((lane) => lane.length === 0);
  return (
    <>
      {column.unwell.length > 0 && (
        <section class="group unwell">
          <h3>
            not well <span class="n">{column.unwell.length}</span>
          </h3>
          <ul class="rows">
            {column.unwell.map((name) => (
              <Row key={name} name={name} showHost />
            ))}
          </ul>
        </section>
      )}
      <div class="lanes">
        {column.lanes.map((lane, i) => (
          <div class="lane" key={i}>
            {lane.map((group) => (
              <HostGroup key={group.key} group={group} />
            ))}
          </div>
        ))}
      </div>
      {isEmpty && (
        <p class="nothing">
          {column.total > 0 ? "No check here passes the filter." : "No checks here."}
        </p>
      )}
    </>
  );
}

/* ---- nothing declared ---- */

const SAMPLE = `probes:
  photos: {home: SITE, every: 15s, http: {url: "https://photos.example.net/"}}
heartbeats:
  backup: {home: SITE, every: 24h, grace: 1h}`;

function EmptyLab() {
  const self = head.value?.site ?? "dublin";
  return (
    <section class="empty-lab">
      <p>
        Declare what should be true in <code>lab.yaml</code>; the site takes it up as soon as the
        file is saved:
      </p>
      <pre>{SAMPLE.replace(/SITE/g, self)}</pre>
    </section>
  );
}

export function Overview() {
  const { columns } = arrangement.value;
  const list = sites.value;
  const layout = list.length === 2 ? "two" : "many";
  return (
    <main id="main" class="overview" tabIndex={-1}>
      <Headline />
      <div class="wrap">
        {isAnythingDeclared.value ? <FilterBar /> : <EmptyLab />}
        <div class={`sites ${layout}`} data-count={list.length}>
          {list.map((site, i) => (
            <section key={site.name} class="site" aria-label={`Site ${site.name}`}>
              <SiteHead site={site} />
              {columns[i] && <SiteChecks column={columns[i]} />}
            </section>
          ))}
          <div class="spine">
            <Rails />
            <Middle />
          </div>
        </div>
      </div>
    </main>
  );
}
