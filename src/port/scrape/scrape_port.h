/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scrape_port: carries out on a uv loop what core/scrape's scraper decides: it fetches targets, and
 * wakes the scraper when it wants to be woken.
 *
 * Plain HTTP goes over connections of our own, which stay open between scrapes and hand on the body
 * from where it was received.  TLS, proxies and redirects go through libcurl (port/http), which hands on what it receives, too.
 */
#ifndef PORT_SCRAPE_SCRAPE_PORT_H
#define PORT_SCRAPE_SCRAPE_PORT_H

#include "core/scrape/scraper.h"
#include "port/scrape/pages.h"

#include <uv.h>

struct scrape_port;

/* The scraper is borrowed; it must live until `closed` was called. */
struct scrape_port *scrape_port_new(uv_loop_t *loop, struct scraper *s);

/* Whom to ask for the pages of this program itself; copied. */
void scrape_port_use_pages(struct scrape_port *p, const struct scrape_pages *pages);

/* The moment, by this machine's clocks. */
struct now scrape_port_now(void);
/* To be called when somebody else has told the scraper something: jobs, targets. */
void scrape_port_wake(struct scrape_port *p);

/* Leaves what is on its way; frees itself, then calls `closed` (or NULL). */
void scrape_port_close(struct scrape_port *p, void (*closed)(void *ctx), void *ctx);

#endif
