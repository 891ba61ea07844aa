/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admin: series deleted, what was deleted cleaned away, copies made.  Only where lab.yaml says
 * `admin_api: true`, as in Prometheus.
 *
 * https://prometheus.io/docs/prometheus/latest/querying/api/#tsdb-admin-apis
 */
#include "api/prometheus/request.h"
#include "api/prometheus/selectors.h"
#include "api/prometheus/status.h"
#include "core/metrics/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define LOOK_MS     50
#define PATIENCE_MS (2 * MINUTE_MS)
#define NAME_BYTES  48 /* 20171210T211224Z-2be650b6d019eb54 */

static enum rc refuse(struct answer *out, enum request_fault f, const char *text)
{
	out->status = request_status(f);
	request_write_error(&out->body, f, text);
	return RC_OK;
}

static bool is_allowed(const struct call *c)
{
	return c->api->setup.metrics && site_lab(c->view.site)->metrics.has_admin_api;
}

/* 500, as in Prometheus: to ask again is of no use. */
static enum rc refuse_all(struct answer *out)
{
	(void)refuse(out, REQUEST_UNAVAILABLE,
		"admin APIs disabled: 'metrics: {admin_api: true}' in lab.yaml allows them");
	out->status = 500;
	return RC_OK;
}

static enum rc nothing_to_say(struct answer *out)
{
	out->status = 204;
	return RC_OK;
}

/* ---- deletion */

static enum rc delete_all(struct call *c, struct err *e)
{
	struct store_selection s = { 0 };
	struct selectors selectors = { 0 };
	struct uri_pairs pairs;
	enum rc rc = request_pairs(c, &c->arena, &pairs, e);

	if (rc == RC_OK)
		rc = selectors_read(&pairs, &c->arena, &selectors, e);
	if (rc == RC_OK && !selectors.n)
		rc = err_set(e, RC_INPUT, "no match[] parameter provided");
	if (rc == RC_OK)
		rc = request_time(&pairs, "start", INT64_MIN, &s.min_ms, e);
	if (rc == RC_OK)
		rc = request_time(&pairs, "end", INT64_MAX, &s.max_ms, e);
	for (uint32_t i = 0; rc == RC_OK && i < selectors.n; i++) {
		s.matchers = selectors.v[i].matchers;
		s.n_matchers = selectors.v[i].n_matchers;
		rc = store_delete(c->api->setup.metrics, &s, e);
	}
	return rc;
}

enum rc prom_delete_series(struct call *c, struct answer *out, struct err *e)
{
	struct err why = { 0 };
	enum rc rc;

	(void)e;
	if (!is_allowed(c))
		return refuse_all(out);
	rc = delete_all(c, &why);
	if (rc == RC_OK)
		return nothing_to_say(out);
	return refuse(out, rc == RC_INPUT ? REQUEST_BAD_DATA : REQUEST_INTERNAL, why.text);
}

enum rc prom_clean_tombstones(struct call *c, struct answer *out, struct err *e)
{
	(void)e;
	if (!is_allowed(c))
		return refuse_all(out);
	store_clean(c->api->setup.metrics);
	return nothing_to_say(out);
}

/* ---- snapshots: the store makes them in the background; who asked waits */

struct waiting {
	uv_timer_t timer;
	struct api *api;
	struct http_exchange *exchange;
	uint64_t since_ms;
	char name[NAME_BYTES];
};

static void on_closed(uv_handle_t *h)
{
	struct waiting *w = h->data;

	api_let_go(w->api);
	free(w);
}

static void answer(struct waiting *w, bool is_made)
{
	struct http_reply r = { .type = "application/json" };
	struct json_out out;

	if (is_made) {
		json_begin(&out, &r.body);
		status_open(&out, true);
		json_text(&out, "name", w->name);
		status_close(&out);
	} else {
		r.status = request_status(REQUEST_TIMEOUT);
		request_write_error(&r.body, REQUEST_TIMEOUT,
			"the snapshot isn't made yet; the log says why");
	}
	http_reply(w->exchange, &r);
	uv_close((uv_handle_t *)&w->timer, on_closed);
}

static void look(uv_timer_t *timer)
{
	struct waiting *w = timer->data;
	const char *pending = store_snapshot_pending(w->api->setup.metrics);

	if (!pending || !str_eq(pending, w->name))
		answer(w, true);
	else if (uv_now(timer->loop) - w->since_ms > PATIENCE_MS || w->api->stopped)
		answer(w, false);
}

static void name_snapshot(const struct call *c, char name[NAME_BYTES])
{
	time_t seconds = c->now.wall.ms / 1000;
	char when[20];
	uint64_t random;
	struct tm t;

	gmtime_r(&seconds, &t);
	strftime(when, sizeof when, "%Y%m%dT%H%M%SZ", &t);
	c->api->setup.random(c->api->setup.ctx, &random, sizeof random);
	snprintf(name, NAME_BYTES, "%s-%016" PRIx64, when, random);
}

enum rc prom_snapshot(struct call *c, struct answer *out, struct err *e)
{
	struct waiting *w;
	struct err why = { 0 };

	(void)e;
	if (!is_allowed(c))
		return refuse_all(out);
	w = must_alloc(sizeof *w);
	name_snapshot(c, w->name);
	if (store_snapshot(c->api->setup.metrics, w->name, &why) != RC_OK) {
		free(w);
		return refuse(out, REQUEST_UNAVAILABLE, why.text);
	}
	w->api = c->api;
	w->exchange = c->exchange;
	w->api->holders++;
	must(uv_timer_init(c->api->setup.loop, &w->timer) == 0);
	w->timer.data = w;
	w->since_ms = uv_now(c->api->setup.loop);
	uv_timer_start(&w->timer, look, LOOK_MS, LOOK_MS);
	out->is_taken = true;
	return RC_OK;
}
