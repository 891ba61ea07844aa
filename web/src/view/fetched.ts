// SPDX-License-Identifier: Apache-2.0
// Something that a page reads from the site when it opens, and again when `key` changes.

import { useCallback, useEffect, useState } from "preact/hooks";

export interface Fetched<T> {
  data: T | null;
  error: string;
  again: () => void;
}

/* `subject` says what it is about: when it changes, the old data is dropped; when only `version`
 * changes, the old data stays until the new is there. */
export function useFetched<T>(read: () => Promise<T>, subject: string, version = ""): Fetched<T> {
  const [state, setState] = useState<{ subject: string; data: T | null; error: string }>({
    subject,
    data: null,
    error: "",
  });
  const [round, setRound] = useState(0);
  useEffect(() => {
    let isWanted = true;
    read().then(
      (data) => isWanted && setState({ subject, data, error: "" }),
      (error: unknown) => {
        const text = error instanceof Error ? error.message : String(error);
        if (isWanted)
          setState((old) => ({
            subject,
            data: old.subject === subject ? old.data : null,
            error: text,
          }));
      },
    );
    return () => {
      isWanted = false;
    };
  }, [subject, version, round]);
  const again = useCallback(() => setRound((n) => n + 1), []);
  return state.subject === subject ? { ...state, again } : { data: null, error: "", again };
}
