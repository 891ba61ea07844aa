// SPDX-License-Identifier: Apache-2.0
// The pages about samples when there is nothing, when it takes long, when it is refused, and when the
// site goes in the middle of it; and the keys of the explorer.  The site is the fake one: what it
// answers here, the real one does too (contract.test.mjs holds it to that).

import assert from "node:assert/strict";
import { test } from "node:test";
import { becomes, counts, PHONE, reads, until, visit } from "./harness.mjs";

const LISTS = [
  ["targets", "/targets", "**/api/v1/targets*"],
  ["rules", "/rules", "**/api/v1/rules*"],
  ["series", "/series", "**/api/v1/status/tsdb*"],
  ["hosts", "/hosts", "**/api/v1/query*"],
];

const FULL = "query.max_samples: 50000000 samples are allowed, and this one wants more";
const refused = (error) => ({
  status: 422,
  json: { status: "error", errorType: "execution", error },
});
const matrix = (result) => ({
  json: { status: "success", data: { resultType: "matrix", result } },
});

function stateTest(name, body, options = {}) {
  test(name, async (t) => {
    const { page, site } = await visit(t, { path: "/coverage", ...options });
    await body(page, site, (path) => page.goto(site.base + path));
    assert.deepEqual(page.troubles, []);
  });
}

/* As the site answers any range: one line of ones. */
const answerOnes = (page) =>
  page.route("**/api/v1/query_range*", (route) => {
    const asked = new URL(route.request().url()).searchParams;
    const [start, end, step] = ["start", "end", "step"].map((name) => Number(asked.get(name)));
    const values = [];
    for (let t = start; t <= end; t += step) values.push([t, "1"]);
    return route.fulfill(matrix([{ metric: { __name__: "up", job: "nas" }, values }]));
  });

const editor = (page) => page.locator(".cm-content").first();
const run = (page) => page.getByRole("button", { name: "Run" }).first().click();

for (const [name, path, asked] of LISTS) {
  stateTest(
    `${name}: nothing yet says that it reads, and what is refused why`,
    async (page, _, go) => {
      let release;
      const isHeld = new Promise((done) => (release = done));
      await page.route(asked, async (route) => {
        await isHeld;
        await route.fulfill(refused(FULL));
      });
      await go(path);
      await reads(page, "main .loading", "Reading…");
      release();
      await reads(page, "main .note.is-bad", FULL);
      assert.equal(await page.locator("main .loading").count(), 0);
      assert.equal(await page.locator("main .note.is-bad").getAttribute("role"), "alert");
    },
  );
}

for (const [path, wanted] of [
  ["/targets", /Nothing is scraped\./],
  ["/rules", /There are no rules\./],
  ["/explore?q=up", /No series: nothing of this was stored/],
])
  stateTest(`${path}: that there is nothing is said, and what to do`, async (page, _, go) => {
    await go(path);
    await reads(page, "main .calm", wanted);
  });

stateTest("a graph stays when the next answer is refused, or doesn't come", async (page, _, go) => {
  await answerOnes(page);
  await go("/explore?q=up");
  await page.waitForSelector(".chart canvas");
  await page.unroute("**/api/v1/query_range*");
  await page.route("**/api/v1/query_range*", (route) => route.fulfill(refused(FULL)));
  await run(page);
  await reads(page, ".note.is-bad", FULL);
  assert.equal(await page.locator(".chart canvas").count(), 1);
  await page.unroute("**/api/v1/query_range*");
  await page.route("**/api/v1/query_range*", (route) => route.abort());
  await run(page);
  await reads(page, ".note.is-bad", /no answer from the site/);
  assert.equal(await page.locator(".chart canvas").count(), 1);
  await page.unroute("**/api/v1/query_range*");
  await answerOnes(page);
  await run(page);
  await counts(page, ".note.is-bad", 0);
});

stateTest("a login that has ended leads to the login", async (page, site, go) => {
  await go("/explore?q=up");
  await page.waitForSelector("main h1");
  site.makeWeather("login", { password: "secret" });
  const login = page.getByLabel("Password");
  // The page asks by itself too, and may have been told, and be gone, before the button is pressed.
  const button = page.getByRole("button", { name: "Run" }).first();
  await button.click({ timeout: 5_000 }).catch(() => login.waitFor());
  await login.waitFor();
});

