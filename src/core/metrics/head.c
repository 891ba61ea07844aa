/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/head.h"

#include "base/mem.h"
#include "core/metrics/packed.h"

#include <string.h>

_Static_assert(sizeof(struct live) == 32, "bytes a living series");

void head_init(struct head *h, uint64_t bytes_max)
{
	*h = (struct head){ 0 };
	slabs_init(&h->slabs, bytes_max);
}

void head_fini(struct head *h)
{
	must(!h->oldest);
	head_forget(h, h->n_sealed);
	generation_drop(h->open);
	for (uint32_t i = 0; i < h->n_numbers; i++)
		free(h->pages[h->numbers[i]]);
	free(h->pages);
	free(h->numbers);
	free(h->sealed);
	wal_commit_fini(&h->commit);
	last_histograms_fini(&h->last);
	str_fini(&h->packed);
	slabs_fini(&h->slabs);
}

void head_open(struct head *h, uint32_t number, uint32_t first_id, int64_t base_ms)
{
	must(!h->open);
	h->open = generation_new(&h->slabs, number, first_id, base_ms);
}

void head_forget(struct head *h, uint32_t n)
{
	must(n <= h->n_sealed);
	for (uint32_t i = 0; i < n; i++)
		generation_drop(h->sealed[i]);
	h->n_sealed -= n;
	if (h->n_sealed)
		memmove(h->sealed, h->sealed + n, h->n_sealed * sizeof *h->sealed);
}

static struct live_page *page_of(const struct head *h, uint32_t id)
{
	uint32_t number = id >> PAGE_BITS;

	return number < h->n_pages ? h->pages[number] : NULL;
}

static struct live *live_of(const struct head *h, uint32_t id)
{
	struct live_page *p = page_of(h, id);

	return p ? &p->series[id & (PAGE_SERIES - 1)] : NULL;
}

