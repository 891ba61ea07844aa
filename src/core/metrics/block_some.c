/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of a long time a query with large steps needs few samples: those at the ends of its windows, and, of
 * counters, those around which values fall.  That they fall nowhere in a vector mostly stands in its
 * head (values.h); what is needed of it is then picked without the rest.
 */
#include "core/metrics/block_private.h"

#include "core/metrics/values.h"

/* A window for at least so many samples, else reading all is as fast.  With the last two
 * three of each are given, and that must pay, too. */
#define FEW          4
#define FEW_LAST_TWO 12

static bool is_of(const struct points *p, uint64_t times, const struct series_query *q)
{
	const struct series_query *of = &p->of;

	return p->times == times && of->first_ms == q->first_ms && of->step_ms == q->step_ms &&
	       of->range_ms == q->range_ms && of->need == q->need && of->min_ms == q->min_ms &&
	       of->max_ms == q->max_ms;
}

/* Two rows of samples, each ascending, as one. */
static uint32_t merge(const uint32_t *a, uint32_t n_a, const uint32_t *b, uint32_t n_b,
	uint32_t *ret)
{
	uint32_t n = 0, i = 0, k = 0;

	while (i < n_a || k < n_b) {
		uint32_t next = k == n_b || (i < n_a && a[i] <= b[k]) ? a[i++] : b[k++];

		if (n == 0 || ret[n - 1] < next)
			ret[n++] = next;
	}
	return n;
}

/* A window for each step that has samples of [from, to): its first, and its last. */
struct ends {
	uint32_t *first, *last, n;
};

static bool find_ends(struct block_cursor *c, const struct series_query *q, uint32_t from,
	uint32_t to, struct ends *ends)
{
	const struct times *t = &c->times;
	uint32_t first = from, behind = from;
	struct block_window w;
	int64_t last_ms;

	if (!block_hold_times(c, from / BLOCK_VECTOR) ||
		!block_hold_times(c, (to - 1) / BLOCK_VECTOR))
		return false;
	last_ms = block_time(t, to - 1);
	w = block_window_at(q, block_time(t, from));
	while (w.start_ms < last_ms) {
		if (!block_find_after(c, first, w.start_ms, &first) ||
			(behind < to && !block_find_after(c, behind, w.end_ms, &behind)))
			return false;
		behind = behind < to ? behind : to;
		if (first < behind) {
			ends->first[ends->n] = first;
			ends->last[ends->n++] = behind - 1;
		}
		if (w.end_ms > INT64_MAX - q->step_ms)
			return true;
		w.end_ms += q->step_ms;
		w.start_ms += q->step_ms;
	}
	return true;
}

/* The last of each window, and the one before when that is needed. */
static uint32_t put_lasts(const struct series_query *q, const struct ends *ends, uint32_t *ret)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < ends->n; i++) {
		if (q->need & SERIES_LAST_TWO && ends->last[i] > ends->first[i])
			ret[n++] = ends->last[i] - 1;
		ret[n++] = ends->last[i];
	}
	return n;
}

/* `windows` is no less than there are. */
static bool find_points(struct block_cursor *c, const struct series_query *q, uint32_t from,
	uint32_t to, uint32_t windows)
{
	struct points *p = &c->points;
	uint32_t *room = must_alloc((4 * (size_t)windows + 1) * sizeof *room);
	struct ends ends = { room, room + windows, 0 };
	bool found = find_ends(c, q, from, to, &ends);
	uint32_t *lasts = room + 2 * (size_t)windows, n = put_lasts(q, &ends, lasts);

	if (3 * windows > p->cap) {
		p->cap = 3 * windows;
		p->v = must_realloc(p->v, p->cap * sizeof *p->v);
	}
	p->n = merge(ends.first, q->need & ~SERIES_LAST ? ends.n : 0, lasts, n, p->v);
	free(room);
	return found;
}

