/* SPDX-License-Identifier: Apache-2.0 */
#define XXH_INLINE_ALL
#include "core/scrape/sayings.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/scrape/exposition.h"

#include <xxhash.h>

#define FEW            256 /* that come before a sweep is thought of */
#define SLOTS_PER_TEXT 2

struct saying {
	uint64_t hash;
	uint32_t n_metric;
	bool is_marked;
	char text[]; /* the metric's name, its end, the text, its end */
};

_Static_assert(METRIC_TYPES <= 1 << SAYING_WHAT_BITS, "a type fits beside the number");
_Static_assert(TARGET_SAYINGS_MAX < 1u << (32 - SAYING_WHAT_BITS), "so does the number");

void sayings_init(struct sayings *s, uint64_t seed)
{
	*s = (struct sayings){ .seed = seed };
}

void sayings_fini(struct sayings *s)
{
	for (uint32_t i = 0; i < s->n; i++)
		free(s->v[i]);
	free(s->v);
	free(s->index);
	*s = (struct sayings){ 0 };
}

/* ---- one text */

static struct saying *saying_new(const struct sayings *s, const char *metric, const char *text)
{
	size_t n_metric = strlen(metric), n = utf8_most(text, METADATA_TEXT_BYTES_MAX);
	struct saying *one = must_alloc(sizeof *one + n_metric + n + 2);

	one->n_metric = (uint32_t)n_metric;
	memcpy(one->text, metric, n_metric);
	memcpy(one->text + n_metric + 1, text, n);
	one->hash = XXH3_64bits_withSeed(one->text, n_metric + n + 2, s->seed);
	return one;
}

static const char *text_of(const struct saying *one)
{
	return one->text + one->n_metric + 1;
}

static bool is_same(const struct saying *a, const struct saying *b)
{
	return a->hash == b->hash && str_eq(a->text, b->text) && str_eq(text_of(a), text_of(b));
}

/* ---- the index */

/* The slot that holds it, or would. */
static uint32_t find(const struct sayings *s, const struct saying *one)
{
	uint32_t slot = (uint32_t)one->hash & (s->n_slots - 1);

	while (s->index[slot] && !is_same(s->v[s->index[slot] - 1], one))
		slot = (slot + 1) & (s->n_slots - 1);
	return slot;
}

static void index_make(struct sayings *s)
{
	free(s->index);
	s->n_slots = 64;
	while (s->n_slots < (s->n_live + 1) * 2 * SLOTS_PER_TEXT)
		s->n_slots *= 2;
	s->index = must_alloc(s->n_slots * sizeof *s->index);
	for (uint32_t i = 0; i < s->n; i++)
		if (s->v[i])
			s->index[find(s, s->v[i])] = i + 1;
}

/* One that is free; those below `next_free` aren't. */
static uint32_t number(struct sayings *s)
{
	if (s->n_live == s->n) {
		must_grow(s->v, s->n, s->cap);
		s->v[s->n] = NULL;
		return s->n++;
	}
	while (s->v[s->next_free])
		s->next_free++;
	return s->next_free;
}

static series_ref ref_of(uint32_t number, unsigned what)
{
	return (number + 1) << SAYING_WHAT_BITS | what;
}

series_ref sayings_put(struct sayings *s, const char *metric, const char *text, unsigned what)
{
	struct saying *one;
	uint32_t slot;

	must(what < 1u << SAYING_WHAT_BITS);
	if (strlen(metric) > METADATA_TEXT_BYTES_MAX)
		return what;
	if ((s->n_live + 1) * SLOTS_PER_TEXT > s->n_slots)
		index_make(s);
	one = saying_new(s, metric, text);
	slot = find(s, one);
	if (s->index[slot]) {
		free(one);
		return ref_of(s->index[slot] - 1, what);
	}
	s->n_new++;
	if (s->n_live == TARGET_SAYINGS_MAX) {
		free(one);
		return what;
	}
	s->index[slot] = number(s) + 1;
	s->v[s->index[slot] - 1] = one;
	s->n_live++;
	return ref_of(s->index[slot] - 1, what);
}

