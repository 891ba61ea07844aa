/* SPDX-License-Identifier: Apache-2.0 */
/* find: which series there are, and which labels: what pages complete from. */
#include "api/prometheus/job.h"
#include "api/prometheus/result.h"
#include "api/prometheus/selectors.h"
#include "base/map.h"
#include "base/unicode.h"

#include <ctype.h>

#define TIMEOUT_MS (2 * MINUTE_MS)

struct find {
	const char *label; /* of label values; NULL: label names */
	struct selectors selectors;
	bool wants_series;
	int64_t min_ms, max_ms;
	uint64_t limit; /* 0: none */
};

static enum rc read_find(struct job *j, struct find *f, struct err *e)
{
	enum rc rc = request_time(&j->pairs, "start", INT64_MIN, &f->min_ms, e);

	if (rc == RC_OK)
		rc = request_time(&j->pairs, "end", INT64_MAX, &f->max_ms, e);
	if (rc == RC_OK)
		rc = request_limit(&j->pairs, &f->limit, e);
	if (rc == RC_OK)
		rc = selectors_read(&j->pairs, &j->arena, &f->selectors, e);
	else
		return rc;
	/* Only there does Prometheus name the parameter. */
	return f->wants_series ? request_blame(rc, "match[]", e) : rc;
}

static void end_envelope(struct job *j, bool is_cut)
{
	struct sites_warnings w = sites_warnings(j->sites);
	const char *between = "],\"warnings\":[";

	for (uint32_t i = 0; i < w.n + is_cut; i++) {
		const char *text = i < w.n ? w.v[i] : "results truncated due to limit";

		str_add(&j->body, between);
		result_write_text(&j->body, text, (uint32_t)strlen(text));
		between = ",";
	}
	str_add(&j->body, "]}");
}

static struct series_query query_of(const struct find *f, uint32_t i)
{
	struct series_query q = { .min_ms = f->min_ms, .max_ms = f->max_ms };

	if (i < f->selectors.n) {
		q.matchers = f->selectors.v[i].matchers;
		q.n_matchers = f->selectors.v[i].n_matchers;
	}
	return q;
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

static enum rc stored_texts(struct job *j, const struct series_query *q, struct arena *a,
	struct store_texts *ret, struct err *e)
{
	const struct find *f = j->of;
	const struct store_selection s = { q->matchers, q->n_matchers, q->min_ms, q->max_ms };

	return f->label ? store_label_values(j->view, f->label, &s, a, ret, e)
			: store_label_names(j->view, &s, a, ret, e);
}

static enum rc note_text(struct map *found, const char *text, struct arena *a, struct err *e)
{
	char *kept;

	if (map_has(found, text))
		return RC_OK;
	kept = arena_strdup(a, text);
	if (!kept)
		return err_set(e, RC_LIMIT, "too many labels: ask more narrowly");
	map_put(found, text, kept);
	return RC_OK;
}

static enum rc note_labels(struct map *found, const char *label, const struct labels *l,
	struct arena *a, struct err *e)
{
	enum rc rc = RC_OK;

	for (uint32_t i = 0; rc == RC_OK && i < l->n; i++)
		if (!label)
			rc = note_text(found, l->v[i].name, a, e);
		else if (str_eq(l->v[i].name, label))
			rc = note_text(found, l->v[i].value, a, e);
	return rc;
}

static enum rc note_series(struct job *j, struct series_cursor *cursor, struct map *found,
	struct arena *a, struct err *e)
{
	const struct find *f = j->of;
	struct labels labels;
	bool has = true;

	for (;;) {
		enum rc rc = j->source->next(cursor, &labels, &has, e);

		if (rc == RC_OK && has)
			rc = note_labels(found, f->label, &labels, a, e);
		if (rc != RC_OK || !has)
			return rc;
		if (job_should_stop(j))
			return err_set(e, RC_TIMEOUT, "it took too long");
	}
}

/* Of what a selector that names sites means, there is no index. */
static enum rc texts_of_sites(struct job *j, const struct series_query *q, struct arena *a,
	struct store_texts *ret, struct err *e)
{
	scoped(map_fini) struct map found = MAP_EMPTY;
	struct series_cursor *cursor;
	enum rc rc = j->source->open(j->source->self, q, &cursor, e);

