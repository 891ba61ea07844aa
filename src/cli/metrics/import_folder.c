/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "base/series_batch.h"
#include "cli/metrics/importing.h"
#include "core/metrics/store.h"
#include "core/scrape/import.h"
#include "port/blockfiles/blockfiles.h"
#include "port/os/os.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define AHEAD_MS     (10 * MINUTE_MS)
#define RETENTION_MS (36500 * DAY_MS) /* the site's own decides when it runs again */
#define ARENA_BYTES  (2u << 20)

struct import_folder {
	struct blockfiles *files;
	struct store *store;
	struct series_known known;
	struct arena labels;
	uint64_t seed;
};

static struct now now_of_this_machine(void)
{
	struct timespec mono, wall;

	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_REALTIME, &wall);
	return (struct now){ { (int64_t)mono.tv_sec * 1000 + mono.tv_nsec / 1000000 },
		{ (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000 } };
}

enum rc import_folder_open(struct import_folder **ret, const char *path, struct err *e)
{
	scoped(import_folder_close) struct import_folder *f = must_alloc(sizeof *f);
	const struct store_settings settings = { .retention_ms = RETENTION_MS };
	enum rc rc;

	series_known_init(&f->known, RECEIVED_SERIES_MAX);
	arena_init(&f->labels, ARENA_BYTES);
	os_random(NULL, &f->seed, sizeof f->seed);
	rc = blockfiles_open(&f->files, path, e);
	if (rc == RC_OK)
		rc = store_open(&f->store, blockfiles_port(f->files), &settings,
			now_of_this_machine(), e);
	if (rc == RC_CONFLICT)
		return err_in(e, rc, "its site is running; import without --data");
	if (rc != RC_OK)
		return rc;
	*ret = TAKE(f);
	return RC_OK;
}

void import_folder_close(struct import_folder *f)
{
	if (!f)
		return;
	store_close(f->store);
	blockfiles_close(f->files);
	series_known_fini(&f->known);
	arena_fini(&f->labels);
	free(f);
}

/* All that is due, in line: there is nobody else here. */
static enum rc work(struct import_folder *f, struct err *e)
{
	struct store_work *w;
	struct mono wake;
	enum rc rc = RC_OK;

	while (rc == RC_OK && (w = store_due(f->store, now_of_this_machine(), &wake))) {
		store_work_run(w);
		rc = store_work_done(f->store, w, e);
	}
	return rc;
}

static enum rc find_series(struct import_folder *f, struct series_batch *b, struct err *e)
{
	enum rc rc = RC_OK;

	for (uint32_t i = 0; rc == RC_OK && i < b->n_series; i++) {
		struct labels l;

		b->series[i].ref = series_known_get(&f->known, b->series[i].hash);
		if (b->series[i].ref)
			continue;
		arena_reset(&f->labels);
		rc = b->labels(b, i, &f->labels, &l, e);
		if (rc == RC_OK)
			rc = store_past_series(f->store, &l, &b->series[i].ref, e);
		if (rc == RC_OK)
			series_known_put(&f->known, b->series[i].hash, b->series[i].ref);
	}
	return rc;
}

static void add_samples(struct import_folder *f, struct series_batch *b,
	struct import_counts *counts)
{
	int64_t most_ms = now_of_this_machine().wall.ms + AHEAD_MS;
	uint32_t n = 0;

	for (uint32_t i = 0; i < b->n_samples; i++) {
		struct series_sample *s = &b->samples[i];

		if (s->t_ms > most_ms) {
			if (!counts->too_far_ahead++ && !*counts->first)
				snprintf(counts->first, sizeof counts->first, "%.150s at %" PRId64,
					b->series[s->series].text, s->t_ms);
			continue;
		}
		b->samples[n] = *s;
		b->samples[n++].series = b->series[s->series].ref;
	}
	counts->taken += n;
	store_past_add(f->store, TAKE(b->samples), n);
}

static enum rc take(void *self, const struct import_piece *piece, struct import_counts *counts,
	struct err *e)
{
	struct import_folder *f = self;
	const struct series_sink *sink = store_sink(f->store);
	struct import_text text = { .format = piece->is_openmetrics ? EXPOSITION_OPENMETRICS
								    : EXPOSITION_TEXT,
		.s = piece->s,
		.n = piece->n,
		.t_ms = now_of_this_machine().wall.ms };
	scoped(series_batch_fini) struct series_batch b = { 0 };
	enum rc rc;

	series_batch_init(&b, f->seed, RECEIVED_BYTES_MAX);
	b.samples_max = RECEIVED_SAMPLES_MAX;
	rc = import_parse(&text, &b, e);
	if (rc == RC_OK)
		rc = find_series(f, &b, e);
	if (rc != RC_OK)
		return rc;
	for (uint32_t i = 0; i < b.n_metadata; i++)
		sink->metadata(sink->self, b.metadata[i].metric, &b.metadata[i].m);
	add_samples(f, &b, counts);
	rc = sink->commit(sink->self, e);
	return rc == RC_OK ? work(f, e) : rc;
}

static enum rc end(void *self, struct err *e)
{
	struct import_folder *f = self;

	store_past_soon(f->store);
	store_flush_soon(f->store);
	return work(f, e);
}

struct import_taker import_to_folder(struct import_folder *f)
{
	return (struct import_taker){ f, take, end };
}
