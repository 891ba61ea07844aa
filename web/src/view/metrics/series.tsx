// SPDX-License-Identifier: Apache-2.0
// What is stored: the names with the most series, labels with the most values, and the series of a
// selector, one by one.

import { useState } from "preact/hooks";
import { explorePath } from "../../model/explore";
import { count, number } from "../../model/format";
import {
  cardinality,
  seriesOf,
  writeSelector,
  type Counted,
  type Labels,
} from "../../model/prometheus";
import { params, setParams } from "../../model/router";
import { formatOf } from "../../model/units";
import { Loading } from "../parts";
import { useAnswer } from "./answers";
import { MetricsFrame, Refused } from "./frame";
import { Selector } from "./results";

const TOP = 20;
const SERIES_MOST = 5000;
const LISTED_MOST = 200;
const DAY_S = 86_400;

/* ---- of one selector */

function valuesByLabel(all: Labels[]): [string, string[]][] {
  const out = new Map<string, Set<string>>();
  for (const labels of all)
    for (const [key, value] of Object.entries(labels)) {
      const values = out.get(key);
      if (values) values.add(value);
      else out.set(key, new Set([value]));
    }
  return [...out]
    .map(([key, values]): [string, string[]] => [key, [...values].sort()])
    .sort(([, a], [, b]) => b.length - a.length);
}

async function readSelector(selector: string, signal: AbortSignal) {
  const start = Math.floor(Date.now() / 1000) - DAY_S;
  const { data } = await seriesOf({ match: [selector], start, limit: SERIES_MOST }, signal);
  return data;
}

function Inspected({ selector }: { selector: string }) {
  const { data, error, isBusy } = useAnswer(
    (signal) => readSelector(selector, signal),
    selector,
    selector,
  );
  if (error) return <Refused error={error} />;
  if (!data) return isBusy ? <Loading /> : null;
  if (data.length === 0)
    return <p class="calm">No series like that was stored within the last day.</p>;
  return (
    <>
      <p>
        {data.length >= SERIES_MOST ? "More than " : ""}
        {count(data.length, "series", "series")} within the last day.{" "}
        <a href={explorePath({ queries: [selector] })}>Explore</a>
      </p>
      <LabelsTable all={data} />
      <ul class="series-list">
        {data.slice(0, LISTED_MOST).map((labels) => (
          <li key={writeSelector(labels)}>
            <a class="plain" href={explorePath({ queries: [writeSelector(labels)] })} data-row>
              <Selector labels={labels} />
            </a>
          </li>
        ))}
      </ul>
      {data.length > LISTED_MOST && (
        <p class="quiet">and {number(data.length - LISTED_MOST)} more</p>
      )}
    </>
  );
}

function LabelsTable({ all }: { all: Labels[] }) {
  return (
    <div class="table-scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Label</th>
            <th scope="col" class="is-number">
              Values
            </th>
            <th scope="col">Such as</th>
          </tr>
        </thead>
        <tbody>
          {valuesByLabel(all).map(([key, values]) => (
            <tr key={key}>
              <th scope="row">
                <code>{key}</code>
              </th>
              <td class="is-number">{number(values.length)}</td>
              <td class="breakable">{values.slice(0, 6).join(", ")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Inspector() {
  const selector = params.value.get("match") ?? "";
  const [typed, setTyped] = useState(selector);
  const [last, setLast] = useState(selector);
  if (last !== selector) {
    setLast(selector);
    setTyped(selector);
  }
  const submit = (ev: Event) => {
    ev.preventDefault();
    setParams({ match: typed.trim() });
  };
  return (
    <section>
      <h2>Inspect</h2>
      <form class="inspect" onSubmit={submit}>
        <input
          class="code"
          aria-label="Selector"
          placeholder='a selector, such as {job="node"}'
          value={typed}
          autocomplete="off"
          spellcheck={false}
          onInput={(ev) => setTyped(ev.currentTarget.value)}
        />
        <button type="submit" disabled={!typed.trim()}>
          Inspect
        </button>
      </form>
      {selector && <Inspected selector={selector} />}
    </section>
  );
}

/* ---- of everything */

function Top({
  title,
  rows,
  write = number,
  to,
}: {
  title: string;
  rows: Counted[];
  write?: (n: number) => string;
  to?: (name: string) => string;
}) {
  if (rows.length === 0) return null;
  return (
    <section>
      <h2>{title}</h2>
      <table class="top-list">
        <tbody>
          {rows.map(({ name, value }) => (
            <tr key={name}>
              <th scope="row" class="breakable">
                {to ? (
                  <a href={to(name)}>
                    <code>{name}</code>
                  </a>
                ) : (
                  <code>{name}</code>
                )}
              </th>
              <td class="is-number">{write(value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const inspectPath = (selector: string) => `/series?match=${encodeURIComponent(selector)}`;

/* `job=node` of the list, as a selector. */
function pairSelector(pair: string): string {
  const at = pair.indexOf("=");
  return writeSelector({ [pair.slice(0, at)]: pair.slice(at + 1) });
}

export function SeriesPage() {
  const { data, error } = useAnswer((signal) => cardinality(TOP, signal), "series", "series");
  const stats = data?.data;
  return (
    <MetricsFrame title="Series">
      <p class="lead">
        {stats
          ? `${count(stats.headStats.numSeries, "series", "series")} of ${count(stats.headStats.numLabelPairs, "pair")} of label and value.`
          : "What is stored."}
      </p>
      <Inspector />
      <Refused error={error} />
      {!stats && !error && <Loading />}
      {stats && (
        <div class="tops">
          <Top
            title="Names with the most series"
            rows={stats.seriesCountByMetricName}
            to={(name) => inspectPath(writeSelector({ __name__: name }))}
          />
          <Top
            title="Pairs with the most series"
            rows={stats.seriesCountByLabelValuePair}
            to={(pair) => inspectPath(pairSelector(pair))}
          />
          <Top title="Labels with the most values" rows={stats.labelValueCountByLabelName} />
          <Top
            title="Labels whose values take the most room"
            rows={stats.memoryInBytesByLabelName}
            write={formatOf("bytes")}
          />
        </div>
      )}
    </MetricsFrame>
  );
}
