/* SPDX-License-Identifier: Apache-2.0 */
/* find: which series there are, and which labels: what pages complete from. */
#include "api/prometheus/job.h"
#include "api/prometheus/result.h"
#include "core/promql/parse.h"

#define TIMEOUT_MS (2 * MINUTE_MS)

struct find {
	const char *label;                 /* of label values; NULL: label names */
	struct promql_selector *selectors; /* match[]; any of them */
	uint32_t n;
	bool wants_series;
	int64_t min_ms, max_ms;
	uint64_t limit; /* 0: none */
};

/* Prometheus refuses what would match every series. */
static bool matches_absence(const struct promql_selector *s)
{
	for (uint32_t i = 0; i < s->n_matchers; i++)
		if (!matcher_matches(s->matchers[i], "", 0))
			return false;
	return true;
}

static enum rc read_selectors(struct job *j, struct find *f, struct err *e)
{
	f->selectors = arena_alloc(&j->arena, (j->pairs.n + 1) * sizeof *f->selectors);
	if (!f->selectors)
		return err_set(e, RC_LIMIT, "too many selectors");
	for (uint32_t i = 0; i < j->pairs.n; i++) {
		const struct uri_pair *pair = &j->pairs.items[i];
		enum rc rc;

		if (!str_eq(pair->name, "match[]"))
			continue;
		rc = promql_parse_selector(pair->value, &j->arena, &f->selectors[f->n], e);
		if (rc != RC_OK)
			return rc;
		if (matches_absence(&f->selectors[f->n]))
			return err_set(e, RC_INPUT,
				"match[] must contain at least one non-empty matcher");
		f->n++;
	}
	return RC_OK;
}

static enum rc read_find(struct job *j, struct find *f, struct err *e)
{
	enum rc rc = request_time(&j->pairs, "start", INT64_MIN, &f->min_ms, e);

	if (rc == RC_OK)
		rc = request_time(&j->pairs, "end", INT64_MAX, &f->max_ms, e);
	if (rc == RC_OK && f->max_ms < f->min_ms)
		rc = request_blame(
			err_set(e, RC_INPUT, "end timestamp must not be before start timestamp"),
			"end", e);
	if (rc == RC_OK)
		rc = request_limit(&j->pairs, &f->limit, e);
	if (rc == RC_OK)
		rc = read_selectors(j, f, e);
	else
		return rc;
	/* Only there does Prometheus name the parameter. */
	return f->wants_series ? request_blame(rc, "match[]", e) : rc;
}

static struct store_selection selection(const struct find *f, uint32_t i)
{
	struct store_selection s = { .min_ms = f->min_ms, .max_ms = f->max_ms };

	if (i < f->n) {
		s.matchers = f->selectors[i].matchers;
		s.n_matchers = f->selectors[i].n_matchers;
	}
	return s;
}

static void end_envelope(struct str *out, bool is_cut)
{
	str_add(out, is_cut ? "],\"warnings\":[\"results truncated due to limit\"]}" : "]}");
}

/* ---- names and values */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Of several selectors: each text once. */
static void merge_texts(struct store_texts *all, struct arena *a, const struct store_texts *more)
{
	const char **both;
	uint32_t n = 0;

	if (!all->n) {
		*all = *more;
		return;
	}
	both = arena_alloc(a, ((size_t)all->n + more->n) * sizeof *both);
	if (!both)
		return;
	memcpy(both, all->v, all->n * sizeof *both);
	memcpy(both + all->n, more->v, more->n * sizeof *both);
	qsort(both, (size_t)all->n + more->n, sizeof *both, by_text);
	for (uint32_t i = 0; i < all->n + more->n; i++)
		if (!i || !str_eq(both[i], both[n - 1]))
			both[n++] = both[i];
	*all = (struct store_texts){ both, n };
}

static enum rc run_texts(struct job *j, struct err *e)
{
	const struct find *f = j->of;
	scoped(arena_fini) struct arena arena;
	struct store_texts all = { 0 };

