// SPDX-License-Identifier: Apache-2.0
// What holds of the pages of every site: the fake one; the real program, where DIARCHY names it; or
// the site at DIARCHY_URL.
//
// DIARCHY_PASSWORD logs in first, where the site wants it.  Nothing is changed at the site but one
// silence of one check, which is ended again at once.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { listen, newContext, startSite, textOf, until } from "./harness.mjs";
import { RealLab } from "./real-lab.mjs";

let real = null;
before(async () => {
  if (!process.env.DIARCHY) return;
  real = new RealLab(process.env.DIARCHY);
  await real.start();
});
after(() => real?.close());

const PATHS = ["/", "/incidents", "/journal", "/silences", "/coverage"];

async function arrive(t, options) {
  const base = process.env.DIARCHY_URL ?? real?.base ?? (await startSite(t, "some-down")).base;
  const context = await newContext(t, options);
  const page = await context.newPage();
  page.troubles = listen(page);
  await page.goto(base);
  if (process.env.DIARCHY_PASSWORD) {
    await page.fill("input[type=password]", process.env.DIARCHY_PASSWORD);
    await page.keyboard.press("Enter");
  }
  await page.waitForSelector("html[data-fresh=live]");
  return { page, base: base.replace(/\/$/, "") };
}

const statusOf = (page) => page.evaluate(async () => (await fetch("/api/lab/v1/status")).json());

test("no request leaves the machine, and nothing is refused by the page's own policy", async (t) => {
  const { page, base } = await arrive(t);
  const elsewhere = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(base)) elsewhere.push(request.url());
  });
  const status = await statusOf(page);
  const name = encodeURIComponent(status.checks[0].name);
  for (const path of [...PATHS, `/checks/${name}`]) {
    const answer = await page.goto(base + path);
    assert.equal(answer.status(), 200, path);
    assert.match(answer.headers()["content-security-policy"] ?? "", /default-src 'self'/);
    assert.equal(answer.headers()["x-content-type-options"], "nosniff");
    await page.waitForSelector("html[data-fresh=live] main");
    await page.waitForTimeout(300);
  }
  assert.deepEqual(elsewhere, []);
  assert.deepEqual(page.troubles, []);
});

test("the overview names the lab, its sites, and every check", async (t) => {
  const { page } = await arrive(t);
  const status = await statusOf(page);
  assert.equal(await textOf(page, ".lab"), status.lab);
  assert.deepEqual(
    await page.locator(".site-title h2").allTextContents(),
    status.sites.map((site) => site.name),
  );
  const shown = new Set(
    await page.$$eval("main [data-check]", (all) => all.map((el) => el.dataset.check)),
  );
  const missing = status.checks.map((check) => check.name).filter((name) => !shown.has(name));
  assert.deepEqual(missing, []);
});

test("every check's page opens and knows its history", async (t) => {
  const { page, base } = await arrive(t);
  const { checks } = await statusOf(page);
  for (const check of checks.slice(0, 5)) {
    await page.goto(`${base}/checks/${encodeURIComponent(check.name)}`);
    await until("its name", async () => (await textOf(page, ".drawer h2")) === check.name);
    await page.waitForSelector(".drawer .facts-list >> text=Last good evidence");
    assert.equal(await page.locator(".drawer .trouble").count(), 0);
  }
});

test("the pages answer without trouble", async (t) => {
  const { page, base } = await arrive(t);
  for (const path of PATHS) {
    await page.goto(base + path);
    await page.waitForSelector("html[data-fresh=live] main");
    await page.waitForTimeout(500);
    assert.equal(await page.locator(".trouble, .loading:visible").count(), 0, path);
  }
  await page.goto(`${base}/journal`);
  await page.waitForSelector(".event");
});

test("the stream keeps the page live", async (t) => {
  const { page } = await arrive(t);
  for (let i = 0; i < 7; i++) {
    await page.waitForTimeout(1000);
    assert.equal(await page.evaluate(() => document.documentElement.dataset.fresh), "live");
  }
});

test("a silence is made, shown and ended", async (t) => {
  const { page, base } = await arrive(t);
  const { checks } = await statusOf(page);
  const matchers = `{name="${checks.at(-1).name}"}`;
  const why = `a test at ${Date.now()}`;
  await page.goto(`${base}/silences`);
  await page.click("text=New silence");
  await page.fill(".dialog .code", matchers);
  await page.getByLabel("Why").fill(why);
  await page.getByLabel("30 min").check();
  await page.click(".dialog button[type=submit]");
  const row = page.locator(".silence", { hasText: why });
  await row.waitFor();
  await row.getByRole("button", { name: "End" }).click();
  await until("it ended", async () => (await row.getByRole("button").count()) === 0);
});

test("what the site refuses is said in a sentence", async (t) => {
  const { page, base } = await arrive(t);
  await page.goto(`${base}/incidents/no-such-incident`);
  await page.waitForSelector(".trouble");
  assert.match(await textOf(page, ".trouble"), /^That didn’t work\. .{5,}/);
});
