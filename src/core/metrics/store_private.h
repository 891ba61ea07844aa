/* SPDX-License-Identifier: Apache-2.0 */
/* store_private: what the files of the store share. */
#ifndef CORE_METRICS_STORE_PRIVATE_H
#define CORE_METRICS_STORE_PRIVATE_H

#include "core/metrics/head.h"
#include "core/metrics/log.h"
#include "core/metrics/store.h"

/* Times that can be stored, so that differences of them are numbers: 100 million years. */
#define TIME_MOST_MS (INT64_C(1) << 61)

struct store {
	const struct files *files;
	struct store_settings settings;
	struct series_sink sink;
	struct head head;
	struct log **logs; /* of the sealed generations, oldest first, and the open one's */
	uint32_t n_logs, cap_logs;
	uint32_t next_id, next_generation;
	int64_t flushed_ms; /* the newest sample of what is in parts */
	int64_t newest_ms;
	uint64_t dropped_before; /* head.n_dropped at the last commit */
	struct now now;
	struct mono synced, sealed; /* when this was done last */
	bool is_working[STORE_WORK_KINDS], is_flush_wanted;
	struct store_finding *findings;
	uint32_t n_findings;
	uint64_t findings_left_out;
	struct store_stats stats;
};

static inline struct log *store_log(const struct store *s)
{
	return s->logs[s->n_logs - 1];
}

/* A generation and its log begin. */
void store_begin_generation(struct store *s);
/* What is open is sealed, and the next one begins. */
void store_seal(struct store *s);
void store_find(struct store *s, const struct store_finding *f) __attribute__((nonnull));
/* All logs in the folder, into sealed generations. */
enum rc store_replay(struct store *s, struct err *e) MUST_USE;

struct store_view {
	struct store *store;
	struct head_view *head;
	struct series_source source;
};
extern const struct series_source view_source_functions;

#endif
