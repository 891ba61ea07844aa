/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segments side by side become one, so that there are few; and, after parts have gone, series that
 * have samples nowhere are left out.
 *
 * A series may get samples again while this runs.  It is live then, and was known when it was found:
 * so what was made counts only if it has every series that lives.
 */
#include "core/metrics/work.h"

#include "base/limits.h"

#define SEGMENTS_FEW   4
#define CLEAN_EVERY_MS HOUR_MS

struct reindex {
	const struct files *files;
	struct catalog *catalog;
	uint32_t from, to; /* its segments */
	bool is_cleaning;
	uint64_t past;    /* ticket of the past when this was planned */
	struct bits used; /* ids that the head uses; when cleaning, those of parts are added */
	uint64_t n_left_out;
	char name[FILES_NAME_MAX];
	bool has_failed;    /* something of it may be in the folder */
	struct index *made; /* NULL: nothing remained */
};

/* The newest segments, as long as the one before isn't more than twice as large as they. */
static uint32_t first_to_merge(const struct catalog *c)
{
	uint32_t i = c->n_segments - 1;
	uint64_t n = index_count(c->segments[i]);

	while (i > 0 && index_count(c->segments[i - 1]) <= 2 * n)
		n += index_count(c->segments[--i]);
	if (i == c->n_segments - 1 && c->n_segments > 2 * SEGMENTS_FEW)
		i--;
	return i;
}

static void add_page(struct reindex *r, uint32_t number, const bool *has)
{
	for (uint32_t k = 0; k < PAGE_SERIES; k++) {
		uint32_t id = number * PAGE_SERIES + k;

		if (has[k] && id < r->used.n)
			bits_add(&r->used, id, id + 1);
	}
}

static void note_used(const struct store *s, struct reindex *r)
{
	const struct head *h = &s->head;
	bool has[PAGE_SERIES];

	bits_init(&r->used, index_last_id(r->catalog->segments[r->to - 1]) + 1);
	for (uint32_t i = 0; i < h->n_numbers; i++) {
		for (uint32_t k = 0; k < PAGE_SERIES; k++)
			has[k] = h->pages[h->numbers[i]]->series[k].is_live;
		add_page(r, h->numbers[i], has);
	}
	for (uint32_t i = 0; i < h->n_sealed; i++)
		for (uint32_t p = 0; p < h->sealed[i]->n_sealed; p++) {
			const struct numbered_page *page = &h->sealed[i]->sealed[p];

			for (uint32_t k = 0; k < PAGE_SERIES; k++)
				has[k] = page->page->words[k].n_samples > 0;
			add_page(r, page->number, has);
		}
}

static void *plan(struct store *s, struct mono *ret_at)
{
	const struct catalog *c = s->catalog;
	bool is_cleaning = s->is_index_old && s->now.mono.ms >= s->cleaned.ms + CLEAN_EVERY_MS &&
			   !s->past.n && !s->past.n_out;
	struct reindex *r;

	(void)ret_at;
	if (!c->n_segments || (c->n_segments < SEGMENTS_FEW && !is_cleaning) ||
		(!is_cleaning && first_to_merge(c) == c->n_segments - 1))
		return NULL;
	r = must_alloc(sizeof *r);
	r->files = s->files;
	r->catalog = catalog_hold(s->catalog);
	r->from = is_cleaning ? 0 : first_to_merge(c);
	r->to = c->n_segments;
	r->is_cleaning = is_cleaning;
	r->past = s->past.given;
	manifest_file_name(MANIFEST_SEGMENT, s->next_file++, r->name);
	if (!is_cleaning)
		return r;
	note_used(s, r);
	s->cleaned = s->now.mono;
	s->is_index_old = false;
	return r;
}

static enum rc note_part(struct reindex *r, const struct part *p, struct err *e)
{
	scoped(block_cursor_free) struct block_cursor *c = block_cursor_new(&p->block);
	bool has = true;
	uint32_t id;

