/* SPDX-License-Identifier: Apache-2.0 */
#include "core/rules/rules_private.h"

static const char *const verdicts[SERIES_VERDICTS] = {
	[SERIES_DUPLICATE] = "duplicate sample for timestamp",
	[SERIES_OUT_OF_ORDER] = "out of order sample",
	[SERIES_TOO_OLD] = "too old sample",
	[SERIES_GONE] = "the series is gone",
	[SERIES_UNSUPPORTED] = "the native histogram contradicts itself",
};

static void note(struct rules *r, const char *error)
{
	if (!r->write_error)
		r->write_error = error;
}

void refs_add(struct refs *refs, series_ref ref)
{
	must_grow(refs->v, refs->n, refs->cap);
	refs->v[refs->n++] = ref;
}

static enum series_verdict append(struct rules *r, series_ref ref, const struct output *o)
{
	const struct series_sink *sink = &r->config.sink;

	if (o->h)
		return sink->append_histogram(sink->self, ref, o->t_ms, o->h);
	return sink->append(sink->self, ref, o->t_ms, o->v);
}

void output_write(struct rules *r, const struct output *o)
{
	const struct series_sink *sink = &r->config.sink;
	enum series_verdict verdict = SERIES_GONE;
	series_ref ref;

	for (int i = 0; i < 2 && verdict == SERIES_GONE; i++) {
		if (sink->series(sink->self, o->labels, &ref, NULL) != RC_OK) {
			note(r, "too many series");
			return;
		}
		verdict = append(r, ref, o);
	}
	if (verdict != SERIES_TAKEN && verdict != SERIES_SAME) {
		note(r, verdicts[verdict]);
		return;
	}
	refs_add(&r->written, ref);
	r->n_written++;
}

static int compare_refs(const void *a, const void *b)
{
	series_ref x = *(const series_ref *)a, y = *(const series_ref *)b;

	return (x > y) - (x < y);
}

static void sort_refs(struct refs *refs)
{
	uint32_t n = 0;

	if (refs->n > 1)
		qsort(refs->v, refs->n, sizeof *refs->v, compare_refs);
	for (uint32_t i = 0; i < refs->n; i++)
		if (n == 0 || refs->v[n - 1] != refs->v[i])
			refs->v[n++] = refs->v[i];
	refs->n = n;
}

/* A mark that doesn't fit (a sample stands there already) isn't needed. */
static void mark_stale(struct rules *r, series_ref ref, int64_t t_ms)
{
	const struct series_sink *sink = &r->config.sink;

	sink->append(sink->self, ref, t_ms, double_of_bits(STALE_NAN_BITS));
}

void output_finish(struct rules *r, struct rule_state *s, int64_t t_ms)
{
	struct refs old = s->refs;
	uint32_t k = 0;

	sort_refs(&r->written);
	for (uint32_t i = 0; i < old.n; i++) {
		while (k < r->written.n && r->written.v[k] < old.v[i])
			k++;
		if (k == r->written.n || r->written.v[k] != old.v[i])
			mark_stale(r, old.v[i], t_ms);
	}
	s->refs = r->written;
	old.n = 0;
	r->written = old;
}

void output_stale(struct rules *r, struct refs *refs, int64_t t_ms)
{
	for (uint32_t i = 0; i < refs->n; i++)
		mark_stale(r, refs->v[i], t_ms);
	refs->n = 0;
}

void output_commit(struct rules *r)
{
	const struct series_sink *sink = &r->config.sink;

	if (sink->commit(sink->self, NULL) != RC_OK)
		note(r, "the samples could not be kept");
}
