/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store: all samples of one site: a series_sink on one side, series_sources on the other.
 *
 *	               commit                   flush                    merge
 *	series_sink ──────────► head and WAL ──────────► small parts ──────────► 2 h, 1 d, 10 d
 *	                              │   young labels ► index segments              │
 *	                              └───────────────┬──────────────────────────────┘
 *	                          store_view: all of it at one moment, for any thread
 *
 * One thread owns a store and makes every call on it but two: a view's source and store_work_run()
 * work on what no longer changes, and may run on another thread while the owner goes on.  No locks:
 * whatever is shared is immutable, and is released on the owner's thread.
 *
 * What a commit has taken is visible to views taken later, survives the end of this process when
 * the commit returns, and a power cut once the next STORE_SYNC is done.  What can't be read back
 * (a torn tail, a bad block) is set aside, put on the list of findings and survived.
 */
#ifndef CORE_METRICS_STORE_H
#define CORE_METRICS_STORE_H

#include "base/arena.h"
#include "base/series.h"
#include "base/series_batch.h"
#include "base/str.h"
#include "base/time.h"
#include "core/metrics/files.h"

struct store;

/* Of samples older than the offset some of each interval are kept, real ones: the first, the last, the
 * least, the greatest, both sides of a counter's reset, and marks of staleness. */
struct store_downsampling {
	int64_t offset_ms, interval_ms;
};
#define STORE_DOWNSAMPLING_MAX 4

/* 0 stands for the default. */
struct store_settings {
	int64_t retention_ms; /* samples older than this go, a block at a time; default 15 d */
	uint64_t
		retention_bytes; /* oldest blocks go while there is more on disk; default: no bound */
	int64_t out_of_order_ms; /* how far behind its series' newest a sample may be; default 0 */
	int64_t flush_ms;        /* how long samples stay in the head; default 3 min */
	int64_t sync_ms;         /* how much a power cut may cost; default 5 s */
	uint64_t memory_bytes_max; /* of head, young labels and side buffers; default 512 MiB */
	uint32_t series_max;       /* live series; default 2,000,000 */
	uint64_t kept_bytes_max; /* of logs that wait for who follows (follow.h); default 16 GiB */
	int32_t exemplars_max;   /* kept of all series; default 10,000; below 0: none */
	/* Offsets and intervals ascend, each interval a multiple of the one before.  A block at a time:
	 * when all of it is old enough. */
	struct store_downsampling downsampling[STORE_DOWNSAMPLING_MAX];
	uint32_t n_downsampling;
};

/* Opens what is in the folder, or begins.  Damage is survived and becomes findings.  RC_IO,
 * RC_FULL: the folder can't be read or written at all.  `files` outlives the store. */
enum rc store_open(struct store **ret, const struct files *files,
	const struct store_settings *settings, struct now now, struct err *e) MUST_USE;
/* How long samples are kept, how many bytes of them, and what of old ones, by the settings of these
 * names from now on: with the next work.  The other settings stay as they were. */
void store_keep(struct store *s, const struct store_settings *wanted);
/* Everything committed is handed to the kernel already; this also syncs it, and writes what waits of
 * the past.  No view and no work may be left. */
void store_close(struct store *s);
SCOPED_BY(store_close, struct store *)

/*
 * Writing.  series() answers RC_LIMIT beyond series_max or memory_bytes_max, RC_INPUT for labels
 * longer than SERIES_LABELS_BYTES_MAX.  commit() answers RC_FULL or RC_IO when what it took is not
 * in the log: it is visible and kept in memory, is written with a later commit, and would be lost
 * by a crash before.  RC_LIMIT: there was no memory for some of its samples, which are dropped.
 * Native histograms that contradict themselves (histogram_check) are SERIES_UNSUPPORTED; a stale one is
 * kept as the stale mark of floats.  Of exemplars the newest are kept.  They and metadata are in the log,
 * too, and then in a file of their own.
 * The sink lives as long as the store.
 */
const struct series_sink *store_sink(struct store *s);
/*
 * Who may not lose what was committed, not even by a power cut, waits until store_durable() is no less
 * than what store_committed() says now.  That is some seconds later; after store_sync_soon() as soon as the
 * disk can: one STORE_SYNC serves all who wait.
 */
