/* SPDX-License-Identifier: Apache-2.0 */
/*
 * generation: what the head took in between two flushes: open chunks, young labels, late samples.
 *
 *	open ──seal──► sealed ──flush──► a part and a segment on disk ──last view ends──► freed
 *
 * While it is open the head appends to it; sealed it never changes.  Everything in it lies in slabs
 * of its own.  A chunk is a chain of cells and a word that says where it begins and how much of it
 * counts.  Words stand in pages of PAGE_SERIES series that follow each other, so that a view is a
 * list of pages: before the head changes a page that a view may show, it goes on in a copy.  So
 * nothing that another thread can see ever changes, and nobody needs a lock.
 */
#ifndef CORE_METRICS_GENERATION_H
#define CORE_METRICS_GENERATION_H

#include "core/metrics/chunk.h"
#include "core/metrics/young.h"

#define PAGE_BITS   7
#define PAGE_SERIES (1u << PAGE_BITS)

#define CELL_BYTES   32
#define CELL_PAYLOAD (CELL_BYTES - 4)

struct cell {
	uint32_t next; /* its place */
	uint8_t bytes[CELL_PAYLOAD];
};

/* A chunk as published.  n_samples 0: there is none; n_bytes 0: no cell. */
struct chunk_word {
	uint32_t first; /* place of its first cell */
	uint16_t n_bytes, n_samples;
};
struct chunk_page {
	struct chunk_word words[PAGE_SERIES];
};
/* The chunks of the series number * PAGE_SERIES and those behind it. */
struct numbered_page {
	uint32_t number;
	const struct chunk_page *page;
};

/* A sample; one that is a histogram. */
struct sample {
	int64_t t_ms;
	double v;
};

struct histogram_sample {
	int64_t t_ms;
	const struct histogram *h;
};

/* A sample that came behind a later one of its series. */
struct late_sample {
	int64_t t_ms;
	union {
		double v;
		uint64_t place; /* of a histogram: in late_bytes */
	};
	uint32_t id;
	uint32_t order : 31; /* of arrival */
	uint32_t is_histogram : 1;
};
#define LATE_PER_SLAB (SLAB_BYTES / sizeof(struct late_sample))

struct generation {
	uint32_t refs;   /* the head's and one for each view; the owner's thread counts */
	uint32_t number; /* ascending; also names its log */
	int64_t base_ms; /* of its chunks */
	int64_t min_ms, max_ms;
	uint64_t n_samples;
	struct slabs *slabs;
	struct slab_heap cells, pages;
	struct slab_heap late; /* slabs of LATE_PER_SLAB samples */
	uint32_t n_late;
	struct slab_heap late_bytes; /* histograms: uint32_t length, then packed (packed.h) */
	struct young young;

	/* In order of numbers; filled when it is sealed. */
	struct numbered_page *sealed;
	uint32_t n_sealed;

	/* Pages that were copied, in the order in which views stop showing them. */
	struct retired_page {
		struct chunk_page *page;
		uint64_t epoch;
	} * retired;
	uint32_t first_retired, n_retired, cap_retired;
};

struct generation *generation_new(struct slabs *slabs, uint32_t number, uint32_t first_id,
	int64_t base_ms);
struct generation *generation_hold(struct generation *g);
void generation_drop(struct generation *g); /* NULL is fine */

/* The chunk of one series gathered into `bytes`, which has room for CHUNK_BYTES_MAX. */
struct chunk generation_chunk(const struct slabs *slabs, int64_t base_ms, struct chunk_word word,
	uint8_t *bytes);

#endif
