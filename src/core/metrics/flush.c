/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealed generations become a part and, when they have young series, a segment.
 *
 * Nearly always there is one generation, without late samples: then the part gets the chunks' bytes
 * as they are.  Else the samples of a series are gathered, put in order and sealed.
 */
#include "core/metrics/column.h"
#include "core/metrics/late.h"
#include "core/metrics/work.h"

#include "base/limits.h"

#include <stdio.h>

struct flush {
	const struct files *files;
	struct catalog *catalog;   /* for its deletions */
	struct generation_view *v; /* oldest first */
	uint32_t n;
	uint32_t *at; /* places in their pages */
	struct late *late;
	char part_name[FILES_NAME_MAX], segment_name[FILES_NAME_MAX];
	char beside_name[FILES_NAME_MAX]; /* "": what stands beside hasn't changed */
	struct str beside;
	uint64_t n_samples, n_young;
	uint32_t deletions; /* the newest one's number */
	bool has_failed;    /* something of it may be in the folder */
	struct part *part;
	struct index *segment;
	struct series_column column;
	struct arena histograms;
	uint8_t bytes[CHUNK_BYTES_MAX];
};

/* What of one series is in memory takes no more when it is unpacked. */
#define HISTOGRAMS_BYTES_MAX (SIZE_MAX / 2)

/* Young labels take memory, and make a start slower. */
#define YOUNG_MAX 20000

/* Open chunks take this much before they are flushed early, for each series and anyway; but not
 * more often than so. */
#define SERIES_BYTES 64
#define HEAD_BYTES   (2u << 20)
#define PAUSE_MS     (20 * SECOND_MS)
#define LULL_MS      (2 * SECOND_MS) /* but at once when much came in bulk, and has ended */

static bool is_large(const struct store *s)
{
	const struct generation *g = s->head.open;
	uint64_t slabs = g->cells.n + g->pages.n + g->late.n + g->late_bytes.n + g->young.texts.n +
			 g->young.series.n;

	return slabs * SLAB_BYTES > HEAD_BYTES + SERIES_BYTES * s->head.n_live ||
	       g->young.n >= YOUNG_MAX;
}

static bool is_due(const struct store *s, struct mono *ret_at)
{
	const struct generation *open = s->head.open;

	if (s->head.n_sealed)
		return true;
	if (!open->n_samples && !open->young.n)
		return false;
	if (s->is_flush_wanted || slabs_left(&s->head.slabs) < s->head.slabs.max / 2)
		return true;
	ret_at->ms = s->sealed.ms + s->settings.flush_ms;
	if (is_large(s)) {
		int64_t pause_ms = s->sealed.ms + PAUSE_MS, lull_ms = s->last_commit.ms + LULL_MS;

		ret_at->ms = pause_ms < lull_ms ? pause_ms : lull_ms;
	}
	return s->now.mono.ms >= ret_at->ms;
}

static void *plan(struct store *s, struct mono *ret_at)
{
	struct flush *f;

	if (!is_due(s, ret_at))
		return NULL;
	s->is_flush_wanted = false;
	if (s->head.open->n_samples || s->head.open->young.n)
		store_seal(s);
	f = must_alloc(sizeof *f);
	f->files = s->files;
	arena_init(&f->histograms, HISTOGRAMS_BYTES_MAX);
	f->column.histograms = &f->histograms;
	f->catalog = catalog_hold(s->catalog);
	if (f->catalog->n_deletions)
		f->deletions = f->catalog->deletions[f->catalog->n_deletions - 1]->number;
	f->n = s->head.n_sealed;
	f->v = must_alloc(f->n * sizeof *f->v);
	f->at = must_alloc(f->n * sizeof *f->at);
	f->late = must_alloc(f->n * sizeof *f->late);
	for (uint32_t i = 0; i < f->n; i++) {
		f->v[i] = generation_view_sealed(generation_hold(s->head.sealed[i]));
		f->n_samples += f->v[i].g->n_samples;
		f->n_young += f->v[i].n_young;
	}
	manifest_file_name(MANIFEST_PART, s->next_file++, f->part_name);
	manifest_file_name(MANIFEST_SEGMENT, s->next_file++, f->segment_name);
	if (s->is_beside_old) {
		manifest_file_name(MANIFEST_BESIDE, s->next_file++, f->beside_name);
		store_write_beside(s, &f->beside);
		s->is_beside_old = false;
	}
	return f;
}

static enum rc write_segment(struct flush *f, struct err *e)
{
	scoped(index_builder_free) struct index_builder *b = index_builder_new();
	struct label *v = must_alloc(SERIES_LABELS_MAX * sizeof *v);
	enum rc rc;

