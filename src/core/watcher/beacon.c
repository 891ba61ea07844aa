/* SPDX-License-Identifier: Apache-2.0 */
/* beacon: what sites and the watcher say to each other, as JSON and back. */
#include "core/watcher/watcher.h"

#include <string.h>

static enum rc copy_name(const json_t *o, const char *key, char *to, size_t size, struct err *e)
{
	const char *value = json_get_text(o, key, NULL);

	if (!value || !*value)
		return err_set(e, RC_INPUT, "\"%s\" is missing", key);
	if (!str_copy(to, size, value))
		return err_set(e, RC_INPUT, "\"%s\" is longer than %zu bytes", key, size - 1);
	return RC_OK;
}

static void write_texts(struct json_out *w, const char *key, const char *const *texts, uint32_t n)
{
	json_array_open(w, key);
	for (uint32_t i = 0; i < n; i++)
		json_text(w, NULL, texts[i]);
	json_close(w);
}

struct names {
	const char *key;
	uint32_t most;
	const char **to; /* `most` of them */
	uint32_t *n;
};

/* Without what can't be a name, and what is beyond the most. */
static enum rc read_names(const json_t *o, struct arena *a, const struct names *names,
	struct err *e)
{
	const json_t *list = json_object_get(o, names->key), *item;
	uint32_t n = 0;
	size_t i;

	json_array_foreach (list, i, item) {
		const char *text = json_string_value(item);

		if (n == names->most)
			break;
		if (!text || !*text || strlen(text) > NAME_BYTES_MAX * 2)
			continue;
		names->to[n] = arena_strdup(a, text);
		if (!names->to[n])
			return err_set(e, RC_LIMIT, "\"%s\" takes too much memory", names->key);
		n++;
	}
	*names->n = n;
	return RC_OK;
}

/* ---- beacon */

static void write_delivery(struct json_out *w, const struct beacon_delivery *d)
{
	json_object_open(w, NULL);
	json_int(w, "number", (int64_t)d->number);
	json_text(w, "channel", d->channel);
	json_bool(w, "is_edit", d->is_edit);
	json_text(w, "message", d->message);
	json_text(w, "payload", d->payload);
	json_close(w);
}

void beacon_write(const struct beacon *b, struct str *out)
{
	struct json_out w;

	json_begin(&w, out);
	json_object_open(&w, NULL);
	json_text(&w, "lab", b->lab);
	json_text(&w, "site", b->site);
	json_int(&w, "boot", (int64_t)b->boot);
	json_int(&w, "seq", (int64_t)b->seq);
	json_time(&w, "wall", b->wall);
	write_texts(&w, "hears", b->hears, b->n_hears);
	write_texts(&w, "told", b->told, b->n_told);
	json_bool(&w, "wants_drill", b->wants_drill);
	json_array_open(&w, "deliver");
	for (uint32_t i = 0; i < b->n_deliver; i++)
		write_delivery(&w, &b->deliver[i]);
	json_close(&w);
	json_close(&w);
}

static enum rc read_delivery(const json_t *o, struct arena *a, struct beacon_delivery *d,
	struct err *e)
{
	const char *payload = json_get_text(o, "payload", NULL);
	enum rc rc = copy_name(o, "channel", d->channel, sizeof d->channel, e);

	if (rc != RC_OK)
		return rc;
	if (!payload || !*payload)
		return err_set(e, RC_INPUT, "\"payload\" is missing");
	d->number = (uint64_t)json_get_int(o, "number", 0);
	d->is_edit = json_get_bool(o, "is_edit", false);
	if (!str_copy(d->message, sizeof d->message, json_get_text(o, "message", "")))
		return err_set(e, RC_INPUT, "\"message\" is too long");
	d->payload = arena_strdup(a, payload);
	return d->payload ? RC_OK : err_set(e, RC_LIMIT, "the beacon is too large");
}

static enum rc read_deliveries(const json_t *o, struct arena *a, struct beacon *b, struct err *e)
{
	const json_t *list = json_object_get(o, "deliver"), *item;
	size_t i;

	json_array_foreach (list, i, item) {
		enum rc rc;

		if (b->n_deliver == BEACON_DELIVER_MAX)
			return err_set(e, RC_LIMIT, "more than %d deliveries in one beacon",
				BEACON_DELIVER_MAX);
		rc = read_delivery(item, a, &b->deliver[b->n_deliver], e);
		if (rc != RC_OK)
			return err_in(e, rc, "deliver[%zu]", i);
		b->n_deliver++;
	}
	return RC_OK;
}

enum rc beacon_read(const char *text, size_t n, struct arena *a, struct beacon *ret, struct err *e)
{
	scoped(json_decref) json_t *o = NULL;
	struct beacon b = { 0 };
	const struct names hears = { "hears", SITES_MAX, b.hears, &b.n_hears };
	const struct names told = { "told", BEACON_TOLD_MAX, b.told, &b.n_told };
	enum rc rc = json_read(&o, text, n, e);

	if (rc == RC_OK)
		rc = copy_name(o, "lab", b.lab, sizeof b.lab, e);
	if (rc == RC_OK)
		rc = copy_name(o, "site", b.site, sizeof b.site, e);
	if (rc == RC_OK)
		rc = read_deliveries(o, a, &b, e);
	if (rc == RC_OK)
		rc = read_names(o, a, &hears, e);
	if (rc == RC_OK)
		rc = read_names(o, a, &told, e);
	if (rc != RC_OK)
		return err_in(e, rc, "beacon");
	b.boot = (uint64_t)json_get_int(o, "boot", 0);
	b.seq = (uint64_t)json_get_int(o, "seq", 0);
	b.wall = json_get_time(o, "wall");
	b.wants_drill = json_get_bool(o, "wants_drill", false);
	*ret = b;
	return RC_OK;
}

