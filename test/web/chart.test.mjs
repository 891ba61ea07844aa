// SPDX-License-Identifier: Apache-2.0
// One chart on a page of its own: gaps, readout, legend, keyboard, zoom; and how long 100,000 points
// take.  The page is served under the policy that the program's own pages have.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { becomes, listen, newContext, PHONE, reads } from "./harness.mjs";

const modules = process.env.WEB_MODULES ?? new URL("../../web", import.meta.url).pathname;
const source = new URL("../../web/src", import.meta.url).pathname;
const { buildSync } = createRequire(`${modules}/`)("esbuild");

const PAGE = `<!doctype html><html data-theme="light"><head><title>chart</title>
<link rel="stylesheet" href="/chart.css"></head><body><main><div id="app"></div></main>
<script type="module" src="/chart.js"></script></body></html>`;

/* window.show(props) draws; window.zoomed is what the last drag asked for. */
const ENTRY = `
import { h, render } from "preact";
import { Chart } from "${source}/view/chart/chart";
import "${source}/style/tokens.css";
import "${source}/style/base.css";
import "${source}/style/pages.css";
import "${source}/style/chart.css";
window.show = (props) => {
  const onZoom = (from, until) => (window.zoomed = [from, until]);
  render(h(Chart, { label: "load", onZoom, ...props }), document.getElementById("app"));
};
window.drawn = [];
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) window.drawn.push(duration);
}).observe({ type: "measure" });
`;

