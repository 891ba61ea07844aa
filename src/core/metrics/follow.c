/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunks begin with their log, so the reader keeps the newest sample of each series and goes through
 * a log from its beginning; after a start it decodes again what was sent of the one that it was in.
 */
#include "core/metrics/follow_private.h"

#include "base/histogram.h"
#include "base/limits.h"
#include "core/metrics/packed.h"

#define SCRATCH_BYTES (4u << 20) /* of one histogram while it is unpacked */

/* ---- the owner's side */

static void claim(struct store *s, const char *file_name)
{
	struct kept *k = &s->kept;

	for (uint32_t i = 0; i < k->n_unclaimed; i++)
		if (str_eq(k->unclaimed[i].file_name, file_name))
			k->unclaimed[i--] = k->unclaimed[--k->n_unclaimed];
}

/* What was committed and is in the logs' files ends here. */
static struct log_mark end_of(const struct store *s)
{
	const struct log *l = s->logs[0];

	for (uint32_t i = 0; i < s->n_logs; i++) {
		l = s->logs[i];
		if (l->waiting.len && !l->is_lame)
			break; /* later ones may be in their files only after it */
	}
	return (struct log_mark){ .generation = l->generation, .offset = l->size_bytes };
}

static struct log_mark oldest_of(const struct store *s)
{
	uint32_t generation = s->flushed_generation + 1;

	if (s->kept.n)
		generation = s->kept.v[0].number;
	return (struct log_mark){ .generation = generation };
}

static bool is_of_this_run(const struct store *s, const char *file_name)
{
	const struct kept *k = &s->kept;

	for (uint32_t i = 0; i < k->n_unclaimed; i++)
		if (str_eq(k->unclaimed[i].file_name, file_name))
			return k->unclaimed[i].is_of_this_run;
	return false;
}

/* A power cut may have taken logs whose marks it has left: another one gets that number now. */
static void believe(const struct store *s, struct marks *m)
{
	if (is_of_this_run(s, m->name))
		return;
	for (uint32_t i = 0; i < m->n; i++)
		if (m->v[i].generation >= s->head.open->number)
			m->v[i] = (struct log_mark){ .generation = s->head.open->number };
}

static enum rc open_marks(struct follower *f, const char *file_name, struct err *e)
{
	struct store *s = f->store;
	struct marks m = { .files = s->files };
	struct log_mark first;
	enum rc rc = marks_read(&m, s->files, file_name, e);

	str_copy(m.name, sizeof m.name, file_name);
	first = rc == RC_NOT_FOUND ? end_of(s) : oldest_of(s);
	if (rc != RC_OK && rc != RC_NOT_FOUND && rc != RC_CORRUPT)
		return rc;
	if (rc != RC_OK) { /* of damage, kept_find() has told */
		m.v[0] = first;
		m.n = 1;
	} else {
		believe(s, &m);
	}
	f->marks = m;
	return marks_write(&f->marks, f->marks.v, f->marks.n, e);
}

enum rc store_follow(struct store *s, const char *name, struct follower **ret, struct err *e)
{
	scoped(mem_free) char *fresh = must_alloc(sizeof(struct follower));
	struct follower *f = (void *)fresh;
	char file_name[FILES_NAME_MAX];
	enum rc rc = marks_file_name(name, file_name, e);

	if (rc != RC_OK)
		return rc;
	f->store = s;
	rc = open_marks(f, file_name, e);
	if (rc != RC_OK) {
		marks_fini(&f->marks);
		return rc;
	}
	arena_init(&f->record.arena, FOLLOW_HISTOGRAMS_BYTES);
	arena_init(&f->scratch, SCRATCH_BYTES);
	f->from = *marks_least(&f->marks);
	f->at = (struct log_mark){ .generation = f->from.generation };
	claim(s, file_name);
	must_grow(s->kept.followers, s->kept.n_followers, s->kept.cap_followers);
	s->kept.followers[s->kept.n_followers++] = (void *)TAKE(fresh);
	*ret = f;
	return RC_OK;
}

static void let_go(struct kept *k, const struct follower *f)
{
	for (uint32_t i = 0; i < k->n_followers; i++)
		if (k->followers[i] == f)
			k->followers[i--] = k->followers[--k->n_followers];
}

/* Its marks are those of nobody now, but count. */
static void unclaim(struct kept *k, const struct follower *f)
{
	must_grow(k->unclaimed, k->n_unclaimed, k->cap_unclaimed);
	k->unclaimed[k->n_unclaimed] =
		(struct kept_marks){ .generation = marks_least(&f->marks)->generation,
			.is_of_this_run = true };
	str_copy(k->unclaimed[k->n_unclaimed++].file_name, FILES_NAME_MAX, f->marks.name);
}

