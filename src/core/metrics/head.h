/* SPDX-License-Identifier: Apache-2.0 */
/*
 * head: the living series and what they said since the last flush.
 *
 * A series costs 32 bytes of state, 8 bytes of published word, and the cells of its chunk.  States
 * stand in pages beside the words (generation.h), found by the series' id; a page of which no series
 * lives is freed.
 *
 *	unknown ──head_revive──► living ──no sample for HEAD_IDLE_SEALS seals──► unknown
 */
#ifndef CORE_METRICS_HEAD_H
#define CORE_METRICS_HEAD_H

#include "core/metrics/generation.h"
#include "core/metrics/last_histograms.h"
#include "core/metrics/wal.h"

#define HEAD_IDLE_SEALS 8

struct live {
	struct chunk_state chunk; /* t_ms and bits: of its newest sample, whichever generation */
	uint32_t cell;            /* the chunk's last one */
	uint8_t cell_used;        /* bytes of it */
	uint8_t seal;             /* head's number, when it got its last sample */
	bool is_live;
};

struct live_page {
	struct chunk_page *words; /* in the open generation; NULL: none yet */
	uint64_t epoch;           /* when `words` was made: views taken before don't know it */
	uint32_t number;
	uint32_t n_live;
	struct live series[PAGE_SERIES];
};

/* One generation as a view shows it. */
struct generation_view {
	struct generation *g;
	const struct numbered_page *pages; /* in order of numbers */
	const uint32_t *late_slabs, *young_slabs;
	uint32_t n_pages, n_late, n_young;
	int64_t min_ms, max_ms; /* of its samples */
};
struct head_view {
	struct head_view *older, *newer;
	uint64_t epoch;
	struct generation_view *v; /* oldest first */
	uint32_t n;
	void *own; /* what of it was copied */
};

struct head {
	struct slabs slabs;
	struct live_page **pages; /* by number; NULL: none of its series lives */
	uint32_t n_pages;
	uint32_t *numbers; /* of those that aren't NULL, ascending */
	uint32_t n_numbers, cap_numbers;
	uint64_t n_live;
	struct generation *open;
	struct generation **sealed; /* oldest first; not in a part yet */
	uint32_t n_sealed, cap_sealed;
	uint8_t seal; /* counts seals */
	struct last_histograms last;
	struct str packed; /* a histogram on its way into its chunk */
	struct head_view *oldest, *newest;
	uint64_t epoch; /* counts views */
	struct wal_commit commit;
	uint64_t n_dropped; /* samples, for lack of memory */
	int64_t late_ms;    /* out-of-order window */
	bool is_crowded;    /* a chunk is half full: seal soon */
};

void head_init(struct head *h, uint64_t bytes_max);
void head_fini(struct head *h); /* no view may be left */

/* The next generation, the first of all or after a seal. */
void head_open(struct head *h, uint32_t number, uint32_t first_id, int64_t base_ms);
/* What is open is sealed; head_open() follows. */
struct generation *head_seal(struct head *h);
/* The oldest `n` are in a part: the head lets them go. */
void head_forget(struct head *h, uint32_t n);

/* A series gets samples later than `last_ms` from now on. */
void head_revive(struct head *h, uint32_t id, int64_t last_ms);
bool head_is_live(const struct head *h, uint32_t id);
/* SERIES_GONE: it isn't live.  A sample without room counts in n_dropped, and is SERIES_TAKEN: the
 * commit answers for it. */
enum series_verdict head_append(struct head *h, uint32_t id, int64_t t_ms, double v);
/* The same of a histogram whose layout was checked (histogram_check_layout). */
enum series_verdict head_append_histogram(struct head *h, uint32_t id, int64_t t_ms,
	const struct histogram *histogram);
/* What a log says: bytes behind a chunk of the open generation.  False: they can't belong there. */
bool head_replay(struct head *h, uint32_t id, const uint8_t *bytes, unsigned n);
bool head_replay_late(struct head *h, uint32_t id, int64_t t_ms, double v);
/* Of a packed histogram. */
bool head_replay_late_histogram(struct head *h, uint32_t id, int64_t t_ms, const uint8_t *bytes,
	unsigned n);
/* After a replay, what head_append() must know of the newest samples is read from the chunks of
 * the open generation.  False: a chunk is malformed; the series has lost its samples in it. */
bool head_resume(struct head *h);
uint64_t head_memory(const struct head *h);

struct head_view *head_view_new(struct head *h);
void head_view_free(struct head *h, struct head_view *v);
struct generation_view generation_view_sealed(struct generation *g);

/* The chunk of a series; n_samples 0: none.  *at, at first 0, remembers the place for ids that
 * ascend. */
struct chunk_word generation_view_word(const struct generation_view *v, uint32_t id, uint32_t *at);

#endif
