/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mem: ownership made visible, and allocation that cannot fail quietly.
 *
 * Small bookkeeping uses must_alloc(): on exhaustion the program says so and stops, because a
 * monitor that limps on half-built state is worse than one that its peer reports dead.  Whatever
 * grows with input from outside uses an arena (arena.h) or str (str.h) with a budget instead and
 * answers RC_LIMIT.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>
#include <stdlib.h>

/* scoped(thing_free) struct thing *t = NULL;  releases on every way out of the block.
 * The destructor takes a pointer to the variable: define it with SCOPED_BY. */
#define scoped(fn) __attribute__((cleanup(fn##_scoped)))

/* SCOPED_BY(thing_free, struct thing *) defines thing_free_scoped(); works for `T *`
 * destructors. */
#define SCOPED_BY(fn, type)                                             \
	static inline __attribute__((unused)) void fn##_scoped(type *p) \
	{                                                               \
		fn(*p);                                                 \
	}

/* SCOPED_FINI(str_fini, struct str): the same for embedded things with an x_fini(struct x *). */
#define SCOPED_FINI(fn, type)                                           \
	static inline __attribute__((unused)) void fn##_scoped(type *p) \
	{                                                               \
		fn(p);                                                  \
	}

/* Hand a value over and leave NULL behind: *ret = TAKE(local); */
#define TAKE(p)                            \
	({                                 \
		__typeof__(p) take_ = (p); \
		(p) = NULL;                \
		take_;                     \
	})

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Zeroed memory or the end of the program. */
void *must_alloc(size_t size_bytes) __attribute__((returns_nonnull, malloc));
void *must_realloc(void *p, size_t size_bytes) __attribute__((returns_nonnull));
char *must_strdup(const char *s) __attribute__((returns_nonnull));

/* For what is large and filled at once, at bounds that let the kernel hand it out in large pages: that
 * takes a fifth of the time.  A multiple of MEM_LARGE_PAGE_BYTES, not cleared; free() and realloc()
 * take it.  NULL: there is none. */
#define MEM_LARGE_PAGE_BYTES ((size_t)2 << 20)
void *mem_alloc_large(size_t size_bytes) __attribute__((malloc, warn_unused_result));
void *must_alloc_large(size_t size_bytes) __attribute__((returns_nonnull, malloc));

/* Room for one more in a plain array that doubles: `v` pointer, `n` used, `cap` allocated. */
#define must_grow(v, n, cap)                                          \
	do {                                                          \
		if ((n) == (cap)) {                                   \
			(cap) = (cap) ? 2 * (cap) : 8;                \
			(v) = must_realloc((v), (cap) * sizeof *(v)); \
		}                                                     \
	} while (0)

/* Stop because of a programmer's error: the report holds the condition and the place.  Never
 * compiled out. */
#define must(cond)                                              \
	do {                                                    \
		if (__builtin_expect(!(cond), 0))               \
			must_failed(#cond, __FILE__, __LINE__); \
	} while (0)
_Noreturn void must_failed(const char *cond, const char *file, int line);

static inline void mem_free(void *p)
{
	free(p);
}
SCOPED_BY(mem_free, char *)

#endif
