// SPDX-License-Identifier: Apache-2.0
// The pages about samples, on the real program, which scrapes itself and a machine that this process
// plays (fake-exporter.mjs).

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { nodeText } from "./fake-exporter.mjs";
import { faults } from "./faults.mjs";
import {
  becomes,
  counts,
  listen,
  newContext,
  PHONE,
  reads,
  startSite,
  until,
  WIDE,
} from "./harness.mjs";
import { RealLab } from "./real-lab.mjs";

const metrics = ({ world, site }) => `metrics:
  host: false
  rule_files: [machines.yaml]
  global: {scrape_interval: 1s, scrape_timeout: 1s}
  scrape_configs:
    - job_name: checks
      honor_labels: true
      static_configs: [{targets: ["${site.slice("http://".length)}"], labels: {instance: dublin}}]
    - job_name: node-exporter
      metrics_path: /node
      static_configs: [{targets: ["${world.slice("http://".length)}"], labels: {instance: nas}}]
    - job_name: away
      static_configs: [{targets: ["127.0.0.1:1"]}]
    - job_name: dropped
      static_configs: [{targets: ["127.0.0.1:2"]}]
      relabel_configs: [{action: drop, source_labels: [__address__], regex: ".*"}]
`;

const RULES = `groups:
  - name: machines
    interval: 1s
    rules:
      - {record: "instance:load:max", expr: max by (instance) (node_load1)}
      - alert: TargetDown
        expr: up == 0
        labels: {severity: warning}
        annotations: {summary: "{{ $labels.instance }} does not answer"}
`;

const PATIENCE_MS = 90_000;

let lab;
before(async () => {
  const pages = { "/node": () => nodeText() };
  const files = { "machines.yaml": RULES };
  lab = new RealLab(process.env.DIARCHY, { metrics, pages, files });
  await lab.start();
  await until("there are samples of a minute's rate", async () => {
    const answer = await lab.get("/api/v1/query?query=count_over_time(node_load1[1m])");
    return Number(answer.data.result[0]?.value[1] ?? 0) >= 5;
  });
});
after(() => lab.close());

function metricsTest(name, path, body, options = {}) {
  test(name, { timeout: PATIENCE_MS }, async (t) => {
    const context = await newContext(t, options);
    const page = await context.newPage();
    const troubles = listen(page);
    await page.goto(lab.base + path);
    await page.waitForSelector("html[data-fresh=live] main h1");
    await body(page, context);
    assert.deepEqual(troubles, []);
  });
}

const search = (page) => new URL(page.url()).searchParams;
const q = (...queries) => queries.map((query) => `q=${encodeURIComponent(query)}`).join("&");
const editor = (page, i = 0) => page.locator(".cm-content").nth(i);
const run = (page) => page.getByRole("button", { name: "Run" }).first().click();

/* ---- explorer */

metricsTest(
  "a name is completed, asked for with Enter, and stands in the address",
  "/explore",
  async (page) => {
    await editor(page).click();
    await page.keyboard.type("node_loa");
    await page.waitForSelector(".cm-tooltip-autocomplete li >> text=node_load1");
    await page.keyboard.type("d15");
    await page.waitForSelector(".cm-tooltip-autocomplete li[aria-selected] >> text=node_load15");
    await page.waitForTimeout(200); /* a choice that has only just appeared takes no key */
    await page.keyboard.press("Enter");
    await reads(page, ".cm-content", "node_load15");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".chart canvas");
    assert.equal(search(page).get("q"), "node_load15");
    await reads(page, ".legend-text", /node_load15\{.*instance="nas".*\}/);
    await reads(page, ".took", /^1 series · [\d,]+ samples? read · evaluated in .* · answered in /);
  },
);

metricsTest("what is typed is text, and no key of the page", "/explore", async (page) => {
  await editor(page).click();
  await page.keyboard.type("up 1 or s?");
  assert.equal(new URL(page.url()).pathname, "/explore");
  assert.equal(await page.locator(".dialog").count(), 0);
});

metricsTest("an error is said, and marked where it is", "/explore", async (page) => {
  await editor(page).click();
  await page.keyboard.type("sum(rate(up[5m]) foo");
  await run(page);
  await reads(page, ".note.is-bad", /1:\d+: parse error: unexpected identifier "foo"/);
  await page.waitForTimeout(1500); /* the editor has looked at it by itself, too */
  const mark = page.locator(".cm-found");
  await becomes("f", async () => (await mark.allTextContents()).join(""));
  const line = await mark.first().evaluate((el) => getComputedStyle(el).textDecorationStyle);
  assert.equal(line, "wavy");
  await page.reload();
  await page.waitForTimeout(1500);
  await becomes("f", async () => (await mark.allTextContents()).join(""));
  assert.equal(await page.locator(".chart").count(), 0);
});

