// SPDX-License-Identifier: Apache-2.0
// Prometheus' HTTP interface, as /api/v1 answers it.  A question can be given up (`signal`); what
// was asked wrongly, or took too much, is a `QueryError` in the words of the server.

import { csrfToken, heed } from "./api";

const API = "/api/v1";
const NO_ANSWER = "no answer from the site; is it running, and can this device reach it?";
const NOT_JSON = "the answer is not JSON; is there a proxy in between that wants something?";

export type Labels = Record<string, string>;
export type Point = [time: number /* seconds */, value: number];

export interface HistogramValue {
  count: string;
  sum: string;
  buckets?: [rule: number, lower: string, upper: string, count: string][];
}
export type HistogramPoint = [time: number, value: HistogramValue];

export interface VectorSample {
  metric: Labels;
  value?: Point;
  histogram?: HistogramPoint;
}
export interface MatrixSeries {
  metric: Labels;
  values: Point[];
  histograms: HistogramPoint[];
}

/* What the evaluation itself took. */
export interface Stats {
  seconds: number | null;
  samples: number | null;
  peak: number | null;
}

interface Noted {
  warnings: string[];
  infos: string[];
  took_ms: number /* until the answer was here and read */;
  stats: Stats;
}
export type InstantResult = Noted &
  (
    | { type: "vector"; series: VectorSample[] }
    | { type: "matrix"; series: MatrixSeries[] }
    | { type: "scalar"; value: Point }
    | { type: "string"; text: string }
  );
export type RangeResult = Noted & { series: MatrixSeries[] };
export type Listed<T> = Noted & { data: T };

/* bad_data, execution, timeout, canceled, internal, unavailable, not_found; "": no answer at all */
export class QueryError extends Error {
  constructor(
    readonly kind: string,
    text: string,
  ) {
    super(text);
  }
}

/* Where in the expression an error lies, as the server's text says: "1:5: parse error: ..." */
export function placeOf(error: string): { line: number; column: number } | null {
  const found = /(?:^|[\s:])(\d+):(\d+): parse error/.exec(error);
  return found ? { line: Number(found[1]), column: Number(found[2]) } : null;
}

export const isGivenUp = (error: unknown) =>
  error instanceof QueryError && error.kind === "canceled";

/* Prometheus writes numbers as texts, since JSON has no NaN. */
export function numberOf(text: string): number {
  if (text === "+Inf" || text === "Inf") return Infinity;
  return text === "-Inf" ? -Infinity : Number(text);
}

type Params = Record<string, string | number | string[] | undefined>;

interface Envelope {
  status: "success" | "error";
  data: unknown;
  errorType?: string;
  error?: string;
  text?: string /* of our own refusals, in front of the interface: a login that ended */;
  warnings?: string[];
  infos?: string[];
}

const WRITTEN_IN_ADDRESS_MOST = 1500;

function form(params: Params): string {
  const out = new URLSearchParams();
  for (const [key, value] of Object.entries(params))
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== undefined && one !== "") out.append(key, String(one));
  return out.toString();
}

async function send(path: string, params: Params, signal?: AbortSignal): Promise<Response> {
  const body = form(params);
  if (body.length <= WRITTEN_IN_ADDRESS_MOST)
    return fetch(`${API}${path}${body && "?"}${body}`, { cache: "no-store", signal });
  return fetch(`${API}${path}`, {
    method: "POST",
    headers: {
      "Content-Type": "application/x-www-form-urlencoded",
      "X-Diarchy-CSRF": csrfToken(),
    },
    body,
    signal,
  });
}

/* The answer's members; throws QueryError. */
async function ask(path: string, params: Params, signal?: AbortSignal): Promise<Envelope & Noted> {
  const began = performance.now();
  let answer: Response;
  let body: Envelope;
  try {
    answer = await send(path, params, signal);
    body = (await answer.json()) as Envelope;
  } catch (error) {
    if (signal?.aborted) throw new QueryError("canceled", "given up");
    throw new QueryError("", error instanceof SyntaxError ? NOT_JSON : NO_ANSWER);
  }
  heed(answer.status);
  if (body.status !== "success") {
    const text = body.error ?? `the site answered ${answer.status}`;
    throw new QueryError(body.errorType ?? "", body.errorType ? text : (body.text ?? text));
  }
  return {
    ...body,
    warnings: body.warnings ?? [],
    infos: body.infos ?? [],
    took_ms: performance.now() - began,
    stats: statsOf(body.data),
  };
}

