/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/kept.h"

#include "core/metrics/follow_private.h"

#include <stdio.h>

void kept_fini(struct kept *k)
{
	free(k->v);
	free(k->followers);
	free(k->unclaimed);
}

/* Marks that can't be read stand for the oldest log. */
static void find_marks(struct store *s, const char *file_name)
{
	struct kept *k = &s->kept;
	struct marks marks;
	struct store_finding f;
	struct err e = { 0 };

	must_grow(k->unclaimed, k->n_unclaimed, k->cap_unclaimed);
	k->unclaimed[k->n_unclaimed] = (struct kept_marks){ 0 };
	str_copy(k->unclaimed[k->n_unclaimed].file_name, FILES_NAME_MAX, file_name);
	if (marks_read(&marks, s->files, file_name, &e) == RC_OK) {
		k->unclaimed[k->n_unclaimed].generation = marks_least(&marks)->generation;
	} else {
		f = store_finding_of(file_name, &e, "all that is kept is sent again");
		store_find(s, &f);
	}
	k->n_unclaimed++;
}

/* The first log that somebody waits for; UINT32_MAX: nobody does. */
static uint32_t wanted_from(const struct store *s)
{
	const struct kept *k = &s->kept;
	uint32_t from = UINT32_MAX;

	for (uint32_t i = 0; i < k->n_unclaimed; i++)
		if (k->unclaimed[i].generation < from)
			from = k->unclaimed[i].generation;
	for (uint32_t i = 0; i < k->n_followers; i++) {
		uint32_t generation = marks_least(&k->followers[i]->marks)->generation;

		if (generation < from)
			from = generation;
	}
	return from;
}

static int by_number(const void *a, const void *b)
{
	const struct kept_log *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

static void put(struct kept *k, uint32_t number, uint64_t bytes)
{
	must_grow(k->v, k->n, k->cap);
	k->v[k->n++] = (struct kept_log){ number, bytes };
	k->bytes += bytes;
}

void kept_find(struct store *s, const struct files_entry *v, uint32_t n)
{
	struct kept *k = &s->kept;
	uint32_t number;

	for (uint32_t i = 0; i < n; i++) {
		if (marks_is_file(v[i].name))
			find_marks(s, v[i].name);
		else if (log_number(v[i].name, &number) && number <= s->flushed_generation)
			put(k, number, v[i].size_bytes);
	}
	if (k->n)
		qsort(k->v, k->n, sizeof *k->v, by_number);
	kept_trim(s);
}

bool kept_is_wanted(const struct store *s, uint32_t number)
{
	return number >= wanted_from(s);
}

void kept_put(struct store *s, uint32_t number)
{
	struct files_map map = { 0 };
	char name[FILES_NAME_MAX];

	if (!kept_is_wanted(s, number)) {
		store_make_useless(s, log_name(number, name));
		return;
	}
	/* One that can't be read now may be written yet. */
	if (s->files->map(s->files->self, log_name(number, name), &map, NULL) != RC_OK)
		map = (struct files_map){ 0 };
	put(&s->kept, number, map.n);
	s->files->unmap(s->files->self, &map);
	kept_trim(s);
}

static void tell_loss(struct store *s, uint32_t number, const struct err *why, const char *outcome)
{
	char name[FILES_NAME_MAX];
	struct store_finding f = store_finding_of(log_name(number, name), why, outcome);

	f.from_ms = INT64_MIN;
	f.to_ms = s->flushed_ms;
	store_find(s, &f);
	s->stats.logs_lost++;
}

void kept_tell_lame(struct store *s, uint32_t number)
{
	struct err e = { 0 };

	if (!kept_is_wanted(s, number))
		return;
	err_set(&e, RC_FULL, "its disk failed for longer than %u bytes could wait",
		LOG_WAITING_MAX);
	tell_loss(s, number, &e, "what was committed meanwhile is kept here, and not sent on");
}

static void tell_too_many(struct store *s, const struct kept_log *l)
{
	struct err e = { 0 };

	err_set(&e, RC_LIMIT, "more than %llu bytes of logs wait to be sent on",
		(unsigned long long)s->settings.kept_bytes_max);
	tell_loss(s, l->number, &e, "the oldest is let go, not sent");
}

void kept_trim(struct store *s)
{
	struct kept *k = &s->kept;
	uint32_t from = wanted_from(s), n = 0;
	char name[FILES_NAME_MAX];

	for (; n < k->n; n++) {
		bool is_wanted = k->v[n].number >= from;

		if (is_wanted && k->bytes <= s->settings.kept_bytes_max)
			break;
		if (is_wanted)
			tell_too_many(s, &k->v[n]);
		k->bytes -= k->v[n].bytes;
		store_make_useless(s, log_name(k->v[n].number, name));
	}
	k->n -= n;
	if (n && k->n)
		memmove(k->v, k->v + n, k->n * sizeof *k->v);
}
