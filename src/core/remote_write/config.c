/* SPDX-License-Identifier: Apache-2.0 */
#include "core/remote_write/config.h"

#include "base/limits.h"
#include "base/str.h"
#include "base/time.h"

#include <stdio.h>
#include <strings.h>
#include <xxhash.h>

#define CONFIG_BYTES_MAX (4u << 20)
#define NAME_BYTES       17

static const struct doc_key queue_keys[] = {
	{ "capacity", doc_count, offsetof(struct remote_queue_config, capacity) },
	{ "max_shards", doc_count, offsetof(struct remote_queue_config, max_shards) },
	{ "min_shards", doc_count, offsetof(struct remote_queue_config, min_shards) },
	{ "max_samples_per_send", doc_count,
		offsetof(struct remote_queue_config, max_samples_per_send) },
	{ "batch_send_deadline", doc_duration,
		offsetof(struct remote_queue_config, batch_send_deadline_ms) },
	{ "min_backoff", doc_duration, offsetof(struct remote_queue_config, min_backoff_ms) },
	{ "max_backoff", doc_duration, offsetof(struct remote_queue_config, max_backoff_ms) },
	{ "retry_on_http_429", doc_flag, offsetof(struct remote_queue_config, retry_on_http_429) },
	{ "sample_age_limit", doc_duration,
		offsetof(struct remote_queue_config, sample_age_limit_ms) },
	{ 0 },
};

static void queue_init(struct doc_reader *r, void *to)
{
	(void)r;
	*(struct remote_queue_config *)to = (struct remote_queue_config){
		.capacity = 10000,
		.max_shards = 50,
		.min_shards = 1,
		.max_samples_per_send = 2000,
		.batch_send_deadline_ms = 5 * SECOND_MS,
		.min_backoff_ms = 30,
		.max_backoff_ms = 5 * SECOND_MS,
		.retry_on_http_429 = true,
	};
}

/* A number that a request or the shards need: at least 1, at most what memory allows. */
static void check_count(struct doc_reader *r, const struct doc_node *node, const char *key,
	uint64_t value, uint64_t most)
{
	if (value < 1 || value > most)
		doc_error(r, doc_at(node, key), "%s: expected 1 to %llu, not %llu", key,
			(unsigned long long)most, (unsigned long long)value);
}

static void queue_check(struct doc_reader *r, const struct doc_node *node, void *to)
{
	const struct remote_queue_config *q = to;

	check_count(r, node, "capacity", q->capacity, REMOTE_CAPACITY_MAX);
	check_count(r, node, "max_shards", q->max_shards, REMOTE_SHARDS_MAX);
	check_count(r, node, "min_shards", q->min_shards, q->max_shards);
	check_count(r, node, "max_samples_per_send", q->max_samples_per_send, REMOTE_BATCH_MAX);
	if (q->min_backoff_ms < 1 || q->max_backoff_ms < q->min_backoff_ms)
		doc_error(r, doc_at(node, "max_backoff"),
			"max_backoff: expected at least min_backoff, which is at least 1ms");
}

static const struct doc_shape queue_shape = {
	.name = "queue_config",
	.size_bytes = sizeof(struct remote_queue_config),
	.keys = queue_keys,
	.init = queue_init,
	.check = queue_check,
};

static const struct doc_key metadata_keys[] = {
	{ "send", doc_flag, offsetof(struct remote_metadata_config, send) },
	{ "send_interval", doc_duration, offsetof(struct remote_metadata_config, interval_ms) },
	{ "max_samples_per_send", doc_count,
		offsetof(struct remote_metadata_config, max_samples_per_send) },
	{ 0 },
};

static void metadata_init(struct doc_reader *r, void *to)
{
	(void)r;
	*(struct remote_metadata_config *)to = (struct remote_metadata_config){
		.send = true,
		.interval_ms = MINUTE_MS,
		.max_samples_per_send = 2000,
	};
}

static void metadata_check(struct doc_reader *r, const struct doc_node *node, void *to)
{
	const struct remote_metadata_config *m = to;

	check_count(r, node, "max_samples_per_send", m->max_samples_per_send, REMOTE_BATCH_MAX);
	if (m->interval_ms < SECOND_MS)
		doc_error(r, doc_at(node, "send_interval"), "send_interval: expected 1s or more");
}

static const struct doc_shape metadata_shape = {
	.name = "metadata_config",
	.size_bytes = sizeof(struct remote_metadata_config),
	.keys = metadata_keys,
	.init = metadata_init,
	.check = metadata_check,
};