static void record_fini(struct follow_record *r)
{
	free(r->ids);
	free(r->t_ms);
	free(r->v);
	free(r->h);
	free(r->exemplars);
	arena_fini(&r->arena);
}

void follower_free(struct follower *f)
{
	if (!f)
		return;
	must(!f->view);
	let_go(&f->store->kept, f);
	unclaim(&f->store->kept, f);
	marks_fini(&f->marks);
	f->store->files->unmap(f->store->files->self, &f->map);
	for (uint32_t i = 0; i < f->n_tails; i++)
		free(f->tails[i]);
	free(f->tails);
	last_histograms_fini(&f->last);
	arena_fini(&f->scratch);
	record_fini(&f->record);
	free(f);
}

void store_follow_no_others(struct store *s)
{
	struct kept *k = &s->kept;

	for (uint32_t i = 0; i < k->n_unclaimed; i++)
		store_make_useless(s, k->unclaimed[i].file_name);
	k->n_unclaimed = 0;
	kept_trim(s);
}

const struct marks *follower_marks(const struct follower *f)
{
	return &f->marks;
}

uint64_t follower_behind_bytes(const struct follower *f)
{
	const struct store *s = f->store;
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < s->kept.n; i++)
		if (s->kept.v[i].number >= f->at.generation)
			bytes += s->kept.v[i].bytes;
	for (uint32_t i = 0; i < s->n_logs; i++)
		if (s->logs[i]->generation >= f->at.generation)
			bytes += s->logs[i]->size_bytes;
	return bytes > f->at.offset ? bytes - f->at.offset : 0;
}

enum rc follower_move(struct follower *f, uint32_t lane, const struct log_mark *to, struct err *e)
{
	uint32_t before = marks_least(&f->marks)->generation;
	enum rc rc = marks_move(&f->marks, lane, to, e);

	if (marks_least(&f->marks)->generation != before)
		kept_trim(f->store);
	return rc;
}

enum rc follower_set_lanes(struct follower *f, uint32_t n, struct err *e)
{
	struct log_mark v[MARKS_LANES_MAX];

	must(!f->view && n <= COUNT(v));
	for (uint32_t i = 0; i < n; i++)
		v[i] = f->at;
	return marks_write(&f->marks, v, n, e);
}

enum rc follower_sync(struct follower *f, struct err *e)
{
	return marks_sync(&f->marks, e);
}

uint64_t follower_damaged(const struct follower *f)
{
	return f->n_damaged;
}

bool follower_begin(struct follower *f)
{
	struct log_mark end = end_of(f->store);

	must(!f->view);
	if (f->at.generation > end.generation ||
		(f->at.generation == end.generation && f->at.offset >= end.offset))
		return false;
	f->end_generation = end.generation;
	f->end_offset = end.offset;
	f->next_id = f->store->next_id;
	f->view = store_view_new(f->store);
	f->young_at = f->young_id = 0;
	f->young = (struct young_walk){ 0 };
	return true;
}

/* ---- who reads */

static void end_map(struct follower *f)
{
	f->store->files->unmap(f->store->files->self, &f->map);
	f->is_mapped = false;
}

void follower_end(struct follower *f)
{
	must(f->view);
	end_map(f);
	store_view_free(f->view);
	f->view = NULL;
}

struct log_mark follower_at(const struct follower *f)
{
	return f->at;
}

/* Series that had nothing to say in the log before are forgotten. */
static void forget_tails(struct follower *f)
{
	for (uint32_t i = 0; i < f->n_tails; i++) {
		if (!f->tails[i] || f->tails[i]->generation + 1 >= f->at.generation)
			continue;
		free(f->tails[i]);
		f->tails[i] = NULL;
	}
}

static void next_log(struct follower *f)
{
	end_map(f);
	f->at = (struct log_mark){ .generation = f->at.generation + 1 };
	f->is_begun = false;
	last_histograms_fini(&f->last);
	forget_tails(f);
}

static struct chunk_tail *tail_of(struct follower *f, uint32_t id)
{
	uint32_t page = id / TAIL_PAGE;
	struct tail_page *p;

	if (page >= f->n_tails) {
		uint32_t n = page + page / 2 + 16;

		f->tails = must_realloc(f->tails, n * sizeof *f->tails);
		memset(f->tails + f->n_tails, 0, (n - f->n_tails) * sizeof *f->tails);
		f->n_tails = n;
	}
	if (!f->tails[page])
		f->tails[page] = must_alloc(sizeof **f->tails);
	p = f->tails[page];
	if (p->generation != f->at.generation) {
		for (uint32_t i = 0; i < TAIL_PAGE; i++)
			p->v[i] = chunk_tail_begin(f->base_ms);
		p->generation = f->at.generation;
	}
	return &p->v[id % TAIL_PAGE];
}

