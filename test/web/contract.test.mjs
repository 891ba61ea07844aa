// SPDX-License-Identifier: Apache-2.0
// The pages, the fake site that the other tests show them, and the real program agree: every
// request that the pages make (model/api.ts makes it here) is answered by both, and every answer
// and event is held to the types of model/types.ts.
//
// DIARCHY: the program.

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { makeLab, WEATHER_NAMES } from "./fake-lab.mjs";
import { FakeSite } from "./fake-site.mjs";
import { complaints, membersOf } from "./held.mjs";
import { PASSWORD, RealLab } from "./real-lab.mjs";

const modules = process.env.WEB_MODULES ?? new URL("../../web", import.meta.url).pathname;
const pages = process.env.WEB_PAGES ?? new URL("../../web/dist", import.meta.url).pathname;
const root = new URL("../../", import.meta.url).pathname;
const { buildSync } = createRequire(`${modules}/`)("esbuild");
const LAB = "/api/lab/v1";

/* ---- the pages' own requests, made from here */

let api;
let folder;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "web-contract-"));
  const outfile = join(folder, "api.mjs");
  const entry = join(root, "web/src/model/api.ts");
  buildSync({ entryPoints: [entry], outfile, bundle: true, format: "esm" });
  api = await import(outfile);
});
after(() => rmSync(folder, { recursive: true }));

/* As in a browser that is at `base`: addresses are relative, the session's cookie is kept. */
function beAt(base) {
  const ask = fetch;
  let cookie = "";
  globalThis.fetch = async (path, options = {}) => {
    const headers = { ...options.headers, ...(cookie && { Cookie: cookie }) };
    const answer = await ask(new URL(path, base), { ...options, headers });
    cookie = answer.headers.get("set-cookie")?.split(";")[0] ?? cookie;
    return answer;
  };
  return () => (globalThis.fetch = ask);
}

/* What each of them is asked with, where there is a check that died, and its incident. */
const CALLS = {
  getStatus: [[]],
  getWhen: [["photos"], ["site:mumbai"]],
  getIncident: [["INCIDENT"]],
  getIncidents: [
    ["open", 50],
    ["closed", 5],
    ["all", 500],
    ["all", 50],
  ],
  getAlerts: [["TargetDown"]],
  getCoverage: [[]],
  getDashboards: [[]],
  getDashboard: [["every-panel"], ["old-machine"]],
  getEvents: [[{ limit: 200 }], [{ kind: "evidence", site: "dublin", limit: 2 }]],
  addSilence: [[{ matchers: '{name="banner"}', for: "2h", why: "a test", by: "Ana" }]],
  endSilence: [[{ id: "SILENCE" }]],
  ack: [["INCIDENT", "on it", "Ana"]],
  pause: [
    ["cloud", "1h", "a test", "Ana"],
    ["banner", null, "", ""],
  ],
  resume: [
    ["cloud", "Ana"],
    ["banner", ""],
  ],
  login: [[PASSWORD]],
  logout: [[]],
};
const OF_A_SESSION = ["login", "logout"];

/* [{what, type, value}] of all that `site` answers. */
async function everyAnswer(site, names) {
  const said = [];
  for (const name of names)
    for (const args of CALLS[name]) {
      const text = JSON.stringify(args).replace("INCIDENT", site.incident);
      const asked = JSON.parse(text.replace("SILENCE", site.silence));
      const value = await api[name](...asked);
      if (name === "addSilence") site.silence = value.id;
      said.push({
        what: `${site.name}, ${name}${text}`,
        type: `Answer<typeof api.${name}>`,
        value,
      });
    }
  return said;
}

/* What the stream of `site` says, until each kind of event came. */
async function everyEvent(site, stir) {
  const stop = new AbortController();
  const answer = await fetch(`${LAB}/stream`, { signal: stop.signal });
  const wanted = new Set(membersOf("StreamData"));
  const said = [];
  let rest = "";
  await stir();
  for await (const part of answer.body.pipeThrough(new TextDecoderStream())) {
    const events = (rest + part).split("\n\n");
    rest = events.pop();
    for (const text of events) {
      const name = /^event: (.*)$/m.exec(text)?.[1];
      if (!name) continue;
      const value = JSON.parse(/^data: (.*)$/m.exec(text)[1]);
      said.push({ what: `${site.name}, stream`, type: `types.StreamData["${name}"]`, value });
      wanted.delete(name);
    }
    if (wanted.size === 0) break;
  }
  stop.abort();
  return said;
}

