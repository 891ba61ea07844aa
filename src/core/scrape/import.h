/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import: a text of samples with their times, as somebody sends it who has stored them: a batch.
 *
 * A text is taken whole or not at all.  Series come in any order: one after the other with all of
 * their samples, or all of them again and again, time after time; either way the next line is mostly
 * of the series that is expected, and costs a comparison, no search.
 */
#ifndef CORE_SCRAPE_IMPORT_H
#define CORE_SCRAPE_IMPORT_H

#include "base/series_batch.h"
#include "core/scrape/exposition.h"

struct import_text {
	enum exposition_format format;
	const char *s; /* until the batch is done with; ends with a line's end */
	size_t n;
	bool is_cut;         /* of which the last byte was added */
	int64_t t_ms;        /* of samples without a time */
	struct labels extra; /* put on every series, in place of its own; they outlive the batch */
};

/* Adds to an empty batch.  RC_INPUT: line N: what is wrong there.  RC_LIMIT: too many samples. */
enum rc import_parse(const struct import_text *text, struct series_batch *ret,
	struct err *e) MUST_USE;

#endif
