/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ask.h"
#include "cli/metrics/importing.h"

#define PATH "/api/v1/import/prometheus"

/* The site says only what it left out. */
static uint64_t count_lines(const struct import_piece *piece)
{
	const char *end = piece->s + piece->n;
	uint64_t n = 0;

	for (const char *s = piece->s, *next; s < end; s = next) {
		next = (const char *)memchr(s, '\n', (size_t)(end - s)) + 1;
		n += *s != '#' && *s != '\n';
	}
	return n;
}

static void add_counts(struct import_counts *counts, const char *text, size_t n)
{
	scoped(json_decref) json_t *said = NULL;
	uint64_t left_out;

	if (!n || json_read(&said, text, n, NULL) != RC_OK)
		return;
	left_out = (uint64_t)json_get_int(said, "tooOld", 0) +
		   (uint64_t)json_get_int(said, "tooFarAhead", 0);
	counts->taken -= left_out < counts->taken ? left_out : counts->taken;
	counts->too_old += (uint64_t)json_get_int(said, "tooOld", 0);
	counts->too_far_ahead += (uint64_t)json_get_int(said, "tooFarAhead", 0);
	if (!*counts->first)
		str_copy(counts->first, sizeof counts->first, json_get_text(said, "first", ""));
}

static enum rc take(void *self, const struct import_piece *piece, struct import_counts *counts,
	struct err *e)
{
	scoped(str_fini) struct str answer = STR_EMPTY;
	const struct ask_body body = { piece->is_openmetrics ? "application/openmetrics-text"
							     : "text/plain",
		piece->s, piece->n };
	enum rc rc =
		ask_send(self, PATH "?wait=0", &body, &answer, e); /* the last one waits for all */

	if (rc != RC_OK)
		return rc;
	counts->taken += count_lines(piece);
	add_counts(counts, str_c(&answer), answer.len);
	return RC_OK;
}

static enum rc end(void *self, struct err *e)
{
	scoped(str_fini) struct str answer = STR_EMPTY;

	return ask_send(self, PATH "?wait=1", &(struct ask_body){ "text/plain", "", 0 }, &answer,
		e);
}

struct import_taker import_to_site(struct call *c)
{
	return (struct import_taker){ c, take, end };
}
