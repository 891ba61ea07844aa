/* SPDX-License-Identifier: Apache-2.0 */
#include "core/promql/arithmetic_mixed.h"

#include "base/histogram.h"
#include "core/promql/operators.h"

#include <stdio.h>

/* What a pair of samples, or of histograms, doesn't allow for.  Prometheus notes the last at each
 * step. */
enum mistake { NONE, FLOAT_HISTOGRAM, HISTOGRAM_FLOAT, HISTOGRAM_HISTOGRAM, LAYOUT, MISTAKES };

static void release(void *what)
{
	struct mixing *m = what;

	arena_fini(&m->results);
	histogram_sum_fini(&m->left);
	histogram_sum_fini(&m->right);
}

enum rc mixing_make(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct mixing **ret, struct err *e)
{
	struct mixing *m = eval_alloc(ev, sizeof *m, e);
	enum rc rc = m ? eval_at_end(ev, release, m, e) : RC_LIMIT;

	if (rc != RC_OK)
		return rc;
	m->eval = ev;
	m->node = n;
	m->steps = steps;
	arena_init(&m->results, ev->arena.budget_bytes);
	m->v = eval_values(ev, steps, e);
	m->h = eval_alloc(ev, steps->n * sizeof *m->h, e);
	m->mistakes = eval_alloc(ev, steps->n, e);
	*ret = m;
	return m->v && m->h && m->mistakes ? RC_OK : RC_LIMIT;
}

struct operand {
	double v;
	const struct histogram *h;
};

static enum mistake store(struct mixing *m, uint32_t step)
{
	m->v[step] = 0;
	m->h[step] = histogram_sum_store(&m->left, &m->results);
	return NONE;
}

static enum mistake scale(struct mixing *m, uint32_t step, const struct histogram *h, double by)
{
	histogram_sum_load(&m->left, h);
	histogram_sum_scale(&m->left, by);
	return store(m, step);
}

static enum mistake divide(struct mixing *m, uint32_t step, const struct histogram *h, double by)
{
	histogram_sum_load(&m->left, h);
	histogram_sum_divide(&m->left, by);
	return store(m, step);
}

static enum mistake add(struct mixing *m, uint32_t step, const struct operand *l,
	const struct operand *r)
{
	double sign = m->node->binary.op == PROMQL_ADD ? 1 : -1;

	histogram_sum_load(&m->left, l->h);
	histogram_sum_load(&m->right, r->h);
	if (histogram_sum_add(&m->left, &m->right, sign) != HISTOGRAM_DONE)
		return LAYOUT;
	return store(m, step);
}

static enum mistake compare(struct mixing *m, uint32_t step, const struct operand *l,
	const struct operand *r)
{
	bool holds = histogram_same(l->h, r->h) == (m->node->binary.op == PROMQL_EQ);

	if (m->node->binary.is_bool) {
		m->v[step] = holds;
	} else if (holds) {
		m->v[step] = 0;
		m->h[step] = l->h;
	}
	return NONE;
}

static enum rc full(const struct mixing *m, struct err *e)
{
	return err_set(e, RC_LIMIT, "histograms of more than %zu bytes", m->results.budget_bytes);
}

/* The step's result is absent so far. */
static enum mistake operate(struct mixing *m, uint32_t step, const struct operand *l,
	const struct operand *r)
{
	enum promql_op op = m->node->binary.op;

	if (l->h && r->h) {
		if (op == PROMQL_ADD || op == PROMQL_SUB)
			return add(m, step, l, r);
		if (op == PROMQL_EQ || op == PROMQL_NE)
			return compare(m, step, l, r);
		return HISTOGRAM_HISTOGRAM;
	}
	if (op == PROMQL_MUL)
		return l->h ? scale(m, step, l->h, r->v) : scale(m, step, r->h, l->v);
	if (op == PROMQL_DIV && l->h)
		return divide(m, step, l->h, r->v);
	return l->h ? HISTOGRAM_FLOAT : FLOAT_HISTOGRAM;
}

enum rc mixing_apply(struct mixing *m, const struct mixed_pair *pair, struct column *ret,
	struct err *e)
{
	const struct column *left = pair->left, *right = pair->right;

	arena_reset(&m->results);
	arithmetic_vectors(pair->arithmetic, left->v, right->v, m->v, m->steps->n);
	for (uint32_t i = 0; i < m->steps->n; i++) {
		struct operand l = { left->v[i], left->h ? left->h[i] : NULL };
		struct operand r = { right->v[i], right->h ? right->h[i] : NULL };
		enum mistake mistake;

		m->h[i] = NULL;
		if ((!l.h && !r.h) || is_absent(l.v) || is_absent(r.v))
			continue;
		m->v[i] = absent();
		mistake = operate(m, i, &l, &r);
		if (mistake != NONE)
			m->mistakes[i] = (uint8_t)mistake;
		else if (!is_absent(m->v[i]) && m->v[i] == 0 && !m->h[i] &&
			 !m->node->binary.is_bool)
			return full(m, e);
	}
	ret->v = m->v;
	ret->h = m->h;
	return RC_OK;
}

enum rc mixing_negate(struct mixing *m, struct column *c, struct err *e)
{
	arena_reset(&m->results);
	for (uint32_t i = 0; i < m->steps->n; i++) {
		m->h[i] = NULL;
		m->v[i] = is_absent(c->v[i]) ? c->v[i] : -c->v[i];
		if (!c->h[i] || is_absent(c->v[i]))
			continue;
		scale(m, i, c->h[i], -1);
		if (!m->h[i])
			return full(m, e);
	}
	c->v = m->v;
	c->h = m->h;
	return RC_OK;
}

void mixing_tell(const struct mixing *m)
{
	static const char *const sides[MISTAKES][2] = { [FLOAT_HISTOGRAM] = { "float",
								"histogram" },
		[HISTOGRAM_FLOAT] = { "histogram", "float" },
		[HISTOGRAM_HISTOGRAM] = { "histogram", "histogram" } };
	const char *op = promql_operators[m->node->binary.op].text;
	bool seen[MISTAKES] = { false };
	char detail[64];

	for (uint32_t i = 0; i < m->steps->n; i++)
		seen[m->mistakes[i]] = true;
	for (int i = NONE + 1; i < MISTAKES; i++) {
		if (!seen[i])
			continue;
		if (i == LAYOUT) {
			notes_add(&m->eval->notes, NOTE_BUCKET_LAYOUT, m->node, op);
			continue;
		}
		snprintf(detail, sizeof detail, "\"%s\": %s %s %s", op, sides[i][0], op,
			sides[i][1]);
		notes_add(&m->eval->notes, NOTE_TYPES, m->node, detail);
	}
}
