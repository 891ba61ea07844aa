/* SPDX-License-Identifier: Apache-2.0 */
/* An instant vector's value at a step is the newest sample of the lookback, unless that is the mark
 * of an end; and such a mark is just what says "no value" in a column. */
#include "core/promql/ahead.h"
#include "core/promql/naming.h"
#include "core/promql/parts.h"

struct selecting {
	struct stream stream;
	struct reading *reading;
	struct reach reach;
	bool is_ahead;
	struct ahead ahead;
	double *v;
	const struct histogram **h;
	bool wants_times; /* timestamp(): when, instead of what */
	bool keeps_all;   /* then: the name, and which samples are histograms */
	struct naming naming;
};

/* Returns how many steps have a value. */
static uint32_t look_back(struct selecting *s, bool *ret_has_histogram)
{
	const struct series_column *c = &s->reading->column;
	uint32_t at = 0, found = 0;

	*ret_has_histogram = false;
	for (uint32_t i = 0; i < s->stream.steps->n; i++) {
		int64_t end = reach_end(&s->reach, i);

		while (at < c->n && c->t_ms[at] <= end)
			at++;
		s->h[i] = NULL;
		if (at == 0 || c->t_ms[at - 1] <= end - s->reach.range_ms) {
			s->v[i] = absent();
			continue;
		}
		s->v[i] = c->v[at - 1];
		found += !is_absent(s->v[i]);
		if (c->h && c->h[at - 1]) {
			s->h[i] = c->h[at - 1];
			*ret_has_histogram = true;
		}
		if (s->wants_times && !is_absent(s->v[i]))
			s->v[i] = (double)c->t_ms[at - 1] / 1000;
	}
	return found;
}

/* The same of some steps and floats alone. */
static bool look_back_part(void *of, struct ahead_worker *w, const struct ahead_part *part,
	double *v)
{
	const struct selecting *s = of;
	const struct series_column *c = &w->column;
	uint32_t at = 0;

	for (uint32_t i = 0; i < part->steps.n; i++) {
		int64_t end = reach_end(&part->reach, i);

		while (at < c->n && c->t_ms[at] <= end)
			at++;
		v[i] = absent();
		if (at == 0 || c->t_ms[at - 1] <= end - part->reach.range_ms ||
			is_absent(c->v[at - 1]))
			continue;
		v[i] = s->wants_times ? (double)c->t_ms[at - 1] / 1000 : c->v[at - 1];
		w->n_looked_at++;
	}
	return true;
}

/* The next series that has samples, in *ret; *ret_found: how many steps have a value. */
static enum rc select_next(struct selecting *s, struct column *ret, bool *ret_has,
	uint32_t *ret_found, struct err *e)
{
	const struct ahead_series *series;
	bool has_histogram;
	enum rc rc;

	*ret_found = 0;
	if (s->is_ahead) {
		rc = ahead_next(&s->ahead, &series, e);
		*ret_has = rc == RC_OK && series;
		if (!*ret_has)
			return rc;
		*ret = (struct column){ .labels = series->labels, .v = series->v };
		*ret_found = (uint32_t)series->n_looked_at;
		if (series->is_done)
			return RC_OK;
	} else {
		rc = reading_next(s->reading, &ret->labels, ret_has, e);
		if (rc != RC_OK || !*ret_has)
			return rc;
	}
	*ret_found = look_back(s, &has_histogram);
	reading_count(s->reading, *ret_found);
	ret->v = s->v;
	ret->h = has_histogram && (!s->wants_times || s->keeps_all) ? s->h : NULL;
	return RC_OK;
}

static enum rc next_selected(struct stream *stream, struct column *ret, bool *ret_has,
	struct err *e)
{
	struct selecting *s = (struct selecting *)stream;
	uint32_t found = 0;

	while (found == 0) {
		enum rc rc = select_next(s, ret, ret_has, &found, e);

		if (rc != RC_OK || !*ret_has)
			return rc;
	}
	return s->wants_times && !s->keeps_all ? naming_drop(&s->naming, ret, e) : RC_OK;
}

