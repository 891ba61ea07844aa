/* SPDX-License-Identifier: Apache-2.0 */
/*
 * federate: the newest samples of series, as text for another server to scrape.
 * https://prometheus.io/docs/prometheus/latest/federation/
 *
 * Series get the external labels that they don't have.  Names that the text format of old can't
 * write are given with underscores, as Prometheus gives them to who doesn't ask for more.
 */
#include "api/prometheus/job.h"
#include "api/prometheus/selectors.h"
#include "base/number_text.h"
#include "core/scrape/exposition.h"

#include <inttypes.h>

#define TIMEOUT_MS  (1 * MINUTE_MS)
#define LOOKBACK_MS (5 * MINUTE_MS)
#define TYPE        "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"

struct federate {
	struct selectors selectors;
	struct labels outer; /* an empty instance among them, lest the scraper put its own */
};

struct newest {
	struct labels labels;
	int64_t t_ms;
	double v;
};
struct newests {
	struct arena arena; /* of the labels */
	struct newest *v;
	uint32_t n, cap;
};

static void newests_fini(struct newests *n)
{
	arena_fini(&n->arena);
	free(n->v);
}
SCOPED_FINI(newests_fini, struct newests)

/* ---- finding */

/* Whatever ends in a mark, or is a histogram, can't be told in this format. */
static bool has_newest(const struct series_column *c)
{
	return c->n && !is_stale(c->v[c->n - 1]) && !(c->h && c->h[c->n - 1]);
}

static enum rc keep(struct newests *all, const struct labels *l, const struct series_column *c,
	struct err *e)
{
	struct newest *one;

	must_grow(all->v, all->n, all->cap);
	one = &all->v[all->n];
	if (!labels_copy(l, &all->arena, &one->labels))
		return err_set(e, RC_LIMIT, "these are too many series: ask more narrowly");
	one->t_ms = c->t_ms[c->n - 1];
	one->v = c->v[c->n - 1];
	all->n++;
	return RC_OK;
}

static enum rc read_all(struct job *j, struct series_cursor *cursor, struct newests *all,
	struct err *e)
{
	scoped(arena_fini) struct arena histograms;
	scoped(series_column_fini) struct series_column column = { .histograms = &histograms };
	struct labels labels;
	bool has = true;
	enum rc rc = RC_OK;

	arena_init(&histograms, QUERY_ANSWER_BYTES_MAX);
	while (rc == RC_OK) {
		arena_reset(&histograms);
		rc = j->source->next(cursor, &labels, &has, e);
		if (rc != RC_OK || !has)
			break;
		if (job_should_stop(j))
			return err_set(e, RC_TIMEOUT, "it took too long");
		rc = j->source->read(cursor, &column, e);
		if (rc == RC_OK && has_newest(&column))
			rc = keep(all, &labels, &column, e);
	}
	return rc;
}

static enum rc find(struct job *j, const struct promql_selector *s, struct newests *all,
	struct err *e)
{
	struct series_query q = { .matchers = s->matchers,
		.n_matchers = s->n_matchers,
		.min_ms = j->now_ms - LOOKBACK_MS,
		.max_ms = j->now_ms,
		.function = "" };
	struct series_cursor *cursor;
	enum rc rc = j->source->open(j->source->self, &q, &cursor, e);

	if (rc != RC_OK)
		return rc;
	rc = read_all(j, cursor, all, e);
	j->source->close(cursor);
	return rc;
}

/* ---- writing */

static bool is_plain(char c, bool is_metric, bool is_first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (c == ':' && is_metric) || (c >= '0' && c <= '9' && !is_first);
}

/* Every character that isn't allowed becomes one underscore. */
static void write_name(struct str *out, const char *name, bool is_metric)
{
	for (const char *at = name; *at; at++)
		if (is_plain(*at, is_metric, at == name))
			str_addc(out, *at);
		else if ((*at & 0xc0) != 0x80)
			str_addc(out, '_');
}

static void write_label(struct str *out, const char *name, const char *value)
{
	str_addc(out, out->s[out->len - 1] == '"' ? ',' : '{');
	write_name(out, name, false);
	str_add(out, "=\"");
	exposition_escape(out, value);
	str_addc(out, '"');
}

