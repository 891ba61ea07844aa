// SPDX-License-Identifier: Apache-2.0
// A check's drawer, incidents, the journal, coverage, themes.

import assert from "node:assert/strict";
import { PHONE, WIDE, pageTest, textOf, until } from "./harness.mjs";

pageTest(
  "a check says when it died, who was told, and what came before",
  { weather: "one-down", path: "/checks/immich" },
  async (page) => {
    await page.waitForSelector(".drawer .told");
    const facts = await textOf(page, ".drawer .facts-list");
    assert.match(facts, /Last good evidence ?\d\d:\d\d:\d\d · 4 min \d+ s ago/);
    assert.match(facts, /First bad ?\d\d:\d\d:\d\d · 4 min \d+ s ago · 9 s after the last good/);
    const vantages = await textOf(page, ".vantages tbody");
    assert.match(vantages, /dublin failing .* HTTP 502, wanted 200 mumbai failing|dublin ?failing/);
    assert.equal(await page.locator(".vantages tbody th").count(), 2);
    assert.equal(await page.locator(".told li").count(), 1, "nobody was told by mail");
    assert.match(
      await textOf(page, ".told"),
      /discord \d\d:\d\d:\d\d · 2\.1 s after the first bad · via mumbai/,
    );
    assert.match(await textOf(page, ".drawer .events-brief"), /lab\.yaml changed: 4be81f0/);
    assert.match(await textOf(page, ".drawer"), /Part of immich is down/);
  },
);

pageTest(
  "the history strip shows each vantage, over the span one asks for",
  { weather: "ok", path: "/checks/www" },
  async (page) => {
    await page.waitForSelector(".strips");
    assert.deepEqual(await page.locator(".strip-name").allTextContents(), ["dublin", "mumbai"]);
    const failing = () => page.locator(".seg.is-failing").count();
    assert.equal(await failing(), 1, "one outage within 24 h");
    await page.getByRole("button", { name: "30 d" }).click();
    assert.equal(await failing(), 4, "three and one within 30 days");
    await page.getByRole("button", { name: "1 h" }).click();
    assert.equal(await failing(), 0);
    assert.deepEqual(await page.locator(".strip-share").allTextContents(), [
      "100 % ok",
      "100 % ok",
    ]);
  },
);

pageTest(
  "a check that recovers while it is open is read anew",
  { weather: "one-down", path: "/checks/immich" },
  async (page, site) => {
    await page.waitForSelector(".drawer .told");
    site.healCheck({ name: "immich" });
    await until("ok", async () => /^ok/.test(await textOf(page, ".drawer-state")));
    await until("facts", async () =>
      /never seen bad/.test(await textOf(page, ".drawer .facts-list")),
    );
  },
);

pageTest("a check that doesn't exist is said not to", { path: "/checks/nope" }, async (page) => {
  assert.match(await textOf(page, ".drawer"), /There is no check of this name/);
});

pageTest("an incident tells its story in order", { weather: "one-down" }, async (page, site) => {
  const incident = site.lab.incidents[0];
  await page.click("h1 a");
  await page.waitForSelector(".timeline .line");
  assert.match(page.url(), new RegExp(`/incidents/${incident.id}$`));
  const lines = () => page.locator(".timeline .line-text").allTextContents();
  assert.deepEqual(await lines(), [
    "mumbai: lab.yaml changed: 4be81f0 'raise immich memory to 6 GiB' by Ana",
    "immich failsfrom dublin and mumbai: HTTP 502, wanted 200",
    "incident opened",
    "told discord2.1 s after the first bad, via mumbai",
  ]);
  site.acknowledge(incident.id, { by: "Ana", why: "on it" });
  await until("the ack", async () => (await lines()).includes("Ana looks after iton it"));
  site.healCheck({ name: "immich" });
  await until("the end", async () => (await lines()).at(-1) === "incident closed");
  assert.ok((await lines()).includes("immich is ok again"));
  assert.match(await textOf(page, ".kicker"), /closed/);
  assert.match(await textOf(page, ".headline"), /Lasted 4 min/);
  assert.equal(await page.locator("text=Acknowledge").count(), 0);
});

