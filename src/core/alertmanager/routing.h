/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routing: who is told of an alert, in which group, and what keeps it from being told.
 *
 *	alert ─► inhibited? ─► routes that match ─► group of each: route and the labels it groups by
 *	                                              └─► muted now?
 */
#ifndef CORE_ALERTMANAGER_ROUTING_H
#define CORE_ALERTMANAGER_ROUTING_H

#include "core/alertmanager/config.h"

/* Depth first, from left to right: a child that matches stands for its parent, and ends the search among
 * its neighbours unless it goes on.  How many match; the first `most` of them are in `ret`. */
uint32_t route_match(const struct alert_route *root, const struct labels *alert,
	const struct alert_route **ret, uint32_t most);

/* "{}/{severity="page"}" */
void route_key(const struct alert_route *r, struct str *out);
bool route_groups_by(const struct alert_route *r, const char *label);
/* The labels that an alert is grouped by there; false: the arena is full. */
bool route_group_labels(const struct alert_route *r, const struct labels *alert, struct arena *a,
	struct labels *ret);
/* "{}/{severity="page"}:{alertname="Down"}" */
void route_group_key(const struct alert_route *r, const struct labels *group, struct str *out);

bool time_interval_contains(const struct time_interval *t, struct wall at);
/* The interval's name because of which a route says nothing now; NULL: it speaks. */
const char *route_muted_by(const struct alert_route *r, struct wall at);

/* Whether the labels that must be equal are. */
bool inhibit_rule_is_equal(const struct inhibit_rule *rule, const struct labels *a,
	const struct labels *b);
struct inhibiting { /* an alert that is up */
	const struct labels *labels;
};
/* The first of `sources` that keeps this alert from being told; NULL: none does. */
const struct inhibiting *alertmanager_inhibited(const struct alertmanager *am,
	const struct labels *target, const struct inhibiting *sources, uint32_t n);

#endif
