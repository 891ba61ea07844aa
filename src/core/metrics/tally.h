/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tally: how often each text, or pair of texts, was seen.
 *
 * The texts belong to the caller and outlive it.
 */
#ifndef CORE_METRICS_TALLY_H
#define CORE_METRICS_TALLY_H

#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

struct tally_text {
	const char *s;
	uint32_t n;
};
struct tally_row {
	struct tally_text a, b; /* b.s NULL: a alone */
	uint64_t n;
};
struct tally {
	struct tally_row *v; /* in order of the first time */
	uint32_t n, cap;
	uint32_t *slots; /* open addressing: row + 1 */
	uint32_t n_slots;
};

void tally_fini(struct tally *t);
SCOPED_FINI(tally_fini, struct tally)
void tally_add(struct tally *t, struct tally_text a, struct tally_text b, uint64_t n);
void tally_sort_by_count(struct tally *t); /* the most common first; nothing is added any more */
void tally_sort_by_text(struct tally *t);  /* the same */

#endif
