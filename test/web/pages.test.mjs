// SPDX-License-Identifier: Apache-2.0
// A check's drawer, incidents, the journal, coverage, themes.

import assert from "node:assert/strict";
import { becomes, counts, pageTest, PHONE, reads, textOf, until, WIDE } from "./harness.mjs";

pageTest(
  "a check says when it died, who was told, and what came before",
  { weather: "one-down", path: "/checks/immich" },
  async (page) => {
    const facts = ".drawer .facts-list";
    await reads(page, facts, /Last good evidence ?\d\d:\d\d:\d\d · 4 min \d+ s ago/);
    await reads(
      page,
      facts,
      /First bad ?\d\d:\d\d:\d\d · 4 min \d+ s ago · 9 s after the last good/,
    );
    await reads(page, ".vantages tbody", /dublin ?failing.*mumbai ?failing/);
    await counts(page, ".vantages tbody th", 2);
    await reads(page, ".told", /discord \d\d:\d\d:\d\d · 2\.1 s after the first bad · via mumbai/);
    await counts(page, ".told li", 1); /* nobody was told by mail */
    await reads(page, ".drawer .events-brief", /lab\.yaml changed: 4be81f0/);
    await reads(page, ".drawer", /Part of immich is down/);
  },
);

pageTest(
  "the history strip shows each vantage, over the span one asks for",
  { weather: "ok", path: "/checks/www" },
  async (page) => {
    await becomes(["dublin", "mumbai"], () => page.locator(".strip-name").allTextContents());
    await counts(page, ".seg.is-failing", 1); /* one outage within 24 h */
    await page.getByRole("button", { name: "30 d" }).click();
    await counts(page, ".seg.is-failing", 4); /* three and one within 30 days */
    await page.getByRole("button", { name: "1 h" }).click();
    await counts(page, ".seg.is-failing", 0);
    await becomes(["100 % ok", "100 % ok"], () => page.locator(".strip-share").allTextContents());
  },
);

pageTest(
  "a check that recovers while it is open is read anew",
  { weather: "one-down", path: "/checks/immich" },
  async (page, site) => {
    await page.waitForSelector(".drawer .told");
    site.healCheck({ name: "immich" });
    await reads(page, ".drawer-state", /^ok/);
    await reads(page, ".drawer .facts-list", /never seen bad/);
  },
);

pageTest("a check that doesn't exist is said not to", { path: "/checks/nope" }, async (page) => {
  await reads(page, ".drawer", /There is no check of this name/);
});

pageTest("an incident tells its story in order", { weather: "one-down" }, async (page, site) => {
  const incident = site.lab.incidents[0];
  await page.click("h1 a");
  await page.waitForSelector(".timeline .line");
  assert.match(page.url(), new RegExp(`/incidents/${incident.id}$`));
  const lines = () => page.locator(".timeline .line-text").allTextContents();
  const story = [
    "mumbai: lab.yaml changed: 4be81f0 'raise immich memory to 6 GiB' by Ana",
    "immich failsfrom dublin and mumbai: HTTP 502, wanted 200",
    "incident opened",
    "told discord2.1 s after the first bad, via mumbai",
  ];
  await becomes(story, lines);
  site.acknowledge(incident.id, { by: "Ana", why: "on it" });
  await until("the ack", async () => (await lines()).includes("Ana looks after iton it"));
  site.healCheck({ name: "immich" });
  await until("the end", async () => (await lines()).at(-1) === "incident closed");
  await until("and why", async () => (await lines()).includes("immich is ok again"));
  await reads(page, ".kicker", /closed/);
  await reads(page, "h1", "immich was down");
  await reads(page, ".headline", /Lasted 4 min/);
  await counts(page, "text=Acknowledge", 0);
});

pageTest(
  "an incident of many is folded into few lines",
  { weather: "site-down" },
  async (page, site) => {
    await page.goto(`${site.base}/incidents/${site.lab.incidents[0].id}`);
    await reads(
      page,
      ".timeline",
      /10 checks fail ?from dublin: connect: timed out after 5 s: router-mumbai, nas-mumbai/,
    );
    await counts(page, ".members tbody tr", site.lab.incidents[0].members.length);
  },
);

pageTest(
  "an incident that doesn't exist is said not to",
  { path: "/incidents/dublin-nope" },
  async (page) => {
    await reads(page, "h1", "No such incident");
    await reads(page, "main", /nothing here is called dublin-nope/);
  },
);

