/* SPDX-License-Identifier: Apache-2.0 */
#include "base/nearest.h"

#include "base/str.h"

#include <stdio.h>

void nearest_offer(struct nearest *best, const char *written, const char *candidate)
{
	size_t distance = str_distance(written, candidate);
	size_t tolerance = 1 + strlen(written) / 4;

	if (distance > 1 && written[0] != candidate[0])
		return; /* hands slip inside of words; this is another word */
	if (distance > tolerance || (best->word && distance >= best->distance))
		return;
	*best = (struct nearest){ candidate, distance };
}

const char *nearest_text(const struct nearest *best, char buf[NEAREST_TEXT_MAX])
{
	buf[0] = '\0';
	if (best->word)
		snprintf(buf, NEAREST_TEXT_MAX, " (did you mean '%.*s'?)", NAME_BYTES_MAX,
			best->word);
	return buf;
}
