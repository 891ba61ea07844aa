/* SPDX-License-Identifier: Apache-2.0 */
/* status: what this server is, and what it holds. */
#include "api/prometheus/status.h"

#include "api/prometheus/job.h"
#include "core/promql/print.h"

#include <inttypes.h>
#include <unistd.h>

#define TIMEOUT_MS (1 * MINUTE_MS)
#define TOP_USUAL  10
#define TOP_MOST   10000
#define SPOKEN     "3.5.0" /* the version of Prometheus whose interface this is */

void status_open(struct json_out *w, bool is_object)
{
	json_object_open(w, NULL);
	json_text(w, "status", "success");
	if (is_object)
		json_object_open(w, "data");
	else
		json_array_open(w, "data");
}

void status_close(struct json_out *w)
{
	json_close(w);
	json_close(w);
}

enum rc prom_buildinfo(struct call *c, struct answer *out, struct err *e)
{
	struct json_out *w = &out->json;

	(void)c;
	(void)e;
	status_open(w, true);
	json_text(w, "application", "Diarchy " DIARCHY_VERSION);
	json_text(w, "version", SPOKEN);
	json_text(w, "revision", "");
	json_text(w, "branch", "");
	json_text(w, "buildUser", "");
	json_text(w, "buildDate", "");
	json_text(w, "goVersion", "");
	status_close(w);
	return RC_OK;
}

/* "15d or 10737418240B" */
static void write_retention(struct json_out *w, const struct lab_metrics *m)
{
	scoped(str_fini) struct str text = STR_EMPTY;

	if (m->is_on)
		promql_print_duration(&text, m->retention_ms);
	if (m->retention_bytes)
		str_addf(&text, " or %" PRIu64 "B", m->retention_bytes);
	json_text(w, "storageRetention", str_c(&text));
}

/* Whether the lab.yaml that is there is the one in use, and since when that is. */
static void write_reload(struct json_out *w, const struct call *c)
{
	uint8_t self = site_self_index(c->view.site);
	struct wall since = c->api->facts.configs[self].since;
	bool is_ok = true;

	for (uint16_t i = 0; i < site_lab(c->view.site)->n_checks; i++) {
		const struct lab_check *check = &site_lab(c->view.site)->checks[i];

		if (check->kind == CHECK_SELF && check->self == SELF_CONFIG && check->home == self)
			is_ok = checks_view(site_checks(c->view.site), i).state != CHECK_FAILING;
	}
	json_bool(w, "reloadConfigSuccess", is_ok);
	json_time(w, "lastConfigTime", since.ms ? since : c->api->setup.started);
}

enum rc prom_runtimeinfo(struct call *c, struct answer *out, struct err *e)
{
	struct json_out *w = &out->json;
	struct store *store = c->api->setup.metrics;
	struct store_findings findings = { 0 };
	char cwd[4096] = "", host[256] = "";

	(void)e;
	if (store)
		findings = store_findings(store);
	if (!getcwd(cwd, sizeof cwd) || gethostname(host, sizeof host - 1) != 0)
		cwd[0] = host[0] = 0;
	status_open(w, true);
	json_time(w, "startTime", c->api->setup.started);
	json_text(w, "CWD", cwd);
	json_text(w, "hostname", host);
	json_time(w, "serverTime", c->now.wall);
	write_reload(w, c);
	json_int(w, "corruptionCount", (int64_t)(findings.n + findings.left_out));
	json_int(w, "goroutineCount", 0);
	json_int(w, "GOMAXPROCS", QUERIES_AT_ONCE);
	json_int(w, "GOMEMLIMIT", 0);
	json_text(w, "GOGC", "");
	json_text(w, "GODEBUG", "");
	write_retention(w, &site_lab(c->view.site)->metrics);
	status_close(w);
	return RC_OK;
}

/* ---- what pages ask for, and what there is none of here */

/* Logs are replayed before anybody is answered. */
enum rc prom_walreplay(struct call *c, struct answer *out, struct err *e)
{
	struct json_out *w = &out->json;

	(void)c;
	(void)e;
	status_open(w, true);
	json_int(w, "min", 0);
	json_int(w, "max", 0);
	json_int(w, "current", 0);
	status_close(w);
	return RC_OK;
}