pageTest(
  "an incident that can't be read has a heading, and can be asked for again",
  { weather: "one-down" },
  async (page, site) => {
    const { id } = site.lab.incidents[0];
    site.healCheck({ name: "immich" });
    site.answers.push({ path: "/v1/incidents/", status: 500, text: "the disk can't be read" });
    await page.goto(`${site.base}/incidents/${id}`);
    await reads(page, "h1", "Incident");
    await reads(page, ".trouble", /the disk can't be read/);
    site.answers = [];
    await page.click("text=Try again");
    await reads(page, "h1", "immich was down");
  },
);

pageTest(
  "the times of a timeline stand under their day, however old",
  { weather: "long-names" },
  async (page, site) => {
    await page.goto(`${site.base}/incidents/${site.lab.incidents[0].id}`);
    await reads(page, ".timeline .day", /^\w{3} \d+ \w{3} \d{4}$/);
    const times = () => page.locator(".timeline .line time").allTextContents();
    await until("clocks", async () => {
      const all = await times();
      return all.length > 1 && all.every((text) => /^\d\d:\d\d:\d\d$/.test(text));
    });
  },
);

pageTest(
  "incidents are listed, open and past",
  { weather: "some-down", path: "/incidents" },
  async (page) => {
    await reads(page, ".incident-list.past", /nextcloud was down.*lasted 1 h/);
    await counts(page, ".incident-list:not(.past) li", 3);
  },
);

pageTest(
  "of a thousand incidents, as many are listed as a site answers; the journal has the rest",
  { weather: "many-incidents", path: "/incidents" },
  async (page) => {
    for (const n of [50, 200, 500]) {
      await counts(page, ".incident-list.past li", n);
      if (n < 500) await page.click("main >> text=Older");
    }
    await counts(page, "main button >> text=Older", 0);
    await counts(page, ".trouble", 0);
    await page.click("main >> text=the journal");
    await page.waitForSelector(".event");
    assert.match(page.url(), /journal\?kind=incident$/);
  },
);

pageTest(
  "what was asked for before the filter changed doesn't come in",
  { weather: "many-events", path: "/journal" },
  async (page) => {
    await counts(page, ".event", 100);
    let release;
    const isReleased = new Promise((done) => (release = done));
    await page.route(/before=/, async (route) => {
      await isReleased;
      await route.continue();
    });
    await page.click("text=Load older");
    await page.selectOption(".filters select >> nth=0", "boot");
    await counts(page, ".event", 2);
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
    await row.waitFor();
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
    await reads(page, ".event-text", "Ana: hello from the test", { within: 3000 });
    await page.locator(".event .more").first().click();
    await reads(page, ".event-details", /Subject ?dublin.*Chain ?dublin, epoch 1763000000/);
  },
);

pageTest(
  "the journal is filtered by kind, site, subject and text",
  { weather: "some-down", path: "/journal" },
  async (page, site) => {
    await page.waitForSelector(".event");
    const all = (what) => async () => new Set(await page.locator(what).allTextContents());
    await page.selectOption(".filters select >> nth=0", "incident");
    await becomes(new Set(["incident"]), all(".event-kind"));
    await page.selectOption(".filters select >> nth=1", "dublin");
    await becomes(new Set(["dublin"]), all(".event-site"));
    await page.goto(`${site.base}/journal?subject=immich`);
    await counts(page, ".event", 2);
    site.journal(site.lab.log("dublin", "note", "x", {}, "not asked for"));
    await page.waitForTimeout(200);
    assert.equal(
      await page.locator(".event").count(),
      2,
      "what doesn't pass the filter doesn't come in",
    );
    await page.goto(`${site.base}/journal?q=nextcloud`);
    await counts(page, ".event", 5);
    await reads(page, "main", /5 of \d+ loaded events/);
  },
);

pageTest(
  "older events are loaded on demand, and none twice",
  { weather: "many-events", path: "/journal" },
  async (page) => {
    await counts(page, ".event", 100);
    await page.click("text=Load older");
    await counts(page, ".event", 200);
    await page.click("text=Load older");
    await until("all", async () => (await page.locator(".event").count()) > 250);
    await counts(page, "text=Load older", 0);
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
    await reads(page, "main", /2 of 49 declared things are observed by nothing/);
    await reads(page, ".coverage tbody", /gpu ?host ?no check is tied to it ?lab\.yaml:31/);
  },
);

pageTest("coverage is calm when everything is observed", { path: "/coverage" }, async (page) => {
  await reads(page, "main", /Everything declared is observed: 47 things\./);
});

pageTest(
  "a page that the site can't answer can be asked again",
  { path: "/coverage" },
  async (page, site) => {
    site.answers.push({ path: "/v1/coverage", status: 500, text: "the lab is being read" });
    await page.goto(`${site.base}/coverage`);
    await reads(page, "main", /the lab is being read/);
    site.answers = [];
    await page.click("text=Try again");
    await reads(page, "main", /Everything declared is observed/);
  },
);

pageTest(
  "light or dark follows the system until one chooses",
  { colorScheme: "dark" },
  async (page) => {
    const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
    await becomes("dark", theme);
    await page.emulateMedia({ colorScheme: "light" });
    await becomes("light", theme);
    await page.click("button.icon >> nth=0");
    await becomes("dark", theme);
    await page.reload();
    await becomes("dark", theme); /* it is kept */
    await page.waitForSelector("html[data-fresh=live]");
    await page.click("button.icon >> nth=0");
    await becomes("light", theme);
    await page.click("button.icon >> nth=0");
    await page.emulateMedia({ colorScheme: "dark" });
    await becomes("dark", theme); /* as the system has it */
  },
);
