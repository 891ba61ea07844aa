/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For each kind of object and each namespace one stream: a list in pages, then a watch from where
 * the list ended, again and again.  A version that is too old (410) means another list.  Groups go
 * out when every stream has its list, and from then on as objects change.
 *
 *	  ┌────────────────── 410, too long a line ─────────────────┐
 *	  ▼                                                          │
 *	LISTING ── last page ──► WATCHING ── end of the answer ──► again from the last version
 *	  └── failure: again after RETRY_MS, doubled up to RETRY_MAX_MS
 */
#include "base/json_flat.h"
#include "base/str.h"
#include "core/scrape/kubernetes.h"
#include "port/discovery/engine.h"
#include "port/discovery/kubeconfig.h"
#include "port/discovery/request.h"
#include "port/files/files.h"

#include <stdio.h>

#define PAGE_OBJECTS       500
#define WATCH_S            290 /* that the server keeps a watch open */
#define WATCH_TIMEOUT_MS   ((int64_t)(WATCH_S + 30) * 1000)
#define LIST_TIMEOUT_MS    60000
#define CONNECT_TIMEOUT_MS 10000
#define RETRY_MS           1000
#define RETRY_MAX_MS       30000
#define LINE_BYTES_MAX     (2 * KUBE_OBJECT_BYTES_MAX)
#define VERSION_MAX        128
#define GONE               410

struct stream {
	struct sd *sd;
	enum kube_role kind;
	const char *space; /* NULL: all namespaces */
	struct http_call *call;
	uv_timer_t retry;
	int64_t retry_ms;
	bool is_listed; /* a whole list was taken once */
	bool is_watching;
	bool must_list; /* the watch's version is gone */
	char version[VERSION_MAX];
	struct str next; /* "continue" of the list under way; "": its first page */
	struct str line; /* of the watch, not whole yet */
};

struct kubernetes_sd {
	struct arena arena; /* of `access` and the namespaces */
	struct kube_access access;
	struct request_files files;
	struct kube_store *store;
	struct stream *streams;
	uint32_t n_streams;
};

static void go_on(struct stream *s);

static enum rc find_server(struct sd *sd, struct kubernetes_sd *own, struct err *e)
{
	const struct sd_kubernetes *c = &sd->config->kubernetes;
	scoped(str_fini) struct str text = STR_EMPTY;
	size_t n;
	enum rc rc;

	if (c->kubeconfig_file) {
		rc = file_read(c->kubeconfig_file, LAB_FILE_BYTES_MAX, &text, e);
		return rc == RC_OK ? kubeconfig_parse(c->kubeconfig_file, &text, &own->arena,
					     &own->access, e)
				   : rc;
	}
	if (!c->api_server)
		return kube_access_in_cluster(&own->arena, &own->access, e);
	n = strlen(c->api_server);
	while (n && c->api_server[n - 1] == '/')
		n--;
	own->access.server = arena_strndup(&own->arena, c->api_server, n);
	own->access.http = c->http;
	return RC_OK;
}

/* Groups that changed; none before every stream has its list. */
static void tell(struct sd *sd)
{
	struct kubernetes_sd *own = sd->own;
	scoped(arena_fini) struct arena a = { 0 };
	struct err e = { 0 };
	bool has = true;

	for (uint32_t i = 0; i < own->n_streams; i++)
		if (!own->streams[i].is_listed)
			return;
	arena_init(&a, TARGETS_BYTES_MAX);
	while (has) {
		struct target_group g;

		if (kube_next_group(own->store, &a, &g, &has, &e) != RC_OK)
			sd_done(sd, e.text);
		else if (has)
			sd_found(sd, &g, 1, false);
		arena_reset(&a);
	}
}

static void on_retry(uv_timer_t *timer)
{
	go_on(timer->data);
}

static void try_later(struct stream *s, const char *why)
{
	sd_done(s->sd, why);
	uv_timer_start(&s->retry, on_retry, (uint64_t)s->retry_ms, 0);
	s->retry_ms = s->retry_ms * 2 < RETRY_MAX_MS ? s->retry_ms * 2 : RETRY_MAX_MS;
}

static void fail(struct stream *s, const struct http_response *r)
{
	char why[REASON_BYTES_MAX];
	scoped(str_fini) struct str path = STR_EMPTY;

	kube_path(s->kind, s->space, &path);
	if (r->outcome == HTTP_ANSWERED)
		snprintf(why, sizeof why, "%.100s: the API server answers %d", path.s, r->status);
	else
		snprintf(why, sizeof why, "%.60s: %.160s", path.s, r->reason);
	try_later(s, why);
}

