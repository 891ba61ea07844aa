// SPDX-License-Identifier: Apache-2.0
// What of a list is shown.  The address holds it, so that whoever opens it sees the same.

import type { ComponentChildren } from "preact";
import { params, setParams } from "../model/router";

export function Filters({ of, children }: { of: string; children: ComponentChildren }) {
  return (
    <search class="filters" aria-label={`Filter ${of}`}>
      {children}
    </search>
  );
}

interface ChoiceFilterProps {
  name: string /* in the address */;
  label: string;
  options: readonly (readonly [value: string, text: string])[] /* besides all */;
  all?: string /* what stands for no choice */;
}

export function ChoiceFilter({ name, label, options, all = "all" }: ChoiceFilterProps) {
  return (
    <label class="choice">
      <span class="label">{label}</span>
      <select
        value={params.value.get(name) ?? ""}
        onChange={(ev) => setParams({ [name]: ev.currentTarget.value })}
      >
        <option value="">{all}</option>
        {options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

/* What "/" leads to. */
export function TextFilter({ placeholder }: { placeholder: string }) {
  return (
    <label class="choice grow">
      <span class="label">Text</span>
      <input
        type="search"
        id="search"
        value={params.value.get("q") ?? ""}
        placeholder={placeholder}
        autocomplete="off"
        spellcheck={false}
        onInput={(ev) => setParams({ q: ev.currentTarget.value })}
      />
    </label>
  );
}
