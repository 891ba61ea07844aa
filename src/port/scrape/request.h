/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request: what is said to a target: the headers that Prometheus sends, the job's own, its login.
 * Secrets are read for each request, so that a rotated one is taken up at once.
 *
 * Source: targetScraper.scrape of Prometheus 3.5's scrape/scrape.go.
 */
#ifndef PORT_SCRAPE_REQUEST_H
#define PORT_SCRAPE_REQUEST_H

#include "base/str.h"
#include "core/scrape/scraper.h"

/* Headers as "Name: value\r\n" lines, without Host.  RC_NOT_FOUND, RC_IO: a secret can't be read;
 * RC_INPUT: one holds a line break. */
enum rc request_headers(const struct scrape_target *t, struct str *out, struct err *e) MUST_USE;

/* All of it, for HTTP/1.1. */
enum rc request_text(const struct scrape_target *t, struct str *out, struct err *e) MUST_USE;

/* Whether libcurl has to carry it: TLS, a proxy, a token to be got first. */
bool request_needs_curl(const struct scrape_target *t);

#endif
