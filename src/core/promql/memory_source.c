/* SPDX-License-Identifier: Apache-2.0 */
#include "core/promql/memory_source.h"

#include "base/histogram.h"
#include "core/promql/notation.h"

#include <string.h>

struct memory_sample {
	int64_t t_ms;
	double v;
	const struct histogram *h; /* NULL: a float */
};

struct memory_series {
	struct labels labels;
	struct memory_sample *samples;
	uint32_t n, cap;
};

struct memory_source {
	struct memory_series *series;
	uint32_t n, cap;
	uint32_t *slots; /* open addressing over labels: index + 1, 0 empty */
	uint32_t n_slots;
	struct arena arena; /* labels and histograms */
};

struct memory_source *memory_source_new(void)
{
	struct memory_source *m = must_alloc(sizeof *m);

	arena_init(&m->arena, 0);
	return m;
}

void memory_source_free(struct memory_source *m)
{
	if (!m)
		return;
	for (uint32_t i = 0; i < m->n; i++)
		free(m->series[i].samples);
	free(m->series);
	free(m->slots);
	arena_fini(&m->arena);
	free(m);
}

static uint32_t *find_slot(struct memory_source *m, const struct labels *l)
{
	uint32_t at = (uint32_t)labels_hash(l) & (m->n_slots - 1);

	while (m->slots[at] && !labels_equal(&m->series[m->slots[at] - 1].labels, l))
		at = (at + 1) & (m->n_slots - 1);
	return &m->slots[at];
}

/* At most half of the slots are taken. */
static void make_room(struct memory_source *m)
{
	if (2 * (m->n + 1) <= m->n_slots)
		return;
	free(m->slots);
	m->n_slots = m->n_slots ? 2 * m->n_slots : 64;
	m->slots = must_alloc(m->n_slots * sizeof *m->slots);
	for (uint32_t i = 0; i < m->n; i++)
		*find_slot(m, &m->series[i].labels) = i + 1;
}

static enum rc find_series(void *self, const struct labels *l, series_ref *ret, struct err *e)
{
	struct memory_source *m = self;
	uint32_t *slot;

	(void)e;
	make_room(m);
	slot = find_slot(m, l);
	if (!*slot) {
		must_grow(m->series, m->n, m->cap);
		m->series[m->n] = (struct memory_series){ 0 };
		must(labels_copy(l, &m->arena, &m->series[m->n].labels));
		*slot = ++m->n;
	}
	*ret = *slot;
	return RC_OK;
}

static bool same_sample(const struct memory_sample *a, const struct memory_sample *b)
{
	if (!a->h || !b->h)
		return a->h == b->h && double_bits(a->v) == double_bits(b->v);
	return histogram_equal(a->h, b->h);
}

static enum series_verdict append(struct memory_source *m, series_ref ref,
	const struct memory_sample *sample)
{
	struct memory_series *s = &m->series[ref - 1];
	const struct memory_sample *last = s->n ? &s->samples[s->n - 1] : NULL;

	if (last && last->t_ms == sample->t_ms)
		return same_sample(last, sample) ? SERIES_SAME : SERIES_DUPLICATE;
	if (last && last->t_ms > sample->t_ms)
		return SERIES_OUT_OF_ORDER;
	must_grow(s->samples, s->n, s->cap);
	s->samples[s->n] = *sample;
	if (sample->h)
		s->samples[s->n].h = histogram_copy(sample->h, &m->arena);
	s->n++;
	return SERIES_TAKEN;
}

static enum series_verdict append_float(void *self, series_ref ref, int64_t t_ms, double v)
{
	return append(self, ref, &(struct memory_sample){ .t_ms = t_ms, .v = v });
}

static enum series_verdict append_histogram(void *self, series_ref ref, int64_t t_ms,
	const struct histogram *h)
{
	return append(self, ref, &(struct memory_sample){ .t_ms = t_ms, .h = h });
}

static void ignore_exemplar(void *self, series_ref ref, const struct exemplar *x)
{
	(void)self, (void)ref, (void)x;
}

static void ignore_metadata(void *self, const char *metric, const struct metric_metadata *x)
{
	(void)self, (void)metric, (void)x;
}

static enum rc commit(void *self, struct err *e)
{
	(void)self, (void)e;
	return RC_OK;
}

