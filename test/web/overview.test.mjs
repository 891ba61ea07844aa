// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { focused, pageTest, PHONE, textOf, until } from "./harness.mjs";

const row = (name) => `main .row a[data-check="${name}"]`;

pageTest("all is well in one sentence", { weather: "ok" }, async (page) => {
  assert.equal(await textOf(page, "h1"), "All 47 checks ok");
  assert.match(await textOf(page, ".tally"), /^Last change 1 d 1 h ago\.$/);
  assert.match(await page.title(), /^home – Diarchy$/);
  assert.equal(await page.getAttribute("link[rel=icon]", "href"), "/favicon-ok.svg");
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
  "a check that dies is seen within a second, without reloading",
  { weather: "ok" },
  async (page, site) => {
    site.breakCheck({ name: "immich", reason: "HTTP 502, wanted 200" });
    await until(
      "the headline says so",
      async () => (await textOf(page, "h1")) === "immich is down",
      { within: 1000 },
    );
    assert.match(await textOf(page, ".single-reason"), /^HTTP 502, wanted 200$/);
    assert.match(await textOf(page, `${row("immich")}`), /^failing ?immich/);
    assert.equal(await page.locator(".unwell .row").count(), 1);
    assert.match(await page.title(), /^\(1\) home/);
    assert.equal(await page.getAttribute("link[rel=icon]", "href"), "/favicon-bad.svg");

    site.healCheck({ name: "immich" });
    await until(
      "and that it is over",
      async () => (await textOf(page, "h1")) === "All 47 checks ok",
    );
    assert.equal(await page.locator(".unwell").count(), 0);
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
    assert.match(await textOf(page, row("www")), /path problem, fails from mumbai only/);
    assert.match(
      await textOf(page, `${row("www")} .latency`),
      /41 ms from dublin, fails from mumbai/,
    );
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
    assert.equal(await textOf(page, "h1"), "site mumbai is down");
    assert.match(await textOf(page, ".rails"), /link down/);
    assert.equal(await page.locator(".hears.is-failing").count(), 1, "webhost doesn't hear mumbai");
    site.makeWeather("weather", { name: "link-down" });
    await until(
      "the other weather",
      async () => (await textOf(page, "h1")) === "link dublin–mumbai is down",
    );
    assert.equal(await page.locator(".hears.is-failing").count(), 0, "webhost hears both");
  },
);

pageTest(
  "one click filters by state, and the address keeps it",
  { weather: "some-down" },
  async (page) => {
    await page.click(".chip.is-silent");
    assert.deepEqual(
      await page.$$eval(".row [data-check]", (all) => all.map((el) => el.dataset.check)),
      ["restic-offsite"],
    );
    assert.match(await textOf(page, ".filter-note"), /^1 of 47 checks/);
    assert.match(page.url(), /state=silent/);
    await page.reload();
    await page.waitForSelector(".row");
    assert.equal(await page.locator(".row").count(), 1);
    await page.click(".row a");
    await page.waitForSelector(".drawer");
    assert.equal(await page.locator(".row").count(), 1, "beside an open check, too");
    await page.keyboard.press("Escape");
    await page.waitForSelector(".drawer", { state: "detached" });
    assert.equal(await page.locator(".row").count(), 1, "and after it");
    await page.click(".filter-note button");
    assert.ok((await page.locator(".row").count()) > 30);
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
      await until(
        `${text} finds ${name}`,
        async () =>
          (await page.$$eval(".row [data-check]", (all) =>
            all.map((el) => el.dataset.check).join(),
          )) === name,
      );
    }
    await page.fill("#search", "nothing is called so");
    await until(
      "nothing is found, and said",
      async () => (await textOf(page, ".site .nothing")) === "No check here passes the filter.",
    );
  },
);

pageTest("everything can be done from the keyboard", { weather: "one-down" }, async (page) => {
  await page.keyboard.press("/");
  await until("the search field has the focus", async () => (await focused(page)) === "search");
  await page.keyboard.type("immich");
  await page.keyboard.press("Escape");
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  assert.equal(await focused(page), "immich");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".drawer");
  assert.match(page.url(), /\/checks\/immich/);
  await page.keyboard.press("Escape");
  await page.waitForSelector(".drawer", { state: "detached" });
  await until("the focus is back on the row", async () => (await focused(page)) === "immich");
  await page.keyboard.press("s");
  assert.equal(await page.inputValue(".dialog .code"), '{name="immich"}');
  await page.keyboard.press("Escape");
  await page.waitForSelector(".dialog", { state: "detached" });
  await page.keyboard.press("a");
  assert.match(await textOf(page, ".dialog h2"), /Acknowledge: immich is down/);
  await page.keyboard.press("Escape");
  await page.waitForSelector(".dialog", { state: "detached" });
  await page.keyboard.press("?");
  assert.equal(await textOf(page, ".dialog h2"), "Keys");
  await page.keyboard.press("Escape");
  await page.waitForSelector(".dialog", { state: "detached" });
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
    await until(
      "the next check is open",
      async () => (await textOf(page, ".drawer h2")) === "llama",
    );
    await page.keyboard.press("k");
    await until("the one before is open", async () => (await textOf(page, ".drawer h2")) === "gpu");
    await page.goBack();
    await page.waitForSelector(".drawer", { state: "detached" });
  },
);

pageTest("a time shows both zones when its row has the focus", { weather: "ok" }, async (page) => {
  await page.keyboard.press("/");
  await page.keyboard.type("immich-ml");
  await page.keyboard.press("Escape");
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  const lines = await page.locator(".tooltip div").allTextContents();
  assert.equal(lines.length, 2);
  assert.match(lines[0], /^\w{3} \d+ \w{3} \d{4} \d\d:\d\d:\d\d GMT.*, here$/);
  assert.match(lines[1], /GMT\+5:30, Asia\/Kolkata$/);
});

pageTest("three sites stand in columns", { weather: "three" }, async (page) => {
  const boxes = await Promise.all([0, 1, 2].map((i) => page.locator(".site").nth(i).boundingBox()));
  assert.equal(boxes[0].y, boxes[1].y);
  assert.equal(boxes[1].y, boxes[2].y);
  assert.ok(boxes[0].x < boxes[1].x && boxes[1].x < boxes[2].x);
  assert.match(await textOf(page, ".rails"), /dublin — oslo up/);
});

pageTest("an empty lab says what to do", { weather: "empty" }, async (page) => {
  assert.equal(await textOf(page, "h1"), "Nothing is watched yet");
  assert.match(await textOf(page, ".empty-lab pre"), /^probes:/);
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
    assert.equal(await focused(page), "main");
    await page.mouse.wheel(0, 600);
    await page.click("nav >> text=Journal");
    await page.waitForSelector(".journal-page");
    assert.equal(await focused(page), "main");
    assert.equal(await page.evaluate(() => window.scrollY), 0);
    await page.goBack();
    await page.waitForSelector(".overview");
  },
);
