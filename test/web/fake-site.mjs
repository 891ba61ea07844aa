// SPDX-License-Identifier: Apache-2.0
// A site as the pages see it: doc/api.md over HTTP, on a lab that doesn't exist (fake-lab.mjs).
//
// usage: node fake-site.mjs [--port N] [--pages DIR] [--weather NAME]
//
// POST /fake/... is no part of the contract: it makes weather.
//	/fake/weather {name}            another lab, told to everybody as a `status`
//	/fake/break {name, reason}      one check fails, an incident opens
//	/fake/heal {name}               and recovers
//	/fake/stream {mode}             normal, frozen (open but quiet), refused
//	/fake/answer {path, status, text}  the next requests to paths that contain `path` fail so
//	/fake/login {password}          from now on a login is needed; null: not any more
//	/fake/busy {per_second, checks} evidence of that many checks, that often

import { createServer } from "node:http";
import { existsSync, readFileSync } from "node:fs";
import { join, normalize } from "node:path";
import { isOpen, makeLab } from "./fake-lab.mjs";

const LAB = "/api/lab/v1";
const PROMETHEUS = "/api/v1";
const TYPES = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
};
const SECURITY = {
  "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
  "Cross-Origin-Resource-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
};
const BEAT_MS = 2000;

/* What an order's body may hold. */
const MEMBERS = {
  silences: ["matchers", "for", "until", "why", "by"],
  ack: ["why", "by"],
  pause: ["for", "why", "by"],
  resume: ["why", "by"],
  notes: ["text", "by", "subject"],
};

class Refusal extends Error {
  constructor(status, error, text, headers = {}) {
    super(text);
    Object.assign(this, { status, error, headers });
  }
}

/* This lab keeps no samples: every question has an answer, and every answer is empty, but for what a
 * test puts into `samples`. */
const NO_SAMPLES = {
  "/query": { resultType: "vector", result: [] },
  "/query_range": { resultType: "matrix", result: [] },
  "/labels": [],
  "/series": [],
  "/metadata": {},
  "/rules": { groups: [] },
  "/targets": { activeTargets: [], droppedTargets: [], droppedTargetCounts: {} },
  "/status/tsdb": {
    headStats: { numSeries: 0, numLabelPairs: 0, minTime: 0, maxTime: 0 },
    seriesCountByMetricName: [],
    labelValueCountByLabelName: [],
    memoryInBytesByLabelName: [],
    seriesCountByLabelValuePair: [],
  },
};

/* Its dashboards are the real ones of test/dashboards, but for those that can't be read. */
const DASHBOARDS = new URL("../dashboards/dashboards/", import.meta.url).pathname;

function dashboardText(name) {
  const file = join(DASHBOARDS, `${normalize(`/${name}`).slice(1)}.json`);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : null;
}

function dashboardList() {
  const dashboards = ["every-panel", "old-machine"].map((name) => {
    const { title, description = "", tags = [] } = dashboardText(name);
    return { name, title, description, tags, wrong: null };
  });
  return { dashboards, more: 0 };
}

function samplesOf(samples, path) {
  const data = path.startsWith("/label/") ? [] : samples[path];
  if (!data) throw new Refusal(404, "NOT_FOUND", `nothing at ${path}`);
  return { status: "success", data };
}

export class FakeSite {
  constructor({ pages, weather = "ok" }) {
    this.pages = pages;
    this.lab = makeLab(weather);
    this.streams = new Set();
    this.mode = "normal";
    this.answers = [];
    this.password = null;
    this.tries = 0;
    this.samples = { ...NO_SAMPLES };
    this.requests = []; /* what changed something, for tests to look at */
    this.server = createServer((req, res) => void this.serve(req, res));
    this.beat = setInterval(() => this.send("beat", { now: new Date().toISOString() }), BEAT_MS);
    this.busy = null;
    this.measured = 0;
  }

  async listen(port = 0) {
    await new Promise((done) => this.server.listen(port, "127.0.0.1", done));
    return `http://127.0.0.1:${this.server.address().port}`;
  }

  close() {
    clearInterval(this.beat);
    clearInterval(this.busy);
    for (const res of this.streams) res.destroy();
    this.server.closeAllConnections();
    return new Promise((done) => this.server.close(done));
  }

  /* ---- stream ---- */

