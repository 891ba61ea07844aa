/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export: samples as they are stored, as text that can be imported again.
 *
 *	jsonl         a line a series, as VictoriaMetrics' /api/v1/export has it:
 *	              {"metric": {...}, "values": [...], "timestamps": [milliseconds, ...]}
 *	openmetrics   a line a sample
 *
 * Native histograms are left out: neither form has them.  A NaN, and so a stale mark, is null in JSON.
 */
#include "api/prometheus/job.h"
#include "api/prometheus/selectors.h"
#include "base/number_text.h"
#include "core/scrape/exposition.h"

#include <inttypes.h>
#include <math.h>

#define TIMEOUT_MS (5 * MINUTE_MS)

typedef void write_series(struct str *out, const struct labels *l, const struct series_column *c);

struct export
{
	struct selectors selectors;
	int64_t min_ms, max_ms;
	bool is_openmetrics;
};

static bool is_number(const struct series_column *c, uint32_t i)
{
	return !(c->h && c->h[i]);
}

static void write_value(struct json_out *w, double v)
{
	if (isinf(v))
		json_text(w, NULL, v > 0 ? "Infinity" : "-Infinity");
	else
		json_double(w, NULL, v);
}

static void write_json(struct str *out, const struct labels *l, const struct series_column *c)
{
	struct json_out w;

	json_begin(&w, out);
	json_object_open(&w, NULL);
	json_object_open(&w, "metric");
	for (uint32_t i = 0; i < l->n; i++)
		json_text(&w, l->v[i].name, l->v[i].value);
	json_close(&w);
	json_array_open(&w, "values");
	for (uint32_t i = 0; i < c->n; i++)
		if (is_number(c, i))
			write_value(&w, c->v[i]);
	json_close(&w);
	json_array_open(&w, "timestamps");
	for (uint32_t i = 0; i < c->n; i++)
		if (is_number(c, i))
			json_int(&w, NULL, c->t_ms[i]);
	json_close(&w);
	json_close(&w);
	str_addc(out, '\n');
}

static void add_quoted(struct str *out, const char *s)
{
	str_addc(out, '"');
	exposition_escape(out, s);
	str_addc(out, '"');
}

static bool is_plain_name(const char *s, bool is_metric)
{
	if (!*s || (*s >= '0' && *s <= '9'))
		return false;
	for (; *s; s++)
		if (!((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
			    (*s >= '0' && *s <= '9') || *s == '_' || (is_metric && *s == ':')))
			return false;
	return true;
}

/* Names that need it stand in quotes, the metric's within the braces. */
static void write_name(struct str *out, const struct labels *l)
{
	const char *metric = labels_get(l, METRIC_NAME), *before = "{";
	bool is_plain = is_plain_name(metric, true);

	if (is_plain)
		str_add(out, metric);
	else if (*metric) {
		str_addc(out, '{');
		add_quoted(out, metric);
		before = ",";
	}
	for (uint32_t i = 0; i < l->n; i++) {
		if (str_eq(l->v[i].name, METRIC_NAME))
			continue;
		str_add(out, before);
		if (is_plain_name(l->v[i].name, false))
			str_add(out, l->v[i].name);
		else
			add_quoted(out, l->v[i].name);
		str_addc(out, '=');
		add_quoted(out, l->v[i].value);
		before = ",";
	}
	if (*before == ',')
		str_addc(out, '}');
}

static void write_openmetrics(struct str *out, const struct labels *l,
	const struct series_column *c)
{
	scoped(str_fini) struct str name = STR_EMPTY;
	char number[NUMBER_TEXT_MAX];

	write_name(&name, l);
	for (uint32_t i = 0; i < c->n; i++) {
		int64_t ms = c->t_ms[i];

		if (!is_number(c, i) || is_stale(c->v[i]))
			continue;
		number_text(c->v[i], NUMBER_SHORT, number);
		str_addf(out, "%s %s %s%" PRId64 ".%03d\n", str_c(&name), number, ms < 0 ? "-" : "",
			ms / 1000 < 0 ? -(ms / 1000) : ms / 1000,
			(int)(ms % 1000 < 0 ? -(ms % 1000) : ms % 1000));
	}
}

static enum rc write_all(struct job *j, struct series_cursor *cursor, write_series *write,
	struct err *e)
{
	scoped(series_column_fini) struct series_column column = { 0 };
	struct labels labels;
	bool has = true;

	for (;;) {
		enum rc rc = j->source->next(cursor, &labels, &has, e);

		if (rc != RC_OK || !has)
			return rc;
		if (job_should_stop(j))
			return err_set(e, RC_TIMEOUT, "it took too long");
		rc = j->source->read(cursor, &column, e);
		if (rc != RC_OK)
			return rc;
		if (column.n)
			write(&j->body, &labels, &column);
		if (j->body.is_cut)
			return err_set(e, RC_LIMIT,
				"the answer has more than %d bytes: ask for less time or fewer "
				"series",
				QUERY_ANSWER_BYTES_MAX);
	}
}

static enum rc run(struct job *j, struct err *e)
{
	const struct export *x = j->of;
	enum rc rc = RC_OK;

	j->body.limit_bytes = QUERY_ANSWER_BYTES_MAX;
	for (uint32_t i = 0; rc == RC_OK && i < x->selectors.n; i++) {
		const struct series_query q = { .matchers = x->selectors.v[i].matchers,
			.n_matchers = x->selectors.v[i].n_matchers,
			.min_ms = x->min_ms,
			.max_ms = x->max_ms,
			.function = "" };
		struct series_cursor *cursor;

		rc = j->source->open(j->source->self, &q, &cursor, e);
		if (rc != RC_OK)
			break;
		rc = write_all(j, cursor, x->is_openmetrics ? write_openmetrics : write_json, e);
		j->source->close(cursor);
	}
	j->type = x->is_openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
				    : "application/stream+json; charset=utf-8";
	if (x->is_openmetrics)
		str_add(&j->body, "# EOF\n");
	return rc;
}

static enum rc read_parameters(struct job *j, struct export *x, struct err *e)
{
	const char *format = uri_pair(&j->pairs, "format");
	enum rc rc = request_time(&j->pairs, "start", INT64_MIN, &x->min_ms, e);

	if (rc == RC_OK)
		rc = request_time(&j->pairs, "end", INT64_MAX, &x->max_ms, e);
	if (rc == RC_OK)
		rc = selectors_read(&j->pairs, &j->arena, &x->selectors, e);
	if (rc == RC_OK && !x->selectors.n)
		return err_set(e, RC_INPUT, "no match[] parameter provided");
	x->is_openmetrics = format && str_eq(format, "openmetrics");
	if (rc == RC_OK && format && *format && !x->is_openmetrics && !str_eq(format, "jsonl"))
		return err_set(e, RC_INPUT, "format is jsonl or openmetrics, not '%.40s'", format);
	return rc;
}

enum rc prom_export(struct call *c, struct answer *out, struct err *e)
{
	scoped(job_free) struct job *j = NULL;
	struct err why = { 0 };
	enum rc rc = job_new(c, &j, &why);

	(void)e;
	if (rc != RC_OK)
		return job_refuse(out, rc, &why);
	j->of = arena_alloc(&j->arena, sizeof(struct export));
	if (!j->of)
		return job_refuse(out, RC_LIMIT, &why);
	rc = read_parameters(j, j->of, &why);
	if (rc != RC_OK)
		return job_refuse(out, rc, &why);
	out->is_taken = true;
	job_start(TAKE(j), TIMEOUT_MS, run);
	return RC_OK;
}
