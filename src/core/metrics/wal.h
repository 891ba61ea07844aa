/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wal: the log of what is only in memory.  One file a generation, one record a commit.
 *
 * Samples are logged as the bytes that they added to their chunks, so that reading a log again is
 * little more than copying.  All numbers are little-endian.
 *
 *	file     "DiaWAL1\n"  u32 generation  u32 first id  i64 base_ms  u64 bytes of the log before,
 *	         u64 XXH3-64 of these 32 bytes
 *	         record ...
 *	record   u32 bytes of its body   u32 bytes of its series   u32 bytes of its late samples
 *	         u32 bytes of what stands beside
 *	         u64 XXH3-64, seeded with the generation, of the 16 bytes before and the body
 *	         body: samples, beside, series, late samples
 *
 *	samples  0nnnnnnn             n + 1 samples, each of the series after the last one, no bytes
 *	         100kkkkk bytes       one of the series after the last one, k bytes
 *	         101kkkkk delta bytes one of the series `delta` (varint, zigzag) after the last, k bytes
 *	         11000000, 11100000   the same two, of a histogram: varint k stands before the bytes
 *	         The last series before the first sample is 0.
 *	series   varint n of labels, then for each varint length, name, varint length, value;
 *	         ids follow each other from the file's first id
 *	late     varint id, i64 t_ms, u64 bits
 *	beside   items of beside.h
 *
 * What follows a record that is cut off or whose checksum is wrong isn't read: chunks can't be
 * continued over a hole.  The next generation's log has chunks of its own, but may speak of series that
 * this one has introduced.
 */
#ifndef CORE_METRICS_WAL_H
#define CORE_METRICS_WAL_H

#include "base/series.h"
#include "base/str.h"
#include "core/metrics/beside.h"

#define WAL_HEADER_BYTES 40
#define WAL_RECORD_BYTES 24
#define WAL_RECORD_MAX   (64u << 20) /* bytes of a body */

struct wal_header {
	uint32_t generation, first_id;
	int64_t base_ms;
	uint64_t previous_bytes; /* that this log may depend on; 0: none */
};
void wal_write_header(const struct wal_header *h, uint8_t ret[WAL_HEADER_BYTES]);
enum rc wal_read_header(const uint8_t *p, size_t n, struct wal_header *ret, struct err *e) MUST_USE;

/* One commit under way. */
struct wal_commit {
	uint8_t *samples; /* WAL_RECORD_BYTES of room, then what was added */
	size_t n, cap;
	uint32_t last_id, n_same; /* samples without bytes that aren't written yet */
	struct str series, late;
	struct str beside; /* items of beside.h; whoever has some adds them */
};
void wal_commit_fini(struct wal_commit *c);
void wal_commit_reset(struct wal_commit *c);
bool wal_commit_is_empty(const struct wal_commit *c);
size_t wal_commit_bytes(const struct wal_commit *c); /* about as many as the record will have */

void wal_add_series(struct wal_commit *c, const struct labels *l);
void wal_add_late(struct wal_commit *c, uint32_t id, int64_t t_ms, double v);
void wal_add_bytes(struct wal_commit *c, uint32_t id, const uint8_t *bytes, unsigned n);
static inline void wal_add_sample(struct wal_commit *c, uint32_t id, const uint8_t *bytes,
	unsigned n)
{
	if (!n && id == c->last_id + 1 && c->n_same < 128) {
		c->n_same++;
		c->last_id = id;
		return;
	}
	wal_add_bytes(c, id, bytes, n);
}
/* The whole record, for one write; until the commit is changed. */
const uint8_t *wal_commit_record(struct wal_commit *c, uint32_t generation, size_t *ret_n);

/* What stands in a record behind its first 16 bytes. */
uint64_t wal_checksum(const uint8_t *record, size_t n_body, uint32_t generation);

/* Reads records one by one.  A visitor that answers false ends the reading with RC_CORRUPT. */
struct wal_visitor {
	void *self;
	bool (*series)(void *self, const struct labels *l);
	bool (*sample)(void *self, uint32_t id, const uint8_t *bytes, unsigned n);
	bool (*late)(void *self, uint32_t id, int64_t t_ms, double v);
	struct beside_visitor beside;
};
struct wal_reading {
	const uint8_t *p;
	size_t n, at; /* at: where the next record begins */
	uint32_t generation;
};
/* *ret_has false: there are no more.  RC_CORRUPT: what stands at r->at is no whole record; nothing
 * of it was shown, unless it has the right checksum and is malformed all the same. */
enum rc wal_next(struct wal_reading *r, const struct wal_visitor *visitor, bool *ret_has,
	struct err *e) MUST_USE;

#endif
