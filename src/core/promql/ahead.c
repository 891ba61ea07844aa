/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handing series to somebody else takes as long as reading some thousand samples.  So the first series
 * is computed alone, and tells what the others may cost.
 */
#include "core/promql/ahead.h"

#include "base/time.h"

#include <stdatomic.h>

#define PART_MS       (25 * HOUR_MS) /* of time is read at once: a day and its windows in one */
#define WORKERS_MAX   16
#define BATCH_BYTES   ((size_t)4 << 20) /* of values */
#define BATCH_MAX     1024              /* series */
#define WORTH_HELP    15000 /* samples; computing a value takes as long as reading VALUE_COST */
#define VALUE_COST    8
#define PASSED_SHARE  4 /* so many that are left out take as long as reading one */
#define SERIES_COST   200
#define LABELS_BYTES  ((size_t)16 << 20) /* of a batch */

struct ahead_crew {
	struct ahead *ahead;
	struct ahead_worker workers[WORKERS_MAX];
	unsigned n_workers; /* with a twin */
	struct arena labels, values;
	struct ahead_series *series;
	uint32_t n, given, cap;
	atomic_uint taken;         /* of the batch */
	atomic_ullong n_samples;   /* read for the batch */
	uint64_t cost;           /* of a series, in samples; 0: not known, or it was left */
	bool is_end;
	struct err end; /* why, when it isn't for want of series */
};

static const struct series_source *source_of(const struct ahead *a)
{
	return a->reading->source;
}

bool ahead_is_possible(const struct reading *r, const struct reach *reach)
{
	return r->source->twins && reach->step_ms > 0;
}

static void release_worker(const struct series_source *source, struct ahead_worker *w)
{
	if (w->cursor)
		source->close(w->cursor);
	series_column_fini(&w->column);
	arena_fini(&w->arena);
	arena_fini(&w->histograms);
}

static void release(void *what)
{
	struct ahead *a = what;
	struct ahead_crew *crew = a->crew;

	if (!crew)
		return;
	for (unsigned i = 0; i < crew->n_workers; i++)
		release_worker(source_of(a), &crew->workers[i]);
	arena_fini(&crew->labels);
	arena_fini(&crew->values);
	free(crew->series);
	free(crew);
	a->crew = NULL;
}

static enum rc add_worker(struct ahead_crew *crew, struct err *e)
{
	struct reading *r = crew->ahead->reading;
	struct ahead_worker *w = &crew->workers[crew->n_workers];
	size_t bytes = r->eval->arena.budget_bytes / WORKERS_MAX;
	enum rc rc = r->source->twins->open(r->cursor, &w->cursor, e);

	if (rc != RC_OK)
		return rc;
	arena_init(&w->arena, bytes);
	arena_init(&w->histograms, bytes);
	w->column.histograms = &w->histograms;
	crew->n_workers++;
	return RC_OK;
}

static uint32_t batch_cap(const struct ahead *a)
{
	size_t n = BATCH_BYTES / (a->steps->n * sizeof(double));

	return n < 1 ? 1 : n < BATCH_MAX ? (uint32_t)n : BATCH_MAX;
}

static enum rc begin(struct ahead *a, struct err *e)
{
	struct ahead_crew *crew = must_alloc(sizeof *crew);

	crew->ahead = a;
	a->crew = crew;
	arena_init(&crew->labels, LABELS_BYTES);
	arena_init(&crew->values, 0); /* bounded by the number of series */
	crew->cap = batch_cap(a);
	crew->series = must_alloc(crew->cap * sizeof *crew->series);
	return add_worker(crew, e);
}

/* How many steps are read at once: all when few samples are needed, which leaves room in the cache. */
static uint32_t steps_at_once(const struct ahead *a)
{
	int64_t n = (PART_MS - a->reach.range_ms) / a->reach.step_ms;

	if (a->reading->needs_few)
		return a->steps->n;
	return a->reach.range_ms > PART_MS / 4 || n >= a->steps->n ? a->steps->n
	       : n > 0						   ? (uint32_t)n
								   : 1;
}

