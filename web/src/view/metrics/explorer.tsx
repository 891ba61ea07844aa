// SPDX-License-Identifier: Apache-2.0
// Expressions, asked over a range (a graph) or at one time (a table).  The address holds what is
// asked; what is being typed is not asked until Enter.

import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { now } from "../../model/clock";
import {
  explorePath,
  guessUnits,
  letterOf,
  QUERIES_MOST,
  readExploration,
  remember,
  type Exploration,
} from "../../model/explore";
import { count, duration, took } from "../../model/format";
import { kept, keep } from "../../model/prefs";
import {
  formatQuery,
  numberOf,
  placeOf,
  query as askOnce,
  queryExemplars,
  queryRange,
  writeSelector,
  type InstantResult,
  type Labels,
  type QueryError,
  type RangeResult,
} from "../../model/prometheus";
import { go, params } from "../../model/router";
import { frameOf, shortNames, type Frame } from "../../model/series";
import { absolute, onGrid, spanOf, stepOf, type Span } from "../../model/timerange";
import { Chart, type ChartSeries, type Mark } from "../chart/chart";
import { useKeys } from "../keys";
import { lazy } from "../lazy";
import { Loading } from "../parts";
import { useAnswer, useRound, type Answer } from "./answers";
import { ExpressionField } from "./editor";
import { MetricsFrame, Refused } from "./frame";
import { HistoryList } from "./history_list";
import { TimePicker } from "./picker";
import { NoSeries, ResultTable } from "./results";
import { ViewBar } from "./view_bar";

const POINTS_PER_PIXEL = 0.75;
const POINTS_MOST = 10_000; /* the site refuses more than 11,000 a series */
const SERIES_MOST = 1000; /* of one expression on a graph */
const MARKS_MOST = 2000; /* exemplars of one expression on a graph, the newest */
const HISTORY_KEY = "queries";

const set = (e: Exploration, changes: Partial<Exploration>) =>
  go(explorePath({ ...e, ...changes }));

/* ---- asking */

interface Asked {
  span: Span;
  step: number;
  round: string /* changes when it is to be asked again */;
}

/* What a graph as wide as the page asks for, at this moment. */
function useAsked(e: Exploration, width: number, pressed: number): Asked {
  const round = useRound(e.refresh);
  return useMemo(() => {
    const span = spanOf(e.range, now())!;
    const points = Math.min(POINTS_MOST, Math.max(100, width * POINTS_PER_PIXEL));
    const step = e.step ? Math.max(e.step, stepOf(span, POINTS_MOST)) : stepOf(span, points);
    return { span: onGrid(span, step), step, round: `${round} ${pressed}` };
  }, [e.range.from, e.range.to, e.step, width, round, pressed]);
}

export type Result =
  | { of: "graph"; result: RangeResult; frame: Frame; step: number; marks: Mark[] }
  | { of: "table"; result: InstantResult };

async function marksOf(text: string, span: Span, signal: AbortSignal): Promise<Mark[]> {
  const what = { query: text, start: span.from / 1000, end: span.until / 1000 };
  const { data } = await queryExemplars(what, signal);
  const all = data.flatMap(({ exemplars }) => exemplars).slice(-MARKS_MOST);
  return all.map(({ timestamp, value, labels }) => ({
    at: timestamp,
    value: numberOf(value),
    text: `exemplar ${value}: ${writeSelector(labels)}`,
  }));
}

async function ask(
  text: string,
  { view, hasExemplars }: Exploration,
  { span, step }: Asked,
  signal: AbortSignal,
): Promise<Result> {
  const end = span.until / 1000;
  if (view === "table")
    return { of: "table", result: await askOnce({ query: text, time: end }, signal) };
  const grid = { start: span.from / 1000, end, step };
  const [result, marks] = await Promise.all([
    queryRange({ query: text, ...grid, limit: SERIES_MOST }, signal),
    hasExemplars ? marksOf(text, span, signal) : [],
  ]);
  const nameOf = (labels: Labels) =>
    Object.keys(labels).length === 0 ? text : writeSelector(labels);
  return { of: "graph", result, frame: frameOf(result.series, grid, nameOf), step, marks };
}

