// SPDX-License-Identifier: Apache-2.0
// Contrast, names, labels, order of headings, sizes of targets; on every page, light and dark.

import assert from "node:assert/strict";
import { test } from "node:test";
import { faults } from "./faults.mjs";
import { becomes, pageTest, PHONE, visit, WIDE } from "./harness.mjs";

const PATHS = [
  "/",
  "/checks/immich",
  "/incidents",
  "/incidents/ID",
  "/journal",
  "/silences",
  "/coverage",
  "/dashboards",
  "/dashboards/every-panel",
  "/dashboards/old-machine",
  "/nowhere",
];

for (const colorScheme of ["light", "dark"])
  for (const [size, viewport] of [
    ["wide", WIDE],
    ["phone", PHONE],
  ])
    pageTest(
      `everything can be read and reached: ${colorScheme}, ${size}`,
      { weather: "some-down", colorScheme, viewport },
      async (page, site) => {
        for (const path of PATHS) {
          await page.goto(site.base + path.replace("ID", site.lab.incidents[0].id));
          await page.waitForSelector("html[data-fresh=live] main");
          await page.waitForTimeout(300);
          await page.waitForSelector(".loading", { state: "detached" });
          assert.deepEqual(await page.evaluate(faults), [], path);
        }
        for (const key of ["s", "a", "?"]) {
          await page.goto(`${site.base}/checks/immich`);
          await page.waitForSelector("html[data-fresh=live] .drawer .actions");
          await page.keyboard.press(key);
          await page.waitForSelector(".dialog");
          assert.deepEqual(await page.evaluate(faults), [], `the dialog of ${key}`);
        }
      },
    );

for (const colorScheme of ["light", "dark"])
  pageTest(
    `a stale page can still be read: ${colorScheme}`,
    { weather: "some-down", colorScheme },
    async (page, site) => {
      site.setStream("refused");
      await page.waitForSelector("html[data-fresh=stale]");
      await becomes([], () => page.evaluate(faults));
    },
  );

test("the login can be read and reached", async (t) => {
  const { page, site } = await visit(t, {});
  site.makeWeather("login", { password: "x" });
  await page.reload();
  await page.waitForSelector("input[type=password]");
  assert.deepEqual(await page.evaluate(faults), []);
});

pageTest(
  "focus is always visible, and stays inside a dialog",
  { weather: "one-down" },
  async (page) => {
    for (let i = 0; i < 25; i++) {
      await page.keyboard.press("Tab");
      const outline = await page.evaluate(() => {
        const el = document.activeElement;
        return el === document.body ? "body" : getComputedStyle(el).outlineStyle;
      });
      assert.notEqual(outline, "none");
    }
    await page.keyboard.press("s");
    await page.waitForSelector(".dialog");
    for (let i = 0; i < 30; i++) {
      await page.keyboard.press("Tab");
      const where = await page.evaluate(() => {
        const el = document.activeElement;
        return el === document.body || !!el.closest("dialog");
      });
      assert.ok(where, "the focus left the dialog");
    }
  },
);

pageTest(
  "what happens is announced to those who don't see it",
  { weather: "ok" },
  async (page, site) => {
    site.breakCheck({ name: "immich" });
    await page.waitForFunction(() =>
      [...document.querySelectorAll("[role=status]")].some(
        (el) => el.textContent === "Incident: immich is down",
      ),
    );
    site.setStream("refused");
    await page.waitForSelector(".stale [role=alert]");
    const text = await page.textContent(".stale [role=alert]");
    await page.waitForTimeout(1500);
    assert.equal(await page.textContent(".stale [role=alert]"), text, "once, not every second");
  },
);

pageTest(
  "who asked for less motion gets none",
  { weather: "ok", reducedMotion: "reduce", path: "/checks/www" },
  async (page) => {
    const moving = await page.evaluate(
      () =>
        [...document.querySelectorAll("*")].filter((el) => {
          const style = getComputedStyle(el);
          return (
            parseFloat(style.animationDuration) > 0 || parseFloat(style.transitionDuration) > 0
          );
        }).length,
    );
    assert.equal(moving, 0);
  },
);
