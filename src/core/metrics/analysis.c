/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/analysis.h"

#include "base/limits.h"
#include "base/map.h"
#include "base/series.h"
#include "base/str.h"
#include "base/time.h"
#include "core/metrics/manifest.h"
#include "core/metrics/part.h"
#include "core/metrics/shares.h"
#include "core/metrics/tally.h"

#define TRIES_MAX 10 /* manifests that are replaced while their files are opened */

struct series { /* by position, over all segments */
	uint64_t n_samples, bytes;
	bool is_there, is_recent; /* has samples; has some lately */
};

struct analysing {
	const struct files *files;
	struct index **segments;
	struct part **parts;
	uint32_t n_segments, n_parts;
	struct series *series;
	struct map metrics; /* name -> struct analysed_metric, in the arena */
	struct tally pairs;
	struct arena *arena;
	struct metrics_analysis *to;
};

static void close_files(struct analysing *x)
{
	for (uint32_t i = 0; i < x->n_segments; i++)
		index_drop(x->segments[i]);
	for (uint32_t i = 0; i < x->n_parts; i++)
		part_drop(x->parts[i]);
	free(x->segments);
	free(x->parts);
	x->segments = NULL;
	x->parts = NULL;
	x->n_segments = x->n_parts = 0;
}

static void analysing_fini(struct analysing *x)
{
	close_files(x);
	free(x->series);
	map_fini(&x->metrics);
	tally_fini(&x->pairs);
}
SCOPED_FINI(analysing_fini, struct analysing)

/* ---- files */

static enum rc open_file(struct analysing *x, const struct manifest_file *f, struct err *e)
{
	enum rc rc = RC_OK;

	if (f->kind == MANIFEST_SEGMENT) {
		rc = index_open(&x->segments[x->n_segments], x->files, f->name, e);
		x->n_segments += rc == RC_OK;
	} else if (f->kind == MANIFEST_PART) {
		rc = part_open(&x->parts[x->n_parts], x->files, f->name, e);
		x->n_parts += rc == RC_OK;
	}
	return rc;
}

static enum rc open_named(struct analysing *x, struct err *e)
{
	scoped(manifest_fini) struct manifest m = { 0 };
	enum rc rc = manifest_read(&m, x->files, e);

	if (rc != RC_OK)
		return rc;
	x->segments = must_alloc((m.n + 1) * sizeof *x->segments);
	x->parts = must_alloc((m.n + 1) * sizeof *x->parts);
	for (uint32_t i = 0; rc == RC_OK && i < m.n; i++)
		rc = open_file(x, &m.v[i], e);
	return rc;
}

/* A site that runs may replace files between two looks. */
static enum rc open_files(struct analysing *x, struct err *e)
{
	enum rc rc = RC_NOT_FOUND;

	for (int i = 0; rc == RC_NOT_FOUND && i < TRIES_MAX; i++) {
		close_files(x);
		rc = open_named(x, e);
	}
	return rc;
}

/* ---- samples */

static struct series *series_of(const struct analysing *x, uint32_t id)
{
	uint64_t before = 0;
	uint32_t position;

	for (uint32_t i = 0; i < x->n_segments; i++) {
		const struct index *s = x->segments[i];

		if (id >= index_first_id(s) && id <= index_last_id(s) &&
			index_find_id(s, id, &position))
			return &x->series[before + position];
		before += index_count(s);
	}
	return NULL; /* its segment was lost */
}

static enum rc add_part(struct analysing *x, const struct part *p, struct err *e)
{
	scoped(block_shares_fini) struct block_shares shares = { 0 };
	bool is_recent = p->block.info.max_ms > x->to->max_ms - ANALYSIS_LATELY_MS;
	enum rc rc = block_shares(&p->block, &shares, e);

	if (rc != RC_OK)
		return err_in(e, rc, "%s", p->name);
	for (uint64_t i = 0; i < shares.n; i++) {
		struct series *s = series_of(x, shares.v[i].id);

		if (!s)
			continue;
		s->n_samples += shares.v[i].n_samples;
		s->bytes += shares.v[i].bytes;
		s->is_there = true;
		s->is_recent = s->is_recent || is_recent;
	}
	x->to->n_samples += p->block.info.n_samples;
	x->to->part_bytes += p->block.info.size_bytes;
	x->to->shared_times_bytes += shares.times_bytes;
	return RC_OK;
}

static enum rc add_parts(struct analysing *x, struct err *e)
{
	enum rc rc = RC_OK;

	x->to->min_ms = INT64_MAX;
	x->to->max_ms = INT64_MIN;
	for (uint32_t i = 0; i < x->n_parts; i++) {
		const struct block_info *info = &x->parts[i]->block.info;

		if (info->min_ms < x->to->min_ms)
			x->to->min_ms = info->min_ms;
		if (info->max_ms > x->to->max_ms)
			x->to->max_ms = info->max_ms;
	}
	for (uint32_t i = 0; rc == RC_OK && i < x->n_parts; i++)
		rc = add_part(x, x->parts[i], e);
	return rc;
}

/* ---- labels */

static enum rc no_room(struct err *e)
{
	return err_set(e, RC_LIMIT, "there are too many metrics to count them");
}

static enum rc add_series(struct analysing *x, const struct labels *l, const struct series *s,
	struct err *e)
{
	const char *name = labels_get(l, METRIC_NAME);
	struct analysed_metric *m = map_get(&x->metrics, name);

	x->to->n_series++;
	x->to->n_gone += !s->is_recent;
	if (!m) {
		m = arena_alloc(x->arena, sizeof *m);
		if (!m)
			return no_room(e);
		*m = (struct analysed_metric){ .name = arena_strdup(x->arena, name) };
		if (!m->name)
			return no_room(e);
		map_put(&x->metrics, name, m);
	}
	m->n_series++;
	m->n_samples += s->n_samples;
	m->bytes += s->bytes;
	m->n_gone += !s->is_recent;
	return RC_OK;
}

