// SPDX-License-Identifier: Apache-2.0
// The operator's words: silence, acknowledge, pause; and the login in front of them.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  becomes,
  counts,
  listen,
  newContext,
  pageTest,
  reads,
  startSite,
  until,
} from "./harness.mjs";

const submit = (page) => page.click(".dialog button[type=submit]");
const lastBody = (site) => JSON.parse(site.requests.at(-1).body);

pageTest(
  "a silence shows what it covers while it is written",
  { weather: "one-down", path: "/silences" },
  async (page, site) => {
    await page.click("text=New silence");
    const isLocked = () => page.isDisabled(".dialog button[type=submit]");
    await page.fill(".dialog .code", '{name="immich"}');
    await reads(page, ".covered", /^Covers 1 check of 47: ?immich$/);
    await page.click("text=host k3s-mumbai-1");
    await becomes('{host="k3s-mumbai-1"}', () => page.inputValue(".dialog .code"));
    await reads(page, ".covered", /^Covers 3 checks of 47: ?immich ?immich-ml ?jellyfin$/);
    await page.fill(".dialog .code", '{site="mumbai", name=~"n.*"}');
    await reads(page, ".covered", /^Covers 4 checks of 47:/);
    await page.fill(".dialog .code", '{site="mumbai", name=~"("}');
    await reads(page, ".covered", /is not a regular expression/);
    await becomes(true, isLocked);
    await page.fill(".dialog .code", '{nmae="x"}');
    await reads(page, ".covered", /no label "nmae"/);
    await page.fill(".dialog .code", '{name="immich"}');
    await reads(page, ".covered", /^Covers 1 check/);
    assert.ok(await isLocked(), "it wants to know why");
    await page.getByLabel("Why").fill("disk swap");
    await page.getByLabel("Your name").fill("Ana");
    await page.getByLabel("8 h").check();
    await submit(page);
    await page.waitForSelector(".dialog", { state: "detached" });
    assert.deepEqual(lastBody(site), {
      matchers: '{name="immich"}',
      for: "8h",
      why: "disk swap",
      by: "Ana",
    });
    await reads(page, ".silence-list", /disk swap · Ana/);
    await reads(page, ".said", /Silenced for 8h/);

    await page.click(".silence-list button");
    await counts(page, ".silence-list", 0);
    assert.equal(site.requests.at(-1).method, "DELETE");
  },
);

pageTest(
  "one's own duration is taken as written",
  { weather: "one-down", path: "/checks/immich" },
  async (page, site) => {
    await page.click(".drawer >> text=Silence");
    await page.fill(".dialog .own", "90m");
    await page.getByLabel("Why").fill("x");
    await submit(page);
    await until("sent", async () => site.requests.length === 1);
    assert.equal(lastBody(site).for, "90m");
  },
);

pageTest(
  "acknowledging calms the page, and everybody sees who it was",
  { weather: "one-down" },
  async (page, site) => {
    await counts(page, ".zone.tone-bad", 1);
    await page.click(".single >> text=Acknowledge");
    await page.getByLabel("Why").fill("restarting it");
    await page.getByLabel("Your name").fill("Ana");
    await submit(page);
    await reads(page, ".single", /Ana looks after it/);
    await counts(page, ".zone.tone-bad", 0);
    await counts(page, "text=Acknowledge", 0);
    assert.match(site.requests[0].path, new RegExp(`/incidents/${site.lab.incidents[0].id}/ack$`));
    await page.keyboard.press("a");
    await reads(page, ".said", /Ana looks after it already/); /* a second time is told */
  },
);

pageTest("the name is remembered", { weather: "some-down" }, async (page) => {
  await page.click(".incident >> text=Acknowledge");
  await page.getByLabel("Your name").fill("Ana");
  await submit(page);
  await page.waitForSelector(".dialog", { state: "detached" });
  await page.reload();
  await page.click(".incident >> text=Acknowledge");
  await becomes("Ana", () => page.inputValue(".dialog input[autocomplete=nickname]"));
});

