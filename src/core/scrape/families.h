/* SPDX-License-Identifier: Apache-2.0 */
/*
 * families: what exporters send as protobuf: io.prometheus.client.MetricFamily messages, each behind its
 * length, told as the entries of exposition.h that a text would have had, and native histograms.
 *
 * Source: io/prometheus/client/metrics.proto of prometheus/client_model; protobufparse.go of Prometheus
 * 3.5's model/textparse.
 */
#ifndef CORE_SCRAPE_FAMILIES_H
#define CORE_SCRAPE_FAMILIES_H

#include "base/str.h"
#include "core/scrape/exposition.h"

struct families_wish {
	bool has_native;  /* take native histograms; else their classic buckets */
	bool has_classic; /* take classic buckets of those, too */
	uint64_t
		buckets_max; /* of a native histogram: resolution is given up for it; 0: no bound */
	double bucket_factor_least; /* from bucket to bucket: resolution beyond is given up; 0: all */
};

/* An entry lives until `take` returns.  `exemplars` are the entry's, in order of time. */
struct family_exemplar {
	struct piece labels; /* as a text has them, with braces */
	size_t at;           /* where they begin, among those of one sample */
	double v;
	int64_t t_ms;
	bool has_time;
};
struct family_entry {
	struct exposition_entry entry;
	enum metric_type type; /* of the family */
	const struct family_exemplar *exemplars;
	uint32_t n_exemplars;
};
struct families_visitor {
	void *self;
	enum rc (*take)(void *self, const struct family_entry *f, struct err *e);
};

/* All whole messages at the beginning of the bytes; *ret_used: so many bytes.  RC_INPUT: malformed;
 * RC_LIMIT: a message is longer than SCRAPE_FAMILY_BYTES_MAX, or a histogram has too many buckets;
 * else what the visitor said. */
enum rc families_read(const char *bytes, size_t n, const struct families_wish *wish,
	const struct families_visitor *visitor, size_t *ret_used, struct err *e) MUST_USE;

#endif
