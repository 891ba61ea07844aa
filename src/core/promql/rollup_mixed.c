/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of ranges over series that have histograms, floats among them perhaps.  The floats go
 * through the same loops as ever; what becomes of a step then depends on how many of each kind its
 * window has. */
#include "base/histogram.h"
#include "core/promql/histogram_sum.h"
#include "core/promql/rollup_private.h"

#include <math.h>

struct mixed {
	struct series_column floats, histograms;
	struct windows windows; /* of the histograms */
	uint32_t *low, *high;
	const struct histogram **h; /* results, a step each */
	struct arena results, spare;
	struct histogram_sum sum, more, mean;
	const char *metric; /* of the series at hand */
};

static void release(void *what)
{
	struct mixed *m = what;

	series_column_fini(&m->floats);
	series_column_fini(&m->histograms);
	arena_fini(&m->results);
	arena_fini(&m->spare);
	histogram_sum_fini(&m->sum);
	histogram_sum_fini(&m->more);
	histogram_sum_fini(&m->mean);
}

static enum rc make_mixed(struct rolling *r, struct err *e)
{
	struct eval *ev = r->stream.eval;
	uint32_t n = r->stream.steps->n;
	struct mixed *m = eval_alloc(ev, sizeof *m, e);
	enum rc rc = m ? eval_at_end(ev, release, m, e) : RC_LIMIT;

	if (rc != RC_OK)
		return rc;
	arena_init(&m->results, ev->arena.budget_bytes);
	arena_init(&m->spare, ev->arena.budget_bytes);
	m->histograms.histograms = &m->spare;
	m->low = eval_alloc(ev, n * sizeof *m->low, e);
	m->high = eval_alloc(ev, n * sizeof *m->high, e);
	m->h = eval_alloc(ev, n * sizeof *m->h, e);
	if (!m->low || !m->high || !m->h)
		return RC_LIMIT;
	m->windows = r->windows;
	m->windows.low = m->low;
	m->windows.high = m->high;
	r->mixed = m;
	return RC_OK;
}

static void split(struct mixed *m, const struct series_column *c)
{
	m->floats.n = m->histograms.n = 0;
	series_column_reserve(&m->floats, 1); /* also of none there are arrays */
	for (uint32_t i = 0; i < c->n; i++) {
		if (c->h[i])
			series_column_add_histogram(&m->histograms, c->t_ms[i], c->h[i]);
		else
			series_column_add(&m->floats, c->t_ms[i], c->v[i]);
	}
}

/* One step: `v` has what the floats alone give. */
struct step {
	struct rolling *rolling;
	struct mixed *mixed;
	uint32_t at;
	uint32_t n_floats, n_histograms;
	const struct histogram **h; /* the window's */
	double *v;                  /* the result, and in its place: */
	const struct histogram **ret_h;
};

static void note(const struct step *s, enum note which)
{
	const struct promql_node *n = s->rolling->node;

	notes_add_metric(&s->rolling->stream.eval->notes, which, eval_arg(n, 0), s->mixed->metric);
}

static void note_outcome(const struct step *s, enum histogram_outcome outcome)
{
	note(s, outcome == HISTOGRAM_OTHER_SCHEMA ? NOTE_MIXED_SCHEMAS : NOTE_CUSTOM_BUCKETS);
}

typedef enum rc roll_step(struct step *s, struct err *e);

static enum rc give(struct step *s, const struct histogram_sum *sum, struct err *e)
{
	const struct histogram *h = histogram_sum_store(sum, &s->mixed->results);

	if (!h)
		return err_set(e, RC_LIMIT, "histograms of more than %zu bytes",
			s->mixed->results.budget_bytes);
	*s->v = 0;
	*s->ret_h = h;
	return RC_OK;
}

/* Floats alone, with a note if there are others. */
static enum rc ignore_histograms(struct step *s, struct err *e)
{
	(void)e;
	if (s->n_floats && s->n_histograms)
		note(s, NOTE_IGNORED);
	return RC_OK;
}

/* Both kinds in one window have no result. */
static bool is_mixed(struct step *s)
{
	if (!s->n_floats || !s->n_histograms)
		return false;
	note(s, NOTE_MIXED_RANGE);
	*s->v = absent();
	return true;
}

static enum rc count(struct step *s, struct err *e)
{
	(void)e;
	if (s->n_floats + s->n_histograms)
		*s->v = s->n_floats + s->n_histograms;
	return RC_OK;
}

static enum rc present(struct step *s, struct err *e)
{
	(void)e;
	if (s->n_floats + s->n_histograms)
		*s->v = 1;
	return RC_OK;
}

