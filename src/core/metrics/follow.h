/* SPDX-License-Identifier: Apache-2.0 */
/*
 * follow: what the store takes, in the order in which it was committed, for somebody who sends it
 * on; from marks (marks.h) that outlive the process.
 *
 * A follower reads the store's own logs, which are kept until it has passed them: following costs a
 * writer nothing, and a day that nobody could be sent to costs the bytes of a day's logs.  It sees a
 * sample once the commit has written it to the log, and never sees what the store didn't take.
 *
 *	log ── follower_next ──► sent in lanes ── answered ── follower_move ──► marks ──► log may go
 *
 * Calls are for the owner of the store, but for those between follower_begin() and follower_end(),
 * which may be made on any one thread.
 */
#ifndef CORE_METRICS_FOLLOW_H
#define CORE_METRICS_FOLLOW_H

#include "core/metrics/marks.h"
#include "core/metrics/store.h"

struct follower;

/* Goes on where the marks of that name are: marks_file_name() says which names will do; or begins
 * here, with one lane.  Marks that can't be read: with the oldest log that is kept, and a finding.
 * Ends before the store does.  RC_IO, RC_FULL: the marks can't be written. */
enum rc store_follow(struct store *s, const char *name, struct follower **ret,
	struct err *e) MUST_USE;
void follower_free(struct follower *f); /* its marks stay; NULL is fine */
SCOPED_BY(follower_free, struct follower *)
/* All that shall go on have been opened: the marks of others are removed. */
void store_follow_no_others(struct store *s);

/* Where its lanes are. */
const struct marks *follower_marks(const struct follower *f);
/* How many bytes of logs lie behind what was read. */
uint64_t follower_behind_bytes(const struct follower *f);
/* A lane has come so far.  An error: in memory only, until a later one is written. */
enum rc follower_move(struct follower *f, uint32_t lane, const struct log_mark *to,
	struct err *e) MUST_USE;
/* All lanes have come to where reading is: so many lanes go on from there. */
enum rc follower_set_lanes(struct follower *f, uint32_t n, struct err *e) MUST_USE;
enum rc follower_sync(struct follower *f, struct err *e) MUST_USE;

/* False: there is nothing to be read now, and nothing was begun. */
bool follower_begin(struct follower *f);
void follower_end(struct follower *f);

struct followed_exemplar {
	uint32_t id;
	struct exemplar x;
};
/* One commit's samples, in order, and its exemplars; they live until the following call. */
struct followed {
	struct log_mark at; /* of the first: that of sample i has i more in `index` */
	const uint32_t *ids;
	const int64_t *t_ms;
	const double *v;
	const struct histogram *const *h; /* NULL: there are none; NULL where sample i is a float */
	uint32_t n;
	const struct followed_exemplar *exemplars; /* exemplar i has n + i more in `index` */
	uint32_t n_exemplars;
};
/* *ret_has false: that was all.  What can't be read is left out and counted. */
enum rc follower_next(struct follower *f, struct followed *ret, bool *ret_has,
	struct err *e) MUST_USE;
/* Where the next one begins. */
struct log_mark follower_at(const struct follower *f);
/* Of a series that follower_next() has shown; `v` has room for SERIES_LABELS_MAX, and the texts live
 * until follower_end().  False: nobody knows it any more. */
bool follower_labels(struct follower *f, uint32_t id, struct label *v, struct labels *ret);
/* Logs of which something could not be read; histograms beyond FOLLOW_HISTOGRAMS_BYTES in one commit
 * count too, and are left out. */
#define FOLLOW_HISTOGRAMS_BYTES (512u << 20)
uint64_t follower_damaged(const struct follower *f);

#endif
