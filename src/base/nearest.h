/* SPDX-License-Identifier: Apache-2.0 */
/* nearest: the known word that somebody meant, for "did you mean". */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include "base/limits.h"

#include <stddef.h>

struct nearest { /* all zero: none yet */
	const char *word;
	size_t distance;
};

void nearest_offer(struct nearest *best, const char *written, const char *candidate);
/* " (did you mean 'word'?)", or "".  Returns `buf`. */
#define NEAREST_TEXT_MAX (NAME_BYTES_MAX + 32)
const char *nearest_text(const struct nearest *best, char buf[NEAREST_TEXT_MAX]);

#endif