struct series_sink memory_source_sink(struct memory_source *m)
{
	return (struct series_sink){
		.self = m,
		.series = find_series,
		.append = append_float,
		.append_histogram = append_histogram,
		.exemplar = ignore_exemplar,
		.metadata = ignore_metadata,
		.commit = commit,
	};
}

struct series_cursor {
	const struct memory_source *store;
	struct series_query query;
	uint32_t next; /* index of the series that `next` looks at first */
};

static enum rc open_cursor(void *self, const struct series_query *q, struct series_cursor **ret,
	struct err *e)
{
	struct series_cursor *c = must_alloc(sizeof *c);

	(void)e;
	*c = (struct series_cursor){ .store = self, .query = *q };
	*ret = c;
	return RC_OK;
}

static bool series_matches(const struct series_query *q, const struct labels *l)
{
	for (uint32_t i = 0; i < q->n_matchers; i++) {
		const struct label *found = labels_find(l, matcher_name(q->matchers[i]));

		if (!matcher_matches(q->matchers[i], found ? found->value : "",
			    found ? found->value_len : 0))
			return false;
	}
	return true;
}

static enum rc next_series(struct series_cursor *c, struct labels *ret, bool *ret_has,
	struct err *e)
{
	(void)e;
	*ret_has = false;
	while (!*ret_has && c->next < c->store->n) {
		*ret = c->store->series[c->next++].labels;
		*ret_has = series_matches(&c->query, ret);
	}
	return RC_OK;
}

/* Index of the first sample at `t_ms` or later. */
static uint32_t first_at(const struct memory_series *s, int64_t t_ms)
{
	uint32_t low = 0, high = s->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (s->samples[middle].t_ms < t_ms)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static enum rc read_samples(struct series_cursor *c, struct series_column *column, struct err *e)
{
	const struct memory_series *s = &c->store->series[c->next - 1];

	(void)e;
	column->n = 0;
	for (uint32_t i = first_at(s, c->query.min_ms);
		i < s->n && s->samples[i].t_ms <= c->query.max_ms; i++) {
		const struct memory_sample *sample = &s->samples[i];

		if (!sample->h)
			series_column_add(column, sample->t_ms, sample->v);
		else if (column->histograms)
			series_column_add_histogram(column, sample->t_ms, sample->h);
	}
	return RC_OK;
}

static void close_cursor(struct series_cursor *c)
{
	free(c);
}

static enum rc open_twin(struct series_cursor *of, struct series_cursor **ret, struct err *e)
{
	struct series_cursor *c = must_alloc(sizeof *c);

	(void)e;
	*c = *of;
	*ret = c;
	return RC_OK;
}

static uint64_t place_of(const struct series_cursor *c)
{
	return c->next;
}

static void go(struct series_cursor *c, uint64_t place)
{
	c->next = (uint32_t)place;
}

static void narrow(struct series_cursor *c, int64_t min_ms, int64_t max_ms)
{
	c->query.min_ms = min_ms;
	c->query.max_ms = max_ms;
}

static const struct series_twins twins = { open_twin, place_of, go, narrow };

struct series_source memory_source_source(const struct memory_source *m)
{
	return (struct series_source){
		.self = (void *)(uintptr_t)m, /* never written through */
		.open = open_cursor,
		.next = next_series,
		.read = read_samples,
		.close = close_cursor,
		.twins = &twins,
	};
}

enum rc memory_source_load(struct memory_source *m, const char *line, struct memory_times times,
	struct err *e)
{
	scoped(arena_fini) struct arena arena = { .budget_bytes = NOTATION_BYTES_MAX };
	struct notation notation;
	series_ref ref;
	enum rc rc = notation_parse(line, &arena, &notation, e);

	if (rc != RC_OK)
		return rc;
	rc = find_series(m, &notation.labels, &ref, e);
	for (uint32_t i = 0; rc == RC_OK && i < notation.n; i++) {
		const struct notation_value *v = &notation.values[i];
		struct memory_sample sample = { .t_ms = times.start_ms + i * times.step_ms,
			.v = v->v,
			.h = v->h };

		if (!v->is_omitted && append(m, ref, &sample) > SERIES_SAME)
			return err_set(e, RC_INPUT, "%s: a sample is out of order", line);
	}
	return rc;
}
