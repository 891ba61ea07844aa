// SPDX-License-Identifier: Apache-2.0
// Contrast, names, labels, order of headings, sizes of targets; on every page, light and dark.

import assert from "node:assert/strict";
import { test } from "node:test";
import { becomes, pageTest, PHONE, visit, WIDE } from "./harness.mjs";

/* Runs in the page.  Returns one line for each fault. */
function faults() {
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
    const box = el.getBoundingClientRect();
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

const PATHS = [
  "/",
  "/checks/immich",
  "/incidents",
  "/incidents/ID",
  "/journal",
  "/silences",
  "/coverage",
  "/nowhere",
];

for (const colorScheme of ["light", "dark"])
  for (const [size, viewport] of [
    ["wide", WIDE],
    ["phone", PHONE],
  ])
    pageTest(
      `everything can be read and reached: ${colorScheme}, ${size}`,
      { weather: "some-down", colorScheme, viewport },
      async (page, site) => {
        for (const path of PATHS) {
          await page.goto(site.base + path.replace("ID", site.lab.incidents[0].id));
          await page.waitForSelector("html[data-fresh=live] main");
          await page.waitForTimeout(300);
          await page.waitForSelector(".loading", { state: "detached" });
          assert.deepEqual(await page.evaluate(faults), [], path);
        }
        for (const key of ["s", "a", "?"]) {
          await page.goto(`${site.base}/checks/immich`);
          await page.waitForSelector("html[data-fresh=live] .drawer .actions");
          await page.keyboard.press(key);
          await page.waitForSelector(".dialog");
          assert.deepEqual(await page.evaluate(faults), [], `the dialog of ${key}`);
        }
      },
    );

for (const colorScheme of ["light", "dark"])
  pageTest(
    `a stale page can still be read: ${colorScheme}`,
    { weather: "some-down", colorScheme },
    async (page, site) => {
      site.setStream("refused");
      await page.waitForSelector("html[data-fresh=stale]");
      await becomes([], () => page.evaluate(faults));
    },
  );

test("the login can be read and reached", async (t) => {
  const { page, site } = await visit(t, {});
  site.makeWeather("login", { password: "x" });
  await page.reload();
  await page.waitForSelector("input[type=password]");
  assert.deepEqual(await page.evaluate(faults), []);
});

pageTest(
  "focus is always visible, and stays inside a dialog",
  { weather: "one-down" },
  async (page) => {
    for (let i = 0; i < 25; i++) {
      await page.keyboard.press("Tab");
      const outline = await page.evaluate(() => {
        const el = document.activeElement;
        return el === document.body ? "body" : getComputedStyle(el).outlineStyle;
      });
      assert.notEqual(outline, "none");
    }
    await page.keyboard.press("s");
    await page.waitForSelector(".dialog");
    for (let i = 0; i < 30; i++) {
      await page.keyboard.press("Tab");
      const where = await page.evaluate(() => {
        const el = document.activeElement;
        return el === document.body || !!el.closest("dialog");
      });
      assert.ok(where, "the focus left the dialog");
    }
  },
);

pageTest(
  "what happens is announced to those who don't see it",
  { weather: "ok" },
  async (page, site) => {
    site.breakCheck({ name: "immich" });
    await page.waitForFunction(() =>
      [...document.querySelectorAll("[role=status]")].some(
        (el) => el.textContent === "Incident: immich is down",
      ),
    );
    site.setStream("refused");
    await page.waitForSelector(".stale [role=alert]");
    const text = await page.textContent(".stale [role=alert]");
    await page.waitForTimeout(1500);
    assert.equal(await page.textContent(".stale [role=alert]"), text, "once, not every second");
  },
);

pageTest(
  "who asked for less motion gets none",
  { weather: "ok", reducedMotion: "reduce", path: "/checks/www" },
  async (page) => {
    const moving = await page.evaluate(
      () =>
        [...document.querySelectorAll("*")].filter((el) => {
          const style = getComputedStyle(el);
          return (
            parseFloat(style.animationDuration) > 0 || parseFloat(style.transitionDuration) > 0
          );
        }).length,
    );
    assert.equal(moving, 0);
  },
);