/* ---- one expression */

interface ExpressionProps {
  e: Exploration;
  i: number;
  asked: Asked;
  answered: (i: number, answer: Answer<Result> | null) => void;
  ran: () => void;
}

function offsetOf(text: string, place: { line: number; column: number }): number {
  const before = text.split("\n").slice(0, place.line - 1);
  return before.reduce((sum, line) => sum + line.length + 1, 0) + place.column - 1;
}

/* What the site said of where the error is; of another text than is there now it says nothing. */
function markOf(error: QueryError | null, asked: string, typed: string) {
  const place = error && asked === typed ? placeOf(error.message) : null;
  return place && { from: offsetOf(asked, place), text: error!.message };
}

/* What is typed, and what comes from elsewhere: the address, a layout. */
function useTyped(text: string) {
  const [typed, setTyped] = useState(text);
  const [given, setGiven] = useState({ text });
  const ran = useRef(text);
  const give = (next: string) => {
    ran.current = next;
    setTyped(next);
    setGiven({ text: next });
  };
  useEffect(() => {
    if (text !== ran.current) give(text);
  }, [text]);
  return { typed, setTyped, given, give, ran };
}

function Expression({ e, i, asked, answered, ran }: ExpressionProps) {
  const text = e.queries[i]!;
  const { typed, setTyped, given, give, ran: ranText } = useTyped(text);
  const when = `${asked.span.from} ${asked.step} ${asked.round}`;
  const key = text.trim() && `${e.view} ${e.hasExemplars} ${text} ${when}`;
  const subject = `${e.view} ${text}`;
  const answer = useAnswer((signal) => ask(text, e, asked, signal), key, subject);
  useEffect(() => answered(i, answer), [answer.data, answer.error, answer.isBusy]);
  useEffect(() => () => answered(i, null), []);
  const run = () => {
    keep(HISTORY_KEY, remember(kept(HISTORY_KEY), typed));
    ranText.current = typed;
    if (typed === text) return ran();
    set(e, { queries: e.queries.map((old, j) => (j === i ? typed : old)) });
  };
  const many = e.queries.length > 1;
  return (
    <section class="expression" aria-label={`Expression ${letterOf(i)}`}>
      <div class="expression-line">
        {many && <span class="expression-letter">{letterOf(i)}</span>}
        <ExpressionField
          typed={typed}
          given={given}
          label={`Expression ${letterOf(i)}`}
          error={markOf(answer.error, text, typed)}
          wantsFocus={i > 0 && text === ""}
          changed={setTyped}
          run={run}
        />
        <div class="expression-buttons">
          {answer.isBusy ? (
            <button type="button" onClick={answer.cancel}>
              Cancel
            </button>
          ) : (
            <button type="button" class="primary" onClick={run}>
              Run
            </button>
          )}
          <FormatButton typed={typed} give={give} />
          {many && (
            <button
              type="button"
              class="quiet-button"
              aria-label={`Remove expression ${letterOf(i)}`}
              onClick={() => set(e, { queries: e.queries.filter((_, j) => j !== i) })}
            >
              Remove
            </button>
          )}
        </div>
      </div>
      <Notes answer={answer} isOneOfMany={many} />
    </section>
  );
}

function FormatButton({ typed, give }: { typed: string; give: (text: string) => void }) {
  const format = () =>
    formatQuery(typed).then(
      ({ data }) => give(data),
      () => undefined /* what is wrong with it is marked already */,
    );
  return (
    <button
      type="button"
      class="quiet-button"
      disabled={!typed.trim()}
      title="Lay it out in lines"
      onClick={() => void format()}
    >
      Format
    </button>
  );
}

/* What went wrong, what is to be known of it, and what it took. */
function Notes({ answer, isOneOfMany }: { answer: Answer<Result>; isOneOfMany: boolean }) {
  const result = answer.data?.result;
  return (
    <div class={isOneOfMany ? "notes is-inset" : "notes"}>
      <Refused error={answer.error} />
      {result?.warnings.map((text) => (
        <p key={text} class="note is-warn">
          {text}
        </p>
      ))}
      {result?.infos.map((text) => (
        <p key={text} class="note">
          {text}
        </p>
      ))}
      {result && <Took result={answer.data!} />}
    </div>
  );
}