	if (rc != RC_OK)
		return rc;
	rc = note_series(j, cursor, &found, a, e);
	j->source->close(cursor);
	if (rc != RC_OK)
		return rc;
	ret->v = arena_alloc(a, (map_count(&found) + 1u) * sizeof *ret->v);
	if (!ret->v)
		return err_set(e, RC_LIMIT, "too many labels: ask more narrowly");
	map_each (&found, it)
		ret->v[ret->n++] = it->value;
	if (ret->n)
		qsort(ret->v, ret->n, sizeof *ret->v, by_text);
	return RC_OK;
}

/* Then what is found says of itself which site it is of. */
static bool has_named_site(const struct job *j)
{
	const struct find *f = j->of;
	bool is_any = false;

	for (uint32_t i = 0; i < f->selectors.n; i++)
		is_any |= whose_selector(sites_names(j->sites), f->selectors.v[i].matchers,
			f->selectors.v[i].n_matchers)
				  .is_named;
	return is_any;
}

/* A series has the label `site` only where a selector asks by it, so no index knows of it: but pages complete
 * from here what can be asked for. */
static enum rc offer_sites(struct job *j, struct store_texts *all, struct arena *a, struct err *e)
{
	const struct find *f = j->of;
	const struct site_names *names = sites_names(j->sites);
	bool has_names = f->label && str_eq(f->label, SITE_LABEL);
	const char *offered[SITES_MAX] = { SITE_LABEL };
	struct store_texts more = { offered, 1 };

	if (j->site_answered || names->n < 2 || (f->label && !has_names) ||
		(f->selectors.n && !all->n && !has_names))
		return RC_OK;
	if (has_names) {
		memcpy(offered, names->v, names->n * sizeof *offered);
		more.n = names->n;
	}
	more.v = arena_alloc(a, more.n * sizeof *more.v);
	if (!more.v)
		return err_set(e, RC_LIMIT, "too many labels: ask more narrowly");
	memcpy(more.v, offered, more.n * sizeof *more.v);
	qsort(more.v, more.n, sizeof *more.v, by_text);
	merge_texts(all, a, &more);
	return RC_OK;
}

static enum rc run_texts(struct job *j, struct err *e)
{
	const struct find *f = j->of;
	scoped(arena_fini) struct arena arena;
	struct store_texts all = { 0 };

	arena_init(&arena, QUERY_ANSWER_BYTES_MAX);
	for (uint32_t i = 0; i < (f->selectors.n ? f->selectors.n : 1); i++) {
		struct series_query q = query_of(f, i);
		struct store_texts some = { 0 };
		bool is_named =
			whose_selector(sites_names(j->sites), q.matchers, q.n_matchers).is_named;
		enum rc rc = is_named ? texts_of_sites(j, &q, &arena, &some, e)
				      : stored_texts(j, &q, &arena, &some, e);

		if (rc != RC_OK)
			return rc;
		merge_texts(&all, &arena, &some);
	}
	if (!has_named_site(j)) {
		enum rc rc = offer_sites(j, &all, &arena, e);

		if (rc != RC_OK)
			return rc;
	}
	str_add(&j->body, "{\"status\":\"success\",\"data\":[");
	for (uint32_t i = 0; i < all.n && (!f->limit || i < f->limit); i++) {
		if (i)
			str_addc(&j->body, ',');
		result_write_text(&j->body, all.v[i], (uint32_t)strlen(all.v[i]));
	}
	end_envelope(j, f->limit && all.n > f->limit);
	return RC_OK;
}

/* ---- series */

struct found {
	struct arena *arena;
	struct labels *v;
	uint32_t n, cap;
};

/* One more than the limit is enough to know that there are more. */
static enum rc find_series(struct job *j, uint32_t which, struct found *found, struct err *e)
{
	const struct find *f = j->of;
	struct series_query q = query_of(f, which);
	uint32_t most = f->limit && f->limit < UINT32_MAX ? (uint32_t)f->limit + 1 : UINT32_MAX;
	struct series_cursor *cursor;
	struct labels labels;
	bool has = true;
	enum rc rc = j->source->open(j->source->self, &q, &cursor, e);

