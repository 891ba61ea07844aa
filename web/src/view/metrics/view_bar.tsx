// SPDX-License-Identifier: Apache-2.0
// How answers are shown: as a graph or a table, stacked, with which points and in which unit.

import { STEPS, type Exploration } from "../../model/explore";
import { duration } from "../../model/format";

const UNIT_CHOICES: [string, string][] = [
  ["", "unit: by its name"],
  ["none", "plain numbers"],
  ["short", "K, Mil, Bil"],
  ["bytes", "bytes"],
  ["binBps", "bytes a second"],
  ["bps", "bits a second"],
  ["s", "seconds"],
  ["percentunit", "percent of 1"],
  ["percent", "percent of 100"],
  ["ops", "operations a second"],
  ["celsius", "°C"],
];

interface ViewBarProps {
  e: Exploration;
  set: (changes: Partial<Exploration>) => void;
}

export function ViewBar({ e, set }: ViewBarProps) {
  const views: [Exploration["view"], string][] = [
    ["graph", "Graph"],
    ["table", "Table"],
  ];
  return (
    <div class="view-bar">
      <div class="spans" role="group" aria-label="Show as">
        {views.map(([view, text]) => (
          <button
            type="button"
            key={view}
            aria-pressed={e.view === view}
            onClick={() => set({ view })}
          >
            {text}
          </button>
        ))}
      </div>
      {e.view === "graph" && (
        <>
          <label class="tick">
            <input
              type="checkbox"
              checked={e.isStacked}
              onChange={(ev) => set({ isStacked: ev.currentTarget.checked })}
            />
            stacked
          </label>
          <label class="tick">
            <input
              type="checkbox"
              checked={e.hasExemplars}
              onChange={(ev) => set({ hasExemplars: ev.currentTarget.checked })}
            />
            exemplars
          </label>
          <select
            aria-label="Resolution"
            value={String(e.step)}
            onChange={(ev) => set({ step: Number(ev.currentTarget.value) })}
          >
            {[...new Set([...STEPS, e.step])].map((step) => (
              <option key={step} value={String(step)}>
                {step === 0 ? "points: as fit" : `a point every ${duration(step * 1000)}`}
              </option>
            ))}
          </select>
          <select
            aria-label="Unit"
            value={e.unit}
            onChange={(ev) => set({ unit: ev.currentTarget.value })}
          >
            {UNIT_CHOICES.map(([unit, text]) => (
              <option key={unit} value={unit}>
                {text}
              </option>
            ))}
          </select>
        </>
      )}
    </div>
  );
}
