/* SPDX-License-Identifier: Apache-2.0 */
/* limits: all bounds of the program on one page, limits.def. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#include <stddef.h>

enum limit {
#define LIMIT(name, value, what) name = (value),
#include "base/limits.def"
#undef LIMIT
};

struct limit_row {
	const char *name;
	size_t value;
	const char *what;
};
extern const struct limit_row limit_rows[];
extern const size_t limit_row_count;

#endif
