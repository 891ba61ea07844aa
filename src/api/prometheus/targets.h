/* SPDX-License-Identifier: Apache-2.0 */
/*
 * targets: what is scraped, and how it went, in the bytes that Prometheus' API answers with.
 * https://prometheus.io/docs/prometheus/latest/querying/api/#targets
 */
#ifndef API_PROMETHEUS_TARGETS_H
#define API_PROMETHEUS_TARGETS_H

#include "base/str.h"

struct scraper; /* core/scrape/scraper.h; NULL below: nothing is scraped */

struct targets_wish {
	bool has_active, has_dropped;
	const char *pool; /* of this job only; NULL or "": of all */
};
/* The whole envelope. */
void targets_write(struct str *out, const struct scraper *s, const struct targets_wish *w);
/* The same of the names of jobs, in order. */
void targets_write_pools(struct str *out, const struct scraper *s);

#endif
