// SPDX-License-Identifier: Apache-2.0
// Discord's rate limits of webhooks (docs: Rate Limits): each route of a webhook has a bucket of five requests in
// two seconds, and every answer says how full it is. Discord's size isn't promised to anybody, so a test that needs
// thousands of messages may ask for a larger one.
import { createHash } from "node:crypto";

export const BUCKET_SIZE = 5;
const BUCKET_MS = 2000;

const seconds = (ms) => (ms / 1000).toFixed(3);

export class Limits {
  #buckets = new Map();
  #size;

  constructor(size = BUCKET_SIZE) {
    this.#size = size;
  }

  /** Takes one request from the bucket of `route`: what to say of it, and whether it was empty. */
  take(route, now = Date.now()) {
    let bucket = this.#buckets.get(route);
    if (!bucket || now >= bucket.resetsAt) {
      bucket = { used: 0, resetsAt: now + BUCKET_MS };
      this.#buckets.set(route, bucket);
    }
    const isRefused = bucket.used >= this.#size;
    if (!isRefused) bucket.used++;
    return { isRefused, waitMs: bucket.resetsAt - now, headers: this.#headers(route, bucket, now) };
  }

  #headers(route, bucket, now) {
    return {
      // "Non-inclusive of top-level resources in the path": the same for all webhooks.
      "x-ratelimit-bucket": createHash("md5").update(route.split(" ")[0]).digest("hex"),
      "x-ratelimit-limit": String(this.#size),
      "x-ratelimit-remaining": String(this.#size - bucket.used),
      "x-ratelimit-reset": seconds(bucket.resetsAt),
      "x-ratelimit-reset-after": seconds(bucket.resetsAt - now),
    };
  }

  clear() {
    this.#buckets.clear();
  }
}

/** A 429 as Discord sends it; `scope` is "user", "shared" or "global". */
export function tooMany(waitMs, scope = "user", headers = {}) {
  const isGlobal = scope === "global";
  const message =
    scope === "shared" ? "The resource is being rate limited." : "You are being rate limited.";
  return {
    status: 429,
    headers: {
      ...(isGlobal ? {} : headers),
      "retry-after": String(Math.ceil(waitMs / 1000)),
      "x-ratelimit-scope": scope,
      ...(isGlobal ? { "x-ratelimit-global": "true" } : {}),
    },
    body: { message, retry_after: Math.ceil(waitMs) / 1000, global: isGlobal },
  };
}

/** What Cloudflare says in Discord's stead to an address that it has banned: no JSON, no limits. */
export function banned(waitMs) {
  return {
    status: 429,
    headers: {
      "retry-after": String(Math.ceil(waitMs / 1000)),
      server: "cloudflare",
      "content-type": "text/html; charset=UTF-8",
    },
    body: "<!DOCTYPE html><title>Access denied</title><h1>Error 1015</h1><p>You are being rate limited</p>",
  };
}
