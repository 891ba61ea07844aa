// SPDX-License-Identifier: Apache-2.0
// The stand-in answers as Discord's documentation says. Run: node --test test/standin/discord_test.mjs
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";

const folder = mkdtempSync(join(tmpdir(), "standin-"));
const log = join(folder, "log");
let child, base, hook;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Starts the program and waits for its port file. */
async function start(...more) {
  const portFile = join(folder, `port-${Math.random()}`);
  const program = new URL("discord.mjs", import.meta.url).pathname;
  const process_ = spawn(process.execPath, [program, "--port-file", portFile, ...more]);
  for (let i = 0; i < 200; i++) {
    try {
      return { process: process_, base: `http://127.0.0.1:${Number(readFileSync(portFile))}` };
    } catch {
      await pause(25);
    }
  }
  throw new Error("the stand-in didn't start");
}

async function ask(method, url, body) {
  const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(url, { method, body: text });
  const answer = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json");
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(answer) : answer };
}

const post = (body, query = "?wait=true") => ask("POST", hook + query, body);
const setMode = (mode) => ask("POST", `${base}/standin/mode`, mode);
const history = async () => (await ask("GET", `${base}/standin/messages`)).body;
const ofIncident = (id) => ({
  embeds: [{ title: "x", footer: { text: `home · ${id} · told by dublin` } }],
});

before(async () => {
  ({ process: child, base } = await start("--log", log));
  hook = `${base}/api/webhooks/1420070400000000003/tok-en`;
});
beforeEach(() => ask("POST", `${base}/standin/reset`));
after(() => {
  child.kill();
  rmSync(folder, { recursive: true });
});

test("a message that is waited for comes back whole, and one that isn't doesn't", async () => {
  const { status, body } = await post({ content: "hello", embeds: [{ title: "a" }] });
  assert.equal(status, 200);
  assert.match(body.id, /^\d{17,20}$/);
  assert.equal(body.content, "hello");
  assert.equal(body.embeds[0].type, "rich");
  assert.equal(body.webhook_id, "1420070400000000003");
  assert.equal(body.edited_timestamp, null);
  assert.equal(body.author.bot, true);
  assert.equal((await post({ content: "x" }, "")).status, 204);
});

test("an edit changes what it names and keeps the rest, and all versions are kept", async () => {
  const { body: created } = await post({ content: "one", embeds: [{ title: "t" }] });
  const url = `${hook}/messages/${created.id}`;
  const { status, body } = await ask("PATCH", url, { content: "two" });
  assert.equal(status, 200);
  assert.equal(body.content, "two");
  assert.equal(body.embeds[0].title, "t");
  assert.notEqual(body.edited_timestamp, null);
  assert.equal((await ask("GET", url)).body.content, "two");
  const [message] = (await history()).messages;
  assert.deepEqual(message.versions.map(({ content }) => content), ["one", "two"]);
  assert.equal(message.edits, 1);
});

test("a deleted message is unknown", async () => {
  const { body } = await post({ content: "x" });
  const url = `${hook}/messages/${body.id}`;
  assert.equal((await ask("DELETE", url)).status, 204);
  const answer = await ask("PATCH", url, { content: "y" });
  assert.equal(answer.status, 404);
  assert.deepEqual(answer.body, { message: "Unknown Message", code: 10008 });
});

// Webhook Object; of "Get Webhook with Token" it holds no user.
test("a webhook shows itself, and nothing else happens", async () => {
  const { status, headers, body } = await ask("GET", hook);
  assert.equal(status, 200);
  assert.match(headers.get("content-type"), /^application\/json/);
  assert.equal(body.type, 1);
  assert.equal(body.token, "tok-en");
  for (const key of ["id", "channel_id", "guild_id"]) assert.match(body[key], /^\d+$/);
  for (const key of ["name", "avatar", "application_id"]) assert.ok(key in body);
  assert.ok(!("user" in body));
  assert.equal((await history()).messages.length, 0);
});

test("a webhook is unknown when it was deleted", async () => {
  assert.equal((await ask("DELETE", hook)).status, 204);
  const { status, body: answer } = await post({ content: "x" });
  assert.equal(status, 404);
  assert.deepEqual(answer, { message: "Unknown Webhook", code: 10015 });
});

