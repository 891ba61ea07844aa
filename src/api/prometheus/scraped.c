/* SPDX-License-Identifier: Apache-2.0 */
/* scraped: targets, and what they say of their metrics: few and small, so on the loop's thread. */
#include "api/prometheus/request.h"
#include "api/prometheus/result.h"
#include "api/prometheus/targets.h"
#include "base/limits.h"
#include "core/metrics/store.h"
#include "core/promql/parse.h"

#include <stdio.h>
#include <strings.h>

static enum rc refuse(struct answer *out, const char *text)
{
	out->status = request_status(REQUEST_BAD_DATA);
	request_write_error(&out->body, REQUEST_BAD_DATA, text);
	return RC_OK;
}

/* ---- targets */

enum rc prom_targets(struct call *c, struct answer *out, struct err *e)
{
	struct uri_pairs pairs;
	struct targets_wish w;
	const char *state;
	bool any;

	if (request_pairs(c, &c->arena, &pairs, e) != RC_OK)
		return refuse(out, e->text);
	state = uri_pair(&pairs, "state");
	any = !state || !*state || strcasecmp(state, "any") == 0;
	w = (struct targets_wish){ .has_active = any || strcasecmp(state, "active") == 0,
		.has_dropped = any || strcasecmp(state, "dropped") == 0,
		.pool = uri_pair(&pairs, "scrapePool") };
	targets_write(&out->body, c->api->setup.scraper, &w);
	return RC_OK;
}

enum rc prom_scrape_pools(struct call *c, struct answer *out, struct err *e)
{
	(void)e;
	targets_write_pools(&out->body, c->api->setup.scraper);
	return RC_OK;
}

/* ---- types and help: of each metric what the store was told last, and what each target says */

/* What isn't said stays as it is.  False: it is no number. */
static bool read_number(const struct uri_pairs *pairs, const char *name, int64_t *ret)
{
	const char *text = uri_pair(pairs, name);
	char *end;

	if (!text || !*text)
		return true;
	*ret = strtoll(text, &end, 10);
	return !*end;
}

/* Metrics that are known, in order of names. */
struct known {
	struct known_metric {
		const char *name;
		const struct metric_metadata *m;
	} * v;
	uint32_t n, cap;
};

static void add_known(void *ctx, const char *metric, const struct metric_metadata *m)
{
	struct known *k = ctx;

	must_grow(k->v, k->n, k->cap);
	k->v[k->n++] = (struct known_metric){ metric, m };
}

static int by_name(const void *a, const void *b)
{
	const struct known_metric *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void write_metadata(struct str *out, const char *metric, const struct metric_metadata *m)
{
	struct json_out w;

	result_write_text(out, metric, (uint32_t)strlen(metric));
	str_add(out, ":[");
	json_begin(&w, out);
	json_object_open(&w, NULL);
	json_text(&w, "type", *m->type ? m->type : "unknown");
	json_text(&w, "unit", m->unit);
	json_text(&w, "help", m->help);
	json_close(&w);
	str_addc(out, ']');
}

static void write_known(struct str *out, const struct store *store, int64_t limit)
{
	struct known k = { 0 };

	store_each_metadata(store, add_known, &k);
	if (k.n)
		qsort(k.v, k.n, sizeof *k.v, by_name);
	for (uint32_t i = 0; i < k.n && (limit < 0 || i < limit); i++) {
		if (i)
			str_addc(out, ',');
		write_metadata(out, k.v[i].name, k.v[i].m);
	}
	free(k.v);
}

enum rc prom_metadata(struct call *c, struct answer *out, struct err *e)
{
	const struct store *store = c->api->setup.metrics;
	int64_t limit = -1, each = -1; /* of each metric there is one */
	struct metric_metadata m;
	struct uri_pairs pairs;
	const char *metric;

	if (request_pairs(c, &c->arena, &pairs, e) != RC_OK)
		return refuse(out, e->text);
	if (!read_number(&pairs, "limit", &limit))
		return refuse(out, "limit must be a number");
	if (!read_number(&pairs, "limit_per_metric", &each))
		return refuse(out, "limit_per_metric must be a number");
	metric = uri_pair(&pairs, "metric");
	str_add(&out->body, "{\"status\":\"success\",\"data\":{");
	if (store && (!metric || !*metric))
		write_known(&out->body, store, limit);
	else if (store && limit != 0 && store_metadata(store, metric, &m))
		write_metadata(&out->body, metric, &m);
	str_add(&out->body, "}}");
	return RC_OK;
}

static enum rc read_match_target(struct call *c, const struct uri_pairs *pairs,
	struct targets_metadata_wish *w, struct err *e)
{
	const char *match = uri_pair(pairs, "match_target");
	struct promql_selector selector;
	enum rc rc;

	if (!match || !*match)
		return RC_OK;
	rc = promql_parse_selector(match, &c->arena, &selector, e);
	if (rc != RC_OK)
		return request_blame(rc, "match_target", e);
	w->matchers = selector.matchers;
	w->n_matchers = selector.n_matchers;
	return RC_OK;
}

static enum rc refuse_much(struct answer *out)
{
	char text[128];

	snprintf(text, sizeof text,
		"the answer has more than %d bytes: choose targets with match_target, or a metric",
		TARGETS_METADATA_BYTES_MAX);
	out->status = request_status(REQUEST_EXECUTION);
	str_clear(&out->body);
	request_write_error(&out->body, REQUEST_EXECUTION, text);
	return RC_OK;
}

enum rc prom_targets_metadata(struct call *c, struct answer *out, struct err *e)
{
	struct targets_metadata_wish w = { .limit = -1 };
	struct uri_pairs pairs;
	struct err why = { 0 };

	if (request_pairs(c, &c->arena, &pairs, e) != RC_OK)
		return refuse(out, e->text);
	if (!read_number(&pairs, "limit", &w.limit))
		return refuse(out, "limit must be a number");
	if (read_match_target(c, &pairs, &w, &why) != RC_OK)
		return refuse(out, why.text);
	w.metric = uri_pair(&pairs, "metric");
	if (w.metric && !*w.metric)
		w.metric = NULL;
	out->body.limit_bytes = TARGETS_METADATA_BYTES_MAX;
	targets_write_metadata(&out->body, c->api->setup.scraper, &w);
	return out->body.is_cut ? refuse_much(out) : RC_OK;
}
