/* SPDX-License-Identifier: Apache-2.0 */
#include "core/promql/pieces.h"

#include "core/promql/hash_index.h"
#include "base/histogram.h"

enum rc column_keep(struct eval *ev, const struct steps *steps, const struct column *c,
	struct column *ret, struct err *e)
{
	struct column kept = { .v = eval_values(ev, steps, e) };
	enum rc rc = kept.v ? eval_copy_labels(ev, &c->labels, &kept.labels, e) : RC_LIMIT;

	if (rc != RC_OK)
		return rc;
	memcpy(kept.v, c->v, steps->n * sizeof *kept.v);
	if (c->h)
		kept.h = eval_alloc(ev, steps->n * sizeof *kept.h, e);
	if (c->h && !kept.h)
		return RC_LIMIT;
	for (uint32_t i = 0; c->h && i < steps->n; i++) {
		if (!c->h[i])
			continue;
		kept.h[i] = histogram_copy(c->h[i], &ev->arena);
		if (!kept.h[i])
			return eval_alloc(ev, SIZE_MAX / 2, e), RC_LIMIT;
	}
	*ret = kept;
	return RC_OK;
}

enum rc column_merge(struct eval *ev, const struct steps *steps, struct column *into,
	const struct column *more, struct err *e)
{
	if (more->h && !into->h) {
		into->h = eval_alloc(ev, steps->n * sizeof *into->h, e);
		if (!into->h)
			return RC_LIMIT;
	}
	for (uint32_t i = 0; i < steps->n; i++) {
		if (is_absent(more->v[i]))
			continue;
		if (!is_absent(into->v[i]))
			return eval_same_labels(e);
		into->v[i] = more->v[i];
		if (!more->h || !more->h[i])
			continue;
		into->h[i] = histogram_copy(more->h[i], &ev->arena);
		if (!into->h[i])
			return eval_alloc(ev, SIZE_MAX / 2, e), RC_LIMIT;
	}
	return RC_OK;
}

enum rc column_list_add(struct eval *ev, struct column_list *l, const struct column *c,
	struct err *e)
{
	if (l->n == l->cap) {
		uint32_t cap = l->cap ? 2 * l->cap : 16;
		struct column *v = eval_grown(ev, l->v, l->n * sizeof *v, cap * sizeof *v, e);

		if (!v)
			return RC_LIMIT;
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = *c;
	return RC_OK;
}

struct joining {
	struct stream stream;
	struct stream *inner; /* NULL: all of it was pulled */
	struct hash_index index;
	struct column_list whole;
	uint32_t given;
};

static enum rc add(struct joining *j, const struct column *piece, struct err *e)
{
	struct eval *ev = j->stream.eval;
	const struct steps *steps = j->stream.steps;
	struct column kept;
	uint32_t number;
	enum rc rc = hash_index_add(&j->index, labels_hash(&piece->labels), &number, e);

	if (rc != RC_OK)
		return rc;
	if (number < j->whole.n)
		return column_merge(ev, steps, &j->whole.v[number], piece, e);
	rc = column_keep(ev, steps, piece, &kept, e);
	return rc == RC_OK ? column_list_add(ev, &j->whole, &kept, e) : rc;
}

static enum rc pull_all(struct joining *j, struct err *e)
{
	struct column piece;
	bool has = true;
	enum rc rc = RC_OK;

	while (rc == RC_OK) {
		rc = stream_next(j->inner, &piece, &has, e);
		if (rc != RC_OK || !has)
			break;
		rc = add(j, &piece, e);
	}
	j->inner = NULL;
	return rc;
}

static enum rc next_joined(struct stream *s, struct column *ret, bool *ret_has, struct err *e)
{
	struct joining *j = (struct joining *)s;
	enum rc rc = j->inner ? pull_all(j, e) : RC_OK;

	if (rc != RC_OK)
		return rc;
	*ret_has = j->given < j->whole.n;
	if (*ret_has)
		*ret = j->whole.v[j->given++];
	return RC_OK;
}

enum rc pieces_joined(struct stream **s, struct err *e)
{
	struct eval *ev = (*s)->eval;
	struct joining *j = eval_alloc(ev, sizeof *j, e);

	if (!j)
		return RC_LIMIT;
	j->inner = *s;
	j->index.eval = ev;
	j->stream = (struct stream){ .next = next_joined,
		.eval = ev,
		.steps = (*s)->steps,
		.has_one_name = (*s)->has_one_name,
		.is_whole = true };
	*s = &j->stream;
	return RC_OK;
}