static void keep_version(struct stream *s, const struct json_node *metadata)
{
	const char *version = json_node_text(metadata, "resourceVersion", "");

	if (version[0] && strlen(version) < sizeof s->version)
		strcpy(s->version, version);
}

/* Lists. */

static enum rc take_page(struct stream *s, const struct http_response *r, struct err *e)
{
	struct kubernetes_sd *own = s->sd->own;
	scoped(json_flat_fini) struct json_flat flat = JSON_FLAT_EMPTY;
	const struct json_node *list, *metadata, *items;
	enum rc rc = json_flat_read(&flat, r->body, r->body_bytes, &list, e);

	if (rc != RC_OK)
		return rc;
	metadata = json_node_get(list, "metadata");
	items = json_node_get(list, "items");
	if (!s->next.len)
		kube_list_begin(own->store, s->kind, s->space);
	json_node_each (it, items && items->type == JSON_ARRAY ? items : NULL) {
		rc = kube_put(own->store, s->kind, it, e);
		if (rc != RC_OK)
			return rc;
	}
	keep_version(s, metadata);
	str_clear(&s->next);
	str_add(&s->next, json_node_text(metadata, "continue", ""));
	if (!s->next.len)
		kube_list_end(own->store, s->kind, s->space);
	return RC_OK;
}

static void on_page(void *ctx, const struct http_response *r)
{
	struct stream *s = ctx;
	struct err e = { 0 };

	s->call = NULL;
	if (r->outcome != HTTP_ANSWERED || r->status != 200) {
		str_clear(&s->next);
		fail(s, r);
		return;
	}
	if (take_page(s, r, &e) != RC_OK) {
		str_clear(&s->next);
		try_later(s, e.text);
		return;
	}
	if (!s->next.len) {
		s->is_listed = true;
		s->must_list = false;
		s->retry_ms = RETRY_MS;
		sd_done(s->sd, NULL);
		tell(s->sd);
	}
	go_on(s);
}

/* Watches. */

/* One event.  False: the watch is of no more use. */
static bool take_event(struct stream *s, const char *line, size_t n)
{
	struct kubernetes_sd *own = s->sd->own;
	scoped(json_flat_fini) struct json_flat flat = JSON_FLAT_EMPTY;
	const struct json_node *event, *object;
	const char *type;
	struct err e = { 0 };

	if (json_flat_read(&flat, line, n, &event, &e) != RC_OK)
		return false;
	type = json_node_text(event, "type", "");
	object = json_node_get(event, "object");
	if (!object || str_eq(type, "ERROR"))
		return false;
	if (str_eq(type, "DELETED"))
		kube_remove(own->store, s->kind, object);
	else if (!str_eq(type, "BOOKMARK") && kube_put(own->store, s->kind, object, &e) != RC_OK)
		sd_done(s->sd, e.text);
	keep_version(s, json_node_get(object, "metadata"));
	return true;
}

static bool on_part(void *ctx, const char *bytes, size_t n)
{
	struct stream *s = ctx;
	size_t done = 0;

	str_addn(&s->line, bytes, n);
	for (;;) {
		const char *start = str_c(&s->line) + done;
		const char *newline = memchr(start, '\n', s->line.len - done);
		size_t length = newline ? (size_t)(newline - start) : 0;

		if (!newline)
			break;
		if (length && !take_event(s, start, length)) {
			s->must_list = true;
			return false;
		}
		done += length + 1;
	}
	str_consume(&s->line, done);
	s->must_list |= s->line.is_cut;
	tell(s->sd);
	return !s->line.is_cut;
}

static void on_watched(void *ctx, const struct http_response *r)
{
	struct stream *s = ctx;
	bool ended = r->outcome == HTTP_ANSWERED && r->status == 200;

	s->call = NULL;
	s->is_watching = false;
	s->must_list |= r->status == GONE;
	if (ended || s->must_list)
		uv_timer_start(&s->retry, on_retry, ended ? 0 : RETRY_MS, 0);
	else
		fail(s, r);
}

/* Requests. */

static void write_url(struct stream *s, bool is_watch, struct str *url)
{
	const struct kubernetes_sd *own = s->sd->own;
	scoped(str_fini) struct str selection = STR_EMPTY;

	str_add(url, own->access.server);
	kube_path(s->kind, s->space, url);
	if (is_watch)
		str_addf(url,
			"?watch=true&allowWatchBookmarks=true&timeoutSeconds=%d&resourceVersion=%s",
			WATCH_S, s->version);
	else
		str_addf(url, "?limit=%d", PAGE_OBJECTS);
	if (!is_watch && s->next.len) {
		str_add(url, "&continue=");
		kube_add_escaped(url, str_c(&s->next));
	}
	kube_selection(&s->sd->config->kubernetes, s->kind, &selection);
	if (selection.len)
		str_addf(url, "&%s", str_c(&selection));
}

