// SPDX-License-Identifier: Apache-2.0
// What was asked before, in this browser.

import { useEffect, useRef, useState } from "preact/hooks";

/* Open until Escape, a click elsewhere, or the focus going elsewhere. */
function useMenu() {
  const [isOpen, setOpen] = useState(false);
  const ref = useRef<HTMLDivElement>(null);
  const leave = (ev: FocusEvent) => {
    const to = ev.relatedTarget as Node | null;
    if (to && !ref.current?.contains(to)) setOpen(false);
  };
  const press = (ev: KeyboardEvent) => {
    if (ev.key !== "Escape" || !isOpen) return;
    ev.stopPropagation();
    setOpen(false);
    ref.current?.querySelector("button")?.focus();
  };
  useEffect(() => {
    const click = (ev: Event) => {
      if (!ref.current?.contains(ev.target as Node)) setOpen(false);
    };
    if (isOpen) document.addEventListener("pointerdown", click);
    return () => document.removeEventListener("pointerdown", click);
  }, [isOpen]);
  return { isOpen, setOpen, around: { ref, onFocusOut: leave, onKeyDown: press } };
}

interface HistoryListProps {
  past: () => string[];
  pick: (query: string) => void;
}

export function HistoryList({ past, pick }: HistoryListProps) {
  const { isOpen, setOpen, around } = useMenu();
  const list = isOpen ? past() : [];
  return (
    <div class="history" {...around}>
      <button type="button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        History
      </button>
      {isOpen && (
        <ul class="history-list">
          {list.length === 0 && <li class="quiet">Nothing was asked from this browser yet.</li>}
          {list.map((query) => (
            <li key={query}>
              <button
                type="button"
                class="link"
                data-row
                onClick={() => {
                  pick(query);
                  setOpen(false);
                }}
              >
                <code>{query}</code>
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
