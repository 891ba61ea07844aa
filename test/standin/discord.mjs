#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// A STAND-IN for Discord's webhooks, for tests and for trying the lab without an account. It is not Discord and
// talks to nobody. See README.md beside it.
import { createServer } from "node:http";
import { appendFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";

import { isEmptyMessage, refusal } from "./discord_body.mjs";
import { BUCKET_SIZE, Limits, banned, tooMany } from "./discord_limits.mjs";
import { Store, messageObject } from "./discord_store.mjs";

const BODY_BYTES_MAX = 8 * 1024 * 1024;
const REQUESTS_KEPT = 200; // for the page
const MODES = ["ok", "429", "500", "hang", "drop", "404", "cloudflare"];
const CHANNEL = "1420070400000000002";

const { values: options } = parseArgs({
  options: {
    host: { type: "string", default: "127.0.0.1" },
    port: { type: "string", default: "0" },
    "port-file": { type: "string" },
    log: { type: "string" },
    bucket: { type: "string", default: String(BUCKET_SIZE) }, // requests in two seconds, a route
    webhook: { type: "string", multiple: true }, // ID/TOKEN; none: any but deleted ones
    help: { type: "boolean", short: "h" },
  },
});

if (options.help) {
  console.log(
    "usage: discord.mjs [--host ADDRESS] [--port N] [--port-file FILE] [--log FILE] [--bucket N] [--webhook ID/TOKEN]...",
  );
  process.exit(0);
}

const store = new Store();
const limits = new Limits(Number(options.bucket));
const requests = []; // what was asked and answered, newest last
const followers = new Set(); // browsers
const counts = { requests: 0, created: 0, edited: 0, deleted: 0, refused: 0, limited: 0, disturbed: 0 };
let mode = { mode: "ok" };

// ---- answers

const json = (status, body, headers = {}) => ({ status, body, headers });
const failure = (status, message, code) => json(status, { message, code });
const unknownWebhook = () => failure(404, "Unknown Webhook", 10015);
const unknownMessage = () => failure(404, "Unknown Message", 10008);

function webhookOf(id, token) {
  const isKnown = !options.webhook || options.webhook.includes(`${id}/${token}`);
  if (!isKnown || store.isGone.has(id)) return null;
  return {
    id,
    type: 1,
    name: "Diarchy",
    avatar: null,
    channel_id: CHANNEL,
    guild_id: "1420070400000000001",
    application_id: null,
    token,
  };
}

// ---- disturbances: what /standin/mode asked for

/** Every n-th request that the mode is about is disturbed, from the n-th on, so many times. */
function isDisturbed(kind) {
  if (mode.mode === "ok" || (mode.only && mode.only !== kind)) return false;
  mode.seen++;
  return mode.seen % mode.every === 0 && mode.seen / mode.every <= mode.times;
}

function disturbance(headers) {
  const waitMs = 1000 * (mode.retry_after ?? 1);
  switch (mode.mode) {
    case "429":
      return tooMany(waitMs, mode.global ? "global" : mode.shared ? "shared" : "user", headers);
    case "cloudflare":
      return banned(waitMs);
    case "404":
      return unknownWebhook();
    case "500":
      return failure(500, "500: Internal Server Error", 0);
    default:
      return { [mode.mode]: true }; // hang, drop
  }
}

/** {"mode": "429", "every": 3, "global": true, "retry_after": 1.5, "only": "create", "stores": true} */
function setMode(wanted) {
  if (!MODES.includes(wanted?.mode)) return json(400, { error: `mode is one of ${MODES.join(", ")}` });
  const { every = 1, times = Number.MAX_SAFE_INTEGER } = wanted;
  for (const n of [every, times])
    if (!Number.isInteger(n) || n < 1) return json(400, { error: "every and times are numbers from 1" });
  mode = { ...wanted, every, times, seen: 0 };
  tell("mode", mode);
  return json(200, mode);
}

// ---- the webhook API

const changed = (message) => ({ message, duplicates: store.duplicates() });
const kinds = { POST: "create", PATCH: "edit", DELETE: "delete", GET: "get" };

function create(webhook, body, url) {
  if (isEmptyMessage(body)) return failure(400, "Cannot send an empty message", 50006);
  const message = store.create(webhook.id, body);
  counts.created++;
  tell("message", () => changed(message));
  if (url.searchParams.get("wait") !== "true") return { status: 204, message };
  return { ...json(200, messageObject(message, webhook)), message };
}

function edit(webhook, message, body) {
  const { content, embeds } = message.versions.at(-1);
  if (isEmptyMessage({ content, embeds, ...body }))
    return failure(400, "Cannot send an empty message", 50006);
  store.edit(message, body);
  counts.edited++;
  tell("message", () => changed(message));
  return { ...json(200, messageObject(message, webhook)), message };
}

function remove(message) {
  store.remove(message);
  counts.deleted++;
  tell("message", () => changed(message));
  return { status: 204, message };
}

/** The same without rate limits and disturbances. */
function serve(method, webhook, messageId, text, url) {
  let body;
  if (method === "POST" || method === "PATCH") {
    try {
      body = JSON.parse(text);
    } catch {
      return failure(400, "The request body contains invalid JSON.", 50109);
    }
    const refused = refusal(body);
    if (refused) return json(400, refused);
  }
  if (messageId === undefined) {
    if (method === "POST") return create(webhook, body, url);
    if (method === "GET") return json(200, webhook);
    if (method !== "DELETE") return failure(405, "405: Method Not Allowed", 0);
    store.isGone.add(webhook.id);
    return { status: 204 };
  }
  const message = store.find(webhook.id, messageId);
  if (!message) return unknownMessage();
  if (method === "PATCH") return edit(webhook, message, body);
  if (method === "GET") return { ...json(200, messageObject(message, webhook)), message };
  return method === "DELETE" ? remove(message) : failure(405, "405: Method Not Allowed", 0);
}

function answer(method, id, token, messageId, text, url) {
  const webhook = webhookOf(id, token);
  if (!webhook) return unknownWebhook();
  const route = messageId === undefined ? "execute" : "message";
  const { isRefused, waitMs, headers } = limits.take(`${method}:${route} ${id}`);
  if (isRefused) return tooMany(waitMs, "user", headers);
  if (isDisturbed(kinds[method])) {
    counts.disturbed++;
    const stored = mode.stores ? serve(method, webhook, messageId, text, url) : {};
    return { ...disturbance(headers), message: stored.message, isDisturbed: true };
  }
  const result = serve(method, webhook, messageId, text, url);
  return { ...result, headers: { ...headers, ...result.headers } };
}

// ---- what is kept and shown

const eventText = (event, data) => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

function tell(event, data) {
  if (followers.size === 0) return;
  const text = eventText(event, typeof data === "function" ? data() : data);
  for (const follower of followers) follower.write(text);
}

function note(method, path, result) {
  const status = result.hang ? "hang" : result.drop ? "drop" : result.status;
  const entry = {
    at: new Date().toISOString(),
    method,
    path: path.replace(/(\/webhooks\/\d+\/)[^/]+/, "$1***"),
    status,
    disturbed: !!result.isDisturbed,
    message: result.message?.id ?? null,
    incident: result.message?.incident ?? null,
    title: result.message?.versions.at(-1).embeds[0]?.title ?? null,
    reason: result.status === 400 ? result.body : null,
  };
  counts.requests++;
  counts.limited += status === 429;
  counts.refused += status === 400;
  requests.push(entry);
  if (requests.length > REQUESTS_KEPT) requests.shift();
  if (options.log) appendFileSync(options.log, `${JSON.stringify(entry)}\n`);
  tell("request", { entry, counts });
}

function follow(response) {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  followers.add(response);
  response.on("close", () => followers.delete(response));
  response.write(eventText("hello", { mode, requests, counts, ...store.history() }));
}

const page = (name) => readFileSync(new URL(`page/${name}`, import.meta.url));
const files = {
  "/": ["index.html", "text/html; charset=utf-8"],
  "/page.css": ["page.css", "text/css; charset=utf-8"],
  "/page.mjs": ["page.mjs", "text/javascript; charset=utf-8"],
  "/markdown.mjs": ["markdown.mjs", "text/javascript; charset=utf-8"],
};

/** Our own paths; undefined for any other. */
function control(method, path, text) {
  if (path === "/standin/messages" && method === "GET")
    return json(200, { ...store.history(), counts, mode });
  if (path === "/standin/requests" && method === "GET") return json(200, { requests, counts });
  if (path === "/standin/mode" && method === "GET") return json(200, mode);
  if (path === "/standin/mode" && method === "POST") {
    try {
      return setMode(JSON.parse(text));
    } catch {
      return json(400, { error: "the body is no JSON" });
    }
  }
  if (path === "/standin/reset" && method === "POST") {
    store.clear();
    limits.clear();
    requests.length = 0;
    for (const name in counts) counts[name] = 0;
    setMode({ mode: "ok" });
    tell("hello", () => ({ mode, requests, counts, ...store.history() }));
    return json(200, {});
  }
  return undefined;
}

// ---- the server

function reply(request, response, result) {
  if (result.drop) return request.socket.destroy();
  if (result.hang) return undefined; // until the client loses patience
  const isText = typeof result.body === "string";
  const body = result.body === undefined || isText ? result.body : JSON.stringify(result.body);
  response.writeHead(result.status, {
    ...(body === undefined || isText ? {} : { "content-type": "application/json" }),
    ...result.headers,
    "x-stand-in": "not Discord",
  });
  return response.end(body);
}

function handle(request, response, text) {
  const url = new URL(request.url, "http://stand-in");
  const { method } = request;
  const hook = url.pathname.match(
    /^\/api(?:\/v\d+)?\/webhooks\/(\d+)\/([^/]+)(?:\/messages\/([^/]+))?\/?$/,
  );
  if (hook) {
    const result = answer(method, hook[1], hook[2], hook[3], text, url);
    note(method, url.pathname, result);
    return reply(request, response, result);
  }
  if (url.pathname === "/standin/events") return follow(response);
  if (method === "GET" && files[url.pathname]) {
    const [name, type] = files[url.pathname];
    response.writeHead(200, { "content-type": type, "cache-control": "no-store" });
    return response.end(page(name));
  }
  const result = control(method, url.pathname, text) ?? failure(404, "404: Not Found", 0);
  return reply(request, response, result);
}

const server = createServer((request, response) => {
  const chunks = [];
  let size = 0;
  request.on("data", (chunk) => {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) request.destroy();
    else chunks.push(chunk);
  });
  request.on("end", () => handle(request, response, Buffer.concat(chunks).toString("utf8")));
});

server.on("error", (e) => {
  console.error(`stand-in for Discord: ${e.message}`);
  process.exit(1);
});
server.listen(Number(options.port), options.host, () => {
  const { port } = server.address();
  if (options["port-file"]) {
    writeFileSync(`${options["port-file"]}.new`, `${port}\n`);
    renameSync(`${options["port-file"]}.new`, options["port-file"]); // whole, or not there
  }
  console.log(`STAND-IN for Discord (not Discord): http://${options.host}:${port}/`);
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(0));
