/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic and comparisons between two vectors.  The "one" side (the right one, but for
 * group_right) is held, a column a signature; the series of the other side go through.
 *
 * Prometheus meets mistakes step by step, and within a step first those of the "one" side; but it
 * doesn't look for them at steps where the other side is empty.  So they are noted with their step,
 * and the first counts, when all is known. */
#include "base/histogram.h"
#include "core/promql/arithmetic_mixed.h"
#include "core/promql/binary_private.h"
#include "core/promql/hash_index.h"

#include "base/golang.h"

#define NO_STEP UINT32_MAX

/* Two series of the "one" side with a value at one step. */
struct clash {
	const struct labels *first, *second; /* NULL: none at this step */
	uint32_t order;                      /* as they came */
};

/* A signature: what the "one" side has under it, and what was matched with it. */
struct match {
	double *v;
	const struct histogram **h;   /* a step each; NULL: none */
	const struct labels *owner;   /* of the first series */
	const struct labels **owners; /* a step each; NULL: all steps have `owner` */
	struct clash *clashes;        /* a step each; NULL: none */
	uint64_t *taken;              /* steps at which it was matched one to one; NULL: none */
};

/* A set of labels that was given. */
struct outcome {
	uint32_t match;
	uint64_t *steps;
};

struct matching {
	struct stream stream;
	const struct promql_node *node;
	const struct promql_matching *rule;
	struct stream *one, *many; /* `one` is NULL once it was pulled */
	bool is_swapped;           /* the "one" side is the left one */
	struct arithmetic arithmetic;
	struct signature signature;
	struct hash_index index;
	struct match *matches; /* by number of the signature */
	uint32_t cap;
	uint32_t n_clashes;
	uint64_t *many_steps; /* at which the other side has anything */
	uint32_t wrong_step;  /* of `wrong`; NO_STEP */
	const char *wrong;
	struct label_edit edit;
	struct hash_index outcome_index;
	struct outcome *outcomes;
	uint32_t outcomes_cap;
	double *results;
	double *v, *piece; /* what the results are, maybe in pieces */
	const struct histogram **h;
	struct mixing *mixing;     /* NULL until a series has histograms */
	struct labels many_labels; /* of what is in `v` */
	struct match *pending;     /* `v` is given in pieces, one an owner; NULL: nothing is left */
};

static uint32_t words(const struct matching *m)
{
	return (m->stream.steps->n + 63) / 64;
}

static enum rc new_match(struct matching *m, uint32_t number, struct err *e)
{
	struct eval *ev = m->stream.eval;

	if (number == m->cap) {
		uint32_t cap = m->cap ? 2 * m->cap : 64;

		m->matches = eval_grown(ev, m->matches, m->cap * sizeof *m->matches,
			cap * sizeof *m->matches, e);
		if (!m->matches)
			return RC_LIMIT;
		m->cap = cap;
	}
	m->matches[number].v = eval_absent_values(ev, m->stream.steps, e);
	return m->matches[number].v ? RC_OK : RC_LIMIT;
}

static const struct labels *owner_at(const struct match *match, uint32_t step)
{
	return match->owners ? match->owners[step] : match->owner;
}

/* A second series under the signature. */
static enum rc make_owners(struct matching *m, struct match *match, struct err *e)
{
	uint32_t n = m->stream.steps->n;

	match->owners = eval_alloc(m->stream.eval, n * sizeof *match->owners, e);
	match->clashes = eval_alloc(m->stream.eval, n * sizeof *match->clashes, e);
	if (!match->owners || !match->clashes)
		return RC_LIMIT;
	for (uint32_t i = 0; i < n; i++)
		match->owners[i] = match->owner;
	return RC_OK;
}

static enum rc take_histogram(struct matching *m, struct match *match, uint32_t step,
	const struct histogram *h, struct err *e)
{
	struct eval *ev = m->stream.eval;

	if (!match->h)
		match->h = eval_alloc(ev, m->stream.steps->n * sizeof *match->h, e);
	if (!match->h)
		return RC_LIMIT;
	match->h[step] = histogram_copy(h, &ev->arena);
	return match->h[step] ? RC_OK : (eval_alloc(ev, SIZE_MAX / 2, e), RC_LIMIT);
}