static void grow_record(struct follow_record *r)
{
	r->cap = r->cap ? 2 * r->cap : 1024;
	r->ids = must_realloc(r->ids, r->cap * sizeof *r->ids);
	r->t_ms = must_realloc(r->t_ms, r->cap * sizeof *r->t_ms);
	r->v = must_realloc(r->v, r->cap * sizeof *r->v);
}

static void add_histogram(struct follow_record *r, const struct histogram *h)
{
	if (r->n >= r->cap_h) {
		r->h = must_realloc(r->h, r->cap * sizeof *r->h);
		memset(r->h + r->cap_h, 0, (r->cap - r->cap_h) * sizeof *r->h);
		r->cap_h = r->cap;
	}
	r->h[r->n] = h;
}

static void add(struct follow_record *r, uint32_t id, int64_t t_ms, double v)
{
	if (r->n == r->cap)
		grow_record(r);
	r->ids[r->n] = id;
	r->t_ms[r->n] = t_ms;
	r->v[r->n] = v;
	if (r->has_histograms)
		add_histogram(r, NULL);
	r->n++;
}

/* A copy of what stands in the scratch, or among the last. */
static void show_histogram(struct follower *f, uint32_t id, int64_t t_ms,
	const struct histogram *histogram)
{
	struct follow_record *r = &f->record;
	const struct histogram *h = histogram_copy(histogram, &r->arena);

	if (!h) {
		f->n_damaged++;
		return;
	}
	if (!r->has_histograms) {
		if (r->cap_h)
			memset(r->h, 0, r->cap_h * sizeof *r->h);
		r->has_histograms = true;
	}
	add(r, id, t_ms, 0);
	r->h[r->n - 1] = h;
}

/* Unpacked into the scratch.  False: malformed. */
static bool unpack(struct follower *f, const struct histogram *before, const uint8_t *packed,
	unsigned n, const struct histogram **ret)
{
	struct varint_bytes in = { packed, packed + n };
	const struct histogram *h;

	arena_reset(&f->scratch);
	if (packed_take(&in, before, &f->scratch, &h, NULL) != RC_OK || in.p != in.end)
		return false;
	*ret = histogram_copy(h, &f->scratch);
	return *ret;
}

/* The histogram that the bytes behind a chunk's last one stand for. */
static bool take_histogram(struct follower *f, uint32_t id, int64_t t_ms, const uint8_t *bytes,
	unsigned n)
{
	struct last_histogram *last = last_histograms_find(&f->last, id);
	unsigned n_packed;
	const uint8_t *packed = chunk_tail_packed(bytes, n, &n_packed);
	const struct histogram *h;

	if (!packed) {
		if (last)
			show_histogram(f, id, t_ms, &last->h);
		return last;
	}
	if (!unpack(f, last ? &last->h : NULL, packed, n_packed, &h))
		return false;
	last_histograms_put(&f->last, id, t_ms, h);
	show_histogram(f, id, t_ms, h);
	return true;
}

/* Who wants the labels of a series asks for them; here they are only counted. */
static bool show_series(void *self, const struct labels *l)
{
	(void)self;
	(void)l;
	return true;
}

static bool show_sample(void *self, uint32_t id, const uint8_t *bytes, unsigned n)
{
	struct follower *f = self;
	struct chunk_tail *t;

	if (!id || id >= f->next_id)
		return false;
	t = tail_of(f, id);
	if (!chunk_tail_next(t, bytes, n))
		return false;
	if (t->is_histogram)
		return take_histogram(f, id, t->t_ms, bytes, n);
	add(&f->record, id, t->t_ms, double_of_bits(t->bits));
	return true;
}

static bool show_late(void *self, uint32_t id, int64_t t_ms, double v)
{
	struct follower *f = self;

	if (!id || id >= f->next_id)
		return false;
	add(&f->record, id, t_ms, v);
	return true;
}

static bool show_late_histogram(void *self, uint32_t id, int64_t t_ms, const uint8_t *packed,
	unsigned n)
{
	struct follower *f = self;
	const struct histogram *h;

	if (!id || id >= f->next_id || !unpack(f, NULL, packed, n, &h))
		return false;
	show_histogram(f, id, t_ms, h);
	return true;
}

static bool show_exemplar(void *self, uint32_t id, const struct exemplar *x)
{
	struct follower *f = self;
	struct follow_record *r = &f->record;
	struct followed_exemplar shown = { id, *x };

	if (!id || id >= f->next_id || !labels_copy(&x->labels, &r->arena, &shown.x.labels))
		return false;
	must_grow(r->exemplars, r->n_exemplars, r->cap_exemplars);
	r->exemplars[r->n_exemplars++] = shown;
	return true;
}

static void clear_record(struct follow_record *r)
{
	r->n = r->n_exemplars = 0;
	r->has_histograms = false;
	arena_reset(&r->arena);
}