/* Where `number` stands, or would, among those that are there. */
static uint32_t place_of(const struct head *h, uint32_t number)
{
	uint32_t low = 0, high = h->n_numbers;

	while (low < high) {
		uint32_t mid = (low + high) / 2;

		if (h->numbers[mid] < number)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct live_page *make_page(struct head *h, uint32_t number)
{
	uint32_t at = place_of(h, number), n = h->n_pages;
	struct live_page *p = must_alloc(sizeof *p);

	if (number >= n) {
		h->n_pages = number + 1 > 2 * n ? number + 1 : 2 * n;
		h->pages = must_realloc(h->pages, h->n_pages * sizeof *h->pages);
		memset(h->pages + n, 0, (h->n_pages - n) * sizeof *h->pages);
	}
	must_grow(h->numbers, h->n_numbers, h->cap_numbers);
	memmove(h->numbers + at + 1, h->numbers + at, (h->n_numbers - at) * sizeof *h->numbers);
	h->numbers[at] = number;
	h->n_numbers++;
	p->number = number;
	h->pages[number] = p;
	return p;
}

void head_revive(struct head *h, uint32_t id, int64_t last_ms)
{
	struct live_page *p = page_of(h, id);
	struct live *s;

	if (!p)
		p = make_page(h, id >> PAGE_BITS);
	s = &p->series[id & (PAGE_SERIES - 1)];
	if (s->is_live)
		return;
	/* The seal before this one: its chunk isn't begun. */
	*s = (struct live){ .chunk = chunk_begin(last_ms),
		.seal = (uint8_t)(h->seal - 1),
		.is_live = true };
	p->n_live++;
	h->n_live++;
}

bool head_is_live(const struct head *h, uint32_t id)
{
	const struct live *s = live_of(h, id);

	return s && s->is_live;
}

/* Page of words: a spare one that no view shows any more, or a new one.  NULL: no memory. */
static struct chunk_page *make_words(struct head *h)
{
	struct generation *g = h->open;
	uint32_t place;

	if (g->first_retired < g->n_retired &&
		(!h->oldest || h->oldest->epoch > g->retired[g->first_retired].epoch))
		return g->retired[g->first_retired++].page;
	place = slab_heap_alloc(&g->pages, sizeof(struct chunk_page));
	return place ? (void *)slabs_at(&h->slabs, place) : NULL;
}

static void retire(struct head *h, struct chunk_page *page)
{
	struct generation *g = h->open;

	if (g->first_retired > 64 && 2 * g->first_retired > g->n_retired) {
		g->n_retired -= g->first_retired;
		memmove(g->retired, g->retired + g->first_retired,
			g->n_retired * sizeof *g->retired);
		g->first_retired = 0;
	}
	must_grow(g->retired, g->n_retired, g->cap_retired);
	g->retired[g->n_retired++] = (struct retired_page){ page, h->epoch };
}

/* Words of `p` that no view shows.  False: no memory. */
static bool own_words(struct head *h, struct live_page *p)
{
	struct chunk_page *words = make_words(h);

	if (!words)
		return false;
	if (p->words) {
		memcpy(words, p->words, sizeof *words);
		retire(h, p->words);
	} else {
		memset(words, 0, sizeof *words);
	}
	p->words = words;
	p->epoch = h->epoch;
	return true;
}

static inline bool words_are_ours(const struct head *h, const struct live_page *p)
{
	return p->words && (!h->newest || h->newest->epoch <= p->epoch);
}

/* Put bytes behind a chunk.  False: no memory, nothing has changed. */
static bool put_bytes(struct head *h, struct live *s, struct chunk_word *w, const uint8_t *bytes,
	unsigned n)
{
	unsigned fits = w->n_bytes ? CELL_PAYLOAD - s->cell_used : 0;
	struct cell *cell = w->n_bytes ? (void *)slabs_at(&h->slabs, s->cell) : NULL;
	uint32_t place;

	if (fits >= n) {
		memcpy(cell->bytes + s->cell_used, bytes, n);
		s->cell_used = (uint8_t)(s->cell_used + n);
		return true;
	}
	place = slab_heap_alloc(&h->open->cells, CELL_BYTES);
	if (!place)
		return false;
	if (cell) {
		memcpy(cell->bytes + s->cell_used, bytes, fits);
		cell->next = place;
	} else {
		w->first = place;
	}
	cell = (void *)slabs_at(&h->slabs, place);
	memcpy(cell->bytes, bytes + fits, n - fits);
	s->cell = place;
	s->cell_used = (uint8_t)(n - fits);
	return true;
}

/* The same of more bytes than a cell has.  When there is no memory for all of them the chunk is as it
 * was; cells that it has got stay unused. */
static bool put_long(struct head *h, struct live *s, struct chunk_word *w, const uint8_t *bytes,
	unsigned n)
{
	const struct live live_before = *s;
	const struct chunk_word word_before = *w;

	for (unsigned at = 0, some; at < n; at += some) {
		some = n - at < CELL_PAYLOAD ? n - at : CELL_PAYLOAD;
		if (!put_bytes(h, s, w, bytes + at, some)) {
			*s = live_before;
			*w = word_before;
			return false;
		}
		w->n_bytes = (uint16_t)(w->n_bytes + some);
	}
	w->n_bytes = word_before.n_bytes;
	return true;
}

static void note_time(struct generation *g, int64_t t_ms)
{
	if (t_ms < g->min_ms)
		g->min_ms = t_ms;
	if (t_ms > g->max_ms)
		g->max_ms = t_ms;
	g->n_samples++;
}

static bool put_late_sample(struct head *h, const struct late_sample *sample)
{
	struct generation *g = h->open;
	uint32_t i = g->n_late % LATE_PER_SLAB;
	struct late_sample *s;

	/* One allocation is one slab: so sample i is in slab i / LATE_PER_SLAB. */
	if (!i && !slab_heap_alloc(&g->late, SLAB_BYTES))
		return false;
	s = (void *)slabs_at(&h->slabs, g->late.v[g->n_late / LATE_PER_SLAB] << SLAB_BITS);
	s[i] = *sample;
	s[i].order = g->n_late & INT32_MAX;
	g->n_late++;
	note_time(g, sample->t_ms);
	return true;
}

static bool put_late(struct head *h, uint32_t id, int64_t t_ms, double v)
{
	return put_late_sample(h, &(struct late_sample){ .t_ms = t_ms, .v = v, .id = id });
}

static bool put_late_histogram(struct head *h, uint32_t id, int64_t t_ms, const void *bytes,
	uint32_t n)
{
	uint32_t place = slab_heap_alloc(&h->open->late_bytes, 4 + n);

	if (!place)
		return false;
	memcpy(slabs_at(&h->slabs, place), &n, 4);
	memcpy(slabs_at(&h->slabs, place) + 4, bytes, n);
	return put_late_sample(h, &(struct late_sample){ .t_ms = t_ms,
					  .place = place,
					  .id = id,
					  .is_histogram = true });
}

/* A sample that can't stand behind its chunk goes to the side. */
static enum series_verdict append_late(struct head *h, uint32_t id, int64_t t_ms, double v)
{
	if (put_late(h, id, t_ms, v))
		wal_add_late(&h->commit, id, t_ms, v);
	else
		h->n_dropped++;
	return SERIES_TAKEN;
}

static enum series_verdict append_behind(struct head *h, const struct live *s, uint32_t id,
	int64_t t_ms, double v)
{
	if (t_ms == s->chunk.t_ms && s->chunk.bits == double_bits(v) && !s->chunk.is_histogram)
		return SERIES_SAME;
	if (t_ms == s->chunk.t_ms)
		return SERIES_DUPLICATE;
	if (!h->late_ms || is_stale(v))
		return SERIES_OUT_OF_ORDER;
	if (t_ms < s->chunk.t_ms - h->late_ms)
		return SERIES_TOO_OLD;
	return append_late(h, id, t_ms, v);
}

/* A histogram is told whole at the side. */
static enum series_verdict append_late_histogram(struct head *h, uint32_t id, int64_t t_ms,
	const struct histogram *histogram)
{
	str_clear(&h->packed);
	packed_add(&h->packed, NULL, histogram);
	if (put_late_histogram(h, id, t_ms, h->packed.s, (uint32_t)h->packed.len))
		beside_add_late_histogram(&h->commit.beside, id, t_ms, h->packed.s, h->packed.len);
	else
		h->n_dropped++;
	return SERIES_TAKEN;
}

static enum series_verdict append_histogram_behind(struct head *h, const struct live *s,
	uint32_t id, struct histogram_sample sample)
{
	const struct last_histogram *last = last_histograms_find(&h->last, id);

	if (sample.t_ms == s->chunk.t_ms && last && last->t_ms == sample.t_ms &&
		histogram_equal(&last->h, sample.h))
		return SERIES_SAME;
	if (sample.t_ms == s->chunk.t_ms)
		return SERIES_DUPLICATE;
	if (!h->late_ms)
		return SERIES_OUT_OF_ORDER;
	if (sample.t_ms < s->chunk.t_ms - h->late_ms)
		return SERIES_TOO_OLD;
	return append_late_histogram(h, id, sample.t_ms, sample.h);
}

static bool is_full(const struct chunk_word *w)
{
	return w->n_samples == CHUNK_SAMPLES_MAX || w->n_bytes > CHUNK_BYTES_MAX - CHUNK_APPEND_MAX;
}

static bool put_sample(struct head *h, struct live *s, struct chunk_word *w, uint32_t id,
	struct sample sample)
{
	struct chunk_state state = w->n_samples ? s->chunk : chunk_begin(h->open->base_ms);
	uint8_t bytes[CHUNK_APPEND_ROOM];
	unsigned n = chunk_append(&state, bytes, sample.t_ms, sample.v);

	if (n && !put_bytes(h, s, w, bytes, n))
		return false;
	s->chunk = state;
	s->seal = h->seal;
	w->n_bytes = (uint16_t)(w->n_bytes + n);
	w->n_samples++;
	note_time(h->open, sample.t_ms);
	wal_add_sample(&h->commit, id, bytes, n);
	return true;
}

enum series_verdict head_append(struct head *h, uint32_t id, int64_t t_ms, double v)
{
	struct live_page *p = page_of(h, id);
	struct live *s = p ? &p->series[id & (PAGE_SERIES - 1)] : NULL;
	struct chunk_word *w;

	if (!s || !s->is_live)
		return SERIES_GONE;
	if (t_ms <= s->chunk.t_ms)
		return append_behind(h, s, id, t_ms, v);
	if (!words_are_ours(h, p) && !own_words(h, p)) {
		h->n_dropped++;
		return SERIES_TAKEN;
	}
	w = &p->words->words[id & (PAGE_SERIES - 1)];
	if (is_full(w)) {
		s->chunk.t_ms = t_ms;
		s->chunk.bits = double_bits(v);
		s->chunk.is_histogram = false;
		h->is_crowded = true;
		return append_late(h, id, t_ms, v);
	}
	h->is_crowded |= w->n_samples > CHUNK_SAMPLES_MAX / 2 || w->n_bytes > CHUNK_BYTES_MAX / 2;
	if (!put_sample(h, s, w, id, (struct sample){ t_ms, v }))
		h->n_dropped++;
	return SERIES_TAKEN;
}

/* The memory of newest histograms is bounded, too. */
#define LAST_SHARE 4 /* of all memory one part in so many */

static bool is_packed_same(const struct str *packed)
{
	return packed->len == 1 && packed->s[0] == PACKED_SAME;
}

static bool put_histogram(struct head *h, struct live *s, struct chunk_word *w, uint32_t id,
	struct histogram_sample sample)
{
	struct chunk_state state = w->n_samples ? s->chunk : chunk_begin(h->open->base_ms);
	struct last_histogram *last = last_histograms_find(&h->last, id);
	uint8_t bytes[PACKED_BYTES_MAX + CHUNK_APPEND_ROOM];
	bool is_behind = w->n_samples && last && last->generation == h->open->number;
	unsigned n;

	str_clear(&h->packed);
	packed_add(&h->packed, is_behind ? &last->h : NULL, sample.h);
	n = is_packed_same(&h->packed) && state.is_histogram ? 0 : (unsigned)h->packed.len;
	n = chunk_append_histogram(&state, bytes, sample.t_ms, (uint8_t *)h->packed.s, n);
	if (n > (unsigned)CHUNK_BYTES_MAX - w->n_bytes) {
		h->is_crowded = true;
		return append_late_histogram(h, id, sample.t_ms, sample.h) == SERIES_TAKEN;
	}
	if (n && !put_long(h, s, w, bytes, n))
		return false;
	s->chunk = state;
	s->seal = h->seal;
	w->n_bytes = (uint16_t)(w->n_bytes + n);
	w->n_samples++;
	note_time(h->open, sample.t_ms);
	wal_add_sample(&h->commit, id, bytes, n);
	last = last_histograms_put(&h->last, id, sample.t_ms, sample.h);
	last->generation = h->open->number;
	return true;
}

enum series_verdict head_append_histogram(struct head *h, uint32_t id, int64_t t_ms,
	const struct histogram *histogram)
{
	struct live_page *p = page_of(h, id);
	struct live *s = p ? &p->series[id & (PAGE_SERIES - 1)] : NULL;
	struct chunk_word *w;

	if (!s || !s->is_live)
		return SERIES_GONE;
	if (t_ms <= s->chunk.t_ms)
		return append_histogram_behind(h, s, id,
			(struct histogram_sample){ t_ms, histogram });
	if (h->last.size_bytes > (uint64_t)h->slabs.max * SLAB_BYTES / LAST_SHARE ||
		(!words_are_ours(h, p) && !own_words(h, p))) {
		h->n_dropped++;
		return SERIES_TAKEN;
	}
	w = &p->words->words[id & (PAGE_SERIES - 1)];
	if (is_full(w)) {
		s->chunk.t_ms = t_ms;
		s->chunk.is_histogram = true;
		last_histograms_put(&h->last, id, t_ms, histogram);
		h->is_crowded = true;
		return append_late_histogram(h, id, t_ms, histogram);
	}
	h->is_crowded |= w->n_samples > CHUNK_SAMPLES_MAX / 2 || w->n_bytes > CHUNK_BYTES_MAX / 2;
	if (!put_histogram(h, s, w, id, (struct histogram_sample){ t_ms, histogram }))
		h->n_dropped++;
	return SERIES_TAKEN;
}

bool head_replay(struct head *h, uint32_t id, const uint8_t *bytes, unsigned n)
{
	struct live_page *p;
	struct chunk_word *w;

	head_revive(h, id, INT64_MIN);
	p = page_of(h, id);
	if (!p->words && !own_words(h, p)) {
		h->n_dropped++;
		return true;
	}
	w = &p->words->words[id & (PAGE_SERIES - 1)];
	if (is_full(w) || n > (unsigned)CHUNK_BYTES_MAX - w->n_bytes)
		return false;
	/* Without these bytes what follows in this chunk would be read wrongly. */
	if (n && !put_long(h, &p->series[id & (PAGE_SERIES - 1)], w, bytes, n))
		return false;
	w->n_bytes = (uint16_t)(w->n_bytes + n);
	w->n_samples++;
	return true;
}

bool head_replay_late(struct head *h, uint32_t id, int64_t t_ms, double v)
{
	head_revive(h, id, INT64_MIN);
	return put_late(h, id, t_ms, v);
}

bool head_replay_late_histogram(struct head *h, uint32_t id, int64_t t_ms, const uint8_t *bytes,
	unsigned n)
{
	if (n > PACKED_BYTES_MAX)
		return false;
	head_revive(h, id, INT64_MIN);
	return put_late_histogram(h, id, t_ms, bytes, n);
}

/* The newest sample of a chunk that was replayed. */
static bool resume(struct head *h, struct live *s, struct chunk_word *w,
	struct series_column *column)
{
	uint8_t bytes[CHUNK_BYTES_MAX];
	struct chunk c = generation_chunk(&h->slabs, h->open->base_ms, *w, bytes);

	column->n = 0;
	arena_reset(column->histograms);
	if (chunk_read(&c, INT64_MIN, INT64_MAX, column, NULL) != RC_OK || !column->n) {
		*w = (struct chunk_word){ 0 };
		return false;
	}
	for (uint32_t i = 0; i < column->n; i++)
		note_time(h->open, column->t_ms[i]);
	if (s->chunk.t_ms < column->t_ms[column->n - 1])
		s->chunk = (struct chunk_state){ .t_ms = column->t_ms[column->n - 1],
			.bits = double_bits(column->v[column->n - 1]),
			.is_histogram = column->h && column->h[column->n - 1] };
	s->seal = h->seal;
	return true;
}

bool head_resume(struct head *h)
{
	scoped(arena_fini) struct arena histograms;
	scoped(series_column_fini) struct series_column column = { .histograms = &histograms };
	bool is_well = true;

	arena_init(&histograms, CHUNK_HISTOGRAMS_BYTES_MAX);
	for (uint32_t i = 0; i < h->n_numbers; i++) {
		struct live_page *p = h->pages[h->numbers[i]];

		for (uint32_t k = 0; p->words && k < PAGE_SERIES; k++)
			if (p->words->words[k].n_samples)
				is_well &= resume(h, &p->series[k], &p->words->words[k], &column);
	}
	return is_well;
}

/* Pages that have words, as a list. */
static uint32_t list_pages(const struct head *h, struct numbered_page *ret)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < h->n_numbers; i++) {
		const struct live_page *p = h->pages[h->numbers[i]];

		if (p->words)
			ret[n++] = (struct numbered_page){ p->number, p->words };
	}
	return n;
}

