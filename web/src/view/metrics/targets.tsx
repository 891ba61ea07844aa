// SPDX-License-Identifier: Apache-2.0
// What is scraped, and how the last scrape of each went.

import { explorePath } from "../../model/explore";
import { count, hasWords, number, parse, took } from "../../model/format";
import {
  query,
  targets,
  writeSelector,
  type DroppedTarget,
  type Labels,
  type Target,
} from "../../model/prometheus";
import { params } from "../../model/router";
import { head, sites } from "../../model/store";
import { ChoiceFilter, Filters, TextFilter } from "../filters";
import { Loading, Tag, When } from "../parts";
import { useAnswer, useRound } from "./answers";
import { Health, MetricsFrame, Refused } from "./frame";
import { Selector } from "./results";

const EVERY_S = 10;

/* Series of another site are asked for by its name. */
const ofSite = (site: string): Labels => (site ? { site } : {});

/* How many samples each target's last scrape had: a series of its own. */
async function readTargets(signal: AbortSignal, site: string) {
  const counted = writeSelector({ __name__: "scrape_samples_scraped", ...ofSite(site) });
  const [list, samples] = await Promise.all([
    targets(signal, site),
    query({ query: counted }, signal).catch(() => null),
  ]);
  const counts = new Map<string, number>();
  if (samples?.type === "vector")
    for (const { metric, value } of samples.series) if (value) counts.set(keyOf(metric), value[1]);
  return { ...list.data, counts };
}

const keyOf = ({ job, instance }: Labels) => `${job} ${instance}`;

const WORDS: Record<Target["health"], [string, string]> = {
  up: ["ok", "up"],
  down: ["failing", "down"],
  unknown: ["pending", "not yet"],
};
const STATES = (["down", "up", "unknown"] as const).map((it) => [it, WORDS[it][1]] as const);

const hasText = (target: Target, text: string) =>
  hasWords(
    [
      target.scrapePool,
      target.scrapeUrl,
      writeSelector(target.labels),
      target.lastError,
      target.lastWarning,
    ],
    text,
  );

const isPast = (t: number | null) => t !== null && t > 0;

/* "1m30s" as the page writes lengths elsewhere: "1 m 30 s" */
const spaced = (text: string) => text.replace(/(\d+)(\D+)/g, "$1 $2 ").trim();

function TargetRow({
  target,
  site,
  samples,
}: {
  target: Target;
  site: string;
  samples: number | undefined;
}) {
  const [state, word] = WORDS[target.health];
  const last = parse(target.lastScrape);
  const { instance = target.scrapeUrl, job: _, ...rest } = target.labels;
  return (
    <>
      <tr>
        <th scope="row">
          <a
            href={explorePath({
              queries: [writeSelector({ job: target.labels.job ?? "", instance, ...ofSite(site) })],
              view: "table",
            })}
            data-row
          >
            {instance}
          </a>
        </th>
        <td>
          <Health state={state} word={word} />
        </td>
        <td>
          <When at={isPast(last) ? last : null} as="ago" />
        </td>
        <td class="is-number" data-head="took">
          {isPast(last) ? took(target.lastScrapeDuration * 1000) : "–"}
        </td>
        <td class="is-number" data-head="samples">
          {samples === undefined ? "–" : number(samples)}
        </td>
        <td class="is-number" data-head="every">
          {spaced(target.scrapeInterval)}
        </td>
        <td class="breakable">
          <code>{target.scrapeUrl}</code>{" "}
          {Object.entries(rest).map(([key, value]) => (
            <Tag key={key}>
              {key}={value}
            </Tag>
          ))}
        </td>
      </tr>
      {(target.lastError || target.lastWarning) && (
        <tr class="target-error">
          <td colSpan={7}>{target.lastError || `left out: ${target.lastWarning}`}</td>
        </tr>
      )}
    </>
  );
}

