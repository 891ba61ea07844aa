// SPDX-License-Identifier: Apache-2.0
// What asks before it does something: silence, acknowledge, pause; and the list of keys.

import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import * as api from "../model/api";
import { compareNames } from "../model/arrange";
import { clock, count, day } from "../model/format";
import { now } from "../model/clock";
import { covers, LABELS, parseMatchers, writeMatcher } from "../model/matchers";
import { reader, setReader } from "../model/prefs";
import { allChecks, checkSignal, shape } from "../model/store";
import type { Check, Incident } from "../model/types";

type Asked =
  | { what: "silence"; matchers: string }
  | { what: "ack"; incident: Incident }
  | { what: "pause"; check: Check }
  | { what: "keys" };

export const asked = signal<Asked | null>(null);

export const askSilence = (matchers: string) => (asked.value = { what: "silence", matchers });
export const askAck = (incident: Incident) => (asked.value = { what: "ack", incident });
export const askPause = (check: Check) => (asked.value = { what: "pause", check });
export const askKeys = () => (asked.value = { what: "keys" });

/* ---- one line at the foot of the page that says what has just been done ---- */

export const said = signal("");
let unsay: number | undefined;

export function say(text: string): void {
  said.value = text;
  window.clearTimeout(unsay);
  unsay = window.setTimeout(() => (said.value = ""), 6000);
}

export function Said() {
  return (
    <div class="said" role="status">
      {said.value && <p>{said.value}</p>}
    </div>
  );
}

/* ---- frame: a modal dialog around one form ---- */

interface FrameProps {
  title: string;
  submit: string;
  children: ComponentChildren;
  isReady?: boolean;
  act: () => Promise<string> /* resolves to what to say */;
}

function dismiss(): void {
  asked.value = null;
}

