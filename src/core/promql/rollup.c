/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of ranges: a table of what computes a series, and the stream around it. */
#include "base/golang.h"
#include "core/promql/parts.h"
#include "core/promql/rollup_private.h"

#include <math.h>

static const struct rollup_row rows[PROMQL_FUNCTIONS] = {
	[PROMQL_F_avg_over_time] = { roll_avg, .needs_scratch = true },
	[PROMQL_F_changes] = { roll_changes },
	[PROMQL_F_count_over_time] = { roll_count, .need = SERIES_ENDS },
	[PROMQL_F_delta] = { roll_delta, .need = SERIES_ENDS },
	[PROMQL_F_deriv] = { roll_deriv },
	[PROMQL_F_double_exponential_smoothing] = { roll_smoothing, .n_params = 2 },
	[PROMQL_F_idelta] = { roll_idelta, .need = SERIES_ENDS | SERIES_LAST_TWO },
	[PROMQL_F_increase] = { roll_increase, .is_of_counters = true, .need = SERIES_GROWTH },
	[PROMQL_F_irate] = { roll_irate, .need = SERIES_ENDS | SERIES_LAST_TWO },
	[PROMQL_F_last_over_time] = { roll_last, .keeps_name = true, .need = SERIES_ENDS },
	[PROMQL_F_mad_over_time] = { roll_mad, .needs_scratch = true },
	[PROMQL_F_max_over_time] = { roll_max, .need = SERIES_GROWTH },
	[PROMQL_F_min_over_time] = { roll_min, .need = SERIES_GROWTH },
	[PROMQL_F_predict_linear] = { roll_predict_linear, .n_params = 1 },
	[PROMQL_F_present_over_time] = { roll_present, .need = SERIES_ENDS },
	[PROMQL_F_quantile_over_time] = { roll_quantile, .range = 1, .n_params = 1, .needs_scratch = true },
	[PROMQL_F_rate] = { roll_rate, .is_of_counters = true, .need = SERIES_GROWTH },
	[PROMQL_F_resets] = { roll_resets, .need = SERIES_GROWTH },
	[PROMQL_F_stddev_over_time] = { roll_stddev },
	[PROMQL_F_stdvar_over_time] = { roll_stdvar },
	[PROMQL_F_sum_over_time] = { roll_sum, .needs_scratch = true },
	[PROMQL_F_ts_of_last_over_time] = { roll_time_of_last, .need = SERIES_ENDS },
	[PROMQL_F_ts_of_max_over_time] = { roll_time_of_max },
	[PROMQL_F_ts_of_min_over_time] = { roll_time_of_min },
};

/* The first sample behind `end_ms`, of those from `at` on; `guess` is how far away it may be.  With
 * regular samples and steps it is about as far as it was the last time. */
static inline uint32_t find_behind(const struct windows *w, uint32_t at, uint32_t guess,
	int64_t end_ms)
{
	uint32_t found = guess < w->n_samples - at ? at + guess : w->n_samples;

	while (found > at && w->t_ms[found - 1] > end_ms)
		found--;
	while (found < w->n_samples && w->t_ms[found] <= end_ms)
		found++;
	return found;
}

uint64_t windows_find(const struct windows *w, uint32_t *low, uint32_t *high)
{
	uint32_t from = 0, to = 0, from_stride = 0, to_stride = 0;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < w->steps->n; i++) {
		int64_t end_ms = reach_end(&w->reach, i);
		uint32_t behind = find_behind(w, to, to_stride, end_ms);
		uint32_t first = find_behind(w, from, from_stride, end_ms - w->reach.range_ms);

		to_stride = behind - to;
		from_stride = first - from;
		low[i] = from = first;
		high[i] = to = behind;
		if (first < behind)
			sum += windows_count(w, first, behind);
	}
	return sum;
}

/* Room for what the function keeps of `n` samples; *cap says how many there is room for.  False: the
 * arena is full. */
static bool make_room(const struct rollup_row *row, struct arena *a, struct windows *w,
	uint32_t *cap, uint32_t n)
{
	uint32_t wanted = n < 1024 ? 1024 : n + n / 2;

	if (*cap && n <= *cap)
		return true;
	*cap = 0;
	w->places = arena_alloc(a, wanted * sizeof(uint32_t));
	if (row->needs_scratch)
		w->scratch = arena_alloc(a, 3 * ((size_t)wanted + 1) * sizeof(double));
	if (!w->places || (row->needs_scratch && !w->scratch))
		return false;
	*cap = wanted;
	return true;
}