/* False: there is no such log, or nothing in it yet. */
static bool map_log(struct follower *f)
{
	const struct files *files = f->store->files;
	char name[FILES_NAME_MAX];

	if (!f->is_mapped)
		f->is_mapped = files->map(files->self, log_name(f->at.generation, name), &f->map,
				       NULL) == RC_OK;
	return f->is_mapped && f->map.n;
}

/* False: it isn't a log. */
static bool begin_log(struct follower *f)
{
	struct wal_header h;

	if (f->is_begun)
		return true;
	if (wal_read_header(f->map.p, f->map.n, &h, NULL) != RC_OK ||
		h.generation != f->at.generation)
		return false;
	f->at.offset = WAL_HEADER_BYTES;
	f->base_ms = h.base_ms;
	f->is_begun = true;
	return true;
}

/* The record at `at`.  *ret_has false: there are no more in this log. */
static enum rc read_record(struct follower *f, bool *ret_has, struct err *e)
{
	const struct wal_visitor visitor = { f, show_series, show_sample, show_late,
		{ f, show_late_histogram, show_exemplar, NULL } };
	bool is_last = f->at.generation == f->end_generation;
	struct wal_reading reading = { f->map.p, f->map.n, f->at.offset, f->at.generation };
	enum rc rc;

	if (is_last && f->end_offset < reading.n)
		reading.n = f->end_offset;
	clear_record(&f->record);
	if (reading.at >= reading.n) {
		*ret_has = false;
		return RC_OK;
	}
	rc = wal_next(&reading, &visitor, ret_has, e);
	if (rc == RC_OK)
		f->at.offset = reading.at;
	return rc;
}

/* As read_record(), of the log that is there. */
static enum rc read_log(struct follower *f, bool *ret_has)
{
	struct err e = { 0 };

	*ret_has = false;
	if (!map_log(f) || (f->at.generation == f->end_generation && !f->end_offset))
		return RC_OK;
	if (begin_log(f) && read_record(f, ret_has, &e) == RC_OK)
		return RC_OK;
	*ret_has = false;
	f->n_damaged++;
	return RC_CORRUPT;
}

static struct followed shown(const struct follow_record *r, const struct log_mark *at)
{
	return (struct followed){ .at = *at,
		.ids = r->ids,
		.t_ms = r->t_ms,
		.v = r->v,
		.h = r->has_histograms ? r->h : NULL,
		.n = r->n,
		.exemplars = r->exemplars,
		.n_exemplars = r->n_exemplars };
}

enum rc follower_next(struct follower *f, struct followed *ret, bool *ret_has, struct err *e)
{
	must(f->view);
	while (f->at.generation <= f->end_generation) {
		struct log_mark at = f->at;
		bool is_last = f->at.generation == f->end_generation, has;
		enum rc rc = read_log(f, &has);

		if (rc != RC_OK && is_last)
			return err_set(e, rc, "the log %u can't be followed", f->at.generation);
		if (!has && is_last)
			break;
		if (!has) {
			next_log(f);
			continue;
		}
		if (at.offset < WAL_HEADER_BYTES)
			at.offset = WAL_HEADER_BYTES;
		if (f->from.generation == at.generation && at.offset < f->from.offset)
			continue;
		*ret = shown(&f->record, &at);
		*ret_has = true;
		return RC_OK;
	}
	*ret_has = false;
	return RC_OK;
}

/* ---- labels */

static bool find_old(const struct follower *f, uint32_t id, struct label *v, struct labels *ret)
{
	const struct catalog *c = f->view->catalog;
	uint32_t low = 0, high = c->n_segments, position;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (index_last_id(c->segments[mid]) < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low < c->n_segments && index_find_id(c->segments[low], id, &position) &&
	       index_labels(c->segments[low], position, v, ret, NULL) == RC_OK;
}

/* Ids ascend from one generation to the next and within each: who asks in that order goes through
 * them once. */
static bool find_young(struct follower *f, uint32_t id, struct label *v, struct labels *ret)
{
	const struct head_view *head = f->view->head;
	const struct young_series *s;

	if (id <= f->young_id) {
		f->young_at = f->young_id = 0;
		f->young = (struct young_walk){ 0 };
	}
	for (; f->young_id < id; f->young_id = s->id) {
		while (!(s = young_next(&f->young))) {
			const struct generation_view *g;

			if (f->young_at == head->n)
				return false;
			g = &head->v[f->young_at++];
			f->young = young_walk(g->g->slabs, g->young_slabs, g->n_young);
		}
		if (s->id != id)
			continue;
		young_labels(f->young.slabs, s, v);
		*ret = (struct labels){ v, s->n };
		f->young_id = id;
		return true;
	}
	return false;
}

bool follower_labels(struct follower *f, uint32_t id, struct label *v, struct labels *ret)
{
	return find_old(f, id, v, ret) || find_young(f, id, v, ret);
}