static bool has_histogram(const struct series_column *c)
{
	for (uint32_t i = 0; c->h && i < c->n; i++)
		if (c->h[i])
			return true;
	return false;
}

/* What is read is what these steps look at. */
static bool read_part(struct ahead *a, struct ahead_worker *w, const struct ahead_part *part)
{
	const struct series_source *source = source_of(a);
	int64_t min_ms = part->reach.first_ms - part->reach.range_ms + 1;

	source->twins->narrow(w->cursor, min_ms, reach_end(&part->reach, part->steps.n - 1));
	arena_reset(&w->histograms);
	w->column.has_gaps = false;
	/* What is wrong is found again, and told, when the series' turn comes. */
	return source->read(w->cursor, &w->column, NULL) == RC_OK && !has_histogram(&w->column);
}

/* How many samples were left out. */
static uint32_t count_passed(const struct series_column *c)
{
	return c->has_gaps && c->n ? c->nth[c->n - 1] + 1 - c->n : 0;
}

static bool compute(struct ahead *a, struct ahead_worker *w, struct ahead_series *s)
{
	uint32_t at_once = steps_at_once(a);
	struct ahead_part part = { .reach = a->reach };

	source_of(a)->twins->go(w->cursor, s->place);
	w->n_looked_at = 0;
	for (; part.first < a->steps->n; part.first += part.steps.n) {
		uint32_t left = a->steps->n - part.first;

		part.steps = (struct steps){ steps_time(a->steps, part.first), a->steps->step_ms,
			left < at_once ? left : at_once };
		part.reach.first_ms = reach_end(&a->reach, part.first);
		if (!read_part(a, w, &part))
			return false;
		s->n_read += w->column.n;
		s->n_passed += count_passed(&w->column);
		if (!a->compute(a->of, w, &part, s->v + part.first))
			return false;
	}
	s->n_looked_at = w->n_looked_at;
	return true;
}

/* Whether there is no more to be read: what is left then tells why in its turn. */
static bool is_enough(struct ahead_crew *crew)
{
	const struct eval *ev = crew->ahead->reading->eval;
	const struct promql_query *q = ev->query;

	return ev->samples_read + atomic_load(&crew->n_samples) > ev->samples_max ||
	       (q->should_stop && q->should_stop(q->ctx));
}

/* False: there is none left. */
static bool work_one(struct ahead_crew *crew, unsigned number)
{
	unsigned at = atomic_fetch_add(&crew->taken, 1);
	struct ahead_series *s = &crew->series[at];

	if (at >= crew->n || is_enough(crew))
		return false;
	s->is_done = compute(crew->ahead, &crew->workers[number], s);
	atomic_fetch_add(&crew->n_samples, s->n_read);
	return true;
}

/* One worker's share: series of the batch, until none is left. */
static void work(void *of, unsigned number)
{
	while (work_one(of, number))
		;
}

/* The next series into a place of the batch. */
static enum rc gather_one(struct ahead_crew *crew, struct ahead_series *s, struct err *e)
{
	struct reading *r = crew->ahead->reading;
	struct labels labels;
	bool has;
	enum rc rc = r->source->next(r->cursor, &labels, &has, e);

	crew->is_end = rc != RC_OK || !has;
	if (crew->is_end)
		return rc;
	*s = (struct ahead_series){ .v = s->v, .place = r->source->twins->place(r->cursor) };
	if (!s->v)
		s->v = arena_alloc(&crew->values, crew->ahead->steps->n * sizeof *s->v);
	crew->is_end = !labels_copy(&labels, &crew->labels, &s->labels);
	return crew->is_end
		       ? err_set(e, RC_LIMIT, "labels of more than %zu bytes", LABELS_BYTES)
		       : RC_OK;
}

