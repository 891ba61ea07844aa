// SPDX-License-Identifier: Apache-2.0
// Questions to the site, each given up when another takes its place or the page goes.

import { useEffect, useRef, useState } from "preact/hooks";
import { isGivenUp, QueryError } from "../../model/prometheus";
import { messageOf } from "../../model/format";

export interface Answer<T> {
  data: T | null /* of the last answer, while the next is on its way */;
  error: QueryError | null;
  isBusy: boolean;
  cancel: () => void;
}

const asError = (failure: unknown) =>
  failure instanceof QueryError ? failure : new QueryError("internal", messageOf(failure));

/* Asks when `key` changes; "": there is nothing to ask.  What was answered stays until the next
 * answer, unless `subject` changes, too. */
export function useAnswer<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  key: string,
  subject = "",
): Answer<T> {
  const [state, setState] = useState<{ data: T | null; error: QueryError | null; of: string }>({
    data: null,
    error: null,
    of: subject,
  });
  const [isBusy, setBusy] = useState(false);
  const running = useRef<AbortController | null>(null);
  useEffect(() => {
    if (!key) {
      setBusy(false);
      return setState({ data: null, error: null, of: subject });
    }
    const stop = new AbortController();
    running.current = stop;
    setBusy(true);
    const isLast = () => running.current === stop;
    ask(stop.signal).then(
      (data) => {
        if (!isLast()) return;
        setBusy(false);
        setState({ data, error: null, of: subject });
      },
      (failure: unknown) => {
        if (!isLast()) return;
        setBusy(false);
        if (!isGivenUp(failure))
          setState((old) => ({ ...old, error: asError(failure), of: subject }));
      },
    );
    return () => {
      running.current = null;
      stop.abort();
    };
  }, [key, subject]);
  const isOld = state.of !== subject;
  return {
    data: isOld ? null : state.data,
    error: isOld ? null : state.error,
    isBusy,
    cancel: () => running.current?.abort(),
  };
}

/* Changes every `seconds` while somebody looks; 0: never. */
export function useRound(seconds: number): number {
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (seconds <= 0) return undefined;
    const timer = window.setInterval(() => {
      if (document.visibilityState === "visible") setRound((n) => n + 1);
    }, seconds * 1000);
    return () => window.clearInterval(timer);
  }, [seconds]);
  return round;
}