bool block_needs_few(struct block_cursor *c, const struct series_query *q, uint32_t from,
	uint32_t to)
{
	struct points *p = &c->points;
	uint32_t few = q && q->need & SERIES_LAST_TWO ? FEW_LAST_TWO : FEW;
	uint64_t windows, span_ms;

	if (!q || !q->need || q->step_ms < 0 || to - from < few)
		return false;
	if (is_of(p, c->times.offset, q))
		return p->pays;
	*p = (struct points){ .times = c->times.offset, .of = *q, .v = p->v, .cap = p->cap };
	if (q->step_ms == 0)
		return p->pays = true;
	if (!block_hold_times(c, from / BLOCK_VECTOR) ||
		!block_hold_times(c, (to - 1) / BLOCK_VECTOR))
		return false;
	span_ms = (uint64_t)block_time(&c->times, to - 1) - (uint64_t)block_time(&c->times, from);
	windows = (span_ms + (uint64_t)q->range_ms) / (uint64_t)q->step_ms + 2;
	p->pays = windows <= (to - from) / few && find_points(c, q, from, to, (uint32_t)windows);
	return p->pays;
}

/* ---- giving them */

struct giving {
	struct reading *r;
	const struct series_query *q;
	uint32_t from, to;
	uint32_t first_nth; /* of `from` */
	uint32_t point;     /* the next of the cursor's */
	/* The last sample before the vector, when it matters whether the next one is less. */
	bool has_before, is_before_given;
	bool is_behind_all; /* all of the vector before was given */
	uint32_t before;
	double before_v;
};

static void give(struct giving *g, uint32_t i, double v)
{
	struct series_column *into = g->r->into;

	into->t_ms[into->n] = block_time(&g->r->c->times, i);
	into->v[into->n] = v;
	if (into->h)
		into->h[into->n] = NULL;
	if (into->has_gaps)
		into->nth[into->n] = g->first_nth + (i - g->from);
	into->n++;
}

/* What is needed of the samples [a, b) of one vector, as places in it; and whether only as it
 * has to be known. */
struct wanted {
	struct ints_places at;
	bool is_given[BLOCK_VECTOR]; /* one a place */
};

static void want(struct wanted *w, uint32_t i, bool is_given)
{
	uint8_t place = (uint8_t)(i % BLOCK_VECTOR);

	if (w->at.n && w->at.v[w->at.n - 1] == place) {
		w->is_given[w->at.n - 1] |= is_given;
		return;
	}
	w->is_given[w->at.n] = is_given;
	w->at.v[w->at.n++] = place;
}

/* Whether the vector of this sample must be looked at, as it may have marks of ends.  Where values fall
 * is looked for in all vectors anyway. */
static bool hides_marks(const struct giving *g, uint32_t i)
{
	return !(g->q->need & SERIES_TURNS) && g->q->need != SERIES_LAST &&
	       block_may_be_special(g->r, i / BLOCK_VECTOR);
}

/* From where on all that there is of [a, b) is wanted: both ends of what is read count, as who puts
 * pieces together sees whether they overlap, and any window may end behind them.  So it is around a vector
 * that may have marks of ends, which are no samples in the end. */
static uint32_t want_all_from(const struct giving *g, uint32_t a, uint32_t b)
{
	uint32_t all = g->to - g->from < 2 ? g->from : g->to - 2;

	if (b < g->to && hides_marks(g, b))
		all = b - a < 2 ? a : b - 2;
	return all > a ? all : a;
}

static void want_points(struct giving *g, uint32_t a, uint32_t b, struct wanted *w)
{
	const struct points *p = &g->r->c->points;
	uint32_t all = want_all_from(g, a, b);

	w->at.n = 0;
	if (a == g->from || g->is_behind_all || g->q->need & SERIES_TURNS || hides_marks(g, a))
		want(w, a, a == g->from || g->is_behind_all);
	for (; g->point < p->n && p->v[g->point] < b; g->point++)
		if (p->v[g->point] >= a && p->v[g->point] < all)
			want(w, p->v[g->point], true);
	for (uint32_t i = all; i < b; i++)
		want(w, i, true);
	if (g->q->need & SERIES_TURNS)
		want(w, b - 1, false);
}

