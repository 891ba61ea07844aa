// SPDX-License-Identifier: Apache-2.0
// Values as a table: what an expression is at one time.

import { useMemo, useState } from "preact/hooks";
import { clock, count, number } from "../../model/format";
import {
  writeSelector,
  type HistogramValue,
  type InstantResult,
  type Labels,
  type MatrixSeries,
  type VectorSample,
} from "../../model/prometheus";

const ROWS_MOST = 500;
const SAMPLES_MOST = 200;

/* As Prometheus writes it: nothing is rounded. */
export function exact(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}

/* A series' name and labels, each in its own colour. */
export function Selector({ labels }: { labels: Labels }) {
  const { __name__: name, ...rest } = labels;
  const pairs = Object.entries(rest);
  if (pairs.length === 0) return <code class="selector">{writeSelector(labels)}</code>;
  return (
    <code class="selector">
      {name && <span class="selector-name">{name}</span>}
      {"{"}
      {pairs.map(([key, value], i) => (
        <span key={key}>
          {i > 0 ? ", " : <wbr />}
          <span class="selector-label">{key}</span>=
          <span class="selector-value">{JSON.stringify(value)}</span>
        </span>
      ))}
      {"}"}
    </code>
  );
}

/* By a bucket's rule: which of its ends belong to it. */
const ENDS = [
  ["(", "]"],
  ["[", ")"],
  ["(", ")"],
  ["[", "]"],
] as const;

function Histogram({ value }: { value: HistogramValue }) {
  const { buckets = [] } = value;
  const most = buckets.reduce((max, [, , , n]) => Math.max(max, Number(n)), 0);
  return (
    <details class="histogram">
      <summary>
        count <code>{value.count}</code>, sum <code>{value.sum}</code>
      </summary>
      {buckets.length === 0 && <p class="quiet">No buckets: nothing was observed.</p>}
      {buckets.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">Range</th>
              <th scope="col" class="is-number">
                Count
              </th>
              <th scope="col">
                <span class="only-read">Share of the fullest</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {buckets.map(([rule, lower, upper, n]) => {
              const [from, to] = ENDS[rule] ?? ENDS[0];
              return (
                <tr key={`${lower} ${upper}`}>
                  <th scope="row">
                    <code>
                      {from}
                      {lower}, {upper}
                      {to}
                    </code>
                  </th>
                  <td class="is-number">
                    <code>{n}</code>
                  </td>
                  <td>
                    <meter min={0} max={most || 1} value={Number(n)} aria-label={n} />
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
    </details>
  );
}

type Order = "" | "up" | "down";

function VectorTable({ series }: { series: VectorSample[] }) {
  const [order, setOrder] = useState<Order>("");
  const rows = useMemo(() => {
    if (!order) return series;
    const sign = order === "up" ? 1 : -1;
    return [...series].sort((a, b) => sign * ((a.value?.[1] ?? NaN) - (b.value?.[1] ?? NaN)));
  }, [series, order]);
  const next: Order = order === "down" ? "up" : "down";
  const said = { "": undefined, up: "ascending", down: "descending" } as const;
  return (
    <div class="table-scroll">
      <table class="values">
        <thead>
          <tr>
            <th scope="col">Series</th>
            <th scope="col" class="is-number" aria-sort={said[order]}>
              <button type="button" class="link" onClick={() => setOrder(next)}>
                Value{order && (order === "up" ? " ↑" : " ↓")}
              </button>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, ROWS_MOST).map(({ metric, value, histogram }) => (
            <tr key={writeSelector(metric)}>
              <th scope="row">
                <Selector labels={metric} />
              </th>
              <td class="is-number">
                {value && <code>{exact(value[1])}</code>}
                {histogram && <Histogram value={histogram[1]} />}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > ROWS_MOST && (
        <p class="quiet">
          {number(ROWS_MOST)} of {count(rows.length, "series", "series")} are listed.
        </p>
      )}
    </div>
  );
}

function MatrixTable({ series, zone }: { series: MatrixSeries[]; zone?: string }) {
  return (
    <div class="table-scroll">
      <table class="values">
        <thead>
          <tr>
            <th scope="col">Series</th>
            <th scope="col">Samples</th>
          </tr>
        </thead>
        <tbody>
          {series.slice(0, ROWS_MOST).map(({ metric, values, histograms }) => (
            <tr key={writeSelector(metric)}>
              <th scope="row">
                <Selector labels={metric} />
              </th>
              <td>
                <ul class="samples">
                  {values.slice(-SAMPLES_MOST).map(([t, value]) => (
                    <li key={t}>
                      <code>{exact(value)}</code> <span class="quiet">{clock(t * 1000, zone)}</span>
                    </li>
                  ))}
                  {histograms.slice(-SAMPLES_MOST).map(([t, value]) => (
                    <li key={t}>
                      <Histogram value={value} /> <span class="quiet">{clock(t * 1000, zone)}</span>
                    </li>
                  ))}
                </ul>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function ResultTable({ result, zone }: { result: InstantResult; zone?: string }) {
  switch (result.type) {
    case "scalar":
      return (
        <p class="value-alone">
          <code>{exact(result.value[1])}</code>
        </p>
      );
    case "string":
      return (
        <p class="value-alone">
          <code>{JSON.stringify(result.text)}</code>
        </p>
      );
    case "vector":
    case "matrix":
      if (result.series.length === 0) return <NoSeries />;
      return result.type === "vector" ? (
        <VectorTable series={result.series} />
      ) : (
        <MatrixTable series={result.series} zone={zone} />
      );
  }
}

export function NoSeries() {
  return (
    <p class="calm">
      No series: nothing of this was stored in that time. <a href="/series">What is stored</a>,{" "}
      <a href="/targets">what is scraped</a>
    </p>
  );
}
