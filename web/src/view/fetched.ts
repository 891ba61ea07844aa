// SPDX-License-Identifier: Apache-2.0
// Something that a page reads from the site when it opens, and again when `key` changes.

import { useCallback, useEffect, useState } from "preact/hooks";
import { ApiError } from "../model/api";
import { messageOf } from "../model/format";

export interface Fetched<T> {
  data: T | null;
  error: string;
  isAbsent: boolean /* the site knows of no such thing */;
  again: () => void;
}

/* `subject` says what it is about: when it changes, the old data is dropped; when only `version`
 * changes, the old data stays until the new is there. */
export function useFetched<T>(read: () => Promise<T>, subject: string, version = ""): Fetched<T> {
  const nothing = { subject, data: null as T | null, error: "", isAbsent: false };
  const [state, setState] = useState(nothing);
  const [round, setRound] = useState(0);
  useEffect(() => {
    let isWanted = true;
    read().then(
      (data) => isWanted && setState({ ...nothing, data }),
      (failure: unknown) => {
        const error = messageOf(failure);
        const isAbsent = failure instanceof ApiError && failure.status === 404;
        if (isWanted)
          setState((old) => ({
            subject,
            data: old.subject === subject ? old.data : null,
            error,
            isAbsent,
          }));
      },
    );
    return () => {
      isWanted = false;
    };
  }, [subject, version, round]);
  const again = useCallback(() => setRound((n) => n + 1), []);
  return { ...(state.subject === subject ? state : nothing), again };
}
