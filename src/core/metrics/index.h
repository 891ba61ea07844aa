/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index: which series there are, in immutable segments: files that are read where they are mapped.
 *
 * A segment holds the labels of series whose ids lie in a range of its own, so that segments side
 * by side are one index.  Within a segment a series is a position, from 0, in order of ids.
 *
 *	header     INDEX_HEADER_BYTES, see index_format.h
 *	places     u32 each: where text i begins among the texts; one more: where the last one ends
 *	texts      all names and values, each once, in order of bytes, each terminated
 *	names      u32 text, u32 first pair; in order of names; one more: the number of pairs
 *	pairs      u32 text of the value, u32 n of series, u64 where its postings begin; in order of
 *	           name and value; the postings of a pair end where those of the next begin
 *	postings   positions as runs: varint gap since the last run's end, varint length - 1
 *	series     u32 each: where the labels of series i begin; one more: where the last ones end
 *	labels     varint pair ..., in order of names
 *	ids        u32 each; left out when they follow each other
 *	hash       u32 high half of labels_hash(), u32 position + 1; open addressing by its low half
 *
 * Every section has a checksum, and all are verified when a segment is opened.
 */
#ifndef CORE_METRICS_INDEX_H
#define CORE_METRICS_INDEX_H

#include "base/series.h"
#include "base/str.h"
#include "core/metrics/files.h"
#include "core/metrics/runs.h"

struct index;

/* RC_CORRUPT: it isn't a segment, or damaged.  `files` outlives it. */
enum rc index_open(struct index **ret, const struct files *files, const char *name,
	struct err *e) MUST_USE;
/* The same from memory that outlives it. */
enum rc index_open_bytes(struct index **ret, const uint8_t *p, size_t n, struct err *e) MUST_USE;
/* Owners count: it is freed with the last.  On one thread. */
struct index *index_hold(struct index *x);
void index_drop(struct index *x); /* NULL is fine */
SCOPED_BY(index_drop, struct index *)

const char *index_name(const struct index *x); /* of its file */
uint64_t index_bytes(const struct index *x);
uint32_t index_count(const struct index *x); /* series */
uint32_t index_first_id(const struct index *x);
uint32_t index_last_id(const struct index *x);
uint32_t index_id(const struct index *x, uint32_t position);
bool index_has_id(const struct index *x, uint32_t id);
/* The same, and where. */
bool index_find_id(const struct index *x, uint32_t id, uint32_t *ret_position);

/* The id of that series; 0: it isn't here. */
uint32_t index_find(const struct index *x, const struct labels *l, uint64_t hash);
/* The texts live as long as the segment.  `v` has room for SERIES_LABELS_MAX. */
enum rc index_labels(const struct index *x, uint32_t position, struct label *v, struct labels *ret,
	struct err *e) MUST_USE;
/* Positions of all series that match all. */
enum rc index_select(const struct index *x, const struct matcher *const *matchers, uint32_t n,
	struct runs *ret, struct err *e) MUST_USE;

/* Names and values, by number. */
struct index_text {
	const char *s;
	uint32_t n;
};
uint32_t index_n_names(const struct index *x);
struct index_text index_label_name(const struct index *x, uint32_t name);
bool index_find_name(const struct index *x, const char *text, uint32_t *ret);
/* The values of a name are the pairs from `from` up to `to`. */
struct run index_pairs(const struct index *x, uint32_t name);
struct index_text index_value(const struct index *x, uint32_t pair);
uint32_t index_pair_count(const struct index *x, uint32_t pair); /* of series */
/* Its positions, in place of what `ret` held. */
enum rc index_postings(const struct index *x, uint32_t pair, struct runs *ret,
	struct err *e) MUST_USE;

/* Making one: series in order of ids; the texts live until it is written. */
struct index_builder;
struct index_builder *index_builder_new(void);
void index_builder_free(struct index_builder *b);
SCOPED_BY(index_builder_free, struct index_builder *)
void index_builder_add(struct index_builder *b, uint32_t id, const struct labels *l, uint64_t hash);
uint32_t index_builder_count(const struct index_builder *b);
/* The whole file, for index_open_bytes() or to be written, behind a multiple of 8 bytes.  At least one
 * series was added; the builder is empty then. */
void index_builder_finish(struct index_builder *b, struct str *ret);
/* As a file that is synced and has its name; the folder isn't synced. */
enum rc index_builder_write(struct index_builder *b, const struct files *files, const char *name,
	struct err *e) MUST_USE;

#endif
