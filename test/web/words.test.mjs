// SPDX-License-Identifier: Apache-2.0
// The operator's words: silence, acknowledge, pause; and the login in front of them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { listen, newContext, pageTest, startSite, textOf, until } from "./harness.mjs";

const submit = (page) => page.click(".dialog button[type=submit]");
const lastBody = (site) => JSON.parse(site.requests.at(-1).body);

pageTest(
  "a silence shows what it covers while it is written",
  { weather: "one-down", path: "/silences" },
  async (page, site) => {
    await page.click("text=New silence");
    const covered = () => textOf(page, ".covered");
    await page.fill(".dialog .code", '{name="immich"}');
    await until("one", async () => /^Covers 1 check of 47: ?immich$/.test(await covered()));
    await page.click("text=host k3s-mumbai-1");
    assert.equal(await page.inputValue(".dialog .code"), '{host="k3s-mumbai-1"}');
    await until("its host", async () =>
      /^Covers 3 checks of 47: ?immich ?immich-ml ?jellyfin$/.test(await covered()),
    );
    await page.fill(".dialog .code", '{site="mumbai", name=~"n.*"}');
    await until("a pattern", async () => /^Covers 4 checks of 47:/.test(await covered()));
    await page.fill(".dialog .code", '{site="mumbai", name=~"("}');
    await until("a broken pattern", async () =>
      /is not a regular expression/.test(await covered()),
    );
    assert.ok(await page.isDisabled(".dialog button[type=submit]"));
    await page.fill(".dialog .code", '{nmae="x"}');
    await until("an unknown label", async () => /no label "nmae"/.test(await covered()));
    await page.fill(".dialog .code", '{name="immich"}');
    assert.ok(await page.isDisabled(".dialog button[type=submit]"), "it wants to know why");
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
    await until("it is listed", async () =>
      /disk swap · Ana/.test(await textOf(page, ".silence-list")),
    );
    assert.match(await textOf(page, ".said"), /Silenced for 8h/);

    await page.click(".silence-list button");
    await until("it ended", async () => (await page.locator(".silence-list").count()) === 0);
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
    assert.equal(await page.locator(".zone.tone-bad").count(), 1);
    await page.click(".single >> text=Acknowledge");
    await page.getByLabel("Why").fill("restarting it");
    await page.getByLabel("Your name").fill("Ana");
    await submit(page);
    await until("it shows", async () => /Ana looks after it/.test(await textOf(page, ".single")));
    assert.equal(await page.locator(".zone.tone-bad").count(), 0);
    assert.equal(await page.locator("text=Acknowledge").count(), 0);
    assert.match(site.requests[0].path, new RegExp(`/incidents/${site.lab.incidents[0].id}/ack$`));
    await page.keyboard.press("a");
    await until("a second time is told", async () =>
      /Ana looks after it already/.test(await textOf(page, ".said")),
    );
  },
);

pageTest("the name is remembered", { weather: "some-down" }, async (page) => {
  await page.click(".incident >> text=Acknowledge");
  await page.getByLabel("Your name").fill("Ana");
  await submit(page);
  await page.waitForSelector(".dialog", { state: "detached" });
  await page.reload();
  await page.click(".incident >> text=Acknowledge");
  assert.equal(await page.inputValue(".dialog input[autocomplete=nickname]"), "Ana");
});

pageTest(
  "a check is paused until resumed, and resumed",
  { weather: "ok", path: "/checks/smb" },
  async (page, site) => {
    await page.click(".drawer >> text=Pause");
    await page.getByLabel("until resumed").check();
    await page.getByLabel("Why").fill("moving it");
    await submit(page);
    await until("paused", async () => /paused/.test(await textOf(page, ".drawer-state")));
    assert.equal(lastBody(site).for, null);
    await page.getByRole("button", { name: "Resume" }).click();
    await until("ok", async () => /^ok/.test(await textOf(page, ".drawer-state")));
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
    await until("said", async () => (await page.locator(".dialog .error").count()) > 0);
    assert.equal(
      await textOf(page, ".dialog .error[role=alert]"),
      "journal: the disk of dublin is full",
    );
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
    await until("the drawer", async () => (await textOf(page, ".drawer h2")) === name);
    await until("its history", async () => (await page.locator(".strips").count()) > 0);
    await page.click(".drawer >> text=Pause");
    await page.getByLabel("Why").fill("x");
    await submit(page);
    await until("paused", async () => site.lab.check(name).state === "paused");
    await page.reload();
    await until("after a reload", async () => (await textOf(page, ".drawer h2")) === name);
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
  await until(
    "refused",
    async () => (await textOf(page, ".error")) === "That is not the password.",
  );
  await page.fill("input[type=password]", "correct horse");
  await page.keyboard.press("Enter");
  await until(
    "in, and where one wanted to be",
    async () => (await page.locator(".drawer h2").count()) === 1,
  );
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
  await until(
    "told",
    async () => (await textOf(page, ".error")) === "Too many tries. Try again in 30 s.",
  );
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
