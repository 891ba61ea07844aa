// SPDX-License-Identifier: Apache-2.0
// The machines that are measured, and one of them with its graphs.

import { useMemo } from "preact/hooks";
import { compareNames } from "../../model/arrange";
import { now } from "../../model/clock";
import { readRange, REFRESHES } from "../../model/explore";
import { duration } from "../../model/format";
import { fill, HOST_COLUMNS, matcherOf, PANELS, windowOf } from "../../model/host_panels";
import {
  query,
  targets,
  type Labels,
  type Target,
  type VectorSample,
} from "../../model/prometheus";
import { checkPath, hostPath, params, setParams } from "../../model/router";
import { allChecks, shape } from "../../model/store";
import { absolute, parseDuration, spanOf, type TimeRange } from "../../model/timerange";
import { formatOf, plain } from "../../model/units";
import { Loading, StateWord } from "../parts";
import { useAnswer, useRound } from "./answers";
import { Health, MetricsFrame, Refused } from "./frame";
import { Panel } from "./panel";
import { TimePicker } from "./picker";

const EVERY_S = 30;
const INTERVAL_S = 60; /* between two scrapes, where it isn't known: Prometheus' own default */

/* Who is known to be a machine: who was one within a day, and whose exporter is scraped. */
const KNOWN = 'last_over_time(node_uname_info[1d]) or up{job="node"}';

async function vector(expr: string, signal: AbortSignal): Promise<VectorSample[]> {
  const result = await query({ query: expr }, signal);
  return result.type === "vector" ? result.series : [];
}

function byInstance(samples: VectorSample[]): Map<string, number> {
  const out = new Map<string, number>();
  for (const { metric, value } of samples)
    if (metric.instance && value) out.set(metric.instance, value[1]);
  return out;
}

/* ---- all of them */

async function readHosts(signal: AbortSignal) {
  const [known, up, ...columns] = await Promise.all(
    [KNOWN, "max by (instance) (up)", ...HOST_COLUMNS.map((column) => column.expr)].map((expr) =>
      vector(expr, signal),
    ),
  );
  const names = new Set(known!.map(({ metric }) => metric.instance ?? ""));
  return { names, up: byInstance(up!), columns: columns.map(byInstance) };
}

/* Hosts that checks are on, whether they are measured or not. */
function declaredHosts(): string[] {
  void shape.value;
  return allChecks().flatMap((check) => (check.host ? [check.host] : []));
}

function HowToMeasure({ name = "nas" }: { name?: string }) {
  return (
    <>
      <p>
        A site measures its own machine by itself. Another is scraped by its site once its
        node_exporter stands in <code>lab.yaml</code>:
      </p>
      <pre class="sample">{`hosts:
  ${name}: {site: …, address: …, metrics: ":9100"}`}</pre>
    </>
  );
}

/* What is sent here by others has samples, and nobody who says that it is up. */
function upState(up: number | undefined, hasSamples: boolean): [string, string] {
  if (up === undefined) return hasSamples ? ["unknown", "sent"] : ["pending", "not measured"];
  return up > 0 ? ["ok", "up"] : ["failing", "down"];
}

function State({ up, hasSamples }: { up: number | undefined; hasSamples: boolean }) {
  const [state, word] = upState(up, hasSamples);
  return <Health state={state} word={word} />;
}

