// SPDX-License-Identifier: Apache-2.0
// What of the dashboard's variables can be chosen.

import { useEffect, useState } from "preact/hooks";
import { number } from "../../model/format";
import { asText } from "../../model/grafana/interpolate";
import { ALL, type Option } from "../../model/grafana/variables";
import type { Resolved } from "./resolve";

const SHOWN_MOST = 300; /* options in one list; the rest is found by typing */

export type Choose = (name: string, values: string[]) => void;

/* What was picked is shown at once, and until the site has said what follows from it. */
function usePicked(chosen: string[]): [string[], (values: string[]) => void] {
  const [picked, setPicked] = useState(chosen);
  useEffect(() => setPicked(chosen), [JSON.stringify(chosen)]);
  return [picked, setPicked];
}

function One({ one, choose }: { one: Resolved; choose: Choose }) {
  const { variable, options } = one;
  const [picked, setPicked] = usePicked(one.chosen);
  const pick = (value: string) => {
    setPicked([value]);
    choose(variable.name, [value]);
  };
  const all: Option[] = variable.hasAll ? [{ value: ALL, text: "All" }, ...options] : options;
  return (
    <select
      id={`var-${variable.name}`}
      value={picked[0] ?? ""}
      onChange={(ev) => pick(ev.currentTarget.value)}
    >
      {all.length === 0 && <option value="">none</option>}
      {all.map(({ value, text }) => (
        <option key={value} value={value}>
          {text}
        </option>
      ))}
    </select>
  );
}

/* With one more, or one less.  None at all is all, or the first. */
function toggled({ variable, options }: Resolved, chosen: string[], value: string): string[] {
  if (value === ALL) return [ALL];
  const bare = chosen.filter((one) => one !== ALL);
  const next = bare.includes(value) ? bare.filter((one) => one !== value) : [...bare, value];
  if (next.length > 0) return next;
  return variable.hasAll ? [ALL] : options.slice(0, 1).map((option) => option.value);
}

function Several({ one, choose }: { one: Resolved; choose: Choose }) {
  const { variable, options, value } = one;
  const [picked, setPicked] = usePicked(one.chosen);
  const toggle = (option: string) => {
    const next = toggled(one, picked, option);
    setPicked(next);
    choose(variable.name, next);
  };
  const [sought, setSought] = useState("");
  const all: Option[] = variable.hasAll ? [{ value: ALL, text: "All" }, ...options] : options;
  const found = all.filter(({ text }) => text.toLowerCase().includes(sought.toLowerCase()));
  const close = (ev: KeyboardEvent) => {
    if (ev.key !== "Escape") return;
    ev.stopPropagation();
    const details = ev.currentTarget as HTMLDetailsElement;
    details.open = false;
    details.querySelector("summary")?.focus();
  };
  return (
    <details class="choice" onKeyDown={close}>
      <summary
        id={`var-${variable.name}`}
        aria-label={`${variable.label}: ${asText(value) || "none"}`}
      >
        {asText(value) || "none"}
      </summary>
      <div class="choice-list">
        {all.length > 8 && (
          <input
            type="search"
            aria-label={`Find a value of ${variable.label}`}
            placeholder="Find"
            value={sought}
            onInput={(ev) => setSought(ev.currentTarget.value)}
          />
        )}
        {found.slice(0, SHOWN_MOST).map((option) => (
          <label key={option.value}>
            <input
              type="checkbox"
              checked={picked.includes(option.value)}
              onChange={() => toggle(option.value)}
            />
            {option.text}
          </label>
        ))}
        {found.length === 0 && <p class="quiet">none</p>}
        {found.length > SHOWN_MOST && (
          <p class="quiet">and {number(found.length - SHOWN_MOST)} more</p>
        )}
      </div>
    </details>
  );
}

function Own({ one, choose }: { one: Resolved; choose: Choose }) {
  return (
    <input
      id={`var-${one.variable.name}`}
      value={one.chosen[0] ?? ""}
      onChange={(ev) => choose(one.variable.name, [ev.currentTarget.value])}
    />
  );
}

export function Variables({ all, choose }: { all: Resolved[]; choose: Choose }) {
  const shown = all.filter(({ variable }) => !variable.isHidden);
  if (shown.length === 0) return null;
  return (
    <div class="variables" role="group" aria-label="Variables">
      {shown.map((one) => {
        const { variable, error } = one;
        const Field = variable.kind === "textbox" ? Own : variable.isMulti ? Several : One;
        return (
          <div key={variable.name} class="variable" title={variable.description}>
            <label for={`var-${variable.name}`} class={variable.hasLabel ? "" : "only-read"}>
              {variable.label}
            </label>
            <Field one={one} choose={choose} />
            {error && (
              <span class="error" role="alert">
                {error}
              </span>
            )}
          </div>
        );
      })}
    </div>
  );
}
