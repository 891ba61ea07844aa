/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quoted: "text", 'text' and `text` as Go and PromQL write them.
 *
 * In backquotes nothing is special; in the others a backslash is: \a \b \f \n \r \t \v \\ \" \'
 * \377 \xff \u20ac \U0001f600.  https://go.dev/ref/spec#String_literals
 */
#ifndef CORE_PROMQL_QUOTED_H
#define CORE_PROMQL_QUOTED_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

struct quoted {
	const char *s; /* what it stands for; terminated, may hold NUL */
	uint32_t n;
	uint32_t used; /* bytes of the source, quotes included */
};

/* `text` begins with a quote.  NULL, or what is wrong with it ("unknown escape sequence"). */
const char *quoted_read(const char *text, struct arena *a, struct quoted *ret);

/* Whether a name stands without quotes: letters, digits behind them, '_', and those of `more`. */
bool quoted_is_plain(const char *name, const char *more);

#endif