/* Series that said nothing for long are no longer live. */
static void retire_idle(struct head *h, struct live_page *p)
{
	for (uint32_t k = 0; k < PAGE_SERIES; k++) {
		struct live *s = &p->series[k];

		if (!s->is_live || (uint8_t)(h->seal - s->seal) <= HEAD_IDLE_SEALS)
			continue;
		s->is_live = false;
		p->n_live--;
		h->n_live--;
	}
}

static bool is_living(const void *ctx, uint32_t id)
{
	return head_is_live(ctx, id);
}

static void free_empty_pages(struct head *h)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < h->n_numbers; i++) {
		struct live_page *p = h->pages[h->numbers[i]];

		if (p->n_live) {
			h->numbers[n++] = p->number;
			continue;
		}
		h->pages[p->number] = NULL;
		free(p);
	}
	h->n_numbers = n;
}

struct generation *head_seal(struct head *h)
{
	struct generation *g = h->open;

	g->sealed = must_alloc((h->n_numbers + 1) * sizeof *g->sealed);
	g->n_sealed = list_pages(h, g->sealed);
	h->seal++;
	for (uint32_t i = 0; i < h->n_numbers; i++) {
		struct live_page *p = h->pages[h->numbers[i]];

		p->words = NULL;
		retire_idle(h, p);
	}
	last_histograms_keep(&h->last, is_living, h);
	free_empty_pages(h);
	must_grow(h->sealed, h->n_sealed, h->cap_sealed);
	h->sealed[h->n_sealed++] = g;
	h->open = NULL;
	h->is_crowded = false;
	return g;
}

