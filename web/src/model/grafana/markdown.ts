// SPDX-License-Identifier: Apache-2.0
// Markdown of text panels as a tree, which the view makes elements of: what was written never becomes
// HTML.  Headings, paragraphs, lists, quotes, code, tables, rules; links, images' texts, emphasis.
// Tags of HTML are left out, and what is in them stays.  Pure.

export type Inline =
  | { is: "text"; text: string }
  | { is: "code"; text: string }
  | { is: "strong" | "em" | "del"; of: Inline[] }
  | { is: "link"; url: string; of: Inline[] }
  | { is: "break" };

export type Block =
  | { is: "heading"; level: number; of: Inline[] }
  | { is: "paragraph"; of: Inline[] }
  | { is: "code"; text: string }
  | { is: "quote"; of: Block[] }
  | { is: "list"; isOrdered: boolean; items: Inline[][] }
  | { is: "table"; head: Inline[][]; rows: Inline[][][] }
  | { is: "rule" };

export const MARKDOWN_MOST = 30_000; /* characters */

/* ---- within a line */

/* A link leads to a page; anything else, a script say, is no link. */
export function safeUrl(url: string): string {
  return /^(https?:\/\/|mailto:|\/(?!\/)|#|\?)/i.test(url.trim()) ? url.trim() : "";
}

const ENTITIES: Record<string, string> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&nbsp;": "\u00a0",
};
const plain = (text: string) => text.replace(/&(?:amp|lt|gt|quot|nbsp);/g, (e) => ENTITIES[e]!);

type Rule = [RegExp, (found: RegExpExecArray, depth: number) => Inline[]];

const RULES: Rule[] = [
  [/^`([^`]+)`/, ([, code]) => [{ is: "code", text: code! }]],
  [/^!\[([^\]]*)\]\([^)]*\)/, ([, alt]) => (alt ? [{ is: "text", text: alt }] : [])],
  [/^\[([^\]]+)\]\(([^)\s]+)[^)]*\)/, ([, of, url], d) => linked(of!, url!, d)],
  [
    /^<(https?:\/\/[^>\s]+)>/,
    ([, url]) => [{ is: "link", url: url!, of: [{ is: "text", text: url! }] }],
  ],
  [
    /^<a\b[^>]*\bhref\s*=\s*["']?([^"'\s>]+)["']?[^>]*>([\s\S]*?)<\/a>/i,
    ([, url, of], d) => linked(of!, url!, d),
  ],
  [/^<br\s*\/?>/i, () => [{ is: "break" }]],
  [/^<\/?[a-z!][^>]*>/i, () => []],
  [/^(\*\*|__)(?=\S)([\s\S]*?\S)\1/, ([, , of], d) => [{ is: "strong", of: inline(of!, d) }]],
  [/^~~(?=\S)([\s\S]*?\S)~~/, ([, of], d) => [{ is: "del", of: inline(of!, d) }]],
  [/^\*(?=\S)([\s\S]*?\S)\*/, ([, of], d) => [{ is: "em", of: inline(of!, d) }]],
  [/^_(?=\S)([^_]*\S)_(?!\w)/, ([, of], d) => [{ is: "em", of: inline(of!, d) }]],
  [/^\\([\\`*_{}[\]()#+\-.!|<>])/, ([, c]) => [{ is: "text", text: c! }]],
  [/^ {2,}\n/, () => [{ is: "break" }]],
];

function linked(of: string, url: string, depth: number): Inline[] {
  const safe = safeUrl(url);
  const inside = inline(of, depth);
  return safe ? [{ is: "link", url: safe, of: inside }] : inside;
}