	for (uint32_t i = 0; i < f->n; i++) {
		const struct generation_view *g = &f->v[i];
		struct young_walk walk = young_walk(g->g->slabs, g->young_slabs, g->n_young);
		const struct young_series *s;

		while ((s = young_next(&walk))) {
			young_labels(g->g->slabs, s, v);
			index_builder_add(b, s->id, &(struct labels){ v, s->n }, s->hash);
		}
	}
	rc = index_builder_write(b, f->files, f->segment_name, e);
	free(v);
	return rc == RC_OK ? index_open(&f->segment, f->files, f->segment_name, e) : rc;
}

static bool is_plain(const struct flush *f)
{
	const struct generation *g = f->v[0].g;

	if (f->n > 1 || f->v[0].n_late)
		return false;
	for (uint32_t i = 0; i < f->catalog->n_deletions; i++)
		if (g->number < f->catalog->deletions[i]->generation)
			return false;
	return true;
}

static enum rc write_plain(struct flush *f, struct block_writer *w, struct err *e)
{
	const struct generation_view *v = &f->v[0];
	enum rc rc = RC_OK;

	for (uint32_t i = 0; i < v->n_pages; i++) {
		for (uint32_t k = 0; rc == RC_OK && k < PAGE_SERIES; k++) {
			struct chunk_word word = v->pages[i].page->words[k];
			struct chunk chunk;

			if (!word.n_samples)
				continue;
			chunk = generation_chunk(v->g->slabs, v->g->base_ms, word, f->bytes);
			rc = block_writer_add_chunk(w, v->pages[i].number * PAGE_SERIES + k, &chunk,
				e);
		}
	}
	return rc;
}

/* What was added to the column from `from` on, less what was deleted, in order. */
static void settle(struct flush *f, const struct generation *g, uint32_t id, uint32_t from)
{
	catalog_delete_of_generation(f->catalog, g->number, id, &f->column, from);
	column_settle(&f->column, from);
}

static enum rc gather(struct flush *f, uint32_t id, struct err *e)
{
	enum rc rc = RC_OK;

	f->column.n = 0;
	arena_reset(&f->histograms);
	for (uint32_t i = 0; rc == RC_OK && i < f->n; i++) {
		struct chunk_word word = generation_view_word(&f->v[i], id, &f->at[i]);
		const struct generation *g = f->v[i].g;
		uint32_t from = f->column.n;
		struct chunk chunk;

		if (word.n_samples) {
			chunk = generation_chunk(g->slabs, g->base_ms, word, f->bytes);
			rc = chunk_read(&chunk, INT64_MIN, INT64_MAX, &f->column, e);
		}
		settle(f, g, id, from);
		from = f->column.n;
		if (rc == RC_OK)
			rc = late_read(&f->late[i], id, &f->column, e);
		settle(f, g, id, from);
	}
	return rc;
}

/* The first id from `id` on that has samples anywhere; UINT32_MAX: none has. */
static uint32_t next_id(const struct flush *f, uint32_t id)
{
	uint32_t next = UINT32_MAX;

	for (uint32_t i = 0; i < f->n; i++) {
		uint32_t at = f->at[i];
		const struct late *late = &f->late[i];

		while (at < f->v[i].n_pages && f->v[i].pages[at].number < id / PAGE_SERIES)
			at++;
		if (at < f->v[i].n_pages) {
			uint32_t first = f->v[i].pages[at].number * PAGE_SERIES;

			next = first > id ? (first < next ? first : next) : id;
		}
		for (uint32_t k = late->at; k < late->n && late->v[k].id < next; k++)
			if (late->v[k].id >= id)
				next = late->v[k].id;
	}
	return next;
}

static enum rc write_gathered(struct flush *f, struct block_writer *w, struct err *e)
{
	enum rc rc = RC_OK;

	for (uint32_t i = 0; i < f->n; i++)
		late_init(&f->late[i], &f->v[i], INT64_MIN, INT64_MAX);
	for (uint32_t id = next_id(f, 0); rc == RC_OK && id != UINT32_MAX;
		id = next_id(f, id + 1)) {
		rc = gather(f, id, e);
		if (rc == RC_OK)
			rc = block_writer_add(w, id, &f->column, e);
	}
	return rc;
}

static enum rc write_part(struct flush *f, struct err *e)
{
	scoped(part_writer_fini) struct part_writer file = { 0 };
	scoped(block_writer_free) struct block_writer *w = NULL;
	struct block_settings settings = { .base_ms = f->v[0].g->base_ms };
	struct block_info info;
	enum rc rc = part_writer_begin(&file, f->files, f->part_name, e);

