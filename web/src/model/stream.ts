// SPDX-License-Identifier: Apache-2.0
// The live stream, and whether what the page shows may still be believed.
//
//	connecting ──status──► live ──error, or 4.5 s of quiet──► stale ──status──► live
//	     └─────────────── 401 ─────────────► locked ◄── 401 ───┘
//
// The site sends a beat every 2 s.  A half-open connection reports no error, so quiet counts as one.

import { signal } from "@preact/signals";
import { ApiError, getStatus, onLoginEnded } from "./api";
import { setClock } from "./clock";
import { messageOf } from "./format";
import { forget, head, takeChange, takeEvent, takeStatus } from "./store";
import type { Status, StreamData } from "./types";

const QUIET_MS = 4500;
const ENDED = "the stream ended";
const RETRY_MS = [0, 500, 1000, 2000, 4000, 5000];

export type Freshness = "connecting" | "live" | "stale" | "locked";
export const freshness = signal<Freshness>("connecting");
export const trouble = signal(""); /* why the page is not live, if the reason is known */

let source: EventSource | null = null;
let attempt = 0; /* counts what was begun: an answer to an earlier attempt is ignored */
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
  attempt++;
  source?.close();
  source = null;
  window.clearTimeout(retry);
}

/* Nothing on the page may be believed from here on. */
function lost(): void {
  close();
  if (freshness.value === "live" || head.peek()) freshness.value = "stale";
  const wait = RETRY_MS[Math.min(tries, RETRY_MS.length - 1)]!;
  tries++;
  retry = window.setTimeout(connect, wait);
}

/* That a stream ended says less than what the site answers when it is asked: an answer stays until
 * there is a better one, and before the first answer there is no reason to give at all. */
function broke(why: string): void {
  if (head.peek()) trouble.value ||= why;
  lost();
}

function refused(why: string): void {
  trouble.value = why;
  lost();
}

function lock(): void {
  close();
  forget();
  trouble.value = "";
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
      return broke("the site sent something that is not JSON");
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
    if (stream === source) broke(ENDED);
  };
}

/* After a failure: EventSource can't tell a refused login from a dead site, so ask before following
 * again.  A site whose stream alone is broken is thus still shown, if only as often as we ask. */
async function connect(): Promise<void> {
  close();
  const ours = attempt;
  let status: Status;
  try {
    status = await getStatus();
  } catch (error) {
    if (ours !== attempt) return;
    if (error instanceof ApiError && error.status === 401) return lock();
    return refused(messageOf(error));
  }
  if (ours !== attempt) return;
  takeStatus(status);
  trouble.value = ENDED; /* what is missing now is the stream */
  shown = instant();
  follow();
}

function watch(): void {
  if (source && since(stirred) > QUIET_MS) broke("nothing heard for 5 s");
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

/* The stream of a login that has ended goes on: whether it has is asked. */
function doubt(): void {
  if (freshness.value === "live") void connect();
}

export function startStream(): void {
  onLoginEnded(doubt);
  follow();
  window.setInterval(watch, 250);
  window.addEventListener("online", retryNow);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") retryNow();
  });
}
