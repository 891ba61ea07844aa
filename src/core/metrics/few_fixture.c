/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/few_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* What can be asked of a window. */
struct answer {
	uint32_t n;
	int64_t first_ms, last_ms, before_ms;
	double first, last, before, fallen, most, least;
};

/* In (end - range, end] and the query's time; with marks only when nothing but the last counts. */
static struct answer look(const struct series_column *c, const struct series_query *q,
	int64_t end_ms)
{
	bool has_marks = q->need == SERIES_LAST;
	uint32_t left_out = 0, n_marks = 0;
	struct answer a = { .most = -INFINITY, .least = INFINITY };
	uint32_t nth = 0;

	for (uint32_t i = 0; i < c->n; i++) {
		uint32_t at = c->has_gaps ? c->nth[i] : i;

		if (!has_marks && is_stale(c->v[i])) {
			n_marks++;
			continue;
		}
		if (c->t_ms[i] <= end_ms - q->range_ms || c->t_ms[i] > end_ms ||
			c->t_ms[i] < q->min_ms || c->t_ms[i] > q->max_ms)
			continue;
		at -= n_marks;
		left_out += a.n && at != nth + 1 ? at - nth - 1 : 0;
		if (a.n == 0) {
			a.first_ms = c->t_ms[i];
			a.first = c->v[i];
		} else {
			a.before_ms = a.last_ms;
			a.before = a.last;
			a.fallen += c->v[i] < a.last ? a.last : 0;
		}
		a.last_ms = c->t_ms[i];
		a.last = c->v[i];
		a.most = c->v[i] > a.most ? c->v[i] : a.most;
		a.least = c->v[i] < a.least ? c->v[i] : a.least;
		a.n++;
		nth = at;
	}
	a.n += left_out;
	return a;
}

static void assert_same_double(double a, double b)
{
	assert_true(double_bits(a) == double_bits(b));
}

static void compare(const struct answer *a, const struct answer *b, unsigned need)
{
	assert_int_equal(a->n > 0, b->n > 0);
	assert_int_equal(a->last_ms, b->last_ms);
	assert_same_double(a->last, b->last);
	if (need == SERIES_LAST)
		return;
	assert_int_equal(a->n, b->n);
	assert_int_equal(a->first_ms, b->first_ms);
	assert_same_double(a->first, b->first);
	if (need & SERIES_LAST_TWO) {
		assert_int_equal(a->before_ms, b->before_ms);
		assert_same_double(a->before, b->before);
	}
	if (need & SERIES_TURNS) {
		assert_same_double(a->fallen, b->fallen);
		assert_same_double(a->most, b->most);
		assert_same_double(a->least, b->least);
	}
}

void assert_few_suffice(const struct series_column *all, const struct series_column *few,
	const struct series_query *q)
{
	int64_t end_ms = q->first_ms;

	for (unsigned i = 0; i < 400 && (i == 0 || end_ms - q->range_ms < q->max_ms); i++) {
		struct answer a = look(all, q, q->step_ms ? end_ms : q->max_ms);
		struct answer b = look(few, q, q->step_ms ? end_ms : q->max_ms);

		compare(&a, &b, q->need);
		end_ms += q->step_ms;
		if (!q->step_ms)
			return;
	}
}
