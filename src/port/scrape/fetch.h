/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch: one target's scrapes, one after the other.  Private to port/scrape.
 *
 * Lives in scrape_target.port from its first scrape until it is forgotten.
 */
#ifndef PORT_SCRAPE_FETCH_H
#define PORT_SCRAPE_FETCH_H

#include "core/scrape/scraper.h"
#include "port/http/http.h"
#include "port/scrape/connection.h"
#include "port/scrape/pages.h"
#include "port/scrape/unpack.h"

#define FETCH_REDIRECTS_MAX 10

struct fetch_tools {
	struct scraper *scraper;
	struct http_client *http;
	struct scrape_pages pages; /* of targets that are inside; its `read` NULL: none */
	void (*fetched)(
		void *ctx); /* a fetch has ended: the scraper may want to be woken earlier */
	void *ctx;
	struct connection_tools connections;
	struct unpacker unpacker;
};

/* The scraper is told what comes of it, maybe before this returns. */
void fetch_start(struct fetch_tools *tools, struct scrape_target *t);
void fetch_cancel(struct scrape_target *t); /* nothing is told any more */
void fetch_free(struct scrape_target *t);

#endif
