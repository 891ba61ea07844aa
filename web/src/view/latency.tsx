// SPDX-License-Identifier: Apache-2.0
// How long the last observation took, from each vantage, as a figure the size of a word.
//
// With two sites it is a butterfly around an axis: the first site's bar grows to the left, the
// second's to the right, on a logarithmic scale from 1 ms to 10 s.  With more, one column each.

import { took } from "../model/format";
import { sites } from "../model/store";
import type { Check, Site, Vantage } from "../model/types";

const WING = 26;
const HEIGHT = 12;
const STUB = 3;

/* 0..1 on the logarithmic scale. */
function scale(ms: number): number {
  return Math.min(1, Math.max(0, Math.log10(Math.max(ms, 1)) / 4));
}

function describe(v: Vantage): string {
  if (v.is_blind) return `${v.site} is blind`;
  if (!v.is_fresh || v.word === "none") return `no fresh word from ${v.site}`;
  if (v.word === "failing") return `fails from ${v.site}`;
  return v.took_ms === null ? `ok from ${v.site}` : `${took(v.took_ms)} from ${v.site}`;
}

function toneOf(v: Vantage): string {
  if (v.is_blind || !v.is_fresh || v.word === "none") return "unknown";
  return v.word;
}

function hasLength(v: Vantage | undefined): v is Vantage & { took_ms: number } {
  return !!v && v.took_ms !== null && v.took_ms >= 0 && toneOf(v) === "ok";
}

function Wing({ v, side }: { v: Vantage | undefined; side: -1 | 1 }) {
  if (!v) return null;
  const length = hasLength(v) ? STUB + scale(v.took_ms) * (WING - STUB) : STUB;
  const axis = WING + 2;
  const tone = toneOf(v);
  if (tone === "failing") {
    const x = axis + side * 6;
    return <path class="bar is-failing" d={`M${x - 3} 3l6 6m0-6-6 6`} />;
  }
  if (tone === "unknown")
    return <path class="bar is-unknown" d={`M${axis + side * 3} 6H${axis + side * 12}`} />;
  const x = side < 0 ? axis - 1 - length : axis + 1;
  return <rect class="bar" x={x} y="3.5" width={length} height="5" rx="1" />;
}

function figureOf(v: Vantage | undefined): string {
  if (!v) return "";
  return hasLength(v) ? took(v.took_ms) : toneOf(v) === "failing" ? "fails" : "";
}

function Butterfly({ left, right }: { left: Vantage | undefined; right: Vantage | undefined }) {
  const width = 2 * WING + 4;
  return (
    <>
      <span class="ms">{figureOf(left)}</span>
      <svg class="wings" viewBox={`0 0 ${width} ${HEIGHT}`} aria-hidden="true">
        <path class="axis" d={`M${WING + 2} 0v${HEIGHT}`} />
        <Wing v={left} side={-1} />
        <Wing v={right} side={1} />
      </svg>
      <span class="ms">{figureOf(right)}</span>
    </>
  );
}

function Columns({ check, all }: { check: Check; all: Site[] }) {
  const bars = all.map((site, i) => {
    const v = check.vantages.find((other) => other.site === site.name);
    if (!v) return null;
    const x = i * 7 + 1;
    if (toneOf(v) === "failing") return <path class="bar is-failing" d={`M${x} 3l5 5m0-5-5 5`} />;
    const height = hasLength(v) ? 2 + scale(v.took_ms) * 9 : 1;
    return <rect class="bar" x={x} y={HEIGHT - height} width="5" height={height} />;
  });
  const slowest = check.vantages.filter(hasLength).sort((a, b) => b.took_ms - a.took_ms)[0];
  return (
    <>
      <svg class="wings" viewBox={`0 0 ${all.length * 7 + 1} ${HEIGHT}`} aria-hidden="true">
        {bars}
      </svg>
      <span class="ms">{figureOf(slowest)}</span>
    </>
  );
}

export function Latency({ check }: { check: Check }) {
  const all = sites.value;
  if (check.kind !== "probe" || check.vantages.length === 0) return <span class="latency" />;
  const of = (i: number) => check.vantages.find((v) => v.site === all[i]?.name);
  const words = check.vantages.map(describe).join(", ");
  return (
    <span class={all.length === 2 ? "latency two" : "latency many"} title={words}>
      <span class="only-read">{words}</span>
      <span class="figure" aria-hidden="true">
        {all.length === 2 ? (
          <Butterfly left={of(0)} right={of(1)} />
        ) : (
          <Columns check={check} all={all} />
        )}
      </span>
    </span>
  );
}
