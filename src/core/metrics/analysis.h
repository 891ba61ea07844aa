/* SPDX-License-Identifier: Apache-2.0 */
/*
 * analysis: what takes the room in a folder of metrics: series, samples and bytes by metric, labels
 * with many values, and what comes and goes.
 *
 * Of what is in parts; what a running site has taken in since its last flush isn't counted.
 */
#ifndef CORE_METRICS_ANALYSIS_H
#define CORE_METRICS_ANALYSIS_H

#include "base/arena.h"
#include "core/metrics/files.h"

struct analysed_metric {
	const char *name;
	uint64_t n_series, n_samples, bytes; /* of chunks; times that series share are split */
	uint64_t n_gone;                     /* of the series, without samples lately */
};
struct analysed_label {
	const char *name;
	uint64_t n_values, bytes; /* of the values' texts, as often as they are series' */
};
struct analysed_pair {
	const char *name, *value;
	uint64_t n_series;
};

struct metrics_analysis {       /* texts and lists in the arena, greatest first */
	int64_t min_ms, max_ms; /* min > max: there are no samples */
	uint64_t n_series, n_samples, n_gone;
	uint32_t n_parts, n_segments, n_metrics_all, n_labels_all;
	uint64_t part_bytes, index_bytes, shared_times_bytes;
	struct analysed_metric *metrics; /* by bytes */
	struct analysed_label *labels;   /* by values */
	struct analysed_pair *pairs;     /* by series */
	uint32_t n_metrics, n_labels, n_pairs;
};

#define ANALYSIS_LATELY_MS (3 * HOUR_MS) /* before the newest sample */

/* At most `most` of each list.  RC_CORRUPT: a file is damaged (verify.h says which); RC_LIMIT. */
enum rc metrics_analyse(const struct files *files, uint32_t most, struct arena *a,
	struct metrics_analysis *ret, struct err *e) MUST_USE;

#endif