static const struct doc_choice protocols[] = {
	{ "prometheus.WriteRequest", REMOTE_WRITE_1 },
	{ "io.prometheus.write.v2.Request", REMOTE_WRITE_2 },
	{ 0 },
};

/* Headers that the protocol itself sets. */
static bool is_reserved(const char *name)
{
	static const char *const reserved[] = { "authorization", "host", "content-encoding",
		"content-length", "content-type", "user-agent", "connection", "keep-alive",
		"proxy-authenticate", "proxy-authorization", "www-authenticate", "accept-encoding",
		"x-prometheus-remote-write-version", "x-prometheus-remote-read-version" };

	for (size_t i = 0; i < COUNT(reserved); i++)
		if (strcasecmp(name, reserved[i]) == 0)
			return true;
	return false;
}

static bool is_header(const char *name, const char *value)
{
	return *name && !name[strcspn(name, " \t\r\n:()<>@,;\\\"/[]?={}")] &&
	       !value[strcspn(value, "\r\n")];
}

void remote_take_headers(struct doc_reader *r, const struct doc_key *key,
	const struct doc_node *node, void *to)
{
	struct remote_headers *h = to;

	if (node->kind != DOC_MAPPING) {
		doc_expected(r, key, node, "a mapping of headers");
		return;
	}
	if (node->n > REMOTE_HEADERS_MAX) {
		doc_error(r, node, "headers: more than %d", REMOTE_HEADERS_MAX);
		return;
	}
	h->n = 0;
	h->v = doc_alloc(r, (node->n + 1) * sizeof *h->v);
	for (uint32_t i = 0; h->v && i < node->n; i++) {
		const char *name = doc_copy(r, key, node->keys[i]);
		const char *value = doc_copy(r, key, node->values[i]);

		if (!name || !value)
			continue;
		if (is_reserved(name))
			doc_error(r, node->keys[i],
				"header %s can't be set: it is written from the other settings",
				name);
		else if (!is_header(name, value))
			doc_error(r, node->keys[i], "'%.80s' can't be a header", name);
		else
			h->v[h->n++] = (struct remote_header){ name, value };
	}
}

static const struct doc_key write_keys[] = {
	{ "url", http_take_url, offsetof(struct remote_write, url) },
	{ "name", doc_text, offsetof(struct remote_write, name) },
	{ "remote_timeout", doc_duration, offsetof(struct remote_write, timeout_ms) },
	{ "headers", remote_take_headers, offsetof(struct remote_write, headers) },
	{ "write_relabel_configs", relabel_take, offsetof(struct remote_write, relabel) },
	{ "protobuf_message", doc_choose, offsetof(struct remote_write, protocol),
		.choices = protocols },
	{ "queue_config", doc_mapping, offsetof(struct remote_write, queue),
		.shape = &queue_shape },
	{ "metadata_config", doc_mapping, offsetof(struct remote_write, metadata),
		.shape = &metadata_shape },
	{ "send_exemplars", doc_flag, offsetof(struct remote_write, send_exemplars) },
	{ "send_native_histograms", doc_flag,
		offsetof(struct remote_write, send_native_histograms) },
	{ "round_robin_dns", doc_refused_flag, .hint = "name one address" },
	{ "sigv4", doc_refused, .hint = "put a proxy that signs requests in between" },
	{ "azuread", doc_refused, .hint = "use authorization with credentials_file" },
	{ "google_iam", doc_refused, .hint = "use authorization with credentials_file" },
	HTTP_CONFIG_KEYS(remote_write, http),
	{ 0 },
};

static void write_init(struct doc_reader *r, void *to)
{
	struct remote_write *w = to;

	*w = (struct remote_write){ .timeout_ms = 30 * SECOND_MS };
	http_config_init(&w->http);
	queue_init(r, &w->queue);
	metadata_init(r, &w->metadata);
}

void remote_check_tls(struct doc_reader *r, const struct doc_node *node,
	const struct http_config *http)
{
	if (http->tls.server_name || http->tls.min_version || http->tls.max_version)
		doc_error(r, doc_at(node, "tls_config"),
			"tls_config: server_name, min_version and max_version are not supported "
			"here");
}

static void write_check(struct doc_reader *r, const struct doc_node *node, void *to)
{
	struct remote_write *w = to;

	w->line = node->line;
	w->column = node->column;
	w->send_native_histograms |= w->protocol == REMOTE_WRITE_2;
	if (!w->url)
		doc_error(r, node, "url: a remote_write needs one");
	if (w->timeout_ms < 1)
		doc_error(r, doc_at(node, "remote_timeout"),
			"remote_timeout: expected 1ms or more");
	http_config_check(r, node, &w->http);
	remote_check_tls(r, node, &w->http);
}

