/* SPDX-License-Identifier: Apache-2.0 */
/* https://prometheus.io/docs/prometheus/3.5/http_sd/: a list of groups, whole each time. */
#include "base/str.h"
#include "core/scrape/groups.h"
#include "port/discovery/engine.h"
#include "port/discovery/request.h"

#include <stdio.h>
#include <strings.h>

struct http_sd {
	struct http_call *call;
	struct request_files files;
};

static void start(struct sd *sd)
{
	struct http_sd *own = must_alloc(sizeof *own);

	sd->own = own;
	request_files_init(&own->files);
}

static enum rc check(const struct http_response *r, struct err *e)
{
	char type[128] = "";
	size_t n = strlen("application/json");

	if (r->outcome != HTTP_ANSWERED)
		return err_set(e, RC_OFFLINE, "%s", r->reason);
	if (r->status != 200)
		return err_set(e, RC_INPUT, "the server answers %d", r->status);
	(void)http_header(r->headers, "Content-Type", type, sizeof type);
	if (strncasecmp(type, "application/json", n) != 0 || (type[n] && !strchr("; ", type[n])))
		return err_set(e, RC_INPUT,
			"the answer's Content-Type is '%.64s', not application/json", type);
	return RC_OK;
}

static enum rc take(struct sd *sd, const struct http_response *r, struct err *e)
{
	scoped(json_flat_fini) struct json_flat flat = JSON_FLAT_EMPTY;
	scoped(arena_fini) struct arena a = { 0 };
	const struct groups_origin from = { "__meta_url", sd->config->http.url };
	const struct json_node *list;
	struct target_groups groups;
	enum rc rc = check(r, e);

	arena_init(&a, TARGETS_BYTES_MAX);
	if (rc == RC_OK)
		rc = json_flat_read(&flat, r->body, r->body_bytes, &list, e);
	if (rc == RC_OK)
		rc = groups_of_json(&groups, &from, list, &a, e);
	if (rc == RC_OK)
		sd_found(sd, groups.v, groups.n, true);
	return rc;
}

static void on_done(void *ctx, const struct http_response *r)
{
	struct sd *sd = ctx;
	struct err e = { 0 };
	enum rc rc = take(sd, r, &e);

	((struct http_sd *)sd->own)->call = NULL;
	sd_done(sd, rc == RC_OK ? NULL : e.text);
}

static enum rc ask(struct sd *sd, struct err *e)
{
	struct http_sd *own = sd->own;
	const struct sd_http *c = &sd->config->http;
	scoped(request_fini) struct request r = { 0 };
	enum rc rc;

	request_files_fini(&own->files);
	rc = request_files_open(&own->files, &c->http.tls, e);
	if (rc == RC_OK)
		rc = request_init(&r, &c->http, &own->files, e);
	if (rc != RC_OK)
		return rc;
	request_add_header(&r, "Accept: application/json");
	request_add_header(&r, "X-Prometheus-Refresh-Interval-Seconds: %lld",
		(long long)(c->refresh_ms / 1000));
	r.http.url = c->url;
	r.http.timeout_ms = c->refresh_ms;
	r.http.answer_bytes_max = SD_BODY_BYTES_MAX;
	r.http.accept_encoding = "gzip";
	r.http.done = on_done;
	r.http.ctx = sd;
	return http_start(sd_http_client(sd), &r.http, &own->call, e);
}

static void refresh(struct sd *sd)
{
	struct err e = { 0 };

	if (ask(sd, &e) != RC_OK)
		sd_done(sd, e.text);
}

static void stop(struct sd *sd)
{
	http_cancel(((struct http_sd *)sd->own)->call);
}

static void free_own(struct sd *sd)
{
	request_files_fini(&((struct http_sd *)sd->own)->files);
	free(sd->own);
}

const struct sd_engine http_sd_engine = { start, refresh, stop, free_own };
