/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each log becomes a sealed generation again, just as it was before: its chunks get the same bytes.
 *
 * A log whose end a power cut has taken had not been synced, and so had none of those behind it,
 * which may speak of series that nobody knows any more: they don't count.  Where bytes within a log
 * have gone bad, the next one counts.
 */
#include "core/metrics/store_private.h"

struct replay {
	struct store *store;
	uint32_t id;         /* of the next series */
	uint32_t number;     /* of the log before; 0: none */
	uint64_t good_bytes; /* of it */
	bool is_damaged;     /* it is cut off in the middle, not at its end */
};

static bool show_series(void *self, const struct labels *l)
{
	struct replay *r = self;
	struct store *s = r->store;
	uint32_t id = r->id++;

	/* A segment has it already when only the removal of the log is missing. */
	if (id < s->head.open->young.first_id + s->head.open->young.n)
		return true;
	if (id >= s->next_id)
		s->next_id = id + 1;
	return young_add(&s->head.open->young, l, labels_hash(l));
}

static bool show_sample(void *self, uint32_t id, const uint8_t *bytes, unsigned n)
{
	struct replay *r = self;

	return id && id < r->store->next_id && head_replay(&r->store->head, id, bytes, n);
}

static bool show_late(void *self, uint32_t id, int64_t t_ms, double v)
{
	struct replay *r = self;

	return id && id < r->store->next_id && t_ms >= -TIME_MOST_MS && t_ms <= TIME_MOST_MS &&
	       head_replay_late(&r->store->head, id, t_ms, v);
}

static bool show_late_histogram(void *self, uint32_t id, int64_t t_ms, const uint8_t *packed,
	unsigned n)
{
	struct replay *r = self;

	return id && id < r->store->next_id && t_ms >= -TIME_MOST_MS && t_ms <= TIME_MOST_MS &&
	       head_replay_late_histogram(&r->store->head, id, t_ms, packed, n);
}

static bool show_exemplar(void *self, uint32_t id, const struct exemplar *x)
{
	struct replay *r = self;

	return id && id < r->store->next_id && store_put_exemplar(r->store, id, x);
}

static bool show_metadata(void *self, const char *metric, const struct metric_metadata *m)
{
	struct replay *r = self;

	return store_put_metadata(r->store, metric, m);
}

static void find(struct store *s, const char *name, const struct err *e, int64_t from_ms)
{
	struct store_finding f = store_finding_of(name, e, "what follows is lost");

	f.from_ms = from_ms;
	f.to_ms = s->now.wall.ms;
	store_find(s, &f);
}

/* Whether nothing stands behind the record that couldn't be read. */
static bool ends_there(const struct wal_reading *r)
{
	const uint8_t *record = r->p + r->at;
	size_t left = r->n - r->at;
	uint32_t n_body;

	if (left < WAL_RECORD_BYTES)
		return true;
	memcpy(&n_body, record, sizeof n_body);
	if (n_body >= left - WAL_RECORD_BYTES)
		return true;
	while (left && !record[left - 1])
		left--;
	return left <= WAL_RECORD_BYTES + n_body;
}

static void read_records(struct replay *r, const struct files_map *map, const char *name)
{
	struct store *s = r->store;
	struct wal_visitor visitor = { r, show_series, show_sample, show_late,
		{ r, show_late_histogram, show_exemplar, show_metadata } };
	struct wal_reading reading = { map->p, map->n, WAL_HEADER_BYTES, s->head.open->number };
	const struct generation *g = s->head.open;
	struct err e = { 0 };
	bool has = true;

	while (has && wal_next(&reading, &visitor, &has, &e) == RC_OK)
		;
	r->good_bytes = reading.at;
	r->is_damaged = e.text[0] && !ends_there(&reading);
	if (!head_resume(&s->head) && !e.text[0])
		err_set(&e, RC_CORRUPT, "a chunk in it is malformed");
	if (e.text[0])
		find(s, name, &e, g->n_samples ? g->max_ms : g->base_ms);
}

/* Whether what this log builds on is there. */
static bool follows(const struct replay *r, const struct wal_header *h)
{
	if (!h->previous_bytes || h->generation - 1 == r->store->flushed_generation)
		return true;
	return r->number == h->generation - 1 &&
	       (r->good_bytes >= h->previous_bytes || r->is_damaged);
}

static void replay_bytes(struct replay *r, const struct files_map *map, const char *name)
{
	const struct replay before = *r;
	struct store *s = r->store;
	struct wal_header h;
	struct err e = { 0 };

	r->good_bytes = 0;
	r->is_damaged = false;
	if (!map->n)
		return;

	if (wal_read_header(map->p, map->n, &h, &e) != RC_OK) {
		r->is_damaged = map->n > WAL_HEADER_BYTES && map->p[0];
		store_make_useless(s, name);
		find(s, name, &e, s->flushed_ms);
		return;
	}
	if (!follows(&before, &h)) {
		err_set(&e, RC_CORRUPT, "it builds on a log that is lost");
		store_make_useless(s, name); /* else it would count when the other one is flushed */
		find(s, name, &e, h.base_ms);
		return;
	}
	if (h.first_id > s->next_id)
		s->next_id = h.first_id;
	r->id = h.first_id;
	head_open(&s->head, h.generation, s->next_id, h.base_ms);
	read_records(r, map, name);
	head_seal(&s->head);
}

static enum rc replay_log(struct replay *r, uint32_t number, struct err *e)
{
	const struct files *files = r->store->files;
	struct files_map map = { 0 };
	char name[FILES_NAME_MAX];
	enum rc rc = files->map(files->self, log_name(number, name), &map, e);

	if (rc != RC_OK)
		return rc;
	r->store->next_generation = number + 1;
	replay_bytes(r, &map, name);
	files->unmap(files->self, &map);
	r->number = number;
	/* What is written from now on may build on it. */
	return files->sync_name(files->self, name, e);
}

enum rc store_replay(struct store *s, const uint32_t *numbers, uint32_t n, struct err *e)
{
	struct replay r = { .store = s };
	enum rc rc = RC_OK;

	for (uint32_t i = 0; rc == RC_OK && i < n; i++)
		if (numbers[i] > s->flushed_generation)
			rc = replay_log(&r, numbers[i], e);
	return rc;
}
