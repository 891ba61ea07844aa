// SPDX-License-Identifier: Apache-2.0
// Grafana's dashboards, drawn by the real program's pages from real samples: those of its own
// machine, and of a service that this process plays.
//
// DIARCHY: the program.  The dashboards are in test/dashboards, and in examples/two-sites.

import assert from "node:assert/strict";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { becomes, counts, listen, newContext, PHONE, reads, until } from "./harness.mjs";
import { RealLab } from "./real-lab.mjs";

const METRICS = ({ world }) => `metrics:
  global: {scrape_interval: 1s}
  scrape_configs:
    - job_name: service
      static_configs: [{targets: ["${world.slice("http://".length)}"]}]
`;

const TALL = { width: 1440, height: 4200 }; /* everything is on the screen */

/* A histogram whose buckets fill. */
let asked = 0;
function exposition() {
  asked++;
  const bucket = (le, n) => `diarchy_test_bucket{le="${le}"} ${n * asked}\n`;
  return `# TYPE diarchy_test histogram\n${bucket("0.1", 3)}${bucket("1", 7)}${bucket("+Inf", 9)}diarchy_test_sum ${asked}\ndiarchy_test_count ${9 * asked}\n`;
}

/* Thirty panels, of one query each. */
function thirty() {
  const panels = Array.from({ length: 30 }, (_, i) => ({
    id: i + 1,
    type: "timeseries",
    title: `Panel ${i + 1}`,
    gridPos: { x: (i % 3) * 8, y: Math.floor(i / 3) * 7, w: 8, h: 7 },
    targets: [
      {
        refId: "A",
        expr: `rate(node_cpu_seconds_total[${i + 10}s])`,
        legendFormat: "{{cpu}} {{mode}}",
      },
    ],
  }));
  return { title: "Thirty", time: { from: "now-5m", to: "now" }, panels };
}

let lab;
before(async () => {
  lab = new RealLab(process.env.DIARCHY, { metrics: METRICS, pages: { "/metrics": exposition } });
  const folder = join(lab.folder, "dashboards");
  const ours = new URL("../../examples/two-sites/dashboards/machine.json", import.meta.url);
  copyFileSync(ours, join(folder, "machine.json"));
  writeFileSync(join(folder, "thirty.json"), JSON.stringify(thirty()));
  await lab.start();
  await until(
    "the machine's samples are there, twice",
    async () => {
      const ask = "/api/v1/query?query=min(count_over_time(diarchy_test_count[1m]))";
      const { data } = await lab.get(ask);
      return Number(data.result[0]?.value[1]) > 3;
    },
    { within: 60_000 },
  );
});
after(() => lab?.close());

/* A page of the real site, which must not complain. */
async function open(t, path, options = {}) {
  const context = await newContext(t, options);
  const page = await context.newPage();
  const troubles = listen(page);
  page.asked = [];
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.pathname.startsWith("/api/v1/query"))
      page.asked.push(url.searchParams.get("query") ?? "");
  });
  await page.goto(lab.base + path);
  await page.waitForSelector("html[data-fresh=live]");
  t.after(() => assert.deepEqual(troubles, []));
  return page;
}

const panel = (page, title) =>
  page.locator(".tile", { has: page.locator(`h3:text-is("${title}")`) });
const settled = (page) => counts(page, ".tile.is-busy", 0);

test("the lab's dashboards are listed, and one that can't be read says why", async (t) => {
  const page = await open(t, "/dashboards");
  await page.waitForSelector("text=Every panel");
  const torn = page.locator(".board-entry", { hasText: "torn" });
  await becomes(/dashboards\/torn\.json: line \d+/, () => torn.locator(".error").textContent());
  await page.click("text=Every panel");
  await reads(page, "h1", "Every panel");
  assert.equal(new URL(page.url()).pathname, "/dashboards/every-panel");
});

