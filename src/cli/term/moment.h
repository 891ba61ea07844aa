/* SPDX-License-Identifier: Apache-2.0 */
/*
 * moment: instants as people write and read them, in the reader's zone.
 */
#ifndef CLI_TERM_MOMENT_H
#define CLI_TERM_MOMENT_H

#include "cli/term/term.h"

#define MOMENT_TEXT_MAX 48

/* "just now", "12 s ago", "4 min ago", "2 h 20 min ago", "14 h ago", "1 d 4 h ago", "12 d ago"; of
 * what is to come "in 5 h"; of {0} "never".  What is smaller than shown is dropped, not rounded. */
const char *moment_ago(struct wall t, struct wall now, char buf[MOMENT_TEXT_MAX]);

/* How long something has lasted: as above, without "ago". */
const char *moment_since(struct wall t, struct wall now, char buf[MOMENT_TEXT_MAX]);

/* "19:04:11 IST" today, "Mon 23 Nov 19:04 IST" this year, else "2025-11-23 19:04 IST"; of {0}
 * "never", of {NEVER_MS} "open". */
const char *moment_text(const struct term *t, struct wall at, char buf[MOMENT_TEXT_MAX]);

/* "19:04:11", and the day that it belongs to: "Monday 23 November 2026". */
const char *moment_clock(const struct term *t, struct wall at, char buf[MOMENT_TEXT_MAX]);
const char *moment_day(const struct term *t, struct wall at, char buf[MOMENT_TEXT_MAX]);

/* "2026-11-23T19:04:11+05:30": for lines that programs read. */
const char *moment_stamp(const struct term *t, struct wall at, char buf[MOMENT_TEXT_MAX]);

enum moment_side { MOMENT_PAST, MOMENT_FUTURE };

/*
 * What somebody typed: a duration counted from now to that side ("2h"), RFC 3339, "2026-11-22",
 * "2026-11-22 18:30[:15]", "18:30[:15]", "yesterday", "today", "tomorrow".  Without a date it is
 * the nearest such time on that side.  RC_USAGE.
 */
enum rc moment_parse(const struct term *t, const char *text, enum moment_side side,
	struct wall *ret, struct err *e) MUST_USE;

#endif