	arena_init(&arena, QUERY_ANSWER_BYTES_MAX);
	for (uint32_t i = 0; i < (f->n ? f->n : 1); i++) {
		struct store_selection s = selection(f, i);
		struct store_texts some = { 0 };
		enum rc rc = f->label ? store_label_values(j->view, f->label, &s, &arena, &some, e)
				      : store_label_names(j->view, &s, &arena, &some, e);

		if (rc != RC_OK)
			return rc;
		merge_texts(&all, &arena, &some);
	}
	str_add(&j->body, "{\"status\":\"success\",\"data\":[");
	for (uint32_t i = 0; i < all.n && (!f->limit || i < f->limit); i++) {
		if (i)
			str_addc(&j->body, ',');
		result_write_text(&j->body, all.v[i], (uint32_t)strlen(all.v[i]));
	}
	end_envelope(&j->body, f->limit && all.n > f->limit);
	return RC_OK;
}

/* ---- series */

static enum rc write_series(struct job *j, uint32_t which, uint64_t *n, struct err *e)
{
	const struct find *f = j->of;
	struct store_selection s = selection(f, which);
	struct series_query q = { .matchers = s.matchers,
		.n_matchers = s.n_matchers,
		.min_ms = f->min_ms,
		.max_ms = f->max_ms };
	struct series_cursor *cursor;
	struct labels labels;
	bool has = true;
	enum rc rc = j->source->open(j->source->self, &q, &cursor, e);

	if (rc != RC_OK)
		return rc;
	while (rc == RC_OK && !j->body.is_cut && !(f->limit && *n > f->limit)) {
		rc = j->source->next(cursor, &labels, &has, e);
		if (rc != RC_OK || !has)
			break;
		if (f->limit && ++*n > f->limit)
			break;
		if (j->body.s[j->body.len - 1] == '}')
			str_addc(&j->body, ',');
		result_write_labels(&j->body, &labels);
	}
	j->source->close(cursor);
	return rc;
}

static enum rc run_series(struct job *j, struct err *e)
{
	const struct find *f = j->of;
	uint64_t n = 0;

	j->body.limit_bytes = QUERY_ANSWER_BYTES_MAX;
	str_add(&j->body, "{\"status\":\"success\",\"data\":[");
	for (uint32_t i = 0; i < f->n; i++) {
		enum rc rc = write_series(j, i, &n, e);

		if (rc != RC_OK)
			return rc;
	}
	end_envelope(&j->body, f->limit && n > f->limit);
	if (j->body.is_cut)
		return err_set(e, RC_LIMIT, "the answer has more than %d bytes: ask more narrowly",
			QUERY_ANSWER_BYTES_MAX);
	return RC_OK;
}

/* ---- handlers */

enum what { NAMES, VALUES, SERIES };

static enum rc start(struct call *c, struct answer *out, enum what what)
{
	scoped(job_free) struct job *j = NULL;
	struct err e = { 0 };
	struct find *f;
	enum rc rc = job_new(c, &j, &e);

	if (rc != RC_OK)
		return job_refuse(out, rc, &e);
	j->of = f = arena_alloc(&j->arena, sizeof *f);
	f->wants_series = what == SERIES;
	rc = read_find(j, f, &e);
	if (rc == RC_OK && what == SERIES && !f->n)
		rc = err_set(&e, RC_INPUT, "no match[] parameter provided");
	if (rc == RC_OK && what == VALUES) {
		f->label = arena_strdup(&j->arena, c->found.args[0]);
		if (!f->label || !*f->label)
			rc = err_set(&e, RC_INPUT, "invalid label name: \"\"");
	}
	if (rc != RC_OK)
		return job_refuse(out, rc, &e);
	out->is_taken = true;
	job_start(TAKE(j), TIMEOUT_MS, what == SERIES ? run_series : run_texts);
	return RC_OK;
}

enum rc prom_labels(struct call *c, struct answer *out, struct err *e)
{
	(void)e;
	return start(c, out, NAMES);
}

enum rc prom_label_values(struct call *c, struct answer *out, struct err *e)
{
	(void)e;
	return start(c, out, VALUES);
}

enum rc prom_series(struct call *c, struct answer *out, struct err *e)
{
	(void)e;
	return start(c, out, SERIES);
}