function Pool({
  name,
  list,
  site,
  counts,
}: {
  name: string;
  list: Target[];
  site: string;
  counts: Map<string, number>;
}) {
  const up = list.filter((target) => target.health === "up").length;
  return (
    <section>
      <h2>
        {name}{" "}
        <span class="n">
          {up} of {list.length} up
        </span>
      </h2>
      <div class="table-scroll">
        <table class="targets">
          <thead>
            <tr>
              <th scope="col">Target</th>
              <th scope="col">State</th>
              <th scope="col">Scraped</th>
              <th scope="col" class="is-number">
                Took
              </th>
              <th scope="col" class="is-number">
                Samples
              </th>
              <th scope="col" class="is-number">
                Every
              </th>
              <th scope="col">Address and labels</th>
            </tr>
          </thead>
          <tbody>
            {list.map((target) => (
              <TargetRow
                key={`${target.scrapeUrl} ${writeSelector(target.labels)}`}
                target={target}
                site={site}
                samples={counts.get(keyOf(target.labels))}
              />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

const DROPPED_MOST = 100;

function Dropped({ list }: { list: DroppedTarget[] }) {
  if (list.length === 0) return null;
  return (
    <details class="dropped">
      <summary>
        {count(list.length, "target was", "targets were")} found but dropped by relabeling
      </summary>
      <ul>
        {list.slice(0, DROPPED_MOST).map(({ discoveredLabels }, i) => (
          <li key={i}>
            <Selector labels={discoveredLabels} />
          </li>
        ))}
      </ul>
    </details>
  );
}

function pools(list: Target[]): [string, Target[]][] {
  const out = new Map<string, Target[]>();
  for (const target of list) {
    const pool = out.get(target.scrapePool);
    if (pool) pool.push(target);
    else out.set(target.scrapePool, [target]);
  }
  return [...out].sort(([a], [b]) => (a < b ? -1 : 1));
}

export function TargetsPage() {
  const round = useRound(EVERY_S);
  const others = sites.value.map((it) => it.name).filter((name) => name !== head.value?.site);
  const site = params.value.get("site") ?? "";
  const { data, error } = useAnswer(
    (signal) => readTargets(signal, site),
    `targets ${site} ${round}`,
    `targets ${site}`,
  );
  const text = params.value.get("q")?.trim() ?? "";
  const state = params.value.get("state") ?? "";
  const all = data?.activeTargets ?? [];
  const shown = all.filter(
    (target) => (!state || target.health === state) && (!text || hasText(target, text)),
  );
  const down = all.filter((target) => target.health === "down").length;
  return (
    <MetricsFrame title="Targets">
      <p class="lead">
        {data && all.length > 0
          ? `${count(all.length, "target")}, ${down === 0 ? "all of them answer" : `${down} of them down`}.`
          : "What is scraped, and how it went."}
      </p>
      <Refused error={error} />
      {!data && !error && <Loading />}
      {data && all.length === 0 && (
        <div class="calm">
          <p>
            Nothing is scraped. In <code>lab.yaml</code>, in Prometheus’ own syntax:
          </p>
          <pre class="sample">{`metrics:
  scrape_configs:
    - job_name: node
      static_configs: [{targets: ["10.1.0.10:9100"]}]`}</pre>
        </div>
      )}
      {(all.length > 0 || others.length > 0) && (
        <Filters of="targets">
          {others.length > 0 && (
            <ChoiceFilter
              name="site"
              label="Site"
              options={others.map((name) => [name, name] as const)}
              all={head.value?.site ?? "this"}
            />
          )}
          <ChoiceFilter name="state" label="State" options={STATES} />
          <TextFilter placeholder="job, address, label, error" />
        </Filters>
      )}
      {all.length > 0 && shown.length === 0 && <p class="calm">No target is as the filter says.</p>}
      {pools(shown).map(([name, list]) => (
        <Pool key={name} name={name} list={list} site={site} counts={data!.counts} />
      ))}
      {data && <Dropped list={data.droppedTargets} />}
    </MetricsFrame>
  );
}
