/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever tz_parse() takes, its local times, spans and instants agree with each other. */
#include "base/tz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int64_t reading_at(const struct tz *z, int64_t s)
{
	return civil_to_seconds(tz_at(z, (struct wall){ s * SECOND_MS }).civil);
}

static void check_at(const struct tz *z, int64_t s)
{
	struct wall t = { s * SECOND_MS }, back;
	struct tz_local local = tz_at(z, t);
	struct tz_span span = tz_span_at(z, t);
	int64_t reading = s + local.offset_s;
	char text[40];

	must(civil_to_seconds(local.civil) == reading);
	must(span.from.ms <= t.ms && t.ms < span.until.ms);
	if (span.until.ms != NEVER_MS)
		must(tz_at(z, (struct wall){ span.until.ms - 1 }).offset_s == local.offset_s);
	if (span.from.ms != INT64_MIN)
		must(tz_at(z, span.from).offset_s == local.offset_s);
	tz_text(z, t, (struct wall){ 0 }, text, sizeof text);
	must(strlen(text) < sizeof text && strstr(text, local.abbreviation) != NULL);

	/* The first instant at which the clock is there or beyond. */
	back = tz_instant(z, local.civil);
	must(back.ms <= t.ms && back.ms % SECOND_MS == 0);
	must(reading_at(z, back.ms / SECOND_MS) >= reading);
	must(reading_at(z, back.ms / SECOND_MS - 1) < reading);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	scoped(tz_free) struct tz *z = NULL;
	struct wall t = { 0 };
	int64_t s = 0;

	if (tz_parse(&z, "Fuzz", data, n, NULL) != RC_OK) {
		must(z == NULL);
		return 0;
	}
	for (size_t i = 0; i < n; i += 8) {
		memcpy(&s, data + i, n - i < 8 ? n - i : 8);
		check_at(z, s % ((int64_t)1 << 50));
		check_at(z, s % ((int64_t)1 << 33));
	}
	for (int i = 0; i < 20; i++) {
		check_at(z, t.ms / SECOND_MS);
		t = tz_span_at(z, t).until;
		if (t.ms / SECOND_MS >= (int64_t)1 << 50)
			break;
		check_at(z, t.ms / SECOND_MS - 1);
	}
	return 0;
}