	if (rc != RC_OK)
		return rc;
	for (uint32_t n = 0; rc == RC_OK && n < most; n++) {
		rc = j->source->next(cursor, &labels, &has, e);
		if (rc != RC_OK || !has)
			break;
		must_grow(found->v, found->n, found->cap);
		if (!labels_copy(&labels, found->arena, &found->v[found->n++]))
			rc = err_set(e, RC_LIMIT,
				"more than %zu bytes of series: ask more narrowly",
				found->arena->budget_bytes);
	}
	j->source->close(cursor);
	return rc;
}

static int by_labels(const void *a, const void *b)
{
	return labels_compare(a, b);
}

/* Series that several selectors find stand there once, and in order. */
static void merge_found(struct found *found)
{
	uint32_t n = 0;

	qsort(found->v, found->n, sizeof *found->v, by_labels);
	for (uint32_t i = 0; i < found->n; i++)
		if (!n || !labels_equal(&found->v[i], &found->v[n - 1]))
			found->v[n++] = found->v[i];
	found->n = n;
}

static void write_series(struct job *j, const struct found *found)
{
	const struct find *f = j->of;
	bool is_cut = f->limit && found->n > f->limit;
	uint32_t n = is_cut ? (uint32_t)f->limit : found->n;

	j->body.limit_bytes = QUERY_ANSWER_BYTES_MAX;
	str_add(&j->body, "{\"status\":\"success\",\"data\":[");
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			str_addc(&j->body, ',');
		result_write_labels(&j->body, &found->v[i]);
	}
	end_envelope(j, is_cut);
}

static void release_found(struct found *found)
{
	free(found->v);
}
SCOPED_FINI(release_found, struct found)

static enum rc run_series(struct job *j, struct err *e)
{
	scoped(arena_fini) struct arena arena;
	scoped(release_found) struct found found = { .arena = &arena };
	const struct find *f = j->of;

	arena_init(&arena, QUERY_BYTES_MAX);
	for (uint32_t i = 0; i < f->selectors.n; i++) {
		enum rc rc = find_series(j, i, &found, e);

		if (rc != RC_OK)
			return rc;
	}
	if (f->selectors.n > 1)
		merge_found(&found);
	write_series(j, &found);
	if (j->body.is_cut)
		return err_set(e, RC_LIMIT, "the answer has more than %d bytes: ask more narrowly",
			QUERY_ANSWER_BYTES_MAX);
	return RC_OK;
}

/* ---- names in paths */

/* "U__" and a name in which "__" is an underscore and "_2e_" the character of that number, as
 * clients of Prometheus 3 write names that no path could hold. */
static bool unescape(const char *at, struct str *out)
{
	while (*at) {
		char character[UTF8_BYTES_MAX], *end;
		unsigned long c;

		if (*at != '_') {
			str_addc(out, *at++);
			continue;
		}
		at++;
		if (*at == '_') {
			str_addc(out, *at++);
			continue;
		}
		if (!isxdigit((unsigned char)*at))
			return false;
		c = strtoul(at, &end, 16);
		if (end - at > 6 || *end != '_' || !c || c > UNICODE_MAX ||
			(c >= 0xd800 && c < 0xe000))
			return false;
		str_addn(out, character, utf8_encode((uint32_t)c, character));
		at = end + 1;
	}
	return true;
}

static const char *label_name(struct job *j, const char *written)
{
	scoped(str_fini) struct str name = STR_EMPTY;

	if (!str_starts(written, "U__") || !unescape(written + 3, &name))
		return arena_strdup(&j->arena, written);
	return arena_strdup(&j->arena, str_c(&name));
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
	if (rc == RC_OK && what == SERIES && !f->selectors.n)
		rc = err_set(&e, RC_INPUT, "no match[] parameter provided");
	if (rc == RC_OK && what == VALUES) {
		f->label = label_name(j, c->found.args[0]);
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
