/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"

#include "base/mem.h"

const struct limit_row limit_rows[] = {
#define LIMIT(name, value, what) { #name, value, what },
#include "base/limits.def"
#undef LIMIT
};

const size_t limit_row_count = COUNT(limit_rows);
