// SPDX-License-Identifier: Apache-2.0
// What asks before it does something: silence, acknowledge, pause; and the list of keys.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import * as api from "../model/api";
import { compareNames } from "../model/arrange";
import { count, messageOf } from "../model/format";
import { covers, LABELS, parseMatchers, writeMatcher } from "../model/matchers";
import { reader } from "../model/prefs";
import { page, type Page } from "../model/router";
import { allChecks, checkSignal, shape } from "../model/store";
import type { Check, Incident } from "../model/types";
import { asked, dismiss, said, type Asked } from "./ask";
import { DurationField, Field, Frame, WhyAndWho } from "./fields";

export function Said() {
  return (
    <div class="said" role="status">
      {said.value && <p>{said.value}</p>}
    </div>
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
    return { error: messageOf(failure), names: [] };
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
      <WhyAndWho why={why} setWhy={setWhy} hint="replacing a disk" isFirst={matchers !== ""} />
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
  ["1 2 3 4 5 6", "overview, incidents, journal, silences, coverage, metrics"],
  ["?", "these keys"],
];

/* Where there are graphs. */
const GRAPH_KEYS: [string, string][] = [
  ["r", "read again"],
  ["z [ ]", "zoom out, earlier, later"],
  ["← → + -", "values of a graph, and its zoom"],
  ["Ctrl click", "hides a series of a legend; a click alone leaves only it"],
];
const BOARD_KEYS: [string, string][] = [["v f", "a panel alone, the kiosk"]];

function keysOf({ at }: Page): [string, string][] {
  const hasGraphs = at === "explore" || at === "host" || at === "dashboard";
  return [...KEYS, ...(hasGraphs ? GRAPH_KEYS : []), ...(at === "dashboard" ? BOARD_KEYS : [])];
}

function KeysList() {
  return (
    <form method="dialog" onSubmit={dismiss}>
      <h2 id="dialog-title">Keys</h2>
      <dl class="keys">
        {keysOf(page.peek()).map(([keys, what]) => (
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
    const first = dialog.querySelector<HTMLElement>("[data-first]");
    (first ?? dialog.querySelector<HTMLElement>("input:not([type=radio]), button"))?.focus();
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
