/* SPDX-License-Identifier: Apache-2.0 */
/*
 * own: what a site scrapes of itself: which jobs that are (core/scrape/own.h), and the text of
 * their pages, which goes to the scraper without a connection.
 */
#ifndef DAEMON_OWN_H
#define DAEMON_OWN_H

#include "core/lab/lab.h"
#include "port/host_metrics/host_page.h"
#include "port/scrape/pages.h"

struct api;            /* api/api.h */
struct scrape_configs; /* core/scrape/config.h */

struct own_pages {
	const struct api *api; /* NULL: not there yet, or not any more */
	struct host_page *host;
};
/* What to hand to scrape_port_use_pages(); `p` lives as long as the port. */
struct scrape_pages own_pages(struct own_pages *p);

/* Add the site's own jobs. */
struct own_of {
	const struct lab *lab;
	uint8_t self;
	const struct api *api; /* whose address the pages have */
};
enum rc own_jobs(const struct own_of *of, struct scrape_configs *c, struct err *e) MUST_USE;

#endif
