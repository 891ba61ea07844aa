/* SPDX-License-Identifier: Apache-2.0 */
/* absent() and absent_over_time(): one series, with a value where there is nothing else. */
#include "core/promql/label_edit.h"
#include "core/promql/parts.h"
#include "core/promql/ranges.h"

struct missing {
	struct stream stream;
	/* One of the two; NULL and false once all of it was pulled. */
	struct stream *inner;
	struct ranges ranges;
	bool has_ranges;
	double *v;
	struct label_edit edit;
};

static enum rc pull_vector(struct missing *m, struct err *e)
{
	struct column c;
	bool has;
	enum rc rc = RC_OK;

	while (rc == RC_OK) {
		rc = stream_next(m->inner, &c, &has, e);
		if (rc != RC_OK || !has)
			break;
		for (uint32_t i = 0; i < m->stream.steps->n; i++)
			if (!is_absent(c.v[i]))
				m->v[i] = absent();
	}
	m->inner = NULL;
	return rc;
}

/* Steps whose window holds one of the samples at hand have something. */
static void take_samples(struct missing *m)
{
	const struct series_column *c = m->ranges.column;
	uint32_t at = 0;

	for (uint32_t i = 0; i < m->stream.steps->n; i++) {
		int64_t end = reach_end(&m->ranges.reach, i);

		while (at < c->n && c->t_ms[at] <= end)
			at++;
		if (at > 0 && c->t_ms[at - 1] > end - m->ranges.reach.range_ms)
			m->v[i] = absent();
	}
}

static enum rc pull_ranges(struct missing *m, struct err *e)
{
	struct labels labels;
	bool has;
	enum rc rc = RC_OK;

	while (rc == RC_OK) {
		rc = ranges_next(&m->ranges, &labels, &has, e);
		if (rc != RC_OK || !has)
			break;
		take_samples(m);
	}
	m->has_ranges = false;
	return rc;
}

static enum rc next_missing(struct stream *s, struct column *ret, bool *ret_has, struct err *e)
{
	struct missing *m = (struct missing *)s;
	enum rc rc = RC_OK;

	*ret_has = m->inner || m->has_ranges;
	if (m->inner)
		rc = pull_vector(m, e);
	else if (m->has_ranges)
		rc = pull_ranges(m, e);
	*ret = (struct column){ .labels = label_edit_done(&m->edit), .v = m->v };
	return rc;
}

static bool names(const struct matcher *m, const char *name)
{
	return strcmp(matcher_name(m), name) == 0;
}

/* Whether it only takes series away from what the others find: such matchers count last, as
 * Prometheus' storage has put them behind the others when the labels are asked for. */
static bool is_subtracting(const struct promql_selector *s, uint32_t i)
{
	const struct matcher *matcher = s->matchers[i];
	enum matcher_op op = matcher_op(matcher);
	bool must_be_set = false;

	for (uint32_t k = 0; k < s->n_matchers; k++)
		must_be_set |= names(s->matchers[k], matcher_name(matcher)) &&
			       !matcher_matches(s->matchers[k], "", 0);
	return !must_be_set || ((op == MATCHER_NOT_EQUAL || op == MATCHER_NOT_REGEX) &&
				       matcher_matches(matcher, "", 0));
}

/* The first = for a label demands it; whatever says more of it behind that takes it back. */
static void demand(struct missing *m, const struct matcher *matcher, bool is_demanded)
{
	const char *name = matcher_name(matcher), *value = matcher_value(matcher);

	if (matcher_op(matcher) == MATCHER_EQUAL && !is_demanded)
		label_edit_set(&m->edit, &(struct label){ name, value, (uint32_t)strlen(name),
						 (uint32_t)strlen(value) });
	else
		label_edit_drop(&m->edit, name);
}

/* Whether there was an = for the same label among the first n of `order`. */
static bool was_demanded(const struct matcher *const *order, uint32_t n, const char *name)
{
	for (uint32_t i = 0; i < n; i++)
		if (names(order[i], name) && matcher_op(order[i]) == MATCHER_EQUAL)
			return true;
	return false;
}

static enum rc demand_labels(struct missing *m, const struct promql_selector *s, struct err *e)
{
	uint32_t n = s ? s->n_matchers : 0, n_order = 0;
	const struct matcher **order = eval_alloc(m->stream.eval, (n + 1) * sizeof *order, e);
	enum rc rc = order ? label_edit_begin(&m->edit, &(struct labels){ 0 }, n + 1, e) : RC_LIMIT;

	for (int last = 0; rc == RC_OK && last < 2; last++)
		for (uint32_t i = 0; i < n; i++)
			if (is_subtracting(s, i) == last && !names(s->matchers[i], METRIC_NAME))
				order[n_order++] = s->matchers[i];
	for (uint32_t i = 0; rc == RC_OK && i < n_order; i++)
		demand(m, order[i], was_demanded(order, i, matcher_name(order[i])));
	return rc;
}

static enum rc make(struct eval *ev, const struct steps *steps, struct missing **ret, struct err *e)
{
	struct missing *m = eval_alloc(ev, sizeof *m, e);

	if (!m)
		return RC_LIMIT;
	m->edit.eval = ev;
	m->stream = (struct stream){ .next = next_missing,
		.eval = ev,
		.steps = steps,
		.has_one_name = true,
		.is_whole = true };
	m->v = eval_values(ev, steps, e);
	for (uint32_t i = 0; m->v && i < steps->n; i++)
		m->v[i] = 1;
	*ret = m;
	return m->v ? RC_OK : RC_LIMIT;
}

enum rc make_absent(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct stream **ret, struct err *e)
{
	const struct promql_node *of = eval_unwrap(n->call.args[0]);
	struct missing *m;
	enum rc rc = make(ev, steps, &m, e);

	if (rc == RC_OK)
		rc = eval_stream(ev, of, steps, &m->inner, e);
	if (rc != RC_OK)
		return rc;
	*ret = &m->stream;
	return demand_labels(m, of->kind == PROMQL_SELECTOR ? &of->selector : NULL, e);
}

enum rc make_absent_range(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct stream **ret, struct err *e)
{
	struct missing *m;
	enum rc rc = make(ev, steps, &m, e);

	if (rc != RC_OK)
		return rc;
	m->ranges.function = n->call.function->name;
	rc = ranges_open(&m->ranges, ev, n->call.args[0], steps, e);
	if (rc != RC_OK)
		return rc;
	m->has_ranges = true;
	*ret = &m->stream;
	return demand_labels(m, m->ranges.selector, e);
}