	for (;;) {
		enum rc rc = block_next(c, &id, &has, e);

		/* Where ids can't be read none may be left out. */
		if (rc != RC_OK)
			return rc;
		if (!has)
			return RC_OK;
		if (id < r->used.n)
			bits_add(&r->used, id, id + 1);
	}
}

static bool is_used(const struct reindex *r, uint32_t id)
{
	return !r->is_cleaning || r->used.words[id / 64] >> id % 64 & 1;
}

static enum rc add_segment(struct reindex *r, const struct index *x, struct index_builder *b,
	struct err *e)
{
	struct label *v = must_alloc(SERIES_LABELS_MAX * sizeof *v);
	enum rc rc = RC_OK;

	for (uint32_t i = 0; rc == RC_OK && i < index_count(x); i++) {
		struct labels l;

		if (!is_used(r, index_id(x, i))) {
			r->n_left_out++;
			continue;
		}
		rc = index_labels(x, i, v, &l, e);
		if (rc == RC_OK)
			index_builder_add(b, index_id(x, i), &l, labels_hash(&l));
	}
	free(v);
	return rc;
}

static enum rc write_segment(struct reindex *r, struct err *e)
{
	scoped(index_builder_free) struct index_builder *b = index_builder_new();
	enum rc rc = RC_OK;

	for (uint32_t i = 0; rc == RC_OK && r->is_cleaning && i < r->catalog->n_parts; i++)
		rc = note_part(r, r->catalog->parts[i], e);
	for (uint32_t i = r->from; rc == RC_OK && i < r->to; i++)
		rc = add_segment(r, r->catalog->segments[i], b, e);
	if (rc != RC_OK || !index_builder_count(b))
		return rc;
	rc = index_builder_write(b, r->files, r->name, e);
	if (rc == RC_OK)
		rc = r->files->sync_folder(r->files->self, e);
	return rc == RC_OK ? index_open(&r->made, r->files, r->name, e) : rc;
}

static enum rc run(void *plan, struct err *e)
{
	struct reindex *r = plan;
	enum rc rc = write_segment(r, e);

	r->has_failed = rc != RC_OK;
	return rc;
}

static bool has_all_that_live(const struct store *s, const struct reindex *r)
{
	const struct head *h = &s->head;

	for (uint32_t i = 0; i < h->n_numbers; i++)
		for (uint32_t k = 0; k < PAGE_SERIES; k++) {
			uint32_t id = h->numbers[i] * PAGE_SERIES + k;

			if (h->pages[h->numbers[i]]->series[k].is_live && id < r->used.n &&
				(!r->made || !index_has_id(r->made, id)))
				return false;
		}
	return true;
}

static void adopt(struct store *s, void *plan)
{
	struct reindex *r = plan;
	struct catalog *c = catalog_copy(s->catalog);
	uint32_t n = r->from;

	/* Samples of the past may be of series that don't live. */
	if (r->n_left_out && (r->past != s->past.given || !has_all_that_live(s, r))) {
		catalog_drop(c);
		if (r->made)
			store_make_useless(s, r->name);
		s->is_index_old = true;
		return;
	}
	s->forgotten += r->n_left_out > 0;
	/* Segments are only ever added behind these while one merge is under way. */
	for (uint32_t i = r->from; i < r->to; i++) {
		store_make_useless(s, index_name(c->segments[i]));
		index_drop(c->segments[i]);
	}
	if (r->made)
		c->segments[n++] = TAKE(r->made);
	for (uint32_t i = r->to; i < c->n_segments; i++)
		c->segments[n++] = c->segments[i];
	c->n_segments = n;
	store_set_catalog(s, c);
}

static void end(struct store *s, void *plan)
{
	struct reindex *r = plan;

	if (r->has_failed)
		store_make_unfinished_useless(s, r->name);
	index_drop(r->made);
	catalog_drop(r->catalog);
	bits_fini(&r->used);
	free(r);
}

const struct work_row work_merge_index = { "merge index", plan, run, adopt, end };