pageTest(
  "an incident of many is folded into few lines",
  { weather: "site-down" },
  async (page, site) => {
    await page.goto(`${site.base}/incidents/${site.lab.incidents[0].id}`);
    await page.waitForSelector(".timeline .line");
    const text = await textOf(page, ".timeline");
    assert.match(
      text,
      /10 checks fail ?from dublin: connect: timed out after 5 s: router-mumbai, nas-mumbai/,
    );
    assert.equal(
      await page.locator(".members tbody tr").count(),
      site.lab.incidents[0].members.length,
    );
  },
);

pageTest(
  "an incident that doesn't exist is said not to",
  { path: "/incidents/dublin-nope" },
  async (page) => {
    await until("said", async () =>
      /nothing here is called dublin-nope/.test(await textOf(page, "main")),
    );
  },
);

pageTest(
  "incidents are listed, open and past",
  { weather: "some-down", path: "/incidents" },
  async (page) => {
    await page.waitForSelector(".incident-list.past li");
    assert.equal(await page.locator(".incident-list").first().locator("li").count(), 3);
    assert.match(await textOf(page, ".incident-list.past"), /nextcloud is down.*lasted 1 h/);
  },
);

pageTest(
  "of a thousand incidents, as many are listed as a site answers; the journal has the rest",
  { weather: "many-incidents", path: "/incidents" },
  async (page) => {
    const listed = () => page.locator(".incident-list.past li").count();
    for (const n of [50, 200, 500]) {
      await until(`${n} of them`, async () => (await listed()) === n);
      if (n < 500) await page.click("main >> text=Older");
    }
    assert.equal(await page.locator("main button >> text=Older").count(), 0);
    assert.equal(await page.locator(".trouble").count(), 0);
    await page.click("main >> text=the journal");
    await page.waitForSelector(".event");
    assert.match(page.url(), /journal\?kind=incident$/);
  },
);

pageTest(
  "what was asked for before the filter changed doesn't come in",
  { weather: "many-events", path: "/journal" },
  async (page) => {
    await until("a page", async () => (await page.locator(".event").count()) === 100);
    let release;
    const isReleased = new Promise((done) => (release = done));
    await page.route(/before=/, async (route) => {
      await isReleased;
      await route.continue();
    });
    await page.click("text=Load older");
    await page.selectOption(".journal-filters select >> nth=0", "boot");
    await until("the filter", async () => (await page.locator(".event").count()) === 2);
    const late = page.waitForResponse(/before=/);
    release();
    await late;
    await page.waitForTimeout(300);
    assert.deepEqual(
      new Set(await page.locator(".event-kind").allTextContents()),
      new Set(["boot"]),
    );
  },
);

pageTest(
  "on a phone, a long title's glyph stands at its first line",
  { weather: "some-down", viewport: PHONE },
  async (page) => {
    const row = page.locator(".incident", { hasText: "path problem" });
    const [glyph, title] = await Promise.all(
      [".glyph", "strong"].map((what) => row.locator(what).boundingBox()),
    );
    assert.ok(title.height > 40, "the title takes two lines");
    assert.ok(glyph.y - title.y < 10, `${glyph.y - title.y} px below the top`);
  },
);

pageTest(
  "the journal grows while one looks, newest first",
  { path: "/journal" },
  async (page, site) => {
    await page.waitForSelector(".event");
    site.journal(
      site.lab.log("dublin", "note", "dublin", { text: "hello" }, "Ana: hello from the test"),
    );
    await until(
      "it arrives",
      async () =>
        (await page.locator(".event-text").first().textContent()) === "Ana: hello from the test",
      { within: 1000 },
    );
    await page.locator(".event .more").first().click();
    assert.match(
      await textOf(page, ".event-details"),
      /Subject ?dublin.*Chain ?dublin, epoch 1763000000/,
    );
  },
);