uint64_t store_committed(const struct store *s);
uint64_t store_durable(const struct store *s);
void store_sync_soon(struct store *s);

/*
 * Samples of the past, in bulk and in any order.  They go round head and log: some seconds after they
 * came, or when they are many, they become parts of their own.  Before that they are not seen, and a
 * process that is killed loses them.  Of two samples at one time the one that came later stays.
 */
#define STORE_PAST_SAMPLES (3u << 20) /* these many are written at once: 72 MiB */
#define STORE_PAST_WAIT_MS 2000
/* As the sink's series(), for store_past_add() within the same turn of the owner's thread: a series of
 * the past isn't live, and takes nothing of what those are allowed. */
enum rc store_past_series(struct store *s, const struct labels *l, series_ref *ret,
	struct err *e) MUST_USE;
/* False: more should wait until some are written.  While they wait and are written they take up to four
 * times their 24 bytes, which must be left of memory_bytes_max. */
bool store_past_has_room(const struct store *s);
/* Takes `v` over, of malloc().  Times are bounded as the sink's.  Returns a ticket: they will be kept
 * when store_past_kept() is no less. */
uint64_t store_past_add(struct store *s, struct series_sample *v, size_t n);
uint64_t store_past_kept(const struct store *s); /* survive even a power cut */
void store_past_soon(struct store *s);           /* don't wait for more */
int64_t store_retention_ms(const struct store *s);
/* Counts how often series were forgotten that had no samples: refs from before may be of these. */
uint32_t store_forgotten(const struct store *s);

/*
 * Reading.  Taking a view costs some microseconds.  Its source may be used on any thread, by
 * several cursors at once; the view is freed on the owner's, when all cursors are closed.
 */
struct store_view;
struct store_view *store_view_new(struct store *s);
void store_view_free(struct store_view *v); /* NULL is fine */
const struct series_source *store_view_source(const struct store_view *v);

/* Which series are meant; a time range leaves out those that have nothing in it, as far as that
 * can be told from headers. */
struct store_selection {
	const struct matcher *const *matchers; /* 0: all series */
	uint32_t n_matchers;
	int64_t min_ms, max_ms;
};
/* Each name, or each value of a label, once, in order of bytes, into the arena.  RC_LIMIT: its
 * budget is used up. */
struct store_texts {
	const char **v;
	uint32_t n;
};
enum rc store_label_names(const struct store_view *v, const struct store_selection *which,
	struct arena *a, struct store_texts *ret, struct err *e) MUST_USE;
enum rc store_label_values(const struct store_view *v, const char *name,
	const struct store_selection *which, struct arena *a, struct store_texts *ret,
	struct err *e) MUST_USE;

/*
 * Background work.  store_due() hands out what is due, one piece a call, until there is nothing
 * more to do right now; pieces don't disturb each other and may run at the same time.  At most one
 * that may take minutes (a merge) is out at a time: with two threads the others never wait for it.
 *
 *	while ((w = store_due(s, now, &wake)))
 *		on the pool: store_work_run(w);   then on the owner's thread: store_work_done(s, w)
 */
enum store_work_kind {
	STORE_SYNC,        /* the log's newest bytes to the disk: blocks, costs no CPU */
	STORE_FLUSH,       /* the head so far becomes a part, young labels a segment */
	STORE_PAST,        /* samples of the past become parts */
	STORE_MERGE,       /* parts become a larger one; what is deleted or too old goes */
	STORE_MERGE_INDEX, /* segments become a larger one; series without samples go */
	STORE_MANIFEST,    /* the list of what counts is replaced; what was replaced is removed */
	STORE_SNAPSHOT,
	STORE_WORK_KINDS
};
struct store_work;
/* NULL: nothing now; *ret_wake is when to ask again at the latest (or after a commit). */
struct store_work *store_due(struct store *s, struct now now, struct mono *ret_wake);
enum store_work_kind store_work_kind(const struct store_work *w);
const char *store_work_kind_text(enum store_work_kind kind); /* "flush" */
void store_work_run(struct store_work *w);
/* Takes in what was made, and frees `w`.  An error is also kept in the stats; the work becomes due
 * again, later each time.  Work that was not run is given back. */
enum rc store_work_done(struct store *s, struct store_work *w, struct err *e);

/* Let everything in the head be flushed by the next store_due(). */
void store_flush_soon(struct store *s);

