/* SPDX-License-Identifier: Apache-2.0 */
#include "core/promql/eval.h"

#include "base/golang.h"
#include "base/limits.h"
#include "core/promql/parts.h"
#include "core/promql/quoted.h"

#include <inttypes.h>

#define STOP_EVERY 100000 /* samples between two looks at should_stop */

void *eval_alloc(struct eval *ev, size_t size_bytes, struct err *e)
{
	void *p = arena_alloc(&ev->arena, size_bytes);

	if (!p)
		err_set(e, RC_LIMIT,
			"query processing would take more than %zu bytes of memory in query "
			"execution",
			ev->arena.budget_bytes);
	return p;
}

double *eval_values(struct eval *ev, const struct steps *steps, struct err *e)
{
	return eval_alloc(ev, steps->n * sizeof(double), e);
}

double *eval_absent_values(struct eval *ev, const struct steps *steps, struct err *e)
{
	double *v = eval_values(ev, steps, e);

	for (uint32_t i = 0; v && i < steps->n; i++)
		v[i] = absent();
	return v;
}

enum rc eval_copy_labels(struct eval *ev, const struct labels *l, struct labels *ret, struct err *e)
{
	return labels_copy(l, &ev->arena, ret) ? RC_OK
					       : (eval_alloc(ev, SIZE_MAX / 2, e), RC_LIMIT);
}

struct eval_release {
	void (*release)(void *what);
	void *what;
	struct eval_release *next;
};

/* What can't be noted is released at once. */
enum rc eval_at_end(struct eval *ev, void (*release)(void *), void *what, struct err *e)
{
	struct eval_release *r = eval_alloc(ev, sizeof *r, e);

	if (!r) {
		release(what);
		return RC_LIMIT;
	}
	*r = (struct eval_release){ release, what, ev->releases };
	ev->releases = r;
	return RC_OK;
}

void eval_fini(struct eval *ev)
{
	for (struct eval_release *r = ev->releases; r; r = r->next)
		r->release(r->what);
	ev->releases = NULL;
	notes_fini(&ev->notes);
	arena_fini(&ev->arena);
}

enum rc eval_count(struct eval *ev, uint64_t samples, struct err *e)
{
	const struct promql_query *q = ev->query;
	uint64_t before = ev->samples_read / STOP_EVERY;

	ev->samples_read += samples;
	if (ev->samples_read > ev->samples_max)
		return err_set(e, RC_LIMIT,
			"query processing would load too many samples into memory in query "
			"execution (more than %" PRIu64 ")",
			ev->samples_max);
	if (q->should_stop && ev->samples_read / STOP_EVERY != before && q->should_stop(q->ctx))
		return err_set(e, RC_TIMEOUT, "query timed out in expression evaluation");
	return RC_OK;
}

enum rc eval_left_first(struct stream *left, enum rc rc, struct err *e)
{
	struct err mistake = { 0 };
	struct column c;
	bool has = true;
	enum rc left_rc = RC_OK;

	if (rc != RC_INPUT)
		return rc;
	while (left_rc == RC_OK && has)
		left_rc = stream_next(left, &c, &has, &mistake);
	return left_rc == RC_INPUT ? err_set(e, RC_INPUT, "%s", mistake.text) : rc;
}

void eval_labels_text(struct str *out, const struct labels *l)
{
	str_addc(out, '{');
	for (uint32_t i = 0; i < l->n; i++) {
		if (i)
			str_add(out, ", ");
		if (quoted_is_plain(l->v[i].name, ""))
			str_add(out, l->v[i].name);
		else
			go_quote(out, l->v[i].name, strlen(l->v[i].name), GO_QUOTE);
		str_addc(out, '=');
		go_quote(out, l->v[i].value, l->v[i].value_len, GO_QUOTE);
	}
	str_addc(out, '}');
}

enum rc eval_same_labels(struct err *e)
{
	return err_set(e, RC_INPUT, "vector cannot contain metrics with the same labelset");
}

const struct promql_node *eval_unwrap(const struct promql_node *n)
{
	while (n->kind == PROMQL_PAREN)
		n = n->inner;
	return n;
}

const char *eval_text(const struct promql_node *n)
{
	return eval_unwrap(n)->text.s;
}

/* Functions whose result depends on the step's time even when their arguments don't. */
static bool looks_at_time(const struct promql_function *f)
{
	static const enum promql_function_id ids[] = { PROMQL_F_days_in_month,
		PROMQL_F_day_of_month, PROMQL_F_day_of_week, PROMQL_F_day_of_year, PROMQL_F_hour,
		PROMQL_F_minute, PROMQL_F_month, PROMQL_F_year, PROMQL_F_predict_linear,
		PROMQL_F_time, PROMQL_F_timestamp };

	for (size_t i = 0; i < COUNT(ids); i++)
		if (f->id == ids[i])
			return true;
	return false;
}

static bool call_is_invariant(const struct promql_node *n)
{
	if (looks_at_time(n->call.function))
		return false;
	for (uint32_t i = 0; i < n->call.n_args; i++)
		if (!eval_is_invariant(n->call.args[i]))
			return false;
	return true;
}