pageTest(
  "a check is paused until resumed, and resumed",
  { weather: "ok", path: "/checks/smb" },
  async (page, site) => {
    await page.click(".drawer >> text=Pause");
    await becomes("being moved to the other host", () =>
      page.evaluate(() => document.activeElement.placeholder),
    ); /* why is asked first: how long has an answer already */
    await page.getByLabel("until resumed").check();
    await page.getByLabel("Why").fill("moving it");
    await submit(page);
    await reads(page, ".drawer-state", /paused/);
    assert.equal(lastBody(site).for, null);
    await page.getByRole("button", { name: "Resume" }).click();
    await reads(page, ".drawer-state", /^ok/);
  },
);

pageTest(
  "what the site refuses is said in its own words, and nothing is lost",
  { weather: "one-down", path: "/checks/immich" },
  async (page, site) => {
    site.answers.push({
      path: "/silences",
      status: 507,
      text: "journal: the disk of dublin is full",
    });
    await page.click(".drawer >> text=Silence");
    await page.getByLabel("Why").fill("still here");
    await submit(page);
    await reads(page, ".dialog .error[role=alert]", "journal: the disk of dublin is full");
    assert.equal(await page.getByLabel("Why").inputValue(), "still here");
    site.answers = [];
    await submit(page);
    await page.waitForSelector(".dialog", { state: "detached" });
  },
);

pageTest(
  "names with slashes and spaces reach the site whole",
  { weather: "ok" },
  async (page, site) => {
    const name = "tank/photos of 100% @mumbai?";
    site.lab.checks.push({ ...site.lab.check("smb"), name });
    site.send("status", site.lab.status());
    await page.click(`.row a[data-check="${name}"]`);
    await reads(page, ".drawer h2", name);
    await page.waitForSelector(".strips"); /* its history */
    await page.click(".drawer >> text=Pause");
    await page.getByLabel("Why").fill("x");
    await submit(page);
    await until("paused", async () => site.lab.check(name).state === "paused");
    await page.reload();
    await reads(page, ".drawer h2", name);
  },
);

test("where a login is set up, nothing is shown before it", async (t) => {
  const site = await startSite(t);
  site.makeWeather("login", { password: "correct horse" });
  const page = await (await newContext(t)).newPage();
  const troubles = listen(page);
  await page.goto(`${site.base}/checks/immich`);
  await page.waitForSelector("input[type=password]");
  assert.doesNotMatch(await page.content(), /immich|dublin/);
  await page.fill("input[type=password]", "wrong");
  await page.click("button[type=submit]");
  await reads(page, ".error", "That is not the password.");
  await page.fill("input[type=password]", "correct horse");
  await page.keyboard.press("Enter");
  await counts(page, ".drawer h2", 1); /* in, and where one wanted to be */
  await page.keyboard.press("Escape");
  await page.click("text=Log out");
  await page.waitForSelector("input[type=password]");
  assert.doesNotMatch(await page.content(), /immich/);
  assert.deepEqual(troubles, []);
});

test("too many tries are told with how long to wait", async (t) => {
  const site = await startSite(t);
  site.makeWeather("login", { password: "x" });
  site.tries = 5;
  const page = await (await newContext(t)).newPage();
  await page.goto(site.base);
  await page.fill("input[type=password]", "guess");
  await page.click("button[type=submit]");
  await reads(page, ".error", "Too many tries. Try again in 30 s.");
});

test("a session that ends while the page is open leads to the login", async (t) => {
  const site = await startSite(t);
  const page = await (await newContext(t)).newPage();
  await page.goto(site.base);
  await page.waitForSelector("html[data-fresh=live]");
  site.makeWeather("login", { password: "new" });
  for (const res of site.streams) res.destroy();
  await page.waitForSelector("input[type=password]");
  assert.doesNotMatch(await page.content(), /immich/);
});
