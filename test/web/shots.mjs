// SPDX-License-Identifier: Apache-2.0
// Pictures of every page in every weather, to look at.  They are not compared with anything.
//
// usage: node shots.mjs OUTDIR [NAME...]

import { mkdirSync } from "node:fs";
import { launch } from "./browser.mjs";
import { FakeSite } from "./fake-site.mjs";

const WIDE = { width: 1280, height: 800 };
const WALL = { width: 1920, height: 1080 };
const PHONE = { width: 390, height: 844 };
const SMALL = { width: 375, height: 667 };
const TABLET = { width: 900, height: 1100 };

async function press(page, keys) {
  for (const key of keys) await page.keyboard.press(key);
  await page.waitForTimeout(250);
}

/* Reads the page again from a site that answers 500 to what its API is asked of `path`. */
function fails(path) {
  return async (page, site) => {
    const asked = `/api/lab/v1/${path}`;
    site.answers.push({
      path: asked,
      status: 500,
      text: "journal: database disk image is malformed",
    });
    await page.reload();
    await page.waitForSelector("main");
    await page.waitForTimeout(1000);
  };
}

/* name: [weather, path, size, dark?, what to do before the picture] */
const SHOTS = {
  "ok-wide": ["ok", "/", WIDE],
  "ok-wide-dark": ["ok", "/", WIDE, true],
  "ok-wall-dark": ["ok", "/", WALL, true],
  "ok-phone": ["ok", "/", PHONE],
  "ok-tablet": ["ok", "/", TABLET],
  "one-down-wide": ["one-down", "/", WIDE],
  "one-down-phone": ["one-down", "/", PHONE],
  "one-down-phone-dark": ["one-down", "/", PHONE, true],
  "some-down-wide": ["some-down", "/", WIDE],
  "some-down-wide-dark": ["some-down", "/", WIDE, true],
  "some-down-phone": ["some-down", "/", PHONE],
  "site-down-wide": ["site-down", "/", WIDE],
  "site-down-wide-dark": ["site-down", "/", WIDE, true],
  "site-down-phone": ["site-down", "/", PHONE],
  "link-down-wide": ["link-down", "/", WIDE],
  "stale-wide": [
    "some-down",
    "/",
    WIDE,
    false,
    async (page, site) => {
      site.setStream("refused");
      await page.waitForTimeout(6500);
    },
  ],
  "stale-phone-dark": [
    "ok",
    "/",
    PHONE,
    true,
    async (page, site) => {
      site.setStream("refused");
      await page.waitForTimeout(3000);
    },
  ],
  "empty-wide": ["empty", "/", WIDE],
  "three-wide": ["three", "/", WIDE],
  "single-wide": ["single", "/", WIDE],
  "many-wide": ["many", "/", WIDE],
  "many-small": ["many", "/", SMALL],
  "many-down-wide": ["many-down", "/", WIDE],
  "many-down-wall-dark": ["many-down", "/", WALL, true],
  "many-down-small": ["many-down", "/", SMALL],
  "many-down-incidents-wide": ["many-down", "/incidents", WIDE],
  "many-incidents-small": ["many-incidents", "/incidents", SMALL],
  "long-incident-small": ["long-names", null, SMALL],
  "long-wide": ["long-names", "/", WIDE],
  "long-phone": ["long-names", "/", PHONE],
  "filter-wide": ["some-down", "/?q=mumbai&state=ok", WIDE],
  "check-wide": ["one-down", "/checks/immich", WIDE],
  "check-wide-dark": ["one-down", "/checks/immich", WIDE, true],
  "check-phone": ["one-down", "/checks/immich", PHONE],
  "check-ok-wide": ["ok", "/checks/www", WIDE],
  "incident-wide": ["site-down", null, WIDE],
  "incident-one-wide-dark": ["one-down", null, WIDE, true],
  "incident-phone": ["one-down", null, PHONE],
  "incidents-wide": ["some-down", "/incidents", WIDE],
  "incidents-phone": ["some-down", "/incidents", PHONE],
  "journal-wide": ["some-down", "/journal", WIDE],
  "journal-phone": ["some-down", "/journal", PHONE],
  "silences-wide": ["some-down", "/silences", WIDE],
  "silences-phone": ["some-down", "/silences", PHONE],
  "silence-dialog-wide": ["one-down", "/checks/immich", WIDE, false, (page) => press(page, ["s"])],
  "silence-dialog-phone": [
    "one-down",
    "/checks/immich",
    PHONE,
    false,
    (page) => press(page, ["s"]),
  ],
  "ack-dialog-wide-dark": ["one-down", "/checks/immich", WIDE, true, (page) => press(page, ["a"])],
  "api-error-wide": [
    "one-down",
    "/checks/immich",
    WIDE,
    false,
    async (page, site) => {
      site.answers.push({
        path: "/ack",
        status: 507,
        text: "journal: the disk of dublin is full; free some space and try again",
      });
      await press(page, ["a"]);
      await page.click("button[type=submit]");
      await page.waitForTimeout(300);
    },
  ],
  "incidents-error-wide": ["one-down", "/incidents", WIDE, false, fails("incidents")],
  "incidents-error-small": ["one-down", "/incidents", SMALL, false, fails("incidents")],
  "incident-error-wide": ["one-down", null, WIDE, false, fails("incidents/")],
  "check-error-wide": ["one-down", "/checks/immich", WIDE, false, fails("when/")],
  "check-error-small": ["one-down", "/checks/immich", SMALL, false, fails("when/")],
  "journal-error-wide-dark": ["one-down", "/journal", WIDE, true, fails("events")],
  "coverage-error-small": ["one-down", "/coverage", SMALL, false, fails("coverage")],
  "nothing-yet-small": ["ok", "/", SMALL, false, fails("")],
  "nothing-yet-wide-dark": ["ok", "/", WIDE, true, fails("")],
  "incidents-none-small": ["empty", "/incidents", SMALL],
  "silences-none-small": ["empty", "/silences", SMALL],
  "journal-none-wide": ["empty", "/journal?q=nothing", WIDE],
  "nowhere-check-wide": ["ok", "/checks/nope", WIDE],
  "nowhere-incident-wide": ["ok", "/incidents/nope", WIDE],
  "pause-dialog-small": ["one-down", "/checks/immich", SMALL, false, (page) => press(page, ["p"])],
  "event-open-small": [
    "some-down",
    "/journal",
    SMALL,
    false,
    async (page) => {
      await page.locator(".event .more").first().click();
      await page.waitForTimeout(300);
    },
  ],
  "keys-small": ["ok", "/", SMALL, false, (page) => press(page, ["?"])],
  "keys-wide": ["ok", "/", WIDE, false, (page) => press(page, ["?"])],
  "focus-wide": ["one-down", "/", WIDE, false, (page) => press(page, ["j", "j", "j", "j"])],
  "coverage-wide": ["coverage", "/coverage", WIDE],
  "login-wide": ["login", "/", WIDE],
  "login-phone-dark": ["login", "/", PHONE, true],
  "nowhere-wide": ["ok", "/nowhere", WIDE],
};