metricsTest(
  "a table has the exact values of one time",
  `/explore?${q("up")}&view=table`,
  async (page) => {
    const row = (job) => page.locator(".values tbody tr", { hasText: `job="${job}"` });
    await row("away").waitFor();
    assert.equal(await row("away").locator("td").textContent(), "0");
    assert.equal(await row("node-exporter").locator("td").textContent(), "1");
    await page.getByRole("button", { name: "Value" }).click();
    await page.getByRole("button", { name: "Value" }).click();
    await reads(page, ".values tbody td", "0");
  },
);

metricsTest(
  "several expressions share a graph, and a reload asks the same",
  `/explore?${q("node_load1", "node_load5")}`,
  async (page) => {
    await counts(page, ".legend tbody tr", 2);
    await page.reload();
    await counts(page, ".legend tbody tr", 2);
    await page.getByRole("button", { name: "Add expression" }).click();
    await editor(page, 2).click();
    await page.keyboard.type("node_load15");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Enter");
    await page.locator(".expression").nth(2).getByRole("button", { name: "Run" }).click();
    await counts(page, ".legend tbody tr", 3);
    assert.deepEqual(search(page).getAll("q"), ["node_load1", "node_load5", "node_load15"]);
    await page.getByRole("button", { name: "Remove expression B" }).click();
    await counts(page, ".legend tbody tr", 2);
    assert.deepEqual(search(page).getAll("q"), ["node_load1", "node_load15"]);
  },
);

metricsTest(
  "dragging zooms, and going back zooms out",
  `/explore?${q("node_load1")}&from=now-5m`,
  async (page) => {
    await page.waitForSelector(".chart canvas");
    const over = await page.locator(".u-over").boundingBox();
    await page.mouse.move(over.x + over.width / 2, over.y + 40);
    await page.mouse.down();
    await page.mouse.move(over.x + over.width - 5, over.y + 60, { steps: 5 });
    await page.mouse.up();
    await becomes(/^\d+$/, () => search(page).get("from"));
    const length = Number(search(page).get("to")) - Number(search(page).get("from"));
    assert.ok(length > 120_000 && length < 160_000, `${length} ms`);
    await page.waitForSelector(".chart canvas");
    await page.goBack();
    await becomes("now-5m", () => search(page).get("from"));
  },
);

metricsTest(
  "what the engine has to say of a query is shown",
  `/explore?${q("rate(node_load1[1m])")}`,
  async (page) => {
    await reads(page, ".note", /metric might not be a counter/);
  },
);

/* As the site answers of a native histogram; there is none among what it scrapes here. */
async function answerNative(page) {
  const seen = (t, n) => [
    t,
    {
      count: String(10 + n),
      sum: "12.5",
      buckets: [
        [3, "-0.001", "0.001", "4"],
        [0, "0.25", "0.5", String(n)],
        [0, "0.5", "1", "6"],
      ],
    },
  ];
  const metric = { __name__: "request_seconds", instance: "nas" };
  const fulfil = (route, resultType, result) =>
    route.fulfill({ json: { status: "success", data: { resultType, result } } });
  await page.route(/\/api\/v1\/query_range/, (route) => {
    const asked = new URL(route.request().url()).searchParams;
    const [start, end, step] = ["start", "end", "step"].map((name) => Number(asked.get(name)));
    const histograms = [];
    for (let t = start; t <= end; t += step) histograms.push(seen(t, histograms.length % 9));
    return fulfil(route, "matrix", [{ metric, histograms }]);
  });
  await page.route(/\/api\/v1\/query\?/, (route) =>
    fulfil(route, "vector", [{ metric, histogram: seen(Date.now() / 1000, 3) }]),
  );
}

metricsTest(
  "native histograms are a heatmap, and a table of their buckets",
  "/explore",
  async (page) => {
    await answerNative(page);
    await page.goto(`${lab.base}/explore?${q("request_seconds")}`);
    await page.waitForSelector(".heat canvas");
    await becomes(["0.001", "0.5", "1"], () => page.locator(".heat-rows span").allTextContents());
    assert.equal(await page.locator(".results .calm").count(), 0);
    await page.locator(".heat canvas").hover();
    await reads(page, ".heat-readout", /up to 0\.5: \d$/);
    await page.getByRole("button", { name: "Table" }).click();
    await reads(page, ".histogram summary", "count 13, sum 12.5");
    await page.locator(".histogram summary").click();
    await becomes(["[-0.001, 0.001]", "(0.25, 0.5]", "(0.5, 1]"], () =>
      page.locator(".histogram tbody th").allTextContents(),
    );
  },
);

