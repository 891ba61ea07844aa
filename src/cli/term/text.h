/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text: what somebody else wrote, made fit for a terminal, and measured in columns.
 *
 * Reasons and names reach us from servers that may be hostile: an escape sequence in the body of a
 * probed page must not get to drive the reader's terminal.  Everything that is shown goes through
 * text_add_clean() first.
 */
#ifndef CLI_TERM_TEXT_H
#define CLI_TERM_TEXT_H

#include "base/str.h"

/* Append `s` with line breaks and tabs as spaces, and with what is malformed, a control character
 * (C0, DEL, C1) or changes the direction of writing as "?". */
void text_add_clean(struct str *out, const char *s);

/* Columns that clean text takes: wide characters count two, combining ones none. */
size_t text_width(const char *s);

/* Append clean `s`, cut to `columns` with `ellipsis` at its end if it is wider; a wide character is
 * never split.  Returns the columns written. */
size_t text_add_cut(struct str *out, const char *s, size_t columns, const char *ellipsis);

/* Bytes of clean `s` that fit into `columns`, broken at a space if there is one, else in the word;
 * at least one character.  `*ret_next` is where the next line begins. */
size_t text_wrap(const char *s, size_t columns, size_t *ret_next);

/* A JSON text as it is, but with what text_add_clean() would not let through escaped as \uXXXX, for
 * a terminal.  Such characters can stand in strings only. */
void text_add_json(struct str *out, const char *json);

#endif