test("every kind of panel is drawn from what the site knows", async (t) => {
  const page = await open(t, "/dashboards/every-panel?from=now-2m", { viewport: TALL });
  await becomes("3", () =>
    panel(page, "Targets that are up").locator(".stat-value").first().textContent(),
  );
  await becomes(["up", "up", "up"], () =>
    panel(page, "Up, in words").locator(".stat-value").allTextContents(),
  );
  await becomes(/^Gauge: \d/, () =>
    panel(page, "Gauge").locator("svg[role=img]").getAttribute("aria-label"),
  );
  await becomes(["idle", "system", "user"], () =>
    panel(page, "LCD").locator(".bar-name").allTextContents(),
  );
  await becomes(3, () => panel(page, "Upright").locator(".bar-fill").count());
  for (const title of [
    "Stacked, table legend at the right",
    "Bars, points, two axes, a mark",
    "Core 0",
  ])
    await becomes(1, () => panel(page, title).locator(".uplot canvas").count());
  for (const title of ["Heatmap of buckets", "Heatmap of values"])
    await becomes(/: \d+ rows over time$/, () =>
      panel(page, title).locator("canvas").getAttribute("aria-label"),
    );
  await becomes(3, () => panel(page, "Targets").locator("tbody tr").count());
  await becomes("3", () => panel(page, "Targets").locator("tfoot td").last().textContent());
});

test("what dashboards of node_exporter are made of is drawn, and all of it is supported", async (t) => {
  const page = await open(t, "/dashboards/node-full?from=now-2m", { viewport: TALL });
  await page.getByRole("button", { name: /^CPU \/ Memory/ }).click();
  await settled(page);
  await becomes(/^CPU Busy: \d/, () =>
    panel(page, "CPU Busy").locator("svg[role=img]").getAttribute("aria-label"),
  );
  await becomes(["CPU", "Mem", "I/O"], () =>
    panel(page, "Pressure").locator(".bar-name").allTextContents(),
  );
  for (const title of ["CPU Basic", "Memory Basic", "CPU", "Load and temperature"])
    await becomes(1, () => panel(page, title).locator(".uplot canvas").count());
  const heads = (title) => panel(page, title).locator("thead button").allTextContents();
  await becomes(["Mounted on", "Kind", "Size", "Available", "Used ↓"], async () =>
    (await heads("Space")).map((head) => head.trim()).filter((head) => head !== "site"),
  );
  await becomes(["fstype", "Value (sum)"], () => heads("By kind of file system"));
  assert.equal(await page.locator(".tile .tile-note, .board-notes").count(), 0);
});

test("a panel with a time of its own says so, and its axis is of that time", async (t) => {
  const page = await open(t, "/dashboards/node-full?from=now-2m", { viewport: TALL });
  await page.getByRole("button", { name: /^CPU \/ Memory/ }).click();
  const then = panel(page, "A day before");
  await becomes("last 1h, 1h earlier", () => then.locator(".tile-time").textContent());
  const link = await then.getByRole("link", { name: "Explore" }).getAttribute("href");
  const asked = new URL(link, page.url()).searchParams;
  const [from, to] = ["from", "to"].map((name) => Number(asked.get(name)));
  assert.equal(to - from, 3_600_000);
  assert.ok(Math.abs(Date.now() - 3_600_000 - to) < 600_000);
});

test("a heatmap's cells are as full as the buckets", async (t) => {
  const page = await open(t, "/dashboards/every-panel?from=now-1m&viewPanel=10");
  const canvas = page.locator(".heat canvas");
  await canvas.waitFor();
  const box = await canvas.boundingBox();
  await page.mouse.move(box.x + box.width - 12, box.y + box.height * 0.5);
  await reads(
    page,
    ".heat-readout",
    /up to 1 s: [\d.]+$/,
  ); /* between what is below 0.1 s and below 1 s */
});

