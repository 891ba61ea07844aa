/* SPDX-License-Identifier: Apache-2.0 */
/* listing: the alerts that a request asks for, and how each is shown. */
#ifndef API_ALERTMANAGER_LISTING_H
#define API_ALERTMANAGER_LISTING_H

#include "api/alertmanager/answer.h"
#include "core/alertmanager/routing.h"

struct listed {
	struct alert_view view;
	const struct alert_route *
		*routes; /* that it matches; malloced, NULL without a configuration */
	uint32_t n_routes;
	bool is_silenced;
};

struct listing {
	struct call *c;
	const struct alertmanager *am; /* NULL: the lab brings none */
	struct matcher_list filter;
	struct matcher *receiver; /* NULL: any */
	bool active, silenced, inhibited, muted;
	struct listed *v; /* malloced; in order of fingerprints */
	uint32_t n, cap;
};

/* What the request's parameters say, and what fits them. */
enum rc listing_make(struct call *c, struct listing *l, struct err *e) MUST_USE;
void listing_fini(struct listing *l);
SCOPED_FINI(listing_fini, struct listing)

bool listing_wants_receiver(const struct listing *l, const char *name);
/* `muted_by`: a time interval; NULL. */
void listing_write(struct json_out *w, const struct listing *l, const struct listed *it,
	const char *muted_by);

#endif