static int64_t last_float_ms(const struct step *s)
{
	const struct windows *w = &s->rolling->windows;

	return s->n_floats ? w->t_ms[w->high[s->at] - 1] : INT64_MIN;
}

static int64_t last_histogram_ms(const struct step *s)
{
	const struct windows *w = &s->mixed->windows;

	return s->n_histograms ? w->t_ms[w->high[s->at] - 1] : INT64_MIN;
}

static enum rc last(struct step *s, struct err *e)
{
	if (!s->n_histograms || last_histogram_ms(s) < last_float_ms(s))
		return RC_OK;
	histogram_sum_load(&s->mixed->sum, s->h[s->n_histograms - 1]);
	return give(s, &s->mixed->sum, e);
}

static enum rc time_of_last(struct step *s, struct err *e)
{
	int64_t a = last_float_ms(s), b = last_histogram_ms(s);

	(void)e;
	if (s->n_floats + s->n_histograms)
		*s->v = (double)(a > b ? a : b) / 1000;
	return RC_OK;
}

/* The i-th sample of the window in order of time: NULL for a float, which is in *ret_v. */
struct merged {
	uint32_t f, h;
};
static const struct histogram *next_merged(const struct step *s, struct merged *m, double *ret_v)
{
	const struct windows *fw = &s->rolling->windows, *hw = &s->mixed->windows;
	uint32_t f = fw->low[s->at] + m->f, h = hw->low[s->at] + m->h;

	if (m->h < s->n_histograms && (m->f == s->n_floats || hw->t_ms[h] < fw->t_ms[f]))
		return s->h[m->h++];
	*ret_v = fw->v[f];
	m->f++;
	return NULL;
}

static double count_steps(const struct step *s, bool is_changes)
{
	struct merged m = { 0, 0 };
	double before = 0, now = 0, n = 0;
	const struct histogram *h_before = next_merged(s, &m, &before), *h_now;

	while (m.f < s->n_floats || m.h < s->n_histograms) {
		h_now = next_merged(s, &m, &now);
		if (!h_now != !h_before)
			n++;
		else if (h_now)
			n += is_changes ? !histogram_same(h_now, h_before)
					: histogram_is_reset(h_now, h_before);
		else
			n += is_changes ? now != before && !(isnan(now) && isnan(before))
					: now < before;
		h_before = h_now;
		before = now;
	}
	return n;
}

static enum rc changes(struct step *s, struct err *e)
{
	(void)e;
	if (s->n_floats + s->n_histograms)
		*s->v = count_steps(s, true);
	return RC_OK;
}

static enum rc resets(struct step *s, struct err *e)
{
	(void)e;
	if (s->n_floats + s->n_histograms)
		*s->v = count_steps(s, false);
	return RC_OK;
}

static enum rc sum(struct step *s, struct err *e)
{
	struct mixed *m = s->mixed;

	if (is_mixed(s) || !s->n_histograms)
		return RC_OK;
	histogram_sum_load(&m->sum, s->h[0]);
	for (uint32_t i = 1; i < s->n_histograms; i++) {
		enum histogram_outcome outcome;

		histogram_sum_load(&m->more, s->h[i]);
		outcome = histogram_sum_add(&m->sum, &m->more, 1);
		if (outcome != HISTOGRAM_DONE) {
			note_outcome(s, outcome);
			return RC_OK;
		}
	}
	return give(s, &m->sum, e);
}

/* mean += h / n - mean / n */
static enum rc average(struct step *s, struct err *e)
{
	struct mixed *m = s->mixed;

	if (is_mixed(s) || !s->n_histograms)
		return RC_OK;
	histogram_sum_load(&m->mean, s->h[0]);
	for (uint32_t i = 1; i < s->n_histograms; i++) {
		enum histogram_outcome outcome;

		histogram_sum_load(&m->sum, s->h[i]);
		histogram_sum_divide(&m->sum, i + 1);
		histogram_sum_copy(&m->more, &m->mean);
		histogram_sum_divide(&m->more, i + 1);
		outcome = histogram_sum_add(&m->sum, &m->more, -1);
		if (outcome == HISTOGRAM_DONE)
			outcome = histogram_sum_add(&m->mean, &m->sum, 1);
		if (outcome != HISTOGRAM_DONE) {
			note_outcome(s, outcome);
			return RC_OK;
		}
	}
	return give(s, &m->mean, e);
}