static bool is_counter_name(const struct label *name)
{
	static const char *const ends[] = { "_total", "_sum", "_count", "_bucket" };

	for (size_t i = 0; i < COUNT(ends); i++) {
		size_t n = strlen(ends[i]);

		if (name->value_len >= n &&
			memcmp(name->value + name->value_len - n, ends[i], n) == 0)
			return true;
	}
	return false;
}

static bool has_histogram(const struct series_column *c)
{
	for (uint32_t i = 0; c->h && i < c->n; i++)
		if (c->h[i])
			return true;
	return false;
}

static bool has_float(const struct column *c, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (!is_absent(c->v[i]) && !(c->h && c->h[i]))
			return true;
	return false;
}

static bool has_value(const double *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (!is_absent(v[i]))
			return true;
	return false;
}

static enum rc check_factor(const char *what, const char *brief, double v, struct err *e)
{
	scoped(str_fini) struct str text = STR_EMPTY;

	if (!(v <= 0 || v >= 1))
		return RC_OK;
	go_float(&text, v, 'f', 6);
	return err_set(e, RC_INPUT, "invalid %s. Expected: 0 < %s < 1, got: %s", what, brief,
		str_c(&text));
}

/* What the first step with samples says about the scalars. */
static enum rc check_params(struct rolling *r, struct err *e)
{
	const struct windows *w = &r->windows;
	const struct promql_node *n = r->node;
	enum promql_function_id id = n->call.function->id;

