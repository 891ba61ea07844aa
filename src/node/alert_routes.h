/* SPDX-License-Identifier: Apache-2.0 */
/* alert_routes: core/alert's questions about routing, answered by core/alertmanager. */
#ifndef NODE_ALERT_ROUTES_H
#define NODE_ALERT_ROUTES_H

#include "core/alert/alert_routing.h"
#include "core/alertmanager/routing.h"

struct alert_routes {
	const struct alertmanager *am;     /* its receivers' channels are known */
	const struct alert_route **routes; /* by number */
	uint8_t *channels;                 /* by number: of the route's receiver */
	struct alert_routing routing;      /* what core/alert asks */
};

/* `am` is borrowed; NULL when there is none. */
struct alert_routes *alert_routes_new(const struct alertmanager *am);
void alert_routes_free(struct alert_routes *r);
SCOPED_BY(alert_routes_free, struct alert_routes *)

/* All routes that the labels match, malloced: *ret_n of them, at least the root. */
const struct alert_route **alert_routes_match(const struct alertmanager *am,
	const struct labels *alert, uint32_t *ret_n);

#endif
