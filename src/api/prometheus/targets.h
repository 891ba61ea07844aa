/* SPDX-License-Identifier: Apache-2.0 */
/*
 * targets: what is scraped, and how it went, in the bytes that Prometheus' API answers with.
 * https://prometheus.io/docs/prometheus/latest/querying/api/#targets
 * One field is ours: lastWarning, what a scrape that went well lost all the same, which Prometheus
 * only logs; not there when nothing was.
 */
#ifndef API_PROMETHEUS_TARGETS_H
#define API_PROMETHEUS_TARGETS_H

#include "base/str.h"

struct matcher; /* base/matcher.h */
struct scraper; /* core/scrape/scraper.h; NULL below: nothing is scraped */

struct targets_wish {
	bool has_active, has_dropped;
	const char *pool; /* of this job only; NULL or "": of all */
};
/* The whole envelope. */
void targets_write(struct str *out, const struct scraper *s, const struct targets_wish *w);
/* What targets say of their metrics. */
struct targets_metadata_wish {
	const struct matcher *const *matchers; /* of a target's labels */
	uint32_t n_matchers;
	const char *metric; /* NULL: all */
	int64_t limit;      /* no target more when there are so many rows; below 0: none */
};
/* The same of this, as far as `out` lets it. */
void targets_write_metadata(struct str *out, const struct scraper *s,
	const struct targets_metadata_wish *w);
/* What is scraped, for /metrics: targets, scrapes and what they lost, a job. */
void targets_write_metrics(struct str *out, const struct scraper *s);
/* The same of the names of jobs, in order. */
void targets_write_pools(struct str *out, const struct scraper *s);

#endif
