// SPDX-License-Identifier: Apache-2.0
// What every test of the pages starts with: a browser, a site, a page that is up.
//
// WEB_PAGES: folder of the built pages; WEB_MODULES: where npm installed; CHROMIUM: the browser.

import { after, before, test } from "node:test";
import { inspect, isDeepStrictEqual } from "node:util";
import { launch } from "./browser.mjs";
import { FakeSite } from "./fake-site.mjs";

export const WIDE = { width: 1440, height: 900 };
export const PHONE = { width: 360, height: 740 };
export const TABLET = { width: 900, height: 1100 };

const pages = process.env.WEB_PAGES ?? new URL("../../web/dist", import.meta.url).pathname;

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

export async function newContext(t, options = {}) {
  const context = await browser.newContext({
    viewport: WIDE,
    timezoneId: "Europe/Dublin",
    locale: "en-GB",
    ...options,
  });
  t.after(() => context.close());
  return context;
}

export async function startSite(t, weather = "ok") {
  const site = new FakeSite({ pages, weather });
  site.base = await site.listen();
  t.after(() => site.close());
  return site;
}

/* What went wrong in a page without anybody asking. */
export function listen(page) {
  const troubles = [];
  page.on("pageerror", (error) => troubles.push(String(error)));
  page.on("console", (message) => {
    const isOurs =
      message.type() === "error" && !message.text().startsWith("Failed to load resource");
    if (isOurs) troubles.push(message.text());
  });
  return troubles;
}

/* A page at `path` of a site in `weather`, live. */
export async function visit(t, { weather = "ok", path = "/", ...options } = {}) {
  const site = await startSite(t, weather);
  const context = await newContext(t, options);
  const page = await context.newPage();
  page.troubles = listen(page);
  await page.goto(site.base + path);
  await page.waitForSelector("html[data-fresh=live]");
  return { page, site };
}

/* A test whose page must not have complained either. */
export function pageTest(name, options, body) {
  test(name, async (t) => {
    const { page, site } = await visit(t, options);
    await body(page, site, t);
    if (page.troubles.length > 0)
      throw new Error(`the page complains: ${page.troubles.join("\n")}`);
  });
}

export async function textOf(page, selector) {
  return (await page.textContent(selector)).replace(/\s+/g, " ").trim();
}

/* What is asked of a page comes when the page comes to it: nothing but an `until` asks it, but for
 * what was there before (and must not change). */
const PATIENCE_MS = 60_000;

export async function until(what, isSo, { within = PATIENCE_MS } = {}) {
  const end = Date.now() + within;
  for (;;) {
    if (await isSo()) return;
    if (Date.now() >= end) throw new Error(`not within ${within} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/* Until `ask()` answers `wanted`: a pattern that the text matches, or what equals it. */
export async function becomes(wanted, ask, { within = PATIENCE_MS } = {}) {
  let last;
  const isSo = async () => {
    last = await ask();
    return wanted instanceof RegExp ? wanted.test(last ?? "") : isDeepStrictEqual(last, wanted);
  };
  await until("", isSo, { within }).catch(() => {
    throw new Error(`not within ${within} ms: ${inspect(wanted)}; it is ${inspect(last)}`);
  });
}

/* Until the first of `selector` reads so; null: there is none. */
export function reads(page, selector, wanted, options) {
  const ask = async () => (await page.locator(selector).allTextContents())[0] ?? null;
  return becomes(wanted, async () => (await ask())?.replace(/\s+/g, " ").trim(), options);
}

/* Until there are `n` of `selector`. */
export function counts(page, selector, n, options) {
  return becomes(n, () => page.locator(selector).count(), options);
}

/* Until the focus is on the row of this check, or what has this id; "": on nothing. */
export function hasFocus(page, name) {
  const ask = () => {
    const at = document.activeElement;
    return at?.dataset?.check ?? at?.id ?? "";
  };
  return becomes(name, () => page.evaluate(ask));
}
