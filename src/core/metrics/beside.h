/* SPDX-License-Identifier: Apache-2.0 */
/*
 * beside: what stands beside the samples, as items of bytes: in records of the log (wal.h), and all that
 * counts in a file of its own, which is written anew with a flush when any of it has changed.
 *
 *	item   u8 kind, varint length, so many bytes; a kind that isn't known is passed over
 *	       BESIDE_LATE_HISTOGRAM   varint id, i64 t_ms, packed (packed.h); in logs only
 *	       BESIDE_EXEMPLAR         varint id, i64 t_ms, u64 bits, labels: varint n, then of each name
 *	                               and value varint length, text
 *	       BESIDE_METADATA         metric, type, help, unit: of each varint length, text
 *	file   "DiaBes1\n", items, u64 XXH3-64 of all before
 */
#ifndef CORE_METRICS_BESIDE_H
#define CORE_METRICS_BESIDE_H

#include "base/series.h"
#include "base/str.h"
#include "core/metrics/files.h"

enum beside_kind { BESIDE_LATE_HISTOGRAM = 1, BESIDE_EXEMPLAR, BESIDE_METADATA };

void beside_add_late_histogram(struct str *out, uint32_t id, int64_t t_ms, const void *packed,
	size_t n);
/* Labels as beside_labels() wrote them. */
void beside_add_exemplar(struct str *out, uint32_t id, const struct exemplar *x,
	const struct str *labels);
void beside_labels(struct str *out, const struct labels *l);
void beside_add_metadata(struct str *out, const char *metric, const struct metric_metadata *m);

/* What items say, one by one; texts are terminated and live until the visitor returns.  One that answers
 * false ends the reading.  NULL: such items are passed over. */
struct beside_visitor {
	void *self;
	bool (*late_histogram)(void *self, uint32_t id, int64_t t_ms, const uint8_t *packed,
		unsigned n);
	bool (*exemplar)(void *self, uint32_t id, const struct exemplar *x);
	bool (*metadata)(void *self, const char *metric, const struct metric_metadata *m);
};
/* False: malformed, or a visitor has had enough. */
bool beside_read(const uint8_t *p, size_t n, const struct beside_visitor *visitor);

/* The file, synced; the folder isn't. */
enum rc beside_write(const struct files *files, const char *name, const struct str *items,
	struct err *e) MUST_USE;
enum rc beside_open(const struct files *files, const char *name,
	const struct beside_visitor *visitor, struct err *e) MUST_USE;
/* RC_CORRUPT. */
enum rc beside_parse(const uint8_t *p, size_t n, const struct beside_visitor *visitor,
	struct err *e) MUST_USE;

#endif