interface RawStats {
  timings?: { evalTotalTime?: number; execTotalTime?: number };
  samples?: { totalQueryableSamples?: number; peakSamples?: number };
}

function statsOf(data: unknown): Stats {
  const raw = (data as { stats?: RawStats } | null)?.stats;
  return {
    seconds: raw?.timings?.execTotalTime ?? raw?.timings?.evalTotalTime ?? null,
    samples: raw?.samples?.totalQueryableSamples ?? null,
    peak: raw?.samples?.peakSamples ?? null,
  };
}

type RawPoint = [number, string];
interface RawSeries {
  metric: Labels;
  value?: RawPoint;
  values?: RawPoint[];
  histogram?: HistogramPoint;
  histograms?: HistogramPoint[];
}
interface RawResult {
  resultType: InstantResult["type"];
  result: unknown;
}

const point = ([t, text]: RawPoint): Point => [t, numberOf(text)];

const matrix = (raw: RawSeries[]): MatrixSeries[] =>
  raw.map(({ metric, values = [], histograms = [] }) => ({
    metric,
    values: values.map(point),
    histograms,
  }));

const noted = ({ warnings, infos, took_ms, stats }: Noted): Noted => ({
  warnings,
  infos,
  took_ms,
  stats,
});

export interface InstantQuery {
  query: string;
  time?: number /* seconds; absent: the site's now */;
  limit?: number;
  timeout?: string;
}

export async function query(
  { query: text, time, limit, timeout }: InstantQuery,
  signal?: AbortSignal,
): Promise<InstantResult> {
  const params = { query: text, time, limit, timeout, stats: "all" };
  const answer = await ask("/query", params, signal);
  const { resultType, result } = answer.data as RawResult;
  if (resultType === "scalar")
    return { ...noted(answer), type: "scalar", value: point(result as RawPoint) };
  if (resultType === "string")
    return { ...noted(answer), type: "string", text: (result as [number, string])[1] };
  const raw = result as RawSeries[];
  if (resultType === "matrix") return { ...noted(answer), type: "matrix", series: matrix(raw) };
  const series = raw.map(({ metric, value, histogram }) => ({
    metric,
    histogram,
    value: value && point(value),
  }));
  return { ...noted(answer), type: "vector", series };
}

export interface RangeQuery {
  query: string;
  start: number /* seconds */;
  end: number;
  step: number;
  limit?: number;
  timeout?: string;
}

export async function queryRange(
  { query: text, ...rest }: RangeQuery,
  signal?: AbortSignal,
): Promise<RangeResult> {
  const answer = await ask("/query_range", { query: text, ...rest, stats: "all" }, signal);
  return { ...noted(answer), series: matrix((answer.data as RawResult).result as RawSeries[]) };
}

export interface Exemplar {
  labels: Labels;
  value: string;
  timestamp: number /* seconds */;
}
export const queryExemplars = (
  what: { query: string; start: number; end: number },
  signal?: AbortSignal,
) =>
  list<{ seriesLabels: Labels; exemplars: Exemplar[] }[]>("/query_exemplars", { ...what }, signal);

async function list<T>(path: string, params: Params, signal?: AbortSignal): Promise<Listed<T>> {
  const answer = await ask(path, params, signal);
  return { ...noted(answer), data: answer.data as T };
}

export interface Selection {
  match?: string[];
  start?: number;
  end?: number;
  limit?: number;
}

const selected = ({ match, ...rest }: Selection): Params => ({ "match[]": match, ...rest });

export const labelNames = (what: Selection = {}, signal?: AbortSignal) =>
  list<string[]>("/labels", selected(what), signal);
