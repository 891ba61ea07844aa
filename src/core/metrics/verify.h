/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify: every file of a folder of metrics read whole and held against its checksums, whether or
 * not a store has it open: what counts is immutable, and a file that is replaced meanwhile is looked
 * for again in the new manifest.
 */
#ifndef CORE_METRICS_VERIFY_H
#define CORE_METRICS_VERIFY_H

#include "core/metrics/block.h"
#include "core/metrics/files.h"

enum verified_kind {
	VERIFIED_MANIFEST,
	VERIFIED_SEGMENT,
	VERIFIED_PART,
	VERIFIED_DELETION,
	VERIFIED_BESIDE, /* exemplars and metadata */
	VERIFIED_LOG,
	VERIFIED_KEPT,  /* a log that waits for who sends it on */
	VERIFIED_MARKS, /* how far he is */
	VERIFIED_ASIDE, /* damaged once, and kept under another name: not read */
	VERIFIED_KINDS
};
const char *verified_kind_text(enum verified_kind k);   /* "part" */
const char *verified_kind_advice(enum verified_kind k); /* what to do about one that is damaged */

struct verified_file {
	const char *name;
	enum verified_kind kind;
	uint64_t size_bytes;
	uint64_t n_series, n_samples; /* of parts; series also of segments */
	int64_t min_ms, max_ms;       /* of parts; min > max: nothing */
	enum rc rc;                   /* RC_OK: whole; RC_CORRUPT, RC_NOT_FOUND: damaged, missing */
	const char *why;              /* "" */
	uint64_t n_damaged;           /* parts: chunks or groups */
	struct block_ids damaged;     /* parts: the series that lost samples lie between these */
};

struct verifier {
	void *self;
	/* One after the other; what it points to lives until this returns. */
	void (*file)(void *self, const struct verified_file *f);
};
/* Not RC_OK: the folder can't be read; damage is told and no error. */
enum rc metrics_verify(const struct files *files, const struct verifier *v, struct err *e) MUST_USE;

#endif
