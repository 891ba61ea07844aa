// SPDX-License-Identifier: Apache-2.0
// What the dialogs are made of: a frame that sends and shows what was refused, and its fields.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { day, hourMinute, messageOf } from "../model/format";
import { now } from "../model/clock";
import { reader, setReader } from "../model/prefs";
import { dismiss, say } from "./ask";

interface FrameProps {
  title: string;
  submit: string;
  children: ComponentChildren;
  isReady?: boolean;
  act: () => Promise<string> /* resolves to what to say */;
}

export function Frame({ title, submit, children, isReady = true, act }: FrameProps) {
  const [error, setError] = useState("");
  const [isBusy, setBusy] = useState(false);
  const run = async (ev: Event) => {
    ev.preventDefault();
    if (isBusy || !isReady) return;
    setBusy(true);
    setError("");
    try {
      say(await act());
      dismiss();
    } catch (failure) {
      setError(messageOf(failure));
      setBusy(false);
    }
  };
  return (
    <form onSubmit={run}>
      <h2 id="dialog-title">{title}</h2>
      {children}
      {error && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
      <div class="buttons">
        <button type="button" onClick={dismiss}>
          Cancel
        </button>
        <button type="submit" class="primary" disabled={isBusy || !isReady}>
          {isBusy ? "Sending…" : submit}
        </button>
      </div>
    </form>
  );
}

export function Field({
  label,
  note,
  children,
}: {
  label: string;
  note?: ComponentChildren;
  children: ComponentChildren;
}) {
  return (
    <label class="field">
      <span class="label">{label}</span>
      {children}
      {note && <span class="note">{note}</span>}
    </label>
  );
}

export function WhyAndWho({
  why,
  setWhy,
  hint,
  isFirst = true,
}: {
  why: string;
  setWhy: (s: string) => void;
  hint: string;
  isFirst?: boolean /* gets the focus when the dialog opens */;
}) {
  return (
    <>
      <Field label="Why">
        <input
          value={why}
          onInput={(ev) => setWhy(ev.currentTarget.value)}
          placeholder={hint}
          maxLength={200}
          data-first={isFirst || undefined}
        />
      </Field>
      <Field label="Your name">
        <input
          value={reader.value}
          onInput={(ev) => setReader(ev.currentTarget.value)}
          autocomplete="nickname"
          maxLength={64}
        />
      </Field>
    </>
  );
}

const MINUTE = 60_000;
const PRESETS: [string, string, number][] = [
  ["30m", "30 min", 30 * MINUTE],
  ["2h", "2 h", 120 * MINUTE],
  ["8h", "8 h", 480 * MINUTE],
  ["24h", "1 day", 1440 * MINUTE],
  ["168h", "1 week", 10080 * MINUTE],
];

function endsAt(length: number): string {
  const t = now() + length;
  const date = day(t);
  return `until ${hourMinute(t)}${date === day(now()) ? "" : `, ${date}`}`;
}

export function DurationField({
  value,
  set,
  openEnd,
}: {
  value: string;
  set: (s: string) => void;
  openEnd?: string;
}) {
  const preset = PRESETS.find(([id]) => id === value);
  const isOwn = value !== "" && !preset;
  return (
    <fieldset class="field">
      <legend class="label">For how long</legend>
      <div class="presets">
        {PRESETS.map(([id, text]) => (
          <label class="preset" key={id}>
            <input type="radio" name="for" checked={value === id} onChange={() => set(id)} />
            <span>{text}</span>
          </label>
        ))}
        {openEnd && (
          <label class="preset">
            <input type="radio" name="for" checked={value === ""} onChange={() => set("")} />
            <span>{openEnd}</span>
          </label>
        )}
        <input
          class="own"
          aria-label="Another duration, such as 90m or 3d"
          placeholder="90m, 3d"
          value={isOwn ? value : ""}
          onInput={(ev) => set(ev.currentTarget.value.trim() || "2h")}
        />
      </div>
      <span class="note">{preset ? endsAt(preset[2]) : isOwn ? `for ${value}` : "\u00a0"}</span>
    </fieldset>
  );
}
