/* SPDX-License-Identifier: Apache-2.0 */
/* Scalars have a value at every step, so they are computed at once. */
#include "core/promql/arithmetic.h"
#include "core/promql/parts.h"

#include <math.h>

static void fill(double *v, uint32_t n, double value)
{
	for (uint32_t i = 0; i < n; i++)
		v[i] = value;
}

/* scalar(): the value of the only float; NaN where there is none, or more than one. */
static enum rc only_value(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	double *v, struct err *e)
{
	uint8_t *seen = eval_alloc(ev, steps->n, e);
	struct stream *s;
	struct column c;
	bool has;
	enum rc rc = seen ? eval_stream(ev, n->call.args[0], steps, &s, e) : RC_LIMIT;

	fill(v, steps->n, not_a_number());
	while (rc == RC_OK) {
		rc = stream_next(s, &c, &has, e);
		if (rc != RC_OK || !has)
			break;
		for (uint32_t i = 0; i < steps->n; i++) {
			if (is_absent(c.v[i]) || (c.h && c.h[i]))
				continue;
			v[i] = seen[i] ? not_a_number() : c.v[i];
			seen[i] = 1;
		}
	}
	return rc;
}

static enum rc of_call(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	double *v, struct err *e)
{
	switch (n->call.function->id) {
	case PROMQL_F_scalar:
		return only_value(ev, n, steps, v, e);
	case PROMQL_F_time:
		for (uint32_t i = 0; i < steps->n; i++)
			v[i] = (double)steps_time(steps, i) / 1000;
		return RC_OK;
	case PROMQL_F_pi:
		fill(v, steps->n, M_PI);
		return RC_OK;
	default:
		return err_set(e, RC_INTERNAL, "%s() is no scalar", n->call.function->name);
	}
}

static enum rc of_binary(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	double *v, struct err *e)
{
	double *left, *right;
	enum rc rc = eval_scalar(ev, n->binary.left, steps, &left, e);

	if (rc == RC_OK)
		rc = eval_scalar(ev, n->binary.right, steps, &right, e);
	if (rc == RC_OK)
		arithmetic_scalars(n->binary.op, left, right, v, steps->n);
	return rc;
}

enum rc eval_scalar(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	double **ret, struct err *e)
{
	bool is_negative = false;
	double *v = eval_values(ev, steps, e);
	enum rc rc = v ? RC_OK : RC_LIMIT;

	while (n->kind == PROMQL_PAREN || n->kind == PROMQL_PLUS || n->kind == PROMQL_NEGATE) {
		is_negative ^= n->kind == PROMQL_NEGATE;
		n = n->inner;
	}
	if (rc == RC_OK && n->kind == PROMQL_NUMBER)
		fill(v, steps->n, n->number);
	else if (rc == RC_OK && n->kind == PROMQL_BINARY)
		rc = of_binary(ev, n, steps, v, e);
	else if (rc == RC_OK)
		rc = of_call(ev, n, steps, v, e);
	if (rc != RC_OK)
		return rc;
	for (uint32_t i = 0; is_negative && i < steps->n; i++)
		v[i] = -v[i];
	*ret = v;
	return RC_OK;
}