uint64_t head_memory(const struct head *h)
{
	const struct young *y = &h->open->young;

	return (uint64_t)slabs_used(&h->slabs) * SLAB_BYTES +
	       h->n_numbers * (uint64_t)sizeof(struct live_page) + h->n_pages * sizeof *h->pages +
	       h->commit.cap + h->commit.series.cap + h->commit.late.cap + h->commit.beside.cap +
	       h->last.size_bytes + h->packed.cap + 4ull * (y->cap + y->cap_texts);
}

/* The open generation as it is now; what of it will move is copied to `own`. */
static struct generation_view view_open(struct head *h, void **ret_own)
{
	struct generation *g = h->open;
	struct generation_view v = { .g = g,
		.n_late = g->n_late,
		.n_young = g->young.n,
		.min_ms = g->min_ms,
		.max_ms = g->max_ms };
	size_t n_pages = h->n_numbers * sizeof *v.pages, n_late = g->late.n * sizeof *g->late.v;
	size_t n_young = g->young.series.n * sizeof *g->young.series.v;
	uint8_t *own = must_alloc(n_pages + n_late + n_young + 1);

	v.n_pages = list_pages(h, (void *)own);
	if (n_late)
		memcpy(own + n_pages, g->late.v, n_late);
	if (n_young)
		memcpy(own + n_pages + n_late, g->young.series.v, n_young);
	v.pages = (const void *)own;
	v.late_slabs = (const void *)(own + n_pages);
	v.young_slabs = (const void *)(own + n_pages + n_late);
	*ret_own = own;
	return v;
}

