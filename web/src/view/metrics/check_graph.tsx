// SPDX-License-Identifier: Apache-2.0
// A check over time: how long its probe took and how often it succeeded, as this site's own samples
// say; incidents as bands.

import { useEffect, useMemo, useState } from "preact/hooks";
import { getIncidents } from "../../model/api";
import { now } from "../../model/clock";
import { parse } from "../../model/format";
import type { Check, Incident } from "../../model/types";
import { absolute, isRelative, spanOf, writeDuration, type TimeRange } from "../../model/timerange";
import type { TimeBand } from "../chart/chart";
import { useFetched } from "../fetched";
import { useRound } from "./answers";
import { Panel } from "./panel";

const EVERY_S = 30;
const INCIDENTS_MOST = 200;
const isAbout = (incident: Incident, name: string) =>
  incident.cause === name || incident.members.some((member) => member.check === name);

function bandOf(incident: Incident, name: string): TimeBand {
  const member = incident.members.find(({ check }) => check === name);
  const from = parse(member?.since) ?? parse(incident.since) ?? 0;
  const until = parse(member?.recovered) ?? parse(incident.recovered) ?? parse(incident.closed);
  return {
    from: from / 1000,
    until: (until ?? now()) / 1000,
    text: incident.title,
    tone: member?.state === "silent" ? "warn" : "bad",
  };
}

function useBands(check: Check): TimeBand[] {
  const version = `${check.incident} ${check.state}`;
  const { data } = useFetched(() => getIncidents("all", INCIDENTS_MOST), "incidents", version);
  return useMemo(
    () =>
      (data?.incidents ?? [])
        .filter((incident) => isAbout(incident, check.name) && incident.state !== "merged")
        .map((incident) => bandOf(incident, check.name)),
    [data, check.name],
  );
}

const ABSENT = "this site has no samples of its probe in that time";
const SHORT_S = 60; /* up to such a step each probe is seen; beyond it, the slowest of each step */

/* By site: whoever scrapes a site besides itself sees the same once more. */
const tookOf = (of: string) => (step: number) =>
  step <= SHORT_S
    ? `max by (site) (probe_duration_seconds${of})`
    : `max by (site) (max_over_time(probe_duration_seconds${of}[${step}s]))`;
const successOf = (of: string) => (step: number) =>
  `min by (site) (avg_over_time(probe_success${of}[${Math.max(SHORT_S, step)}s]))`;

interface CheckGraphProps {
  check: Check;
  back: number /* milliseconds before now that are shown */;
  zone?: string;
}

/* What was zoomed into, until another span is chosen. */
function useRange(back: number): [TimeRange, (range: TimeRange | null) => void] {
  const [zoomed, setZoomed] = useState<TimeRange | null>(null);
  useEffect(() => setZoomed(null), [back]);
  return [zoomed ?? { from: `now-${writeDuration(back)}`, to: "now" }, setZoomed];
}

export function CheckGraph({ check, back, zone }: CheckGraphProps) {
  const [range, zoom] = useRange(back);
  const round = useRound(EVERY_S);
  const bands = useBands(check);
  const span = useMemo(() => spanOf(range, now())!, [range.from, range.to, round]);
  const of = `{check=${JSON.stringify(check.name)}}`;
  const legend = "from {{site}}";
  const shared = {
    range,
    span,
    bands,
    zone,
    level: 4 as const,
    sync: "check",
    absent: ABSENT,
    onZoom: (from: number, until: number) =>
      zoom(absolute({ from: from * 1000, until: until * 1000 })),
  };
  return (
    <section>
      <div class="section-head">
        <h3>Over time</h3>
        {!isRelative(range) && (
          <button type="button" class="link" onClick={() => zoom(null)}>
            All of it
          </button>
        )}
      </div>
      <Panel
        {...shared}
        title="Probe took"
        unit="s"
        min={0}
        height={150}
        queries={[{ expr: tookOf(of), legend }]}
      />
      <Panel
        {...shared}
        title="Succeeded"
        unit="percentunit"
        min={0}
        max={1}
        height={100}
        between="stepAfter"
        queries={[{ expr: successOf(of), legend }]}
      />
    </section>
  );
}
