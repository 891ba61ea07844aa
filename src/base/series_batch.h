/* SPDX-License-Identifier: Apache-2.0 */
/*
 * series_batch: what one request brings: samples of many series, before anybody knows which series of
 * the sink they are.
 *
 * A decoder fills a batch from bytes, on any thread.  It doesn't read labels: a series is a hash of
 * how its labels are written there.  Who owns the sink looks the hash up (series_known), and only a
 * series that was never seen costs the reading of its labels.
 *
 *	bytes ──decoder──► series_batch ──series_known──► refs ──► series_sink
 */
#ifndef BASE_SERIES_BATCH_H
#define BASE_SERIES_BATCH_H

#include "base/series.h"
#include "base/str.h"

/* Names a series, of its batch or of the sink. */
struct series_sample {
	int64_t t_ms;
	double v;
	uint32_t series;
	uint32_t order; /* free for who sorts them */
};

struct batch_series {
	uint64_t hash;
	const char *text; /* its labels as they are written; the decoder's own form */
	uint32_t n;
	uint32_t kind; /* the decoder's own */
	series_ref ref; /* once it is known */
};

/* A native histogram; it lives in the batch's arena. */
struct batch_histogram {
	int64_t t_ms;
	uint32_t series;
	const struct histogram *h;
};
struct batch_exemplar {
	uint32_t series;
	struct exemplar x;
};
struct batch_metadata {
	const char *metric;
	struct metric_metadata m;
};

struct series_batch {
	struct batch_series *series;
	struct series_sample *samples;
	struct batch_histogram *histograms;
	struct batch_exemplar *exemplars;
	struct batch_metadata *metadata;
	uint32_t n_series, n_samples, n_histograms, n_exemplars, n_metadata;
	uint32_t cap_series, cap_samples, cap_histograms, cap_exemplars, cap_metadata;
	uint32_t samples_max; /* RC_LIMIT beyond; of all else together, too */
	uint64_t seed;        /* of hashes: secret, so that nobody can make series that collide */
	struct arena arena;   /* of what isn't in the bytes as it is */
	/* The labels of a series, sorted, in an arena.  RC_INPUT: they can't be labels. */
	enum rc (*labels)(const struct series_batch *b, uint32_t series, struct arena *a,
		struct labels *ret, struct err *e);
	/* What is said of the metric of a series, where it is said with each; NULL: nowhere.  False:
	 * nothing is. */
	bool (*series_metadata)(const struct series_batch *b, uint32_t series,
		const struct labels *labels, struct arena *a, struct batch_metadata *ret);
	const void *of; /* the decoder's own, for these */
};

void series_batch_init(struct series_batch *b, uint64_t seed, size_t arena_bytes);
void series_batch_fini(struct series_batch *b);
SCOPED_FINI(series_batch_fini, struct series_batch)

/* The series just added. */
struct batch_series *series_batch_add_series(struct series_batch *b, uint64_t hash,
	const char *text, uint32_t n);
static inline void series_batch_add(struct series_batch *b, uint32_t series, int64_t t_ms, double v)
{
	must_grow(b->samples, b->n_samples, b->cap_samples);
	b->samples[b->n_samples++] =
		(struct series_sample){ .t_ms = t_ms, .v = v, .series = series };
}
/* Each takes two bytes of a request, and many times that here: asked before one is added. */
static inline bool series_batch_is_full(const struct series_batch *b)
{
	return (uint64_t)b->n_series + b->n_histograms + b->n_exemplars + b->n_metadata >=
	       b->samples_max;
}
void series_batch_add_histogram(struct series_batch *b, uint32_t series, int64_t t_ms,
	const struct histogram *h);
void series_batch_add_exemplar(struct series_batch *b, uint32_t series, const struct exemplar *x);
void series_batch_add_metadata(struct series_batch *b, const char *metric,
	const struct metric_metadata *m);

/* Which series of the sink is written so: 16 bytes each, and forgotten all at once when there are too
 * many. */
struct series_known {
	struct known_slot {
		uint64_t hash;
		series_ref ref; /* 0: empty */
	} * slots;
	uint32_t n, cap, most;
};

void series_known_init(struct series_known *k, uint32_t most);
void series_known_fini(struct series_known *k);
void series_known_forget(struct series_known *k);
series_ref series_known_get(const struct series_known *k, uint64_t hash); /* 0: it isn't known */
void series_known_put(struct series_known *k, uint64_t hash, series_ref ref);

#endif