static const struct doc_shape write_shape = {
	.name = "remote_write",
	.size_bytes = sizeof(struct remote_write),
	.keys = write_keys,
	.init = write_init,
	.check = write_check,
};

static const struct doc_key section_keys[] = {
	{ "remote_write", doc_list, 0, .shape = &write_shape },
	{ 0 },
};

/* The same place has the same key after a restart, so that it goes on where it was. */
static void name_it(struct doc_reader *r, struct remote_write *w)
{
	const char *text = w->name ? w->name : w->url;
	char *key = doc_alloc(r, NAME_BYTES);

	if (!key || !text)
		return;
	snprintf(key, NAME_BYTES, "%016llx", (unsigned long long)XXH3_64bits(text, strlen(text)));
	w->key = key;
	if (!w->name)
		w->name = arena_strndup(r->arena, key, 6); /* as Prometheus does */
}

static void check_names(struct doc_reader *r, const struct doc_node *list, struct remote_writes *w)
{
	for (uint32_t i = 0; i < w->n; i++)
		for (uint32_t k = 0; k < i; k++)
			if (w->v[i].key && w->v[k].key && str_eq(w->v[i].key, w->v[k].key))
				doc_error(r, list,
					"remote_write %u and %u are the same: give each a name",
					k + 1, i + 1);
}

static void read_section(struct doc_reader *r, const struct remote_write_section *s,
	struct remote_writes *w)
{
	struct doc_list list = { 0 };
	struct remote_write *all;

	r->file = s->file;
	r->folder = s->folder;
	if (!s->remote_write || s->remote_write->kind == DOC_NULL)
		return;
	doc_list(r, &section_keys[0], s->remote_write, &list);
	all = doc_alloc(r, (w->n + list.n + 1) * sizeof *all);
	if (!all)
		return;
	if (w->n)
		memcpy(all, w->v, w->n * sizeof *all);
	if (list.n)
		memcpy(all + w->n, list.v, list.n * sizeof *all);
	w->v = all;
	w->n += list.n;
	for (uint32_t i = w->n - list.n; i < w->n; i++)
		name_it(r, &w->v[i]);
	check_names(r, s->remote_write, w);
	if (w->n > REMOTE_WRITES_MAX)
		doc_error(r, s->remote_write, "remote_write: more than %d", REMOTE_WRITES_MAX);
}

/* What was written, to know whether it is the same. */
static void hash_node(XXH3_state_t *h, const struct doc_node *node)
{
	XXH3_64bits_update(h, &node->kind, sizeof node->kind);
	XXH3_64bits_update(h, &node->n, sizeof node->n);
	if (node->kind == DOC_SCALAR)
		XXH3_64bits_update(h, node->text, node->text_len + 1);
	for (uint32_t i = 0; i < node->n; i++) {
		if (node->kind == DOC_MAPPING)
			hash_node(h, node->keys[i]);
		hash_node(h, node->values[i]);
	}
}

static uint64_t hash_of(const struct remote_write_section *sections, uint32_t n)
{
	XXH3_state_t *h = XXH3_createState();
	uint64_t hash;

	must(h);
	XXH3_64bits_reset(h);
	for (uint32_t i = 0; i < n; i++) {
		XXH3_64bits_update(h, sections[i].folder, strlen(sections[i].folder) + 1);
		if (sections[i].remote_write)
			hash_node(h, sections[i].remote_write);
	}
	hash = XXH3_64bits_digest(h);
	XXH3_freeState(h);
	return hash;
}

enum rc remote_writes_read(struct remote_writes **ret, const struct remote_write_section *sections,
	uint32_t n_sections, struct findings *findings, struct err *e)
{
	scoped(remote_writes_free) struct remote_writes *w = must_alloc(sizeof *w);
	struct doc_reader r = { .arena = &w->arena, .findings = findings, .within = "" };
	uint32_t before = findings->n_errors;

	arena_init(&w->arena, CONFIG_BYTES_MAX);
	for (uint32_t i = 0; i < n_sections; i++)
		read_section(&r, &sections[i], w);
	if (findings->n_errors > before)
		return err_set(e, RC_INPUT, "remote_write has %u error%s",
			findings->n_errors - before, findings->n_errors - before == 1 ? "" : "s");
	w->hash = hash_of(sections, n_sections);
	*ret = TAKE(w);
	return RC_OK;
}

void remote_writes_free(struct remote_writes *w)
{
	if (!w)
		return;
	for (uint32_t i = 0; i < w->n; i++)
		relabel_rules_fini(&w->v[i].relabel);
	arena_fini(&w->arena);
	free(w);
}
