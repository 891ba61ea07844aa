/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static _Noreturn void exhausted(size_t size_bytes)
{
	/* dprintf: no stream, so nothing is left in a buffer when abort() comes. */
	dprintf(2, "diarchy: out of memory (%zu bytes wanted)\n", size_bytes);
	abort();
}

/* glibc's calloc() passes by the caches of small blocks, which malloc() is fast with. */
#define CACHED_BYTES 1024

void *must_alloc(size_t size_bytes)
{
	bool is_cached = size_bytes <= CACHED_BYTES;
	void *p = is_cached ? malloc(size_bytes ? size_bytes : 1) : calloc(1, size_bytes);

	if (!p)
		exhausted(size_bytes);
	return is_cached ? memset(p, 0, size_bytes) : p;
}

void *must_realloc(void *p, size_t size_bytes)
{
	void *grown = realloc(p, size_bytes ? size_bytes : 1);

	if (!grown)
		exhausted(size_bytes);
	return grown;
}

void *mem_alloc_large(size_t size_bytes)
{
	void *p = NULL;

	if (posix_memalign(&p, MEM_LARGE_PAGE_BYTES, size_bytes) != 0)
		return NULL;
	/* Where there are none, it is memory all the same. */
	(void)madvise(p, size_bytes, MADV_HUGEPAGE);
	return p;
}

void *must_alloc_large(size_t size_bytes)
{
	void *p = mem_alloc_large(size_bytes);

	if (!p)
		exhausted(size_bytes);
	return p;
}

char *must_strdup(const char *s)
{
	size_t n = strlen(s) + 1;
	char *copy = malloc(n);

	if (!copy)
		exhausted(n);
	return memcpy(copy, s, n);
}

_Noreturn void must_failed(const char *cond, const char *file, int line)
{
	dprintf(2, "diarchy: defect: %s at %s:%d\n", cond, file, line);
	abort();
}