metricsTest("a question can be given up", "/explore", async (page) => {
  await page.route("**/api/v1/query_range**", async (route) => {
    await new Promise((done) => setTimeout(done, 5000));
    await route.continue().catch(() => undefined);
  });
  await editor(page).click();
  await page.keyboard.type("vector(1)");
  await run(page);
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "Run" }).waitFor();
  assert.equal(await page.locator(".note.is-bad").count(), 0);
  await page.unroute("**/api/v1/query_range**");
  await run(page);
  await page.waitForSelector(".chart canvas");
});

metricsTest("what was asked before is at hand", `/explore?${q("up")}`, async (page) => {
  await page.waitForSelector(".chart canvas");
  await run(page);
  await page.goto(`${lab.base}/explore`);
  await page.getByRole("button", { name: "History" }).click();
  await page.locator(".history-list").getByRole("button", { name: "up" }).click();
  await becomes("up", () => search(page).get("q"));
  await page.waitForSelector(".chart canvas");
});

metricsTest(
  "nothing found is said, and where to look",
  `/explore?${q("no_such_metric")}`,
  async (page) => {
    await reads(page, ".results .calm", /No series/);
  },
);

metricsTest(
  "the clock of the axis is the one that was chosen",
  `/explore?${q("node_load1")}&from=now-5m&zone=Asia/Kolkata`,
  async (page) => {
    await page.focus(".chart-plot");
    await page.keyboard.press("End");
    const kolkata = new Intl.DateTimeFormat("en-GB", {
      hour: "2-digit",
      timeZone: "Asia/Kolkata",
      hourCycle: "h23",
    }).format(Date.now() - 60_000);
    await becomes(new RegExp(` ${kolkata}:\\d\\d`), () =>
      page.getAttribute(".chart-plot", "aria-valuetext"),
    );
  },
);

/* ---- hosts */

