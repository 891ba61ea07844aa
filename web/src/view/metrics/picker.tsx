// SPDX-License-Identifier: Apache-2.0
// The time that a page shows, and how often it is read again.

import { useState } from "preact/hooks";
import { now } from "../../model/clock";
import { REFRESHES } from "../../model/explore";
import { moment, readerZone, zoneName } from "../../model/format";
import { sites } from "../../model/store";
import { useKeys } from "../keys";
import {
  absolute,
  instantOf,
  isRelative,
  PRESETS,
  spanOf,
  widen,
  type Span,
  type TimeRange,
} from "../../model/timerange";

export interface PickerProps {
  range: TimeRange;
  refresh: number;
  zone: string;
  set: (changes: { range?: TimeRange; refresh?: number; zone?: string }) => void;
}

const OWN = "own";
const refreshText = (s: number) =>
  s === 0 ? "off" : s < 60 ? `every ${s} s` : `every ${s / 60} min`;

const usual: Span = { from: 0, until: 1 };

export function TimePicker({ range, refresh, zone, set }: PickerProps) {
  const [isOpen, setOpen] = useState(false);
  const span = spanOf(range, now()) ?? usual;
  const length = span.until - span.from;
  const preset = PRESETS.find(([from]) => isRelative(range) && from === range.from);
  const shift = (by: number) => {
    const until = Math.min(now(), span.until + by);
    set({ range: absolute({ from: until - length, until }) });
  };
  const zoomOut = () => set({ range: zoomedOut(range, span) });
  const isNow = range.to === "now";
  useKeys({ "[": () => shift(-length / 2), "]": () => isNow || shift(length / 2), z: zoomOut });
  const choose = (value: string) => {
    setOpen(value === OWN);
    if (value !== OWN) set({ range: { from: value, to: "now" } });
  };
  return (
    <div class="picker">
      <div class="picker-line" role="group" aria-label="Time">
        <IconButton label="Earlier" hint="[" path="M10 3 5 8l5 5" act={() => shift(-length / 2)} />
        <select
          aria-label="Time range"
          value={preset?.[0] ?? OWN}
          onChange={(ev) => choose(ev.currentTarget.value)}
        >
          {PRESETS.map(([from, text]) => (
            <option key={from} value={from}>
              last {text}
            </option>
          ))}
          <option value={OWN}>{preset ? "from … to …" : written(range, span, zone)}</option>
        </select>
        <IconButton
          label="Later"
          hint="]"
          path="m6 3 5 5-5 5"
          act={() => shift(length / 2)}
          isOff={isNow}
        />
        <IconButton
          label="Zoom out"
          hint="z"
          path="M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM5 7h4M10.2 10.2 14 14"
          act={zoomOut}
        />
        {!preset && (
          <button type="button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            Edit
          </button>
        )}
        <select
          aria-label="Read again"
          value={String(refresh)}
          onChange={(ev) => set({ refresh: Number(ev.currentTarget.value) })}
        >
          {REFRESHES.map((s) => (
            <option key={s} value={String(s)}>
              {s === 0 ? "refresh off" : refreshText(s)}
            </option>
          ))}
        </select>
        <ZoneChoice zone={zone} set={set} />
      </div>
      {isOpen && (
        <AbsoluteFields
          span={span}
          set={(next) => {
            set({ range: next });
            setOpen(false);
          }}
        />
      )}
    </div>
  );
}

function written(range: TimeRange, span: Span, zone: string): string {
  if (isRelative(range)) return `last ${range.from.slice("now-".length)}`;
  const of = (t: number) => moment(t, now(), zone || undefined);
  return `${of(span.from)} – ${of(span.until)}`;
}

/* A span that ends now goes on doing so. */
function zoomedOut(range: TimeRange, span: Span): TimeRange {
  if (!isRelative(range)) return absolute(widen(span, 2));
  const wanted = 2 * (span.until - span.from);
  const next = PRESETS.find(([from]) => instantOf("now", 0) - instantOf(from, 0) >= wanted);
  return { from: next?.[0] ?? PRESETS[PRESETS.length - 1]![0], to: "now" };
}

function IconButton({
  label,
  hint,
  path,
  act,
  isOff = false,
}: {
  label: string;
  hint: string /* the key */;
  path: string;
  act: () => void;
  isOff?: boolean;
}) {
  return (
    <button
      type="button"
      class="icon"
      aria-label={label}
      title={`${label} (${hint})`}
      disabled={isOff}
      onClick={act}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path class="line" d={path} />
      </svg>
    </button>
  );
}

/* The reader's zone, and those of the lab's sites where they are others. */
function ZoneChoice({ zone, set }: Pick<PickerProps, "zone" | "set">) {
  const own = readerZone();
  const others = sites.value.filter((site) => site.zone && site.zone !== own);
  if (others.length === 0) return null;
  const t = now();
  return (
    <select
      aria-label="Time zone"
      value={zone}
      onChange={(ev) => set({ zone: ev.currentTarget.value })}
    >
      <option value="">your time ({zoneName(t)})</option>
      {others.map((site) => (
        <option key={site.name} value={site.zone}>
          {site.name} ({zoneName(t, site.zone)})
        </option>
      ))}
    </select>
  );
}

/* "2026-11-23T14:03", in the reader's zone, as such fields want it. */
function local(t: number): string {
  const d = new Date(t);
  return new Date(t - d.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function AbsoluteFields({ span, set }: { span: Span; set: (range: TimeRange) => void }) {
  const [from, setFrom] = useState(local(span.from));
  const [until, setUntil] = useState(local(span.until));
  const next = { from: Date.parse(from), until: Date.parse(until) };
  const isRight = next.until > next.from;
  const submit = (ev: Event) => {
    ev.preventDefault();
    if (isRight) set(absolute(next));
  };
  return (
    <form class="picker-own" onSubmit={submit}>
      <label>
        <span class="label">From (your time)</span>
        <input
          type="datetime-local"
          value={from}
          onInput={(ev) => setFrom(ev.currentTarget.value)}
        />
      </label>
      <label>
        <span class="label">To</span>
        <input
          type="datetime-local"
          value={until}
          onInput={(ev) => setUntil(ev.currentTarget.value)}
        />
      </label>
      <button type="submit" disabled={!isRight}>
        Show
      </button>
      {!isRight && <p class="error">It ends before it begins.</p>}
    </form>
  );
}