static enum rc take_values(struct matching *m, struct match *match, const struct column *c,
	const struct labels *owner, struct err *e)
{
	enum rc rc = RC_OK;

	for (uint32_t i = 0; rc == RC_OK && i < m->stream.steps->n; i++) {
		if (is_absent(c->v[i]))
			continue;
		if (!is_absent(match->v[i])) {
			if (!match->clashes[i].first)
				match->clashes[i] =
					(struct clash){ owner_at(match, i), owner, m->n_clashes++ };
			continue;
		}
		match->v[i] = c->v[i];
		if (match->owners)
			match->owners[i] = owner;
		if (c->h && c->h[i])
			rc = take_histogram(m, match, i, c->h[i], e);
	}
	return rc;
}

static enum rc add_one(struct matching *m, const struct column *c, struct err *e)
{
	struct labels *owner = eval_alloc(m->stream.eval, sizeof *owner, e);
	uint32_t n = m->index.n, number;
	struct match *match;
	enum rc rc = owner ? eval_copy_labels(m->stream.eval, &c->labels, owner, e) : RC_LIMIT;

	if (rc == RC_OK)
		rc = hash_index_add(&m->index, signature_of(&m->signature, &c->labels), &number, e);
	if (rc == RC_OK && number == n)
		rc = new_match(m, number, e);
	if (rc != RC_OK)
		return rc;
	match = &m->matches[number];
	if (!match->owner)
		match->owner = owner;
	else if (!match->owners)
		rc = make_owners(m, match, e);
	return rc == RC_OK ? take_values(m, match, c, owner, e) : rc;
}

static enum rc pull_one(struct matching *m, struct err *e)
{
	struct column c;
	bool has;
	enum rc rc = RC_OK;

	while (rc == RC_OK) {
		rc = stream_next(m->one, &c, &has, e);
		if (rc != RC_OK || !has)
			break;
		rc = add_one(m, &c, e);
	}
	m->one = NULL;
	return m->is_swapped ? rc : eval_left_first(m->many, rc, e);
}

static void note_wrong(struct matching *m, uint32_t step, const char *text)
{
	if (step >= m->wrong_step)
		return;
	m->wrong_step = step;
	m->wrong = text;
}

/* Note the steps of `v` as taken in `bits`; those that were taken before are `wrong`, and go. */
static void take_steps(struct matching *m, double *v, uint64_t *bits, const char *wrong)
{
	for (uint32_t i = 0; i < m->stream.steps->n; i++) {
		uint64_t bit = UINT64_C(1) << i % 64;

		if (is_absent(v[i]))
			continue;
		if (bits[i / 64] & bit) {
			note_wrong(m, i, wrong);
			v[i] = absent();
		}
		bits[i / 64] |= bit;
	}
}

static enum rc new_outcome(struct matching *m, uint32_t number, uint32_t match, struct err *e)
{
	struct eval *ev = m->stream.eval;

	if (number == m->outcomes_cap) {
		uint32_t cap = m->outcomes_cap ? 2 * m->outcomes_cap : 64;

		m->outcomes = eval_grown(ev, m->outcomes, m->outcomes_cap * sizeof *m->outcomes,
			cap * sizeof *m->outcomes, e);
		if (!m->outcomes)
			return RC_LIMIT;
		m->outcomes_cap = cap;
	}
	m->outcomes[number] =
		(struct outcome){ match, eval_alloc(ev, words(m) * sizeof(uint64_t), e) };
	return m->outcomes[number].steps ? RC_OK : RC_LIMIT;
}

/* Result by result: no two may have the same labels at one step. */
static enum rc check_result(struct matching *m, struct match *match, const struct labels *l,
	double *v, struct err *e)
{
	bool is_one_to_one = m->rule->card == PROMQL_ONE_TO_ONE;
	uint32_t n = m->outcome_index.n, here = (uint32_t)(match - m->matches), number;
	const char *wrong = "vector cannot contain metrics with the same labelset";
	enum rc rc;

	if (is_one_to_one && !match->taken) {
		match->taken = eval_alloc(m->stream.eval, words(m) * sizeof(uint64_t), e);
		if (!match->taken)
			return RC_LIMIT;
	}
	if (is_one_to_one)
		take_steps(m, v, match->taken,
			"multiple matches for labels: many-to-one matching must be explicit "
			"(group_left/group_right)");
	rc = hash_index_add(&m->outcome_index, labels_hash(l), &number, e);
	if (rc == RC_OK && number == n)
		rc = new_outcome(m, number, here, e);
	if (rc != RC_OK)
		return rc;
	if (!is_one_to_one && m->outcomes[number].match == here)
		wrong = "multiple matches for labels: grouping labels must ensure unique matches";
	take_steps(m, v, m->outcomes[number].steps, wrong);
	return RC_OK;
}

