// SPDX-License-Identifier: Apache-2.0
// The queries of a panel: asked when it is seen, given up when they are asked otherwise.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { messageOf } from "../../model/format";
import type { Asked, Frame, Grid } from "../../model/grafana/frames";
import { instantFrames, rangeFrames } from "../../model/grafana/frames";
import { asGlob, asPromql, interpolate, type Scope } from "../../model/grafana/interpolate";
import type { Panel, Target } from "../../model/grafana/panel";
import { isNative } from "../../model/grafana/native";
import { intervalMs, intervalsOf } from "../../model/grafana/time";
import { transform } from "../../model/grafana/transform";
import { isGivenUp, query, queryRange } from "../../model/prometheus";
import type { Span } from "../../model/timerange";

export interface PanelData {
  frames: Frame[];
  errors: string[];
  warnings: string[];
}

/* A query as it goes to the site. */
interface Question extends Asked {
  isInstant: boolean;
  isOnlyTable: boolean;
  isHeatmap: boolean;
  grid: Grid;
  until: number;
}

/* ---- what is asked */

/* Of a panel that draws numbers. */
const NOT_NUMBERS =
  "these are native histograms, which a heatmap draws; here histogram_quantile(), histogram_avg() or histogram_count() give numbers";

const POINTS_USUAL = 100; /* of what draws no line */

/* The time that a panel is about, where that isn't the dashboard's. */
export function spanOfPanel(panel: Panel, span: Span): Span {
  const length = intervalMs(panel.timeFrom);
  const by = intervalMs(panel.timeShift);
  const until = span.until - (Number.isNaN(by) ? 0 : by);
  const from = Number.isNaN(length) ? span.from - (span.until - until) : until - length;
  return { from, until };
}

export interface Surroundings {
  scope: Scope;
  scrape: number /* milliseconds between two samples */;
  width: number /* CSS pixels */;
}

function questionOf(panel: Panel, target: Target, around: Surroundings): Question {
  const span = spanOfPanel(panel, around.scope.span);
  const points = panel.maxDataPoints || (around.width > 0 ? around.width : POINTS_USUAL);
  const least = intervalMs(interpolate(target.interval || panel.interval, around.scope, asPromql));
  const intervals = intervalsOf(span, points, least, around.scrape, target.factor);
  const scope = { ...around.scope, span, intervals };
  const step = intervals.interval;
  const start = Math.floor(span.from / step) * step;
  const isTable = panel.type === "table" || target.format === "table";
  const tables = panel.targets.filter((t) => !t.isHidden && t.format === "table");
  return {
    refId: target.refId,
    expr: interpolate(target.expr, scope, asPromql),
    legend: interpolate(target.legend, scope, asGlob),
    format: target.format,
    isInstant: target.isInstant,
    isOnlyTable: !isTable || tables.length < 2,
    isHeatmap: panel.type === "heatmap",
    grid: { start, step, n: Math.floor((Math.floor(span.until / step) * step - start) / step) + 1 },
    until: span.until,
  };
}

export function questionsOf(panel: Panel, around: Surroundings): Question[] {
  return panel.targets
    .filter((target) => !target.isHidden && target.expr.trim() !== "")
    .map((target) => questionOf(panel, target, around));
}

/* ---- asking */

interface Outcome {
  frames: Frame[];
  warnings: string[];
}

async function answerOf(question: Question, signal: AbortSignal): Promise<Outcome> {
  const { expr, grid, isInstant, isOnlyTable, isHeatmap, until } = question;
  if (!isInstant) {
    const { start, step, n } = grid;
    const range = { start: start / 1000, end: (start + (n - 1) * step) / 1000, step: step / 1000 };
    const { series, warnings } = await queryRange({ query: expr, ...range }, signal);
    if (!isHeatmap && isNative(series)) return { frames: [], warnings: [...warnings, NOT_NUMBERS] };
    return { frames: rangeFrames(question, series, grid), warnings };
  }
  const answer = await query({ query: expr, time: until / 1000 }, signal);
  if (answer.type === "vector")
    return {
      frames: instantFrames(question, answer.series, isOnlyTable),
      warnings: answer.warnings,
    };
  const value = answer.type === "scalar" ? answer.value : undefined;
  const samples = value ? [{ metric: {}, value }] : [];
  return { frames: instantFrames(question, samples, isOnlyTable), warnings: answer.warnings };
}

async function runAll(questions: Question[], signal: AbortSignal): Promise<PanelData> {
  const errors: string[] = [];
  const outcomes = await Promise.all(
    questions.map((question) =>
      answerOf(question, signal).catch((failure: unknown): Outcome => {
        if (isGivenUp(failure)) throw failure;
        errors.push(messageOf(failure));
        return { frames: [], warnings: [] };
      }),
    ),
  );
  return {
    frames: outcomes.flatMap(({ frames }) => frames),
    errors: [...new Set(errors)],
    warnings: [...new Set(outcomes.flatMap(({ warnings }) => warnings))],
  };
}

/* ---- for a panel */

export interface Run {
  data: PanelData | null /* transformed already */;
  isBusy: boolean;
}

/* `round` changes when everything is to be read again. */
export function useRun(panel: Panel, around: Surroundings | null, round: number): Run {
  const [data, setData] = useState<PanelData | null>(null);
  const [isBusy, setBusy] = useState(false);
  const answered = useRef("");
  const questions = around ? questionsOf(panel, around) : [];
  const key = around ? JSON.stringify([questions, round]) : "";
  useEffect(() => {
    if (!key || key === answered.current) return undefined;
    const stop = new AbortController();
    setBusy(true);
    runAll(questions, stop.signal).then(
      (next) => {
        answered.current = key;
        setBusy(false);
        setData(next);
      },
      () => {
        /* given up: another question is on its way, or nobody looks any more */
      },
    );
    return () => stop.abort();
  }, [key]);
  const transformed = useMemo(
    () => data && { ...data, frames: transform(data.frames, panel.transformations) },
    [data, panel],
  );
  return { data: transformed, isBusy };
}
