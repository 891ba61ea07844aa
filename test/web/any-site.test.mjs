// SPDX-License-Identifier: Apache-2.0
// What holds of the pages of every site: the fake one; the real program, where DIARCHY names it; or
// the site at DIARCHY_URL.
//
// DIARCHY_PASSWORD logs in first, where the site wants it.  Nothing is changed at the site but one
// silence of one check, which is ended again at once.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { becomes, counts, listen, newContext, reads, startSite, until } from "./harness.mjs";
import { RealLab } from "./real-lab.mjs";

let real = null;
before(async () => {
  if (!process.env.DIARCHY) return;
  real = new RealLab(process.env.DIARCHY);
  await real.start();
});
after(() => real?.close());

const PATHS = ["/", "/incidents", "/journal", "/silences", "/coverage", "/dashboards"];

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
  await reads(page, ".lab", status.lab);
  await becomes(
    status.sites.map((site) => site.name),
    () => page.locator(".site-title h2").allTextContents(),
  );
  const shown = () => page.$$eval("main [data-check]", (all) => all.map((el) => el.dataset.check));
  const missing = async () => {
    const found = new Set(await shown());
    return status.checks.map((check) => check.name).filter((name) => !found.has(name));
  };
  await becomes([], missing);
});

test("every check's page opens and knows its history", async (t) => {
  const { page, base } = await arrive(t);
  const { checks } = await statusOf(page);
  for (const check of checks.slice(0, 5)) {
    await page.goto(`${base}/checks/${encodeURIComponent(check.name)}`);
    await reads(page, ".drawer h2", check.name);
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
    await counts(page, ".loading:visible", 0);
    assert.equal(await page.locator(".trouble").count(), 0, path);
  }
  await page.goto(`${base}/journal`);
  await page.waitForSelector(".event");
});

/* Without beats it would be given up, and begun again, every 4.5 s; once a machine may be slow. */
test("one stream keeps the page live", async (t) => {
  const { page } = await arrive(t);
  let begun = 0;
  page.on("request", (request) => {
    if (request.url().endsWith("/stream")) begun++;
  });
  await page.waitForTimeout(10_000);
  assert.ok(begun <= 1, `the page followed ${begun} more streams`);
  await becomes("live", () => page.evaluate(() => document.documentElement.dataset.fresh));
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
  await reads(page, "h1", "No such incident");
  await reads(page, "main", /no-such-incident/);
});
