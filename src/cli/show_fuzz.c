/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a site answers: nothing that could drive a terminal comes out. */
#include "cli/shows.h"

#include <string.h>

#define COLUMNS 80

static void whole_status(struct page *p, const json_t *answer)
{
	show_status(p, answer, true);
}

static void short_status(struct page *p, const json_t *answer)
{
	show_status(p, answer, false);
}

static void events(struct page *p, const json_t *answer)
{
	struct show_day day = { "" };
	size_t i;
	json_t *event;

	json_array_foreach (json_object_get(answer, "events"), i, event)
		show_event(p, event, &day);
}

static void (*const shows[])(struct page *p, const json_t *answer) = { whole_status, short_status,
	show_when, show_incidents, show_incident, show_silences, show_coverage, show_query,
	events };

static void check(const struct page *p)
{
	must(utf8_valid(str_c(&p->out), p->out.len));
	for (size_t i = 0; i < p->out.len; i++) {
		unsigned char c = (unsigned char)p->out.s[i];

		must((c >= 0x20 && c != 0x7f) || c == '\n');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	scoped(json_decref) json_t *answer = NULL;

	if (json_read(&answer, (const char *)data, n, NULL) != RC_OK)
		return 0;
	for (size_t i = 0; i < 2 * COUNT(shows); i++) {
		scoped(page_fini) struct page p = { .term = { i % 2 ? COLUMNS : 0, false, true,
							    { 1795457303000 }, NULL } };

		shows[i / 2](&p, answer);
		check(&p);
	}
	return 0;
}
