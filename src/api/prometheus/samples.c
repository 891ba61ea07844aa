/* SPDX-License-Identifier: Apache-2.0 */
#include "api/prometheus/samples.h"

#include "api/prometheus/form.h"
#include "api/prometheus/job.h"
#include "api/prometheus/selectors.h"
#include "core/remote/read.h"
#include "core/remote/write.h"
#include "port/snappy/snappy.h"

#include <inttypes.h>

#define TIMEOUT_MS  (2 * MINUTE_MS)
#define VERSION     1
#define NUMBER_MOST (INT64_C(1) << 52)
#define HEAD_BYTES  13

/* ---- the question */

/* "Always" is longer than the other side reckons with. */
static void ask_number(struct str *form, const char *name, int64_t v)
{
	v = v > NUMBER_MOST ? NUMBER_MOST : v < -NUMBER_MOST ? -NUMBER_MOST : v;
	str_addf(form, "%s%s=%" PRId64, form->len ? "&" : "", name, v);
}

void samples_ask(struct str *form, const struct samples_wish *w)
{
	const struct series_query *q = w->query;

	ask_number(form, "min", q->min_ms);
	ask_number(form, "max", q->max_ms);
	ask_number(form, "first", q->first_ms);
	ask_number(form, "step", q->step_ms);
	ask_number(form, "range", q->range_ms);
	ask_number(form, "settled", w->settled_ms);
	ask_number(form, "series", w->series_max);
	if (!q->function)
		return;
	str_add(form, "&function=");
	str_add_percent(form, q->function);
}

void samples_ask_of(struct str *form, const char *selector)
{
	str_add(form, "&match%5B%5D=");
	str_add_percent(form, selector);
}

struct asked {
	struct selectors selectors;
	struct series_query query; /* for each of them */
	int64_t settled_ms, until_ms, series_max;
	uint32_t n_series, n_left_out;
	struct str plain;
};

static enum rc read_number(const struct uri_pairs *pairs, const char *name, int64_t *ret,
	struct err *e)
{
	const char *text = uri_pair(pairs, name);
	char *end;

	if (!text || !*text)
		return err_set(e, RC_INPUT, "no parameter %s", name);
	errno = 0;
	*ret = strtoll(text, &end, 10);
	if (*end || errno || *ret > NUMBER_MOST || *ret < -NUMBER_MOST)
		return err_set(e, RC_INPUT, "%s is no number: %.40s", name, text);
	return RC_OK;
}

static enum rc read_question(struct job *j, struct asked *asked, struct err *e)
{
	struct series_query *q = &asked->query;
	const struct {
		const char *name;
		int64_t *to;
	} numbers[] = {
		{ "min", &q->min_ms },
		{ "max", &q->max_ms },
		{ "first", &q->first_ms },
		{ "step", &q->step_ms },
		{ "range", &q->range_ms },
		{ "settled", &asked->settled_ms },
		{ "series", &asked->series_max },
	};
	enum rc rc = selectors_read(&j->pairs, &j->arena, &asked->selectors, e);

	for (size_t i = 0; rc == RC_OK && i < COUNT(numbers); i++)
		rc = read_number(&j->pairs, numbers[i].name, numbers[i].to, e);
	if (rc == RC_OK && (q->step_ms < 0 || q->range_ms < 0 || asked->settled_ms < 0 ||
				   asked->settled_ms > DAY_MS || asked->series_max < 0))
		rc = err_set(e, RC_INPUT, "a number is out of range");
	q->function = uri_pair(&j->pairs, "function");
	asked->until_ms = j->now_ms - asked->settled_ms;
	if (asked->until_ms > q->max_ms || !asked->settled_ms)
		asked->until_ms = q->max_ms;
	return rc;
}

/* ---- the answer */

/* The end of the first window that a sample of `t_ms` can be the newest of. */
static int64_t window_of(const struct series_query *q, int64_t t_ms)
{
	if (t_ms <= q->first_ms)
		return q->first_ms;
	return q->first_ms + (t_ms - q->first_ms + q->step_ms - 1) / q->step_ms * q->step_ms;
}

