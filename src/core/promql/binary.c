/* SPDX-License-Identifier: Apache-2.0 */
#include "core/promql/arithmetic_mixed.h"
#include "core/promql/binary_private.h"
#include "core/promql/naming.h"
#include "core/promql/parts.h"

/* A vector and a scalar. */
struct scaling {
	struct stream stream;
	const struct promql_node *node;
	struct stream *vector;
	const double *scalar;
	bool is_swapped; /* scalar op vector */
	struct arithmetic arithmetic;
	bool drops_name;
	struct naming naming;
	struct mixing *mixing; /* NULL until a series has histograms */
};

static enum rc scale_mixed(struct scaling *s, struct column *c, struct err *e)
{
	const struct stream *stream = &s->stream;
	struct column scalar = { .v = (double *)(uintptr_t)s->scalar }; /* only read */
	enum rc rc = RC_OK;

	if (!s->mixing)
		rc = mixing_make(stream->eval, s->node, stream->steps, &s->mixing, e);
	if (rc != RC_OK)
		return rc;
	return mixing_apply(s->mixing,
		&(struct mixed_pair){ s->arithmetic, s->is_swapped ? &scalar : c,
			s->is_swapped ? c : &scalar },
		c, e);
}

static enum rc next_scaled(struct stream *stream, struct column *ret, bool *ret_has, struct err *e)
{
	struct scaling *s = (struct scaling *)stream;
	enum rc rc = stream_next(s->vector, ret, ret_has, e);
	const double *left, *right;

	if (rc == RC_OK && !*ret_has && s->mixing)
		mixing_tell(s->mixing);
	if (rc != RC_OK || !*ret_has)
		return rc;
	if (ret->h) {
		rc = scale_mixed(s, ret, e);
		if (rc != RC_OK)
			return rc;
		return s->drops_name ? naming_drop(&s->naming, ret, e) : RC_OK;
	}
	left = s->is_swapped ? s->scalar : ret->v;
	right = s->is_swapped ? ret->v : s->scalar;
	arithmetic_vectors(s->arithmetic, left, right, ret->v, stream->steps->n);
	return s->drops_name ? naming_drop(&s->naming, ret, e) : RC_OK;
}

static enum rc make_scaled(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct stream **ret, struct err *e)
{
	struct scaling *s = eval_alloc(ev, sizeof *s, e);
	const struct promql_node *left = n->binary.left, *right = n->binary.right;
	double *scalar;
	enum rc rc;

	if (!s)
		return RC_LIMIT;
	s->node = n;
	s->is_swapped = left->type == PROMQL_SCALAR;
	s->drops_name = !op_is_comparison(n->binary.op) || n->binary.is_bool;
	s->arithmetic = (struct arithmetic){ n->binary.op, ARITHMETIC_KEEP_LEFT };
	if (n->binary.is_bool)
		s->arithmetic.result = ARITHMETIC_BOOL;
	else if (s->is_swapped)
		s->arithmetic.result = ARITHMETIC_KEEP_RIGHT;
	if (s->is_swapped)
		rc = eval_scalar(ev, left, steps, &scalar, e);
	else
		rc = eval_stream(ev, left, steps, &s->vector, e);
	if (rc != RC_OK)
		return rc;
	if (s->is_swapped)
		rc = eval_stream(ev, right, steps, &s->vector, e);
	else
		rc = eval_left_first(s->vector, eval_scalar(ev, right, steps, &scalar, e), e);
	if (rc != RC_OK)
		return rc;
	s->scalar = scalar;
	s->stream = (struct stream){ .next = next_scaled,
		.eval = ev,
		.steps = steps,
		.has_one_name = s->vector->has_one_name,
		.is_whole = s->vector->is_whole };
	if (s->drops_name)
		naming_init(&s->naming, ev, s->vector, &s->stream);
	*ret = &s->stream;
	return RC_OK;
}

enum rc make_binary(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct stream **ret, struct err *e)
{
	if (n->binary.left->type == PROMQL_SCALAR || n->binary.right->type == PROMQL_SCALAR)
		return make_scaled(ev, n, steps, ret, e);
	if (op_is_set(n->binary.op))
		return make_set(ev, n, steps, ret, e);
	return make_matched(ev, n, steps, ret, e);
}

struct negating {
	struct stream stream;
	struct stream *inner;
	const struct promql_node *node;
	struct naming naming;
	struct mixing *mixing; /* NULL until a series has histograms */
};

static enum rc negate_mixed(struct negating *n, struct column *c, struct err *e)
{
	enum rc rc = RC_OK;

	if (!n->mixing)
		rc = mixing_make(n->stream.eval, n->node, n->stream.steps, &n->mixing, e);
	return rc == RC_OK ? mixing_negate(n->mixing, c, e) : rc;
}

static enum rc next_negated(struct stream *s, struct column *ret, bool *ret_has, struct err *e)
{
	struct negating *n = (struct negating *)s;
	enum rc rc = stream_next(n->inner, ret, ret_has, e);

	if (rc != RC_OK || !*ret_has)
		return rc;
	if (ret->h)
		rc = negate_mixed(n, ret, e);
	for (uint32_t i = 0; !ret->h && i < s->steps->n; i++)
		if (!is_absent(ret->v[i]))
			ret->v[i] = -ret->v[i];
	if (rc != RC_OK)
		return rc;
	return naming_drop(&n->naming, ret, e);
}

enum rc make_negated(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct stream **ret, struct err *e)
{
	struct negating *s = eval_alloc(ev, sizeof *s, e);
	enum rc rc = s ? eval_stream(ev, n->inner, steps, &s->inner, e) : RC_LIMIT;

	if (rc != RC_OK)
		return rc;
	s->node = n;
	s->stream = (struct stream){ .next = next_negated, .eval = ev, .steps = steps };
	naming_init_strict(&s->naming, ev, s->inner, &s->stream);
	*ret = &s->stream;
	return RC_OK;
}