static enum rc result_labels(struct matching *m, const struct labels *one, struct labels *ret,
	struct err *e)
{
	const struct promql_matching *rule = m->rule;
	enum rc rc = label_edit_begin(&m->edit, &m->many_labels, rule->include.n, e);

	if (rc != RC_OK)
		return rc;
	if (!op_is_comparison(m->node->binary.op) || m->node->binary.is_bool)
		label_edit_drop_metadata(&m->edit);
	if (rule->card == PROMQL_ONE_TO_ONE && rule->is_on)
		label_edit_keep(&m->edit, &rule->names);
	else if (rule->card == PROMQL_ONE_TO_ONE)
		label_edit_drop_names(&m->edit, &rule->names);
	for (uint32_t i = 0; i < rule->include.n; i++) {
		const struct label *found = labels_find(one, rule->include.v[i]);

		if (found)
			label_edit_set(&m->edit, found);
		else
			label_edit_drop(&m->edit, rule->include.v[i]);
	}
	if (m->node->binary.is_bool)
		label_edit_drop_metadata(&m->edit);
	*ret = label_edit_done(&m->edit);
	return RC_OK;
}

/* `ret->v` is set. */
static enum rc give(struct matching *m, struct match *match, const struct labels *one,
	struct column *ret, struct err *e)
{
	enum rc rc = result_labels(m, one, &ret->labels, e);

	ret->h = m->h;
	return rc == RC_OK ? check_result(m, match, &ret->labels, ret->v, e) : rc;
}

static bool has_value(const double *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (!is_absent(v[i]))
			return true;
	return false;
}

/* The steps of one owner, of those that haven't been given; false: none is left. */
static bool next_piece(struct matching *m, const struct labels **ret_owner)
{
	const struct labels *owner = NULL;

	for (uint32_t i = 0; i < m->stream.steps->n; i++) {
		bool is_ours = !is_absent(m->v[i]) && (!owner || m->pending->owners[i] == owner);

		m->piece[i] = is_ours ? m->v[i] : absent();
		if (!is_ours)
			continue;
		owner = m->pending->owners[i];
		m->v[i] = absent();
	}
	*ret_owner = owner;
	return owner != NULL;
}

static const char *side_text(const struct matching *m)
{
	return m->is_swapped ? "left" : "right";
}

static enum rc tell_clash(struct matching *m, const struct clash *clash, struct err *e)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	struct labels group;
	enum rc rc = label_edit_begin(&m->edit, clash->second, 0, e);

	if (rc != RC_OK)
		return rc;
	if (m->signature.is_on)
		label_edit_keep(&m->edit, &m->signature.names);
	else
		label_edit_drop_names(&m->edit, &m->signature.names);
	group = label_edit_done(&m->edit);
	str_add(&text, "found duplicate series for the match group ");
	eval_labels_text(&text, &group);
	str_addf(&text, " on the %s hand-side of the operation: [", side_text(m));
	eval_labels_text(&text, clash->second);
	str_add(&text, ", ");
	eval_labels_text(&text, clash->first);
	str_add(&text, "];many-to-many matching not allowed: "
		       "matching labels must be unique on one side");
	return err_set(e, RC_INPUT, "%s", str_c(&text));
}

/* The earliest clash at a step where the other side has something. */
static const struct clash *find_clash(const struct matching *m, uint32_t *ret_step)
{
	const struct clash *found = NULL;

	for (uint32_t step = 0; m->n_clashes && !found && step < m->stream.steps->n; step++) {
		if (!(m->many_steps[step / 64] >> step % 64 & 1))
			continue;
		*ret_step = step;
		for (uint32_t k = 0; k < m->index.n; k++) {
			const struct clash *c = m->matches[k].clashes;

			if (c && c[step].first && (!found || c[step].order < found->order))
				found = &c[step];
		}
	}
	return found;
}

static enum rc finish(struct matching *m, struct err *e)
{
	uint32_t step = NO_STEP;
	const struct clash *clash = find_clash(m, &step);

	if (clash && step <= m->wrong_step)
		return tell_clash(m, clash, e);
	if (m->mixing)
		mixing_tell(m->mixing);
	return m->wrong ? err_set(e, RC_INPUT, "%s", m->wrong) : RC_OK;
}