/* The schema that all of the window can be brought to; false: there is none. */
static bool common_schema(const struct step *s, const struct histogram *first, int8_t *ret)
{
	const struct histogram *end = s->h[s->n_histograms - 1];
	bool is_custom = histogram_is_custom(first->schema);

	*ret = end->schema < first->schema ? end->schema : first->schema;
	if (histogram_is_custom(end->schema) != is_custom)
		return false;
	for (uint32_t i = 1; i + 1 < s->n_histograms; i++) {
		if (histogram_is_custom(s->h[i]->schema) != is_custom)
			return false;
		if (s->h[i]->schema < *ret)
			*ret = s->h[i]->schema;
	}
	return true;
}

static void note_kinds(const struct step *s, bool is_counter)
{
	bool has_gauge = false;

	for (uint32_t i = 0; i < s->n_histograms; i++)
		has_gauge = has_gauge || s->h[i]->reset == HISTOGRAM_GAUGE;
	if (is_counter && has_gauge)
		note(s, NOTE_NOT_COUNTER);
	if (!is_counter && (s->h[0]->reset != HISTOGRAM_GAUGE ||
				   s->h[s->n_histograms - 1]->reset != HISTOGRAM_GAUGE))
		note(s, NOTE_NOT_GAUGE);
}

/* What counters had when they began anew is added. */
static enum histogram_outcome add_resets(struct step *s, const struct histogram *before)
{
	struct mixed *m = s->mixed;
	enum histogram_outcome outcome = HISTOGRAM_DONE;

	for (uint32_t i = 1; i < s->n_histograms && outcome == HISTOGRAM_DONE; i++) {
		if (histogram_is_reset(s->h[i], before)) {
			histogram_sum_load(&m->more, before);
			outcome = histogram_sum_add(&m->sum, &m->more, 1);
		}
		before = s->h[i];
	}
	return outcome;
}

static enum rc growth(struct step *s, int kind, struct err *e)
{
	struct mixed *m = s->mixed;
	bool is_counter = kind & RATE_COUNTER;
	struct histogram nothing;
	const struct histogram *first;
	enum histogram_outcome outcome;
	int8_t schema;

	if (is_mixed(s) || s->n_histograms < 2)
		return RC_OK;
	first = s->h[0];
	if (is_counter && histogram_is_reset(s->h[1], first)) {
		nothing = (struct histogram){ .schema = s->h[1]->schema,
			.bounds = s->h[1]->bounds,
			.n_bounds = s->h[1]->n_bounds };
		first = &nothing;
	}
	if (!common_schema(s, first, &schema)) {
		note(s, NOTE_MIXED_SCHEMAS);
		return RC_OK;
	}
	histogram_sum_load(&m->sum, s->h[s->n_histograms - 1]);
	histogram_sum_reduce(&m->sum, schema);
	histogram_sum_load(&m->more, first);
	outcome = histogram_sum_add(&m->sum, &m->more, -1);
	if (outcome == HISTOGRAM_DONE && is_counter)
		outcome = add_resets(s, first);
	if (outcome != HISTOGRAM_DONE) {
		note_outcome(s, outcome);
		return RC_OK;
	}
	note_kinds(s, is_counter);
	m->sum.reset = HISTOGRAM_GAUGE;
	histogram_sum_scale(&m->sum, rate_factor(&m->windows, s->at, 0, kind));
	return give(s, &m->sum, e);
}

static enum rc rate(struct step *s, struct err *e)
{
	return growth(s, RATE_COUNTER | RATE_A_SECOND, e);
}

static enum rc increase(struct step *s, struct err *e)
{
	return growth(s, RATE_COUNTER, e);
}

static enum rc delta(struct step *s, struct err *e)
{
	return growth(s, 0, e);
}

static void note_pair(const struct step *s, bool is_rate)
{
	const struct histogram *const *pair = s->h + s->n_histograms - 2;
	int n_gauges = (pair[0]->reset == HISTOGRAM_GAUGE) + (pair[1]->reset == HISTOGRAM_GAUGE);

	if (is_rate && n_gauges > 0)
		note(s, NOTE_NOT_COUNTER);
	if (!is_rate && n_gauges < 2)
		note(s, NOTE_NOT_GAUGE);
}

/* Of the last two samples, whatever they are. */
static enum rc instant(struct step *s, bool is_rate, struct err *e)
{
	const struct windows *fw = &s->rolling->windows, *hw = &s->mixed->windows;
	struct mixed *m = s->mixed;
	uint32_t f = s->n_floats, h = s->n_histograms;
	int64_t float_ms[2] = { INT64_MIN, INT64_MIN }, histogram_ms[2] = { INT64_MIN, INT64_MIN };

