// SPDX-License-Identifier: Apache-2.0
// The channel as Discord would show it, live, and the receiver's controls.
import { inline, markdown, relative } from "./markdown.mjs";

const $ = (id) => document.getElementById(id);
const messages = new Map(); // by id
const chosen = new Map(); // message id -> version that somebody looks at, while it isn't the last
let copies = new Map(); // message id -> the first message about its incident

const MODES = [
  ["ok", "Takes what is within Discord's limits."],
  ["429", "Too many requests: come back in a second."],
  ["500", "Something is broken over there."],
  ["404", "Somebody deleted the webhook."],
  ["hang", "Takes the request and never answers."],
  ["drop", "Hangs up on the request."],
  ["cloudflare", "Cloudflare has banned the address: a 429 without JSON."],
];

function element(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children.filter((child) => child !== null));
  return node;
}

const clock = (at, options) => new Intl.DateTimeFormat(undefined, options).format(new Date(at));

/** "Today at 03:04", as Discord puts it. */
function when(at) {
  const days = Math.round(
    (new Date().setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / 86400000,
  );
  const time = clock(at, { timeStyle: "short" });
  if (days === 0) return `Today at ${time}`;
  if (days === 1) return `Yesterday at ${time}`;
  return `${clock(at, { dateStyle: "short" })} ${time}`;
}

// ---- messages

function avatar() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 40 40");
  svg.setAttribute("class", "avatar");
  svg.setAttribute("aria-hidden", "true");
  for (const [d, fill] of [
    ["M18.5 8a12 12 0 0 0 0 24z", "#5865f2"],
    ["M21.5 8a12 12 0 0 1 0 24z", "#f0b232"],
  ]) {
    const path = document.createElementNS(svg.namespaceURI, "path");
    path.setAttribute("d", d);
    path.setAttribute("fill", fill);
    svg.append(path);
  }
  return svg;
}

/** Discord puts up to three inline fields beside each other. */
function fieldNodes(fields) {
  const nodes = [];
  for (let i = 0; i < fields.length; ) {
    let row = 1;
    while (fields[i].inline && row < 3 && fields[i + row]?.inline) row++;
    for (const field of fields.slice(i, i + row)) {
      const className = row === 3 ? "third" : row === 2 ? "half" : "";
      nodes.push(
        element(
          "section",
          { className },
          element("h3", {}, ...inline(field.name)),
          element("div", {}, markdown(field.value)),
        ),
      );
    }
    i += row;
  }
  return nodes;
}

function embedNode(embed) {
  const node = element("article", { className: "embed" });
  const footer = [embed.footer?.text, embed.timestamp ? when(embed.timestamp) : null];
  if (embed.color !== undefined)
    node.style.setProperty("--colour", `#${embed.color.toString(16).padStart(6, "0")}`);
  if (embed.title) node.append(element("h2", {}, ...inline(embed.title)));
  if (embed.description) node.append(element("div", {}, markdown(embed.description)));
  if (embed.fields?.length)
    node.append(element("div", { className: "fields" }, ...fieldNodes(embed.fields)));
  if (footer.some(Boolean))
    node.append(element("footer", {}, footer.filter(Boolean).join(" • ")));
  return node;
}

function versionSlider(message, shown) {
  const last = message.versions.length;
  const slider = element("input", { type: "range", min: 1, max: last, value: shown });
  slider.setAttribute("aria-label", "Version of the message");
  slider.addEventListener("input", () => {
    chosen.set(message.id, Number(slider.value));
    draw(message);
    $(`m${message.id}`).querySelector("input")?.focus();
  });
  return element(
    "div",
    { className: "versions" },
    `version ${shown} of ${last}`,
    slider,
    clock(message.versions[shown - 1].at, { timeStyle: "medium" }),
  );
}

function editedMark(message) {
  const times = message.versions.slice(1).map(({ at }) => clock(at, { timeStyle: "medium" }));
  const mark = element("button", {
    className: "edited",
    type: "button",
    textContent: times.length > 1 ? `(edited ${times.length} times)` : "(edited)",
    title: `edited at ${times.slice(-10).join(", ")}`,
  });
  mark.addEventListener("click", () => {
    if (chosen.has(message.id)) chosen.delete(message.id);
    else chosen.set(message.id, message.versions.length);
    draw(message);
  });
  return mark;
}

function messageNode(message) {
  const shown = chosen.get(message.id) ?? message.versions.length;
  const version = message.versions[shown - 1];
  const calls = version.mentions.length || version.mention_roles.length || version.mention_everyone;
  const copyOf = copies.get(message.id);
  const names = ["message", calls ? "calls" : "", message.deleted ? "gone" : ""];
  return element(
    "li",
    { id: `m${message.id}`, className: names.filter(Boolean).join(" ") },
    avatar(),
    element(
      "div",
      {},
      element(
        "div",
        { className: "who" },
        element("b", { textContent: "Diarchy" }),
        element("span", { className: "tag", textContent: "APP" }),
        element("time", {
          className: "when",
          dateTime: message.created,
          textContent: when(message.created),
        }),
        message.versions.length > 1 ? editedMark(message) : null,
        message.deleted ? element("span", { className: "when", textContent: "deleted" }) : null,
      ),
      copyOf
        ? element("p", {
            className: "copy",
            textContent: `Duplicate: ${message.incident} was already told by message ${copyOf}`,
          })
        : null,
      version.content ? element("div", { className: "content" }, markdown(version.content)) : null,
      ...version.embeds.map(embedNode),
    ),
    chosen.has(message.id) ? versionSlider(message, shown) : null,
  );
}