bool eval_is_invariant(const struct promql_node *n)
{
	switch (n->kind) {
	case PROMQL_NUMBER:
	case PROMQL_TEXT:
		return true;
	case PROMQL_SELECTOR:
		return n->selector.shift.at != PROMQL_AT_NONE;
	case PROMQL_RANGE:
		return eval_is_invariant(n->range.selector);
	case PROMQL_SUBQUERY:
		return n->subquery.shift.at != PROMQL_AT_NONE;
	case PROMQL_CALL:
		return call_is_invariant(n);
	case PROMQL_AGGREGATE:
		return eval_is_invariant(n->aggregate.inner);
	case PROMQL_BINARY:
		return eval_is_invariant(n->binary.left) && eval_is_invariant(n->binary.right);
	case PROMQL_NEGATE:
	case PROMQL_PLUS:
	case PROMQL_PAREN:
		return eval_is_invariant(n->inner);
	}
	return false;
}

/* It takes the parentheses off, but not of what it has marked as the same at all steps. */
const struct promql_node *eval_arg(const struct promql_node *call, uint32_t i)
{
	const struct promql_node *arg = call->call.args[i];

	return eval_is_invariant(arg) && !eval_is_invariant(call) ? arg : eval_unwrap(arg);
}

/* What was computed for one step, at all of them. */
struct repeating {
	struct stream stream;
	struct stream *once;
	double *v;
	const struct histogram **h;
};

static enum rc next_repeated(struct stream *s, struct column *ret, bool *ret_has, struct err *e)
{
	struct repeating *r = (struct repeating *)s;
	struct column one;
	enum rc rc = stream_next(r->once, &one, ret_has, e);

	if (rc != RC_OK || !*ret_has)
		return rc;
	*ret = (struct column){ .labels = one.labels, .v = r->v };
	if (one.h && one.h[0])
		ret->h = r->h;
	for (uint32_t i = 0; i < s->steps->n; i++) {
		r->v[i] = one.v[0];
		r->h[i] = one.h ? one.h[0] : NULL;
	}
	return RC_OK;
}

static struct steps *first_step(struct eval *ev, const struct steps *steps, struct err *e)
{
	struct steps *one = eval_alloc(ev, sizeof *one, e);

	if (one)
		*one = (struct steps){ steps->start_ms, steps->step_ms, 1 };
	return one;
}

static enum rc make_repeated(struct eval *ev, const struct promql_node *n,
	const struct steps *steps, struct stream **ret, struct err *e)
{
	struct repeating *r = eval_alloc(ev, sizeof *r, e);
	const struct steps *one = r ? first_step(ev, steps, e) : NULL;
	enum rc rc;

	if (!one)
		return RC_LIMIT;
	r->v = eval_values(ev, steps, e);
	r->h = eval_alloc(ev, steps->n * sizeof(void *), e);
	if (!r->v || !r->h)
		return RC_LIMIT;
	rc = eval_stream(ev, n, one, &r->once, e);
	if (rc != RC_OK)
		return rc;
	r->stream = (struct stream){ .next = next_repeated,
		.eval = ev,
		.steps = steps,
		.has_one_name = r->once->has_one_name,
		.is_whole = true };
	*ret = &r->stream;
	return RC_OK;
}

static enum rc make_inner(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct stream **ret, struct err *e)
{
	return eval_stream(ev, n->inner, steps, ret, e);
}

static enum rc make_none(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct stream **ret, struct err *e)
{
	(void)ev, (void)n, (void)steps, (void)ret;
	return err_set(e, RC_INTERNAL, "a text or a range stands where a vector should");
}

static eval_make *const makers[] = {
	[PROMQL_NUMBER] = make_none,
	[PROMQL_TEXT] = make_none,
	[PROMQL_SELECTOR] = make_selector,
	[PROMQL_RANGE] = make_none,
	[PROMQL_SUBQUERY] = make_none,
	[PROMQL_CALL] = make_call,
	[PROMQL_AGGREGATE] = make_aggregate,
	[PROMQL_BINARY] = make_binary,
	[PROMQL_NEGATE] = make_negated,
	[PROMQL_PLUS] = make_inner,
	[PROMQL_PAREN] = make_inner,
};

/* A scalar in the place of a vector: one series without labels. */
struct lone {
	struct stream stream;
	double *v; /* NULL: given */
};

static enum rc next_lone(struct stream *s, struct column *ret, bool *ret_has, struct err *e)
{
	struct lone *l = (struct lone *)s;

	(void)e;
	*ret_has = l->v != NULL;
	*ret = (struct column){ .v = l->v };
	l->v = NULL;
	return RC_OK;
}

enum rc make_lone(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct stream **ret, struct err *e)
{
	struct lone *l = eval_alloc(ev, sizeof *l, e);
	enum rc rc = l ? eval_scalar(ev, n, steps, &l->v, e) : RC_LIMIT;

	if (rc != RC_OK)
		return rc;
	l->stream = (struct stream){ .next = next_lone,
		.eval = ev,
		.steps = steps,
		.has_one_name = true,
		.is_whole = true };
	*ret = &l->stream;
	return RC_OK;
}

enum rc eval_stream(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct stream **ret, struct err *e)
{
	if (n->type == PROMQL_SCALAR)
		return make_lone(ev, n, steps, ret, e);
	if (steps->n > 1 && eval_is_invariant(n))
		return make_repeated(ev, n, steps, ret, e);
	return makers[n->kind](ev, n, steps, ret, e);
}
