/* SPDX-License-Identifier: Apache-2.0 */
/* index_format: what stands at the beginning of a segment (index.h). */
#ifndef CORE_METRICS_INDEX_FORMAT_H
#define CORE_METRICS_INDEX_FORMAT_H

#include <stdint.h>

#define INDEX_MAGIC "DiaIdx1\n"

enum index_part {
	INDEX_PLACES,
	INDEX_TEXTS,
	INDEX_NAMES,
	INDEX_PAIRS,
	INDEX_POSTINGS,
	INDEX_SERIES,
	INDEX_LABELS,
	INDEX_IDS,
	INDEX_HASH,
	INDEX_PARTS
};

struct index_section {
	uint64_t at, n;    /* bytes; `at` is a multiple of 8 */
	uint64_t checksum; /* XXH3-64 */
};
struct index_header {
	char magic[8];
	uint32_t n_series, first_id, last_id;
	uint32_t n_texts, n_names, n_pairs, n_slots;
	uint32_t zero;
	struct index_section sections[INDEX_PARTS];
	uint64_t checksum; /* of all before */
};
#define INDEX_HEADER_BYTES sizeof(struct index_header)

struct index_name {
	uint32_t text, first_pair;
};
struct index_pair {
	uint32_t text, n_series;
	uint64_t postings_at;
};
struct index_slot {
	uint32_t hash_high, position1;
};

#endif