stateTest("a panel says all of what was refused, where it would be drawn", async (page, _, go) => {
  await page.route("**/api/v1/query*", (route) => route.fulfill(refused(FULL)));
  await go("/dashboards/old-machine");
  await reads(page, ".tile .tile-wrong", FULL);
  const cut = await page
    .locator(".tile-wrong p")
    .first()
    .evaluate((el) => el.scrollWidth - el.clientWidth);
  assert.equal(cut, 0);
  await page.unroute("**/api/v1/query*");
});

/* ---- the explorer, by keyboard */

stateTest(
  "the keys go from the expression over its buttons to what it shows",
  async (page, _, go) => {
    await answerOnes(page);
    await go("/explore?q=up");
    await page.waitForSelector(".chart canvas");
    await editor(page).click();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Run" }).focus();
    const seen = [];
    for (let i = 0; i < 10; i++) {
      await page.keyboard.press("Tab");
      seen.push(
        await page.evaluate(() => {
          const el = document.activeElement;
          return (
            el.getAttribute("aria-label") ??
            el.labels?.[0]?.textContent ??
            el.textContent
          ).trim();
        }),
      );
    }
    assert.deepEqual(seen, [
      "Format",
      "Add expression",
      "History",
      "Graph",
      "Table",
      "stacked",
      "exemplars",
      "Resolution",
      "Unit",
      "Graph",
    ]);
    await page.keyboard.press("ArrowLeft");
    await becomes(/job="nas"|up/, () => page.getAttribute(".chart-plot", "aria-valuetext"));
  },
);

stateTest("a completion is chosen by arrows, and Escape leaves it first", async (page, _, go) => {
  await page.route("**/api/v1/label/__name__/values*", (route) =>
    route.fulfill({
      json: { status: "success", data: ["node_load1", "node_load15", "node_load5"] },
    }),
  );
  await go("/explore");
  await page.waitForSelector(".cm-content");
  await editor(page).click();
  await page.keyboard.type("node_lo");
  await page.waitForSelector(".cm-tooltip-autocomplete li[aria-selected]");
  await page.waitForTimeout(200); /* a choice that has only just appeared takes no key */
  await page.keyboard.press("ArrowDown");
  const second = await page.textContent(
    ".cm-tooltip-autocomplete li[aria-selected] .cm-completionLabel",
  );
  await page.keyboard.press("Enter");
  await reads(page, ".cm-content", second);
  await page.keyboard.type(" + node_lo");
  await page.waitForSelector(".cm-tooltip-autocomplete");
  await page.keyboard.press("Escape");
  await counts(page, ".cm-tooltip-autocomplete", 0);
  await page.keyboard.type("x");
  await reads(page, ".cm-content", `${second} + node_lox`);
});

stateTest("Escape closes what was asked before, and gives the focus back", async (page, _, go) => {
  await go("/explore?q=up");
  await run(page);
  const button = page.getByRole("button", { name: "History" });
  await button.click();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Escape");
  await counts(page, ".history-list", 0);
  await becomes("History", () => page.evaluate(() => document.activeElement.textContent));
  await button.click();
  await page.click("h1");
  await counts(page, ".history-list", 0);
});

stateTest("keys move in time, and the list of keys says so", async (page, _, go) => {
  await answerOnes(page);
  await go("/explore?q=up");
  await page.waitForSelector(".chart canvas");
  const range = () => page.getByLabel("Time range").inputValue();
  await page.locator("main").focus();
  await page.keyboard.press("z");
  await becomes("now-3h", range);
  await page.keyboard.press("[");
  await becomes("own", range);
  await page.keyboard.press("?");
  await reads(page, ".dialog .keys", /zoom out, earlier, later/);
  await page.keyboard.press("z");
  await page.keyboard.press("Escape");
  await counts(page, ".dialog", 0);
  await editor(page).click();
  await page.keyboard.type("z[");
  await becomes("own", range);
});

