/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each log becomes a sealed generation again, just as it was before: its chunks get the same bytes.
 */
#include "core/metrics/store_private.h"

#include <stdio.h>

struct replay {
	struct store *store;
	uint32_t last_id; /* of the series that are known */
};

static bool show_series(void *self, const struct labels *l)
{
	struct replay *r = self;

	r->last_id = r->store->next_id++;
	return young_add(&r->store->head.open->young, l, labels_hash(l));
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

static void find(struct store *s, const char *name, const struct err *e, int64_t from_ms)
{
	struct store_finding f = { .from_ms = from_ms, .to_ms = s->now.wall.ms };

	snprintf(f.file, sizeof f.file, "%s", name);
	snprintf(f.text, sizeof f.text, "%.150s; what follows it there is lost", e->text);
	store_find(s, &f);
}

static void read_records(struct store *s, const struct files_map *map, const char *name)
{
	struct replay replay = { .store = s };
	struct wal_visitor visitor = { &replay, show_series, show_sample, show_late };
	struct wal_reading reading = { map->p, map->n, WAL_HEADER_BYTES, s->head.open->number };
	struct err e = { 0 };
	bool has = true;

	while (has)
		if (wal_next(&reading, &visitor, &has, &e) != RC_OK)
			break;
	if (!head_resume(&s->head) && !e.text[0])
		err_set(&e, RC_CORRUPT, "a chunk in it is malformed");
	if (e.text[0])
		find(s, name, &e,
			s->head.open->n_samples ? s->head.open->max_ms : s->head.open->base_ms);
}

static enum rc replay_log(struct store *s, uint32_t number, struct err *e)
{
	char name[FILES_NAME_MAX];
	struct files_map map = { 0 };
	struct wal_header h;
	struct err damage;
	enum rc rc = s->files->map(s->files->self, log_name(number, name), &map, e);

	if (rc != RC_OK)
		return rc;
	s->next_generation = number + 1;
	if (map.n && wal_read_header(map.p, map.n, &h, &damage) != RC_OK) {
		find(s, name, &damage, INT64_MIN);
	} else if (map.n) {
		if (h.first_id > s->next_id)
			s->next_id = h.first_id;
		head_open(&s->head, number, h.first_id, h.base_ms);
		read_records(s, &map, name);
		head_seal(&s->head);
	}
	s->files->unmap(s->files->self, &map);
	return RC_OK;
}

static int by_number(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

enum rc store_replay(struct store *s, struct err *e)
{
	struct files_entry *entries = NULL;
	uint32_t n, n_logs = 0, *numbers;
	enum rc rc = s->files->list(s->files->self, &entries, &n, e);

	if (rc != RC_OK)
		return rc;
	numbers = must_alloc((n + 1) * sizeof *numbers);
	for (uint32_t i = 0; i < n; i++)
		n_logs += log_number(entries[i].name, &numbers[n_logs]);
	qsort(numbers, n_logs, sizeof *numbers, by_number);
	for (uint32_t i = 0; rc == RC_OK && i < n_logs; i++)
		rc = replay_log(s, numbers[i], e);
	free(numbers);
	free(entries);
	return rc;
}
