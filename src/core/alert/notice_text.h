/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notice_text: text from outside, made fit to be shown to people, and measured as Discord does.
 *
 * Cleaning makes one line of well-formed UTF-8: runs of blanks and controls become one space, what
 * is invisible or turns the direction of writing around is dropped, malformed bytes become
 * U+FFFD.  Escaping then takes from Discord's Markdown its meaning: a backslash before whatever
 * could format, quote, link or mention.  (Discord: any character but letters, digits and blanks
 * may be escaped; "Markdown Text 101".)
 */
#ifndef CORE_ALERT_NOTICE_TEXT_H
#define CORE_ALERT_NOTICE_TEXT_H

#include "base/str.h"

#include <stdint.h>

void text_clean(const char *raw, struct str *out);

/* UTF-16 code units of well-formed UTF-8. */
size_t text_units(const char *text);

enum text_escape { TEXT_PLAIN, TEXT_MARKDOWN };

/* A text that never grows beyond `most` UTF-16 code units. */
struct part {
	struct str text;
	size_t units, most;
};
#define PART(units_most) ((struct part){ .most = (units_most) })

void part_fini(struct part *p);
SCOPED_FINI(part_fini, struct part)

/* Our own words, with whatever markup: whole, or not at all and false. */
bool part_add(struct part *p, const char *text);
bool part_addf(struct part *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Somebody else's: cleaned, escaped, and cut with "…" to the room there is or to `most` units.
 * False when it was cut. */
bool part_say(struct part *p, const char *raw, enum text_escape how, size_t most);
/* " and", "\n" and the like, only between two things. */
void part_separate(struct part *p, const char *separator);

/* Lines of a list, each whole or left out; what is left out is counted: "and 37 more". */
struct part_list {
	struct part *part;
	uint32_t n_left_out;
};
#define PART_MORE_UNITS 24 /* "\nand 4294967295 more" */
/* A line about `n` things; nothing after the first left out. */
void part_list_line(struct part_list *l, const char *line, uint32_t n);
void part_list_end(struct part_list *l, uint32_t more); /* `more` were never offered */

#endif
