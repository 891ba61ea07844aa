/* SPDX-License-Identifier: Apache-2.0 */
/* An event that can be read is valid, and written and read again it is the same to the byte. */
#include "core/journal/event.h"

#define BUDGET_BYTES (256 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_line(const struct event *ev, struct str *out)
{
	struct json_out w;

	json_begin(&w, out);
	event_write_json(ev, &w, NULL);
}

static enum rc read_line(const char *text, size_t n, struct arena *a, struct event *ret)
{
	scoped(json_decref) json_t *object = NULL;
	struct err e = { 0 };
	enum rc rc = json_read(&object, text, n, &e);

	if (rc == RC_OK)
		rc = event_read_json(object, a, ret, &e);
	must((rc == RC_OK) == (e.text[0] == '\0'));
	return rc;
}

/* Whatever a look takes for well spelt is spelt so when it is read and written. */
static void judge_spelling(const char *text, size_t n)
{
	scoped(json_decref) json_t *object = NULL;
	scoped(str_fini) struct str spelt = STR_EMPTY;
	struct err e = { 0 };

	if (!event_body_is_spelt(text, n))
		return;
	must(json_read(&object, text, n, &e) == RC_OK);
	must(event_write_body(object, &spelt, &e) == RC_OK);
	must(spelt.len == n && memcmp(str_c(&spelt), text, n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped(arena_fini) struct arena a = { .budget_bytes = BUDGET_BYTES };
	scoped(str_fini) struct str first = STR_EMPTY, second = STR_EMPTY;
	struct event ev, back;
	struct sha256 hash, again;

	judge_spelling((const char *)data, size);
	if (read_line((const char *)data, size, &a, &ev) != RC_OK)
		return 0;
	must(event_validate(&ev, NULL) == RC_OK);
	write_line(&ev, &first);
	must(!strchr(str_c(&first), '\n'));
	must(read_line(str_c(&first), first.len, &a, &back) == RC_OK);
	write_line(&back, &second);
	must(str_eq(str_c(&first), str_c(&second)));
	hash = event_hash(&ev);
	again = event_hash(&back);
	must(memcmp(&hash, &again, sizeof hash) == 0);
	return 0;
}
