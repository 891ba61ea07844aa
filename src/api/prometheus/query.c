/* SPDX-License-Identifier: Apache-2.0 */
/* query: an expression at one time, or at many. */
#include "api/prometheus/job.h"
#include "api/prometheus/result.h"
#include "core/promql/parse.h"
#include "port/files/query_log.h"

#include <time.h>
#include <uv.h>

#define TIMEOUT_MS  (2 * MINUTE_MS) /* unless a shorter one is asked for */
#define POINTS_MOST 11000           /* a series, as in Prometheus */
#define POINTS_MANY 256             /* of a series: some of them are worth a second thread */

struct query {
	struct promql_query q;
	struct result_options options;
	const char *log_file; /* NULL: it isn't written down */
	struct logged_query log;
	uint64_t asked_ns; /* uv_hrtime() when it began to wait for the pool */
};

static enum rc read_text(struct job *j, struct query *query, struct err *e)
{
	const char *text = uri_pair(&j->pairs, "query");
	struct promql_parse parse = { .text = text ? text : "" };
	struct promql_node *root;
	enum rc rc = promql_parse(&parse, &j->arena, &root, e);

	if (rc == RC_OK && query->q.step_ms)
		rc = promql_has_steps(root, e);
	if (rc != RC_OK)
		return request_blame(rc, "query", e);
	query->q.root = root;
	query->q.text = parse.text;
	query->q.source = j->source;
	query->q.should_stop = job_should_stop;
	query->q.ctx = j;
	query->q.spread = crowd_spread;
	query->q.spread_ctx = j->crowd;
	query->q.n_threads = crowd_threads(j->crowd);
	return RC_OK;
}

/* The one parameter that Prometheus blames in other words; what isn't positive is as if it weren't there. */
static enum rc read_lookback(struct job *j, int64_t *ret_ms, struct err *e)
{
	static const char blame[] = "invalid parameter \"lookback_delta\": ";
	int64_t ms = 0;
	enum rc rc = request_duration(&j->pairs, "lookback_delta", 0, &ms, e);
	char text[ERR_TEXT_MAX];

	if (rc == RC_OK)
		*ret_ms = ms > 0 ? ms : 0;
	if (rc == RC_OK || !str_starts(e->text, blame))
		return rc;
	str_copy(text, sizeof text, e->text + strlen(blame));
	return err_set(e, rc, "error parsing lookback delta duration: %s", text);
}

static enum rc read_options(struct job *j, struct query *query, int64_t *ret_timeout_ms,
	struct err *e)
{
	const char *stats = uri_pair(&j->pairs, "stats");
	enum rc rc = request_duration(&j->pairs, "timeout", TIMEOUT_MS, ret_timeout_ms, e);

	query->options.with_stats = stats && *stats;
	if (rc == RC_OK)
		rc = read_lookback(j, &query->q.lookback_ms, e);
	if (rc == RC_OK && *ret_timeout_ms > TIMEOUT_MS)
		*ret_timeout_ms = TIMEOUT_MS;
	return rc;
}

/* On the pool.  When there was lack of another site's samples it is evaluated again, and written down then. */
static void write_down(struct job *j, const struct query *query, const struct promql_result *result,
	const struct err *e)
{
	struct logged_query log = query->log;
	struct timespec now;

	if (!query->log_file || sites_wants(j->sites))
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	log.now.ms = now.tv_sec * 1000 + now.tv_nsec / 1000000;
	log.text = query->q.text;
	log.start_ms = query->q.start_ms;
	log.end_ms = query->q.end_ms;
	log.step_ms = query->q.step_ms;
	log.waited_ns = query->options.waited_ns;
	log.evaluated_ns = query->options.evaluated_ns;
	log.samples_read = result->stats.samples_read;
	log.samples_peak = result->stats.peak_bytes / sizeof(struct promql_point);
	log.error = e ? e->text : NULL;
	query_log_write(query->log_file, &log);
}

/* What wakes up while the first series is computed can take the second. */
static void rouse_helper(const struct job *j, const struct promql_query *q)
{
	if (q->step_ms && (q->end_ms - q->start_ms) / q->step_ms >= POINTS_MANY)
		crowd_rouse(j->crowd);
}

/* On the pool. */
static enum rc run_query(struct job *j, struct err *e)
{
	struct query *query = j->of;
	scoped(promql_result_fini) struct promql_result result = { 0 };
	uint64_t began_ns = uv_hrtime();
	struct sites_warnings warnings;
	enum rc rc;

	rouse_helper(j, &query->q);
	sites_fit(j->sites, &query->q);
	rc = promql_run(&query->q, &result, e);

