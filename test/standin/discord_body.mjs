// SPDX-License-Identifier: Apache-2.0
// What Discord refuses in the body of a message, and how it says so (docs: Execute Webhook; Message
// Resource, "Embed Limits"; Opcodes and Status Codes, "JSON Error Response"). Texts are measured trimmed, in
// UTF-16 code units, which is never more lenient than Discord itself.

const LIMITS = {
  content: 2000,
  username: 80,
  embeds: 10,
  title: 256,
  description: 4096,
  fields: 25,
  name: 256,
  value: 1024,
  footer: 2048,
  author: 256,
  total: 6000,
  mentionIds: 100,
};
const COLOUR_MAX = 0xffffff;

const error = {
  required: () => ["BASE_TYPE_REQUIRED", "This field is required"],
  tooLong: (most) => ["BASE_TYPE_MAX_LENGTH", `Must be ${most} or fewer in length.`],
  noText: () => ["STRING_TYPE_CONVERT", "Could not interpret value as string."],
  noList: () => ["LIST_TYPE_CONVERT", "Only iterables may be used in a ListType"],
  noObject: () => ["DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType"],
  noNumber: (value) => ["NUMBER_TYPE_COERCE", `Value "${value}" is not int.`],
  tooLarge: (most) => ["NUMBER_TYPE_MAX", `int value should be less than or equal to ${most}.`],
  noTime: (value) => ["DATE_TIME_TYPE_PARSE", `Could not parse ${value}. Should be ISO8601.`],
  noUrl: () => ["URL_TYPE_INVALID_URL", "Not a well formed URL."],
  noScheme: (scheme) => [
    "URL_TYPE_INVALID_SCHEME",
    `Scheme "${scheme}" must be one of ('http', 'https').`,
  ],
  noSnowflake: (value) => ["NUMBER_TYPE_COERCE", `Value "${value}" is not snowflake.`],
  noChoice: (choices) => ["BASE_TYPE_CHOICES", `Value must be one of {${choices}}.`],
  exclusive: (kind) => [
    "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
    `parse:["${kind}"] and ${kind}: [ids...] are mutually exclusive.`,
  ],
  embedsTooLong: () => ["MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000"],
};

/** Collects errors in the tree that Discord answers with: {embeds: {0: {title: {_errors: [...]}}}}. */
class Findings {
  tree = {};
  count = 0;

  add(path, [code, message]) {
    let node = this.tree;
    for (const step of path) node = node[step] ??= {};
    (node._errors ??= []).push({ code, message });
    this.count++;
  }
}

const isAbsent = (value) => value === undefined || value === null;
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** Checks a text; returns its length for the sum of all embeds. */
function text(findings, path, value, most, isRequired = false) {
  if (isAbsent(value)) {
    if (isRequired) findings.add(path, error.required());
    return 0;
  }
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") {
    findings.add(path, error.noText());
    return 0;
  }
  const length = String(value).trim().length;
  if (isRequired && length === 0) findings.add(path, error.required());
  if (length > most) findings.add(path, error.tooLong(most));
  return length;
}

function url(findings, path, value) {
  if (isAbsent(value)) return;
  let parsed;
  try {
    parsed = new URL(value);
  } catch {
    findings.add(path, error.noUrl());
    return;
  }
  if (!["http:", "https:"].includes(parsed.protocol))
    findings.add(path, error.noScheme(parsed.protocol.slice(0, -1)));
  else if (!/[.:]/.test(parsed.hostname)) findings.add(path, error.noUrl()); // "localhost"
}

function colour(findings, path, value) {
  if (isAbsent(value)) return;
  if (!/^\d+$/.test(String(value))) findings.add(path, error.noNumber(value));
  else if (Number(value) > COLOUR_MAX) findings.add(path, error.tooLarge(COLOUR_MAX));
}

function time(findings, path, value) {
  if (isAbsent(value)) return;
  if (typeof value !== "string" || Number.isNaN(Date.parse(value)))
    findings.add(path, error.noTime(value));
}

