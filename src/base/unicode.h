/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unicode: what kind of character it is, and its upper and lower case, by itself (a character is
 * never more than one, so the German sharp s stays).
 *
 * Tables of our own, unicode.def, so that answers depend neither on a locale nor on a machine.
 */
#ifndef BASE_UNICODE_H
#define BASE_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UNICODE_REPLACEMENT 0xfffd
#define UNICODE_MAX         0x10ffff
#define UTF8_BYTES_MAX      4

bool unicode_is_letter(uint32_t c);    /* L* */
bool unicode_is_digit(uint32_t c);     /* Nd */
bool unicode_is_mark(uint32_t c);      /* M* */
bool unicode_is_printable(uint32_t c); /* L*, M*, N*, P*, S* and the ASCII space */
uint32_t unicode_upper(uint32_t c);
uint32_t unicode_lower(uint32_t c);
uint32_t unicode_title(uint32_t c);

/* The character at the start of `n` > 0 bytes, and how many bytes it takes.  What is no UTF-8
 * (RFC 3629) is UNICODE_REPLACEMENT, one byte at a time. */
uint32_t utf8_decode(const char *s, size_t n, size_t *ret_bytes);
/* Returns how many bytes were written; what is no character becomes UNICODE_REPLACEMENT. */
size_t utf8_encode(uint32_t c, char ret[UTF8_BYTES_MAX]);
size_t utf8_count(const char *s, size_t n); /* characters, each stray byte as one */

#endif
