/* SPDX-License-Identifier: Apache-2.0 */
/* count_values(): the value becomes a label, then series are counted by group. */
#include "core/promql/aggregate_private.h"

#include "base/golang.h"
#include "base/histogram.h"

struct counting {
	struct aggregating aggregating;
	const char *label;
	struct label_edit edit;
	struct str text; /* a value, as the label has it */
	double **counts; /* by group */
	uint32_t cap;
};

static void release(void *what)
{
	struct counting *c = what;

	str_fini(&c->text);
}

static enum rc new_counts(struct counting *c, uint32_t number, struct err *e)
{
	struct eval *ev = c->aggregating.stream.eval;

	if (number == c->cap) {
		uint32_t cap = c->cap ? 2 * c->cap : 16;

		c->counts = eval_grown(ev, c->counts, c->cap * sizeof *c->counts,
			cap * sizeof *c->counts, e);
		if (!c->counts)
			return RC_LIMIT;
		c->cap = cap;
	}
	c->counts[number] = eval_absent_values(ev, c->aggregating.stream.steps, e);
	return c->counts[number] ? RC_OK : RC_LIMIT;
}

/* The counts of the group that a series with the value in `text` belongs to. */
static enum rc find_counts(struct counting *c, const struct labels *l, double **ret, struct err *e)
{
	struct groups *groups = &c->aggregating.groups;
	uint32_t n = groups->index.n, number;
	struct labels with_value;
	enum rc rc = label_edit_begin(&c->edit, l, 1, e);

	if (rc != RC_OK)
		return rc;
	label_edit_set(&c->edit, &(struct label){ c->label, str_c(&c->text),
					 (uint32_t)strlen(c->label), (uint32_t)c->text.len });
	with_value = label_edit_done(&c->edit);
	rc = groups_find(groups, &with_value, &number, e);
	if (rc == RC_OK && number == n)
		rc = new_counts(c, number, e);
	if (rc == RC_OK)
		*ret = c->counts[number];
	return rc;
}

static void set_text(struct counting *c, double v, const struct histogram *h)
{
	str_clear(&c->text);
	if (h)
		histogram_text(h, &c->text);
	else
		go_float(&c->text, v, 'f', GO_SHORTEST);
}

static enum rc add_column(struct counting *c, const struct column *column, struct err *e)
{
	double *counts = NULL, last = 0;
	enum rc rc = RC_OK;

	for (uint32_t i = 0; rc == RC_OK && i < c->aggregating.stream.steps->n; i++) {
		double v = column->v[i];

		if (is_absent(v))
			continue;
		if (!counts || column->h || double_bits(v) != double_bits(last)) {
			set_text(c, v, column->h ? column->h[i] : NULL);
			rc = find_counts(c, &column->labels, &counts, e);
		}
		if (rc == RC_OK)
			counts[i] = is_absent(counts[i]) ? 1 : counts[i] + 1;
		last = v;
	}
	return rc;
}

/* Said when it is evaluated, not before: mistakes to the left of it come first. */
static enum rc check_label(struct counting *c, struct err *e)
{
	if (*c->label && utf8_valid(c->label, strlen(c->label)))
		return RC_OK;
	str_clear(&c->text);
	go_quote(&c->text, c->label, strlen(c->label), GO_QUOTE);
	return err_set(e, RC_INPUT, "invalid label name %s", str_c(&c->text));
}

static enum rc pull_all(struct counting *c, struct err *e)
{
	struct column column;
	bool has;
	enum rc rc = check_label(c, e);

	while (rc == RC_OK) {
		rc = stream_next(c->aggregating.inner, &column, &has, e);
		if (rc != RC_OK || !has)
			break;
		rc = add_column(c, &column, e);
	}
	c->aggregating.inner = NULL;
	return rc;
}

static enum rc next_counted(struct stream *s, struct column *ret, bool *ret_has, struct err *e)
{
	struct counting *c = (struct counting *)s;
	struct aggregating *a = &c->aggregating;
	enum rc rc = a->inner ? pull_all(c, e) : RC_OK;

	if (rc != RC_OK)
		return rc;
	*ret_has = a->given < a->groups.index.n;
	if (!*ret_has)
		return RC_OK;
	*ret = (struct column){ .labels = a->groups.labels[a->given], .v = c->counts[a->given] };
	a->given++;
	return RC_OK;
}

/* by (a) counts by the value, too. */
static enum rc add_grouping(struct counting *c, struct err *e)
{
	struct groups *g = &c->aggregating.groups;
	const char **names;

	if (g->is_without)
		return RC_OK;
	names = eval_grown(g->eval, g->names.v, g->names.n * sizeof *names,
		(g->names.n + 1) * sizeof *names, e);
	if (!names)
		return RC_LIMIT;
	names[g->names.n] = c->label;
	g->names = (struct promql_names){ names, g->names.n + 1 };
	return RC_OK;
}

enum rc make_value_counts(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct stream **ret, struct err *e)
{
	struct counting *c = eval_alloc(ev, sizeof *c, e);
	const char *label = eval_text(n->aggregate.param);
	enum rc rc = c ? eval_at_end(ev, release, c, e) : RC_LIMIT;

	if (rc != RC_OK)
		return rc;
	c->label = label;
	c->edit.eval = ev;
	rc = aggregating_make(ev, n, steps, &c->aggregating, e);
	if (rc == RC_OK)
		rc = add_grouping(c, e);
	c->aggregating.stream.next = next_counted;
	*ret = &c->aggregating.stream;
	return rc;
}