function Frame({ title, submit, children, isReady = true, act }: FrameProps) {
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
      setError(failure instanceof Error ? failure.message : String(failure));
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

/* ---- fields ---- */

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

function WhyAndWho({
  why,
  setWhy,
  hint,
}: {
  why: string;
  setWhy: (s: string) => void;
  hint: string;
}) {
  return (
    <>
      <Field label="Why">
        <input
          value={why}
          onInput={(ev) => setWhy(ev.currentTarget.value)}
          placeholder={hint}
          maxLength={200}
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
  return `until ${clock(t).slice(0, 5)}${date === day(now()) ? "" : `, ${date}`}`;
}

function DurationField({
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

/* ---- silence ---- */

const PREVIEWED = 6;

interface Preview {
  error: string;
  names: string[];
}

function preview(text: string): Preview {
  try {
    const matchers = parseMatchers(text);
    const found = allChecks().filter((check) => covers(matchers, check));
    return { error: "", names: found.map((check) => check.name).sort(compareNames) };
  } catch (failure) {
    return { error: failure instanceof Error ? failure.message : String(failure), names: [] };
  }
}

function Covered({ text }: { text: string }) {
  void shape.value;
  const { error, names } = preview(text);
  if (error)
    return (
      <p class="covered error" aria-live="polite">
        {error}
      </p>
    );
  const rest = names.length - PREVIEWED;
  return (
    <div class="covered" aria-live="polite">
      <p>
        {names.length === 0
          ? "Covers no check that exists now."
          : `Covers ${count(names.length, "check")} of ${allChecks().length}:`}
      </p>
      <ul>
        {names.slice(0, PREVIEWED).map((name) => (
          <li key={name}>{name}</li>
        ))}
        {rest > 0 && <li class="quiet">and {rest} more</li>}
      </ul>
    </div>
  );
}

/* Offers to widen `{name="immich"}` to its host, its site, its kind. */
function Wider({ text, set }: { text: string; set: (s: string) => void }) {
  const { names } = preview(text);
  const check = names.length === 1 ? checkSignal(names[0]!)?.value : undefined;
  if (!check) return null;
  const wider: [string, string | null][] = [
    ["host", check.host],
    ["site", check.home],
    ["kind", check.kind],
  ];
  return (
    <p class="wider">
      <span class="quiet">Instead, all of </span>
      {wider.map(
        ([label, value]) =>
          value && (
            <button
              type="button"
              class="link"
              key={label}
              onClick={() => set(writeMatcher(label, value))}
            >
              {label} {value}
            </button>
          ),
      )}
    </p>
  );
}

function SilenceForm({ matchers }: { matchers: string }) {
  const [text, setText] = useState(matchers);
  const [length, setLength] = useState("2h");
  const [why, setWhy] = useState("");
  const isReady = preview(text).error === "" && why.trim() !== "";
  const act = async () => {
    await api.addSilence({
      matchers: text,
      for: length,
      why: why.trim(),
      by: reader.peek().trim(),
    });
    return `Silenced for ${length}: ${text}`;
  };
  return (
    <Frame title="Silence" submit="Silence" isReady={isReady} act={act}>
      <Field label="Checks" note={<>labels: {LABELS.join(", ")}; operators = != =~ !~</>}>
        <input
          class="code"
          value={text}
          onInput={(ev) => setText(ev.currentTarget.value)}
          spellcheck={false}
          autocapitalize="off"
        />
      </Field>
      <Covered text={text} />
      <Wider text={text} set={setText} />
      <DurationField value={length} set={setLength} />
      <WhyAndWho why={why} setWhy={setWhy} hint="replacing a disk" />
    </Frame>
  );
}

function AckForm({ incident }: { incident: Incident }) {
  const [why, setWhy] = useState("");
  const act = async () => {
    await api.ack(incident.id, why.trim(), reader.peek().trim());
    return `You look after it: ${incident.title}`;
  };
  return (
    <Frame title={`Acknowledge: ${incident.title}`} submit="I look after it" act={act}>
      <p class="explain">
        Both sites and everybody who was told see that somebody is on it. It stays open until it is
        ok.
      </p>
      <WhyAndWho why={why} setWhy={setWhy} hint="on my way; restarting the pod" />
    </Frame>
  );
}

function PauseForm({ check }: { check: Check }) {
  const [length, setLength] = useState("2h");
  const [why, setWhy] = useState("");
  const act = async () => {
    await api.pause(check.name, length || null, why.trim(), reader.peek().trim());
    return length
      ? `${check.name} is paused for ${length}`
      : `${check.name} is paused until resumed`;
  };
  return (
    <Frame title={`Pause ${check.name}`} submit="Pause" isReady={why.trim() !== ""} act={act}>
      <p class="explain">
        A paused check isn’t judged at all. To keep judging it and only tell nobody, silence it.
      </p>
      <DurationField value={length} set={setLength} openEnd="until resumed" />
      <WhyAndWho why={why} setWhy={setWhy} hint="being moved to the other host" />
    </Frame>
  );
}

const KEYS: [string, string][] = [
  ["/", "search"],
  ["j k", "next, previous"],
  ["Enter", "open"],
  ["Esc", "close, clear the filter"],
  ["s", "silence"],
  ["a", "acknowledge"],
  ["p", "pause"],
  ["1 2 3 4 5", "overview, incidents, journal, silences, coverage"],
  ["?", "these keys"],
];

function KeysList() {
  return (
    <form method="dialog" onSubmit={dismiss}>
      <h2 id="dialog-title">Keys</h2>
      <dl class="keys">
        {KEYS.map(([keys, what]) => (
          <div key={keys}>
            <dt>
              {keys.split(" ").map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <div class="buttons">
        <button type="submit" class="primary">
          Close
        </button>
      </div>
    </form>
  );
}

function body(what: Asked) {
  switch (what.what) {
    case "silence":
      return <SilenceForm matchers={what.matchers} />;
    case "ack":
      return <AckForm incident={what.incident} />;
    case "pause":
      return <PauseForm check={what.check} />;
    case "keys":
      return <KeysList />;
  }
}

export function Dialog() {
  const ref = useRef<HTMLDialogElement>(null);
  const what = asked.value;
  useLayoutEffect(() => {
    const dialog = ref.current;
    if (!dialog) return;
    const back = document.activeElement as HTMLElement | null;
    dialog.showModal();
    dialog.querySelector<HTMLElement>("input:not([type=radio]), button")?.focus();
    return () => back?.isConnected && back.focus();
  }, [what]);
  if (!what) return null;
  return (
    <dialog
      ref={ref}
      class="dialog"
      aria-labelledby="dialog-title"
      onClose={dismiss}
      onClick={(ev) => ev.target === ref.current && dismiss()}
    >
      {body(what)}
    </dialog>
  );
}
