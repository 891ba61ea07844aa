// SPDX-License-Identifier: Apache-2.0
// The pages of this chunk: the list of the lab's dashboards, and one of them.

import { useMemo, useState } from "preact/hooks";
import { getDashboard, getDashboards } from "../../model/api";
import { count, hasWords, messageOf } from "../../model/format";
import { dashboardOf, type Dashboard } from "../../model/grafana/dashboard";
import { dashboardPath } from "../../model/router";
import { head } from "../../model/store";
import type { DashboardEntry } from "../../model/types";
import { useFetched } from "../fetched";
import { MetricsFrame } from "../metrics/frame";
import { Loading, Tag, Trouble } from "../parts";
import { BoardView } from "./board";

const revision = () => head.value?.revision.hash ?? "";

const matches = ({ name, title, tags }: DashboardEntry, sought: string) =>
  hasWords([name, title, ...tags], sought);

function Entry({ entry }: { entry: DashboardEntry }) {
  return (
    <li class="board-entry">
      <a href={dashboardPath(entry.name)} data-row>
        {entry.title}
      </a>
      {entry.tags.map((tag) => (
        <Tag key={tag}>{tag}</Tag>
      ))}
      {entry.description && <p class="quiet">{entry.description}</p>}
      {entry.wrong && <p class="error">{entry.wrong}</p>}
    </li>
  );
}

function None() {
  return (
    <p>
      The lab has no dashboards. Put Grafana’s JSON into <code>dashboards/NAME.json</code> beside{" "}
      <code>lab.yaml</code>.
    </p>
  );
}

export function DashboardsPage() {
  const { data, error, again } = useFetched(getDashboards, "dashboards", revision());
  const [sought, setSought] = useState("");
  const found = (data?.dashboards ?? []).filter((entry) => matches(entry, sought));
  return (
    <MetricsFrame title="Dashboards">
      {error && <Trouble text={error} retry={again} />}
      {!data && !error && <Loading />}
      {data && data.dashboards.length > 6 && (
        <input
          id="search"
          type="search"
          class="board-search"
          aria-label="Find a dashboard"
          placeholder="Find"
          value={sought}
          onInput={(ev) => setSought(ev.currentTarget.value)}
        />
      )}
      {data && data.dashboards.length === 0 && <None />}
      <ul class="board-list">
        {found.map((entry) => (
          <Entry key={entry.name} entry={entry} />
        ))}
      </ul>
      {data && data.more > 0 && <p class="quiet">and {count(data.more, "file")} more</p>}
    </MetricsFrame>
  );
}

function parsed(data: unknown): { dashboard: Dashboard | null; wrong: string } {
  if (data === null) return { dashboard: null, wrong: "" };
  try {
    return { dashboard: dashboardOf(data), wrong: "" };
  } catch (failure) {
    return { dashboard: null, wrong: messageOf(failure) };
  }
}

export function DashboardPage({ name }: { name: string }) {
  const { data, error, isAbsent, again } = useFetched(() => getDashboard(name), name, revision());
  const { dashboard, wrong } = useMemo(() => parsed(data), [data]);
  if (dashboard)
    return (
      <main id="main" class="page board" tabIndex={-1}>
        <BoardView name={name} dashboard={dashboard} />
      </main>
    );
  return (
    <MetricsFrame title={isAbsent ? "No such dashboard" : name}>
      {error && <Trouble text={error} retry={again} />}
      {wrong && <Trouble text={wrong} />}
      {!data && !error && <Loading />}
      <p>
        <a href="/dashboards">All dashboards</a>
      </p>
    </MetricsFrame>
  );
}