/* Of the server about itself: here they are incidents. */
enum rc prom_notifications(struct call *c, struct answer *out, struct err *e)
{
	(void)c;
	(void)e;
	status_open(&out->json, false);
	status_close(&out->json);
	return RC_OK;
}

/* Alerts go nowhere else. */
enum rc prom_alertmanagers(struct call *c, struct answer *out, struct err *e)
{
	struct json_out *w = &out->json;

	(void)c;
	(void)e;
	status_open(w, true);
	json_array_open(w, "activeAlertmanagers");
	json_close(w);
	json_array_open(w, "droppedAlertmanagers");
	json_close(w);
	status_close(w);
	return RC_OK;
}

static enum rc say(struct answer *out, const char *text)
{
	out->type = "text/plain; charset=utf-8";
	str_add(&out->body, text);
	return RC_OK;
}

enum rc prom_healthy(struct call *c, struct answer *out, struct err *e)
{
	(void)c;
	(void)e;
	return say(out, "Prometheus Server is Healthy.\n");
}

enum rc prom_ready(struct call *c, struct answer *out, struct err *e)
{
	(void)c;
	(void)e;
	return say(out, "Prometheus Server is Ready.\n");
}

/* ---- what the storage holds */

static void write_top(struct json_out *w, const char *key, const struct store_top *top)
{
	json_array_open(w, key);
	for (uint32_t i = 0; i < top->n; i++) {
		json_object_open(w, NULL);
		json_text(w, "name", top->v[i].text);
		json_int(w, "value", (int64_t)top->v[i].n);
		json_close(w);
	}
	json_close(w);
}

struct tsdb {
	struct store_stats stats;
	uint32_t most;
};

static enum rc run_tsdb(struct job *j, struct err *e)
{
	const struct tsdb *t = j->of;
	scoped(arena_fini) struct arena arena;
	struct store_cardinality seen = { 0 };
	struct json_out w;
	enum rc rc;

	arena_init(&arena, QUERY_ANSWER_BYTES_MAX);
	rc = store_cardinality(j->view, t->most, &arena, &seen, e);
	if (rc != RC_OK)
		return rc;
	json_begin(&w, &j->body);
	status_open(&w, true);
	json_object_open(&w, "headStats");
	json_int(&w, "numSeries", (int64_t)t->stats.series);
	json_int(&w, "numLabelPairs", (int64_t)seen.label_pairs);
	json_int(&w, "minTime", t->stats.min_ms);
	json_int(&w, "maxTime", t->stats.max_ms);
	json_close(&w);
	write_top(&w, "seriesCountByMetricName", &seen.series_by_metric);
	write_top(&w, "labelValueCountByLabelName", &seen.values_by_label);
	write_top(&w, "memoryInBytesByLabelName", &seen.bytes_by_label);
	write_top(&w, "seriesCountByLabelValuePair", &seen.series_by_pair);
	status_close(&w);
	return RC_OK;
}

static bool is_said(const struct uri_pairs *pairs, const char *name)
{
	const char *text = uri_pair(pairs, name);

	return text && *text;
}

enum rc prom_tsdb(struct call *c, struct answer *out, struct err *e)
{
	scoped(job_free) struct job *j = NULL;
	struct err why = { 0 };
	struct tsdb *t;
	uint64_t most = 0;
	enum rc rc = job_new(c, &j, &why);

	(void)e;
	if (rc == RC_OK && (request_limit(&j->pairs, &most, NULL) != RC_OK ||
				   (!most && is_said(&j->pairs, "limit"))))
		rc = err_set(&why, RC_INPUT, "limit must be a positive number");
	if (rc == RC_OK && most > TOP_MOST)
		rc = err_set(&why, RC_INPUT, "limit must not exceed %d", TOP_MOST);
	if (rc != RC_OK)
		return job_refuse(out, rc, &why);
	j->of = t = arena_alloc(&j->arena, sizeof *t);
	store_stats(c->api->setup.metrics, &t->stats);
	t->most = most ? (uint32_t)most : TOP_USUAL;
	out->is_taken = true;
	job_start(TAKE(j), TIMEOUT_MS, run_tsdb);
	return RC_OK;
}
