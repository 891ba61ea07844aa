/* SPDX-License-Identifier: Apache-2.0 */
/* status: what this server is, and what it holds. */
#include "api/prometheus/job.h"

#include "base/json.h"

#include <unistd.h>

#define TIMEOUT_MS (1 * MINUTE_MS)
#define TOP_USUAL  10
#define TOP_MOST   10000
#define SPOKEN     "3.5.0" /* the version of Prometheus whose interface this is */

static void open_data(struct json_out *w)
{
	json_object_open(w, NULL);
	json_text(w, "status", "success");
	json_object_open(w, "data");
}

static void close_data(struct json_out *w)
{
	json_close(w);
	json_close(w);
}

enum rc prom_buildinfo(struct call *c, struct answer *out, struct err *e)
{
	struct json_out *w = &out->json;

	(void)c;
	(void)e;
	open_data(w);
	json_text(w, "application", "Diarchy " DIARCHY_VERSION);
	json_text(w, "version", SPOKEN);
	json_text(w, "revision", "");
	json_text(w, "branch", "");
	json_text(w, "buildUser", "");
	json_text(w, "buildDate", "");
	json_text(w, "goVersion", "");
	close_data(w);
	return RC_OK;
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
	open_data(w);
	json_time(w, "startTime", c->api->setup.started);
	json_text(w, "CWD", cwd);
	json_text(w, "hostname", host);
	json_time(w, "serverTime", c->now.wall);
	json_int(w, "corruptionCount", (int64_t)(findings.n + findings.left_out));
	json_int(w, "goroutineCount", 0);
	json_int(w, "GOMAXPROCS", QUERIES_AT_ONCE);
	json_text(w, "GOGC", "");
	json_text(w, "GODEBUG", "");
	json_text(w, "storageRetention", "");
	close_data(w);
	return RC_OK;
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
	open_data(&w);
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
	close_data(&w);
	return RC_OK;
}

enum rc prom_tsdb(struct call *c, struct answer *out, struct err *e)
{
	scoped(job_free) struct job *j = NULL;
	struct err why = { 0 };
	struct tsdb *t;
	uint64_t most = 0;
	enum rc rc = job_new(c, &j, &why);

	(void)e;
	if (rc == RC_OK)
		rc = request_limit(&j->pairs, &most, &why);
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
