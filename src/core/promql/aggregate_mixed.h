/* SPDX-License-Identifier: Apache-2.0 */
/* aggregate_mixed: sums and means of native histograms, a step and group each. */
#ifndef CORE_PROMQL_AGGREGATE_MIXED_H
#define CORE_PROMQL_AGGREGATE_MIXED_H

#include "core/promql/aggregate_private.h"

struct group_histograms; /* of one group */

struct histogram_folding {
	struct aggregating *aggregating;
	struct group_histograms **groups; /* by number; NULL: none so far */
	uint32_t cap;
	uint64_t bytes;
	struct arena results; /* of the group that is given */
	const struct histogram **h;
};

/* Take the histograms out of a column of the group: what is left are floats.  A step that began
 * with floats (which it has so far) only remembers that there was a histogram. */
enum rc histogram_folding_add(struct histogram_folding *f, uint32_t group, const double *floats,
	struct column *c, struct err *e) MUST_USE;
/* Once its histograms can't be added any more, a step of the group takes nothing. */
void histogram_folding_close(const struct histogram_folding *f, uint32_t group, double *v);
/* Put the group's histograms where the floats have nothing; notes where both have something. */
enum rc histogram_folding_finish(struct histogram_folding *f, uint32_t group, struct column *ret,
	struct err *e) MUST_USE;

#endif