/* Keep what is the newest of a window that lies within the question. */
static void keep_newest(const struct series_query *q, struct series_column *c)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < c->n; i++) {
		int64_t end_ms = window_of(q, c->t_ms[i]);

		if ((i + 1 < c->n && c->t_ms[i + 1] <= end_ms) ||
			c->t_ms[i] <= end_ms - q->range_ms || end_ms > q->max_ms)
			continue;
		c->t_ms[n] = c->t_ms[i];
		c->v[n] = c->v[i];
		if (c->h)
			c->h[n] = c->h[i];
		n++;
	}
	c->n = n;
}

static enum rc add_series(struct job *j, struct series_cursor *cursor, const struct labels *labels,
	struct series_column *column, struct err *e)
{
	struct asked *asked = j->of;
	const struct series_query *q = &asked->query;
	enum rc rc = RC_OK;

	column->n = 0;
	if (q->function)
		rc = j->source->read(cursor, column, e);
	if (rc != RC_OK || (q->function && !column->n))
		return rc;
	if (q->function && !*q->function && q->step_ms)
		keep_newest(q, column);
	if (q->function && !column->n)
		return RC_OK;
	if (asked->series_max && asked->n_series == asked->series_max) {
		asked->n_left_out++;
		return RC_OK;
	}
	asked->n_series++;
	remote_read_add(&asked->plain, labels, column);
	return asked->plain.is_cut ? err_set(e, RC_LIMIT,
					     "more than %d bytes of samples for another site: ask "
					     "more narrowly",
					     SITE_SAMPLES_BYTES_MAX)
				   : RC_OK;
}

static enum rc add_all(struct job *j, struct series_cursor *cursor, struct err *e)
{
	scoped(series_column_fini) struct series_column column = { 0 };
	scoped(arena_fini) struct arena histograms;
	struct labels labels;
	bool has = true;

	arena_init(&histograms, QUERY_BYTES_MAX);
	column.histograms = &histograms;
	for (;;) {
		enum rc rc = j->source->next(cursor, &labels, &has, e);

		if (rc != RC_OK || !has)
			return rc;
		if (job_should_stop(j))
			return err_set(e, RC_TIMEOUT, "it took too long");
		arena_reset(&histograms);
		rc = add_series(j, cursor, &labels, &column, e);
		if (rc != RC_OK)
			return rc;
	}
}

static void put_number(struct str *out, uint64_t v, unsigned n_bytes)
{
	while (n_bytes--)
		str_addc(out, (char)(v >> (8 * n_bytes)));
}

static enum rc run(struct job *j, struct err *e)
{
	struct asked *asked = j->of;
	scoped(str_fini) struct str packed = STR_EMPTY;
	enum rc rc = RC_OK;

	j->fault = REQUEST_EXECUTION;
	asked->query.max_ms = asked->until_ms;
	asked->plain.limit_bytes = SITE_SAMPLES_BYTES_MAX;
	for (uint32_t i = 0; rc == RC_OK && i < asked->selectors.n; i++) {
		struct series_cursor *cursor;

		asked->query.matchers = asked->selectors.v[i].matchers;
		asked->query.n_matchers = asked->selectors.v[i].n_matchers;
		rc = j->source->open(j->source->self, &asked->query, &cursor, e);
		if (rc != RC_OK)
			break;
		rc = add_all(j, cursor, e);
		j->source->close(cursor);
	}
	if (rc == RC_OK)
		rc = snappy_pack(str_c(&asked->plain), asked->plain.len, &packed, e);
	if (rc != RC_OK)
		return rc;
	put_number(&j->body, VERSION, 1);
	put_number(&j->body, (uint64_t)asked->until_ms, 8);
	put_number(&j->body, asked->n_left_out, 4);
	str_addn(&j->body, packed.s, packed.len);
	j->type = "application/octet-stream";
	return RC_OK;
}

static void release(void *asked)
{
	str_fini(&((struct asked *)asked)->plain);
}

enum rc prom_samples(struct call *c, struct answer *out, struct err *e)
{
	scoped(job_free) struct job *j = NULL;
	struct err why = { 0 };
	struct asked *asked;
	enum rc rc = job_new(c, &j, &why);

