/* SPDX-License-Identifier: Apache-2.0 */
/* What duration_parse() takes is not negative, and the same in milliseconds; any number has a text.
 */
#include "base/mem.h"
#include "base/time.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_text(int64_t ms)
{
	char text[DURATION_TEXT_MAX];

	must(duration_text(ms, text) == text);
	must(*text != '\0' && strnlen(text, sizeof text) < sizeof text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char text[64] = { 0 };
	struct err e = { 0 };
	int64_t ms = -1, again = -1;

	if (n >= sizeof text)
		return 0;
	memcpy(text, data, n);
	memcpy(&ms, data, n < 8 ? n : 8);
	check_text(ms);
	ms = -1;
	if (duration_parse(text, &ms, &e) != RC_OK) {
		must(ms == -1 && *e.text != '\0');
		return 0;
	}
	must(ms >= 0);
	check_text(ms);
	snprintf(text, sizeof text, "%" PRId64 "ms", ms);
	must(duration_parse(text, &again, NULL) == RC_OK && again == ms);
	return 0;
}