static enum rc ask(struct stream *s, struct err *e)
{
	struct kubernetes_sd *own = s->sd->own;
	bool is_watch = s->is_listed && !s->must_list && !s->next.len;
	scoped(request_fini) struct request r = { 0 };
	scoped(str_fini) struct str url = STR_EMPTY;
	enum rc rc = request_init(&r, &own->access.http, &own->files, e);

	if (rc != RC_OK)
		return rc;
	write_url(s, is_watch, &url);
	request_add_header(&r, "Accept: application/json");
	r.http.url = str_c(&url);
	r.http.timeout_ms = is_watch ? WATCH_TIMEOUT_MS : LIST_TIMEOUT_MS;
	r.http.connect_timeout_ms = CONNECT_TIMEOUT_MS;
	r.http.answer_bytes_max = SD_BODY_BYTES_MAX;
	r.http.done = is_watch ? on_watched : on_page;
	r.http.on_part = is_watch ? on_part : NULL;
	r.http.ctx = s;
	s->is_watching = is_watch;
	str_clear(&s->line);
	s->line.limit_bytes = LINE_BYTES_MAX;
	return http_start(sd_http_client(s->sd), &r.http, &s->call, e);
}

static void go_on(struct stream *s)
{
	struct err e = { 0 };

	if (s->sd->is_closing || s->call)
		return;
	if (ask(s, &e) != RC_OK)
		try_later(s, e.text);
}

/* The whole. */

static void open_stream(struct sd *sd, enum kube_role kind, const char *space)
{
	struct kubernetes_sd *own = sd->own;
	struct stream *s = &own->streams[own->n_streams++];

	*s = (struct stream){ .sd = sd, .kind = kind, .space = space, .retry_ms = RETRY_MS };
	must(uv_timer_init(sd_loop(sd), &s->retry) == 0);
	s->retry.data = s;
	sd_open_handle(sd, (uv_handle_t *)&s->retry);
}

static void start(struct sd *sd)
{
	struct kubernetes_sd *own = must_alloc(sizeof *own);

	sd->own = own;
	arena_init(&own->arena, 0);
	request_files_init(&own->files);
	own->store = kube_store_new(&sd->config->kubernetes);
}

static void open_streams(struct sd *sd)
{
	struct kubernetes_sd *own = sd->own;
	const struct sd_kubernetes *c = &sd->config->kubernetes;
	bool wants_own = c->own_namespace && own->access.space;
	uint32_t n_spaces = c->namespaces.n + wants_own;

	own->streams = must_alloc((n_spaces + 1) * KUBE_ROLES * sizeof *own->streams);
	for (int kind = 0; kind < KUBE_ROLES; kind++) {
		if (!(kube_watched(c) >> kind & 1))
			continue;
		if (!n_spaces || kind == KUBE_NODE)
			open_stream(sd, (enum kube_role)kind, NULL);
		for (uint32_t i = 0; kind != KUBE_NODE && i < c->namespaces.n; i++)
			open_stream(sd, (enum kube_role)kind, c->namespaces.v[i]);
		if (wants_own && kind != KUBE_NODE)
			open_stream(sd, (enum kube_role)kind, own->access.space);
	}
}

static void on_again(uv_timer_t *timer)
{
	sd_refresh_now(timer->data);
}

static void refresh(struct sd *sd)
{
	struct kubernetes_sd *own = sd->own;
	struct err e = { 0 };
	enum rc rc = find_server(sd, own, &e);

	if (rc == RC_OK)
		rc = request_files_open(&own->files, &own->access.http.tls, &e);
	if (rc != RC_OK) { /* the file may come; streams don't run yet */
		sd_done(sd, e.text);
		uv_timer_start(&sd->timer, on_again, RETRY_MAX_MS, 0);
		return;
	}
	open_streams(sd);
	for (uint32_t i = 0; i < own->n_streams; i++)
		go_on(&own->streams[i]);
}

static void stop(struct sd *sd)
{
	struct kubernetes_sd *own = sd->own;

	for (uint32_t i = 0; i < own->n_streams; i++) {
		http_cancel(own->streams[i].call);
		sd_close_handle(sd, (uv_handle_t *)&own->streams[i].retry);
	}
}

static void free_own(struct sd *sd)
{
	struct kubernetes_sd *own = sd->own;

	for (uint32_t i = 0; i < own->n_streams; i++) {
		str_fini(&own->streams[i].next);
		str_fini(&own->streams[i].line);
	}
	free(own->streams);
	kube_store_free(own->store);
	request_files_fini(&own->files);
	arena_fini(&own->arena);
	free(own);
}

const struct sd_engine kubernetes_sd_engine = { start, refresh, stop, free_own };
