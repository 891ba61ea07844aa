/* SPDX-License-Identifier: Apache-2.0 */
#define XXH_INLINE_ALL
#include "core/scrape/lines.h"

#include "base/mem.h"

#include <xxhash.h>

#define NEIGHBOURS     16   /* looked at before an index is made */
#define FAILED_GROWTH  1000 /* lines that may come on top of twice the good ones */
#define SLOTS_PER_LINE 2

void lines_fini(struct lines *l)
{
	free(l->v);
	*l = (struct lines){ 0 };
}

void lines_forget(struct lines *l)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < l->n; i++) {
		if (!l->v[i].is_tracked)
			continue;
		l->v[kept] = l->v[i];
		l->v[kept++].is_void = true;
	}
	l->n = kept;
}

uint64_t line_hash(const struct line_pass *p, const char *text, uint32_t n)
{
	return XXH3_64bits_withSeed(text, n, p->seed);
}

void line_pass_begin(struct line_pass *p, struct lines *l, uint64_t seed)
{
	*p = (struct line_pass){ .lines = l, .seed = seed };
}

void line_pass_fini(struct line_pass *p)
{
	free(p->next);
	free(p->seen);
	free(p->index);
	*p = (struct line_pass){ .lines = p->lines, .seed = p->seed };
}

static bool is_seen(const struct line_pass *p, uint32_t i)
{
	return p->seen ? p->seen[i / 8] >> i % 8 & 1 : i < p->cursor;
}

static void append(struct line_pass *p, const struct line *line)
{
	must_grow(p->next, p->n_next, p->cap_next);
	p->next[p->n_next++] = *line;
}

void line_pass_copy(struct line_pass *p)
{
	if (p->next)
		return;
	p->cap_next = p->lines->n + 16;
	p->next = must_alloc(p->cap_next * sizeof *p->next);
	p->seen = must_alloc(p->lines->n / 8 + 1);
	if (p->cursor)
		memcpy(p->next, p->lines->v, p->cursor * sizeof *p->next);
	p->n_next = p->cursor;
	for (uint32_t i = 0; i < p->cursor; i++)
		p->seen[i / 8] |= (uint8_t)(1 << i % 8);
}

/* Line `i` of the list comes next; returns its place. */
static uint32_t take(struct line_pass *p, uint32_t i)
{
	append(p, &p->lines->v[i]);
	p->seen[i / 8] |= (uint8_t)(1 << i % 8);
	p->cursor = i + 1;
	return p->n_next - 1;
}

uint32_t line_pass_take(struct line_pass *p)
{
	return take(p, p->cursor);
}

static bool is_same(const struct line *line, uint64_t hash, uint32_t n)
{
	return line->hash == hash && line->n == n && !line->is_void;
}

/* The index holds 1 + i for line i of the list, and behind these the new ones. */
static const struct line *indexed(const struct line_pass *p, uint32_t slot)
{
	uint32_t i = p->index[slot] - 1;

	return i < p->lines->n ? &p->lines->v[i] : &p->next[i - p->lines->n];
}

static void index_put(struct line_pass *p, uint64_t hash, uint32_t entry)
{
	uint32_t slot = (uint32_t)hash & (p->n_slots - 1);

	while (p->index[slot])
		slot = (slot + 1) & (p->n_slots - 1);
	p->index[slot] = entry + 1;
	p->n_indexed++;
}

static void index_make(struct line_pass *p)
{
	uint32_t wanted = (p->lines->n + p->n_next) * SLOTS_PER_LINE + 64;
	uint32_t *old = p->index, n_old = p->n_slots;

	p->n_slots = 64;
	while (p->n_slots < wanted)
		p->n_slots *= 2;
	p->index = must_alloc(p->n_slots * sizeof *p->index);
	p->n_indexed = 0;
	for (uint32_t i = 0; !old && i < p->lines->n; i++)
		index_put(p, p->lines->v[i].hash, i);
	for (uint32_t slot = 0; slot < n_old; slot++) {
		uint32_t i = old[slot];

		if (i)
			index_put(p,
				i <= p->lines->n ? p->lines->v[i - 1].hash
						 : p->next[i - 1 - p->lines->n].hash,
				i - 1);
	}
	free(old);
}

/* Its entry in the index, or UINT32_MAX. */
static uint32_t index_get(struct line_pass *p, uint64_t hash, uint32_t n)
{
	uint32_t slot;

	if (!p->index)
		index_make(p);
	for (slot = (uint32_t)hash & (p->n_slots - 1); p->index[slot];
		slot = (slot + 1) & (p->n_slots - 1))
		if (is_same(indexed(p, slot), hash, n))
			return p->index[slot] - 1;
	return UINT32_MAX;
}