/* Requests that a site has to refuse; `locked`: at one that wants a login. */
const MISTAKES = [
  { path: `${LAB}/incidents/no-such` },
  { path: `${LAB}/incidents?state=ajar` },
  { path: `${LAB}/incidents?state=all&limit=501` },
  { path: `${LAB}/when/no-such` },
  { path: `${LAB}/dashboards/no-such` },
  { path: `${LAB}/nothing` },
  { path: `${LAB}/events?limit=0` },
  { path: `${LAB}/events?limit=501` },
  { path: `${LAB}/events?before=yesterday` },
  { path: `${LAB}/silences`, method: "POST", body: { matchers: "{}" } },
  {
    path: `${LAB}/silences`,
    method: "POST",
    body: { matchers: '{name="a"}', for: "soon", why: "x", by: "" },
  },
  { path: `${LAB}/silences`, method: "POST", body: { matchers: '{name="a"}', forever: true } },
  {
    path: `${LAB}/silences`,
    method: "POST",
    body: { matchers: '{name="a"}', for: "1h" },
    csrf: "",
  },
  { path: `${LAB}/silences/no-such`, method: "DELETE" },
  { path: `${LAB}/incidents/no-such/ack`, method: "POST", body: { why: "x", by: "" } },
  { path: `${LAB}/checks/no-such/pause`, method: "POST", body: { for: null, why: "", by: "" } },
  { path: `${LAB}/checks/no-such/resume`, method: "POST", body: { by: "" } },
  { path: `${LAB}/status`, isLocked: true },
  { path: "/login", method: "POST", form: "password=wrong", isLocked: true },
];

async function refusal(base, { path, method = "GET", body, form, csrf = "none" }) {
  const type = form ? "application/x-www-form-urlencoded" : "application/json";
  const answer = await fetch(base + path, {
    method,
    headers: {
      ...(csrf && { "X-Diarchy-CSRF": csrf }),
      ...(method !== "GET" && { "Content-Type": type }),
    },
    body: form ?? (body && JSON.stringify(body)),
  });
  return { status: answer.status, failure: await answer.json() };
}

const HEADERS = [
  "content-type",
  "cache-control",
  "content-security-policy",
  "cross-origin-resource-policy",
  "x-content-type-options",
  "referrer-policy",
];
const FILES = ["/", "/incidents/one", "/app.js", "/app.css", "/favicon-ok.svg", `${LAB}/status`];

async function headersOf(base, path) {
  const answer = await fetch(base + path);
  await answer.arrayBuffer();
  return Object.fromEntries(HEADERS.map((name) => [name, answer.headers.get(name)]));
}

/* ---- two sites, the same story at both */

let real;
let fake;
before(async () => {
  assert.ok(process.env.DIARCHY, "DIARCHY names the program");
  real = new RealLab(process.env.DIARCHY);
  await real.start();
  await real.until("photos is seen well", ({ checks }) =>
    checks.some(({ name, state }) => name === "photos" && state === "ok"),
  );
  real.broken.add("/photos");
  const isTold = ({ cause, told }) => cause === "photos" && told.some(({ version }) => version > 0);
  const { incidents } = await real.until("it died, and was told", (s) => s.incidents.some(isTold));
  real.incident = incidents.find(isTold).id;
  real.name = "the real site";
  fake = new FakeSite({ pages });
  fake.lab = makeLab("as-real");
  fake.base = await fake.listen();
  fake.locked = fake.base;
  fake.incident = fake.lab.incidents[0].id;
  fake.name = "the fake site";
});
after(async () => {
  await real?.close();
  await fake?.close();
});

const SITES = ["real", "fake"];
const siteOf = (which) => ({ real, fake })[which];

test("every request that the pages can make is made here", () => {
  const made = Object.keys(api).filter(
    (name) => !["ApiError", "csrfToken", "heed", "onLoginEnded", "setCsrf"].includes(name),
  );
  assert.deepEqual(made.sort(), Object.keys(CALLS).sort());
});

for (const which of SITES)
  test(`all that the ${which} site answers is what the pages believe`, async (t) => {
    const site = siteOf(which);
    t.after(beAt(site.base));
    api.setCsrf("none");
    const names = Object.keys(CALLS).filter((name) => !OF_A_SESSION.includes(name));
    const said = await everyAnswer(site, names);
    assert.deepEqual(complaints(said), []);
  });

for (const which of SITES)
  test(`all that the ${which} site's stream says is what the pages believe`, async (t) => {
    const site = siteOf(which);
    t.after(beAt(site.base));
    const stir = () => api.ack(site.incident, "still on it", "Ana");
    assert.deepEqual(complaints(await everyEvent(site, stir)), []);
  });

for (const which of SITES)
  test(`a login at the ${which} site, and its end`, async (t) => {
    const site = siteOf(which);
    if (which === "fake") fake.makeWeather("login", { password: PASSWORD });
    t.after(() => which === "fake" && fake.makeWeather("login", { password: null }));
    t.after(beAt(site.locked));
    await assert.rejects(api.getStatus(), { status: 401 });
    const said = await everyAnswer(site, ["login"]);
    const { session } = await api.getStatus();
    assert.equal(session.login, true);
    api.setCsrf(session.csrf);
    said.push(...(await everyAnswer(site, ["logout"])));
    await assert.rejects(api.getStatus(), { status: 401 });
    assert.deepEqual(complaints(said), []);
  });

