/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pages: how the scraper reads the pages of this program itself: without a connection, login or
 * certificate.
 */
#ifndef PORT_SCRAPE_PAGES_H
#define PORT_SCRAPE_PAGES_H

#include "base/str.h"

struct scrape_page { /* of one reading; the scraper's, until `done` or leave() */
	const char *path;
	void (*done)(void *ctx, const struct str *text, const char *why);
	void *ctx;
	void *reading; /* whoever reads it keeps here what it has under way */
};

struct scrape_pages {
	void *ctx;
	/* Calls `done` once, now or later, with the text, or NULL and why there is none. */
	void (*read)(void *ctx, struct scrape_page *page);
	void (*leave)(void *ctx, struct scrape_page *page);
};

#endif
