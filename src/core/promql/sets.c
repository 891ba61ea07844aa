/* SPDX-License-Identifier: Apache-2.0 */
/* and, or, unless: of the one side all series go through; of the other it is enough to know, for
 * each signature, at which steps it has something. */
#include "core/promql/binary_private.h"
#include "core/promql/hash_index.h"

struct presence {
	struct hash_index index;
	uint64_t **steps; /* by number of the signature: a bit a step */
	uint32_t cap;
};

struct combining {
	struct stream stream;
	enum promql_op op;
	struct stream *left, *right; /* NULL: all of it was pulled */
	struct signature signature;
	struct presence presence; /* of the right side; of `or`, of the left one */
};

enum rc signature_init(struct signature *s, struct eval *ev, const struct promql_matching *m,
	struct err *e)
{
	const char **names = eval_alloc(ev, (m->names.n + 1) * sizeof *names, e);

	if (!names)
		return RC_LIMIT;
	for (uint32_t i = 0; i < m->names.n; i++)
		names[i] = m->names.v[i];
	names[m->names.n] = METRIC_NAME;
	*s = (struct signature){ { names, m->names.n + !m->is_on }, m->is_on };
	return RC_OK;
}

uint64_t signature_of(const struct signature *s, const struct labels *l)
{
	return labels_hash_of(l, &s->names, !s->is_on);
}

static enum rc add_presence(struct combining *c, const struct column *column, struct err *e)
{
	struct presence *p = &c->presence;
	struct eval *ev = c->stream.eval;
	uint32_t n_steps = c->stream.steps->n, n = p->index.n, number;
	enum rc rc =
		hash_index_add(&p->index, signature_of(&c->signature, &column->labels), &number, e);

	if (rc != RC_OK)
		return rc;
	if (number == p->cap) {
		uint32_t cap = p->cap ? 2 * p->cap : 64;

		p->steps = eval_grown(ev, p->steps, p->cap * sizeof *p->steps,
			cap * sizeof *p->steps, e);
		if (!p->steps)
			return RC_LIMIT;
		p->cap = cap;
	}
	if (number == n)
		p->steps[number] = eval_alloc(ev, (n_steps + 63) / 64 * sizeof(uint64_t), e);
	if (!p->steps[number])
		return RC_LIMIT;
	for (uint32_t i = 0; i < n_steps; i++)
		p->steps[number][i / 64] |= (uint64_t)!is_absent(column->v[i]) << i % 64;
	return RC_OK;
}

/* Keep the steps at which the other side has the signature, or those at which it doesn't. */
static void keep(const struct combining *c, struct column *column, bool wanted)
{
	const struct presence *p = &c->presence;
	uint32_t number = hash_index_find(&p->index, signature_of(&c->signature, &column->labels));

	for (uint32_t i = 0; i < c->stream.steps->n; i++) {
		bool has = number != HASH_INDEX_NONE && (p->steps[number][i / 64] >> i % 64 & 1);

		if (has != wanted)
			column->v[i] = absent();
	}
}

static enum rc pull_right(struct combining *c, struct err *e)
{
	struct column column;
	bool has;
	enum rc rc = RC_OK;

	while (rc == RC_OK) {
		rc = stream_next(c->right, &column, &has, e);
		if (rc != RC_OK || !has)
			break;
		rc = add_presence(c, &column, e);
	}
	c->right = NULL;
	return eval_left_first(c->left, rc, e);
}

static enum rc next_kept(struct stream *s, struct column *ret, bool *ret_has, struct err *e)
{
	struct combining *c = (struct combining *)s;
	enum rc rc = c->right ? pull_right(c, e) : RC_OK;

	if (rc == RC_OK)
		rc = stream_next(c->left, ret, ret_has, e);
	if (rc == RC_OK && *ret_has)
		keep(c, ret, c->op == PROMQL_AND);
	return rc;
}

/* The left side, then what it hasn't of the right one. */
static enum rc next_of_both(struct stream *s, struct column *ret, bool *ret_has, struct err *e)
{
	struct combining *c = (struct combining *)s;
	enum rc rc;

	if (c->left) {
		rc = stream_next(c->left, ret, ret_has, e);
		if (rc != RC_OK)
			return rc;
		if (*ret_has)
			return add_presence(c, ret, e);
		c->left = NULL;
	}
	rc = stream_next(c->right, ret, ret_has, e);
	if (rc == RC_OK && *ret_has)
		keep(c, ret, false);
	return rc;
}

enum rc make_set(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct stream **ret, struct err *e)
{
	struct combining *c = eval_alloc(ev, sizeof *c, e);
	enum rc rc = c ? signature_init(&c->signature, ev, n->binary.matching, e) : RC_LIMIT;

	if (rc == RC_OK)
		rc = eval_stream(ev, n->binary.left, steps, &c->left, e);
	if (rc != RC_OK)
		return rc;
	rc = eval_left_first(c->left, eval_stream(ev, n->binary.right, steps, &c->right, e), e);
	if (rc != RC_OK)
		return rc;
	c->op = n->binary.op;
	c->presence.index.eval = ev;
	c->stream = (struct stream){ .next = c->op == PROMQL_OR ? next_of_both : next_kept,
		.eval = ev,
		.steps = steps };
	if (c->op != PROMQL_OR) {
		c->stream.has_one_name = c->left->has_one_name;
		c->stream.is_whole = c->left->is_whole;
	}
	*ret = &c->stream;
	return RC_OK;
}
