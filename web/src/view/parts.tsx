// SPDX-License-Identifier: Apache-2.0
// Small pieces that every page uses: state glyphs, times that keep themselves current, mark.

import { Fragment, type ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { now, onTick } from "../model/clock";
import { age, clock, day, duration, moment } from "../model/format";
import { checkPath } from "../model/router";
import { checkSignal, shape } from "../model/store";
import type { Scope } from "../model/types";

/* One shape a state, so that colour is never the only difference. */
const GLYPHS: Record<string, ComponentChildren> = {
  ok: <path class="stroke" d="M3.5 8.6 6.7 11.8 12.7 4.9" />,
  failing: (
    <>
      <path class="fill" d="M5.1 1.5h5.8l3.6 3.6v5.8l-3.6 3.6H5.1l-3.6-3.6V5.1z" />
      <path class="cut" d="m5.6 5.6 4.8 4.8m0-4.8-4.8 4.8" />
    </>
  ),
  path: (
    <>
      <path class="fill" d="M8 1.5H5.1L1.5 5.1v5.8l3.6 3.6H8z" />
      <path class="stroke" d="M8 1.9h2.7l3.4 3.4v5.4l-3.4 3.4H8" />
    </>
  ),
  silent: (
    <>
      <circle class="stroke" cx="8" cy="8" r="6" />
      <path class="stroke" d="M5 8h.1M8 8h.1M11 8h.1" />
    </>
  ),
  pending: <circle class="stroke dotted" cx="8" cy="8" r="5.6" />,
  paused: <path class="stroke" d="M5.6 4v8M10.4 4v8" />,
  unknown: <path class="stroke" d="M4 8h8" />,
};

export function Glyph({ state, scope }: { state: string; scope?: Scope | string }) {
  const shape = state === "failing" && scope === "path" ? "path" : state;
  return (
    <svg class={`glyph is-${state}`} viewBox="0 0 16 16" aria-hidden="true">
      {GLYPHS[shape] ?? GLYPHS.unknown}
    </svg>
  );
}

export function StateWord({ state, scope }: { state: string; scope?: Scope | string }) {
  return (
    <span class={`state is-${state}`}>
      <Glyph state={state} scope={scope} />
      <span class="word">{state}</span>
    </span>
  );
}

/* A name that may be broken where its parts meet: "watcher:" "webhost". */
export function Name({ text }: { text: string }) {
  const parts = text.match(/[^:@._/]*[:@._/]?/g)!.filter(Boolean);
  return (
    <>
      {parts.map((part, i) => (
        <Fragment key={i}>
          {i > 0 && <wbr />}
          {part}
        </Fragment>
      ))}
    </>
  );
}

/* A name that leads to its check, if there is one. */
export function CheckLink({ name, children }: { name: string; children: ComponentChildren }) {
  void shape.value;
  if (!checkSignal(name)) return <>{children}</>;
  return (
    <a class="plain" href={checkPath(name)} data-check={name}>
      {children}
    </a>
  );
}

type TimeStyle = "age" | "ago" | "span" | "moment" | "clock";

const WRITERS: Record<TimeStyle, (t: number, zone?: string) => string> = {
  age: (t) => age(now() - t),
  span: (t) => duration(now() - t),
  ago: (t) => {
    const past = now() - t;
    return past >= 0 ? `${duration(past)} ago` : `in ${duration(-past)}`;
  },
  moment: (t, zone) => moment(t, now(), zone),
  clock,
};

interface WhenProps {
  at: number | null | undefined;
  as?: TimeStyle;
  zone?: string /* of the site it is about, for the tooltip */;
  in?: string /* zone that "moment" is written in */;
  none?: string;
}

/* A time that rewrites its own text each second, without any redraw around it.  Hovering or focus
 * shows the instant in the reader's zone and in the site's (see tooltip.ts). */
export function When({ at, as = "age", zone, in: zoneOfText, none = "never" }: WhenProps) {
  const ref = useRef<HTMLTimeElement>(null);
  const isKnown = at !== null && at !== undefined && !Number.isNaN(at);
  useLayoutEffect(() => {
    const el = ref.current;
    if (!el || !isKnown) return undefined;
    let text = "";
    const write = () => {
      const next = WRITERS[as](at, zoneOfText);
      if (next !== text) el.textContent = text = next;
    };
    write();
    return onTick(write);
  }, [at, as, zoneOfText, isKnown]);
  if (!isKnown) return <span class="when none">{none}</span>;
  const iso = new Date(at).toISOString();
  return <time ref={ref} class={`when ${as}`} dateTime={iso} data-at={at} data-zone={zone} />;
}

/* "Sat 22 Nov 2025 14:03:07" */
export function fullMoment(t: number, zone?: string): string {
  return `${day(t, zone)} ${clock(t, zone)}`;
}

/* "14:03:07, 12 min ago" for pages with room. */
export function MomentAgo({ at, zone }: { at: number | null | undefined; zone?: string }) {
  if (at === null || at === undefined || Number.isNaN(at))
    return <span class="when none">never</span>;
  return (
    <span class="moment-ago">
      <When at={at} as="moment" zone={zone} />
      <span class="quiet">
        {" "}
        · <When at={at} as="ago" zone={zone} />
      </span>
    </span>
  );
}

export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <path d="M13.5 3v26A13 13 0 0 1 13.5 3zM18.5 3v26A13 13 0 0 0 18.5 3z" />
    </svg>
  );
}

export function Tag({ children, tone = "" }: { children: ComponentChildren; tone?: string }) {
  return <span class={`tag ${tone}`}>{children}</span>;
}

/* What a page says while it has nothing, and when fetching failed. */
export function Loading() {
  return <p class="loading">Reading…</p>;
}

export function Trouble({ text, retry }: { text: string; retry?: () => void }) {
  return (
    <div class="trouble" role="alert">
      <p>
        <strong>That didn’t work.</strong> {text}
      </p>
      {retry && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}
