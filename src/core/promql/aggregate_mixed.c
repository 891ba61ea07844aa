/* SPDX-License-Identifier: Apache-2.0 */
#include "core/promql/aggregate_mixed.h"

#include "core/promql/histogram_sum.h"

struct histogram_cell {
	struct histogram_sum sum; /* avg(): the mean */
	uint32_t n;               /* histograms, 0: none */
	bool is_incompatible;     /* of bounds that don't fit: there is no result */
	bool is_mixed;            /* with floats before it: there is no result either */
};

struct group_histograms {
	struct histogram_cell *cells; /* a step each */
	uint32_t n;
	struct histogram_sum more, part;
};

static void release_group(void *what)
{
	struct group_histograms *g = what;

	for (uint32_t i = 0; i < g->n; i++)
		histogram_sum_fini(&g->cells[i].sum);
	histogram_sum_fini(&g->more);
	histogram_sum_fini(&g->part);
}

static void release_results(void *what)
{
	arena_fini(what);
}

static enum rc get_group(struct histogram_folding *f, uint32_t number,
	struct group_histograms **ret, struct err *e)
{
	struct eval *ev = f->aggregating->stream.eval;
	struct group_histograms *g;

	if (number >= f->cap) {
		uint32_t cap = number < 16 ? 16 : 2 * number;

		f->groups = eval_grown(ev, f->groups, f->cap * sizeof *f->groups,
			cap * sizeof *f->groups, e);
		if (!f->groups)
			return RC_LIMIT;
		f->cap = cap;
	}
	*ret = f->groups[number];
	if (*ret)
		return RC_OK;
	g = eval_alloc(ev, sizeof *g, e);
	if (!g)
		return RC_LIMIT;
	g->n = f->aggregating->stream.steps->n;
	g->cells = eval_alloc(ev, g->n * sizeof *g->cells, e);
	if (!g->cells)
		return RC_LIMIT;
	*ret = f->groups[number] = g;
	return eval_at_end(ev, release_group, g, e);
}

/* mean += h / n - mean / n */
static enum histogram_outcome add_to_mean(struct group_histograms *g, struct histogram_cell *cell)
{
	enum histogram_outcome outcome;

	histogram_sum_divide(&g->more, cell->n);
	histogram_sum_copy(&g->part, &cell->sum);
	histogram_sum_divide(&g->part, cell->n);
	outcome = histogram_sum_add(&g->more, &g->part, -1);
	return outcome == HISTOGRAM_DONE ? histogram_sum_add(&cell->sum, &g->more, 1) : outcome;
}

static enum histogram_outcome add_to_cell(const struct histogram_folding *f,
	struct group_histograms *g, struct histogram_cell *cell, const struct histogram *h)
{
	if (cell->n++ == 0) {
		histogram_sum_load(&cell->sum, h);
		return HISTOGRAM_DONE;
	}
	histogram_sum_load(&g->more, h);
	if (f->aggregating->node->aggregate.op == PROMQL_AVG)
		return add_to_mean(g, cell);
	return histogram_sum_add(&cell->sum, &g->more, 1);
}

/* The bounds of a custom histogram must outlive the series that it was read from. */
static enum rc keep_bounds(struct histogram_folding *f, struct histogram_sum *s, struct err *e)
{
	struct eval *ev = f->aggregating->stream.eval;
	double *kept;

	if (s->n_bounds == 0)
		return RC_OK;
	kept = eval_grown(ev, s->bounds, s->n_bounds * sizeof *kept, s->n_bounds * sizeof *kept, e);
	s->bounds = kept;
	return kept ? RC_OK : RC_LIMIT;
}

static void note_outcome(const struct histogram_folding *f, enum histogram_outcome outcome,
	const struct labels *l)
{
	notes_add_metric(&f->aggregating->stream.eval->notes,
		outcome == HISTOGRAM_OTHER_SCHEMA ? NOTE_MIXED_SCHEMAS : NOTE_CUSTOM_BUCKETS,
		f->aggregating->node->aggregate.inner, labels_get(l, METRIC_NAME));
}

enum rc histogram_folding_add(struct histogram_folding *f, uint32_t group, const double *floats,
	struct column *c, struct err *e)
{
	struct group_histograms *g;
	enum rc rc = get_group(f, group, &g, e);

	for (uint32_t i = 0; rc == RC_OK && i < g->n; i++) {
		struct histogram_cell *cell = &g->cells[i];
		uint64_t before = histogram_sum_bytes(&cell->sum);
		enum histogram_outcome outcome;

		if (!c->h[i] || is_absent(c->v[i]) || cell->is_incompatible)
			continue;
		c->v[i] = absent();
		if (cell->n == 0 && !is_absent(floats[i]))
			cell->is_mixed = true;
		if (cell->is_mixed) {
			cell->n++;
			continue;
		}
		outcome = add_to_cell(f, g, cell, c->h[i]);
		cell->is_incompatible = outcome != HISTOGRAM_DONE;
		if (cell->is_incompatible)
			note_outcome(f, outcome, &c->labels);
		if (cell->n == 1)
			rc = keep_bounds(f, &cell->sum, e);
		f->bytes += histogram_sum_bytes(&cell->sum) - before;
		if (f->bytes > f->aggregating->stream.eval->arena.budget_bytes)
			rc = err_set(e, RC_LIMIT, "histograms of groups take more than %zu bytes",
				f->aggregating->stream.eval->arena.budget_bytes);
	}
	c->h = NULL;
	return rc;
}

void histogram_folding_close(const struct histogram_folding *f, uint32_t group, double *v)
{
	const struct group_histograms *g = group < f->cap ? f->groups[group] : NULL;

	for (uint32_t i = 0; g && i < g->n; i++)
		if (g->cells[i].is_incompatible)
			v[i] = absent();
}

static enum rc make_results(struct histogram_folding *f, struct err *e)
{
	struct eval *ev = f->aggregating->stream.eval;

	if (f->h) {
		arena_reset(&f->results);
		return RC_OK;
	}
	arena_init(&f->results, ev->arena.budget_bytes);
	f->h = eval_alloc(ev, f->aggregating->stream.steps->n * sizeof *f->h, e);
	return f->h ? eval_at_end(ev, release_results, &f->results, e) : RC_LIMIT;
}

enum rc histogram_folding_finish(struct histogram_folding *f, uint32_t group, struct column *ret,
	struct err *e)
{
	const struct group_histograms *g = group < f->cap ? f->groups[group] : NULL;
	enum rc rc = g ? make_results(f, e) : RC_OK;

	for (uint32_t i = 0; rc == RC_OK && g && i < g->n; i++) {
		const struct histogram_cell *cell = &g->cells[i];

		f->h[i] = NULL;
		if (cell->n == 0)
			continue;
		if (!is_absent(ret->v[i])) {
			notes_add(&f->aggregating->stream.eval->notes, NOTE_MIXED,
				f->aggregating->node->aggregate.inner, "aggregation");
			ret->v[i] = absent();
		} else if (!cell->is_incompatible) {
			f->h[i] = histogram_sum_store(&cell->sum, &f->results);
			ret->v[i] = 0;
			if (!f->h[i])
				rc = err_set(e, RC_LIMIT, "histograms of more than %zu bytes",
					f->results.budget_bytes);
		}
	}
	if (g)
		ret->h = f->h;
	return rc;
}