/* ---- what nobody says any more */

bool sayings_is_due(const struct sayings *s)
{
	return s->n_new > s->n_swept + FEW;
}

/* NULL: it found no room, or the line says nothing. */
static struct saying *said_by(const struct sayings *s, const struct line *line)
{
	uint32_t n = line->ref >> SAYING_WHAT_BITS;

	if (line->kind != LINE_TYPE && line->kind != LINE_OTHER)
		return NULL;
	return n ? s->v[n - 1] : NULL;
}

void sayings_mark(struct sayings *s, const struct line *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct saying *one = said_by(s, &v[i]);

		if (one)
			one->is_marked = true;
	}
}

void sayings_sweep(struct sayings *s)
{
	for (uint32_t i = 0; i < s->n; i++) {
		if (!s->v[i])
			continue;
		if (!s->v[i]->is_marked) {
			free(TAKE(s->v[i]));
			s->n_live--;
			continue;
		}
		s->v[i]->is_marked = false;
	}
	s->next_free = 0;
	s->n_new = 0;
	s->n_swept = s->n_live;
	index_make(s);
}

/* ---- what a target says */

/* One line of it. */
struct word {
	const char *name, *text;
	uint32_t order;
	bool is_type, is_unit;
};
struct words {
	struct word *v;
	uint32_t n, cap;
};

static void gather_one(struct words *w, const struct sayings *s, const struct line *line,
	const char *metric)
{
	const struct saying *one = said_by(s, line);
	unsigned what = saying_what(line->ref);
	bool is_type = line->kind == LINE_TYPE;

	if (!one || (metric && !str_eq(metric, one->text)))
		return;
	must_grow(w->v, w->n, w->cap);
	w->v[w->n] = (struct word){ one->text,
		is_type ? metric_type_name((enum metric_type)what) : text_of(one), w->n, is_type,
		!is_type && what == SAYING_UNIT };
	w->n++;
}

/* What is newer comes later: bodies that failed leave what they didn't come to behind their own
 * lines, doubtful (lines.h). */
static void gather(struct words *w, const struct sayings *s, const struct lines *l,
	const char *metric)
{
	for (uint32_t i = l->n; i > 0; i--)
		if (l->v[i - 1].is_doubtful)
			gather_one(w, s, &l->v[i - 1], metric);
	for (uint32_t i = 0; i < l->n; i++)
		if (!l->v[i].is_doubtful)
			gather_one(w, s, &l->v[i], metric);
}

static int by_name(const void *a, const void *b)
{
	const struct word *x = a, *y = b;
	int d = strcmp(x->name, y->name);

	return d ? d : (x->order > y->order) - (x->order < y->order);
}

static void take_word(struct metric_metadata *m, const struct word *w)
{
	if (w->is_type)
		m->type = w->text;
	else if (w->is_unit)
		m->unit = w->text;
	else
		m->help = w->text;
}

void sayings_of(const struct sayings *s, const struct lines *l, const char *metric,
	struct said_metrics *ret)
{
	struct words w = { 0 };

	gather(&w, s, l, metric);
	if (w.n)
		qsort(w.v, w.n, sizeof *w.v, by_name);
	for (uint32_t i = 0; i < w.n; i++) {
		if (i == 0 || !str_eq(w.v[i].name, w.v[i - 1].name)) {
			must_grow(ret->v, ret->n, ret->cap);
			ret->v[ret->n++] = (struct said_metric){ w.v[i].name, { "", "", "" } };
		}
		take_word(&ret->v[ret->n - 1].m, &w.v[i]);
	}
	free(w.v);
}

void said_metrics_fini(struct said_metrics *m)
{
	free(m->v);
	*m = (struct said_metrics){ 0 };
}
