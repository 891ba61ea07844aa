/* SPDX-License-Identifier: Apache-2.0 */
/*
 * whose: which sites a selector means.
 *
 *	no matcher of `site`            this site, whatever the series' labels are
 *	matchers of `site`              the sites of lab.yaml whose names match all of them
 *	that match no site's name       this site, where `site` is a label like any other
 *
 * What a site keeps is its own unless a series has another `site`.  So where a selector has matchers of
 * `site`, a series without that label counts as if it had the name of its site, and is shown with it:
 * what two sites keep can be told apart.
 */
#ifndef API_PROMETHEUS_WHOSE_H
#define API_PROMETHEUS_WHOSE_H

#include "api/api_private.h"
#include "base/matcher.h"
#include "base/series.h"

#define SITE_LABEL "site"

struct site_names { /* of the lab: copied, since work on the pool outlives a reload */
	const char *v[SITES_MAX];
	uint8_t n, self;
};
/* Into the arena.  False: it is full. */
bool whose_names(const struct api *api, struct arena *a, struct site_names *ret);

struct selector_sites {
	uint32_t sites; /* a bit each, by index */
	bool is_named;  /* by matchers of `site` */
};
struct selector_sites whose_selector(const struct site_names *names,
	const struct matcher *const *matchers, uint32_t n);

/* Nearly no question has the word in it: then none of them names a site. */
bool whose_may_name(const struct uri_pairs *parameters);
/* The sites that all selectors of a question mean together.  0: it names none, or can't be read, and
 * the handler says what is wrong. */
uint32_t whose_question(const struct site_names *names, const struct uri_pairs *parameters,
	bool is_query);

/* Matchers, in the arena, for what a site keeps whose name the wanted ones match: series without a label
 * `site` are among it.  Some may be too many: whose_is_kept() tells those.  RC_LIMIT: the arena is full. */
struct own_matchers {
	const struct matcher *const *v;
	uint32_t n;
};
enum rc whose_own(const struct own_matchers *wanted, struct arena *a, struct own_matchers *ret,
	struct err *e) MUST_USE;
bool whose_is_kept(const struct own_matchers *wanted, const struct labels *l, const char *name);

/* Of a question that came from another site. */
route_handler *whose_handler(enum asking_what what);
/* ASKING_WHATS: it can't be passed on as a whole. */
enum asking_what whose_what(route_handler *handler);

#endif