/* Labels and places of series; those before a mistake are computed before it counts. */
static void gather(struct ahead_crew *crew, uint32_t wanted)
{
	arena_reset(&crew->labels);
	crew->n = crew->given = 0;
	while (crew->n < wanted && crew->labels.used_bytes < LABELS_BYTES / 2) {
		if (gather_one(crew, &crew->series[crew->n], &crew->end) != RC_OK || crew->is_end)
			return;
		crew->n++;
	}
}

/* How many workers are worth it for the rest of the batch; those that there aren't yet are made. */
static unsigned workers_for(struct ahead_crew *crew)
{
	const struct promql_query *q = crew->ahead->reading->eval->query;
	uint32_t left = crew->n - atomic_load(&crew->taken);
	unsigned n = q->n_threads < WORKERS_MAX ? q->n_threads : WORKERS_MAX;

	if (!q->spread || left < 2 || left * crew->cost < WORTH_HELP)
		return 1;
	n = n < left ? n : left;
	while (crew->n_workers < n)
		if (add_worker(crew, NULL) != RC_OK)
			break;
	return n < crew->n_workers ? n : crew->n_workers;
}

static uint64_t cost_of(const struct ahead_crew *crew, const struct ahead_series *s)
{
	if (!s->is_done)
		return 0;
	return (uint64_t)VALUE_COST * crew->ahead->steps->n + SERIES_COST + s->n_read +
	       s->n_passed / PASSED_SHARE;
}

static void compute_batch(struct ahead_crew *crew)
{
	const struct promql_query *q = crew->ahead->reading->eval->query;
	unsigned n;

	gather(crew, q->spread ? crew->cap : 1);
	if (crew->n == 0)
		return;
	atomic_store(&crew->taken, 0);
	atomic_store(&crew->n_samples, 0);
	if (!crew->cost) {
		work_one(crew, 0);
		crew->cost = cost_of(crew, &crew->series[0]);
	}
	n = workers_for(crew);
	if (n > 1)
		q->spread(q->spread_ctx, n, work, crew);
	else
		work(crew, 0);
	crew->cost = cost_of(crew, &crew->series[0]);
}

/* All of it, by the reading. */
static enum rc read_left(struct ahead *a, const struct ahead_series *s, struct err *e)
{
	struct series_cursor *cursor = a->crew->workers[0].cursor;
	const struct reach *reach = &a->reach;

	source_of(a)->twins->go(cursor, s->place);
	source_of(a)->twins->narrow(cursor, reach->first_ms - reach->range_ms + 1,
		reach_end(reach, a->steps->n - 1));
	return reading_read(a->reading, cursor, e);
}

static enum rc take(struct ahead *a, const struct ahead_series *s, struct err *e)
{
	struct reading *r = a->reading;
	enum rc rc;

	if (!s->is_done)
		return read_left(a, s, e);
	rc = eval_count(r->eval, s->n_read + 1, e);
	if (rc == RC_OK && s->n_read) {
		r->eval->stats.series_read++;
		reading_count(r, s->n_looked_at);
	}
	return rc;
}

/* All were given; what they took isn't needed while other parts of the expression are pulled. */
static enum rc finish(struct ahead *a, struct err *e)
{
	struct err end = a->crew->end;

	release(a);
	return end.rc == RC_OK ? RC_OK : err_set(e, end.rc, "%s", end.text);
}

enum rc ahead_next(struct ahead *a, const struct ahead_series **ret, struct err *e)
{
	struct ahead_crew *crew = a->crew;
	enum rc rc = RC_OK;

	if (!crew) {
		rc = eval_at_end(a->reading->eval, release, a, e);
		if (rc == RC_OK)
			rc = begin(a, e);
		crew = a->crew;
	}
	*ret = NULL;
	while (rc == RC_OK && !*ret) {
		const struct ahead_series *s;

		if (crew->given == crew->n && !crew->is_end)
			compute_batch(crew);
		if (crew->given == crew->n)
			return finish(a, e);
		s = &crew->series[crew->given++];
		rc = take(a, s, e);
		if (rc == RC_OK && (s->is_done ? s->n_read > 0 : a->reading->column.n > 0))
			*ret = s;
	}
	return rc;
}
