/* SPDX-License-Identifier: Apache-2.0 */
/*
 * beacon: a signed question to a watcher over HTTP, and its signed answer (doc/formats.md).
 *
 *	POST /beacon    X-Diarchy-Signature: base64 of Ed25519 over the body
 *	200             the same header over the answer's body
 */
#include "daemon/serve_private.h"

#define BEACON_TIMEOUT_MS 5000
#define ANSWER_BUDGET     (4u * WATCH_BODY_BYTES_MAX)

struct beacon_call {
	struct serve *s;
	uint8_t watcher;
};

static bool is_signed_by(const struct public_key *key, const struct http_response *r)
{
	char text[2 * SIGNATURE_BYTES];
	uint8_t signature[SIGNATURE_BYTES];

	return http_header(r->headers, BEACON_SIGNATURE, text, sizeof text) &&
	       base64_decode(text, signature, sizeof signature) == SIGNATURE_BYTES &&
	       key_verify(key, r->body, r->body_bytes, signature);
}

static enum rc judge(const struct http_response *r, const struct public_key *key, struct arena *a,
	struct beacon_answer *ret, struct err *e)
{
	if (r->outcome != HTTP_ANSWERED)
		return err_set(e, RC_OFFLINE, "%s", r->reason);
	if (r->status != 200)
		return err_set(e, RC_REFUSED, "it answers HTTP %d: %.100s", r->status, r->body);
	if (!is_signed_by(key, r))
		return err_set(e, RC_REFUSED,
			"its answer is not signed with the key that lab.yaml has for it");
	return beacon_answer_read(r->body, r->body_bytes, a, ret, e);
}

static void answered(void *ctx, const struct http_response *r)
{
	struct beacon_call *q = ctx;
	struct serve *s = q->s;
	uint8_t watcher = q->watcher;
	scoped(arena_fini) struct arena a = { 0 };
	struct beacon_answer answer;
	struct err e = { 0 };
	bool is_good;

	free(q);
	if (watcher >= s->lab->n_watchers)
		return; /* left the lab meanwhile */
	arena_init(&a, ANSWER_BUDGET);
	is_good = judge(r, &s->lab->watchers[watcher].key, &a, &answer, &e) == RC_OK;
	site_watcher(s->site, daemon_now(), watcher, is_good ? &answer : NULL, e.text);
	drive_drain(s);
}

void beacon_send(struct serve *s, uint8_t watcher, const struct beacon *b)
{
	scoped(str_fini) struct str body = STR_EMPTY, url = STR_EMPTY, header = STR_EMPTY;
	uint8_t signature[SIGNATURE_BYTES];
	char text[2 * SIGNATURE_BYTES];
	struct beacon_call *q = must_alloc(sizeof *q);
	struct http_call *call;
	struct err e = { 0 };

	beacon_write(b, &body);
	key_sign(&s->key, str_c(&body), body.len, signature);
	base64_encode(signature, sizeof signature, text);
	str_addf(&header, "%s: %s", BEACON_SIGNATURE, text);
	str_addf(&url, "%s/beacon", s->lab->watchers[watcher].url);
	*q = (struct beacon_call){ s, watcher };
	const char *headers[] = { str_c(&header), "Content-Type: application/json" };
	struct http_request r = { .method = "POST",
		.url = str_c(&url),
		.headers = headers,
		.n_headers = COUNT(headers),
		.body = str_c(&body),
		.body_bytes = body.len,
		.timeout_ms = BEACON_TIMEOUT_MS,
		.answer_bytes_max = WATCH_BODY_BYTES_MAX,
		.done = answered,
		.ctx = q };

	if (http_start(s->http, &r, &call, &e) == RC_OK)
		return;
	log_warning("asking watcher %s: %s", s->lab->watchers[watcher].name, e.text);
	free(q);
}
