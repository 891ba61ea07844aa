// SPDX-License-Identifier: Apache-2.0
// Native histograms as rows of buckets, which a heatmap draws.  Pure.

import { numberOf, type MatrixSeries } from "../prometheus";
import { field, type Cell, type Frame, type Grid } from "./frames";

export const ROWS_MOST = 100; /* more buckets than that are put together by their neighbours */

export const isNative = (series: MatrixSeries[]) => series.some((s) => s.histograms.length > 0);

/* The upper edges that any of them has, from the bottom, at most ROWS_MOST of them. */
function edgesOf(series: MatrixSeries[]): number[] {
  const all = new Set<number>();
  for (const { histograms } of series)
    for (const [, { buckets = [] }] of histograms)
      for (const [, , upper] of buckets) all.add(numberOf(upper));
  const edges = [...all].sort((a, b) => a - b);
  const every = Math.ceil(edges.length / ROWS_MOST);
  return edges.filter((_, i) => (edges.length - 1 - i) % every === 0);
}

/* The row in which a bucket that ends at `upper` lies. */
function rowOf(edges: number[], upper: number): number {
  let low = 0;
  let high = edges.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (edges[middle]! < upper) low = middle + 1;
    else high = middle;
  }
  return low;
}

/* What all series have seen, in each bucket at each time.  Buckets are between their edges only, not
 * cumulative. */
export function nativeFrames(refId: string, series: MatrixSeries[], grid: Grid): Frame[] {
  const edges = edgesOf(series);
  const cells = edges.map(() => new Array<Cell>(grid.n).fill(null));
  for (const { histograms } of series)
    for (const [time, { buckets = [] }] of histograms) {
      const i = Math.round((time * 1000 - grid.start) / grid.step);
      if (i < 0 || i >= grid.n) continue;
      for (const [, , upper, count] of buckets) {
        const row = cells[rowOf(edges, numberOf(upper))]!;
        row[i] = ((row[i] as number | null) ?? 0) + numberOf(count);
      }
    }
  const times = Array.from({ length: grid.n }, (_, i) => grid.start + i * grid.step);
  const time = field("Time", "time", times, refId);
  return edges.map((edge, r) => ({
    refId,
    fields: [
      time,
      {
        ...field("Value", "number", cells[r]!, refId),
        display: edge === Infinity ? "+Inf" : String(edge),
      },
    ],
  }));
}