export const labelValues = (name: string, what: Selection = {}, signal?: AbortSignal) =>
  list<string[]>(`/label/${encodeURIComponent(name)}/values`, selected(what), signal);
export const seriesOf = (what: Selection, signal?: AbortSignal) =>
  list<Labels[]>("/series", selected(what), signal);

export interface Metadata {
  type: string;
  help: string;
  unit: string;
}
export const metadata = (metric?: string, signal?: AbortSignal) =>
  list<Record<string, Metadata[]>>("/metadata", { metric }, signal);

export const formatQuery = (text: string, signal?: AbortSignal) =>
  list<string>("/format_query", { query: text }, signal);

/* ---- how it is served */

export interface Target {
  discoveredLabels: Labels;
  labels: Labels;
  scrapePool: string;
  scrapeUrl: string;
  globalUrl: string;
  lastError: string;
  lastWarning?: string /* ours: what a scrape that went well lost all the same */;
  lastScrape: string;
  lastScrapeDuration: number /* seconds */;
  health: "up" | "down" | "unknown";
  scrapeInterval: string;
  scrapeTimeout: string;
}
export interface DroppedTarget {
  discoveredLabels: Labels;
  scrapePool?: string;
}
export interface Targets {
  activeTargets: Target[];
  droppedTargets: DroppedTarget[];
  droppedTargetCounts: Record<string, number>;
}
/* `site`: another one's, which is asked through this one; "": this one's. */
export const targets = (signal?: AbortSignal, site = "") =>
  list<Targets>("/targets", { state: "any", site }, signal);

export interface Alert {
  labels: Labels;
  annotations: Labels;
  state: "inactive" | "pending" | "firing" | "unknown";
  activeAt?: string;
  keepFiringSince?: string;
  value: string;
}
interface AnyRule {
  name: string;
  query: string;
  labels?: Labels;
  health: "ok" | "err" | "unknown";
  lastError?: string;
  blindSince?: string /* it saw series, and sees none any more */;
  evaluationTime: number /* seconds */;
  lastEvaluation: string;
}
export interface RecordingRule extends AnyRule {
  type: "recording";
}
export interface AlertingRule extends AnyRule {
  type: "alerting";
  state: Alert["state"];
  duration: number /* seconds */;
  keepFiringFor: number;
  annotations: Labels;
  alerts: Alert[];
}
export type Rule = RecordingRule | AlertingRule;
export interface RuleGroup {
  name: string;
  file: string;
  interval: number;
  limit: number;
  evaluationTime: number;
  lastEvaluation: string;
  rules: Rule[];
}
export const ruleGroups = (signal?: AbortSignal) =>
  list<{ groups: RuleGroup[] }>("/rules", {}, signal);

export interface Counted {
  name: string;
  value: number;
}
export interface Cardinality {
  headStats: { numSeries: number; numLabelPairs: number; minTime: number; maxTime: number };
  seriesCountByMetricName: Counted[];
  labelValueCountByLabelName: Counted[];
  memoryInBytesByLabelName: Counted[];
  seriesCountByLabelValuePair: Counted[];
}
export const cardinality = (limit: number, signal?: AbortSignal) =>
  list<Cardinality>("/status/tsdb", { limit }, signal);

/* ---- as text */

/* `node_load1{instance="nas:9100"}`, as one would write it: names that are no identifiers quoted. */
const PLAIN_NAME = /^[A-Za-z_:][A-Za-z0-9_:]*$/;
const quote = (text: string) => JSON.stringify(text);

export function writeSelector(labels: Labels): string {
  const { __name__: name = "", ...rest } = labels;
  const isPlain = name === "" || PLAIN_NAME.test(name);
  const pairs = Object.entries(rest).map(
    ([key, value]) =>
      `${PLAIN_NAME.test(key) && !key.includes(":") ? key : quote(key)}=${quote(value)}`,
  );
  const inside = isPlain ? pairs : [quote(name), ...pairs];
  const braces = inside.length > 0 || !name ? `{${inside.join(", ")}}` : "";
  return (isPlain ? name : "") + braces;
}