static bool rises(const double *v, uint32_t n)
{
	bool falls = false;

	for (uint32_t i = 1; i < n; i++)
		falls |= !(v[i - 1] <= v[i]);
	return !falls;
}

static bool any_stale(const double *v, uint32_t n)
{
	bool found = false;

	for (uint32_t i = 0; i < n; i++)
		found |= is_stale(v[i]);
	return found;
}

/* The wanted values, when they say all that must be known of [a, b).  *ret_is_enough false: they
 * don't, and `all` has the vector. */
static bool pick(struct giving *g, uint32_t a, uint32_t b, const struct wanted *w, double *v,
	bool *ret_is_enough)
{
	uint32_t i = a / BLOCK_VECTOR, place = a % BLOCK_VECTOR;
	unsigned n = vector_n(&g->r->values, i);
	bool must_rise = g->q->need & SERIES_TURNS;
	double *all = g->r->vector->v;
	struct ints_span in;

	*ret_is_enough = true;
	if (!block_open_values(g->r, i, &in))
		return false;
	if (g->r->values.is_same) {
		if (!values_decode(&in, 1, v))
			return false;
		for (unsigned k = 1; k < w->at.n; k++)
			v[k] = v[0];
		if (v[0] == v[0])
			return true;
	} else if (must_rise ? values_pick_rising(in, n, &w->at, v)
			     : values_pick(in, n, &w->at, v)) {
		return true;
	}
	if (!block_decode_values(g->r, i, all))
		return false;
	for (unsigned k = 0; k < w->at.n; k++)
		v[k] = all[w->at.v[k]];
	if (must_rise)
		*ret_is_enough = rises(all + place, b - a);
	else
		*ret_is_enough = g->q->need == SERIES_LAST || !any_stale(all + place, b - a);
	return true;
}

/* The value before a vector matters when the first of this one is less. */
static bool give_before(struct giving *g, double first)
{
	bool falls = g->has_before && !(g->before_v <= first);

	if (falls && !g->is_before_given)
		give(g, g->before, g->before_v);
	return falls;
}

static bool give_vector(struct giving *g, uint32_t a, uint32_t b)
{
	bool must_rise = g->q->need & SERIES_TURNS, is_enough, has_fallen;
	uint32_t begin = a - a % BLOCK_VECTOR;
	const double *all = g->r->vector->v;
	double v[BLOCK_VECTOR];
	struct wanted w;

	want_points(g, a, b, &w);
	if (w.at.n == 0)
		return true;
	if (!block_hold_times(g->r->c, a / BLOCK_VECTOR) || !pick(g, a, b, &w, v, &is_enough))
		return false;
	has_fallen = must_rise && give_before(g, v[0]);
	if (is_enough) {
		w.is_given[0] |= has_fallen;
		for (unsigned k = 0; k < w.at.n; k++)
			if (w.is_given[k])
				give(g, begin + w.at.v[k], v[k]);
	} else {
		for (uint32_t i = a; i < b; i++)
			give(g, i, all[i - begin]);
	}
	g->has_before = must_rise;
	g->is_behind_all = !is_enough;
	g->is_before_given = !is_enough || w.is_given[w.at.n - 1];
	g->before = b - 1;
	g->before_v = v[w.at.n - 1];
	return true;
}

bool block_give_few(struct reading *r, const struct series_query *q, uint32_t from, uint32_t to)
{
	struct series_column *into = r->into;
	struct giving g = { .r = r, .q = q, .from = from, .to = to };

	if (q->need != SERIES_LAST) {
		series_column_reserve(into, into->n + 1);
		series_column_number(into, into->n);
		g.first_nth = into->n ? into->nth[into->n - 1] + 1 : 0;
	}
	while (from < to) {
		uint32_t end = (from / BLOCK_VECTOR + 1) * BLOCK_VECTOR;

		end = end < to ? end : to;
		series_column_reserve(into, into->n + BLOCK_VECTOR + 1);
		if (!give_vector(&g, from, end))
			return false;
		from = end;
	}
	return true;
}
