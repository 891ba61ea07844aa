/* SPDX-License-Identifier: Apache-2.0 */
/*
 * classic: a classic histogram (lines of _bucket, _sum and _count) gathered into a native one with custom
 * bounds, as convert_classic_histograms_to_nhcb wants it.
 *
 *	            take                 take                  end
 *	nothing ──────────► gathering ──────────► gathering ──────────► a histogram, or nothing
 *
 * One at a time: lines of one histogram stand together, as Prometheus takes it for granted.  What stands
 * between them ends it, a comment too.  A histogram whose buckets can't be (not cumulative, negative, its
 * count isn't that of all buckets) becomes nothing, and nobody is told: so it is in Prometheus.
 *
 * Source: nhcbparse.go of Prometheus 3.5's model/textparse, and its util/convertnhcb.
 */
#ifndef CORE_SCRAPE_CLASSIC_H
#define CORE_SCRAPE_CLASSIC_H

#include "core/scrape/exposition.h"

struct classic_bucket {
	double bound, count;
};
struct classic_exemplar {
	struct piece labels; /* with braces; in the arena */
	double v;
	int64_t t_ms;
};

struct classic {
	struct str metric; /* that the last TYPE line was about */
	bool is_gathering, has_gathered, is_openmetrics;
	bool is_native; /* `labels` are those of a native histogram: its classic lines stay what they are */
	struct arena arena;             /* of the histogram that is gathered */
	struct labels labels;           /* its own: the name without suffix, no "le" */
	struct arena scratch;           /* of one line */
	struct classic_bucket *buckets; /* by bounds */
	uint32_t n_buckets, cap_buckets;
	double count, sum;
	bool has_count, is_impossible;
	int64_t t_ms;
	bool has_time;
	struct classic_exemplar
		*exemplars; /* those with a time: others aren't for native histograms */
	uint32_t n_exemplars, cap_exemplars;
};

void classic_init(struct classic *c);
void classic_fini(struct classic *c);
SCOPED_FINI(classic_fini, struct classic)

/* A TYPE line was read: its metric's name, escaped. */
enum rc classic_type(struct classic *c, struct piece name, struct err *e) MUST_USE;

enum classic_answer {
	CLASSIC_NO,       /* it is none of this one's business */
	CLASSIC_GATHERED, /* it is part of a classic histogram, and was taken */
	CLASSIC_LEFT_OUT, /* it says when the histogram was created, which OpenMetrics does */
	CLASSIC_ENDS,     /* take what was gathered with classic_end() first, then ask again */
};
/* RC_INPUT: the labels are malformed; RC_LIMIT: they are too many, or the buckets. */
enum rc classic_take(struct classic *c, const struct exposition *x,
	const struct exposition_entry *entry, enum classic_answer *ret, struct err *e) MUST_USE;

/* What was gathered, as the entry of a series; `text` gets the series' text, `h` the histogram, and all of
 * it, the exemplars too, is good until the next classic_take().  *ret_has false: there was nothing. */
enum rc classic_end(struct classic *c, struct str *text, struct histogram *h,
	struct exposition_entry *ret, bool *ret_has, struct err *e) MUST_USE;

#endif
