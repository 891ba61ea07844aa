// SPDX-License-Identifier: Apache-2.0
// Alerts of rules among an incident's members (src/core/alert/alerts.h).  Pure.
//
//	alert:DiskFull@dublin               a group, the cause
//	DiskFull{instance=nas}@dublin       one of its alerts

import { writeMatcher } from "./matchers";
import type { Incident, Member } from "./types";

export interface Alert {
  fingerprint: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: string;
  generatorURL?: string;
}

export function isGroup(check: string): boolean {
  return check.startsWith("alert:");
}

/* Neither it nor its group has a page of its own. */
export function isAlert(check: string): boolean {
  return isGroup(check) || check.includes("}@");
}

/* The rule's name, of a group. */
export function alertname(group: string): string {
  return group.slice("alert:".length, group.lastIndexOf("@"));
}

/* "instance=nas" of one alert; the whole name of what has no other labels. */
export function shownName(check: string): string {
  if (isGroup(check)) return alertname(check);
  const labels = check.slice(check.indexOf("{") + 1, check.lastIndexOf("}@"));
  return isAlert(check) && labels ? labels : check;
}

/* The matcher of what an incident is about. */
export function silencing(cause: string): string {
  return isGroup(cause) ? writeMatcher("alertname", alertname(cause)) : writeMatcher("name", cause);
}

/* Whom it is about: a group says no more than its alerts do. */
export function told(incident: Incident): Member[] {
  return incident.members.length > 1
    ? incident.members.filter((m) => !isGroup(m.check))
    : incident.members;
}