async function shoot(browser, site, base, name, out) {
  const [weather, path, viewport, isDark, prepare] = SHOTS[name];
  site.setStream("normal");
  site.makeWeather("answer", {});
  site.makeWeather("login", { password: weather === "login" ? "secret" : null });
  site.makeWeather("weather", { name: weather === "login" ? "ok" : weather });
  const context = await browser.newContext({
    viewport,
    colorScheme: isDark ? "dark" : "light",
    timezoneId: "Europe/Dublin",
    isMobile: viewport.width < 500,
    hasTouch: viewport.width < 500,
    deviceScaleFactor: viewport.width < 500 ? 2 : 1,
  });
  const page = await context.newPage();
  page.on("pageerror", (error) => console.error(name, error));
  page.on("console", (m) => m.type() === "error" && console.error(name, m.text()));
  const id = site.lab.incidents[0]?.id;
  await page.goto(base + (path ?? `/incidents/${id}`));
  await page.waitForSelector("main");
  await page.waitForTimeout(500);
  if (prepare) await prepare(page, site);
  await page.screenshot({ path: `${out}/${name}.png` });
  await context.close();
}

const [out = "shots", ...names] = process.argv.slice(2);
mkdirSync(out, { recursive: true });
const pages = process.env.WEB_PAGES ?? new URL("../../web/dist", import.meta.url).pathname;
const site = new FakeSite({ pages });
const base = await site.listen();
const browser = await launch();
for (const name of names.length > 0 ? names : Object.keys(SHOTS))
  await shoot(browser, site, base, name, out);
await browser.close();
await site.close();