	query->options.waited_ns = began_ns - query->asked_ns;
	query->options.evaluated_ns = uv_hrtime() - began_ns;
	write_down(j, query, &result, rc == RC_OK ? NULL : e);
	j->fault = REQUEST_EXECUTION;
	if (rc != RC_OK)
		return rc;
	warnings = sites_warnings(j->sites);
	query->options.warnings = warnings.v;
	query->options.n_warnings = warnings.n;
	query->options.crowd = j->crowd;
	query->options.bytes_max = QUERY_ANSWER_BYTES_MAX;
	if (!result_write(&j->body, &j->more, &result, &query->options))
		return err_set(e, RC_LIMIT,
			"the answer has more than %d bytes: ask for fewer series or a larger step",
			QUERY_ANSWER_BYTES_MAX);
	return RC_OK;
}

static enum rc read_instant(struct job *j, struct query *query, struct err *e)
{
	enum rc rc = request_time(&j->pairs, "time", j->now_ms, &query->q.start_ms, e);

	query->q.end_ms = query->q.start_ms;
	return rc;
}

/* How many points there would be is counted by nanoseconds, steps are whole milliseconds. */
static enum rc read_step(struct job *j, struct promql_query *q, struct err *e)
{
	static const char too_small[] =
		"zero or negative query resolution step widths are not accepted. "
		"Try a positive integer";
	uint64_t range_ms = (uint64_t)q->end_ms - (uint64_t)q->start_ms;
	int64_t step_ns = INT64_MIN;
	enum rc rc = request_duration_ns(&j->pairs, "step", INT64_MIN, &step_ns, e);

	if (rc == RC_OK && step_ns == INT64_MIN)
		return request_blame(err_set(e, RC_INPUT, "cannot parse \"\" to a valid duration"),
			"step", e);
	if (rc == RC_OK && step_ns <= 0)
		return request_blame(err_set(e, RC_INPUT, "%s", too_small), "step", e);
	if (rc == RC_OK && (unsigned __int128)range_ms * MS_NS / (uint64_t)step_ns > POINTS_MOST)
		return err_set(e, RC_INPUT,
			"exceeded maximum resolution of 11,000 points per timeseries. Try "
			"decreasing the query resolution (?step=XX)");
	if (rc == RC_OK && step_ns < MS_NS) /* Prometheus divides by zero */
		return request_blame(err_set(e, RC_INPUT, "%s", too_small), "step", e);
	if (rc == RC_OK)
		q->step_ms = step_ns / MS_NS;
	return rc;
}

static enum rc read_range(struct job *j, struct query *query, struct err *e)
{
	struct promql_query *q = &query->q;
	enum rc rc = request_needed_time(&j->pairs, "start", &q->start_ms, e);

	if (rc == RC_OK)
		rc = request_needed_time(&j->pairs, "end", &q->end_ms, e);
	if (rc == RC_OK && q->end_ms < q->start_ms)
		return request_blame(
			err_set(e, RC_INPUT, "end timestamp must not be before start time"), "end",
			e);
	return rc == RC_OK ? read_step(j, q, e) : rc;
}

/* Who asks, and where that is to be written. */
static void prepare_log(struct call *c, struct job *j, struct query *query)
{
	const struct api_setup *setup = &c->api->setup;
	const char *file = setup->query_log_file ? setup->query_log_file(setup->ctx) : NULL;

	if (!file)
		return;
	query->log_file = arena_strdup(&j->arena, file);
	query->log.client = c->ask ? arena_strdup(&j->arena, c->ask->address) : "";
	query->log.method = c->ask ? arena_strdup(&j->arena, c->ask->method) : "GET";
	query->log.path = c->uri.path ? arena_strdup(&j->arena, c->uri.path) : "";
}

static enum rc start(struct call *c, struct answer *out,
	enum rc (*read_times)(struct job *j, struct query *query, struct err *e))
{
	scoped(job_free) struct job *j = NULL;
	struct err e = { 0 };
	int64_t timeout_ms = TIMEOUT_MS;
	struct query *query;
	enum rc rc = job_new(c, &j, &e);

	if (rc != RC_OK)
		return job_refuse(out, rc, &e);
	j->of = query = arena_alloc(&j->arena, sizeof *query);
	rc = request_limit(&j->pairs, &query->options.series_max, &e);
	if (rc == RC_OK)
		rc = read_times(j, query, &e);
	if (rc == RC_OK)
		rc = read_options(j, query, &timeout_ms, &e);
	if (rc == RC_OK)
		rc = read_text(j, query, &e);
	if (rc == RC_LIMIT) /* too deep: it won't be less so when it is asked again */
		rc = RC_INPUT;
	if (rc != RC_OK)
		return job_refuse(out, rc, &e);
	prepare_log(c, j, query);
	out->is_taken = true;
	query->asked_ns = uv_hrtime();
	job_start(TAKE(j), timeout_ms, run_query);
	return RC_OK;
}

enum rc prom_query(struct call *c, struct answer *out, struct err *e)
{
	(void)e;
	return start(c, out, read_instant);
}

enum rc prom_query_range(struct call *c, struct answer *out, struct err *e)
{
	(void)e;
	return start(c, out, read_range);
}
