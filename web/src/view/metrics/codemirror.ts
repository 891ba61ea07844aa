// SPDX-License-Identifier: Apache-2.0
// The editor of expressions: CodeMirror with Prometheus' own PromQL mode, which colours, completes
// from the site's names, and marks what can't be parsed.
//
// It lives in a shadow root: there its styles are sheets that a script adopts, which the pages'
// policy allows, and not <style> elements, which it refuses.

import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { forceLinting, linter, lintKeymap, type Diagnostic } from "@codemirror/lint";
import { EditorState, Prec } from "@codemirror/state";
import { EditorView, keymap, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { PromQLExtension } from "@prometheus-io/codemirror-promql";

const CACHE_MS = 60_000; /* names that were completed from are believed so long */

export interface EditorHandlers {
  changed: (text: string) => void;
  run: () => void;
  leave: () => void;
}

export interface FoundError {
  from: number /* characters before it */;
  text: string;
}

export interface Editor {
  set: (text: string) => void;
  focus: () => void;
  mark: (error: FoundError | null) => void;
  destroy: () => void;
}

const look = EditorView.theme({
  "&": { color: "var(--ink)", backgroundColor: "transparent", fontSize: "var(--size-3)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--code)", lineHeight: "1.5" },
  ".cm-content": { caretColor: "var(--ink)", padding: "7px 0" },
  ".cm-line": { padding: "0 12px" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-placeholder": { color: "var(--ink-3)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground":
    { background: "var(--accent-wash)" },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": {
    backgroundColor: "var(--accent-wash)",
    color: "inherit",
  },
  ".cm-tooltip": {
    backgroundColor: "var(--raised)",
    color: "var(--ink)",
    border: "1px solid var(--line-2)",
    borderRadius: "var(--radius)",
    boxShadow: "var(--shadow)",
    maxWidth: "min(560px, 92vw)",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--code)", maxHeight: "280px" },
  ".cm-tooltip-autocomplete > ul > li": { padding: "3px 8px !important" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": {
    backgroundColor: "var(--accent) !important",
    color: "var(--accent-ink) !important",
  },
  ".cm-completionDetail": { color: "var(--ink-3)", fontStyle: "normal" },
  "li[aria-selected] .cm-completionDetail": { color: "inherit" },
  ".cm-completionInfo": { fontFamily: "var(--text)", padding: "8px 12px" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
  /* Not by an image, which the pages' policy would refuse. */
  ".cm-lintRange-error, .cm-lintRange-warning, .cm-lintRange-info, .cm-lintRange-hint": {
    backgroundImage: "none",
    textDecoration: "underline wavy var(--bad)",
    textUnderlineOffset: "3px",
  },
  ".cm-found": { backgroundColor: "var(--bad-wash)", outline: "1px solid var(--bad)" },
  ".cm-diagnostic": { fontFamily: "var(--text)", padding: "4px 10px" },
  ".cm-diagnostic-error": { borderLeft: "3px solid var(--bad)" },
});

const colours = HighlightStyle.define([
  { tag: tags.number, color: "var(--series-3)" },
  { tag: tags.string, color: "var(--series-2)" },
  { tag: tags.keyword, color: "var(--series-4)" },
  { tag: tags.function(tags.variableName), color: "var(--series-1)" },
  { tag: tags.labelName, color: "var(--series-5)" },
  { tag: tags.modifier, color: "var(--series-4)" },
  { tag: tags.operator, color: "var(--ink-2)" },
  { tag: tags.operatorKeyword, color: "var(--series-4)", fontWeight: "600" },
  { tag: tags.comment, color: "var(--ink-3)", fontStyle: "italic" },
  { tag: tags.invalid, color: "var(--bad)" },
]);

/* Enter asks, Shift-Enter is a new line; both only where no completion is being chosen. */
const ownKeys = (on: EditorHandlers) =>
  keymap.of([
    { key: "Enter", run: () => (on.run(), true), shift: (view) => newLine(view) },
    { key: "Mod-Enter", run: () => (on.run(), true) },
    { key: "Escape", run: () => (on.leave(), true) },
  ]);

function newLine(view: EditorView): boolean {
  view.dispatch(view.state.replaceSelection("\n"), { scrollIntoView: true });
  return true;
}

/* What the site found wrong, beside what the mode finds by itself. */
function diagnosed(error: FoundError | null, end: number): Diagnostic[] {
  if (!error || end === 0) return [];
  const from = Math.min(error.from, end - 1);
  const place = { from, to: from + 1, markClass: "cm-found" };
  return [{ ...place, severity: "error", message: error.text }];
}

function promql(): PromQLExtension {
  return new PromQLExtension()
    .setComplete({ remote: { httpMethod: "GET", cache: { maxAge: CACHE_MS } } })
    .activateLinter(true);
}

export function makeEditor(
  host: HTMLElement,
  text: string,
  label: string,
  on: EditorHandlers,
): Editor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  const mode = promql();
  let found: FoundError | null = null;
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      extensions: [
        look,
        syntaxHighlighting(colours),
        history(),
        bracketMatching(),
        closeBrackets(),
        autocompletion({ icons: false }),
        mode.asExtension(),
        linter((of) => diagnosed(found, of.state.doc.length), { needsRefresh: () => true }),
        keymap.of([...completionKeymap, ...lintKeymap]),
        Prec.low(ownKeys(on)),
        Prec.lowest(keymap.of([...closeBracketsKeymap, ...historyKeymap, ...defaultKeymap])),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false" }),
        placeholder("an expression, such as rate(node_cpu_seconds_total[5m])"),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) on.changed(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    set: (next) => {
      const old = view.state.doc;
      if (next !== old.toString())
        view.dispatch({ changes: { from: 0, to: old.length, insert: next } });
    },
    focus: () => view.focus(),
    mark: (error) => {
      found = error;
      view.dispatch({}); /* so that it is looked at again, also where nothing was typed */
      forceLinting(view);
    },
    destroy: () => {
      mode.destroy();
      view.destroy();
    },
  };
}