function list(findings, path, value, most) {
  if (isAbsent(value)) return [];
  if (!Array.isArray(value)) {
    findings.add(path, error.noList());
    return [];
  }
  if (value.length > most) findings.add(path, error.tooLong(most));
  return value;
}

function object(findings, path, value) {
  if (isAbsent(value)) return {};
  if (isObject(value)) return value;
  findings.add(path, error.noObject());
  return {};
}

function field(findings, path, value) {
  const f = object(findings, path, value);
  return (
    text(findings, [...path, "name"], f.name, LIMITS.name, true) +
    text(findings, [...path, "value"], f.value, LIMITS.value, true)
  );
}

/** Returns how much the embed counts towards the sum. */
function embed(findings, path, value) {
  const e = object(findings, path, value);
  const footer = object(findings, [...path, "footer"], e.footer);
  const author = object(findings, [...path, "author"], e.author);
  let length = text(findings, [...path, "title"], e.title, LIMITS.title);
  length += text(findings, [...path, "description"], e.description, LIMITS.description);
  length += text(findings, [...path, "footer", "text"], footer.text, LIMITS.footer, !!e.footer);
  length += text(findings, [...path, "author", "name"], author.name, LIMITS.author, !!e.author);
  list(findings, [...path, "fields"], e.fields, LIMITS.fields).forEach((value, i) => {
    length += field(findings, [...path, "fields", i], value);
  });
  url(findings, [...path, "url"], e.url);
  for (const part of ["image", "thumbnail"])
    url(findings, [...path, part, "url"], object(findings, [...path, part], e[part]).url);
  colour(findings, [...path, "color"], e.color);
  time(findings, [...path, "timestamp"], e.timestamp);
  return length;
}

function allowedMentions(findings, value) {
  const path = ["allowed_mentions"];
  const allowed = object(findings, path, value);
  const parse = list(findings, [...path, "parse"], allowed.parse, 3);
  parse.forEach((kind, i) => {
    if (!["users", "roles", "everyone"].includes(kind))
      findings.add([...path, "parse", i], error.noChoice("'users', 'roles', 'everyone'"));
  });
  for (const kind of ["users", "roles"]) {
    const ids = list(findings, [...path, kind], allowed[kind], LIMITS.mentionIds);
    ids.forEach((id, i) => {
      if (!/^\d+$/.test(String(id))) findings.add([...path, kind, i], error.noSnowflake(id));
    });
    if (ids.length && parse.includes(kind)) findings.add(path, error.exclusive(kind));
  }
}

const isEmptyText = (value) => isAbsent(value) || String(value).trim() === "";

/** Whether an embed would show anything at all. */
const showsSomething = (e) =>
  isObject(e) &&
  (!isEmptyText(e.title) || !isEmptyText(e.description) || e.fields?.length > 0 ||
    e.image?.url || e.thumbnail?.url || !isEmptyText(e.footer?.text) || !isEmptyText(e.author?.name));

/** The message would hold nothing: content and embeds as they would be afterwards. */
export function isEmptyMessage({ content, embeds }) {
  return isEmptyText(content) && !(embeds ?? []).some(showsSomething);
}

/** Discord's answer to a body that it refuses, or null. */
export function refusal(body) {
  const findings = new Findings();
  let total = 0;

  if (!isObject(body)) return { message: "Invalid Form Body", code: 50035, errors: { _errors: [] } };
  text(findings, ["content"], body.content, LIMITS.content);
  text(findings, ["username"], body.username, LIMITS.username);
  url(findings, ["avatar_url"], body.avatar_url);
  list(findings, ["embeds"], body.embeds, LIMITS.embeds).forEach((value, i) => {
    total += embed(findings, ["embeds", i], value);
  });
  if (total > LIMITS.total) findings.add(["embeds"], error.embedsTooLong());
  allowedMentions(findings, body.allowed_mentions);
  if (findings.count === 0) return null;
  return { message: "Invalid Form Body", code: 50035, errors: findings.tree };
}