/* ---- answer */

static void write_view(struct json_out *w, const struct beacon_view *v)
{
	json_object_open(w, NULL);
	json_text(w, "site", v->site);
	json_bool(w, "is_heard", v->is_heard);
	json_int(w, "quiet_ms", v->quiet_ms);
	json_time(w, "since", v->since);
	write_texts(w, "told", v->told, v->n_told);
	json_close(w);
}

static bool is_said(const struct sha256 *hash)
{
	static const struct sha256 none;

	return memcmp(hash, &none, sizeof none) != 0;
}

void beacon_answer_write(const struct beacon_answer *b, struct str *out)
{
	char hex[SHA256_HEX];
	struct json_out w;

	json_begin(&w, out);
	json_object_open(&w, NULL);
	json_text(&w, "watcher", b->watcher);
	json_int(&w, "boot", (int64_t)b->boot);
	json_int(&w, "seq", (int64_t)b->seq);
	json_time(&w, "wall", b->wall);
	json_array_open(&w, "sites");
	for (uint32_t i = 0; i < b->n_sites; i++)
		write_view(&w, &b->sites[i]);
	json_close(&w);
	json_array_open(&w, "receipts");
	for (uint32_t i = 0; i < b->n_receipts; i++) {
		const struct beacon_receipt *r = &b->receipts[i];

		json_object_open(&w, NULL);
		json_int(&w, "number", (int64_t)r->number);
		json_bool(&w, "is_delivered", r->is_delivered);
		json_bool(&w, "is_lost", r->is_lost);
		json_bool(&w, "is_unanswered", r->is_unanswered);
		json_text(&w, "message", r->message);
		json_text(&w, "reason", r->reason);
		json_close(&w);
	}
	json_close(&w);
	json_bool(&w, "drill_done", b->drill_done);
	json_bool(&w, "drill_ok", b->drill_ok);
	json_text(&w, "drill_reason", b->drill_reason);
	json_text(&w, "config_why", b->config_why);
	if (is_said(&b->lab_hash))
		json_text(&w, "lab_hash", sha256_hex(&b->lab_hash, hex));
	json_close(&w);
}

static enum rc read_views(const json_t *o, struct arena *a, struct beacon_answer *b, struct err *e)
{
	const json_t *list = json_object_get(o, "sites"), *item;
	size_t i;

	json_array_foreach (list, i, item) {
		struct beacon_view *v = &b->sites[b->n_sites];
		const struct names told = { "told", BEACON_TOLD_MAX, v->told, &v->n_told };
		enum rc rc;

		if (b->n_sites == SITES_MAX)
			break;
		if (copy_name(item, "site", v->site, sizeof v->site, NULL) != RC_OK)
			continue;
		v->is_heard = json_get_bool(item, "is_heard", false);
		v->quiet_ms = json_get_int(item, "quiet_ms", -1);
		v->since = json_get_time(item, "since");
		rc = read_names(item, a, &told, e);
		if (rc != RC_OK)
			return rc;
		b->n_sites++;
	}
	return RC_OK;
}

static void read_receipts(const json_t *o, struct beacon_answer *b)
{
	const json_t *list = json_object_get(o, "receipts"), *item;
	size_t i;

	json_array_foreach (list, i, item) {
		struct beacon_receipt *r = &b->receipts[b->n_receipts];

		if (b->n_receipts == BEACON_DELIVER_MAX)
			break;
		r->number = (uint64_t)json_get_int(item, "number", 0);
		r->is_delivered = json_get_bool(item, "is_delivered", false);
		r->is_lost = json_get_bool(item, "is_lost", false);
		r->is_unanswered = json_get_bool(item, "is_unanswered", false);
		str_copy(r->message, sizeof r->message, json_get_text(item, "message", ""));
		str_copy(r->reason, sizeof r->reason, json_get_text(item, "reason", ""));
		b->n_receipts++;
	}
}

enum rc beacon_answer_read(const char *text, size_t n, struct arena *a, struct beacon_answer *ret,
	struct err *e)
{
	scoped(json_decref) json_t *o = NULL;
	struct beacon_answer b = { 0 };
	enum rc rc = json_read(&o, text, n, e);

	if (rc == RC_OK)
		rc = copy_name(o, "watcher", b.watcher, sizeof b.watcher, e);
	if (rc == RC_OK)
		rc = read_views(o, a, &b, e);
	if (rc != RC_OK)
		return err_in(e, rc, "answer of the watcher");
	b.boot = (uint64_t)json_get_int(o, "boot", 0);
	b.seq = (uint64_t)json_get_int(o, "seq", 0);
	b.wall = json_get_time(o, "wall");
	read_receipts(o, &b);
	b.drill_done = json_get_bool(o, "drill_done", false);
	b.drill_ok = json_get_bool(o, "drill_ok", false);
	str_copy(b.drill_reason, sizeof b.drill_reason, json_get_text(o, "drill_reason", ""));
	str_copy(b.config_why, sizeof b.config_why, json_get_text(o, "config_why", ""));
	if (!sha256_parse(json_get_text(o, "lab_hash", ""), &b.lab_hash))
		b.lab_hash = (struct sha256){ 0 };
	*ret = b;
	return RC_OK;
}
