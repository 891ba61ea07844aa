/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arrival: a request that brings samples.
 *
 *	handler            pool, or at once when few     loop, in slices             loop
 *	arrival_new ────► decode: bytes to a batch ───► commit: batch to store ───► answer
 *	             ▲ large ones wait for each other       ▲ waits for room            ▲ waits until a
 *	                                                                                  power cut does
 *	                                                                                  not take it
 *
 * All that wait for the disk are served by one sync.  Who can't wait says ?wait=0, or the lab
 * `durable_answers: false`.
 *
 * Series are known by the hash of how they are written (base/series_batch.h); what is known is shared
 * by all arrivals.
 */
#ifndef API_RECEIVE_ARRIVAL_H
#define API_RECEIVE_ARRIVAL_H

#include "api/api_private.h"
#include "api/receive/receive.h"
#include "base/series_batch.h"
#include "core/metrics/store.h"

#define ARRIVAL_SLICE 50000 /* samples in one turn of the loop: some 5 ms */

struct arrival;

struct arrival_kind {
	enum lab_receive what; /* that lab.yaml must allow */
	const char *name;      /* as it stands there */
	bool is_past;          /* goes to the store's past, which may have no room just now */
	/* RC_INPUT, RC_LIMIT: the sender's fault. */
	enum rc (*decode)(struct arrival *d, struct err *e);
	/* Of what isn't stored yet some ARRIVAL_SLICE; sets d->is_stored when that was all. */
	enum rc (*commit)(struct arrival *d, struct err *e);
	void (*answer)(struct arrival *d, enum rc rc, const struct err *e);
};

struct arrival {
	struct api *api;
	struct http_exchange *exchange;
	const struct http_ask *ask; /* until the reply; on the pool only its body */
	const char *coding;         /* of the body; NULL: none */
	size_t most_bytes;          /* that the body may become, unpacked */
	const struct arrival_kind *kind;
	struct arena arena; /* of parameters and what the kind keeps */
	struct uri_pairs pairs;
	int64_t now_ms;
	struct str plain; /* the body, unpacked */
	struct series_batch batch;
	void *of;          /* the kind's own, in the arena */
	bool waits;        /* be answered when all is kept, */
	bool is_impatient; /* as soon as can be */
	bool is_stored, has_past;
	uint64_t ticket;    /* of the past, */
	uint64_t committed; /* and of what was committed */
	uint32_t next;      /* the first sample, or what stands behind these, that isn't stored */
	uint64_t n_taken, n_left_out[SERIES_VERDICTS];
	uint64_t n_ahead;   /* from too far in the future */
	char offender[200]; /* the first sample that was left out */

	/* Private. */
	uv_work_t work;
	enum rc rc;
	struct err e;
	bool is_begun, is_decoded, is_large;
	uint32_t forgotten; /* by the store, when its series were asked for */
	uint64_t deadline_ms;
	struct arrival *next_waiting;
};

/* RC_UNSUPPORTED: this site keeps no metrics; RC_REFUSED: lab.yaml doesn't allow such. */
enum rc arrival_new(struct call *c, const struct arrival_kind *kind, struct arrival **ret,
	struct err *e) MUST_USE;
void arrival_free(struct arrival *d);
SCOPED_BY(arrival_free, struct arrival *)
/* Takes `d` over. */
void arrival_start(struct arrival *d);

/* The body without its gzip, if it has such, in d->plain; else where it lies. */
enum rc arrival_unzip(struct arrival *d, const char **ret, size_t *ret_n, struct err *e) MUST_USE;

/* The ref of a series that was written so before; 0: it isn't known. */
series_ref arrival_known(const struct arrival *d, uint64_t hash);
/* What isn't known, or is no longer: its labels are read, and `find` asked.  RC_INPUT: they can't be
 * labels.  Sets the series' ref. */
typedef enum rc arrival_find_series(struct store *s, const struct labels *l, series_ref *ret,
	struct err *e);
#define ARRIVAL_REF_BAD UINT32_MAX /* set by who asks, of a series that can't be found */
enum rc arrival_find(struct arrival *d, uint32_t series, arrival_find_series *find, struct err *e);
/* Count, and remember the first that was left out. */
void arrival_leave_out(struct arrival *d, const struct series_sample *s, uint64_t *counter);

#endif