test("a text panel is markdown with the variables in it, and never HTML", async (t) => {
  const page = await open(t, "/dashboards/every-panel?var-word=world&var-pick=1", {
    viewport: TALL,
  });
  const text = panel(page, "About world");
  await becomes(/A word: world/, () => text.locator(".prose").textContent());
  await becomes(/pick is one/, () => text.locator(".prose").textContent());
  assert.equal(await text.locator("script, b").count(), 0);
  assert.equal(await text.locator('a[href="https://example.net/"]').count(), 1);
});

test("what isn't supported is said on the panel, and of the dashboard, by name", async (t) => {
  const page = await open(t, "/dashboards/every-panel", { viewport: TALL });
  await becomes("Panels of type “geomap” are not supported.", () =>
    panel(page, "A map").locator(".tile-empty").textContent(),
  );
  await becomes("Not supported: transformation histogram and override byValue", () =>
    panel(page, "Unknown transformation and override").locator(".tile-note").textContent(),
  );
  await reads(page, ".board-notes", /variable filters \(adhoc\), annotation Deploys/);
});

test("a mistake in a query is said on its panel, in the site's words; nothing is no data", async (t) => {
  const page = await open(t, "/dashboards/every-panel", { viewport: TALL });
  await becomes(/parse error/, () => panel(page, "A mistake").locator(".error").textContent());
  await becomes("No data", () => panel(page, "Nothing").locator(".tile-empty").textContent());
  assert.equal(await page.locator(".tile .error").count(), 1);
});

test("a row is repeated for each value, and what is chosen is in the address", async (t) => {
  const page = await open(t, "/dashboards/every-panel?var-cpu=0", { viewport: TALL });
  await page.waitForSelector("text=Core 0");
  assert.equal(await page.locator("h3:text-is('Core 1')").count(), 0);
  await page.click("#var-cpu");
  await page.getByLabel("1", { exact: true }).check();
  await page.waitForSelector("h3:text-is('Core 1')");
  assert.deepEqual(new URL(page.url()).searchParams.getAll("var-cpu"), ["0", "1"]);
  await until("it is asked for", () => page.asked.some((expr) => expr.includes('cpu="1"')));
});

test("a variable's values are asked for with those of the others", async (t) => {
  const page = await open(t, "/dashboards/every-panel?var-job=service");
  await becomes([lab.base && "service"], async () => [
    await page.locator("#var-job").textContent(),
  ]);
  await becomes(1, () => page.locator("#var-instance option").count());
  await page.goto(`${lab.base}/dashboards/every-panel`);
  await becomes(true, async () => (await page.locator("#var-instance option").count()) > 1);
});

test("a panel asks only when it is seen", async (t) => {
  const page = await open(t, "/dashboards/every-panel", { viewport: { width: 1200, height: 420 } });
  await becomes(/\d/, () =>
    panel(page, "Targets that are up").locator(".stat-value").textContent(),
  );
  await settled(page);
  assert.ok(!page.asked.includes("nothing_is_called_so"), "it is far below");
  await page.locator("h3:text-is('Nothing')").scrollIntoViewIfNeeded();
  await until("it is asked", () => page.asked.includes("nothing_is_called_so"));
});

test("a closed row asks for nothing until it is opened", async (t) => {
  const page = await open(t, "/dashboards/machine", { viewport: TALL });
  const isAsked = () => page.asked.some((expr) => expr.includes("node_load15"));
  await panel(page, "Memory").first().waitFor();
  await settled(page);
  assert.ok(!isAsked());
  await page.getByRole("button", { name: /^More/ }).click();
  await until("it asks", isAsked);
});