struct generation_view generation_view_sealed(struct generation *g)
{
	return (struct generation_view){ .g = g,
		.pages = g->sealed,
		.n_pages = g->n_sealed,
		.late_slabs = g->late.v,
		.n_late = g->n_late,
		.young_slabs = g->young.series.v,
		.n_young = g->young.n,
		.min_ms = g->min_ms,
		.max_ms = g->max_ms };
}

struct head_view *head_view_new(struct head *h)
{
	struct head_view *v = must_alloc(sizeof *v);

	v->v = must_alloc((h->n_sealed + 1) * sizeof *v->v);
	for (uint32_t i = 0; i < h->n_sealed; i++)
		v->v[v->n++] = generation_view_sealed(generation_hold(h->sealed[i]));
	v->v[v->n++] = view_open(h, &v->own);
	generation_hold(h->open);
	v->epoch = ++h->epoch;
	v->older = h->newest;
	*(h->newest ? &h->newest->newer : &h->oldest) = v;
	h->newest = v;
	return v;
}

void head_view_free(struct head *h, struct head_view *v)
{
	*(v->older ? &v->older->newer : &h->oldest) = v->newer;
	*(v->newer ? &v->newer->older : &h->newest) = v->older;
	for (uint32_t i = 0; i < v->n; i++)
		generation_drop(v->v[i].g);
	free(v->own);
	free(v->v);
	free(v);
}

struct chunk_word generation_view_word(const struct generation_view *v, uint32_t id, uint32_t *at)
{
	uint32_t number = id >> PAGE_BITS;

	while (*at < v->n_pages && v->pages[*at].number < number)
		++*at;
	if (*at == v->n_pages || v->pages[*at].number != number)
		return (struct chunk_word){ 0 };
	return v->pages[*at].page->words[id & (PAGE_SERIES - 1)];
}
