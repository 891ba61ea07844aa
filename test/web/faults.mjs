// SPDX-License-Identifier: Apache-2.0
// What is wrong with a page for those who see, hear or touch it otherwise.

/* Runs in the page.  Returns one line for each fault. */
export function faults() {
  const out = [];
  const say = (el, text) =>
    out.push(`${el.tagName.toLowerCase()}.${el.className?.baseVal ?? el.className}: ${text}`);
  const isShown = (el) =>
    el.checkVisibility?.({ checkVisibilityCSS: true, contentVisibilityAuto: true }) ?? true;
  const nameOf = (el) =>
    (
      el.getAttribute("aria-label") ??
      (el.labels?.[0]?.textContent || el.textContent || el.title || "")
    ).trim();

  for (const el of document.querySelectorAll(
    "a[href], button, input, select, summary, [tabindex='0']",
  )) {
    if (!isShown(el)) continue;
    if (!nameOf(el)) say(el, "has no name");
    const target = (el.type === "checkbox" && el.labels[0]) || el; /* a label is clicked, too */
    const box = target.getBoundingClientRect();
    const isInText = getComputedStyle(el).display === "inline";
    if (!isInText && box.height < 24 && box.width > 0) say(el, `is ${box.height} px high`);
  }
  for (const el of document.querySelectorAll("input:not([type=radio]), select"))
    if (!el.labels?.length && !el.getAttribute("aria-label")) say(el, "has no label");
  for (const el of document.querySelectorAll("svg"))
    if (el.getAttribute("aria-hidden") !== "true" && !el.getAttribute("aria-label"))
      say(el, "is neither hidden nor named");
  const ids = [...document.querySelectorAll("[id]")].map((el) => el.id);
  if (new Set(ids).size !== ids.length) out.push(`an id is used twice: ${ids.join(" ")}`);
  if (document.querySelectorAll("main").length !== 1) out.push("there is not exactly one main");
  if (document.querySelectorAll("h1").length !== 1) out.push("there is not exactly one h1");
  let level = 0;
  for (const el of document.querySelectorAll("main h1, main h2, main h3, main h4")) {
    const next = Number(el.tagName[1]);
    if (next > level + 1) say(el, `heading jumps from ${level} to ${next}`);
    level = next;
  }

  /* Contrast of every piece of text against what is painted behind it. */
  const parse = (text) => {
    const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);
    return [r, g, b, a];
  };
  const light = (c) => {
    const f = (v) => ((v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * f(c[0]) + 0.7152 * f(c[1]) + 0.0722 * f(c[2]);
  };
  const behind = (el) => {
    for (let at = el; at; at = at.parentElement) {
      const c = parse(getComputedStyle(at).backgroundColor);
      if (c[3] === 1) return c;
    }
    return [255, 255, 255, 1];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const el = walker.currentNode.parentElement;
    if (
      !walker.currentNode.textContent.trim() ||
      !isShown(el) ||
      el.closest(".only-read, .tooltip, .skip, :disabled")
    )
      continue;
    const style = getComputedStyle(el);
    const [a, b] = [light(parse(style.color)), light(behind(el))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const isLarge =
      parseFloat(style.fontSize) >= 24 ||
      (parseFloat(style.fontSize) >= 18.6 && style.fontWeight >= 600);
    if (ratio < (isLarge ? 3 : 4.5))
      say(el, `contrast ${ratio.toFixed(2)}: ${walker.currentNode.textContent.slice(0, 30)}`);
    if (parseFloat(style.fontSize) < 12) say(el, `text of ${style.fontSize}`);
  }
  return [...new Set(out)];
}