pageTest(
  "the journal is filtered by kind, site, subject and text",
  { weather: "some-down", path: "/journal" },
  async (page, site) => {
    await page.waitForSelector(".event");
    const kinds = async () => new Set(await page.locator(".event-kind").allTextContents());
    await page.selectOption(".journal-filters select >> nth=0", "incident");
    await until(
      "by kind",
      async () => (await kinds()).size === 1 && (await kinds()).has("incident"),
    );
    await page.selectOption(".journal-filters select >> nth=1", "dublin");
    await until(
      "by site",
      async () => new Set(await page.locator(".event-site").allTextContents()).size === 1,
    );
    await page.goto(`${site.base}/journal?subject=immich`);
    await until("by subject", async () => (await page.locator(".event").count()) === 2);
    site.journal(site.lab.log("dublin", "note", "x", {}, "not asked for"));
    await page.waitForTimeout(200);
    assert.equal(
      await page.locator(".event").count(),
      2,
      "what doesn't pass the filter doesn't come in",
    );
    await page.goto(`${site.base}/journal?q=nextcloud`);
    await until("by text", async () => (await page.locator(".event").count()) === 5);
    assert.match(await textOf(page, "main"), /5 of \d+ loaded events/);
  },
);

pageTest(
  "older events are loaded on demand, and none twice",
  { weather: "many-events", path: "/journal" },
  async (page) => {
    await until("a page", async () => (await page.locator(".event").count()) === 100);
    await page.click("text=Load older");
    await until("two", async () => (await page.locator(".event").count()) === 200);
    await page.click("text=Load older");
    await until("all", async () => (await page.locator(".event").count()) > 250);
    assert.equal(await page.locator("text=Load older").count(), 0);
    const texts = (await page.locator(".event-text").allTextContents()).filter((text) =>
      text.startsWith("old "),
    );
    assert.equal(new Set(texts).size, 250);
    assert.equal(texts.length, 250);
  },
);

/* What only gets its height when it comes into view moves what is below it: a button pressed there
 * is not the one that is released. */
for (const [path, weather] of [
  ["/journal", "many-events"],
  ["/", "many"],
])
  for (const viewport of [WIDE, PHONE])
    pageTest(
      `nothing moves while one scrolls down ${path}, ${viewport.width} px wide`,
      { weather, path, viewport },
      async (page) => {
        await page.waitForSelector("main li:nth-child(5)");
        const heightAt = (y) =>
          page.evaluate(async (to) => {
            window.scrollTo(0, to);
            for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
            return document.documentElement.scrollHeight;
          }, y);
        const height = await heightAt(0);
        assert.ok(height > 3 * viewport.height, "there is something to scroll");
        for (let y = 0; y <= height; y += viewport.height)
          assert.equal(await heightAt(y), height, `at ${y}`);
      },
    );

pageTest(
  "coverage lists what nothing observes",
  { weather: "coverage", path: "/coverage" },
  async (page) => {
    await page.waitForSelector(".coverage tbody tr");
    assert.match(await textOf(page, "main"), /2 of 49 declared things are observed by nothing/);
    assert.match(
      await textOf(page, ".coverage tbody"),
      /gpu ?host ?no check is tied to it ?lab\.yaml:31/,
    );
  },
);

pageTest("coverage is calm when everything is observed", { path: "/coverage" }, async (page) => {
  await until("calm", async () =>
    /Everything declared is observed: 47 things\./.test(await textOf(page, "main")),
  );
});

pageTest(
  "a page that the site can't answer can be asked again",
  { path: "/coverage" },
  async (page, site) => {
    site.answers.push({ path: "/v1/coverage", status: 500, text: "the lab is being read" });
    await page.goto(`${site.base}/coverage`);
    await until("trouble", async () => /the lab is being read/.test(await textOf(page, "main")));
    site.answers = [];
    await page.click("text=Try again");
    await until("answer", async () =>
      /Everything declared is observed/.test(await textOf(page, "main")),
    );
  },
);

pageTest(
  "light or dark follows the system until one chooses",
  { colorScheme: "dark" },
  async (page) => {
    const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
    assert.equal(await theme(), "dark");
    await page.emulateMedia({ colorScheme: "light" });
    await until("light", async () => (await theme()) === "light");
    await page.click("button.icon >> nth=0");
    assert.equal(await theme(), "dark");
    await page.reload();
    assert.equal(await theme(), "dark", "and it is kept");
    await page.waitForSelector("html[data-fresh=live]");
    await page.click("button.icon >> nth=0");
    await page.click("button.icon >> nth=0");
    assert.equal(await theme(), "light", "as the system has it");
  },
);
