// SPDX-License-Identifier: Apache-2.0
// What a dashboard shows, as Grafana writes it into the address: from, to, refresh, timezone, kiosk,
// viewPanel, var-NAME.

import type { Dashboard } from "../../model/grafana/dashboard";
import { intervalMs } from "../../model/grafana/time";
import { go } from "../../model/router";
import type { TimeRange } from "../../model/timerange";

const REFRESH_LEAST = 5; /* seconds */

export interface Shown {
  range: TimeRange;
  refresh: number /* seconds; 0: only when asked */;
  isKiosk: boolean;
  only: string /* the panel that is shown alone; "": all */;
  zone: string /* "": the reader's own */;
}

type Changes = Record<string, string | string[] | null>;

export function address(changes: Changes): string {
  const next = new URL(location.href);
  for (const [key, value] of Object.entries(changes)) {
    next.searchParams.delete(key);
    for (const one of value === null ? [] : [value].flat()) next.searchParams.append(key, one);
  }
  return next.pathname + next.search;
}

export const change = (changes: Changes) => go(address(changes), true);

function isZone(name: string): boolean {
  try {
    return !!new Intl.DateTimeFormat("en", { timeZone: name });
  } catch {
    return false;
  }
}

export function readAddress(p: URLSearchParams, dashboard: Dashboard): Shown {
  const range = { from: p.get("from") ?? dashboard.from, to: p.get("to") ?? dashboard.to };
  const written = p.get("refresh") ?? dashboard.refresh;
  const refresh = intervalMs(written) / 1000;
  const zone = p.get("timezone") ?? (dashboard.isUtc ? "UTC" : "");
  return {
    range,
    refresh: refresh > 0 ? Math.max(REFRESH_LEAST, refresh) : 0,
    isKiosk: p.has("kiosk"),
    only: p.get("viewPanel") ?? "",
    zone: zone === "browser" ? "" : zone === "utc" ? "UTC" : isZone(zone) ? zone : "",
  };
}

export const show = ({ from, to }: TimeRange) => change({ from, to });