metricsTest("a host's page draws what its exporter tells", "/hosts", async (page) => {
  await page.getByRole("link", { name: "nas" }).click();
  await reads(page, "h1", "nas");
  await reads(page, ".metrics-page .lead", /NixOS 26\.05 .* · 4 cores · 32 GiB · up for /);
  for (const title of ["CPU", "Memory", "File systems, used", "Network", "Temperatures"]) {
    const panel = page.locator(".panel", {
      has: page.getByRole("heading", { name: title, exact: true }),
    });
    await panel.scrollIntoViewIfNeeded();
    await panel.locator("canvas").waitFor();
  }
  const disk = page.locator(".panel", { hasText: "File systems, used" });
  await becomes(["/", "/boot", "/tank/photos"], async () =>
    (await disk.locator(".legend-text").allTextContents()).sort(),
  );
  await disk.getByRole("link", { name: "Explore" }).click();
  await reads(page, ".cm-content", /node_filesystem_avail_bytes\{instance="nas"/);
});

metricsTest("a host that nobody scrapes says what to declare", "/hosts/elsewhere", async (page) => {
  await reads(page, ".calm", /scrapes nothing called elsewhere/);
  await reads(page, "pre.sample", /elsewhere: \{site: …, address: …, metrics: ":9100"\}/);
});

metricsTest("a check's drawer draws how long its probe took", "/", async (page) => {
  await page.goto(`${lab.base}/checks/photos`);
  const took = page.locator(".drawer .panel", { hasText: "Probe took" });
  await took.locator("canvas").waitFor();
  await becomes(/from dublin/, () => took.locator(".legend-text").first().textContent());
});

/* ---- targets, series */

metricsTest(
  "a target that doesn't answer says why, and the filter finds it",
  "/targets",
  async (page) => {
    await reads(page, ".lead", /\d+ targets, 1 of them down\./);
    await reads(page, ".target-error", /127\.0\.0\.1:1.*connection refused/);
    await page.getByLabel("Text").fill("refused");
    await counts(page, ".targets tbody th", 1);
    await reads(page, "details summary", /1 target was found but dropped by relabeling/);
    const names = await page.locator(".targets tbody th").allTextContents();
    assert.deepEqual(names, ["127.0.0.1:1"]);
  },
);

metricsTest("what is stored most of leads to its series", "/series", async (page) => {
  await reads(page, ".metrics-page .lead", /[\d,]+ series of [\d,]+ pairs/);
  await page.getByLabel("Selector").fill('node_cpu_seconds_total{mode="user"}');
  await page.keyboard.press("Enter");
  await reads(page, ".metrics-page", /4 series within the last day/);
  await page.locator(".series-list a").first().click();
  await reads(page, ".cm-content", /node_cpu_seconds_total\{.*mode="user"\}/);
});

/* ---- rules */

metricsTest("what is recorded is recorded, and what fires says of what", "/rules", async (page) => {
  await reads(page, ".metrics-page .lead", "2 rules, 1 firing.");
  await reads(page, ".alert", /firing.*127\.0\.0\.1:1 does not answer.*value 0, since /);
  await page.getByRole("link", { name: "max by (instance) (node_load1)" }).click();
  await reads(page, ".cm-content", "max by (instance) (node_load1)");
});

const alert = (state) => ({
  labels: { alertname: "DiskFull", instance: "nas", severity: "warning" },
  annotations: { summary: "nas has little room left" },
  state,
  activeAt: new Date(Date.now() - 600_000).toISOString(),
  value: "8.7e-01",
});
const rule = {
  health: "ok",
  evaluationTime: 0.0012,
  lastEvaluation: new Date().toISOString(),
  labels: { severity: "warning" },
};
const GROUPS = [
  {
    name: "machines",
    file: "rules/machines.yaml",
    interval: 60,
    limit: 0,
    evaluationTime: 0.004,
    lastEvaluation: rule.lastEvaluation,
    rules: [
      { ...rule, type: "recording", name: "instance:cpu:busy", query: "1 - avg(idle)" },
      {
        ...rule,
        type: "alerting",
        name: "DiskFull",
        query: "1 - avail / size > 0.85",
        state: "firing",
        duration: 300,
        keepFiringFor: 0,
        annotations: {},
        alerts: [alert("firing")],
      },
      {
        ...rule,
        type: "recording",
        name: "broken",
        query: "a + on () b",
        health: "err",
        lastError: "found duplicate series for the match group {}",
      },
    ],
  },
];

test("a broken rule says why, and the filter finds what fires", async (t) => {
  const site = await startSite(t);
  site.samples["/rules"] = { groups: GROUPS };
  const page = await (await newContext(t)).newPage();
  const troubles = listen(page);
  await page.goto(`${site.base}/rules`);
  await reads(page, ".metrics-page .lead", "3 rules, 1 firing, 1 broken.");
  await reads(page, ".alert", /firing.*nas has little room left.*value 0\.87, since /);
  await reads(page, ".rule .note", /duplicate series/);
  await page.getByLabel("State").selectOption("firing");
  await counts(page, ".rule", 1);
  assert.deepEqual(await page.evaluate(faults), []);
  assert.deepEqual(troubles, []);
});

/* ---- for everybody */

const PATHS = [
  "/explore",
  `/explore?${q("node_load1", "rate(node_load5[1m])")}`,
  `/explore?${q("up")}&view=table`,
  "/hosts",
  "/hosts/nas",
  "/hosts/elsewhere",
  "/targets",
  "/rules",
  "/series",
  `/series?match=${encodeURIComponent("node_load1")}`,
  "/checks/photos",
];

for (const colorScheme of ["light", "dark"])
  for (const [size, viewport] of [
    ["wide", WIDE],
    ["phone", PHONE],
  ])
    metricsTest(
      `everything can be read and reached: ${colorScheme}, ${size}`,
      "/explore",
      async (page) => {
        for (const path of PATHS) {
          await page.goto(lab.base + path);
          await page.waitForSelector("html[data-fresh=live] main h1");
          await page.waitForTimeout(500);
          await counts(page, ".loading:visible", 0);
          assert.deepEqual(await page.evaluate(faults), [], path);
          const wide = await page.evaluate(() => document.documentElement.scrollWidth);
          assert.ok(wide <= viewport.width, `${path} is ${wide} wide`);
        }
      },
      { colorScheme, viewport },
    );

metricsTest(
  "Tab goes from the expression to its buttons, the graph and its legend",
  `/explore?${q("node_load1")}`,
  async (page) => {
    await page.waitForSelector(".chart canvas");
    await editor(page).click();
    const passed = [];
    for (let i = 0; i < 30 && !passed.includes("legend-name"); i++) {
      await page.keyboard.press("Tab");
      passed.push(
        await page.evaluate(() => {
          const el = document.activeElement;
          if (el === document.body) return "the end";
          const outline = getComputedStyle(el).outlineStyle;
          return outline === "none" ? `${el.className}: not seen` : el.className || el.textContent;
        }),
      );
    }
    for (const name of ["primary", "chart-plot", "legend-head", "legend-name"])
      assert.ok(passed.includes(name), `${name} isn't among ${passed.join(", ")}`);
    assert.ok(!passed.some((name) => name.includes("not seen")), passed.join(", "));
  },
);