let base;
let server;
before(async () => {
  const { outputFiles } = buildSync({
    stdin: { contents: ENTRY, resolveDir: modules, loader: "tsx" },
    bundle: true,
    minify: true,
    write: false,
    outdir: "/",
    format: "esm",
    jsx: "automatic",
    jsxImportSource: "preact",
    nodePaths: [`${modules}/node_modules`],
  });
  const files = {
    "/": ["text/html", PAGE],
    "/chart.js": ["text/javascript", outputFiles.find((f) => f.path.endsWith(".js")).text],
    "/chart.css": ["text/css", outputFiles.find((f) => f.path.endsWith(".css")).text],
  };
  server = createServer((req, res) => {
    const [type, text] = files[req.url] ?? ["text/plain", ""];
    res.writeHead(200, {
      "Content-Type": type,
      "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
    });
    res.end(text);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  base = `http://127.0.0.1:${server.address().port}`;
});
after(() => server.close());

const HOUR = 3600;
const T0 = 1_772_000_000 - (1_772_000_000 % HOUR);

/* `n` series of `points` values over an hour, of which `hole(i)` are missing. */
const settings = (n, points, hole = () => false) => ({
  times: Array.from({ length: points }, (_, i) => T0 + (i * HOUR) / (points - 1)),
  series: Array.from({ length: n }, (_, s) => ({
    name: `series ${s}`,
    values: Array.from({ length: points }, (_, i) =>
      hole(i) ? null : (s + 1) * 1024 * (2 + Math.sin(i / 9 + s)),
    ),
  })),
  from: T0,
  until: T0 + HOUR,
  unit: "bytes",
  height: 300,
});

function chartTest(name, props, body, options = {}) {
  test(name, async (t) => {
    const context = await newContext(t, options);
    const page = await context.newPage();
    const troubles = listen(page);
    await page.goto(base);
    await page.waitForFunction(() => !!window.show);
    await page.evaluate((given) => window.show(given), props);
    await page.waitForSelector(".chart canvas");
    await body(page);
    assert.deepEqual(troubles, []);
  });
}

/* How much ink is in the canvas' columns from..until of the plot, as fractions of its width. */
const ink = (page, from, until) =>
  page.evaluate(
    ([a, b]) => {
      const canvas = document.querySelector(".chart canvas");
      const over = document.querySelector(".u-over").getBoundingClientRect();
      const left = over.left - canvas.getBoundingClientRect().left;
      const ratio = canvas.width / canvas.getBoundingClientRect().width;
      const [x0, x1] = [a, b].map((f) => Math.round((left + f * over.width) * ratio));
      const { data } = canvas.getContext("2d").getImageData(x0, 0, x1 - x0, canvas.height * 0.85);
      let n = 0;
      for (let i = 0; i < data.length; i += 4) {
        const spread =
          Math.max(data[i], data[i + 1], data[i + 2]) - Math.min(data[i], data[i + 1], data[i + 2]);
        if (data[i + 3] > 60 && spread > 60) n++;
      }
      return n;
    },
    [from, until],
  );

chartTest(
  "what is missing is a gap, and a point alone is a dot",
  settings(1, 101, (i) => i > 30 && i < 70 && i !== 50),
  async (page) => {
    assert.ok((await ink(page, 0.05, 0.28)) > 100, "a line");
    assert.equal(await ink(page, 0.34, 0.46), 0, "a gap");
    assert.ok((await ink(page, 0.48, 0.52)) > 5, "a dot");
    assert.equal(await ink(page, 0.54, 0.66), 0, "a gap");
  },
);

chartTest(
  "the readout is sorted by value, and written in its unit",
  settings(5, 101),
  async (page) => {
    const over = await page.locator(".u-over").boundingBox();
    await page.mouse.move(over.x + over.width / 2, over.y + over.height / 2);
    await page.waitForSelector(".readout:not([hidden])");
    const texts = await page.locator(".readout-value").allTextContents();
    assert.equal(texts.length, 5);
    assert.ok(
      texts.every((text) => /^[\d.]+ KiB$/.test(text)),
      texts.join(),
    );
    const values = texts.map((text) => parseFloat(text));
    assert.deepEqual(
      values,
      [...values].sort((a, b) => b - a),
    );
    await page.mouse.move(5, 5);
    await becomes(0, () => page.locator(".readout:visible").count());
  },
);

chartTest(
  "the legend says last, min, max and mean, and shows one alone",
  settings(3, 11),
  async (page) => {
    await reads(page, ".legend thead", /series.*last.*min.*max.*mean/);
    assert.equal(await page.locator(".legend tbody tr").count(), 3);
    const second = page.getByRole("button", { name: "series 1" });
    await second.click();
    const shown = () => page.locator(".legend-name[aria-pressed=true]").allTextContents();
    await becomes(["series 1"], shown);
    await second.click();
    await becomes(["series 0", "series 1", "series 2"], shown);
    await second.click({ modifiers: ["Control"] });
    await becomes(["series 0", "series 2"], shown);
  },
);

chartTest("a column of the legend sorts it", settings(3, 11), async (page) => {
  const names = () => page.locator(".legend tbody th").allTextContents();
  await page.getByRole("button", { name: "max" }).click();
  await becomes(["series 2", "series 1", "series 0"], names);
  await page.getByRole("button", { name: /max/ }).click();
  await becomes(["series 0", "series 1", "series 2"], names);
});

chartTest("arrow keys read the values aloud, and + and - zoom", settings(2, 61), async (page) => {
  await page.focus(".chart-plot");
  await page.keyboard.press("ArrowLeft");
  const said = () => page.getAttribute(".chart-plot", "aria-valuetext");
  await becomes(/^\w{3} \d+ \w{3} 2026 \d\d:\d\d, series \d: [\d.]+ KiB, series \d/, said);
  const last = await said();
  await page.keyboard.press("ArrowLeft");
  assert.notEqual(await said(), last);
  await page.keyboard.press("Home");
  await page.keyboard.press("+");
  const [from, until] = await page.evaluate(() => window.zoomed);
  assert.deepEqual([from, until], [T0 - HOUR / 4, T0 + HOUR / 4]);
});

chartTest("dragging asks for the span", settings(1, 61), async (page) => {
  const over = await page.locator(".u-over").boundingBox();
  await page.mouse.move(over.x + over.width / 4, over.y + 50);
  await page.mouse.down();
  await page.mouse.move(over.x + over.width / 2, over.y + 60, { steps: 4 });
  await page.mouse.up();
  const [from, until] = await page.evaluate(() => window.zoomed);
  assert.ok(Math.abs(from - (T0 + HOUR / 4)) < 30, `from ${from - T0}`);
  assert.ok(Math.abs(until - (T0 + HOUR / 2)) < 30, `until ${until - T0}`);
});

chartTest(
  "on a phone it is as wide as the page, and no wider",
  settings(4, 61),
  async (page) => {
    const { width } = await page.locator(".chart canvas").boundingBox();
    assert.ok(width > 300 && width <= PHONE.width, `${width}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= PHONE.width, `the page is ${wide} wide`);
  },
  { viewport: PHONE },
);

chartTest("colours follow the theme", settings(1, 61), async (page) => {
  const colour = () =>
    page.evaluate(() => document.querySelector(".legend .swatch").style.background);
  const light = await colour();
  await page.evaluate(() => (document.documentElement.dataset.theme = "dark"));
  await becomes(true, async () => (await colour()) !== light);
});

/* ---- 100,000 points */

for (const [n, points] of [
  [10, 10_000],
  [100, 1000],
  [1, 100_000],
])
  chartTest(
    `100,000 points in ${n} series are drawn within a frame or few`,
    settings(n, points),
    async (page) => {
      const draw = () =>
        page.evaluate(
          async (props) => {
            window.drawn.length = 0;
            for (let i = 0; i < 10; i++) {
              props.until += 1; /* another range: everything is laid out and drawn again */
              window.show({ ...props, series: [...props.series] });
              await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
            }
            return window.drawn;
          },
          settings(n, points),
        );
      const times = (await draw()).sort((a, b) => a - b);
      const over = await page.locator(".u-over").boundingBox();
      const cdp = await page.context().newCDPSession(page);
      await cdp.send("Performance.enable", { timeDomain: "threadTicks" });
      const work = async () =>
        (await cdp.send("Performance.getMetrics")).metrics.find((m) => m.name === "TaskDuration")
          .value;
      const began = await work();
      const moves = 60;
      for (let i = 0; i < moves; i++)
        await page.mouse.move(over.x + 20 + i * 8, over.y + 100 + (i % 7));
      const move = ((await work()) - began) / moves;
      const median = times[times.length >> 1];
      console.log(
        `# ${n} x ${points} points: a drawing ${median.toFixed(1)} ms (median of ${times.length}, ` +
          `worst ${times.at(-1).toFixed(1)}), a move of the pointer ${(move * 1000).toFixed(1)} ms`,
      );
      assert.ok(times.length >= 5, "nothing was drawn");
      assert.ok(median < 100, `${median} ms`);
      assert.ok(move < 0.05, `${move} s`);
    },
  );
