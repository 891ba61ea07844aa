// SPDX-License-Identifier: Apache-2.0
// The tabs above every page about samples.

import type { ComponentChildren } from "preact";
import { page, type Page } from "../../model/router";
import { Glyph } from "../parts";

const TABS: [string, string, Page["at"][]][] = [
  ["/explore", "Explore", ["explore"]],
  ["/dashboards", "Dashboards", ["dashboards", "dashboard"]],
  ["/hosts", "Hosts", ["hosts", "host"]],
  ["/targets", "Targets", ["targets"]],
  ["/rules", "Rules", ["rules"]],
  ["/series", "Series", ["series"]],
];

export function MetricsFrame({
  title,
  tools,
  children,
}: {
  title: ComponentChildren;
  tools?: ComponentChildren;
  children: ComponentChildren;
}) {
  const here = page.value.at;
  return (
    <main id="main" class="page metrics-page" tabIndex={-1}>
      <nav class="tabs" aria-label="Metrics">
        {TABS.map(([to, text, at]) => (
          <a key={to} href={to} aria-current={at.includes(here) ? "page" : undefined}>
            {text}
          </a>
        ))}
      </nav>
      <div class="page-head">
        <h1>{title}</h1>
        {tools}
      </div>
      {children}
    </main>
  );
}

/* A state that no check has, with the shape and the colour of one that checks have. */
export function Health({ state, word }: { state: string; word: string }) {
  return (
    <span class={`state is-${state}`}>
      <Glyph state={state} />
      <span class="word">{word}</span>
    </span>
  );
}

/* What the site refused, in its own words. */
export function Refused({ error }: { error: Error | null }) {
  if (!error) return null;
  return (
    <p class="note is-bad" role="alert">
      {error.message}
    </p>
  );
}