const isAtEnd = () => $("log").scrollHeight - $("log").scrollTop - $("log").clientHeight < 120;

function draw(message) {
  const follows = isAtEnd();
  const before = $(`m${message.id}`);
  const node = messageNode(message);
  if (before) {
    before.replaceWith(node);
  } else {
    node.classList.add("is-new");
    $("log").querySelector(".empty")?.remove();
    drawDay(message);
    $("log").append(node);
  }
  if (follows) $("log").scrollTop = $("log").scrollHeight;
}

function drawDay(message) {
  const day = clock(message.created, { dateStyle: "long" });
  const last = [...$("log").querySelectorAll(".day")].at(-1)?.textContent;
  if (day !== last) $("log").append(element("li", { className: "day", textContent: day }));
}

function drawAll() {
  $("log").replaceChildren();
  if (messages.size === 0)
    $("log").append(
      element(
        "li",
        { className: "empty" },
        element("b", { textContent: "Nothing has died yet" }),
        "Messages of your lab appear here as Discord would show them.",
      ),
    );
  for (const message of messages.values()) draw(message);
  for (const node of document.querySelectorAll(".is-new")) node.classList.remove("is-new");
  $("log").scrollTop = $("log").scrollHeight;
}

function noteDuplicates(duplicates) {
  const before = copies;
  copies = new Map(duplicates.flatMap(({ ids }) => ids.slice(1).map((id) => [id, ids[0]])));
  for (const id of copies.keys()) if (!before.has(id) && messages.has(id)) draw(messages.get(id));
  $("duplicates").hidden = copies.size === 0;
  $("duplicates").textContent = `${copies.size} duplicate${copies.size === 1 ? "" : "s"}`;
}

// ---- requests and counts

function statusNode(status) {
  const kind = status === 429 ? "wait" : status >= 200 && status < 300 ? "" : "bad";
  return element("span", { className: `status ${kind}`, textContent: status });
}

function requestNode(entry) {
  const what = { POST: "new message", PATCH: "edit", DELETE: "delete", GET: "look" };
  return element(
    "li",
    { title: entry.reason ? JSON.stringify(entry.reason) : entry.path },
    element("time", { textContent: clock(entry.at, { timeStyle: "medium" }) }),
    element("span", { textContent: what[entry.method] ?? entry.method }),
    statusNode(entry.status),
    entry.title ? element("span", { className: "title", textContent: entry.title }) : null,
  );
}

function drawCounts(counts) {
  const rows = [
    ["messages", counts.created],
    ["edits", counts.edited],
    ["told to wait", counts.limited],
    ["refused", counts.refused],
  ];
  $("counts").replaceChildren(
    ...rows.map(([name, n]) =>
      element("div", {}, element("dt", { textContent: name }), element("dd", { textContent: n })),
    ),
  );
}

// ---- the receiver's controls

function drawMode(mode) {
  for (const radio of document.querySelectorAll('[name="mode"]'))
    radio.checked = radio.value === mode.mode;
  $("every").value = mode.every ?? 1;
  $("global").checked = !!mode.global;
  $("stores").checked = !!mode.stores;
  $("meaning").textContent = MODES.find(([name]) => name === mode.mode)[1];
  $("fold").textContent = mode.mode;
}

function sendMode() {
  const mode = {
    mode: document.querySelector('[name="mode"]:checked').value,
    every: Math.max(1, Number($("every").value) || 1),
    global: $("global").checked,
    stores: $("stores").checked,
  };
  fetch("/standin/mode", { method: "POST", body: JSON.stringify(mode) });
}

function start() {
  $("modes").append(
    ...MODES.map(([name]) =>
      element("label", {}, element("input", { type: "radio", name: "mode", value: name }), name),
    ),
  );
  $("receiver").addEventListener("change", sendMode);
  $("receiver").addEventListener("submit", (event) => event.preventDefault());
  $("fold").addEventListener("click", () => {
    const isOpen = document.querySelector(".side").classList.toggle("open");
    $("fold").setAttribute("aria-expanded", isOpen);
  });
}

// ---- the stream

function onHello({ data }) {
  const state = JSON.parse(data);
  messages.clear();
  for (const message of state.messages) messages.set(message.id, message);
  copies = new Map();
  noteDuplicates(state.duplicates);
  drawAll();
  drawMode(state.mode);
  drawCounts(state.counts);
  $("requests").replaceChildren(...state.requests.map(requestNode).reverse());
}

function onMessage({ data }) {
  const { message, duplicates } = JSON.parse(data);
  messages.set(message.id, message);
  chosen.delete(message.id);
  draw(message);
  noteDuplicates(duplicates);
}

function onRequest({ data }) {
  const { entry, counts } = JSON.parse(data);
  $("requests").prepend(requestNode(entry));
  while ($("requests").children.length > 200) $("requests").lastChild.remove();
  drawCounts(counts);
}

function sayLive(isLive) {
  $("live").textContent = isLive ? "live" : "the stand-in is not running";
  $("live").classList.toggle("on", isLive);
}

start();
const stream = new EventSource("/standin/events");
stream.addEventListener("open", () => sayLive(true));
stream.addEventListener("error", () => sayLive(false));
stream.addEventListener("hello", onHello);
stream.addEventListener("message", onMessage);
stream.addEventListener("mode", ({ data }) => drawMode(JSON.parse(data)));
stream.addEventListener("request", onRequest);
setInterval(() => {
  for (const node of document.querySelectorAll("[data-relative]"))
    node.textContent = relative(node.dataset.relative);
}, 1000);