stateTest("the resolution is chosen, asked for and said", async (page, _, go) => {
  await answerOnes(page);
  const steps = [];
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.pathname.endsWith("/query_range")) steps.push(url.searchParams.get("step"));
  });
  await go("/explore?q=up");
  await page.waitForSelector(".chart canvas");
  await page.getByLabel("Resolution").selectOption("300");
  await becomes("300", async () => steps.at(-1));
  await reads(page, ".took", /a point every 5 min$/);
  assert.equal(new URL(page.url()).searchParams.get("step"), "300");
  await page.reload();
  await becomes("300", () => page.getByLabel("Resolution").inputValue());
});

stateTest("exemplars are read where they lie", async (page, _, go) => {
  await answerOnes(page);
  await page.route("**/api/v1/query_exemplars*", (route) => {
    const end = Number(new URL(route.request().url()).searchParams.get("end"));
    const exemplars = [{ labels: { trace_id: "4bf92f" }, value: "0.25", timestamp: end }];
    return route.fulfill({
      json: { status: "success", data: [{ seriesLabels: { __name__: "up" }, exemplars }] },
    });
  });
  await go("/explore?q=up");
  await page.getByLabel("exemplars").check();
  await until(
    "they are asked for",
    () => new URL(page.url()).searchParams.get("exemplars") === "1",
  );
  await page.waitForSelector(".results:not(.is-busy) .chart canvas");
  const read = async () => {
    await page.focus(".chart-plot");
    await page.keyboard.press("End");
    return page.getAttribute(".chart-plot", "aria-valuetext");
  };
  await becomes(/exemplar 0\.25: \{trace_id="4bf92f"\}/, read);
});

/* ---- on a phone */

const TARGET = {
  discoveredLabels: {},
  labels: { instance: "a-machine-with-a-long-name.of.a.domain.example.net:9100", job: "away" },
  scrapePool: "away",
  scrapeUrl: "http://a-machine-with-a-long-name.of.a.domain.example.net:9100/metrics",
  globalUrl: "",
  lastError: "connecting to 10.1.0.7:9100: connection refused",
  lastScrape: "2026-11-23T14:00:00Z",
  lastScrapeDuration: 0.01,
  health: "down",
  scrapeInterval: "1m30s",
  scrapeTimeout: "10s",
};

stateTest(
  "the other site is asked for its targets, and gone it says since when",
  async (page, site, go) => {
    const GONE = "mumbai isn't reached since 14:02: no answer on the link";
    const asked = [];
    await page.route("**/api/v1/targets*", (route) => {
      const from = new URL(route.request().url()).searchParams.get("site") ?? "";
      asked.push(from);
      if (from && asked.filter((it) => it).length > 1)
        return route.fulfill({ ...refused(GONE), status: 502 });
      const labels = { ...TARGET.labels, instance: from ? "nas-mumbai:9100" : "nas-dublin:9100" };
      const data = { ...site.samples["/targets"], activeTargets: [{ ...TARGET, labels }] };
      return route.fulfill({ json: { status: "success", data } });
    });
    site.samples["/targets"] = { droppedTargets: [], droppedTargetCounts: {} };
    await go("/targets");
    await reads(page, ".targets th[scope=row]", "nas-dublin:9100");
    await page.getByLabel("Site").selectOption("mumbai");
    await reads(page, ".targets th[scope=row]", "nas-mumbai:9100");
    const link = await page.locator(".targets th[scope=row] a").getAttribute("href");
    assert.match(decodeURIComponent(link), /site="mumbai"/);
    await go("/targets?site=mumbai");
    await reads(page, "main .note.is-bad", GONE);
    assert.equal(await page.getByLabel("Site").inputValue(), "mumbai");
  },
);

stateTest(
  "on a phone a target's error is read without scrolling sideways, and every tab is there",
  async (page, site, go) => {
    site.samples["/targets"] = {
      activeTargets: [TARGET],
      droppedTargets: [],
      droppedTargetCounts: {},
    };
    await go("/targets");
    await reads(page, ".target-error", /connection refused/);
    await reads(page, "[data-head=every]", "1 m 30 s");
    const isInside = (selector) =>
      page.$$eval(selector, (all) =>
        all.every((el) => {
          const { left, right } = el.getBoundingClientRect();
          return left >= 0 && right <= innerWidth;
        }),
      );
    assert.ok(await isInside(".target-error td, .targets td, .targets th[scope=row]"));
    assert.ok(await isInside(".tabs a"), "a tab is outside of the screen");
  },
  { viewport: PHONE },
);
