/* SPDX-License-Identifier: Apache-2.0 */
/* An answer of Discord's, or of whoever sits in between: a byte for the status, headers, NUL,
 * body. */
#include "core/alert/pace.h"

#include "base/mem.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int statuses[] = { 429, 200, 204, 400, 401, 403, 404, 500, 502, 504, 0, -1 };
	scoped(mem_free) char *text = NULL;
	struct mono now = { 1000000 };
	struct pace_answer a;
	struct pace p;
	size_t n;

	if (size == 0)
		return 0;
	text = must_alloc(size + 1);
	memcpy(text, data + 1, size - 1);
	n = strlen(text);
	n += n < size - 1; /* where the body begins */
	a = pace_judge_discord(statuses[data[0] % COUNT(statuses)], data[0] & 0x80, text, text + n,
		size - 1 - n);
	must(a.retry_after_ms >= -1 && a.retry_after_ms <= DAY_MS);
	must(a.reset_after_ms >= -1 && a.reset_after_ms <= DAY_MS);
	must(a.remaining >= -1);
	pace_init(&p, size);
	pace_answered(&p, now, &a);
	must(pace_next(&p).ms <= now.ms + DAY_MS);
	if (a.verdict == PACE_LATER)
		must(pace_next(&p).ms >= now.ms + a.retry_after_ms);
	return 0;
}
