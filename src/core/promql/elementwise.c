/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of each value alone.  Histograms have no such functions and are left out. */
#include "core/promql/go_math.h"
#include "core/promql/naming.h"
#include "core/promql/parts.h"

#include <math.h>

typedef double of_value(double v);

static double to_radians(double v)
{
	return v * M_PI / 180;
}

static double to_degrees(double v)
{
	return v * 180 / M_PI;
}

static double sign(double v)
{
	if (v < 0)
		return -1;
	return v > 0 ? 1 : v;
}

static of_value *const functions[PROMQL_FUNCTIONS] = {
	[PROMQL_F_abs] = fabs,
	[PROMQL_F_acos] = acos,
	[PROMQL_F_acosh] = acosh,
	[PROMQL_F_asin] = asin,
	[PROMQL_F_asinh] = asinh,
	[PROMQL_F_atan] = atan,
	[PROMQL_F_atanh] = atanh,
	[PROMQL_F_ceil] = ceil,
	[PROMQL_F_cos] = cos,
	[PROMQL_F_cosh] = cosh,
	[PROMQL_F_deg] = to_degrees,
	[PROMQL_F_exp] = exp,
	[PROMQL_F_floor] = floor,
	[PROMQL_F_ln] = log,
	[PROMQL_F_log10] = go_log10,
	[PROMQL_F_log2] = go_log2,
	[PROMQL_F_rad] = to_radians,
	[PROMQL_F_sgn] = sign,
	[PROMQL_F_sin] = sin,
	[PROMQL_F_sinh] = sinh,
	[PROMQL_F_sqrt] = sqrt,
	[PROMQL_F_tan] = tan,
	[PROMQL_F_tanh] = tanh,
};

struct mapping {
	struct stream stream;
	struct stream *inner;
	void (*map)(const struct mapping *m, double *v);
	of_value *function;
	const double *low, *high; /* clamp(); round() has its unit in `low` */
	struct naming naming;
};

static enum rc next_mapped(struct stream *s, struct column *ret, bool *ret_has, struct err *e)
{
	struct mapping *m = (struct mapping *)s;
	enum rc rc = stream_next(m->inner, ret, ret_has, e);

	if (rc != RC_OK || !*ret_has)
		return rc;
	for (uint32_t i = 0; ret->h && i < s->steps->n; i++)
		if (ret->h[i])
			ret->v[i] = absent();
	ret->h = NULL;
	m->map(m, ret->v);
	return naming_drop(&m->naming, ret, e);
}

static enum rc make(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct mapping **ret, struct err *e)
{
	struct mapping *m = eval_alloc(ev, sizeof *m, e);
	enum rc rc = m ? eval_stream(ev, n->call.args[0], steps, &m->inner, e) : RC_LIMIT;

	if (rc != RC_OK)
		return rc;
	m->stream = (struct stream){ .next = next_mapped, .eval = ev, .steps = steps };
	naming_init(&m->naming, ev, m->inner, &m->stream);
	*ret = m;
	return RC_OK;
}

static void map_function(const struct mapping *m, double *v)
{
	for (uint32_t i = 0; i < m->stream.steps->n; i++)
		if (!is_absent(v[i]))
			v[i] = m->function(v[i]);
}

enum rc make_elementwise(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct stream **ret, struct err *e)
{
	struct mapping *m;
	enum rc rc = make(ev, n, steps, &m, e);

	if (rc != RC_OK)
		return rc;
	m->map = map_function;
	m->function = functions[n->call.function->id];
	*ret = &m->stream;
	return RC_OK;
}

/* As Go has them: an infinity wins over NaN, NaN over any number. */
static double least(double a, double b)
{
	if (a == -INFINITY || b == -INFINITY)
		return -INFINITY;
	if (isnan(a) || isnan(b))
		return not_a_number();
	if (a == 0 && a == b)
		return signbit(a) ? a : b;
	return a < b ? a : b;
}

static double most(double a, double b)
{
	if (a == INFINITY || b == INFINITY)
		return INFINITY;
	if (isnan(a) || isnan(b))
		return not_a_number();
	if (a == 0 && a == b)
		return signbit(a) ? b : a;
	return a > b ? a : b;
}

static void map_clamp(const struct mapping *m, double *v)
{
	for (uint32_t i = 0; i < m->stream.steps->n; i++) {
		if (is_absent(v[i]))
			continue;
		v[i] = m->high[i] < m->low[i] ? absent() : most(m->low[i], least(m->high[i], v[i]));
	}
}

/* A bound for every step, instead of the infinity that bounds nothing. */
static enum rc make_bound(struct mapping *m, const struct promql_node *n, const double **ret,
	struct err *e)
{
	double *v;
	enum rc rc = eval_scalar(m->stream.eval, n, m->stream.steps, &v, e);

	if (rc == RC_OK)
		*ret = v;
	return eval_left_first(m->inner, rc, e);
}

static const double *infinite(struct eval *ev, const struct steps *steps, double v, struct err *e)
{
	double *bound = eval_values(ev, steps, e);

	for (uint32_t i = 0; bound && i < steps->n; i++)
		bound[i] = v;
	return bound;
}

enum rc make_clamp(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct stream **ret, struct err *e)
{
	enum promql_function_id id = n->call.function->id;
	struct mapping *m;
	enum rc rc = make(ev, n, steps, &m, e);

	if (rc != RC_OK)
		return rc;
	m->map = map_clamp;
	m->low = infinite(ev, steps, -INFINITY, e);
	m->high = infinite(ev, steps, INFINITY, e);
	if (!m->low || !m->high)
		return RC_LIMIT;
	if (id != PROMQL_F_clamp_max)
		rc = make_bound(m, n->call.args[1], &m->low, e);
	if (rc == RC_OK && id != PROMQL_F_clamp_min)
		rc = make_bound(m, n->call.args[n->call.n_args - 1], &m->high, e);
	*ret = &m->stream;
	return rc;
}

/* Multiplied by the inverse, as that rounds less than a division. */
static void map_round(const struct mapping *m, double *v)
{
	for (uint32_t i = 0; i < m->stream.steps->n; i++) {
		double inverse = 1.0 / m->low[i];

		if (!is_absent(v[i]))
			v[i] = floor(v[i] * inverse + 0.5) / inverse;
	}
}

enum rc make_round(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct stream **ret, struct err *e)
{
	struct mapping *m;
	enum rc rc = make(ev, n, steps, &m, e);

	if (rc != RC_OK)
		return rc;
	m->map = map_round;
	m->low = infinite(ev, steps, 1, e);
	if (!m->low)
		return RC_LIMIT;
	if (n->call.n_args > 1)
		rc = make_bound(m, n->call.args[1], &m->low, e);
	*ret = &m->stream;
	return rc;
}
