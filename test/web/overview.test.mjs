// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { becomes, counts, hasFocus, pageTest, PHONE, reads, textOf, until } from "./harness.mjs";

const row = (name) => `main .row a[data-check="${name}"]`;

pageTest("all is well in one sentence", { weather: "ok" }, async (page) => {
  await reads(page, "h1", "All 47 checks ok");
  await reads(page, ".tally", /^Last change 1 d 1 h ago\.$/);
  await becomes("home – Diarchy", () => page.title());
  await becomes("/favicon-ok.svg", () => page.getAttribute("link[rel=icon]", "href"));
});

pageTest("every check of the lab can be reached", { weather: "ok" }, async (page, site) => {
  const shown = await page.$$eval("main [data-check]", (all) => all.map((el) => el.dataset.check));
  for (const { name } of site.lab.checks) assert.ok(shown.includes(name), `${name} is not shown`);
});

pageTest("the sites mirror each other around the link", { weather: "ok" }, async (page) => {
  const box = async (selector) => await page.locator(selector).first().boundingBox();
  const left = {
    state: await box(`${row("llama")} .state`),
    since: await box(`${row("llama")} .since`),
  };
  const right = {
    state: await box(`${row("imap")} .state`),
    since: await box(`${row("imap")} .since`),
  };
  const link = await box(".rails .rail-label");
  assert.ok(left.since.x < left.state.x && left.state.x < link.x);
  assert.ok(link.x < right.state.x && right.state.x < right.since.x);
  const middle = link.x + link.width / 2;
  const mirrored = middle - (left.state.x + left.state.width) - (right.state.x - middle);
  assert.ok(Math.abs(mirrored) < 40, `${mirrored} px off the mirror`);
});

pageTest(
  "a check that dies is seen at once, without reloading",
  { weather: "ok" },
  async (page, site) => {
    site.breakCheck({ name: "immich", reason: "HTTP 502, wanted 200" });
    await reads(page, "h1", "immich is down", { within: 3000 });
    await reads(page, ".single-reason", "HTTP 502, wanted 200");
    await reads(page, row("immich"), /^failing ?immich/);
    await counts(page, ".unwell .row", 1);
    await becomes(/^\(1\) home/, () => page.title());
    await becomes("/favicon-bad.svg", () => page.getAttribute("link[rel=icon]", "href"));

    site.healCheck({ name: "immich" });
    await reads(page, "h1", "All 47 checks ok");
    await counts(page, ".unwell", 0);
  },
);

pageTest(
  "failing things stand first, most urgent on top",
  { weather: "some-down" },
  async (page) => {
    const first = await page
      .locator(".site")
      .nth(1)
      .locator("[data-check]:visible")
      .evaluateAll((all) =>
        all.map((el) => el.dataset.check).filter((name) => !name.includes(":")),
      );
    assert.deepEqual(first.slice(0, 2), ["immich", "smtp"], "smtp is silenced, so it comes second");
  },
);

pageTest(
  "a path problem is told from a thing that is down",
  { weather: "some-down" },
  async (page) => {
    await reads(page, row("www"), /path problem, fails from mumbai only/);
    await reads(page, `${row("www")} .latency`, /41 ms from dublin, fails from mumbai/);
    const paths = (name) =>
      page
        .locator(`${row(name)} .state .glyph path`)
        .evaluateAll((all) => all.map((el) => el.getAttribute("d")).join());
    assert.notEqual(
      await paths("www"),
      await paths("immich"),
      "the shapes differ, not just the words",
    );
  },
);

pageTest(
  "a site that is down is told from a link that is down",
  { weather: "site-down" },
  async (page, site) => {
    await reads(page, "h1", "site mumbai is down");
    await reads(page, ".rails", /link down/);
    await counts(page, ".hears.is-failing", 1); /* webhost doesn't hear mumbai */
    site.makeWeather("weather", { name: "link-down" });
    await reads(page, "h1", "link dublin–mumbai is down");
    await counts(page, ".hears.is-failing", 0); /* webhost hears both */
  },
);

pageTest(
  "one click filters by state, and the address keeps it",
  { weather: "some-down" },
  async (page) => {
    await page.click(".chip.is-silent");
    await becomes(["restic-offsite"], () =>
      page.$$eval(".row [data-check]", (all) => all.map((el) => el.dataset.check)),
    );
    await reads(page, ".filter-note", /^1 of 47 checks/);
    assert.match(page.url(), /state=silent/);
    await page.reload();
    await counts(page, ".row", 1);
    await page.click(".row a");
    await page.waitForSelector(".drawer");
    await counts(page, ".row", 1); /* beside an open check, too */
    await page.keyboard.press("Escape");
    await page.waitForSelector(".drawer", { state: "detached" });
    await counts(page, ".row", 1); /* and after it */
    await page.click(".filter-note button");
    await until("all are back", async () => (await page.locator(".row").count()) > 30);
  },
);

pageTest(
  "search finds by name, host, target and reason",
  { weather: "some-down" },
  async (page) => {
    for (const [text, name] of [
      ["vaultw", "vaultwarden"],
      ["photos.example", "immich"],
      ["502", "immich"],
    ]) {
      await page.fill("#search", text);
      await becomes([name], () =>
        page.$$eval(".row [data-check]", (all) => all.map((el) => el.dataset.check)),
      );
    }
    await page.fill("#search", "nothing is called so");
    await reads(page, ".site .nothing", "No check here passes the filter.");
  },
);