	if (id != PROMQL_F_quantile_over_time && id != PROMQL_F_double_exponential_smoothing)
		return RC_OK;
	for (uint32_t i = 0; i < w->steps->n; i++) {
		double a = w->params[0][i];
		enum rc rc;

		if (w->low[i] == w->high[i])
			continue;
		if (id == PROMQL_F_quantile_over_time) {
			if (!(a >= 0 && a <= 1))
				notes_add_number(&r->stream.eval->notes, NOTE_QUANTILE,
					eval_arg(n, 0), a);
			continue;
		}
		rc = check_factor("smoothing factor", "sf", a, e);
		if (rc == RC_OK)
			rc = check_factor("trend factor", "tf", w->params[1][i], e);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

enum rc rolling_floats(struct rolling *r, const struct series_column *c, struct err *e)
{
	struct windows *w = &r->windows;
	struct arena *arena = &r->stream.eval->arena;
	uint64_t samples;
	enum rc rc;

	if (!make_room(r->row, arena, w, &r->cap, c->n))
		return eval_alloc(r->stream.eval, SIZE_MAX / 2, e), RC_LIMIT;
	w->t_ms = c->t_ms;
	w->v = c->v;
	w->n_samples = c->n;
	w->nth = c->has_gaps ? c->nth : NULL;
	samples = windows_find(w, r->low, r->high);
	ranges_count(&r->ranges, samples);
	rc = check_params(r, e);
	if (rc == RC_OK)
		r->row->roll(w, r->v);
	return rc;
}

/* What a worker needs to compute a part of a series. */
struct roller {
	struct windows windows;
	uint32_t *low, *high;
	uint32_t cap;
};

static struct roller *roller_of(const struct rolling *r, struct ahead_worker *w)
{
	uint32_t n = r->stream.steps->n;
	struct roller *own = w->own;

	if (own)
		return own;
	own = arena_alloc(&w->arena, sizeof *own);
	if (!own)
		return NULL;
	own->low = arena_alloc(&w->arena, n * sizeof *own->low);
	own->high = arena_alloc(&w->arena, n * sizeof *own->high);
	if (!own->low || !own->high)
		return NULL;
	own->windows.low = own->low;
	own->windows.high = own->high;
	return w->own = own;
}

static bool roll_part(void *of, struct ahead_worker *worker, const struct ahead_part *part,
	double *v)
{
	const struct rolling *r = of;
	struct roller *own = roller_of(r, worker);
	struct series_column *c = &worker->column;
	struct windows *w = own ? &own->windows : NULL;

	if (!own || !make_room(r->row, &worker->arena, w, &own->cap, c->n))
		return false;
	ranges_drop_stale(c);
	w->t_ms = c->t_ms;
	w->v = c->v;
	w->n_samples = c->n;
	w->nth = c->has_gaps ? c->nth : NULL;
	w->reach = part->reach;
	w->steps = &part->steps;
	for (uint32_t i = 0; i < r->row->n_params; i++)
		w->params[i] = r->windows.params[i] + part->first;
	worker->n_looked_at += windows_find(w, own->low, own->high);
	r->row->roll(w, v);
	return true;
}

/* The next series that has samples, computed. */
static enum rc roll_next(struct rolling *r, struct column *ret, bool *ret_has, struct err *e)
{
	const struct ahead_series *series;
	enum rc rc;

	ret->h = NULL;
	r->v = r->own;
	if (r->is_ahead) {
		rc = ahead_next(&r->ahead, &series, e);
		*ret_has = rc == RC_OK && series;
		if (!*ret_has)
			return rc;
		ret->labels = series->labels;
		if (series->is_done) {
			r->v = series->v;
			return RC_OK;
		}
		ranges_drop_stale(r->ranges.column);
	} else {
		rc = ranges_next(&r->ranges, &ret->labels, ret_has, e);
		if (rc != RC_OK || !*ret_has)
			return rc;
	}
	return has_histogram(r->ranges.column) ? rolling_mixed(r, &ret->labels, &ret->h, e)
					       : rolling_floats(r, r->ranges.column, e);
}

static enum rc next_rolled(struct stream *s, struct column *ret, bool *ret_has, struct err *e)
{
	struct rolling *r = (struct rolling *)s;
	const struct label *name;

	do {
		enum rc rc = roll_next(r, ret, ret_has, e);

		if (rc != RC_OK || !*ret_has)
			return rc;
	} while (!has_value(r->v, s->steps->n));
	ret->v = r->v;
	name = r->row->is_of_counters ? labels_find(&ret->labels, METRIC_NAME) : NULL;
	if (name && !is_counter_name(name) && has_float(ret, s->steps->n))
		notes_add_metric(&s->eval->notes, NOTE_MAYBE_NO_COUNTER, eval_arg(r->node, 0),
			name->value);
	return r->row->keeps_name ? RC_OK : naming_drop(&r->naming, ret, e);
}

static enum rc make_params(struct rolling *r, struct err *e)
{
	const struct promql_node *n = r->node;
	uint32_t at = 0;

	for (uint32_t i = 0; i < n->call.n_args; i++) {
		double *v;
		enum rc rc;

		if (i == r->row->range)
			continue;
		rc = eval_scalar(r->stream.eval, n->call.args[i], r->stream.steps, &v, e);
		if (rc != RC_OK)
			return rc;
		r->windows.params[at++] = v;
	}
	return RC_OK;
}

/* Scalars about which something is to be said are looked at series by series. */
static bool has_plain_params(const struct rolling *r)
{
	enum promql_function_id id = r->node->call.function->id;

	if (id == PROMQL_F_double_exponential_smoothing)
		return false;
	for (uint32_t i = 0; id == PROMQL_F_quantile_over_time && i < r->stream.steps->n; i++)
		if (!(r->windows.params[0][i] >= 0 && r->windows.params[0][i] <= 1))
			return false;
	return true;
}

static void begin_ahead(struct rolling *r)
{
	r->ahead = (struct ahead){ .reading = r->ranges.reading,
		.steps = r->stream.steps,
		.reach = r->ranges.reach,
		.of = r,
		.compute = roll_part };
	r->is_ahead = r->ranges.reading && has_plain_params(r) &&
		      ahead_is_possible(r->ranges.reading, &r->ranges.reach);
}

enum rc make_rollup(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct stream **ret, struct err *e)
{
	struct rolling *r = eval_alloc(ev, sizeof *r, e);
	enum rc rc;

	if (!r)
		return RC_LIMIT;
	r->node = n;
	r->ranges.function = n->call.function->name;
	r->row = &rows[n->call.function->id];
	must(r->row->roll);
	r->ranges.need = r->row->need;
	r->own = eval_values(ev, steps, e);
	r->low = eval_alloc(ev, steps->n * sizeof *r->low, e);
	r->high = eval_alloc(ev, steps->n * sizeof *r->high, e);
	if (!r->own || !r->low || !r->high)
		return RC_LIMIT;
	rc = ranges_open(&r->ranges, ev, n->call.args[r->row->range], steps, e);
	if (rc != RC_OK)
		return rc;
	r->stream = (struct stream){ .next = next_rolled,
		.eval = ev,
		.steps = steps,
		.has_one_name = r->ranges.has_one_name,
		.is_whole = true };
	r->windows = (struct windows){ .low = r->low,
		.high = r->high,
		.steps = steps,
		.reach = r->ranges.reach };
	if (!r->row->keeps_name)
		naming_init_strict(&r->naming, ev, &r->stream, &r->stream);
	*ret = &r->stream;
	rc = make_params(r, e);
	if (rc == RC_OK)
		begin_ahead(r);
	return rc;
}
