// SPDX-License-Identifier: Apache-2.0
// A lab that does exist: two sites and a watcher, the real program, on loopback.
//
// DIARCHY: the program.  What is watched, and what is told, is played by this process: a service
// that can be broken, and a webhook that takes every message.

import { execFileSync, spawn } from "node:child_process";
import { cpSync, createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

const DASHBOARDS = new URL("../dashboards/dashboards/", import.meta.url).pathname;
const SITES = ["dublin", "mumbai"];
const WATCHER = "webhost";
const PATIENCE_MS = 180_000;
export const PASSWORD = "mirror and twin";

const lab = ({ keys, ports, address, hash, metrics }) => `lab: home
sites:
  dublin:
    address: "127.0.0.1:${ports[0]}"
    key: "${keys.dublin}"
    timezone: Europe/Dublin
    http: "127.0.0.1:${ports[1]}"
  mumbai:
    address: "127.0.0.1:${ports[2]}"
    key: "${keys.mumbai}"
    timezone: Asia/Kolkata
    http: "127.0.0.1:${ports[3]}"
    login: {password: {file: ${hash}}}
watchers:
  webhost: {url: "http://127.0.0.1:${ports[4]}", key: "${keys.webhost}", listen: "127.0.0.1:${ports[4]}"}
notify:
  webhook: {url: "${address}/told"}
hosts:
  nas: {site: mumbai}
  gpu: {site: dublin}
probes:
  photos:
    home: mumbai
    from: [dublin, mumbai]
    host: nas
    every: 1s
    description: the family's photos
    runbook: "https://git.example.net/runbooks/photos.md"
    http: {url: "${address}/photos", status: 200, body: pong}
  cloud: {home: dublin, from: [dublin, mumbai], every: 1s, http: "${address}/cloud"}
  banner: {home: dublin, every: 1s, tcp: "${address.slice("http://".length)}"}
  names: {home: dublin, every: 60s, dns: {server: "127.0.0.1:1", name: nas.lan, type: A}}
heartbeats:
  backup: {home: dublin, every: 24h, grace: 1h}
maintenance:
  updates: {begins: "0 4 * * 0", for: 1h, matchers: '{site="mumbai"}', why: updates on Sundays}
${metrics}`;

async function freePorts(n) {
  const servers = Array.from({ length: n }, () => createServer());
  const ports = [];
  for (const server of servers) {
    await new Promise((done) => server.listen(0, "127.0.0.1", done));
    ports.push(server.address().port);
  }
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

export class RealLab {
  /* `metrics`: what lab.yaml says besides, given the world's address and the first site's; `pages`:
   * what the world answers, by path; `files`: what lies beside lab.yaml. */
  constructor(program, { metrics = () => "", pages = {}, files = {} } = {}) {
    this.program = program;
    this.metrics = metrics;
    this.pages = pages;
    this.files = files;
    this.folder = mkdtempSync(join(tmpdir(), "diarchy-web-"));
    cpSync(DASHBOARDS, join(this.folder, "dashboards"), { recursive: true });
    this.broken = new Set(); /* paths that answer 502 */
    this.running = [];
    this.world = createServer((req, res) => this.answer(req, res));
  }

  /* What the probes ask, and the webhook. */
  answer(req, res) {
    req.resume();
    res.statusCode = this.broken.has(req.url) ? 502 : 200;
    const page = this.pages[req.url];
    if (page) res.setHeader("Content-Type", "text/plain; version=0.0.4");
    res.end(page ? page() : req.url === "/told" ? "{}" : "pong");
  }

  async start() {
    await new Promise((done) => this.world.listen(0, "127.0.0.1", done));
    const ports = await freePorts(5);
    const keys = Object.fromEntries([...SITES, WATCHER].map((name) => [name, this.keyOf(name)]));
    const address = `http://127.0.0.1:${this.world.address().port}`;
    const hash = join(this.folder, "password");
    writeFileSync(hash, this.run(["login-hash"], `${PASSWORD}\n`), { mode: 0o600 });
    this.base = `http://127.0.0.1:${ports[1]}`;
    for (const [name, text] of Object.entries(this.files))
      writeFileSync(join(this.folder, name), text);
    const metrics = this.metrics({ world: address, site: this.base });
    writeFileSync(join(this.folder, "lab.yaml"), lab({ keys, ports, address, hash, metrics }));
    this.locked = `http://127.0.0.1:${ports[3]}`;
    this.launch("watch", WATCHER, ["--name", WATCHER]);
    for (const name of SITES) this.launch("serve", name, ["--site", name]);
    await this.until("the sites hear each other and the watcher", (status) => {
      const isHeard = ({ hears }) => SITES.every((name) => hears[name]);
      return status.links[0].state === "up" && status.watchers.every(isHeard);
    });
  }

  run(args, input = "") {
    return execFileSync(this.program, args, { cwd: this.folder, input, encoding: "utf8" });
  }

  keyOf(name) {
    return /ed25519:[\w+/=]+/.exec(this.run(["keygen", `${name}.key`]))[0];
  }

  launch(command, name, which) {
    const state = join(this.folder, name);
    mkdirSync(state);
    const args = [command, ...which, "--lab", "lab.yaml", "--key", `${name}.key`, "--state", state];
    const log = createWriteStream(join(this.folder, `${name}.log`));
    const child = spawn(this.program, args, { cwd: this.folder });
    child.stdout.pipe(log);
    child.stderr.pipe(log);
    this.running.push(child);
  }

  async get(path) {
    const answer = await fetch(this.base + path);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  /* Until the status is as `isSo` wants it. */
  async until(what, isSo) {
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      const status = await this.get("/api/lab/v1/status").catch(() => null);
      if (status && isSo(status)) return status;
      if (Date.now() > end)
        throw new Error(`not within ${PATIENCE_MS} ms: ${what}: ${JSON.stringify(status)}`);
      await new Promise((done) => setTimeout(done, 200));
    }
  }

  async close() {
    const ended = this.running.map(
      (child) =>
        new Promise((done) => {
          if (child.exitCode !== null || child.signalCode !== null) return done();
          child.on("exit", done);
          child.kill("SIGTERM");
        }),
    );
    await Promise.all(ended);
    this.world.closeAllConnections();
    await new Promise((done) => this.world.close(done));
    rmSync(this.folder, { recursive: true });
  }
}
