// SPDX-License-Identifier: Apache-2.0
// The part of Discord's Markdown that messages of a lab use, as nodes; nothing of a text is ever read as HTML.

const element = (tag, className, ...children) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
};

const styles = {
  t: { timeStyle: "short" },
  T: { timeStyle: "medium" },
  d: { dateStyle: "short" },
  D: { dateStyle: "long" },
  f: { dateStyle: "long", timeStyle: "short" },
  F: { dateStyle: "full", timeStyle: "short" },
};
const units = [
  ["year", 31536000],
  ["month", 2592000],
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

/** "4 minutes ago", as of now. */
export function relative(seconds) {
  const away = seconds - Date.now() / 1000;
  const [unit, size] = units.find(([, size]) => Math.abs(away) >= size) ?? units.at(-1);
  return new Intl.RelativeTimeFormat(undefined, { numeric: "auto" }).format(
    Math.round(away / size),
    unit,
  );
}

function stamp([, seconds, style = "f"]) {
  const date = new Date(1000 * Number(seconds));
  const node = element("time", "stamp");
  node.dateTime = date.toISOString();
  node.title = date.toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" });
  if (style === "R") node.dataset.relative = seconds;
  node.textContent =
    style === "R" ? relative(seconds) : new Intl.DateTimeFormat(undefined, styles[style]).format(date);
  return node;
}

function link([, label, address]) {
  const node = element("a", "", ...inline(label));
  node.href = address;
  node.rel = "noreferrer";
  node.target = "_blank";
  return node;
}

const wrap = (tag, className = "") => ([, inner]) => element(tag, className, ...inline(inner));
const pill = (prefix) => ([, id]) => element("span", "mention", `${prefix}${id}`);

// In the order in which Discord tries them.
const rules = [
  [/^\\([^0-9A-Za-z\s])/, ([, character]) => character],
  [/^`([^`]+)`/, ([, code]) => element("code", "", code)],
  [/^<t:(-?\d{1,13})(?::([tTdDfFR]))?>/, stamp],
  [/^<@!?(\d+)>/, pill("@user ")],
  [/^<@&(\d+)>/, pill("@role ")],
  [/^<#(\d+)>/, pill("#")],
  [/^(@everyone|@here)\b/, pill("")],
  [/^\[([^\]]+)\]\((https?:\/\/[^\s()]+)\)/, link],
  [/^(https?:\/\/[^\s<]+[^<.,:;"')\]\s])/, ([, address]) => link([, address, address])],
  [/^\*\*((?:\\.|[^\\])+?)\*\*/, wrap("strong")],
  [/^__((?:\\.|[^\\])+?)__/, wrap("u")],
  [/^~~((?:\\.|[^\\])+?)~~/, wrap("s")],
  [/^\|\|((?:\\.|[^\\])+?)\|\|/, wrap("span", "spoiler")],
  [/^\*((?:\\.|[^\\*])+?)\*/, wrap("em")],
  [/^_((?:\\.|[^\\_])+?)_(?!\w)/, wrap("em")],
];

/** Nodes and texts of one line, or of a part of one. */
export function inline(text) {
  const nodes = [];
  let plain = "";
  while (text) {
    let match;
    const rule = rules.find(([pattern]) => (match = text.match(pattern)));
    if (rule) {
      if (plain) nodes.push(plain);
      plain = "";
      nodes.push(rule[1](match));
    } else {
      plain += text[0];
    }
    text = text.slice(rule ? match[0].length : 1);
  }
  if (plain) nodes.push(plain);
  return nodes;
}

const blocks = [
  [/^-# (.*)$/, "small"],
  [/^### (.*)$/, "h4"],
  [/^## (.*)$/, "h3"],
  [/^# (.*)$/, "h2"],
  [/^> (.*)$/, "blockquote"],
  [/^[-*] (.*)$/, "li"],
];

/** A text of several lines. */
export function markdown(text) {
  const lines = text.split("\n").map((line) => {
    const block = blocks.find(([pattern]) => pattern.test(line));
    return block
      ? element(block[1], "", ...inline(line.match(block[0])[1]))
      : element("div", "line", ...inline(line));
  });
  const fragment = document.createDocumentFragment();
  fragment.append(...lines);
  return fragment;
}
