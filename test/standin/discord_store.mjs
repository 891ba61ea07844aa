// SPDX-License-Identifier: Apache-2.0
// Messages with all their versions, and whether an incident was told more than once.
const EPOCH_MS = 1420070400000n; // Discord's: the first second of 2015

let lastSnowflake = 0n;

/** Ids of Discord hold the time: 42 bits of milliseconds above 22 that keep them apart. */
export function snowflake(now = Date.now()) {
  const id = (BigInt(now) - EPOCH_MS) << 22n;
  lastSnowflake = id > lastSnowflake ? id : lastSnowflake + 1n;
  return String(lastSnowflake);
}

/** "home · critical · mumbai-tnp2ub · told by mumbai": the incident stands before who told it. */
export function incidentOf(body) {
  const parts = (body.embeds?.[0]?.footer?.text ?? "").split(" · ");
  const teller = parts.findIndex((part) => part.startsWith("told by "));
  const id = parts[(teller < 0 ? parts.length : teller) - 1] ?? "";
  return /^\S+-[0-9a-z]+\S*$/.test(id) ? id : null;
}

const richEmbeds = (embeds) => (embeds ?? []).map((e) => ({ ...e, type: "rich" }));

/** Who the content calls, as far as allowed_mentions lets it. */
function mentionsOf({ content = "", allowed_mentions: allowed }) {
  const ids = (pattern) => [...(content ?? "").matchAll(pattern)].map((match) => match[1]);
  const isAllowed = (kind, id) =>
    !allowed || allowed.parse?.includes(kind) || (allowed[kind] ?? []).map(String).includes(id);
  const everyone = !allowed || allowed.parse?.includes("everyone");
  return {
    mentions: ids(/<@!?(\d+)>/g).filter((id) => isAllowed("users", id)),
    mention_roles: ids(/<@&(\d+)>/g).filter((id) => isAllowed("roles", id)),
    mention_everyone: !!everyone && /@(everyone|here)\b/.test(content ?? ""),
  };
}

export class Store {
  messages = new Map();
  isGone = new Set(); // webhooks that were deleted

  clear() {
    this.messages.clear();
    this.isGone.clear();
  }

  create(webhook, body, now = new Date()) {
    const message = {
      id: snowflake(now.getTime()),
      webhook_id: webhook,
      incident: incidentOf(body),
      created: now.toISOString(),
      deleted: null,
      versions: [],
    };
    this.messages.set(message.id, message);
    this.#add(message, body, now);
    return message;
  }

  /** Members that an edit doesn't name stay as they were. */
  edit(message, body, now = new Date()) {
    const { content, embeds } = message.versions.at(-1);
    this.#add(message, { content, embeds, ...body }, now);
    return message;
  }

  #add(message, body, now) {
    message.versions.push({
      at: now.toISOString(),
      content: body.content ?? "",
      embeds: richEmbeds(body.embeds),
      flags: body.flags ?? 0,
      ...mentionsOf(body),
    });
  }

  remove(message, now = new Date()) {
    message.deleted = now.toISOString();
  }

  find(webhook, id) {
    const message = this.messages.get(id);
    return message && message.webhook_id === webhook && !message.deleted ? message : null;
  }

  /** Incidents that more than one message began. */
  duplicates() {
    const byIncident = new Map();
    for (const { incident, id, versions } of this.messages.values()) {
      if (!incident || /^\d+ incidents while/.test(versions[0].embeds[0]?.title ?? "")) continue;
      byIncident.set(incident, [...(byIncident.get(incident) ?? []), id]);
    }
    return [...byIncident]
      .filter(([, ids]) => ids.length > 1)
      .map(([incident, ids]) => ({ incident, ids }));
  }

  /** Everything, oldest first, for tests and for the page. */
  history() {
    const duplicates = this.duplicates();
    const copies = new Map(duplicates.flatMap(({ ids }) => ids.slice(1).map((id) => [id, ids[0]])));
    const messages = [...this.messages.values()].map((message) => ({
      ...message,
      edits: message.versions.length - 1,
      duplicate_of: copies.get(message.id) ?? null,
    }));
    return { messages, duplicates };
  }
}

/** A message object as Discord answers with (docs: Message Resource). */
export function messageObject(message, webhook) {
  const last = message.versions.at(-1);
  const user = (id) => ({ id, username: `user-${id}`, avatar: null, discriminator: "0" });
  return {
    id: message.id,
    type: 0,
    channel_id: webhook.channel_id,
    webhook_id: webhook.id,
    author: {
      id: webhook.id,
      username: webhook.name,
      avatar: null,
      discriminator: "0000",
      public_flags: 0,
      flags: 0,
      bot: true,
      global_name: null,
    },
    content: last.content,
    embeds: last.embeds,
    mentions: last.mentions.map(user),
    mention_roles: last.mention_roles,
    mention_everyone: last.mention_everyone,
    attachments: [],
    components: [],
    pinned: false,
    tts: false,
    flags: last.flags,
    timestamp: message.created,
    edited_timestamp: message.versions.length > 1 ? last.at : null,
  };
}
