/* SPDX-License-Identifier: Apache-2.0 */
/* events: the journals, newest first, or after a cursor in the order of arrival. */
#include "api/found.h"

#include <inttypes.h>
#include <stdio.h>

#define EVENTS_MOST  500
#define EVENTS_USUAL 100
#define KINDS_MOST   16

static enum rc read_query(const struct call *c, struct event_query *ret, struct err *e)
{
	const struct uri_pairs *params = &c->uri.query;
	int64_t limit, before, after;
	enum rc rc = call_number(c, "limit", (struct call_range){ 1, EVENTS_MOST, EVENTS_USUAL },
		&limit, e);

	if (rc == RC_OK)
		rc = call_number(c, "before", (struct call_range){ 1, INT64_MAX, 0 }, &before, e);
	if (rc == RC_OK)
		rc = call_number(c, "after", (struct call_range){ 1, INT64_MAX, 0 }, &after, e);
	if (rc == RC_OK)
		rc = call_time(c, "since", &ret->since, e);
	if (rc == RC_OK)
		rc = call_time(c, "until", &ret->until, e);
	if (rc != RC_OK)
		return rc;
	if (before && after)
		return err_set(e, RC_INPUT, "before and after don't go together");
	ret->site = uri_pair(params, "site");
	ret->subject = uri_pair(params, "subject");
	ret->most = (uint32_t)limit;
	ret->before_cursor = (uint64_t)before;
	ret->after_cursor = (uint64_t)after;
	return RC_OK;
}

/* "evidence,ping": one search each, since a search over everything may find neither for long. */
static enum rc search_kinds(struct call *c, struct event_query *q, struct found *found,
	struct err *e)
{
	const char *kinds = uri_pair(&c->uri.query, "kind");
	enum rc rc = RC_OK;

	if (!kinds || !*kinds)
		return found_search(found, c, q, e);
	for (int n = 0; rc == RC_OK && *kinds; n++) {
		size_t len = strcspn(kinds, ",");

		if (n == KINDS_MOST)
			return err_set(e, RC_LIMIT, "at most %d kinds", KINDS_MOST);
		q->kind = arena_strndup(&c->arena, kinds, len);
		if (!q->kind)
			return err_set(e, RC_LIMIT, "the kinds are too long");
		if (len)
			rc = found_search(found, c, q, e);
		kinds += len + (kinds[len] == ',');
	}
	return rc;
}

enum rc events_list(struct call *c, struct answer *out, struct err *e)
{
	scoped(found_fini) struct found found = { .arena = &c->arena };
	struct event_query q = { 0 };
	char cursor[24];
	enum rc rc = read_query(c, &q, e);
	uint32_t most = q.most;

	q.most = most + 1; /* which tells whether there is a next page */
	if (rc == RC_OK)
		rc = search_kinds(c, &q, &found, e);
	if (rc != RC_OK)
		return rc;
	found_sort(&found, q.after_cursor ? FOUND_ARRIVAL : FOUND_NEWEST);
	json_object_open(&out->json, NULL);
	found_write(&found, &out->json, "events", most);
	if (found.n > most) {
		snprintf(cursor, sizeof cursor, "%" PRIu64, found.items[most - 1].cursor);
		json_text(&out->json, "next", cursor);
	} else {
		json_text(&out->json, "next", NULL);
	}
	json_close(&out->json);
	return RC_OK;
}