  send(event, data) {
    if (this.mode !== "normal") return;
    for (const res of this.streams) res.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  change(what) {
    const now = new Date().toISOString();
    this.send("change", {
      now,
      checks: [],
      incidents: [],
      links: [],
      watchers: [],
      sites: [],
      counts: this.lab.counts(),
      ...what,
    });
  }

  journal(...events) {
    for (const ev of events) this.send("journal", ev);
  }

  follow(req, res) {
    if (this.mode === "refused") throw new Refusal(503, "LIMIT", "too many followers");
    res.writeHead(200, {
      ...SECURITY,
      "Content-Type": "text/event-stream",
      "Cache-Control": "no-store",
    });
    this.streams.add(res);
    res.on("close", () => this.streams.delete(res));
    if (this.mode === "normal")
      res.write(`event: status\ndata: ${JSON.stringify(this.lab.status())}\n\n`);
  }

  /* ---- requests ---- */

  async serve(req, res) {
    const url = new URL(req.url, "http://site");
    try {
      const body = await readBody(req);
      const answer = await this.route(req, res, url, body);
      if (answer !== undefined) sendJson(res, 200, answer);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      sendJson(res, error.status, { error: error.error, text: error.message }, error.headers);
    }
  }

  async route(req, res, url, body) {
    const path = url.pathname;
    if (path.startsWith("/fake/")) return this.makeWeather(path.slice(6), JSON.parse(body || "{}"));
    const planned = this.answers.find((a) => path.includes(a.path));
    if (planned) throw new Refusal(planned.status, "FAKE", planned.text, planned.headers);
    if (path === "/login" && req.method === "POST") return this.logIn(res, body);
    if (path === "/logout" && req.method === "POST") {
      res.setHeader("Set-Cookie", "diarchy=; HttpOnly; SameSite=Strict; Max-Age=0; Path=/");
      return {};
    }
    if (!path.startsWith("/api/")) return this.file(res, path);
    if (this.password !== null && !/diarchy=in/.test(req.headers.cookie ?? ""))
      throw new Refusal(401, "AUTH", "log in first");
    if (path === "/api/v2/alerts") return []; /* no rule fires here */
    if (path.startsWith(PROMETHEUS)) return samplesOf(this.samples, path.slice(PROMETHEUS.length));
    if (req.method === "GET") return this.get(req, res, url);
    if (
      (req.headers["x-diarchy-csrf"] ?? "") === "" ||
      (this.password !== null && req.headers["x-diarchy-csrf"] !== this.lab.csrf)
    )
      throw new Refusal(403, "REFUSED", "the header X-Diarchy-CSRF is missing or wrong");
    this.requests.push({ method: req.method, path, body });
    return this.act(req.method, decodePath(path), JSON.parse(body || "{}"));
  }

  logIn(res, body) {
    if (++this.tries > 5)
      throw new Refusal(429, "LIMIT", "too many tries", { "Retry-After": "30" });
    if (new URLSearchParams(body).get("password") !== this.password)
      throw new Refusal(401, "AUTH", "wrong password");
    this.tries = 0;
    res.setHeader("Set-Cookie", "diarchy=in; HttpOnly; SameSite=Strict; Path=/");
    return {};
  }

  file(res, path) {
    const name = normalize(path).replace(/^\/+/, "");
    const file = join(this.pages, name);
    const found = name !== "" && !name.endsWith("/") && existsSync(file) ? name : "index.html";
    const type = TYPES[found.split(".").pop()] ?? "application/octet-stream";
    res.writeHead(200, { ...SECURITY, "Content-Type": type, "Cache-Control": "no-cache" });
    res.end(readFileSync(join(this.pages, found)));
  }

  get(req, res, url) {
    const { lab } = this;
    const path = decodePath(url.pathname);
    const [, rest] = path.split(`${LAB}/`);
    if (rest === "stream") return this.follow(req, res);
    const plain = {
      status: () => lab.status(),
      checks: () => ({ checks: lab.checks }),
      silences: () => ({ silences: lab.silences }),
      dashboards: () => dashboardList(),
      coverage: () => ({ unobserved: lab.unobserved, observed: lab.checks.length }),
      events: () => this.eventList(url.searchParams),
      incidents: () => this.incidentList(url.searchParams),
    }[rest];
    if (plain) return plain();
    const [kind, ...name] = rest?.split("/") ?? [];
    const found = {
      incidents: (id) => lab.incident(id),
      when: (check) => lab.when(check),
      dashboards: dashboardText,
    }[kind]?.(name.join("/"));
    if (!found)
      throw new Refusal(404, "NOT_FOUND", `nothing here is called ${name.join("/") || path}`);
    return found;
  }

  eventList(query) {
    checkNumber(query, "limit", 500);
    checkNumber(query, "before", Infinity);
    return this.lab.eventsPage(query);
  }

  incidentList(query) {
    checkNumber(query, "limit", 500);
    const state = query.get("state") ?? "open";
    const wanted = { open: isOpen, closed: (i) => !isOpen(i), all: () => true }[state];
    if (!wanted) throw new Refusal(400, "INPUT", `state is open, closed or all, not ${state}`);
    return {
      incidents: this.lab.incidents.filter(wanted).slice(0, Number(query.get("limit") ?? 50)),
    };
  }

  /* ---- operator's words ---- */

  act(method, path, body) {
    const members = MEMBERS[path.split("/").pop()] ?? [];
    const unknown = Object.keys(body).find((name) => !members.includes(name));
    if (unknown) throw new Refusal(400, "INPUT", `unknown member '${unknown}'`);
    const acts = [
      ["POST", /^\/silences$/, () => this.addSilence(body)],
      ["DELETE", /^\/silences\/(.+)$/, (id) => this.endSilence(id)],
      ["POST", /^\/incidents\/(.+)\/ack$/, (id) => this.acknowledge(id, body)],
      ["POST", /^\/checks\/(.+)\/pause$/, (name) => this.pause(name, body)],
      ["POST", /^\/checks\/(.+)\/resume$/, (name) => this.resume(name, body)],
      ["POST", /^\/notes$/, () => ({})],
    ];
    for (const [verb, pattern, act] of acts) {
      const found = pattern.exec(path.slice(LAB.length));
      if (verb === method && found) return act(found[1]);
    }
    throw new Refusal(404, "NOT_FOUND", `no ${method} ${path}`);
  }

  addSilence({ matchers, for: length, until, why, by }) {
    const ms = length ? parseDuration(length) : Date.parse(until) - Date.now();
    if (!(ms > 0))
      throw new Refusal(400, "INPUT", `for: '${length}' is no duration such as 90m or 3d`);
    if (!this.lab.checks.some((check) => isMatched(check, matchers)))
      throw new Refusal(400, "INPUT", "the silence would cover nothing: no check matches it");
    const id = `${this.lab.self}-${this.lab.silences.length + 1}`;
    const silence = {
      id,
      matchers,
      from: new Date().toISOString(),
      until: new Date(Date.now() + ms).toISOString(),
      why,
      by,
      is_active: true,
      is_window: false,
    };
    this.lab.silences = [silence, ...this.lab.silences];
    this.change({ silences: this.lab.silences });
    this.journal(
      this.lab.log(
        this.lab.self,
        "silence",
        id,
        silenceBody(silence),
        `${by || "somebody"} silenced ${matchers}: ${why}`,
      ),
    );
    return { id };
  }

  endSilence(id) {
    const silence = this.lab.silences.find((s) => s.id === id);
    if (!silence) throw new Refusal(404, "NOT_FOUND", `no silence ${id}`);
    this.lab.silences = this.lab.silences.filter((s) => s !== silence);
    this.change({ silences: this.lab.silences });
    this.journal(
      this.lab.log(
        this.lab.self,
        "silence",
        id,
        { ...silenceBody(silence), until: new Date().toISOString(), by: "somebody" },
        `silence ${silence.matchers} ended`,
      ),
    );
    return {};
  }

  acknowledge(id, { by, why }) {
    const incident = this.lab.incidents.find((i) => i.id === id);
    if (!incident) throw new Refusal(404, "NOT_FOUND", `no incident ${id}`);
    this.journal(this.lab.ack(incident, by, why));
    this.change({ incidents: [incident] });
    return {};
  }

  named(name) {
    const found = this.lab.check(name);
    if (!found) throw new Refusal(404, "NOT_FOUND", `no check ${name}`);
    return found;
  }

  pause(name, { for: length, why, by }) {
    const check = this.named(name);
    const until = length ? new Date(Date.now() + parseDuration(length)).toISOString() : null;
    Object.assign(check, {
      state: "paused",
      scope: "none",
      since: new Date().toISOString(),
      paused_until: until,
    });
    this.change({ checks: [check] });
    this.journal(
      this.lab.log(
        this.lab.self,
        "pause",
        name,
        { until, by, why },
        `${by || "somebody"} paused ${name}: ${why}`,
      ),
    );
    return {};
  }

  resume(name, { by }) {
    const check = this.lab.heal(this.named(name).name);
    check.paused_until = null;
    this.change({ checks: [check] });
    this.journal(
      this.lab.log(
        this.lab.self,
        "pause",
        name,
        { until: new Date().toISOString(), by },
        `${by || "somebody"} resumed ${name}`,
      ),
    );
    return {};
  }

  /* ---- weather ---- */

  makeWeather(what, body) {
    const weathers = {
      weather: () => {
        this.lab = makeLab(body.name);
        this.lab.login = this.password !== null;
        this.send("status", this.lab.status());
      },
      break: () => this.breakCheck(body),
      heal: () => this.healCheck(body),
      stream: () => this.setStream(body.mode),
      answer: () => (body.path ? this.answers.push(body) : (this.answers = [])),
      login: () => {
        this.password = body.password;
        this.tries = 0;
        this.lab.login = body.password !== null;
      },
      busy: () => this.setBusy(body),
    };
    if (!weathers[what]) throw new Refusal(404, "NOT_FOUND", `no weather ${what}`);
    weathers[what]();
    return {};
  }

  breakCheck({ name, reason = "HTTP 502, wanted 200" }) {
    const { lab } = this;
    const from = lab.events.length;
    const check = lab.fail(name, { reason });
    const incident = lab.open(check.home, `${name} is down`, name);
    this.change({ checks: [check], incidents: [incident] });
    this.journal(...lab.events.slice(from));
  }

  healCheck({ name }) {
    const { lab } = this;
    const incident = lab.incidents.find(
      (i) => isOpen(i) && i.members.some((m) => m.check === name),
    );
    const ev = incident ? lab.close(incident) : (lab.heal(name), null);
    this.change({ checks: [lab.check(name)], incidents: incident ? [incident] : [] });
    if (ev) this.journal(ev);
  }

  setStream(mode) {
    this.mode = mode;
    if (mode === "refused") {
      for (const res of this.streams) res.destroy();
      this.answers.push({ path: LAB, status: 503, text: "the site is stopping" });
    } else {
      this.answers = this.answers.filter((a) => a.text !== "the site is stopping");
      this.send("status", this.lab.status());
    }
  }

  setBusy({ per_second: perSecond, checks: n }) {
    clearInterval(this.busy);
    if (perSecond) this.busy = setInterval(() => this.measure(n), 1000 / perSecond);
  }

  /* The next `n` probes took another time. */
  measure(n) {
    const probes = this.lab.checks.filter((c) => c.kind === "probe");
    const changed = Array.from({ length: n }, () => probes[this.measured++ % probes.length]);
    for (const c of changed)
      for (const v of c.vantages) v.took_ms = 1 + ((v.took_ms * 7 + 3) % 300);
    this.change({ checks: changed });
  }
}

function checkNumber(query, name, most) {
  const n = Number(query.get(name) ?? 1);
  if (!Number.isInteger(n) || n < 1 || n > most)
    throw new Refusal(400, "INPUT", `${name}: '${query.get(name)}' is no number in bounds`);
}

function silenceBody({ matchers, from, until, why, by }) {
  return { matchers, from, until, why, by };
}

/* Enough of src/core/alert/matchers.c for what the tests write. */
function isMatched(check, matchers) {
  const labels = { ...check, site: check.home };
  const all = [...matchers.matchAll(/(\w+)(=~?|!=|!~)"([^"]*)"/g)];
  return all.every(([, label, op, value]) => {
    const isSo = op.endsWith("~")
      ? new RegExp(`^(?:${value})$`).test(labels[label] ?? "")
      : (labels[label] ?? "") === value;
    return isSo !== op.startsWith("!");
  });
}

function parseDuration(text) {
  const unit = { s: 1e3, m: 6e4, h: 36e5, d: 864e5, w: 6048e5 };
  const found = /^(\d+)([smhdw])$/.exec(text ?? "");
  return found ? Number(found[1]) * unit[found[2]] : NaN;
}

function decodePath(path) {
  return path.split("/").map(decodeURIComponent).join("/");
}

async function readBody(req) {
  const parts = [];
  for await (const part of req) parts.push(part);
  return Buffer.concat(parts).toString();
}

function sendJson(res, status, value, headers = {}) {
  if (res.headersSent) return;
  const kind = { "Content-Type": "application/json", "Cache-Control": "no-store" };
  res.writeHead(status, { ...SECURITY, ...kind, ...headers });
  res.end(JSON.stringify(value));
}

function option(name, otherwise) {
  const i = process.argv.indexOf(`--${name}`);
  return i > 0 ? process.argv[i + 1] : otherwise;
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const pages = option("pages", new URL("../../web/dist", import.meta.url).pathname);
  const site = new FakeSite({ pages, weather: option("weather", "ok") });
  console.log(await site.listen(Number(option("port", "0"))));
}
