/* SPDX-License-Identifier: Apache-2.0 */
/* A time as another site, a file or a query wrote it: what is read is a time that can be written,
 * and is then read as the same. */
#include "base/time.h"

#include "base/mem.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char text[64] = { 0 }, again[WALL_TEXT_MAX];
	struct wall at = { -7 }, back;
	struct err e = { 0 };

	if (n >= sizeof text)
		return 0;
	memcpy(text, data, n);
	if (wall_parse(text, &at, &e) != RC_OK) {
		must(e.text[0] && at.ms == -7);
		return 0;
	}
	must(wall_parse(wall_rfc3339(at, again), &back, NULL) == RC_OK);
	must(back.ms == at.ms);
	return 0;
}