function sizeOf(result: Result): string {
  if (result.of === "graph") return count(result.result.series.length, "series", "series");
  const { result: r } = result;
  return r.type === "vector" || r.type === "matrix"
    ? count(r.series.length, "series", "series")
    : r.type;
}

function Took({ result }: { result: Result }) {
  const { stats, took_ms } = result.result;
  const parts = [
    sizeOf(result),
    stats.samples !== null && `${count(stats.samples, "sample")} read`,
    stats.seconds !== null && `evaluated in ${took(Math.max(0.1, stats.seconds * 1000))}`,
    `answered in ${took(took_ms)}`,
    result.of === "graph" && `a point every ${duration(result.step * 1000)}`,
  ];
  return <p class="quiet took">{parts.filter(Boolean).join(" · ")}</p>;
}

/* ---- all of them */

type Answers = (Answer<Result> | null)[];

function seriesOf(answers: Answers, e: Exploration): { times: number[]; series: ChartSeries[] } {
  const frames = answers.flatMap((a) => (a?.data?.of === "graph" ? [a.data.frame] : []));
  const longest = frames.reduce<number[]>(
    (best, { times }) => (times.length > best.length ? times : best),
    [],
  );
  const inTime = frames.filter(({ times }) => times[0] === longest[0]);
  const lines = inTime.flatMap((frame) => frame.lines);
  const fill = e.isStacked ? 0.35 : lines.length === 1 ? 0.1 : 0;
  const short = shortNames(lines.map(({ labels }) => labels));
  const series = lines.map(({ name, values }, i) => {
    return { name, short: short[i] || undefined, values, fill };
  });
  return { times: longest, series };
}

const NativeHeat = lazy(
  async () => (await import("../dashboards/native")).NativeHeat,
  (children) => <div>{children}</div>,
);

/* A heatmap for each expression that answers native histograms, which are no lines. */
function Heats({ e, answers, asked, width }: GraphProps) {
  const { span, step } = asked;
  const grid = { start: span.from / 1000, end: span.until / 1000, step };
  return (
    <>
      {answers.map((answer, i) => {
        if (answer?.data?.of !== "graph") return null;
        const native = answer.data.result.series.filter((s) => s.histograms.length > 0);
        return native.length === 0 ? null : (
          <section key={i}>
            {e.queries.length > 1 && <h2>{letterOf(i)}</h2>}
            <p class="quiet">
              Native histograms, {count(native.length, "series", "series")}
              {native.length > 1 && " added up"}: how many observations lie in which range.
            </p>
            <NativeHeat series={native} grid={grid} width={width} unit={e.unit} zone={e.zone} />
          </section>
        );
      })}
    </>
  );
}

interface GraphProps {
  e: Exploration;
  answers: Answers;
  asked: Asked;
  width: number;
}

function Graph({ e, answers, asked, width }: GraphProps) {
  const { times, series } = useMemo(() => seriesOf(answers, e), [answers, e.isStacked]);
  const marks = useMemo(
    () => answers.flatMap((a) => (a?.data?.of === "graph" ? a.data.marks : [])),
    [answers],
  );
  const isFull = answers.some(
    (a) => a?.data?.of === "graph" && a.data.frame.lines.length >= SERIES_MOST,
  );
  const hasNative = answers.some(
    (a) => a?.data?.of === "graph" && a.data.result.series.some((s) => s.histograms.length > 0),
  );
  const heats = hasNative && <Heats e={e} answers={answers} asked={asked} width={width} />;
  if (series.length === 0) return heats || <NoSeries />;
  return (
    <>
      {heats}
      {isFull && (
        <p class="note is-warn">Only the first {SERIES_MOST} series of an expression are drawn.</p>
      )}
      <Chart
        label="Graph"
        times={times}
        series={series}
        from={times[0]!}
        until={Math.max(times[0]! + asked.step, times[times.length - 1]!)}
        height={360}
        unit={e.unit || guessUnits(e.queries)}
        marks={marks}
        zone={e.zone || undefined}
        stacking={e.isStacked ? "normal" : "none"}
        onZoom={(from, until) =>
          set(e, { range: absolute({ from: from * 1000, until: until * 1000 }) })
        }
      />
    </>
  );
}