static uint32_t near_cursor(const struct line_pass *p, uint64_t hash, uint32_t n)
{
	uint32_t end = p->lines->n - p->cursor < NEIGHBOURS ? p->lines->n : p->cursor + NEIGHBOURS;

	for (uint32_t i = p->cursor; i < end; i++)
		if (is_same(&p->lines->v[i], hash, n) && !is_seen(p, i))
			return i;
	return UINT32_MAX;
}

struct line_found line_pass_find(struct line_pass *p, uint64_t hash, uint32_t n)
{
	struct line_found found = { .what = LINE_KNOWN };
	uint32_t i = near_cursor(p, hash, n);

	if (i == p->cursor && !p->next) {
		found.line = p->lines->v[i];
		found.place = p->cursor++;
		return found;
	}
	line_pass_copy(p);
	if (i == UINT32_MAX)
		i = index_get(p, hash, n);
	if (i == UINT32_MAX)
		return (struct line_found){ .what = LINE_NEW };
	found.line = i < p->lines->n ? p->lines->v[i] : p->next[i - p->lines->n];
	if (i >= p->lines->n || is_seen(p, i))
		found.what = LINE_REPEAT;
	else
		found.place = take(p, i);
	return found;
}

uint32_t line_pass_add(struct line_pass *p, const struct line *line)
{
	line_pass_copy(p);
	if (!p->index || p->n_indexed * SLOTS_PER_LINE >= p->n_slots)
		index_make(p);
	append(p, line);
	index_put(p, line->hash, p->lines->n + p->n_next - 1);
	return p->n_next - 1;
}

struct line *line_pass_edit(struct line_pass *p, uint32_t place)
{
	line_pass_copy(p);
	return &p->next[place];
}

/* References of the tracked ones of `v`, to look them up. */
struct ref_set {
	series_ref *slots;
	uint32_t n_slots;
};

static bool ref_set_has(const struct ref_set *s, series_ref ref, bool put)
{
	uint32_t slot = ref * 2654435761u & (s->n_slots - 1);

	for (; s->slots[slot]; slot = (slot + 1) & (s->n_slots - 1))
		if (s->slots[slot] == ref)
			return true;
	if (put)
		s->slots[slot] = ref;
	return false;
}

static struct ref_set tracked_refs(const struct line *v, uint32_t n)
{
	struct ref_set s = { .n_slots = 64 };

	while (s.n_slots < n * SLOTS_PER_LINE)
		s.n_slots *= 2;
	s.slots = must_alloc(s.n_slots * sizeof *s.slots);
	for (uint32_t i = 0; i < n; i++)
		if (v[i].is_tracked)
			ref_set_has(&s, v[i].ref, true);
	return s;
}

/* All that was tracked, and isn't among what is now. */
static void end_missing(const struct line_pass *p, line_stale *stale, void *ctx)
{
	struct ref_set now = tracked_refs(p->next, p->n_next);

	for (uint32_t i = 0; i < p->lines->n; i++) {
		const struct line *line = &p->lines->v[i];

		if (line->is_tracked && !ref_set_has(&now, line->ref, false))
			stale(ctx, line->ref);
	}
	free(now.slots);
}

static void replace(struct line_pass *p)
{
	struct lines *l = p->lines;

	free(l->v);
	l->v = TAKE(p->next);
	l->n = p->n_next;
	l->cap = p->cap_next;
}

void line_pass_keep(struct line_pass *p, line_stale *stale, void *ctx)
{
	if (p->next || p->cursor < p->lines->n) {
		line_pass_copy(p);
		end_missing(p, stale, ctx);
		p->next = must_realloc(p->next, (p->n_next ? p->n_next : 1) * sizeof *p->next);
		p->cap_next = p->n_next;
		replace(p);
	}
	p->lines->n_good = p->lines->n;
	line_pass_fini(p);
}

void line_pass_fail(struct line_pass *p, line_stale *stale, void *ctx)
{
	uint32_t n_seen;

	line_pass_copy(p);
	end_missing(p, stale, ctx);
	n_seen = p->n_next;
	for (uint32_t i = 0; i < p->lines->n; i++) {
		struct line line = p->lines->v[i];

		if (is_seen(p, i) || line.is_void)
			continue;
		line.is_tracked = false;
		line.is_doubtful = true;
		append(p, &line);
	}
	if (p->n_next > 2 * p->lines->n_good + FAILED_GROWTH)
		p->n_next = n_seen;
	replace(p);
	line_pass_fini(p);
}
