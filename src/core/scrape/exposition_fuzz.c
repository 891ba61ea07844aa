/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever an exporter sends, in whatever portions: the same entries or the same refusal, no byte
 * read outside; and the rest of a line, read from behind its labels, is what the whole said. */
#include "base/mem.h"
#include "core/scrape/exposition.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_series(struct exposition *x, const struct exposition_entry *entry,
	struct arena *arena)
{
	struct exposition again = *x;
	struct exposition_entry rest;
	struct labels l;
	struct err e = { 0 };

	again.at = entry->text.s;
	must(exposition_rest(&again, entry->text.s + entry->text.n, &rest));
	must(again.at == x->at && double_bits(rest.v) == double_bits(entry->v));
	must(rest.has_time == entry->has_time && rest.exemplar.n == entry->exemplar.n);
	arena_reset(arena);
	if (exposition_labels(x, entry->text, arena, &l, &e) != RC_OK)
		must(*e.text);
	if (entry->exemplar.n &&
		exposition_exemplar_labels(x, entry->exemplar, arena, &l, &e) != RC_OK)
		must(*e.text);
}

/* Returns a digest of what was read, with the verdict. */
static uint64_t read_all(enum exposition_format format, const char *body, size_t n, size_t step)
{
	struct exposition x = { .format = format, .at = body };
	uint64_t digest = 0;
	struct exposition_entry entry;
	struct arena arena;
	struct err e = { 0 };

	arena_init(&arena, 1 << 20);
	x.end = body;
	for (;;) {
		enum rc rc = exposition_next(&x, &entry, &e);

		if (rc != RC_OK) {
			must(rc == RC_INPUT && *e.text);
			digest = ~digest;
			break;
		}
		if (entry.kind == EXPOSITION_END)
			break;
		if (entry.kind == EXPOSITION_MORE) {
			must(!x.is_last);
			do {
				size_t left = (size_t)(body + n - x.end);

				x.end += step < left ? step : left;
			} while (x.end < body + n && x.end[-1] != '\n');
			x.is_last = x.end == body + n;
			continue;
		}
		must(entry.text.s >= body && entry.text.s + entry.text.n <= x.at && x.at <= x.end);
		digest =
			digest * 31 + (uint64_t)(x.at - body) + entry.text.n + double_bits(entry.v);
		if (entry.kind == EXPOSITION_SERIES)
			check_series(&x, &entry, &arena);
	}
	arena_fini(&arena);
	return digest;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *body;
	enum exposition_format format;
	uint64_t whole;

	if (n == 0)
		return 0;
	format = data[0] & 1 ? EXPOSITION_OPENMETRICS : EXPOSITION_TEXT;
	body = must_alloc(n);
	memcpy(body, data + 1, n - 1);
	body[n - 1] = '\n';
	if (n > 1 && body[n - 2] == '\n')
		n--;
	body = must_realloc(body, n); /* so that a byte too many is seen */
	whole = read_all(format, body, n, n);
	must(read_all(format, body, n, 1) == whole);
	must(read_all(format, body, n, 7) == whole);
	free(body);
	return 0;
}
