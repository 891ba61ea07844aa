/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request: samples as the body of a remote write request, 1.0 or 2.0, compressed.
 *
 *	1.0  WriteRequest { TimeSeries timeseries = 1 { Label labels = 1; Sample samples = 2;
 *	     Exemplar exemplars = 3 { Label labels = 1; ... }; Histogram histograms = 4 } }
 *	     and MetricMetadata metadata = 3 { type = 1, metric_family_name = 2, help = 4, unit = 5 }
 *	2.0  Request { string symbols = 4; TimeSeries timeseries = 5 { uint32 labels_refs = 1;
 *	     Sample samples = 2; Histogram histograms = 3; Exemplar exemplars = 4 { uint32
 *	     labels_refs = 1; ... }; Metadata metadata = 5 { type = 1; help_ref = 3; unit_ref = 4 } } }
 *	Sample { double value = 1; int64 timestamp = 2 }, Exemplar { double value = 2; int64 timestamp
 *	= 3 } and Histogram (base/histogram_protobuf.h) in both
 *
 * Sources: https://prometheus.io/docs/specs/prw/remote_write_spec/ and remote_write_spec_2_0/.
 */
#ifndef CORE_REMOTE_WRITE_REQUEST_H
#define CORE_REMOTE_WRITE_REQUEST_H

#include "base/str.h"
#include "core/remote_write/names.h"

/* What isn't a sample of a float, as bytes of its message. */
struct remote_extra {
	bool is_exemplar;    /* else a histogram */
	uint32_t at, n;      /* in `texts`; of exemplars in 2.0 what follows labels_refs */
	uint32_t first, n_refs; /* in `refs`: words of an exemplar's labels, in 2.0 */
};

/* Samples, histograms and exemplars that wait for their request, in order. */
struct remote_batch {
	uint32_t *ids; /* of series that names.h knows and doesn't drop */
	int64_t *t_ms;
	double *v;
	uint32_t *extra; /* 0, or 1 + place in `extras`; NULL: all are samples of floats */
	uint32_t n, cap;
	struct remote_extra *extras;
	uint32_t n_extras, cap_extras, n_exemplars;
	struct remote_refs refs;
	struct str texts;
};
void remote_batch_fini(struct remote_batch *b);
void remote_batch_clear(struct remote_batch *b);
void remote_batch_grow(struct remote_batch *b);
static inline void remote_batch_add(struct remote_batch *b, uint32_t id, int64_t t_ms, double v)
{
	if (b->n == b->cap)
		remote_batch_grow(b);
	b->ids[b->n] = id;
	b->t_ms[b->n] = t_ms;
	if (b->extra)
		b->extra[b->n] = 0;
	b->v[b->n++] = v;
}
void remote_batch_add_histogram(struct remote_batch *b, uint32_t id, int64_t t_ms,
	const struct histogram *h);
void remote_batch_add_exemplar(struct remote_batch *b, struct remote_names *names, uint32_t id,
	const struct exemplar *x);
/* Bytes of histograms and exemplars that are more than one request should have. */
#define REMOTE_EXTRAS_BYTES (4u << 20)
static inline bool remote_batch_is_long(const struct remote_batch *b)
{
	return b->texts.len >= REMOTE_EXTRAS_BYTES;
}

/* The first `n` of a batch, in place of what `ret` held.  *ret_at: where in it the body begins. */
void remote_request_write(struct remote_names *names, const struct remote_batch *b, uint32_t n,
	struct str *ret, size_t *ret_at);

/* What is known of metrics, for 1.0. */
struct remote_metric {
	const char *name;
	struct metric_metadata metadata;
};
void remote_request_write_metadata(const struct remote_metric *v, uint32_t n, struct str *ret,
	size_t *ret_at);

/* What goes before the body: "application/x-protobuf...", and "0.1.0" or "2.0.0". */
const char *remote_request_type(enum remote_protocol p);
const char *remote_request_version(enum remote_protocol p);

#endif