test("only the webhooks it was told of exist, if it was told of any", async () => {
  const other = await start("--webhook", "5/right");
  const at = (token) => ask("POST", `${other.base}/api/webhooks/5/${token}`, { content: "x" });
  assert.equal((await at("wrong")).status, 404);
  assert.equal((await at("right")).status, 204);
  other.process.kill();
});

test("an empty message is refused, new or edited", async () => {
  for (const body of [{}, { content: "  " }, { embeds: [] }, { embeds: [{}] }]) {
    const { status, body: answer } = await post(body);
    assert.equal(status, 400);
    assert.deepEqual(answer, { message: "Cannot send an empty message", code: 50006 });
    await pause(420);
  }
  const { body } = await post({ content: "x" });
  const answer = await ask("PATCH", `${hook}/messages/${body.id}`, { content: "" });
  assert.equal(answer.body.code, 50006);
});

test("what is no JSON is refused", async () => {
  const { status, body } = await post("{");
  assert.equal(status, 400);
  assert.equal(body.code, 50109);
});

// One row a documented limit: a body at the limit, one beyond it, and where Discord points to.
const long = (n) => "x".repeat(n);
const inEmbed = (member) => ({ embeds: [{ title: "t", ...member }] });
const field = (name, value) => inEmbed({ fields: [{ name, value }] });
const limits = {
  "content 2000": [{ content: long(2000) }, { content: long(2001) }, ["content"]],
  "embeds 10": [
    { embeds: Array(10).fill({ title: "t" }) },
    { embeds: Array(11).fill({ title: "t" }) },
    ["embeds"],
  ],
  "title 256": [inEmbed({ title: long(256) }), inEmbed({ title: long(257) }), ["embeds", 0, "title"]],
  "description 4096": [
    inEmbed({ description: long(4096) }),
    inEmbed({ description: long(4097) }),
    ["embeds", 0, "description"],
  ],
  "fields 25": [
    inEmbed({ fields: Array(25).fill({ name: "n", value: "v" }) }),
    inEmbed({ fields: Array(26).fill({ name: "n", value: "v" }) }),
    ["embeds", 0, "fields"],
  ],
  "name 256": [field(long(256), "v"), field(long(257), "v"), ["embeds", 0, "fields", 0, "name"]],
  "value 1024": [field("n", long(1024)), field("n", long(1025)), ["embeds", 0, "fields", 0, "value"]],
  "footer 2048": [
    inEmbed({ footer: { text: long(2048) } }),
    inEmbed({ footer: { text: long(2049) } }),
    ["embeds", 0, "footer", "text"],
  ],
  "author 256": [
    inEmbed({ author: { name: long(256) } }),
    inEmbed({ author: { name: long(257) } }),
    ["embeds", 0, "author", "name"],
  ],
};

for (const [name, [good, bad, path]] of Object.entries(limits)) {
  test(`${name} is taken, one more is refused where it stands`, async () => {
    assert.equal((await post(good)).status, 200);
    const { status, body } = await post(bad);
    const found = path.reduce((node, step) => node?.[step], body.errors);
    assert.equal(status, 400);
    assert.equal(body.code, 50035);
    assert.equal(found._errors[0].code, "BASE_TYPE_MAX_LENGTH");
    assert.match(found._errors[0].message, new RegExp(`Must be ${name.split(" ")[1]} or fewer`));
  });
}

test("all embeds together hold 6000 units, and an emoji is two", async () => {
  const embeds = (n) => ({ embeds: [{ description: long(4000) }, { description: long(n - 4000) }] });
  assert.equal((await post(embeds(6000))).status, 200);
  const { body } = await post(embeds(6001));
  assert.equal(body.errors.embeds._errors[0].code, "MAX_EMBED_SIZE_EXCEEDED");
  assert.equal((await post({ content: "😀".repeat(1000) })).status, 200);
  assert.equal((await post({ content: "😀".repeat(1001) })).status, 400);
});