/*
 * Keeping.  Deleted samples are gone for views taken from now on; their bytes go with the next
 * merge, or soon after store_clean().  RC_LIMIT: too many deletions wait.
 */
enum rc store_delete(struct store *s, const struct store_selection *which, struct err *e) MUST_USE;
void store_clean(struct store *s);

/* A copy of everything committed so far, as a folder snapshots/NAME that store_open() can open:
 * hard links where possible.  Due next; *ret_name is what it is called when it is done.
 * RC_CONFLICT: one is being made. */
enum rc store_snapshot(struct store *s, const char *name, struct err *e) MUST_USE;
/* The one that is being made; NULL: none. */
const char *store_snapshot_pending(const struct store *s);

/* What was found damaged, newest last; STORE_FINDINGS_MAX at most, the oldest go. */
struct store_finding {
	char file[FILES_NAME_MAX];
	char text[200];         /* what is wrong, and what was done about it */
	int64_t from_ms, to_ms; /* what may have been lost; from > to: nothing */
	uint64_t series;        /* of this many series; 0: unknown, maybe all */
};
struct store_findings {
	const struct store_finding *v; /* until the next call on the store */
	uint32_t n;
	uint64_t left_out;
};
struct store_findings store_findings(const struct store *s);

struct store_stats {
	uint64_t series;                    /* live: with samples in the head, or lately */
	uint64_t series_known;              /* in the index */
	uint64_t young_series;              /* of these, not in a segment yet */
	uint64_t appended[SERIES_VERDICTS]; /* samples, by what became of them, since the start */
	uint64_t dropped;                   /* for lack of memory */
	uint64_t commits, failed_commits;   /* failed: not written to the log at once */
	int64_t min_ms, max_ms;             /* of all samples; min > max: there are none */
	uint64_t samples, head_samples;     /* all that are kept; of these, not in a part yet */
	uint64_t memory_bytes, memory_bytes_max; /* used, and allowed */
	uint64_t disk_bytes, log_bytes;          /* all files; of these, the log */
	uint64_t kept_bytes, logs_lost; /* logs that wait for who follows; let go before that, or cut */
	uint32_t parts, segments, views, deletions;
	uint32_t downsampled_parts;
	uint64_t downsampled_samples; /* in these */
	uint64_t work_done[STORE_WORK_KINDS], work_failed[STORE_WORK_KINDS];
	struct err last_error; /* of background work or the log; rc RC_OK: none yet */
};
void store_stats(const struct store *s, struct store_stats *ret);

/* What /api/v1/status/tsdb shows, over all series of a view: the most common first.  Texts live in
 * the arena. */
struct store_count {
	const char *text;
	uint64_t n;
};
struct store_top {
	struct store_count *v;
	uint32_t n;
};
struct store_cardinality {
	uint64_t series, label_pairs;
	struct store_top series_by_metric, values_by_label, bytes_by_label, series_by_pair;
};
enum rc store_cardinality(const struct store_view *v, uint32_t most, struct arena *a,
	struct store_cardinality *ret, struct err *e) MUST_USE;

/* What the sink was told last about a metric; texts until the next call on the store's sink.  False:
 * nothing. */
bool store_metadata(const struct store *s, const char *metric, struct metric_metadata *ret);
/* The same of all metrics, in the order in which they were first told of. */
void store_each_metadata(const struct store *s,
	void (*visit)(void *ctx, const char *metric, const struct metric_metadata *m), void *ctx);
/* Another number whenever something of it has changed. */
uint64_t store_metadata_changes(const struct store *s);

/*
 * Exemplars are asked for in two steps.  On the owner's thread all that are kept are copied; then, on any
 * thread, those of some series and time are taken from the copy: of each series that has such, in order
 * of labels, the oldest first.  RC_LIMIT: the arena is full.
 */
void store_copy_exemplars(const struct store *s, struct str *ret);
struct store_exemplars {
	struct labels series;
	struct exemplar *v;
	uint32_t n;
};
struct store_exemplar_list {
	struct store_exemplars *v;
	uint32_t n;
};
enum rc store_find_exemplars(const struct store_view *v, const struct str *copied,
	const struct store_selection *which, uint32_t n_which, struct arena *a,
	struct store_exemplar_list *ret, struct err *e) MUST_USE;

#endif