export function HostsPage() {
  const round = useRound(EVERY_S);
  const { data, error } = useAnswer(readHosts, `hosts ${round}`, "hosts");
  const names = [...new Set([...(data?.names ?? []), ...declaredHosts()])]
    .filter(Boolean)
    .sort(compareNames);
  return (
    <MetricsFrame title="Hosts">
      <Refused error={error} />
      {!data && !error && <Loading />}
      {data && names.length === 0 && (
        <div class="calm">
          <p>No machine is measured here.</p>
          <HowToMeasure />
        </div>
      )}
      {data && names.length > 0 && (
        <div class="table-scroll">
          <table class="hosts">
            <thead>
              <tr>
                <th scope="col">Host</th>
                <th scope="col">Exporter</th>
                {HOST_COLUMNS.map(({ title }) => (
                  <th key={title} scope="col" class="is-number">
                    {title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {names.map((name) => (
                <tr key={name}>
                  <th scope="row">
                    <a href={hostPath(name)} data-row>
                      {name}
                    </a>
                  </th>
                  <td>
                    <State
                      up={data.up.get(name)}
                      hasSamples={data.columns.some((column) => column.has(name))}
                    />
                  </td>
                  {HOST_COLUMNS.map(({ title, unit }, i) => {
                    const value = data.columns[i]!.get(name);
                    return (
                      <td key={title} class="is-number">
                        {value === undefined ? "–" : formatOf(unit)(value)}
                      </td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </MetricsFrame>
  );
}

/* ---- one of them */

async function readFacts(name: string, signal: AbortSignal) {
  const wanted =
    "node_uname_info|node_os_info|node_boot_time_seconds|node_memory_MemTotal_bytes|up|scrape_duration_seconds";
  const i = matcherOf(name);
  const [facts, cores, list] = await Promise.all([
    vector(`{__name__=~"${wanted}", ${i}}`, signal),
    vector(`count(count by (cpu) (node_cpu_seconds_total{${i}}))`, signal),
    targets(signal),
  ]);
  const of = (metric: string) => facts.find(({ metric: m }) => m.__name__ === metric);
  const scraped = list.data.activeTargets.filter((target) => target.labels.instance === name);
  return { of, cores: cores[0]?.value?.[1], targets: scraped };
}
type HostFacts = Awaited<ReturnType<typeof readFacts>>;

function systemOf(labels: Labels | undefined, os: Labels | undefined): string {
  const parts = [os?.pretty_name, labels && `${labels.sysname} ${labels.release}`, labels?.machine];
  return parts.filter(Boolean).join(", ");
}

function FactsLine({ facts }: { facts: HostFacts }) {
  const boot = facts.of("node_boot_time_seconds")?.value?.[1];
  const memory = facts.of("node_memory_MemTotal_bytes")?.value?.[1];
  const parts = [
    systemOf(facts.of("node_uname_info")?.metric, facts.of("node_os_info")?.metric),
    facts.cores !== undefined && `${plain(facts.cores)} ${facts.cores === 1 ? "core" : "cores"}`,
    memory !== undefined && formatOf("bytes")(memory),
    boot !== undefined && `up for ${duration(now() - boot * 1000)}`,
  ].filter(Boolean);
  return parts.length > 0 ? <p class="lead">{parts.join(" · ")}</p> : null;
}

/* Scraped, or sent here by others. */
const isMeasured = (facts: HostFacts) =>
  facts.targets.length > 0 || !!facts.of("up") || !!facts.of("node_boot_time_seconds");

/* Why there is nothing, or may soon be nothing. */
function Scraping({ name, facts }: { name: string; facts: HostFacts }) {
  const down = facts.targets.filter((target) => target.health === "down");
  if (!isMeasured(facts))
    return (
      <div class="calm">
        <p>
          This site scrapes nothing called <strong>{name}</strong>. A host of another site is
          measured there.
        </p>
        <HowToMeasure name={name} />
      </div>
    );
  return (
    <>
      {down.map((target) => (
        <p key={target.scrapeUrl} class="note is-bad">
          <code>{target.scrapeUrl}</code> can’t be scraped: {target.lastError || "no answer yet"}
        </p>
      ))}
    </>
  );
}

function ChecksOfHost({ name }: { name: string }) {
  void shape.value;
  const checks = allChecks()
    .filter((check) => check.host === name)
    .sort((a, b) => compareNames(a.name, b.name));
  if (checks.length === 0) return null;
  return (
    <p class="host-checks">
      {checks.map((check) => (
        <a key={check.name} class="plain" href={checkPath(check.name)}>
          <StateWord state={check.state} scope={check.scope} /> {check.name}
        </a>
      ))}
    </p>
  );
}

const intervalOf = (list: Target[]) =>
  Math.max(
    0,
    ...list
      .filter((target) => target.labels.job?.startsWith("node"))
      .map((target) => parseDuration(target.scrapeInterval) / 1000 || 0),
  ) || INTERVAL_S;

const USUAL: TimeRange = { from: "now-1h", to: "now" };

export function HostPage({ name }: { name: string }) {
  const p = params.value;
  const range = readRange(p, USUAL);
  const wanted = Number(p.get("refresh") ?? EVERY_S);
  const refresh = REFRESHES.includes(wanted) ? wanted : EVERY_S;
  const zone = p.get("zone") ?? "";
  const round = useRound(refresh);
  const { data: facts, error } = useAnswer(
    (signal) => readFacts(name, signal),
    `${name} ${round}`,
    name,
  );
  const span = useMemo(() => spanOf(range, now())!, [range.from, range.to, round]);
  const interval = intervalOf(facts?.targets ?? []);
  const set = (changes: { range?: TimeRange; refresh?: number; zone?: string }) =>
    setParams({
      ...(changes.range && { from: changes.range.from, to: changes.range.to }),
      ...(changes.refresh !== undefined && { refresh: String(changes.refresh) }),
      ...(changes.zone !== undefined && { zone: changes.zone }),
    });
  return (
    <MetricsFrame
      title={name}
      tools={<TimePicker range={range} refresh={refresh} zone={zone} set={set} />}
    >
      <Refused error={error} />
      {facts && <FactsLine facts={facts} />}
      <ChecksOfHost name={name} />
      {facts && <Scraping name={name} facts={facts} />}
      {!facts && !error && <Loading />}
      {facts && isMeasured(facts) && (
        <div class="panels">
          {PANELS.map(({ queries, title, ...panel }) => (
            <Panel
              key={title}
              title={title}
              {...panel}
              range={range}
              span={span}
              zone={zone || undefined}
              sync={`host ${name}`}
              queries={queries.map(({ expr, legend }) => ({
                expr: (step) => fill(expr, name, windowOf(interval, step)),
                legend,
              }))}
              onZoom={(from, until) =>
                set({ range: absolute({ from: from * 1000, until: until * 1000 }) })
              }
            />
          ))}
        </div>
      )}
    </MetricsFrame>
  );
}
