// SPDX-License-Identifier: Apache-2.0
// Requests to the site (doc/api.md).  Every one has a deadline, and every failure is a sentence.

import type { Alert } from "./alerts";
import type {
  CoverageAnswer,
  DashboardsAnswer,
  Done,
  EventsAnswer,
  Failure,
  Incident,
  IncidentAnswer,
  Silence,
  Status,
  WhenAnswer,
} from "./types";

const DEADLINE_MS = 10_000;
const STATUS_DEADLINE_MS = 4_000; /* a stale page waits for it */

export class ApiError extends Error {
  constructor(
    readonly status: number /* 0: no answer, or none that can be read */,
    text: string,
    readonly retryAfter: string | null = null,
  ) {
    super(text);
  }
}

const NO_ANSWER = "no answer from the site; is it running, and can this device reach it?";
const NOT_JSON = "the site's answer is not JSON; is there a proxy in between that wants something?";

let csrf = "none";
export function setCsrf(token: string): void {
  csrf = token || "none";
}
export function csrfToken(): string {
  return csrf;
}

/* Told when a question is refused because nobody is logged in any more. */
let loginEnded = () => undefined as void;
export function onLoginEnded(tell: () => void): void {
  loginEnded = tell;
}
export function heed(status: number): void {
  if (status === 401) loginEnded();
}

async function failure(answer: Response): Promise<ApiError> {
  let text = `the site answered ${answer.status} ${answer.statusText}`.trim();
  try {
    const body = (await answer.json()) as Partial<Failure>;
    text = body.text || body.error || text;
  } catch {
    /* not JSON: the status has to do */
  }
  return new ApiError(answer.status, text, answer.headers.get("Retry-After"));
}

interface Options {
  body?: unknown /* an object is sent as JSON, a string as a form */;
  deadline?: number;
}

async function request<T>(method: string, path: string, { body, deadline }: Options = {}) {
  const isForm = typeof body === "string";
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "GET") headers["X-Diarchy-CSRF"] = csrf;
  if (body !== undefined)
    headers["Content-Type"] = isForm ? "application/x-www-form-urlencoded" : "application/json";
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), deadline ?? DEADLINE_MS);
  try {
    const answer = await fetch(path, {
      method,
      headers,
      body: body === undefined || isForm ? body : JSON.stringify(body),
      cache: "no-store",
      signal: stop.signal,
    });
    if (!answer.ok) throw await failure(answer);
    return (await answer.json()) as T;
  } catch (error) {
    if (error instanceof ApiError) throw error;
    const text = error instanceof SyntaxError ? NOT_JSON : NO_ANSWER;
    throw new ApiError(0, text);
  } finally {
    clearTimeout(timer);
  }
}

const LAB = "/api/lab/v1";
const enc = encodeURIComponent;

export const getStatus = () =>
  request<Status>("GET", `${LAB}/status`, { deadline: STATUS_DEADLINE_MS });
export const getWhen = (name: string) => request<WhenAnswer>("GET", `${LAB}/when/${enc(name)}`);
export const getIncident = (id: string) =>
  request<IncidentAnswer>("GET", `${LAB}/incidents/${enc(id)}`);
/* Of one rule: those that fire, of both sites. */
export const getAlerts = (alertname: string) =>
  request<Alert[]>("GET", `/api/v2/alerts?filter=${enc(`alertname=${JSON.stringify(alertname)}`)}`);
export const getIncidents = (state: "open" | "closed" | "all", limit: number) =>
  request<{ incidents: Incident[] }>("GET", `${LAB}/incidents?state=${state}&limit=${limit}`);
export const getCoverage = () => request<CoverageAnswer>("GET", `${LAB}/coverage`);

export const getDashboards = () => request<DashboardsAnswer>("GET", `${LAB}/dashboards`);
/* Grafana's JSON: whatever its author wrote (model/grafana). */
export const getDashboard = (name: string) =>
  request<unknown>("GET", `${LAB}/dashboards/${enc(name)}`);

export interface EventQuery {
  kind?: string;
  site?: string;
  subject?: string;
  before?: string;
  since?: string;
  limit?: number;
}

export function getEvents(query: EventQuery) {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value) params.set(key, String(value));
  return request<EventsAnswer>("GET", `${LAB}/events?${params}`);
}

export interface NewSilence {
  matchers: string;
  for?: string;
  until?: string;
  why: string;
  by: string;
}

export const addSilence = (silence: NewSilence) =>
  request<{ id: string }>("POST", `${LAB}/silences`, { body: silence });
export const endSilence = (silence: Silence) =>
  request<Done>("DELETE", `${LAB}/silences/${enc(silence.id)}`);
export const ack = (id: string, why: string, by: string) =>
  request<Done>("POST", `${LAB}/incidents/${enc(id)}/ack`, { body: { why, by } });
export const pause = (name: string, length: string | null, why: string, by: string) =>
  request<Done>("POST", `${LAB}/checks/${enc(name)}/pause`, { body: { for: length, why, by } });
export const resume = (name: string, by: string) =>
  request<Done>("POST", `${LAB}/checks/${enc(name)}/resume`, { body: { by } });

export const login = (password: string) =>
  request<Done>("POST", "/login", { body: new URLSearchParams({ password }).toString() });
export const logout = () => request<Done>("POST", "/logout");