static enum rc make_wished(struct eval *ev, const struct reading_wish *wish,
	const struct steps *steps, struct selecting **ret, struct err *e)
{
	struct selecting *s = eval_alloc(ev, sizeof *s, e);
	enum rc rc;

	if (!s)
		return RC_LIMIT;
	s->stream = (struct stream){ .next = next_selected,
		.eval = ev,
		.steps = steps,
		.has_one_name = selector_has_one_name(wish->selector),
		.is_whole = true };
	s->reach = wish->reach;
	s->v = eval_values(ev, steps, e);
	s->h = eval_alloc(ev, steps->n * sizeof(void *), e);
	if (!s->v || !s->h)
		return RC_LIMIT;
	rc = reading_open(ev, wish, steps, &s->reading, e);
	if (rc != RC_OK)
		return rc;
	s->ahead = (struct ahead){ .reading = s->reading,
		.steps = steps,
		.reach = s->reach,
		.of = s,
		.compute = look_back_part };
	/* Parts are bounded by what their steps look at, and by nothing else. */
	s->is_ahead = !wish->is_bounded && ahead_is_possible(s->reading, &s->reach);
	*ret = s;
	return RC_OK;
}

static enum rc make(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct selecting **ret, struct err *e)
{
	struct reading_wish wish = { .selector = &n->selector,
		.reach = reach_of(ev, &n->selector.shift, steps, eval_lookback_ms(ev)),
		.need = SERIES_LAST,
		.function = "" };

	return make_wished(ev, &wish, steps, ret, e);
}

enum rc make_sample_times(struct eval *ev, const struct reading_wish *wish,
	const struct steps *steps, struct stream **ret, struct err *e)
{
	struct selecting *s;
	enum rc rc = make_wished(ev, wish, steps, &s, e);

	if (rc != RC_OK)
		return rc;
	s->wants_times = s->keeps_all = true;
	*ret = &s->stream;
	return RC_OK;
}

enum rc make_selector(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct stream **ret, struct err *e)
{
	struct selecting *s;
	enum rc rc = make(ev, n, steps, &s, e);

	if (rc == RC_OK)
		*ret = &s->stream;
	return rc;
}

/* timestamp() of a selector says when the samples were taken; of anything else, the step's time. */
struct stamping {
	struct stream stream;
	struct stream *inner;
	struct naming naming;
};

static enum rc next_stamped(struct stream *stream, struct column *ret, bool *ret_has, struct err *e)
{
	struct stamping *s = (struct stamping *)stream;
	enum rc rc = stream_next(s->inner, ret, ret_has, e);

	if (rc != RC_OK || !*ret_has)
		return rc;
	ret->h = NULL;
	for (uint32_t i = 0; i < stream->steps->n; i++)
		if (!is_absent(ret->v[i]))
			ret->v[i] = (double)steps_time(stream->steps, i) / 1000;
	return naming_drop(&s->naming, ret, e);
}

enum rc make_timestamp(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct stream **ret, struct err *e)
{
	const struct promql_node *arg = eval_unwrap(n->call.args[0]);
	struct stamping *s;
	struct selecting *of;
	enum rc rc;

	if (arg->kind == PROMQL_SELECTOR) {
		rc = make(ev, arg, steps, &of, e);
		if (rc != RC_OK)
			return rc;
		of->wants_times = true;
		naming_init(&of->naming, ev, &of->stream, &of->stream);
		*ret = &of->stream;
		return RC_OK;
	}
	s = eval_alloc(ev, sizeof *s, e);
	rc = s ? eval_stream(ev, arg, steps, &s->inner, e) : RC_LIMIT;
	if (rc != RC_OK)
		return rc;
	s->stream = (struct stream){ .next = next_stamped, .eval = ev, .steps = steps };
	naming_init(&s->naming, ev, s->inner, &s->stream);
	*ret = &s->stream;
	return RC_OK;
}
