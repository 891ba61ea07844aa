// SPDX-License-Identifier: Apache-2.0
// Alertmanager's matchers, to show what a silence would cover while it is being written.  The site
// decides in the end; this only previews.  Pure.
//
//	{name="immich", site=~"dub.*", kind!="heartbeat"}     braces and quotes optional

import type { Check } from "./types";

export interface Matcher {
  label: string;
  op: "=" | "!=" | "=~" | "!~";
  value: string;
  pattern: RegExp | null;
}

export const LABELS = ["name", "kind", "site", "host", "severity", "probe"] as const;

const ONE = /^\s*([A-Za-z_][A-Za-z0-9_]*)\s*(=~|!~|!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"{}]*))\s*/;

function unescape(quoted: string): string {
  return quoted.replace(/\\(.)/g, (_, c: string) => (c === "n" ? "\n" : c));
}

function compile(label: string, value: string): RegExp {
  for (const flags of ["su", "s"]) {
    try {
      return new RegExp(`^(?:${value})$`, flags);
    } catch {
      /* a pattern may be fine without "u" */
    }
  }
  throw new Error(`"${value}" (of ${label}) is not a regular expression`);
}

function readOne(rest: string): [Matcher, string] {
  const found = ONE.exec(rest);
  if (!found) throw new Error(`expected label="value" at: ${rest.trim().slice(0, 40)}`);
  const label = found[1]!;
  const op = found[2] as Matcher["op"];
  const value = found[3] !== undefined ? unescape(found[3]) : found[4]!;
  if (!(LABELS as readonly string[]).includes(label))
    throw new Error(`no label "${label}"; there are ${LABELS.join(", ")}`);
  const pattern = op.endsWith("~") ? compile(label, value) : null;
  return [{ label, op, value, pattern }, rest.slice(found[0].length)];
}

/* Throws an Error that says where it stops making sense. */
export function parseMatchers(text: string): Matcher[] {
  let rest = text.trim();
  if (rest.startsWith("{") !== rest.endsWith("}")) throw new Error("unbalanced braces");
  if (rest.startsWith("{")) rest = rest.slice(1, -1).trim();
  const found: Matcher[] = [];
  while (rest) {
    const [matcher, after] = readOne(rest);
    found.push(matcher);
    if (after && !after.startsWith(","))
      throw new Error(`expected a comma at: ${after.slice(0, 40)}`);
    rest = after.slice(1).trim();
  }
  if (found.length === 0) throw new Error("at least one matcher is needed");
  return found;
}

function labelOf(check: Check, label: string): string {
  switch (label) {
    case "name":
      return check.name;
    case "kind":
      return check.kind;
    case "site":
      return check.home ?? "";
    case "host":
      return check.host ?? "";
    case "severity":
      return check.severity;
    case "probe":
      return check.probe ?? "";
    default:
      return "";
  }
}

function holds(m: Matcher, check: Check): boolean {
  const value = labelOf(check, m.label);
  const isEqual = m.pattern ? m.pattern.test(value) : value === m.value;
  return m.op.startsWith("!") ? !isEqual : isEqual;
}

export function covers(matchers: Matcher[], check: Check): boolean {
  return matchers.every((m) => holds(m, check));
}

export function writeMatcher(label: string, value: string, op: Matcher["op"] = "="): string {
  return `{${label}${op}"${value.replace(/[\\"]/g, "\\$&").replace(/\n/g, "\\n")}"}`;
}
