/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of ranges: a table of what computes a series, and the stream around it. */
#include "base/golang.h"
#include "core/promql/parts.h"
#include "core/promql/rollup_private.h"

#include <math.h>

static const struct rollup_row rows[PROMQL_FUNCTIONS] = {
	[PROMQL_F_avg_over_time] = { roll_avg },
	[PROMQL_F_changes] = { roll_changes },
	[PROMQL_F_count_over_time] = { roll_count },
	[PROMQL_F_delta] = { roll_delta },
	[PROMQL_F_deriv] = { roll_deriv },
	[PROMQL_F_double_exponential_smoothing] = { roll_smoothing, .n_params = 2 },
	[PROMQL_F_idelta] = { roll_idelta },
	[PROMQL_F_increase] = { roll_increase, .is_of_counters = true },
	[PROMQL_F_irate] = { roll_irate },
	[PROMQL_F_last_over_time] = { roll_last, .keeps_name = true },
	[PROMQL_F_mad_over_time] = { roll_mad },
	[PROMQL_F_max_over_time] = { roll_max },
	[PROMQL_F_min_over_time] = { roll_min },
	[PROMQL_F_predict_linear] = { roll_predict_linear, .n_params = 1 },
	[PROMQL_F_present_over_time] = { roll_present },
	[PROMQL_F_quantile_over_time] = { roll_quantile, .range = 1, .n_params = 1 },
	[PROMQL_F_rate] = { roll_rate, .is_of_counters = true },
	[PROMQL_F_resets] = { roll_resets },
	[PROMQL_F_stddev_over_time] = { roll_stddev },
	[PROMQL_F_stdvar_over_time] = { roll_stdvar },
	[PROMQL_F_sum_over_time] = { roll_sum },
	[PROMQL_F_ts_of_last_over_time] = { roll_time_of_last },
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
		sum += behind - first;
	}
	return sum;
}

/* Room for what the functions keep of a series' samples. */
static enum rc make_room(struct rolling *r, uint32_t n, struct err *e)
{
	struct eval *ev = r->stream.eval;

	if (r->cap && n <= r->cap)
		return RC_OK;
	r->cap = n < 1024 ? 1024 : n + n / 2;
	r->windows.scratch = eval_alloc(ev, 3 * ((size_t)r->cap + 1) * sizeof(double), e);
	r->windows.places = eval_alloc(ev, r->cap * sizeof(uint32_t), e);
	return r->windows.scratch && r->windows.places ? RC_OK : RC_LIMIT;
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
	enum rc rc = make_room(r, c->n, e);
	uint64_t samples;

	if (rc != RC_OK)
		return rc;
	w->t_ms = c->t_ms;
	w->v = c->v;
	w->n_samples = c->n;
	samples = windows_find(w, r->low, r->high);
	if (r->ranges.reading)
		reading_count(r->ranges.reading, samples);
	rc = check_params(r, e);
	if (rc == RC_OK)
		r->row->roll(w, r->v);
	return rc;
}

static enum rc next_rolled(struct stream *s, struct column *ret, bool *ret_has, struct err *e)
{
	struct rolling *r = (struct rolling *)s;
	const struct label *name;

	for (;;) {
		enum rc rc = ranges_next(&r->ranges, &ret->labels, ret_has, e);

		if (rc != RC_OK || !*ret_has)
			return rc;
		ret->h = NULL;
		if (has_histogram(r->ranges.column))
			rc = rolling_mixed(r, &ret->labels, &ret->h, e);
		else
			rc = rolling_floats(r, r->ranges.column, e);
		if (rc != RC_OK)
			return rc;
		if (has_value(r->v, s->steps->n))
			break;
	}
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
	r->v = eval_values(ev, steps, e);
	r->low = eval_alloc(ev, steps->n * sizeof *r->low, e);
	r->high = eval_alloc(ev, steps->n * sizeof *r->high, e);
	if (!r->v || !r->low || !r->high)
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
	return make_params(r, e);
}
