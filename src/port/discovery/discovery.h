/* SPDX-License-Identifier: Apache-2.0 */
/*
 * discovery: finds targets for jobs, on a uv loop, and hands what it found to core/scrape.
 *
 * file_sd, http_sd, dns_sd and kubernetes_sd run until they are closed; static_configs need
 * nothing.  What can't be read or asked keeps what was found before and says why; nothing here
 * decides what a change means.
 */
#ifndef PORT_DISCOVERY_DISCOVERY_H
#define PORT_DISCOVERY_DISCOVERY_H

#include "base/limits.h"
#include "core/scrape/discovery.h"

#include <uv.h>

struct discoverer;

struct discoverer_wish {
	uv_loop_t *loop;
	const struct scrape_configs *configs; /* outlives it */
	/* Called from the loop; `found` lives during the call. */
	void (*found)(void *ctx, const struct discovered *found);
	void *ctx;
	const char *name_server; /* for tests: "127.0.0.1:5353" instead of the system's; NULL */
};
/* Begins at once. */
struct discoverer *discoverer_new(const struct discoverer_wish *w);
/* Frees itself when its handles are closed, then calls `closed` (or NULL). */
void discoverer_close(struct discoverer *d, void (*closed)(void *ctx), void *ctx);

/* How one service discovery fares, for pages and metrics. */
struct sd_state {
	uint64_t n_refreshes, n_failures;
	struct mono last_success;     /* {0}: none yet */
	char error[REASON_BYTES_MAX]; /* of the last refresh; "": it went well */
};
const struct sd_state *discoverer_state(const struct discoverer *d, struct discovery_from from);

#endif