static void write_sample(struct str *out, const char *metric, const struct newest *one,
	const struct labels *outer)
{
	char number[NUMBER_TEXT_MAX];

	write_name(out, metric, true);
	for (uint32_t i = 0; i < one->labels.n; i++)
		if (!str_eq(one->labels.v[i].name, METRIC_NAME))
			write_label(out, one->labels.v[i].name, one->labels.v[i].value);
	for (uint32_t i = 0; i < outer->n; i++)
		if (!labels_find(&one->labels, outer->v[i].name))
			write_label(out, outer->v[i].name, outer->v[i].value);
	number_text(one->v, NUMBER_SHORT, number);
	str_addf(out, "} %s %" PRId64 "\n", number, one->t_ms);
}

static int by_metric(const void *a, const void *b)
{
	const struct newest *x = a, *y = b;
	int d = strcmp(labels_get(&x->labels, METRIC_NAME), labels_get(&y->labels, METRIC_NAME));

	return d ? d : labels_compare(&x->labels, &y->labels);
}

static void write_all(struct str *out, const struct newests *all, const struct labels *outer)
{
	const char *last = "";

	for (uint32_t i = 0; i < all->n; i++) {
		const char *metric = labels_get(&all->v[i].labels, METRIC_NAME);

		if (!*metric || (i && labels_equal(&all->v[i].labels, &all->v[i - 1].labels)))
			continue;
		if (!str_eq(metric, last)) {
			str_add(out, "# TYPE ");
			write_name(out, metric, true);
			str_add(out, " untyped\n");
		}
		write_sample(out, metric, &all->v[i], outer);
		last = metric;
	}
}

/* ---- handler */

static enum rc run(struct job *j, struct err *e)
{
	const struct federate *f = j->of;
	scoped(newests_fini) struct newests all = { 0 };

	arena_init(&all.arena, QUERY_ANSWER_BYTES_MAX);
	for (uint32_t i = 0; i < f->selectors.n; i++) {
		enum rc rc = RC_OK;

		if (f->selectors.v[i].n_matchers) /* {} is nothing, in Prometheus too */
			rc = find(j, &f->selectors.v[i], &all, e);
		if (rc != RC_OK)
			return rc;
	}
	if (all.n)
		qsort(all.v, all.n, sizeof *all.v, by_metric);
	j->type = TYPE;
	j->body.limit_bytes = QUERY_ANSWER_BYTES_MAX;
	write_all(&j->body, &all, &f->outer);
	if (j->body.is_cut)
		return err_set(e, RC_LIMIT, "the answer has more than %d bytes: ask more narrowly",
			QUERY_ANSWER_BYTES_MAX);
	return RC_OK;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct label *)a)->name, ((const struct label *)b)->name);
}

static enum rc read_outer(struct job *j, const struct api_setup *setup, struct federate *f,
	struct err *e)
{
	struct labels external = { 0 }, copy;
	struct label *v;

	if (setup->external_labels)
		external = setup->external_labels(setup->ctx);
	v = arena_alloc(&j->arena, (external.n + 1) * sizeof *v);
	if (!v || !labels_copy(&external, &j->arena, &copy))
		return err_set(e, RC_LIMIT, "the external labels are too long");
	for (uint32_t i = 0; i < copy.n; i++)
		v[f->outer.n++] = copy.v[i];
	if (!labels_find(&copy, "instance"))
		v[f->outer.n++] = (struct label){ "instance", "", strlen("instance"), 0 };
	qsort(v, f->outer.n, sizeof *v, by_name);
	f->outer.v = v;
	return RC_OK;
}

enum rc prom_federate(struct call *c, struct answer *out, struct err *e)
{
	scoped(job_free) struct job *j = NULL;
	struct err why = { 0 };
	struct federate *f;
	enum rc rc = job_new(c, &j, &why);

	(void)e;
	if (rc != RC_OK)
		return job_refuse(out, rc, &why);
	j->of = f = arena_alloc(&j->arena, sizeof *f);
	rc = read_outer(j, &c->api->setup, f, &why);
	if (rc == RC_OK)
		rc = selectors_parse(&j->pairs, &j->arena, &f->selectors, &why);
	if (rc == RC_INPUT) { /* as plain text, as all of this page */
		out->status = 400;
		out->type = "text/plain; charset=utf-8";
		str_addf(&out->body, "%s\n", why.text);
		return RC_OK;
	}
	if (rc != RC_OK)
		return job_refuse(out, rc, &why);
	out->is_taken = true;
	job_start(TAKE(j), TIMEOUT_MS, run);
	return RC_OK;
}
