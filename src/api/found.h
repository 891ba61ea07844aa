/* SPDX-License-Identifier: Apache-2.0 */
/*
 * found: events looked up in the journals, kept as the JSON objects that they are answered as.
 *
 * One search has one kind and one subject; answers often want several, in one order.
 */
#ifndef API_FOUND_H
#define API_FOUND_H

#include "api/api_private.h"

struct found_event {
	uint64_t hlc, cursor;
	const char *site; /* breaks ties, as in the store */
	const char *json;
};
struct found {
	struct arena *arena; /* holds the texts; its budget bounds the answer */
	/* To leave some out, and to stop when there are enough; NULL and 0: take all. */
	bool (*is_wanted)(const struct event *ev);
	uint32_t most;
	struct found_event *items;
	uint32_t n, cap;
};
void found_fini(struct found *f);
SCOPED_FINI(found_fini, struct found)

/* For is_wanted: that a job did what it does every minute explains nothing, and would drown what
 * does. */
bool found_is_news(const struct event *ev);
/* Add what one search finds.  RC_LIMIT when the answer gets too long. */
enum rc found_search(struct found *f, const struct call *c, const struct event_query *q,
	struct err *e) MUST_USE;

enum found_order { FOUND_NEWEST, FOUND_OLDEST, FOUND_ARRIVAL };
/* Sorts, and drops what was found twice. */
void found_sort(struct found *f, enum found_order order);
/* The first `most` of them as an array. */
void found_write(const struct found *f, struct json_out *w, const char *key, uint32_t most);

#endif
