/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link_site: a site reduced to its link, for tests and measurements: core/peer/link over port/link,
 * and chains that are nothing but numbers.
 *
 * What the daemon does with node/site, this does with the link alone: carry out effects, feed what
 * the port tells, wake in time.
 */
#ifndef TEST_SUPPORT_LINK_SITE_H
#define TEST_SUPPORT_LINK_SITE_H

#include "core/peer/link.h"
#include "port/link/link_port.h"

#define LINK_SITES      2
#define LINK_SITE_EVENT 512 /* bytes of one made-up event, about what a real one has */

struct link_site {
	uv_loop_t *loop;
	uint8_t self;
	struct link_port *port;
	struct link link;
	struct link_self facts;
	struct link_head heads[LINK_HEADS_MAX]; /* [0]: our own chain, [1]: the peer's */
	uv_timer_t timer;
	char address[64];
	unsigned n_up, n_down, n_beats, n_batches, n_connections;
	char why[REASON_BYTES_MAX]; /* of the last SAY_DOWN */
	char *events;               /* a batch being written */
	bool is_stopped;
};

/* Site 0 is dublin, site 1 mumbai; `address` is bound. */
void link_site_open(struct link_site *s, uv_loop_t *loop, uint8_t self, const char *address);
/* Where the other one is; the link dials from now on. */
void link_site_meet(struct link_site *s, const char *address);
void link_site_append(struct link_site *s, uint64_t n);
/* As a crash (is_orderly false: no BYE), or in order.  The loop must run until is_stopped. */
void link_site_stop(struct link_site *s, bool is_orderly);

/* Up on the same connection pair, and both hold the same. */
bool link_sites_agree(const struct link_site *a, const struct link_site *b);

#endif
