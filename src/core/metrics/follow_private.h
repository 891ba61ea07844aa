/* SPDX-License-Identifier: Apache-2.0 */
/* follow_private: what follow.c and kept.c share. */
#ifndef CORE_METRICS_FOLLOW_PRIVATE_H
#define CORE_METRICS_FOLLOW_PRIVATE_H

#include "core/metrics/follow.h"
#include "core/metrics/last_histograms.h"
#include "core/metrics/store_private.h"

#define TAIL_PAGE 128

/* The newest sample of so many series, as far as the log was read. */
struct tail_page {
	uint32_t generation; /* that the tails are of; others begin anew */
	struct chunk_tail v[TAIL_PAGE];
};

/* A commit's samples. */
struct follow_record {
	uint32_t *ids;
	int64_t *t_ms;
	double *v;
	const struct histogram **h; /* in `arena` */
	uint32_t n, cap, cap_h;
	bool has_histograms; /* else nothing stands in `h` */
	struct followed_exemplar *exemplars;
	uint32_t n_exemplars, cap_exemplars;
	struct arena arena;
};

struct follower {
	struct store *store;
	struct marks marks; /* the owner's */

	/* Of who reads. */
	struct log_mark at;   /* index 0: the record that comes next */
	struct log_mark from; /* what lies before is decoded, but not shown */
	int64_t base_ms;      /* of the log that is being read */
	uint64_t end_offset;  /* what is there ends here in the log of `end_generation` */
	uint32_t end_generation, next_id;
	struct store_view *view;  /* from begin to end; NULL */
	struct files_map map;     /* of the log that is being read */
	bool is_mapped, is_begun; /* its header was read */
	struct tail_page **tails; /* by id / TAIL_PAGE; NULL: none yet */
	uint32_t n_tails;
	struct last_histograms last; /* of the log that is being read */
	struct arena scratch;
	struct follow_record record;
	struct young_walk young; /* over the young series of the view's generation `young_at` */
	uint32_t young_at, young_id;
	uint64_t n_damaged;
};

#endif
