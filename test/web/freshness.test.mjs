// SPDX-License-Identifier: Apache-2.0
// Nothing green without fresh evidence.

import assert from "node:assert/strict";
import { test } from "node:test";
import { pageTest, startSite, newContext, textOf, until, visit } from "./harness.mjs";

const isStale = (page) => page.evaluate(() => document.documentElement.dataset.fresh === "stale");
const isLive = (page) => page.evaluate(() => document.documentElement.dataset.fresh === "live");

/* Every colour on the page in which green, red or amber outweighs grey; the alarm itself is exempt. */
const coloursOfState = (page) =>
  page.evaluate(() => {
    const found = new Set();
    for (const el of document.querySelectorAll("main *, .drawer *")) {
      const style = getComputedStyle(el);
      for (const property of ["color", "backgroundColor", "fill", "stroke"]) {
        const rgb = style[property].match(/\d+/g)?.map(Number);
        if (!rgb || rgb[3] === 0) continue;
        const [r, g, b] = rgb;
        if (Math.max(r, g) - b > 40 || g - r > 25)
          found.add(`${el.className?.baseVal ?? el.className} ${property} ${style[property]}`);
      }
    }
    return [...found];
  });

for (const [mode, what] of [
  ["refused", "ends"],
  ["frozen", "goes quiet without ending"],
])
  pageTest(
    `when the stream ${what}, the page says so within 5 s and loses its colours`,
    { weather: "some-down", colorScheme: "light" },
    async (page, site) => {
      assert.ok((await coloursOfState(page)).length > 0, "there are colours to lose");
      const before = await page.locator(".site").first().boundingBox();
      site.setStream(mode);
      const began = Date.now();
      await until("the page is stale", () => isStale(page), { within: 5300 });
      assert.ok(Date.now() - began <= 5300);
      assert.match(
        await textOf(page, ".stale"),
        /This page is \d+ s old\. Nothing comes from dublin/,
      );
      assert.match(await textOf(page, "h1"), /^Last known: /);
      assert.match(await page.title(), /^\(stale\)/);
      assert.equal(await page.getAttribute("link[rel=icon]", "href"), "/favicon-idle.svg");
      assert.deepEqual(await coloursOfState(page), []);
      const after = await page.locator(".site").first().boundingBox();
      assert.equal(after.y, before.y, "and nothing moved");

      site.setStream("normal");
      await until("it recovers by itself", () => isLive(page), { within: 8000 });
      assert.ok((await coloursOfState(page)).length > 0);
    },
  );

pageTest(
  "nothing on a stale page is current or known until now",
  { weather: "ok", path: "/checks/www" },
  async (page, site) => {
    const text = async () =>
      `${await textOf(page, ".vantages")} ${await textOf(page, ".strip-ends")}`;
    await until("it is read", async () => /ok.*current.*now$/.test(await text()));
    site.setStream("refused");
    await until("stale", () => isStale(page));
    await until("it says so", async () => /was ok/.test(await text()));
    assert.doesNotMatch(await text(), /current|now$/);
    const end = page.locator(".strip-ends :last-child");
    const stood = await end.textContent();
    await page.waitForTimeout(2100);
    assert.equal(await end.textContent(), stood, "the history ends where the evidence does");
  },
);

pageTest("the age of a stale page counts on", { weather: "ok" }, async (page, site) => {
  site.setStream("refused");
  await until("stale", () => isStale(page));
  const seconds = async () => Number(/(\d+) s old/.exec(await textOf(page, ".stale"))[1]);
  const first = await seconds();
  await page.waitForTimeout(3200);
  assert.ok((await seconds()) >= first + 2);
});

pageTest(
  "what changed meanwhile is there after reconnecting",
  { weather: "ok" },
  async (page, site) => {
    site.setStream("refused");
    await until("stale", () => isStale(page));
    site.lab.fail("nfs", { reason: "connection refused" });
    site.lab.open("mumbai", "nfs is down", "nfs");
    site.setStream("normal");
    // It may reconnect by itself first: then there is nothing left to click.
    await page.$eval(".stale button", (button) => button.click()).catch(() => {});
    await until("the news", async () => (await textOf(page, "h1")) === "nfs is down");
  },
);

pageTest(
  "after an event that is not JSON, the page reads everything anew",
  { weather: "ok" },
  async (page, site) => {
    const [old] = site.streams;
    old.write("event: change\ndata: {oops\n\n");
    await until("it gave up that stream", async () => !site.streams.has(old), { within: 1000 });
    await until("and follows another", async () => site.streams.size === 1);
    await until("live", () => isLive(page));
    site.breakCheck({ name: "nfs" });
    await until("the news", async () => (await textOf(page, "h1")) === "nfs is down");
  },
);

pageTest(
  "where only the stream is broken, the page is read again and again, and says it is stale",
  { weather: "ok" },
  async (page, site) => {
    site.answers.push({ path: "/stream", status: 503, text: "too many followers" });
    for (const res of site.streams) res.destroy();
    await until("stale", () => isStale(page));
    site.lab.fail("nfs", { reason: "connection refused" });
    site.lab.open("mumbai", "nfs is down", "nfs");
    await until(
      "the news all the same",
      async () => /nfs is down$/.test(await textOf(page, "h1")),
      { within: 8000 },
    );
    assert.ok(await isStale(page));
  },
);

test("a site that doesn't answer at first is said, and found when it does", async (t) => {
  const site = await startSite(t);
  site.answers.push({ path: "/api/", status: 503, text: "the journal is being verified" });
  const page = await (await newContext(t)).newPage();
  await page.goto(site.base);
  await until("it says so", async () => (await page.locator("h1").count()) > 0);
  assert.equal(await textOf(page, "h1"), "Nothing to show yet");
  assert.match(await textOf(page, "main"), /the journal is being verified/);
  site.answers = [];
  await until("it is live", () => isLive(page), { within: 8000 });
});

test("a reader whose clock is a day off still sees true ages", async (t) => {
  const site = await startSite(t, "one-down");
  const context = await newContext(t);
  await context.addInitScript(() => {
    const real = Date.now;
    Date.now = () => real() + 86_400_000;
  });
  const page = await context.newPage();
  await page.goto(site.base);
  await page.waitForSelector("html[data-fresh=live] .single");
  assert.match(await textOf(page, ".incident-facts"), /for 4 min/);
});

test("a page that sleeps wakes up stale, not green", async (t) => {
  const { page } = await visit(t, { weather: "ok" });
  /* A laptop's lid: the wall clock moves on while timers and the monotonic clock stand still. */
  const wasStale = await page.evaluate(async () => {
    const real = Date.now;
    Date.now = () => real() + 60_000;
    for (let i = 0; i < 20; i++) {
      await new Promise((done) => setTimeout(done, 50));
      if (document.documentElement.dataset.fresh !== "live") return true;
    }
    return false;
  });
  assert.ok(wasStale);
  await until("live again", () => isLive(page));
});

pageTest("ages tick without moving anything", { weather: "some-down" }, async (page) => {
  const shift = await page.evaluate(async () => {
    let sum = 0;
    const observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) sum += entry.value;
    });
    await new Promise((done) => setTimeout(done, 500));
    observer.observe({ type: "layout-shift" });
    await new Promise((done) => setTimeout(done, 4000));
    return sum;
  });
  assert.ok(shift < 0.001, `layout shift ${shift}`);
});
