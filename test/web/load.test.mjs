// SPDX-License-Identifier: Apache-2.0
// 500 checks and 4 updates a second stay smooth; the numbers are printed.  What the page costs is
// counted in its thread's own time: what else the machine does is none of the page's business.

import assert from "node:assert/strict";
import { pageTest } from "./harness.mjs";

/* () => seconds that the page's thread has worked: on scripts, on anything. */
async function stopwatch(page) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Performance.enable", { timeDomain: "threadTicks" });
  return async () => {
    const { metrics } = await cdp.send("Performance.getMetrics");
    const of = (name) => metrics.find((m) => m.name === name).value;
    return { script: of("ScriptDuration"), task: of("TaskDuration") };
  };
}

pageTest(
  "an update of 20 checks among 500 touches 20 rows",
  { weather: "many" },
  async (page, site) => {
    assert.ok((await page.locator(".row").count()) >= 500);
    await page.evaluate(() => {
      window.touched = new Set();
      window.moved = 0;
      const observer = new MutationObserver((list) => {
        for (const m of list) {
          const el = m.target.nodeType === 1 ? m.target : m.target.parentElement;
          if (el?.closest("time")) continue;
          const row = el?.closest(".row");
          if (row) window.touched.add(row.querySelector("[data-check]").dataset.check);
          if (el?.matches(".rows")) window.moved++;
        }
      });
      observer.observe(document.querySelector("main"), {
        subtree: true,
        childList: true,
        characterData: true,
        attributes: true,
      });
    });
    site.measure(20);
    await page.waitForFunction(() => window.touched.size > 0);
    await page.waitForTimeout(200);
    const { touched, moved } = await page.evaluate(() => ({
      touched: window.touched.size,
      moved: window.moved,
    }));
    assert.equal(touched, 20);
    assert.equal(moved, 0, "no row moved");
  },
);

pageTest(
  "4 updates a second leave the page idle most of the time",
  { weather: "many" },
  async (page, site) => {
    site.setBusy({ per_second: 4, checks: 40 });
    await page.waitForTimeout(1000);
    const busy = await stopwatch(page);
    const before = await busy();
    const longest = await page.evaluate(async () => {
      let most = 0;
      const observer = new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) most = Math.max(most, entry.duration);
      });
      observer.observe({ type: "longtask" });
      await new Promise((done) => setTimeout(done, 5000));
      return most;
    });
    const after = await busy();
    const script = (after.script - before.script) / 5;
    const task = (after.task - before.task) / 5;
    console.log(
      `# 500 checks, 4 updates a second of 40 checks: script ${(script * 100).toFixed(1)} %, ` +
        `all main-thread work ${(task * 100).toFixed(1)} %, longest task ${longest.toFixed(0)} ms (0: none over 50)`,
    );
    assert.ok(script < 0.15, `script takes ${script} of the time`);
  },
);

pageTest(
  "a check that fails among 500 is on top after less than half a second of work",
  { weather: "many" },
  async (page, site) => {
    const busy = await stopwatch(page);
    const before = await busy();
    const began = Date.now();
    site.breakCheck({ name: "service-77" });
    await page.waitForSelector('.unwell [data-check="service-77"]');
    const took = Date.now() - began;
    const work = (await busy()).task - before.task;
    console.log(
      `# from the event to the row on top, test driver included: ${took} ms, ` +
        `${(work * 1000).toFixed(0)} ms of them the page's work`,
    );
    assert.ok(work < 0.5, `${work} s of work`);
  },
);
