/* SPDX-License-Identifier: Apache-2.0 */
/* Records one after the other: what is read is written as the same bytes, and what is valid of it
 * survives JSON as well. */
#include "core/journal/event.h"

#include "base/str.h"

#define BUDGET_BYTES (256 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void survives_json(const struct event *ev)
{
	scoped(arena_fini) struct arena a = { .budget_bytes = BUDGET_BYTES };
	scoped(str_fini) struct str line = STR_EMPTY;
	scoped(json_decref) json_t *object = NULL;
	struct sha256 hash = event_hash(ev), again;
	struct event back;
	struct json_out w;

	json_begin(&w, &line);
	event_write_json(ev, &w, NULL);
	must(json_read(&object, str_c(&line), line.len, NULL) == RC_OK);
	must(event_read_json(object, &a, &back, NULL) == RC_OK);
	again = event_hash(&back);
	must(memcmp(&hash, &again, sizeof hash) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size, *begin = at;
	struct event ev;

	for (; event_read_record(&at, end, &ev, NULL) == RC_OK; begin = at) {
		scoped(str_fini) struct str record = STR_EMPTY;

		event_write_record(&ev, &record);
		must(record.len == (size_t)(at - begin));
		must(memcmp(record.s, begin, record.len) == 0);
		if (event_validate(&ev, NULL) == RC_OK)
			survives_json(&ev);
	}
	must(at == begin);
	return 0;
}