	if (rc != RC_OK)
		return rc;
	w = block_writer_new(&file.output, &settings);
	rc = is_plain(f) ? write_plain(f, w, e) : write_gathered(f, w, e);
	if (rc == RC_OK)
		rc = block_writer_finish(w, &info, e);
	if (rc == RC_OK)
		rc = part_writer_end(&file, e);
	return rc == RC_OK ? part_open(&f->part, f->files, f->part_name, e) : rc;
}

/* What a power cut leaves of the part it must leave of the logs, too, for who follows them; and until the
 * manifest knows the part they are all that there is. */
static enum rc sync_logs(const struct flush *f, struct err *e)
{
	char name[FILES_NAME_MAX];
	enum rc rc = RC_OK;

	for (uint32_t i = 0; rc == RC_OK && i < f->n; i++) {
		rc = f->files->sync_name(f->files->self, log_name(f->v[i].g->number, name), e);
		rc = rc == RC_NOT_FOUND ? RC_OK : rc; /* it was never written */
	}
	return rc;
}

static enum rc write_all(struct flush *f, struct err *e)
{
	enum rc rc = sync_logs(f, e);

	if (rc == RC_OK && f->n_young)
		rc = write_segment(f, e);
	if (rc == RC_OK && f->n_samples)
		rc = write_part(f, e);
	if (rc == RC_OK && f->beside_name[0])
		rc = beside_write(f->files, f->beside_name, &f->beside, e);
	return rc == RC_OK ? f->files->sync_folder(f->files->self, e) : rc;
}

static enum rc run(void *plan, struct err *e)
{
	struct flush *f = plan;
	enum rc rc = write_all(f, e);

	f->has_failed = rc != RC_OK;
	return rc;
}

/* Somebody still reads what only waits to be written. */
static bool is_awaited(const struct store *s, struct log *l)
{
	return kept_is_wanted(s, l->generation) && !l->is_lame &&
	       log_write_waiting(l, NULL) != RC_OK;
}

/* The store itself needs the logs of these generations no more. */
static void end_logs(struct store *s, uint32_t generation)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->n_logs; i++) {
		struct log *l = s->logs[i];

		if (l->generation > generation || is_awaited(s, l)) {
			s->logs[n++] = l;
			continue;
		}
		if (l->is_lame)
			kept_tell_lame(s, l->generation);
		if (l->is_syncing)
			l->is_done = true;
		else
			log_free(l);
	}
	s->n_logs = n;
}

static void adopt(struct store *s, void *plan)
{
	struct flush *f = plan;
	struct catalog *c = catalog_copy(s->catalog);
	const struct generation *last = f->v[f->n - 1].g;

	if (f->segment)
		c->segments[c->n_segments++] = TAKE(f->segment);
	if (f->part) {
		f->part->deletions = f->deletions;
		if (f->part->block.info.max_ms > s->flushed_ms)
			s->flushed_ms = f->part->block.info.max_ms;
		c->parts[c->n_parts++] = TAKE(f->part);
	}
	if (f->beside_name[0]) {
		if (s->beside[0])
			store_make_useless(s, s->beside);
		str_copy(s->beside, sizeof s->beside, f->beside_name);
		f->beside_name[0] = 0;
	}
	store_set_catalog(s, c);
	s->flushed_generation = last->number;
	s->flushed_id = last->young.first_id + last->young.n;
	end_logs(s, last->number);
	for (uint32_t i = 0; i < f->n; i++)
		kept_put(s, f->v[i].g->number);
	head_forget(&s->head, f->n);
}

static void end(struct store *s, void *plan)
{
	struct flush *f = plan;

	s->is_beside_old |= f->beside_name[0] != 0; /* it wasn't written */
	if (f->has_failed) {
		store_make_unfinished_useless(s, f->part_name);
		store_make_unfinished_useless(s, f->segment_name);
		if (f->beside_name[0])
			store_make_useless(s, f->beside_name);
	}
	str_fini(&f->beside);
	for (uint32_t i = 0; i < f->n; i++) {
		generation_drop(f->v[i].g);
		late_fini(&f->late[i]);
	}
	catalog_drop(f->catalog);
	part_drop(f->part);
	index_drop(f->segment);
	series_column_fini(&f->column);
	arena_fini(&f->histograms);
	free(f->v);
	free(f->at);
	free(f->late);
	free(f);
}

const struct work_row work_flush = { "flush", plan, run, adopt, end };