test("what has the wrong type or is missing is refused", async () => {
  const rows = [
    [{ content: {} }, ["content"], "STRING_TYPE_CONVERT"],
    [{ embeds: "x" }, ["embeds"], "LIST_TYPE_CONVERT"],
    [{ embeds: [3] }, ["embeds", 0], "DICT_TYPE_CONVERT"],
    [inEmbed({ color: 0x1000000 }), ["embeds", 0, "color"], "NUMBER_TYPE_MAX"],
    [inEmbed({ color: "red" }), ["embeds", 0, "color"], "NUMBER_TYPE_COERCE"],
    [inEmbed({ timestamp: "soon" }), ["embeds", 0, "timestamp"], "DATE_TIME_TYPE_PARSE"],
    [inEmbed({ url: "nowhere" }), ["embeds", 0, "url"], "URL_TYPE_INVALID_URL"],
    [inEmbed({ url: "ftp://a.b" }), ["embeds", 0, "url"], "URL_TYPE_INVALID_SCHEME"],
    [field("", "v"), ["embeds", 0, "fields", 0, "name"], "BASE_TYPE_REQUIRED"],
    [field("n", " \n "), ["embeds", 0, "fields", 0, "value"], "BASE_TYPE_REQUIRED"],
    [{ content: "x", allowed_mentions: { parse: ["all"] } }, ["allowed_mentions", "parse", 0], "BASE_TYPE_CHOICES"],
    [
      { content: "x", allowed_mentions: { parse: ["users"], users: ["1"] } },
      ["allowed_mentions"],
      "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
    ],
  ];
  for (const [sent, path, code] of rows) {
    const { status, body } = await post(sent);
    if (status === 429) await pause(1000 * body.retry_after);
    const answer = status === 429 ? (await post(sent)).body : body;
    const found = path.reduce((node, step) => node?.[step], answer.errors);
    assert.equal(found?._errors[0].code, code);
  }
});

test("a larger bucket serves more at once", async () => {
  const roomy = await start("--bucket", "8");
  const url = `${roomy.base}/api/webhooks/1/x?wait=true`;
  const answers = [];
  for (let i = 0; i < 9; i++) answers.push(await ask("POST", url, { content: "hello" }));
  roomy.process.kill();
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200, 200, 200, 200, 200, 200, 429],
  );
  assert.equal(answers[0].headers.get("x-ratelimit-limit"), "8");
});

test("five requests in two seconds are served, the sixth is told when to come back", async () => {
  for (let left = 4; left >= 0; left--) {
    const { status, headers } = await post({ content: "x" });
    assert.equal(status, 200);
    assert.equal(headers.get("x-ratelimit-limit"), "5");
    assert.equal(headers.get("x-ratelimit-remaining"), String(left));
  }
  const { status, headers, body } = await post({ content: "x" });
  assert.equal(status, 429);
  assert.equal(headers.get("x-ratelimit-scope"), "user");
  assert.equal(headers.get("retry-after"), String(Math.ceil(body.retry_after)));
  assert.equal(body.global, false);
  assert.ok(body.retry_after > 0 && body.retry_after <= 2);
  await pause(1000 * body.retry_after);
  assert.equal((await post({ content: "x" })).status, 200);
});

test("a share of the requests is told to wait, for all routes when it is global", async () => {
  await setMode({ mode: "429", every: 3, global: true, retry_after: 1.5 });
  const answers = [];
  for (let i = 0; i < 3; i++) answers.push(await post({ content: "x" }));
  assert.deepEqual(answers.map(({ status }) => status), [200, 200, 429]);
  assert.equal(answers[2].headers.get("x-ratelimit-global"), "true");
  assert.equal(answers[2].headers.get("x-ratelimit-limit"), null);
  assert.deepEqual(answers[2].body, {
    message: "You are being rate limited.",
    retry_after: 1.5,
    global: true,
  });
  assert.equal((await history()).messages.length, 2);
});

test("it can be broken, banned and gone", async () => {
  await setMode({ mode: "500" });
  assert.equal((await post({ content: "x" })).status, 500);
  await setMode({ mode: "404" });
  assert.equal((await post({ content: "x" })).body.code, 10015);
  await setMode({ mode: "cloudflare", retry_after: 30 });
  const { status, headers, body } = await post({ content: "x" });
  assert.equal(status, 429);
  assert.equal(headers.get("retry-after"), "30");
  assert.equal(headers.get("x-ratelimit-scope"), null);
  assert.match(body, /^<!DOCTYPE html>/);
  assert.equal((await history()).messages.length, 0);
});

