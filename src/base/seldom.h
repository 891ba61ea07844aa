/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seldom: a log line that strangers can cause, kept from filling the disk.
 *
 * SELDOM_LINES a minute are written, the others counted; the count goes with the next line.
 */
#ifndef BASE_SELDOM_H
#define BASE_SELDOM_H

#include "base/time.h"

#define SELDOM_LINES 5 /* a minute */

struct seldom {            /* all zero: nothing written yet */
	struct mono until; /* end of this minute */
	uint32_t n_written, n_left_out;
};

/* May one more line be written?  *ret_left_out: how many weren't since the last that was. */
bool seldom_may_write(struct seldom *s, struct mono now, uint32_t *ret_left_out);

#endif