test("both refuse the same, and say it in the same form", async (t) => {
  for (const mistake of MISTAKES) {
    if (mistake.isLocked) fake.makeWeather("login", { password: PASSWORD });
    t.after(() => fake.makeWeather("login", { password: null }));
    const [it, like] = [
      await refusal(mistake.isLocked ? real.locked : real.base, mistake),
      await refusal(fake.base, mistake),
    ];
    const what = `${mistake.method ?? "GET"} ${mistake.path} ${JSON.stringify(mistake.body ?? {})}`;
    const code = ({ status, failure }) => `${status} ${failure.error}`;
    assert.equal(code(like), code(it), `${what}: ${it.failure.text}`);
    const said = [it, like].map(({ failure }) => ({ what, type: "types.Failure", value: failure }));
    assert.deepEqual(complaints(said), []);
  }
});

test("both serve the pages with the same headers", async () => {
  for (const path of FILES)
    assert.deepEqual(await headersOf(fake.base, path), await headersOf(real.base, path), path);
});

for (const weather of WEATHER_NAMES)
  test(`the fake lab in weather ${weather} is one that a site could show`, () => {
    const lab = makeLab(weather);
    const said = [
      { what: "status", type: "types.Status", value: lab.status() },
      ...lab.incidents.map(({ id }) => ({
        what: id,
        type: "types.IncidentAnswer",
        value: lab.incident(id),
      })),
      ...lab.checks.slice(0, 30).map(({ name }) => ({
        what: name,
        type: "types.WhenAnswer",
        value: lab.when(name),
      })),
      { what: "events", type: "types.EventsAnswer", value: lab.eventsPage(new URLSearchParams()) },
    ];
    assert.deepEqual(complaints(said), []);
  });

/* By the first word of the file's name. */
const ANSWERS_OF_CLI = {
  coverage: "types.CoverageAnswer",
  error: "types.Failure",
  events: "types.EventsAnswer",
  incident: "types.IncidentAnswer",
  incidents: "Answer<typeof api.getIncidents>",
  silences: "{ silences: types.Silence[] }",
  status: "types.Status",
  when: "types.WhenAnswer",
};

test("what the commands are shown by their tests is what a site could answer", () => {
  const folder = join(root, "test/cli");
  const names = readdirSync(folder).filter(
    // Those of "query" and "rules" are Prometheus' own, which types.ts doesn't describe.
    (name) => name.endsWith(".json") && !/^(query|rules)[-.]/.test(name),
  );
  assert.ok(names.length > 10);
  const said = names.map((name) => ({
    what: name,
    type: ANSWERS_OF_CLI[name.split(/[-.]/)[0]],
    value: JSON.parse(readFileSync(join(folder, name), "utf8")),
  }));
  assert.deepEqual(complaints(said), []);
});

test("the kinds of events are those that a journal may hold", () => {
  const table = readFileSync(join(root, "src/core/journal/event_kinds.def"), "utf8");
  const kinds = [...table.matchAll(/^EVENT_KIND\(\w+, +"(\w+)"/gm)].map(([, kind]) => kind);
  assert.ok(kinds.length > 10);
  assert.deepEqual(membersOf("EventBodies").sort(), kinds.sort());
});

test("doc/api.md names every member", () => {
  const page = readFileSync(join(root, "doc/api.md"), "utf8");
  const named = new Set([...page.matchAll(/["`](\w+)["`:]/g)].map(([, name]) => name));
  for (const type of ["Status", "Check", "Vantage", "IncidentAnswer", "Member", "Told", "Silence"])
    for (const member of membersOf(type)) assert.ok(named.has(member), `${type}: ${member}`);
});

test("an answer that drifted is noticed", () => {
  const { incidents, ...rest } = fake.lab.status();
  const drifted = [
    {
      ...rest,
      incidents: [{ ...incidents[0], told: [{ ...incidents[0].told[0], vai: "dublin" }] }],
    },
    rest,
    { ...rest, incidents, counts: { ...rest.counts, ok: "12" } },
  ];
  const said = drifted.map((value, i) => ({ what: `drift ${i}`, type: "types.Status", value }));
  const found = complaints(said);
  assert.match(
    found[0],
    /^drift 0: at '"vai": "dublin"': .*'"vai"' does not exist in type 'Told'/s,
  );
  assert.match(found[1], /^drift 1: .*'incidents' is missing/s);
  assert.match(
    found[2],
    /^drift 2: at '"ok": "12",?'.*'string' is not assignable to type 'number'/s,
  );
  assert.equal(found.length, 3);
});