test("what hangs answers no question about the webhook either", async () => {
  await setMode({ mode: "hang" });
  await assert.rejects(fetch(hook, { signal: AbortSignal.timeout(200) }));
  await setMode({ mode: "ok" });
  assert.equal((await ask("GET", hook)).status, 200);
});

test("it can fall silent or hang up, having taken the message or not", async () => {
  await setMode({ mode: "drop" });
  await assert.rejects(post({ content: "x" }));
  await setMode({ mode: "hang", stores: true });
  await assert.rejects(
    fetch(hook, { method: "POST", body: '{"content":"kept"}', signal: AbortSignal.timeout(200) }),
  );
  const { messages } = await history();
  assert.deepEqual(messages.map(({ versions }) => versions[0].content), ["kept"]);
});

test("a mode may be about new messages only", async () => {
  await setMode({ mode: "500", only: "create" });
  assert.equal((await post({ content: "x" })).status, 500);
  await setMode({ mode: "500", only: "edit" });
  const { status, body } = await post({ content: "x" });
  assert.equal(status, 200);
  assert.equal((await ask("PATCH", `${hook}/messages/${body.id}`, {})).status, 500);
});

test("a mode may hold for so many requests", async () => {
  await setMode({ mode: "500", every: 2, times: 1 });
  const statuses = [];
  for (let i = 0; i < 4; i++) statuses.push((await post({ content: "x" })).status);
  assert.deepEqual(statuses, [200, 500, 200, 200]);
});

test("a mode that there isn't is refused", async () => {
  assert.equal((await setMode({ mode: "sulk" })).status, 400);
  assert.equal((await setMode({ mode: "429", every: 0 })).status, 400);
  assert.equal((await setMode({ mode: "429", times: 0.5 })).status, 400);
  assert.equal((await ask("POST", `${base}/standin/mode`, "{")).status, 400);
});

test("an incident that is told twice is found", async () => {
  const first = (await post(ofIncident("mumbai-t1"))).body.id;
  await post(ofIncident("mumbai-t2"));
  const second = (await post(ofIncident("mumbai-t1"))).body.id;
  const { duplicates, messages } = await history();
  assert.deepEqual(duplicates, [{ incident: "mumbai-t1", ids: [first, second] }]);
  assert.deepEqual(messages.map(({ duplicate_of }) => duplicate_of), [null, null, first]);
});

test("mentions are who the content calls and allowed_mentions lets it", async () => {
  const content = "<@1> <@2> <@&3> @everyone";
  const { body } = await post({ content, allowed_mentions: { parse: [], users: ["2"] } });
  assert.deepEqual(body.mentions.map(({ id }) => id), ["2"]);
  assert.deepEqual(body.mention_roles, []);
  assert.equal(body.mention_everyone, false);
});

test("the log holds each request and no token", async () => {
  await post(ofIncident("mumbai-logged"));
  const lines = readFileSync(log, "utf8").trim().split("\n");
  const entry = JSON.parse(lines.at(-1));
  assert.equal(entry.status, 200);
  assert.equal(entry.incident, "mumbai-logged");
  assert.ok(!lines.some((line) => line.includes("tok-en")));
});

test("the page says what it is, and follows live", async () => {
  const page = await ask("GET", `${base}/`);
  assert.match(page.body, /STAND-IN/);
  assert.match(page.body, /not Discord/);
  const aborter = new AbortController();
  const stream = await fetch(`${base}/standin/events`, { signal: aborter.signal });
  const reader = stream.body.pipeThrough(new TextDecoderStream()).getReader();
  await reader.read();
  await post({ content: "live" });
  assert.match((await reader.read()).value, /event: message\ndata: .*"live"/);
  aborter.abort();
});

test("another path is not found, and another method not allowed", async () => {
  assert.equal((await ask("GET", `${base}/api/users/1`)).status, 404);
  assert.equal((await ask("PUT", hook, "{}")).status, 405);
});