function Tables({ e, answers }: { e: Exploration; answers: Answers }) {
  return (
    <>
      {answers.map((answer, i) =>
        answer?.data?.of === "table" ? (
          <section key={i}>
            {e.queries.length > 1 && <h2>{letterOf(i)}</h2>}
            <ResultTable result={answer.data.result} zone={e.zone || undefined} />
          </section>
        ) : null,
      )}
    </>
  );
}

const EXAMPLES: [string, string][] = [
  ["up", "which targets answer"],
  ["probe_duration_seconds", "how long probes take"],
  ['1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m]))', "how busy hosts are"],
  ['topk(10, count by (__name__) ({__name__=~".+"}))', "names with the most series"],
];

function Examples({ e }: { e: Exploration }) {
  return (
    <div class="examples">
      <p class="calm">Ask for something, such as</p>
      <ul>
        {EXAMPLES.map(([query, what]) => (
          <li key={query}>
            <a href={explorePath({ ...e, queries: [query] })}>
              <code>{query}</code>
            </a>{" "}
            <span class="quiet">{what}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function useWidth() {
  const ref = useRef<HTMLDivElement>(null);
  const width = useSignal(0);
  useEffect(() => {
    width.value = ref.current!.clientWidth;
  }, []);
  return { ref, width: width.value };
}

export function ExplorePage() {
  const e = readExploration(params.value);
  const [pressed, setPressed] = useState(0);
  const { ref, width } = useWidth();
  const asked = useAsked(e, width, pressed);
  useKeys({ r: () => setPressed((n) => n + 1) });
  const [answers, setAnswers] = useState<Answers>([]);
  const answered = (i: number, answer: Answer<Result> | null) =>
    setAnswers((old) => {
      const next = [...old];
      next[i] = answer;
      return next;
    });
  const mine = e.queries.map((_, i) => answers[i] ?? null);
  const isAsked = e.queries.some((query) => query.trim());
  const isBusy = mine.some((a) => a?.isBusy);
  const hasData = mine.some((a) => a?.data?.of === e.view);
  const add = (query: string) => {
    const free = e.queries.findIndex((old) => !old.trim());
    const queries = [...e.queries];
    if (free >= 0) queries[free] = query;
    else queries.push(query);
    set(e, { queries: queries.slice(-QUERIES_MOST) });
  };
  return (
    <MetricsFrame
      title="Explore"
      tools={
        <TimePicker
          range={e.range}
          refresh={e.refresh}
          zone={e.zone}
          set={(changes) => set(e, changes)}
        />
      }
    >
      <div ref={ref}>
        {width > 0 &&
          e.queries.map((_, i) => (
            <Expression
              key={i}
              e={e}
              i={i}
              asked={asked}
              answered={answered}
              ran={() => setPressed((n) => n + 1)}
            />
          ))}
      </div>
      <div class="expression-tools">
        <button
          type="button"
          disabled={e.queries.length >= QUERIES_MOST}
          onClick={() => set(e, { queries: [...e.queries, ""] })}
        >
          Add expression
        </button>
        <HistoryList past={() => kept(HISTORY_KEY)} pick={add} />
        <ViewBar e={e} set={(changes) => set(e, changes)} />
      </div>
      <div class={isBusy ? "results is-busy" : "results"} aria-busy={isBusy}>
        {!isAsked && <Examples e={e} />}
        {isAsked && hasData && e.view === "graph" && (
          <Graph e={e} answers={mine} asked={asked} width={width} />
        )}
        {isAsked && hasData && e.view === "table" && <Tables e={e} answers={mine} />}
        {isAsked && !hasData && isBusy && <Loading />}
      </div>
    </MetricsFrame>
  );
}