pageTest("everything can be done from the keyboard", { weather: "one-down" }, async (page) => {
  const isClosed = (what) => page.waitForSelector(what, { state: "detached" });
  await page.keyboard.press("/");
  await hasFocus(page, "search");
  await page.keyboard.type("immich");
  await counts(page, "main .row", 2);
  await page.keyboard.press("Escape");
  await hasFocus(page, "");
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await hasFocus(page, "immich");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".drawer");
  assert.match(page.url(), /\/checks\/immich/);
  await page.keyboard.press("Escape");
  await isClosed(".drawer");
  await hasFocus(page, "immich");
  await page.keyboard.press("s");
  await becomes('{name="immich"}', () => page.inputValue(".dialog .code"));
  await page.keyboard.press("Escape");
  await isClosed(".dialog");
  await hasFocus(page, "immich");
  await page.keyboard.press("a");
  await reads(page, ".dialog h2", /Acknowledge: immich is down/);
  await page.keyboard.press("Escape");
  await isClosed(".dialog");
  await page.keyboard.press("?");
  await reads(page, ".dialog h2", "Keys");
  await page.keyboard.press("Escape");
  await isClosed(".dialog");
  await page.keyboard.press("3");
  await page.waitForSelector(".journal-page");
});

pageTest(
  "j and k walk on while a check is open, and leave no trail",
  { weather: "ok" },
  async (page) => {
    await page.click(row("gpu"));
    await page.waitForSelector(".drawer");
    await page.keyboard.press("j");
    await reads(page, ".drawer h2", "llama");
    await page.keyboard.press("k");
    await reads(page, ".drawer h2", "gpu");
    await page.goBack();
    await page.waitForSelector(".drawer", { state: "detached" });
  },
);

pageTest("a time shows both zones when its row has the focus", { weather: "ok" }, async (page) => {
  await page.keyboard.press("/");
  await hasFocus(page, "search");
  await page.keyboard.type("immich-ml");
  await counts(page, "main .row", 1);
  await page.keyboard.press("Escape");
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await counts(page, ".tooltip div", 2);
  const lines = await page.locator(".tooltip div").allTextContents();
  assert.match(lines[0], /^\w{3} \d+ \w{3} \d{4} \d\d:\d\d:\d\d GMT.*, here$/);
  assert.match(lines[1], /GMT\+5:30, Asia\/Kolkata$/);
});

pageTest("three sites stand in columns", { weather: "three" }, async (page) => {
  const boxes = await Promise.all([0, 1, 2].map((i) => page.locator(".site").nth(i).boundingBox()));
  assert.equal(boxes[0].y, boxes[1].y);
  assert.equal(boxes[1].y, boxes[2].y);
  assert.ok(boxes[0].x < boxes[1].x && boxes[1].x < boxes[2].x);
  await reads(page, ".rails", /dublin — oslo up/);
});

pageTest("an empty lab says what to do", { weather: "empty" }, async (page) => {
  await reads(page, "h1", "Nothing is watched yet");
  await reads(page, ".empty-lab pre", /^probes:/);
});

pageTest("what others wrote is shown, never run", { weather: "ok" }, async (page, site) => {
  const evil = `"><img src=x onerror="document.title='run'"><script>document.title="run"</script>`;
  const check = site.lab.check("immich");
  site.lab.fail("immich", { reason: evil });
  Object.assign(check, {
    description: evil,
    runbook: "javascript:document.title='run'",
    target: evil,
  });
  site.lab.open("mumbai", evil, "immich");
  site.lab.revision.summary = evil;
  site.send("status", site.lab.status());
  await until("it is shown", async () => (await textOf(page, "h1")).includes("<script>"));
  await page.goto(`${site.base}/checks/immich`);
  await page.waitForSelector(".drawer dl");
  await page.waitForTimeout(200);
  assert.doesNotMatch(await page.title(), /run/);
  assert.equal(await page.locator("main img, .drawer img").count(), 0);
  assert.equal(await page.locator(`a[href^="javascript"]`).count(), 0);
});

for (const weather of ["some-down", "long-names", "three", "site-down"])
  pageTest(
    `nothing sticks out of a phone: ${weather}`,
    { weather, viewport: PHONE, isMobile: true, hasTouch: true },
    async (page, site) => {
      const paths = [
        "/",
        `/checks/${encodeURIComponent(site.lab.incidents[0].cause)}`,
        "/incidents",
        `/incidents/${site.lab.incidents[0].id}`,
        "/journal",
        "/silences",
        "/coverage",
      ];
      for (const path of paths) {
        await page.goto(site.base + path);
        await page.waitForSelector("html[data-fresh=live] main");
        await page.waitForTimeout(150);
        const wide = await page.evaluate(
          () => document.documentElement.scrollWidth - window.innerWidth,
        );
        assert.ok(wide <= 0, `${path} is ${wide} px too wide`);
      }
    },
  );

pageTest(
  "a new page begins at its top with the focus on it, and one can skip to it",
  { weather: "ok" },
  async (page) => {
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await hasFocus(page, "main");
    const scrolled = () => page.evaluate(() => window.scrollY);
    await page.mouse.wheel(0, 600);
    await until("it is scrolled down", async () => (await scrolled()) > 0);
    await page.keyboard.press("3");
    await page.waitForSelector(".journal-page");
    await hasFocus(page, "main");
    await becomes(0, scrolled);
    await page.goBack();
    await page.waitForSelector(".overview");
  },
);
