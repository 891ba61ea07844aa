/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Samples of the past become parts beside those of the head: one for each span of time that the policy
 * merges by, so that blocks of days stay blocks of days however an import is ordered.
 *
 * A part may speak only of series that are in a segment, or a start could not tell its ids from those
 * in the log: so new series are flushed first.
 */
#include "core/metrics/past.h"

#include "core/metrics/policy.h"
#include "core/metrics/work.h"

#define DIGIT_BITS 11
#define DIGITS     (1u << DIGIT_BITS)
#define SPANS_MAX  1024 /* parts of one batch */

struct span {
	int64_t from_ms, to_ms; /* both included */
	uint32_t level;         /* of the part */
};

struct write_past {
	const struct files *files;
	struct past_run *runs;
	uint32_t n_runs;
	uint64_t n;
	uint64_t ticket;
	int64_t now_ms; /* by the wall */
	int64_t retention_ms;
	int64_t min_ms, max_ms; /* no sample lies outside */
	uint32_t first_file, n_files, deletions;
	struct series_sample *v; /* all of them, once sorted */
	size_t n_sorted;
	struct part *parts[SPANS_MAX];
	uint32_t n_parts;
	bool is_adopted;
};

void past_fini(struct past *p)
{
	for (uint32_t i = 0; i < p->n; i++)
		free(p->runs[i].v);
	free(p->runs);
	*p = (struct past){ 0 };
}

/* ---- sorting */

/* Stable, by one digit of the series' ids; false: all have the same, and nothing was moved. */
static bool sort_digit(const struct series_sample *from, struct series_sample *to, size_t n,
	unsigned shift)
{
	size_t at[DIGITS] = { 0 }, sum = 0;

	for (size_t i = 0; i < n; i++)
		at[from[i].series >> shift & (DIGITS - 1)]++;
	if (at[from[0].series >> shift & (DIGITS - 1)] == n)
		return false;
	for (unsigned d = 0; d < DIGITS; d++) {
		size_t count = at[d];

		at[d] = sum;
		sum += count;
	}
	for (size_t i = 0; i < n; i++)
		to[at[from[i].series >> shift & (DIGITS - 1)]++] = from[i];
	return true;
}

static void sort_series(struct series_sample *v, size_t n)
{
	struct series_sample *other = must_alloc(n * sizeof *other), *from = v, *to = other;

	for (unsigned shift = 0; shift < 32; shift += DIGIT_BITS) {
		struct series_sample *sorted = to;

		if (!sort_digit(from, to, n, shift))
			continue;
		to = from;
		from = sorted;
	}
	if (from != v)
		memcpy(v, from, n * sizeof *v);
	free(other);
}

