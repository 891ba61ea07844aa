/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metadata: what was said last about each metric: its type, help and unit.
 *
 * Targets say it again with every scrape; what is new is kept beside samples (beside.h).  Of a long text the beginning is kept; of
 * more than METRICS_WITH_METADATA_MAX metrics the first ones.
 */
#ifndef CORE_METRICS_METADATA_H
#define CORE_METRICS_METADATA_H

#include "base/map.h"
#include "base/series.h"

struct metadata {
	struct map metrics; /* of struct metric_metadata */
	uint64_t changes;   /* so many */
};

void metadata_fini(struct metadata *m);
/* Whether it changed anything; an empty word doesn't. */
bool metadata_put(struct metadata *m, const char *metric, const struct metric_metadata *said);
/* NULL: nothing was said.  Until the next put. */
const struct metric_metadata *metadata_get(const struct metadata *m, const char *metric);

#endif
