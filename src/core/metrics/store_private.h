/* SPDX-License-Identifier: Apache-2.0 */
/* store_private: what the files of the store share. */
#ifndef CORE_METRICS_STORE_PRIVATE_H
#define CORE_METRICS_STORE_PRIVATE_H

#include "core/metrics/exemplars.h"
#include "core/metrics/head.h"
#include "core/metrics/kept.h"
#include "core/metrics/log.h"
#include "core/metrics/manifest.h"
#include "core/metrics/metadata.h"
#include "core/metrics/part.h"
#include "core/metrics/past.h"
#include "core/metrics/store.h"

/* Times that can be stored, so that differences of them are numbers: 70 million years. */
#define TIME_MOST_MS (INT64_C(1) << 61)

struct store_kind {
	bool is_under_way;
	struct mono retry_at; /* after a failure; not before */
	int64_t retry_ms;
};

struct store {
	const struct files *files;
	struct store_settings settings;
	struct series_sink sink;
	struct head head;
	struct log **logs; /* of generations not in parts, oldest first, the open one's last */
	uint32_t n_logs, cap_logs;
	struct kept kept;
	struct catalog *catalog;
	uint32_t next_id, next_generation, next_file;
	uint32_t flushed_generation; /* this and those before are in parts */
	uint32_t flushed_id;         /* the first of the series that are in no segment */
	int64_t flushed_ms;          /* the newest sample of these */
	uint64_t dropped_before;     /* head.n_dropped at the last commit */
	struct now now;
	uint64_t committed, durable; /* commits; how many of them a power cut doesn't take */
	bool is_sync_wanted;
	uint32_t recorded_generation; /* that the manifest on the disk knows to be in parts */
	uint32_t doubtful_generation; /* up to here a sync has failed: only parts can be believed */
	struct mono synced, sealed, retained, cleaned; /* when this was done last */
	struct mono last_commit;
	uint32_t catalog_version, looked_at; /* in this one nothing is to be merged */
	struct store_kind kinds[STORE_WORK_KINDS];
	bool is_flush_wanted;
	bool is_cleaning;              /* deletions are to be carried out soon */
	bool is_index_old;             /* it may have series without samples */
	char snapshot[FILES_NAME_MAX]; /* to be made; "": none */
	uint32_t snapshot_generation;  /* once this one is flushed */
	bool is_manifest_old;          /* the catalog has changed since it was written */
	struct useless {               /* to be removed once the manifest doesn't name them */
		char name[FILES_NAME_MAX];
	} * useless;
	uint32_t n_useless, cap_useless;
	struct store_finding *findings;
	uint32_t n_findings;
	uint64_t findings_left_out;
	struct past past;
	struct mono past_written; /* when such parts were made last */
	uint32_t forgotten;       /* how often series were */
	struct metadata metadata;
	struct exemplars exemplars;
	char beside[FILES_NAME_MAX]; /* the file of both (beside.h); "": none */
	bool is_beside_old;          /* they have changed since it was written */
	struct store_stats stats;
};

/* Of a file that gets its name when it is whole. */
static inline bool store_is_unfinished(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && str_eq(name + n - 4, ".new");
}

static inline struct log *store_log(const struct store *s)
{
	return s->logs[s->n_logs - 1];
}

/* Write what waits of the past, now.  If the disk fails even then there is nobody left to tell. */
void store_past_finish(struct store *s);
/* A generation and its log begin. */
void store_begin_generation(struct store *s);
/* What is open is sealed, and the next one begins. */
void store_seal(struct store *s);
/* In place of the catalog, whose reference is given up. */
void store_set_catalog(struct store *s, struct catalog *c);
/* A file that counts no longer. */
void store_make_useless(struct store *s, const char *name);
/* The same of one that couldn't be written, and of what is called so while it is. */
void store_make_unfinished_useless(struct store *s, const char *name);
void store_find(struct store *s, const struct store_finding *f) __attribute__((nonnull));
/* "NAME: what is wrong; what was done"; nothing is known to be lost. */
struct store_finding store_finding_of(const char *name, const struct err *e, const char *done);
struct store_settings store_settings_defaulted(const struct store_settings *wanted);
/* What a log or a file says; always true. */
bool store_put_exemplar(struct store *s, uint32_t id, const struct exemplar *x);
bool store_put_metadata(struct store *s, const char *metric, const struct metric_metadata *m);
/* All of both, as items of beside.h. */
void store_write_beside(const struct store *s, struct str *out);
void store_manifest(const struct store *s, struct manifest *ret);

/* What the manifest names, or, without one, all that is whole.  Then the logs beyond it, into
 * sealed generations.  What is of no use is removed. */
enum rc store_load(struct store *s, struct err *e) MUST_USE;
enum rc store_replay(struct store *s, const uint32_t *numbers, uint32_t n, struct err *e) MUST_USE;

struct store_view {
	struct store *store;
	struct head_view *head;
	struct catalog *catalog;
	struct view_damages *damages;
	struct series_source source;
};
uint32_t view_cursor_id(const struct series_cursor *c); /* of the series that it shows */

#endif
