/* SPDX-License-Identifier: Apache-2.0 */
/*
 * term: what standard output is: a terminal or not, how wide, with colours or without.
 *
 * On anything but a terminal output is plain: no colours, nothing is cut to a width.
 */
#ifndef CLI_TERM_TERM_H
#define CLI_TERM_TERM_H

#include "base/tz.h"

enum colour_wish { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

#define TERM_WIDTH_MIN 40 /* narrower ones wrap by themselves */

struct term {
	uint32_t width; /* columns; 0: not a terminal, without bound */
	bool has_colour;
	bool has_utf8;         /* may show more than ASCII as decoration */
	struct wall now;       /* what "4 min ago" is reckoned from */
	const struct tz *zone; /* the reader's */
};

/* Colours are on when asked for; in COLOUR_AUTO on a terminal, unless NO_COLOR is set to something
 * (https://no-color.org) or TERM is "dumb".  The width is COLUMNS if that is set, else the
 * terminal's, else 80.  `now` and `zone` are left alone. */
void term_look(struct term *t, int fd, enum colour_wish wish);

/* The zone that TZ names, or /etc/localtime without TZ.  NULL, which is UTC, when that is no zone.
 * The caller frees. */
struct tz *term_zone(void);

#endif
