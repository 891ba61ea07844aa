// SPDX-License-Identifier: Apache-2.0
// Nothing green without fresh evidence.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  becomes,
  newContext,
  pageTest,
  reads,
  startSite,
  textOf,
  until,
  visit,
} from "./harness.mjs";

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

const hasColours = (page) => async () => (await coloursOfState(page)).length > 0;

/* It may have reconnected by itself: then there is nothing left to click. */
const tryNow = (page) => page.$eval(".stale button", (button) => button.click()).catch(() => {});

/* The page counts 4.5 s from the last beat, and may be asked late where the machine is busy. */
const STALE_WITHIN = 7000;

for (const [mode, what] of [
  ["refused", "ends"],
  ["frozen", "goes quiet without ending"],
])
  pageTest(
    `when the stream ${what}, the page says so within 5 s and loses its colours`,
    { weather: "some-down", colorScheme: "light" },
    async (page, site) => {
      await until("there are colours to lose", hasColours(page));
      const before = await page.locator(".site").first().boundingBox();
      site.setStream(mode);
      await until("the page is stale", () => isStale(page), { within: STALE_WITHIN });
      await reads(page, ".stale", /This page is \d+ s old\. Nothing comes from dublin/);
      await reads(page, "h1", /^Last known: /);
      await becomes(/^\(stale\)/, () => page.title());
      await becomes("/favicon-idle.svg", () => page.getAttribute("link[rel=icon]", "href"));
      await becomes([], () => coloursOfState(page));
      const after = await page.locator(".site").first().boundingBox();
      assert.equal(after.y, before.y, "and nothing moved");

      site.setStream("normal");
      await until("it recovers by itself", () => isLive(page));
      await until("the colours are back", hasColours(page));
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
    await until("nor is anything now", async () => !/current|now$/.test(await text()));
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
    await tryNow(page);
    await reads(page, "h1", "nfs is down");
  },
);

pageTest(
  "after an event that is not JSON, the page reads everything anew",
  { weather: "ok" },
  async (page, site) => {
    const [old] = site.streams;
    old.write("event: change\ndata: {oops\n\n");
    await until("it gave up that stream", async () => !site.streams.has(old));
    await until("and follows another", async () => site.streams.size === 1);
    await until("live", () => isLive(page));
    site.breakCheck({ name: "nfs" });
    await reads(page, "h1", "nfs is down");
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
    await reads(page, "h1", /nfs is down$/);
    assert.ok(await isStale(page));
  },
);

/* All that the page ever says of why there is nothing. */
const keepReasons = (context) =>
  context.addInitScript(() => {
    window.reasons = new Set();
    const keep = () => {
      const reason = document.querySelector(".waiting h1 + p")?.textContent;
      if (reason) window.reasons.add(reason);
    };
    new MutationObserver(keep).observe(document, { subtree: true, childList: true });
  });

test("a site that doesn't answer at first is said in its words alone, and found when it does", async (t) => {
  const site = await startSite(t);
  site.answers.push({ path: "/api/", status: 503, text: "the journal is being verified" });
  const context = await newContext(t);
  await keepReasons(context);
  const page = await context.newPage();
  await page.goto(site.base);
  await reads(page, "h1", "Nothing to show yet");
  await reads(page, "main", /the journal is being verified/);
  await page.click("main >> text=Try now");
  await page.waitForTimeout(1000);
  const reasons = await page.evaluate(() => [...window.reasons]);
  assert.deepEqual(reasons, ["the journal is being verified"]);
  site.answers = [];
  await until("it is live", () => isLive(page));
});

pageTest(
  "what the site says of why it can't be followed stands until it can",
  { weather: "ok" },
  async (page, site) => {
    site.answers.push({ path: "/api/", status: 503, text: "the disk is full" });
    for (const res of site.streams) res.destroy();
    await reads(page, ".tally", /Nothing comes from dublin \(the disk is full\)/);
    const first = await textOf(page, ".tally strong");
    for (let i = 0; i < 15; i++) {
      assert.equal(await textOf(page, ".tally strong"), first);
      await page.waitForTimeout(100);
    }
    site.answers = [];
    await until("live", () => isLive(page));
  },
);

pageTest(
  "an answer that comes after a newer one does no harm",
  { weather: "ok" },
  async (page, site) => {
    let hold;
    const isHeld = new Promise((done) => (hold = done));
    await page.route(/\/status$/, hold, { times: 1 });
    for (const res of site.streams) res.destroy();
    const late = await isHeld;
    await tryNow(page);
    await until("live", () => isLive(page));
    const [stream] = site.streams;
    await late.abort();
    await page.waitForTimeout(500);
    assert.ok(site.streams.has(stream), "the stream is followed still");
    assert.ok(await isLive(page));
  },
);

test("an answer that is not JSON is said to be none", async (t) => {
  const site = await startSite(t);
  const page = await (await newContext(t)).newPage();
  await page.route(/\/api\//, (route) =>
    route.fulfill({ contentType: "text/html", body: "<html>log in to the hotel</html>" }),
  );
  await page.goto(site.base);
  await reads(page, "main", /the site's answer is not JSON; is there a proxy/);
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
  await reads(page, ".incident-facts", /for 4 min/);
});

test("a page that sleeps wakes up stale, not green", async (t) => {
  const { page } = await visit(t, { weather: "ok" });
  /* A laptop's lid: the wall clock moves on while timers and the monotonic clock stand still.  The
   * page reconnects at once, so it is stale for a moment only. */
  const wasStale = await page.evaluate(
    () =>
      new Promise((done) => {
        const look = () => document.querySelector(".stale") && done(true);
        new MutationObserver(look).observe(document.body, { subtree: true, childList: true });
        const real = Date.now;
        Date.now = () => real() + 60_000;
        setTimeout(() => done(false), 5000);
      }),
  );
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
