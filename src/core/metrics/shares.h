/* SPDX-License-Identifier: Apache-2.0 */
/* shares: how much of a block each series takes, from its groups and the chunks' heads alone. */
#ifndef CORE_METRICS_SHARES_H
#define CORE_METRICS_SHARES_H

#include "core/metrics/block.h"

struct block_share { /* of one chunk */
	uint32_t id, n_samples;
	uint64_t bytes; /* of one that several series have, a part */
};
struct block_shares {
	struct block_share *v; /* in order of ids; a series may have several */
	uint64_t n;
	uint64_t times_bytes; /* columns of times, which many series have */
};
void block_shares_fini(struct block_shares *s);
SCOPED_FINI(block_shares_fini, struct block_shares)

/* RC_CORRUPT. */
enum rc block_shares(const struct block *b, struct block_shares *ret, struct err *e) MUST_USE;

#endif