const DEPTH_MOST = 8;
const ORDINARY = /^[^`![<*_~\\ &]+|^[\s\S]/;

/* The first rule that matches where we are; else what means nothing is text. */
export function inline(source: string, depth = 0): Inline[] {
  const out: Inline[] = [];
  let rest = source;
  while (rest) {
    let taken: RegExpExecArray | null = null;
    for (const [pattern, make] of depth < DEPTH_MOST ? RULES : []) {
      taken = pattern.exec(rest);
      if (!taken) continue;
      out.push(...make(taken, depth + 1));
      break;
    }
    if (!taken) taken = addText(out, rest);
    rest = rest.slice(taken[0].length);
  }
  return out;
}

function addText(out: Inline[], rest: string): RegExpExecArray {
  const found = /^&(?:amp|lt|gt|quot|nbsp);/.exec(rest) ?? ORDINARY.exec(rest)!;
  const last = out[out.length - 1];
  const text = plain(found[0]);
  if (last?.is === "text") last.text += text;
  else out.push({ is: "text", text });
  return found;
}

/* ---- blocks */

interface Reader {
  lines: string[];
  at: number;
}

const ITEM = /^\s{0,6}(?:[-*+]|(\d{1,9})[.)])\s+(.*)$/;
const RULE = /^\s{0,3}([-*_])(?:\s*\1){2,}\s*$/;
const BEGINS = [/^\s{0,3}#{1,6}\s/, /^\s*```/, /^\s{0,3}>/, ITEM, RULE];

const cells = (line: string): Inline[][] =>
  line
    .trim()
    .replace(/^\||\|$/g, "")
    .split("|")
    .map((cell) => inline(cell.trim()));

function fenced(r: Reader): Block {
  const end = r.lines.findIndex((line, i) => i > r.at && /^\s*```/.test(line));
  const until = end < 0 ? r.lines.length : end;
  const text = r.lines.slice(r.at + 1, until).join("\n");
  r.at = until + 1;
  return { is: "code", text };
}

function while_(r: Reader, holds: (line: string) => boolean): string[] {
  const from = r.at;
  while (r.at < r.lines.length && holds(r.lines[r.at]!)) r.at++;
  return r.lines.slice(from, r.at);
}

function listed(r: Reader): Block {
  const isOrdered = !!ITEM.exec(r.lines[r.at]!)![1];
  const items: string[] = [];
  for (const line of while_(r, (l) => ITEM.test(l) || /^\s+\S/.test(l))) {
    const found = ITEM.exec(line);
    if (found) items.push(found[2]!);
    else items[items.length - 1] += ` ${line.trim()}`;
  }
  return { is: "list", isOrdered, items: items.map((item) => inline(item)) };
}

const isTable = (r: Reader) =>
  r.lines[r.at]!.includes("|") &&
  /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/.test(r.lines[r.at + 1] ?? "");

function tabled(r: Reader): Block {
  const [head = "", , ...rows] = while_(r, (line) => line.includes("|"));
  return { is: "table", head: cells(head), rows: rows.map(cells) };
}

function next(r: Reader, depth: number): Block {
  const line = r.lines[r.at]!;
  const heading = /^\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*$/.exec(line);
  if (heading) {
    r.at++;
    return { is: "heading", level: heading[1]!.length, of: inline(heading[2]!) };
  }
  if (/^\s*```/.test(line)) return fenced(r);
  if (RULE.test(line)) {
    r.at++;
    return { is: "rule" };
  }
  if (/^\s{0,3}>/.test(line) && depth < DEPTH_MOST) {
    const inside = while_(r, (l) => /^\s{0,3}>/.test(l)).map((l) => l.replace(/^\s{0,3}> ?/, ""));
    return { is: "quote", of: blocks(inside.join("\n"), depth + 1) };
  }
  if (ITEM.test(line)) return listed(r);
  if (isTable(r)) return tabled(r);
  r.at++;
  const more = while_(r, (l) => l.trim() !== "" && !BEGINS.some((begin) => begin.test(l)));
  return { is: "paragraph", of: inline([line, ...more].join("\n").trim()) };
}

function blocks(source: string, depth: number): Block[] {
  const r: Reader = { lines: source.split("\n"), at: 0 };
  const out: Block[] = [];
  while (r.at < r.lines.length)
    if (r.lines[r.at]!.trim() === "") r.at++;
    else out.push(next(r, depth));
  return out;
}

export const markdown = (source: string): Block[] =>
  blocks(
    source
      .slice(0, MARKDOWN_MOST)
      .replace(/\r\n?/g, "\n")
      .replace(/<!--[\s\S]*?-->/g, ""),
    0,
  );
