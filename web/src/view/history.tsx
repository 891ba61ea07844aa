// SPDX-License-Identifier: Apache-2.0
// What each vantage said over the last hours or days, as one strip each.

import { now, tick } from "../model/clock";
import { duration } from "../model/format";
import { strips, type Segment, type Strip } from "../model/strip";
import { dataAge, freshness } from "../model/stream";
import type { WhenAnswer } from "../model/types";
import { fullMoment, When } from "./parts";

const SPANS: [string, number][] = [
  ["1 h", 3_600_000],
  ["24 h", 86_400_000],
  ["7 d", 7 * 86_400_000],
  ["30 d", 30 * 86_400_000],
];
const STRIP_WIDTH = 600;

function segmentTitle(s: Segment, zone?: string): string {
  const word = { ok: "ok", failing: "failing", none: "no word", unknown: "not known" }[s.word];
  const span = `${fullMoment(s.from, zone)}, for ${duration(s.until - s.from)}`;
  return `${word} from ${span}${s.reason ? `: ${s.reason}` : ""}`;
}

function StripLine({
  strip,
  from,
  until,
  zone,
}: {
  strip: Strip;
  from: number;
  until: number;
  zone?: string;
}) {
  const x = (t: number) => ((t - from) / (until - from)) * STRIP_WIDTH;
  const share = Number.isNaN(strip.ok)
    ? "not known"
    : `${(strip.ok * 100).toFixed(strip.ok < 0.9995 && strip.ok > 0 ? 1 : 0)} % ok`;
  return (
    <div class="strip-line">
      <span class="strip-name">{strip.vantage}</span>
      <svg
        viewBox={`0 0 ${STRIP_WIDTH} 20`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${strip.vantage}: ${share}`}
      >
        {strip.segments.map((s) => (
          <rect
            key={s.from}
            class={`seg is-${s.word}`}
            x={x(s.from)}
            y={s.word === "failing" ? 0 : 6}
            width={Math.max(s.word === "failing" ? 2 : 0.5, x(s.until) - x(s.from))}
            height={s.word === "failing" ? 20 : 8}
          >
            <title>{segmentTitle(s, zone)}</title>
          </rect>
        ))}
      </svg>
      <span class="strip-share">{share}</span>
    </div>
  );
}

interface HistoryProps {
  when: WhenAnswer;
  zone?: string;
  span: number /* milliseconds back */;
  setSpan: (span: number) => void;
}

export const USUAL_SPAN = 86_400_000;

export function History({ when, zone, span, setSpan }: HistoryProps) {
  void tick.value;
  const isStale = freshness.value === "stale";
  const until = isStale ? now() - dataAge() : now(); /* nothing is known of the time since */
  const from = until - span;
  const names = when.check.vantages.map((v) => v.site);
  return (
    <section>
      <div class="section-head">
        <h3>History by vantage</h3>
        <div class="spans" role="group" aria-label="How far back">
          {SPANS.map(([text, ms]) => (
            <button type="button" key={text} aria-pressed={span === ms} onClick={() => setSpan(ms)}>
              {text}
            </button>
          ))}
        </div>
      </div>
      <div class="strips">
        {strips(when.history, names, from, until).map((strip) => (
          <StripLine key={strip.vantage} strip={strip} from={from} until={until} zone={zone} />
        ))}
        <div class="strip-ends" aria-hidden="true">
          <When at={from} as="moment" zone={zone} />
          {isStale ? <When at={until} as="moment" zone={zone} /> : <span>now</span>}
        </div>
      </div>
    </section>
  );
}