test("it is read again as often as the address says, and questions that nobody waits for end", async (t) => {
  const page = await open(t, "/dashboards/machine?refresh=5s");
  const ended = [];
  page.on("requestfailed", (request) => ended.push(request.failure().errorText));
  const isAsked = () => page.asked.filter((expr) => expr.startsWith("sum(node_load1")).length;
  await until("it asks again", () => isAsked() >= 2);
  await page.route("**/api/v1/query_range*", async (route) => {
    await new Promise((done) => setTimeout(done, 1500));
    await route.continue().catch(() => {});
  });
  await page.selectOption("[aria-label='Time range']", "now-3h");
  await page.waitForTimeout(300);
  await page.selectOption("[aria-label='Time range']", "now-6h");
  await until("the questions about three hours are given up", () =>
    ended.includes("net::ERR_ABORTED"),
  );
  await page.unroute("**/api/v1/query_range*", { behavior: "ignoreErrors" });
  assert.equal(new URL(page.url()).searchParams.get("from"), "now-6h");
});

test("the kiosk shows the panels alone, and Escape leaves it", async (t) => {
  const page = await open(t, "/dashboards/machine?kiosk");
  await panel(page, "Memory").first().waitFor();
  assert.equal(await page.locator(".top").isVisible(), false);
  await page.keyboard.press("Escape");
  await becomes(true, () => page.locator(".top").isVisible());
  assert.equal(new URL(page.url()).searchParams.has("kiosk"), false);
  await page.keyboard.press("f");
  await becomes(false, () => page.locator(".top").isVisible());
});

test("the keyboard walks over the panels and shows one alone", async (t) => {
  const page = await open(t, "/dashboards/machine");
  await panel(page, "Processor").waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await becomes("Memory", () =>
    page.evaluate(() => document.activeElement?.getAttribute("aria-label")),
  );
  await page.keyboard.press("v");
  await counts(page, ".tile", 1);
  await reads(page, ".tile h3", "Memory");
  await page.keyboard.press("Escape");
  await until("all are there again", async () => (await page.locator(".tile").count()) > 5);
});

test("on a phone the panels stand below each other, and nothing is wider than the page", async (t) => {
  const page = await open(t, "/dashboards/machine", { viewport: PHONE });
  await settled(page);
  await panel(page, "Disks").waitFor();
  const boxes = await page.$$eval(".board-cell", (all) =>
    all.map((el) => el.getBoundingClientRect().left),
  );
  assert.equal(new Set(boxes).size, 1);
  const excess = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(excess <= 0, `${excess} pixels too wide`);
});

test("a dashboard of before Grafana 5 is drawn as well", async (t) => {
  const page = await open(t, "/dashboards/old-machine?from=now-2m", { viewport: TALL });
  await becomes(/^CPU busy: \d/, () =>
    panel(page, "CPU busy").locator("svg[role=img]").getAttribute("aria-label"),
  );
  await becomes(/iB$/, () => panel(page, "RAM").locator(".stat-value").textContent());
  await becomes(1, () => panel(page, "CPU").locator(".uplot canvas").count());
  assert.equal(await page.locator("h3:text-is('Disk')").count(), 0, "its row is closed");
  await page.getByRole("button", { name: /^Hidden at first/ }).click();
  await becomes(1, () => panel(page, "Disk").locator(".uplot canvas").count());
  assert.equal(await page.locator(".tile .tile-note").count(), 0);
});

test("a dashboard that isn't there is said so", async (t) => {
  const page = await open(t, "/dashboards/nobody");
  await reads(page, "h1", "No such dashboard");
});

test("thirty panels are there at once", async (t) => {
  const page = await open(t, "/", { viewport: TALL });
  const began = Date.now();
  await page.evaluate(() => {
    history.pushState(null, "", "/dashboards/thirty");
    window.dispatchEvent(new PopStateEvent("popstate"));
  });
  await counts(page, ".tile .uplot canvas", 30, { within: 30_000 });
  await settled(page);
  const took = Date.now() - began;
  console.log(
    `# 30 panels with ${await page.locator(".legend-name").count()} series in ${took} ms`,
  );
  assert.ok(took < 15_000, `${took} ms`);
});
