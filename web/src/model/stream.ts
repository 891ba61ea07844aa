// SPDX-License-Identifier: Apache-2.0
// The live stream, and whether what the page shows may still be believed.
//
//	connecting ──status──► live ──error, or 4.5 s of quiet──► stale ──status──► live
//	     └─────────────── 401 ─────────────► locked ◄── 401 ───┘
//
// The site sends a beat every 2 s.  A half-open connection reports no error, so quiet counts as one.

import { signal } from "@preact/signals";
import { ApiError, getStatus } from "./api";
import { setClock } from "./clock";
import { forget, head, takeChange, takeEvent, takeStatus } from "./store";
import type { StreamData } from "./types";

const QUIET_MS = 4500;
const RETRY_MS = [0, 500, 1000, 2000, 4000, 5000];

export type Freshness = "connecting" | "live" | "stale" | "locked";
export const freshness = signal<Freshness>("connecting");
export const trouble = signal(""); /* why the stream is not live */

let source: EventSource | null = null;
let tries = 0;
let retry: number | undefined;

/* Monotonic clocks stop in a sleeping machine and wall clocks jump: the larger difference counts. */
interface Instant {
  mono: number;
  wall: number;
}
const instant = (): Instant => ({ mono: performance.now(), wall: Date.now() });
const since = (t: Instant) => Math.max(performance.now() - t.mono, Date.now() - t.wall);

let shown = instant(); /* what the page shows was true then */
let stirred = instant(); /* last sign of life of the open stream */

export function dataAge(): number {
  return since(shown);
}

function heard(): void {
  shown = stirred = instant();
}

function close(): void {
  source?.close();
  source = null;
  window.clearTimeout(retry);
}

/* Nothing on the page may be believed from here on. */
function lost(why: string): void {
  close();
  trouble.value = why;
  if (freshness.value === "live" || head.peek()) freshness.value = "stale";
  const wait = RETRY_MS[Math.min(tries, RETRY_MS.length - 1)]!;
  tries++;
  retry = window.setTimeout(connect, wait);
}

function lock(): void {
  close();
  forget();
  freshness.value = "locked";
}

function on<Name extends keyof StreamData>(
  stream: EventSource,
  name: Name,
  take: (data: StreamData[Name]) => void,
): void {
  stream.addEventListener(name, (ev) => {
    if (stream !== source) return;
    let data: StreamData[Name];
    try {
      data = JSON.parse((ev as MessageEvent<string>).data) as StreamData[Name];
    } catch {
      return lost("the site sent something that is not JSON");
    }
    heard();
    take(data);
  });
}

function follow(): void {
  close();
  const stream = new EventSource("/api/lab/v1/stream");
  source = stream;
  stirred = instant();
  on(stream, "status", (status) => {
    takeStatus(status);
    tries = 0;
    trouble.value = "";
    freshness.value = "live";
  });
  on(stream, "change", takeChange);
  on(stream, "journal", takeEvent);
  on(stream, "beat", ({ now }) => setClock(now));
  stream.onerror = () => {
    if (stream === source) lost("the stream ended");
  };
}

/* After a failure: EventSource can't tell a refused login from a dead site, so ask before following
 * again.  A site whose stream alone is broken is thus still shown, if only as often as we ask. */
async function connect(): Promise<void> {
  close();
  try {
    const status = await getStatus();
    if (source) return;
    takeStatus(status);
    shown = instant();
    follow();
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) lock();
    else lost(error instanceof Error ? error.message : String(error));
  }
}

function watch(): void {
  if (source && since(stirred) > QUIET_MS) lost("nothing heard for 5 s");
}

export function retryNow(): void {
  if (freshness.value === "live" || freshness.value === "locked") return;
  tries = 0;
  void connect();
}

/* After a login, and after a logout (which then locks again). */
export function reconnect(): void {
  tries = 0;
  freshness.value = "connecting";
  follow();
}

export function startStream(): void {
  follow();
  window.setInterval(watch, 250);
  window.addEventListener("online", retryNow);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") retryNow();
  });
}
