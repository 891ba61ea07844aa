/* SPDX-License-Identifier: Apache-2.0 */
/* scraped: targets, and what they say of their metrics: few and small, so on the loop's thread. */
#include "api/prometheus/request.h"
#include "api/prometheus/result.h"
#include "api/prometheus/targets.h"
#include "core/metrics/store.h"
#include "core/promql/parse.h"

/* ---- targets */

enum rc prom_targets(struct call *c, struct answer *out, struct err *e)
{
	const char *state = uri_pair(&c->uri.query, "state");
	bool any = !state || !*state || str_eq(state, "any");
	struct targets_wish w = { .has_active = any || str_eq(state, "active"),
		.has_dropped = any || str_eq(state, "dropped"),
		.pool = uri_pair(&c->uri.query, "scrapePool") };

	(void)e;
	targets_write(&out->body, c->api->setup.scraper, &w);
	return RC_OK;
}

enum rc prom_scrape_pools(struct call *c, struct answer *out, struct err *e)
{
	(void)e;
	targets_write_pools(&out->body, c->api->setup.scraper);
	return RC_OK;
}

/* ---- types and help: of one metric what the store was told last; it has no list of all of them,
 * nor which target said what, and those answers say so: they are empty, with a warning, so that
 * pages which ask for them go on */

#define WARNING "types and help are given of one metric only: /api/v1/metadata?metric="

static enum rc refuse(struct answer *out, const char *text)
{
	out->status = request_status(REQUEST_BAD_DATA);
	request_write_error(&out->body, REQUEST_BAD_DATA, text);
	return RC_OK;
}

static bool is_number(const struct uri_pairs *pairs, const char *name)
{
	const char *text = uri_pair(pairs, name);
	char *end;

	if (!text || !*text)
		return true;
	strtoll(text, &end, 10);
	return !*end;
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

enum rc prom_metadata(struct call *c, struct answer *out, struct err *e)
{
	const char *metric = uri_pair(&c->uri.query, "metric");
	const struct store *store = c->api->setup.metrics;
	struct metric_metadata m;

	(void)e;
	if (!is_number(&c->uri.query, "limit"))
		return refuse(out, "limit must be a number");
	if (!is_number(&c->uri.query, "limit_per_metric"))
		return refuse(out, "limit_per_metric must be a number");
	if (!metric || !*metric) {
		str_add(&out->body,
			"{\"status\":\"success\",\"data\":{},\"warnings\":[\"" WARNING "\"]}");
		return RC_OK;
	}
	str_add(&out->body, "{\"status\":\"success\",\"data\":{");
	if (store && store_metadata(store, metric, &m))
		write_metadata(&out->body, metric, &m);
	str_add(&out->body, "}}");
	return RC_OK;
}

enum rc prom_targets_metadata(struct call *c, struct answer *out, struct err *e)
{
	const char *match = uri_pair(&c->uri.query, "match_target");
	struct promql_selector selector;

	(void)e;
	if (!is_number(&c->uri.query, "limit"))
		return refuse(out, "limit must be a number");
	if (match && *match) {
		struct err why = { 0 };
		enum rc rc = promql_parse_selector(match, &c->arena, &selector, &why);

		if (request_blame(rc, "match_target", &why) != RC_OK)
			return refuse(out, why.text);
	}
	str_add(&out->body, "{\"status\":\"success\",\"data\":[],\"warnings\":[\"" WARNING "\"]}");
	return RC_OK;
}
