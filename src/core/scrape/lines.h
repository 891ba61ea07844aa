/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lines: which series each line of a target's body is, by the hash of the line's text.
 *
 * A target says the same lines in the same order each time.  So what is kept is a list in the order
 * of the last body, and the question is mostly "is this line what stands at the cursor": one hash,
 * no search, no labels.  When lines come or go the cursor finds its place again, in the
 * neighbourhood first, then through an index that lives only until the body ends.
 *
 *	steady:   list   a b c d        changed:   list   a b c d      (as it was)
 *	                     ▲ cursor              next   a b x d      becomes the list
 *
 * 16 bytes a line, and nothing else, while a target isn't being scraped.
 *
 * It also knows what has to be marked stale: lines are `tracked` whose series got a sample without
 * a time of its own in the last body (or with one, where the job says so).
 */
#ifndef CORE_SCRAPE_LINES_H
#define CORE_SCRAPE_LINES_H

#include "base/series.h"

enum line_kind {
	LINE_SERIES,
	LINE_DROPPED, /* by metric_relabel_configs */
	LINE_TYPE,    /* "# TYPE": `ref` as sayings.h has it */
	LINE_OTHER,   /* "# HELP", "# UNIT": the same */
	LINE_KINDS
};

#define LINE_BYTES_KNOWN_MAX ((1u << 24) - 1) /* longer ones are read anew each time */

struct line {
	uint64_t hash;
	series_ref ref;
	uint32_t n : 24;   /* bytes: name and labels, or the whole line of a comment */
	uint32_t kind : 2; /* enum line_kind */
	bool is_tracked : 1;
	bool is_doubtful : 1; /* unseen since: the series may be gone, ask for the reference again */
	bool is_void : 1;     /* never matches again; stands here to be marked stale */
};
_Static_assert(sizeof(struct line) == 16, "a line costs 16 bytes");

struct lines {
	struct line *v;
	uint32_t n, cap;
	uint32_t n_good; /* when the last body was taken */
};

void lines_fini(struct lines *l);
SCOPED_FINI(lines_fini, struct lines)
/* What was known of the texts holds no more (other rules); what is tracked still ends. */
void lines_forget(struct lines *l);

/* One body against the list. */
struct line_pass {
	struct lines *lines; /* unchanged until the pass ends */
	uint32_t cursor;
	struct line *next; /* NULL: so far all is as it was, next would be lines->v[0 .. cursor) */
	uint32_t n_next, cap_next;
	uint8_t *seen;   /* bits: which of the list; NULL with `next` */
	uint32_t *index; /* open addressing over both lists; NULL until needed */
	uint32_t n_slots, n_indexed;
	uint64_t seed;
};

void line_pass_begin(struct line_pass *p, struct lines *l, uint64_t seed);
void line_pass_fini(struct line_pass *p); /* without a trace */
SCOPED_FINI(line_pass_fini, struct line_pass)

uint64_t line_hash(const struct line_pass *p, const char *text, uint32_t n);

void line_pass_copy(struct line_pass *p); /* make `next`: from here on the order may change */
uint32_t line_pass_take(struct line_pass *p);

/* The line that is expected, or NULL.  Whether it is what the body says is the caller's question:
 * its hash, its bytes. */
static inline const struct line *line_pass_at(const struct line_pass *p)
{
	const struct line *line;

	if (p->cursor == p->lines->n)
		return NULL;
	if (p->seen && (p->seen[p->cursor / 8] >> p->cursor % 8 & 1))
		return NULL;
	line = &p->lines->v[p->cursor];
	return line->is_void ? NULL : line;
}
/* It is: take it.  Returns its place among the lines of this body. */
static inline uint32_t line_pass_step(struct line_pass *p)
{
	return p->next ? line_pass_take(p) : p->cursor++;
}

enum line_find {
	LINE_KNOWN,  /* taken; `place` is where it is now */
	LINE_REPEAT, /* it was in this body before; `line` is what it was */
	LINE_NEW,
};
struct line_found {
	enum line_find what;
	uint32_t place;
	struct line line;
};
/* Look for a line anywhere. */
struct line_found line_pass_find(struct line_pass *p, uint64_t hash, uint32_t n);
/* Add one that is new; returns its place. */
uint32_t line_pass_add(struct line_pass *p, const struct line *line);

/* The lines of this body, so far. */
static inline uint32_t line_pass_count(const struct line_pass *p)
{
	return p->next ? p->n_next : p->cursor;
}
static inline const struct line *line_pass_get(const struct line_pass *p, uint32_t place)
{
	return p->next ? &p->next[place] : &p->lines->v[place];
}
/* To change what stands there; changes of a pass that fails leave no trace but what
 * line_pass_fail() keeps. */
struct line *line_pass_edit(struct line_pass *p, uint32_t place);

/* What ends: called for each series that was tracked and isn't any more. */
typedef void line_stale(void *ctx, series_ref ref);

/* The body was taken: its lines are the list now. */
void line_pass_keep(struct line_pass *p, line_stale *stale, void *ctx);
/* The body failed after these lines.  As in Prometheus: what was read before the failure isn't
 * marked stale and counts as tracked; what wasn't read is; all stays known, unless bodies that
 * fail make the list grow without end. */
void line_pass_fail(struct line_pass *p, line_stale *stale, void *ctx);

#endif