	(void)e;
	if (rc != RC_OK)
		return job_refuse(out, rc, &why);
	j->of = asked = arena_alloc(&j->arena, sizeof *asked);
	if (!asked || !arena_own(&j->arena, asked, release))
		rc = err_set(&why, RC_LIMIT, "the question is too long");
	else
		rc = read_question(j, asked, &why);
	if (rc != RC_OK)
		return job_refuse(out, rc, &why);
	out->is_taken = true;
	job_start(TAKE(j), TIMEOUT_MS, run);
	return RC_OK;
}

/* ---- reading an answer */

static uint64_t get_number(const uint8_t *p, unsigned n_bytes)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < n_bytes; i++)
		v = v << 8 | p[i];
	return v;
}

static void count(struct samples_got *got, enum series_verdict verdict)
{
	if (verdict <= SERIES_SAME)
		got->n_samples++;
	else
		got->n_refused++;
}

/* Those for which the sink has no room are left out. */
static enum rc find_series(struct series_batch *b, const struct series_sink *sink,
	struct samples_got *got, struct err *e)
{
	for (uint32_t i = 0; i < b->n_series; i++) {
		scoped(arena_fini) struct arena a;
		struct labels labels;
		enum rc rc;

		arena_init(&a,
			2 * SERIES_LABELS_BYTES_MAX + SERIES_LABELS_MAX * sizeof(struct label));
		rc = b->labels(b, i, &a, &labels, e);
		if (rc == RC_OK)
			rc = sink->series(sink->self, &labels, &b->series[i].ref, e);
		if (rc == RC_LIMIT)
			got->n_left_out++;
		else if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

static bool comes_first(const struct series_sample *s, const struct batch_histogram *h)
{
	return s->series != h->series ? s->series < h->series : s->t_ms < h->t_ms;
}

static void keep_sample(const struct series_batch *b, const struct series_sink *sink,
	const struct series_sample *s, struct samples_got *got)
{
	series_ref ref = b->series[s->series].ref;

	if (ref)
		count(got, sink->append(sink->self, ref, s->t_ms, s->v));
}

static void keep_histogram(const struct series_batch *b, const struct series_sink *sink,
	const struct batch_histogram *h, struct samples_got *got)
{
	series_ref ref = b->series[h->series].ref;

	if (ref)
		count(got, sink->append_histogram(sink->self, ref, h->t_ms, h->h));
}

/* Floats and histograms of a series stand apart, each in order of time: one may have both. */
static enum rc keep(struct series_batch *b, const struct series_sink *sink, struct samples_got *got,
	struct err *e)
{
	uint32_t s = 0, h = 0;
	enum rc rc = find_series(b, sink, got, e);

	while (rc == RC_OK && (s < b->n_samples || h < b->n_histograms))
		if (h == b->n_histograms ||
			(s < b->n_samples && comes_first(&b->samples[s], &b->histograms[h])))
			keep_sample(b, sink, &b->samples[s++], got);
		else
			keep_histogram(b, sink, &b->histograms[h++], got);
	got->n_series = b->n_series;
	return rc;
}

enum rc samples_take(const void *answer, size_t n, const struct series_sink *sink,
	struct samples_got *ret, struct err *e)
{
	const uint8_t *at = answer;
	scoped(str_fini) struct str plain = STR_EMPTY;
	scoped(series_batch_fini) struct series_batch batch;
	struct samples_got got = { 0 };
	enum rc rc;

	series_batch_init(&batch, 0, SITE_SAMPLES_BYTES_MAX);
	if (n <= HEAD_BYTES || *at != VERSION)
		return err_set(e, RC_INPUT, "an answer that this program doesn't know");
	got.until_ms = (int64_t)get_number(at + 1, 8);
	got.n_left_out = (uint32_t)get_number(at + 9, 4);
	rc = snappy_unpack(at + HEAD_BYTES, n - HEAD_BYTES, SITE_SAMPLES_BYTES_MAX, &plain, e);
	if (rc != RC_OK)
		return rc;
	got.n_bytes = plain.len;
	batch.samples_max = SITE_SAMPLES_BYTES_MAX / 8;
	rc = remote_write_read(REMOTE_VERSION_1, str_c(&plain), plain.len, &batch, e);
	if (rc == RC_OK)
		rc = keep(&batch, sink, &got, e);
	if (rc == RC_OK)
		*ret = got;
	return rc;
}