static enum rc add_segment(struct analysing *x, const struct index *s, uint64_t before,
	struct err *e)
{
	struct label v[SERIES_LABELS_MAX];
	enum rc rc = RC_OK;

	for (uint32_t i = 0; rc == RC_OK && i < index_count(s); i++) {
		struct labels l;

		if (!x->series[before + i].is_there)
			continue;
		rc = index_labels(s, i, v, &l, e);
		for (uint32_t k = 0; rc == RC_OK && k < l.n; k++)
			tally_add(&x->pairs, (struct tally_text){ l.v[k].name, l.v[k].name_len },
				(struct tally_text){ l.v[k].value, l.v[k].value_len }, 1);
		if (rc == RC_OK)
			rc = add_series(x, &l, &x->series[before + i], e);
	}
	return rc;
}

static enum rc add_segments(struct analysing *x, struct err *e)
{
	uint64_t before = 0;
	enum rc rc = RC_OK;

	for (uint32_t i = 0; rc == RC_OK && i < x->n_segments; i++) {
		x->to->index_bytes += index_bytes(x->segments[i]);
		rc = add_segment(x, x->segments[i], before, e);
		before += index_count(x->segments[i]);
	}
	return rc;
}

/* ---- the lists */

static int by_bytes(const void *a, const void *b)
{
	const struct analysed_metric *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	return strcmp(x->name, y->name);
}

static enum rc list_metrics(struct analysing *x, uint32_t most, struct err *e)
{
	struct metrics_analysis *to = x->to;

	to->n_metrics_all = map_count(&x->metrics);
	to->metrics = arena_alloc(x->arena, (to->n_metrics_all + 1) * sizeof *to->metrics);
	if (!to->metrics)
		return no_room(e);
	map_each (&x->metrics, it)
		to->metrics[to->n_metrics++] = *(struct analysed_metric *)it->value;
	qsort(to->metrics, to->n_metrics, sizeof *to->metrics, by_bytes);
	if (to->n_metrics > most)
		to->n_metrics = most;
	return RC_OK;
}

static bool is_same_text(struct tally_text a, struct tally_text b)
{
	return a.n == b.n && memcmp(a.s, b.s, a.n) == 0;
}

static int by_values(const void *a, const void *b)
{
	const struct analysed_label *x = a, *y = b;

	if (x->n_values != y->n_values)
		return x->n_values > y->n_values ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Pairs in order of text: those of a name stand together. */
static enum rc list_labels(struct analysing *x, uint32_t most, struct err *e)
{
	struct metrics_analysis *to = x->to;
	const struct tally *t = &x->pairs;

	tally_sort_by_text(&x->pairs);
	to->labels = arena_alloc(x->arena, (t->n + 1) * sizeof *to->labels);
	if (!to->labels)
		return no_room(e);
	for (uint32_t i = 0; i < t->n; i++) {
		if (!i || !is_same_text(t->v[i].a, t->v[i - 1].a))
			to->labels[to->n_labels++] = (struct analysed_label){
				.name = arena_strndup(x->arena, t->v[i].a.s, t->v[i].a.n)
			};
		if (!to->labels[to->n_labels - 1].name)
			return no_room(e);
		to->labels[to->n_labels - 1].n_values++;
		to->labels[to->n_labels - 1].bytes += t->v[i].n * t->v[i].b.n;
	}
	qsort(to->labels, to->n_labels, sizeof *to->labels, by_values);
	to->n_labels_all = to->n_labels;
	if (to->n_labels > most)
		to->n_labels = most;
	return RC_OK;
}

static enum rc list_pairs(struct analysing *x, uint32_t most, struct err *e)
{
	struct metrics_analysis *to = x->to;
	const struct tally *t = &x->pairs;

	tally_sort_by_count(&x->pairs);
	to->pairs = arena_alloc(x->arena, (most + 1) * sizeof *to->pairs);
	for (uint32_t i = 0; to->pairs && i < t->n && to->n_pairs < most; i++) {
		struct analysed_pair *p = &to->pairs[to->n_pairs++];

		p->name = arena_strndup(x->arena, t->v[i].a.s, t->v[i].a.n);
		p->value = arena_strndup(x->arena, t->v[i].b.s, t->v[i].b.n);
		p->n_series = t->v[i].n;
		if (!p->name || !p->value)
			return no_room(e);
	}
	return to->pairs ? RC_OK : no_room(e);
}

enum rc metrics_analyse(const struct files *files, uint32_t most, struct arena *a,
	struct metrics_analysis *ret, struct err *e)
{
	struct metrics_analysis to = { 0 };
	scoped(analysing_fini) struct analysing x = { .files = files, .arena = a, .to = &to };
	uint64_t n = 0;
	enum rc rc = open_files(&x, e);

	if (rc != RC_OK)
		return rc;
	to.n_segments = x.n_segments;
	to.n_parts = x.n_parts;
	for (uint32_t i = 0; i < x.n_segments; i++)
		n += index_count(x.segments[i]);
	x.series = must_alloc((n + 1) * sizeof *x.series);
	rc = add_parts(&x, e);
	if (rc == RC_OK)
		rc = add_segments(&x, e);
	if (rc == RC_OK)
		rc = list_metrics(&x, most, e);
	if (rc == RC_OK)
		rc = list_labels(&x, most, e);
	if (rc == RC_OK)
		rc = list_pairs(&x, most, e);
	if (rc == RC_OK)
		*ret = to;
	return rc;
}
