/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of blocks that double in size, and are large pages in the end; allocation advances a mark
 * in the newest.  What is too large for that gets a block of its own behind the newest, so that the
 * room left there stays in use.
 *
 * What is handed out is cleared then, and texts not at all: most of a block is overwritten at once,
 * or never used.
 */
#include "base/arena.h"

#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define ALIGN_BYTES       ((size_t)16)
#define BLOCK_FIRST_BYTES ((size_t)4 * 1024)
#define BLOCK_LAST_BYTES  ((size_t)256 * 1024) /* of those that double */
#define BLOCK_PAGE_BYTES  (MEM_LARGE_PAGE_BYTES - sizeof(struct arena_block))

struct arena_block {
	struct arena_block *next; /* older */
	size_t used_bytes;
	size_t cap_bytes;
	_Alignas(16) unsigned char bytes[];
};

/* In the arena itself. */
struct arena_owned {
	struct arena_owned *next; /* older */
	void *p;
	void (*release)(void *p);
};

void arena_init(struct arena *a, size_t budget_bytes)
{
	*a = (struct arena){ .budget_bytes = budget_bytes };
}

static void free_blocks(struct arena_block *b)
{
	while (b) {
		struct arena_block *next = b->next;

		free(b);
		b = next;
	}
}

static void release_owned(struct arena *a)
{
	for (struct arena_owned *o = a->owned; o; o = o->next)
		o->release(o->p);
	a->owned = NULL;
}

void arena_fini(struct arena *a)
{
	release_owned(a);
	free_blocks(a->blocks);
	arena_init(a, a->budget_bytes);
}

/* Takes the newest out of the list that is worth keeping; NULL: there is none. */
static struct arena_block *take_kept(struct arena *a)
{
	struct arena_block **link = &a->blocks, *kept;

	while (*link && (*link)->cap_bytes > BLOCK_LAST_BYTES)
		link = &(*link)->next;
	kept = *link;
	if (kept)
		*link = kept->next;
	return kept;
}

void arena_reset(struct arena *a)
{
	struct arena_block *kept;

	release_owned(a);
	kept = take_kept(a);
	arena_fini(a);
	a->blocks = kept;
	if (kept)
		*kept = (struct arena_block){ .cap_bytes = kept->cap_bytes };
}

/* NULL only for an arena with a budget: users of one without don't expect it. */
static struct arena_block *allocate(const struct arena *a, size_t size_bytes)
{
	bool is_page = size_bytes % MEM_LARGE_PAGE_BYTES == 0;

	if (a->budget_bytes)
		return is_page ? mem_alloc_large(size_bytes) : malloc(size_bytes);
	return is_page ? must_alloc_large(size_bytes) : must_realloc(NULL, size_bytes);
}

static struct arena_block *new_block(const struct arena *a, size_t cap_bytes)
{
	size_t size_bytes = sizeof(struct arena_block) + cap_bytes;
	struct arena_block *b = allocate(a, size_bytes < cap_bytes ? SIZE_MAX : size_bytes);

	if (b)
		*b = (struct arena_block){ .cap_bytes = cap_bytes };
	return b;
}

/* What the next block in the progression holds: never more than the budget still allows. */
static size_t next_cap(const struct arena *a)
{
	size_t cap = a->blocks ? 2 * a->blocks->cap_bytes : BLOCK_FIRST_BYTES;

	if (cap < BLOCK_FIRST_BYTES)
		cap = BLOCK_FIRST_BYTES;
	if (cap > BLOCK_LAST_BYTES)
		cap = BLOCK_PAGE_BYTES;
	if (a->budget_bytes && cap > a->budget_bytes - a->used_bytes)
		cap = (a->budget_bytes - a->used_bytes) & ~(ALIGN_BYTES - 1);
	return cap;
}

/* The newest block has no room for `size_bytes`, which are aligned and within the budget. */
static struct arena_block *add_block(struct arena *a, size_t size_bytes)
{
	size_t cap = next_cap(a);
	bool is_large = size_bytes > cap / 4;
	struct arena_block *b = new_block(a, is_large ? size_bytes : cap);

	if (!b)
		return NULL;
	if (is_large && a->blocks) {
		b->next = a->blocks->next;
		a->blocks->next = b;
	} else {
		b->next = a->blocks;
		a->blocks = b;
	}
	return b;
}

/* Not cleared. */
static void *take(struct arena *a, size_t size_bytes)
{
	size_t wanted = ((size_bytes ? size_bytes : 1) + ALIGN_BYTES - 1) & ~(ALIGN_BYTES - 1);
	struct arena_block *b = a->blocks;
	void *p;

	if (a->budget_bytes && (wanted < size_bytes || wanted > a->budget_bytes - a->used_bytes))
		return NULL;
	if (wanted < size_bytes)
		wanted = SIZE_MAX & ~(ALIGN_BYTES - 1);
	if (!b || wanted > b->cap_bytes - b->used_bytes) {
		b = add_block(a, wanted);
		if (!b)
			return NULL;
	}
	p = b->bytes + b->used_bytes;
	b->used_bytes += wanted;
	a->used_bytes += wanted;
	return p;
}

void *arena_alloc(struct arena *a, size_t size_bytes)
{
	void *p = take(a, size_bytes);

	return p ? memset(p, 0, size_bytes) : NULL;
}

bool arena_own(struct arena *a, void *p, void (*release)(void *p))
{
	struct arena_owned *o = take(a, sizeof *o);

	if (!o) {
		release(p);
		return false;
	}
	*o = (struct arena_owned){ .next = a->owned, .p = p, .release = release };
	a->owned = o;
	return true;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	size_t length = strnlen(s, n);
	char *copy = take(a, length + 1);

	if (copy) {
		memcpy(copy, s, length);
		copy[length] = '\0';
	}
	return copy;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	char brief[256]; /* most texts are: formatted once, measured and copied */
	char *text;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(brief, sizeof brief, fmt, ap);
	va_end(ap);
	must(n >= 0);
	text = take(a, (size_t)n + 1);
	if (!text)
		return NULL;
	if ((size_t)n < sizeof brief)
		return memcpy(text, brief, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(text, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return text;
}