static int by_time(const void *a, const void *b)
{
	const struct series_sample *x = a, *y = b;

	if (x->t_ms != y->t_ms)
		return x->t_ms < y->t_ms ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

static bool ascends(const struct series_sample *v, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (v[i].t_ms <= v[i - 1].t_ms)
			return false;
	return true;
}

/* The samples of one series; returns how many are left. */
static size_t sort_times(struct series_sample *v, size_t n)
{
	size_t left = 0;

	if (ascends(v, n))
		return n;
	qsort(v, n, sizeof *v, by_time);
	for (size_t i = 0; i < n; i++)
		if (i + 1 == n || v[i + 1].t_ms != v[i].t_ms)
			v[left++] = v[i];
	return left;
}

static size_t series_end(const struct series_sample *v, size_t from, size_t n)
{
	size_t i = from + 1;

	while (i < n && v[i].series == v[from].series)
		i++;
	return i;
}

size_t past_sort(struct series_sample *v, size_t n)
{
	size_t left = 0;

	if (!n)
		return 0;
	for (size_t i = 0; i < n; i++)
		v[i].order = (uint32_t)i;
	sort_series(v, n);
	for (size_t i = 0, end; i < n; i = end) {
		size_t kept;

		end = series_end(v, i, n);
		kept = sort_times(v + i, end - i);
		if (left != i)
			memmove(v + left, v + i, kept * sizeof *v);
		left += kept;
	}
	return left;
}

/* ---- parts */

static struct span span_of(const struct write_past *p, int64_t t_ms)
{
	struct span s = { 0 };

	s.level = policy_past_level(p->retention_ms, p->now_ms, t_ms, &s.from_ms, &s.to_ms);
	return s;
}

/* As many parts as it may be at most.  Numbers of files are never used again: those of a batch that is
 * nearly of now, as most are when somebody sends all the time, are few. */
static uint32_t parts_most(const struct write_past *p)
{
	uint64_t span_ms = (uint64_t)p->max_ms - (uint64_t)p->min_ms;
	uint64_t n = span_ms / (uint64_t)POLICY_SPAN_LEAST_MS + 2;

	return n < SPANS_MAX ? (uint32_t)n : SPANS_MAX;
}

static int by_begin(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return (x->from_ms > y->from_ms) - (x->from_ms < y->from_ms);
}

static bool has_span(const struct span *v, uint32_t n, int64_t t_ms)
{
	for (uint32_t i = n; i > 0; i--)
		if (t_ms >= v[i - 1].from_ms && t_ms <= v[i - 1].to_ms)
			return true;
	return false;
}

/* The spans that samples lie in, in order; when they are too many one that is all of time. */
static uint32_t find_spans(const struct write_past *p, struct span v[SPANS_MAX])
{
	struct span last = { .from_ms = 1 };
	uint32_t n = 0;

	for (size_t i = 0; i < p->n_sorted; i++) {
		int64_t t_ms = p->v[i].t_ms;

		if (t_ms >= last.from_ms && t_ms <= last.to_ms)
			continue;
		last = span_of(p, t_ms);
		if (has_span(v, n, t_ms))
			continue;
		if (n == SPANS_MAX) {
			v[0] = (struct span){ INT64_MIN, INT64_MAX, POLICY_LEVELS - 2 };
			return 1;
		}
		v[n++] = last;
	}
	qsort(v, n, sizeof *v, by_begin);
	return n;
}

/* Put the series' samples of the span into the column; *at is where it goes on. */
static void gather(const struct write_past *p, size_t *at, size_t end, const struct span *span,
	struct series_column *column)
{
	column->n = 0;
	for (; *at < end && p->v[*at].t_ms <= span->to_ms; ++*at)
		series_column_add(column, p->v[*at].t_ms, p->v[*at].v);
}

/* Where each series' samples begin, and, behind the last, end; *at: how far each has come. */
struct places {
	size_t *begin, *at;
	uint32_t n;
};

static void places_init(struct places *s, const struct write_past *p)
{
	uint32_t cap = 0;

	*s = (struct places){ 0 };
	for (size_t i = 0; i < p->n_sorted; i = series_end(p->v, i, p->n_sorted)) {
		must_grow(s->begin, s->n, cap);
		s->begin[s->n++] = i;
	}
	must_grow(s->begin, s->n, cap);
	s->begin[s->n] = p->n_sorted;
	s->at = must_alloc(s->n * sizeof *s->at);
	memcpy(s->at, s->begin, s->n * sizeof *s->at);
}

static void places_fini(struct places *s)
{
	free(s->begin);
	free(s->at);
}
SCOPED_FINI(places_fini, struct places)

static enum rc write_series(struct write_past *p, struct places *places, const struct span *span,
	struct block_writer *w, struct err *e)
{
	scoped(series_column_fini) struct series_column column = { 0 };
	enum rc rc = RC_OK;

	for (uint32_t i = 0; rc == RC_OK && i < places->n; i++) {
		gather(p, &places->at[i], places->begin[i + 1], span, &column);
		if (column.n)
			rc = block_writer_add(w, p->v[places->begin[i]].series, &column, e);
	}
	return rc;
}

static enum rc write_part(struct write_past *p, struct places *places, const struct span *span,
	struct err *e)
{
	scoped(part_writer_fini) struct part_writer file = { 0 };
	scoped(block_writer_free) struct block_writer *w = NULL;
	struct block_settings settings = { .level = span->level };
	struct block_info info;
	char name[FILES_NAME_MAX];
	enum rc rc;

	must(p->n_parts < p->n_files);
	manifest_file_name(MANIFEST_PART, p->first_file + p->n_parts, name);
	rc = part_writer_begin(&file, p->files, name, e);
	if (rc != RC_OK)
		return rc;
	w = block_writer_new(&file.output, &settings);
	rc = write_series(p, places, span, w, e);
	if (rc == RC_OK)
		rc = block_writer_finish(w, &info, e);
	if (rc == RC_OK)
		rc = part_writer_end(&file, e);
	if (rc == RC_OK)
		rc = part_open(&p->parts[p->n_parts], p->files, name, e);
	p->n_parts += rc == RC_OK;
	return rc;
}

/* All runs as one, in order. */
static void sort(struct write_past *p)
{
	size_t n = 0;

	p->v = must_alloc((p->n + 1) * sizeof *p->v);
	for (uint32_t i = 0; i < p->n_runs; i++) {
		memcpy(p->v + n, p->runs[i].v, p->runs[i].n * sizeof *p->v);
		n += p->runs[i].n;
	}
	p->n_sorted = past_sort(p->v, n);
}

static enum rc run(void *plan, struct err *e)
{
	struct write_past *p = plan;
	scoped(places_fini) struct places places = { 0 };
	struct span *spans = must_alloc(SPANS_MAX * sizeof *spans);
	enum rc rc = RC_OK;
	uint32_t n;

	sort(p);
	places_init(&places, p);
	n = find_spans(p, spans);
	for (uint32_t i = 0; rc == RC_OK && i < n; i++)
		rc = write_part(p, &places, &spans[i], e);
	free(spans);
	return rc == RC_OK ? p->files->sync_folder(p->files->self, e) : rc;
}

/* ---- the work */

static bool is_due(const struct store *s, struct mono *ret_at)
{
	const struct past *past = &s->past;

	if (!past->n)
		return false;
	if (past->is_wanted || past->n_waiting >= STORE_PAST_SAMPLES)
		return true;
	ret_at->ms = past->since.ms + STORE_PAST_WAIT_MS;
	return s->now.mono.ms >= ret_at->ms;
}

static void *plan(struct store *s, struct mono *ret_at)
{
	struct past *past = &s->past;
	struct write_past *p;

	if (!is_due(s, ret_at))
		return NULL;
	if (past->last_id >= s->flushed_id) {
		store_flush_soon(s);
		return NULL;
	}
	p = must_alloc(sizeof *p);
	p->files = s->files;
	p->now_ms = s->now.wall.ms;
	p->retention_ms = s->settings.retention_ms;
	p->first_file = s->next_file;
	p->min_ms = past->min_ms;
	p->max_ms = past->max_ms;
	p->n_files = parts_most(p);
	s->next_file += p->n_files;
	if (s->catalog->n_deletions)
		p->deletions = s->catalog->deletions[s->catalog->n_deletions - 1]->number;
	p->runs = TAKE(past->runs);
	p->n_runs = past->n;
	p->n = past->n_out = past->n_waiting;
	p->ticket = past->out = past->given;
	past->n = past->cap = past->last_id = 0;
	past->n_waiting = 0;
	past->is_wanted = false;
	return p;
}

static void adopt(struct store *s, void *plan)
{
	struct write_past *p = plan;
	struct catalog *c = NULL;

	for (uint32_t i = 0; i < p->n_parts; i++) {
		struct catalog *next = catalog_copy(c ? c : s->catalog);
		struct part *part = TAKE(p->parts[i]);

		part->deletions = p->deletions;
		if (part->block.info.max_ms > s->flushed_ms)
			s->flushed_ms = part->block.info.max_ms;
		next->parts[next->n_parts++] = part;
		catalog_drop(c);
		c = next;
	}
	if (c)
		store_set_catalog(s, c);
	s->past.adopted = p->ticket;
	s->past_written = s->now.mono;
	p->is_adopted = true;
}

static void note_time(struct past *past, int64_t t_ms)
{
	past->min_ms = t_ms < past->min_ms ? t_ms : past->min_ms;
	past->max_ms = t_ms > past->max_ms ? t_ms : past->max_ms;
}

/* What could not be written waits on, before what came meanwhile. */
static void give_back(struct past *past, struct write_past *p)
{
	struct past_run *runs = must_alloc((p->n_runs + past->n + 1) * sizeof *runs);

	memcpy(runs, p->runs, p->n_runs * sizeof *runs);
	if (past->n) {
		memcpy(runs + p->n_runs, past->runs, past->n * sizeof *runs);
		note_time(past, p->min_ms);
		note_time(past, p->max_ms);
	} else {
		past->min_ms = p->min_ms;
		past->max_ms = p->max_ms;
	}
	free(past->runs);
	past->runs = runs;
	past->cap = p->n_runs + past->n + 1;
	past->n += p->n_runs;
	past->n_waiting += p->n;
	p->n_runs = 0;
}

static void end(struct store *s, void *plan)
{
	struct write_past *p = plan;
	char name[FILES_NAME_MAX];

	s->past.n_out = 0;
	if (!p->is_adopted) {
		manifest_file_name(MANIFEST_PART, p->first_file + p->n_parts, name);
		store_make_unfinished_useless(s, name);
		for (uint32_t i = 0; i < p->n_parts; i++) {
			store_make_useless(s, p->parts[i]->name);
			part_drop(p->parts[i]);
		}
		give_back(&s->past, p);
	}
	for (uint32_t i = 0; i < p->n_runs; i++)
		free(p->runs[i].v);
	free(p->runs);
	free(p->v);
	free(p);
}

const struct work_row work_past = { "past", plan, run, adopt, end };

/* ---- what the store promises */

#define LEAST_SAMPLES 65536 /* that are taken however little memory there is */

bool store_past_has_room(const struct store *s)
{
	const struct past *p = &s->past;
	uint64_t used = head_memory(&s->head) + past_memory(p);

	if (p->n_waiting < LEAST_SAMPLES)
		return true;
	return p->n_waiting < STORE_PAST_SAMPLES &&
	       used + p->n_waiting * PAST_BYTES_WRITTEN < s->settings.memory_bytes_max;
}

uint64_t past_memory(const struct past *p)
{
	return p->n_waiting * PAST_BYTES_WAITING + p->n_out * PAST_BYTES_WRITTEN;
}

/* Before the run is among the others. */
static void note_bounds(struct past *past, const struct series_sample *v, size_t n)
{
	if (!past->n)
		past->min_ms = past->max_ms = v[0].t_ms;
	for (size_t i = 0; i < n; i++) {
		past->last_id = v[i].series > past->last_id ? v[i].series : past->last_id;
		note_time(past, v[i].t_ms);
	}
}

uint64_t store_past_add(struct store *s, struct series_sample *v, size_t n)
{
	struct past *past = &s->past;

	if (!n) {
		free(v);
		return past->given;
	}
	if (!past->n)
		past->since = s->now.mono;
	note_bounds(past, v, n);
	must_grow(past->runs, past->n, past->cap);
	past->runs[past->n++] = (struct past_run){ v, n };
	past->n_waiting += n;
	return ++past->given;
}

uint64_t store_past_kept(const struct store *s)
{
	return s->past.kept;
}

void store_past_soon(struct store *s)
{
	s->past.is_wanted = s->past.n > 0;
}

/* One piece of work, here and now. */
static enum rc do_now(struct store *s, const struct work_row *row)
{
	struct mono at = { NEVER_MS };
	void *made = row->plan(s, &at);
	enum rc rc;

	if (!made)
		return RC_OK;
	rc = row->run(made, NULL);
	if (rc == RC_OK)
		row->adopt(s, made);
	row->end(s, made);
	return rc;
}

void store_past_finish(struct store *s)
{
	enum rc rc = RC_OK;

	if (!s->past.n && s->past.kept == s->past.given)
		return;
	store_past_soon(s);
	if (s->past.n && s->past.last_id >= s->flushed_id) {
		store_flush_soon(s);
		rc = do_now(s, &work_flush);
	}
	if (rc == RC_OK)
		rc = do_now(s, &work_past);
	if (rc == RC_OK)
		do_now(s, &work_manifest);
}