/* Both sides into `v` and `h`. */
static enum rc compute(struct matching *m, struct match *match, struct column *many, struct err *e)
{
	struct column one = { .v = match->v, .h = match->h }, result = { .v = m->results };
	struct mixed_pair pair = { m->arithmetic, m->is_swapped ? &one : many,
		m->is_swapped ? many : &one };
	enum rc rc = RC_OK;

	if (one.h || many->h) {
		if (!m->mixing)
			rc = mixing_make(m->stream.eval, m->node, m->stream.steps, &m->mixing, e);
		if (rc == RC_OK)
			rc = mixing_apply(m->mixing, &pair, &result, e);
	} else {
		arithmetic_vectors(m->arithmetic, pair.left->v, pair.right->v, result.v,
			m->stream.steps->n);
	}
	m->v = result.v;
	m->h = result.h;
	return rc;
}

/* What becomes of a series of the other side; *ret NULL: nothing. */
static enum rc match_one(struct matching *m, struct column *c, struct match **ret, struct err *e)
{
	uint32_t n = m->stream.steps->n;
	uint32_t number = hash_index_find(&m->index, signature_of(&m->signature, &c->labels));
	enum rc rc;

	*ret = NULL;
	for (uint32_t i = 0; m->n_clashes && i < n; i++)
		m->many_steps[i / 64] |= (uint64_t)!is_absent(c->v[i]) << i % 64;
	if (number == HASH_INDEX_NONE)
		return RC_OK;
	m->many_labels = c->labels;
	rc = compute(m, &m->matches[number], c, e);
	if (rc == RC_OK && has_value(m->v, n))
		*ret = &m->matches[number];
	return rc;
}

static enum rc next_matched(struct stream *s, struct column *ret, bool *ret_has, struct err *e)
{
	struct matching *m = (struct matching *)s;
	enum rc rc = m->one ? pull_one(m, e) : RC_OK;
	const struct labels *owner;
	struct match *match;

	*ret_has = true;
	while (rc == RC_OK) {
		ret->v = m->piece;
		if (m->pending && next_piece(m, &owner))
			return give(m, m->pending, owner, ret, e);
		m->pending = NULL;
		rc = stream_next(m->many, ret, ret_has, e);
		if (rc != RC_OK)
			return rc;
		if (!*ret_has)
			return finish(m, e);
		rc = match_one(m, ret, &match, e);
		ret->v = m->v;
		if (rc == RC_OK && match && match->owners && m->rule->include.n)
			m->pending = match;
		else if (rc == RC_OK && match)
			return give(m, match, match->owner, ret, e);
	}
	return rc;
}

enum rc make_matched(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct stream **ret, struct err *e)
{
	struct matching *m = eval_alloc(ev, sizeof *m, e);
	struct stream *left, *right;
	enum rc rc = m ? signature_init(&m->signature, ev, n->binary.matching, e) : RC_LIMIT;

	if (rc == RC_OK)
		rc = eval_stream(ev, n->binary.left, steps, &left, e);
	if (rc != RC_OK)
		return rc;
	rc = eval_left_first(left, eval_stream(ev, n->binary.right, steps, &right, e), e);
	if (rc != RC_OK)
		return rc;
	m->node = n;
	m->rule = n->binary.matching;
	m->is_swapped = m->rule->card == PROMQL_ONE_TO_MANY;
	m->one = m->is_swapped ? left : right;
	m->many = m->is_swapped ? right : left;
	m->arithmetic = (struct arithmetic){ n->binary.op,
		n->binary.is_bool ? ARITHMETIC_BOOL : ARITHMETIC_KEEP_LEFT };
	m->index.eval = m->outcome_index.eval = m->edit.eval = ev;
	m->wrong_step = NO_STEP;
	m->many_steps = eval_alloc(ev, (steps->n + 63) / 64 * sizeof(uint64_t), e);
	m->results = eval_values(ev, steps, e);
	m->piece = eval_values(ev, steps, e);
	if (!m->many_steps || !m->results || !m->piece)
		return RC_LIMIT;
	m->stream = (struct stream){ .next = next_matched,
		.eval = ev,
		.steps = steps,
		.has_one_name = !op_is_comparison(n->binary.op) || n->binary.is_bool };
	*ret = &m->stream;
	return RC_OK;
}