	for (uint32_t i = 0; i < 2; i++) {
		if (i < f)
			float_ms[i] = fw->t_ms[fw->high[s->at] - 1 - i];
		if (i < h)
			histogram_ms[i] = hw->t_ms[hw->high[s->at] - 1 - i];
	}
	if (float_ms[1] > histogram_ms[0] || f + h < 2)
		return RC_OK;
	*s->v = absent();
	if (histogram_ms[1] < float_ms[0] || h < 2) {
		note(s, NOTE_MIXED_RANGE);
		return RC_OK;
	}
	note_pair(s, is_rate);
	histogram_sum_load(&m->sum, s->h[h - 1]);
	if (!is_rate || !histogram_is_reset(s->h[h - 1], s->h[h - 2])) {
		enum histogram_outcome outcome;

		histogram_sum_load(&m->more, s->h[h - 2]);
		outcome = histogram_sum_add(&m->sum, &m->more, -1);
		if (outcome != HISTOGRAM_DONE) {
			note_outcome(s, outcome);
			return RC_OK;
		}
	}
	m->sum.reset = HISTOGRAM_GAUGE;
	if (is_rate)
		histogram_sum_divide(&m->sum, (double)(histogram_ms[0] - histogram_ms[1]) / 1000);
	return give(s, &m->sum, e);
}

static enum rc irate(struct step *s, struct err *e)
{
	return instant(s, true, e);
}

static enum rc idelta(struct step *s, struct err *e)
{
	return instant(s, false, e);
}

static roll_step *const rows[PROMQL_FUNCTIONS] = {
	[PROMQL_F_avg_over_time] = average,
	[PROMQL_F_changes] = changes,
	[PROMQL_F_count_over_time] = count,
	[PROMQL_F_delta] = delta,
	[PROMQL_F_deriv] = ignore_histograms,
	[PROMQL_F_double_exponential_smoothing] = ignore_histograms,
	[PROMQL_F_idelta] = idelta,
	[PROMQL_F_increase] = increase,
	[PROMQL_F_irate] = irate,
	[PROMQL_F_last_over_time] = last,
	[PROMQL_F_mad_over_time] = ignore_histograms,
	[PROMQL_F_max_over_time] = ignore_histograms,
	[PROMQL_F_min_over_time] = ignore_histograms,
	[PROMQL_F_predict_linear] = ignore_histograms,
	[PROMQL_F_present_over_time] = present,
	[PROMQL_F_quantile_over_time] = ignore_histograms,
	[PROMQL_F_rate] = rate,
	[PROMQL_F_resets] = resets,
	[PROMQL_F_stddev_over_time] = ignore_histograms,
	[PROMQL_F_stdvar_over_time] = ignore_histograms,
	[PROMQL_F_sum_over_time] = sum,
	[PROMQL_F_ts_of_last_over_time] = time_of_last,
	[PROMQL_F_ts_of_max_over_time] = ignore_histograms,
	[PROMQL_F_ts_of_min_over_time] = ignore_histograms,
};

static enum rc roll_steps(struct rolling *r, struct err *e)
{
	struct mixed *m = r->mixed;
	roll_step *roll_it = rows[r->node->call.function->id];
	enum rc rc = RC_OK;

	for (uint32_t i = 0; rc == RC_OK && i < r->stream.steps->n; i++) {
		struct step s = { .rolling = r,
			.mixed = m,
			.at = i,
			.n_floats = r->high[i] - r->low[i],
			.n_histograms = m->high[i] - m->low[i],
			.h = m->histograms.h + m->low[i],
			.v = &r->v[i],
			.ret_h = &m->h[i] };

		m->h[i] = NULL;
		rc = roll_it(&s, e);
	}
	return rc;
}

enum rc rolling_mixed(struct rolling *r, const struct labels *l, const struct histogram ***ret_h,
	struct err *e)
{
	enum rc rc = r->mixed ? RC_OK : make_mixed(r, e);
	struct mixed *m = r->mixed;
	uint64_t samples;

	if (rc != RC_OK)
		return rc;
	arena_reset(&m->results);
	m->metric = labels_get(l, METRIC_NAME);
	split(m, r->ranges.column);
	rc = rolling_floats(r, &m->floats, e);
	if (rc != RC_OK)
		return rc;
	m->windows.t_ms = m->histograms.t_ms;
	m->windows.v = m->histograms.v;
	m->windows.n_samples = m->histograms.n;
	samples = windows_find(&m->windows, m->low, m->high);
	ranges_count(&r->ranges, samples);
	*ret_h = m->h;
	return roll_steps(r, e);
}
