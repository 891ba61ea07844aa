// SPDX-License-Identifier: Apache-2.0
// What the variables of a dashboard can be, and are: those with queries ask the site, in the order in
// which they name each other.

import { useEffect, useState } from "preact/hooks";
import { messageOf } from "../../model/format";
import {
  asPromql,
  asRegex,
  interpolate,
  type Scope,
  type Value,
} from "../../model/grafana/interpolate";
import {
  askable,
  chosenOf,
  optionsFrom,
  valueOf,
  valueQueryOf,
  wishOf,
  type Option,
  type ValueQuery,
  type Variable,
} from "../../model/grafana/variables";
import {
  isGivenUp,
  labelNames,
  labelValues,
  query,
  seriesOf,
  writeSelector,
} from "../../model/prometheus";
import type { Span } from "../../model/timerange";

export interface Resolved {
  variable: Variable;
  options: Option[];
  chosen: string[];
  value: Value;
  error: string;
}

/* Answers as texts, which the variable's pattern then takes apart. */
async function ask(wish: ValueQuery, span: Span, signal: AbortSignal): Promise<string[]> {
  const during = { start: span.from / 1000, end: span.until / 1000 };
  switch (wish.ask) {
    case "label_values": {
      const match = wish.match ? [wish.match] : undefined;
      return (await labelValues(wish.label, { match, ...during }, signal)).data;
    }
    case "label_names": {
      const match = wish.match ? [wish.match] : undefined;
      return (await labelNames({ match, ...during }, signal)).data;
    }
    case "metrics": {
      const all = (await labelValues("__name__", during, signal)).data;
      return all.filter((name) => new RegExp(wish.pattern).test(name));
    }
    case "series":
      return (await seriesOf({ match: [wish.match], ...during }, signal)).data.map(writeSelector);
    case "query_result": {
      const answer = await query({ query: wish.expr, time: during.end }, signal);
      if (answer.type === "scalar") return [`${answer.value[1]} ${answer.value[0] * 1000}`];
      if (answer.type !== "vector") return [];
      return answer.series
        .filter(({ value }) => value)
        .map(({ metric, value }) => `${writeSelector(metric)} ${value![1]} ${value![0] * 1000}`);
    }
  }
}

async function optionsOf(variable: Variable, scope: Scope, signal: AbortSignal): Promise<Option[]> {
  if (variable.kind !== "query") return variable.options;
  const wish = valueQueryOf(interpolate(variable.query, scope, asPromql));
  const answers = wish ? await ask(wish, scope.span, signal) : [];
  return optionsFrom(answers, interpolate(variable.regex, scope, asRegex), variable.sort);
}

async function resolveOne(
  variable: Variable,
  params: URLSearchParams,
  scope: Scope,
  signal: AbortSignal,
): Promise<Resolved> {
  let options: Option[] = [];
  let error = "";
  try {
    options = await optionsOf(variable, scope, signal);
  } catch (failure) {
    if (isGivenUp(failure)) throw failure;
    error = messageOf(failure);
  }
  const chosen = chosenOf(variable, options, wishOf(params, variable.name));
  const value = valueOf(variable, options, chosen, scope.span);
  return { variable, options, chosen, value, error };
}

async function resolve(
  variables: Variable[],
  params: URLSearchParams,
  outer: Scope,
  signal: AbortSignal,
): Promise<Resolved[]> {
  const values: Record<string, Value> = {};
  const found = new Map<string, Resolved>();
  let waiting = variables;
  while (waiting.length > 0) {
    const together = askable(waiting);
    const scope = { ...outer, values: { ...values } };
    const all = await Promise.all(together.map((one) => resolveOne(one, params, scope, signal)));
    for (const one of all) {
      values[one.variable.name] = one.value;
      found.set(one.variable.name, one);
    }
    waiting = waiting.filter((one) => !together.includes(one));
  }
  return variables.map(({ name }) => found.get(name)!);
}

/* null: not known yet.  What was known stays while it is asked for again. */
export function useVariables(
  variables: Variable[],
  params: URLSearchParams,
  scope: Scope,
  version: string,
): Resolved[] | null {
  const [all, setAll] = useState<Resolved[] | null>(null);
  const chosen = variables.map(({ name }) => params.getAll(`var-${name}`));
  useEffect(() => {
    const stop = new AbortController();
    resolve(variables, params, scope, stop.signal).then(setAll, (failure: unknown) => {
      if (!isGivenUp(failure)) throw failure;
    });
    return () => stop.abort();
  }, [variables, JSON.stringify(chosen), version]);
  return all;
}
