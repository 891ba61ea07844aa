/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_probe: the kind http, over our own HTTP/1.1 client; over libcurl where that is not enough.
 * Private to port/probe.
 *
 * libcurl with GnuTLS parses the whole bundle of authorities again for each connection (12 ms of
 * CPU, against 0.5 ms for all of our probe), so it only carries what we don't speak: a spec that
 * wants HTTP/2 and nothing else, proxies, brotli.
 */
#ifndef PORT_PROBE_HTTP_PROBE_H
#define PORT_PROBE_HTTP_PROBE_H

#include "port/probe/engine.h"
#include "port/probe/http_answer.h"
#include "port/probe/http_judge.h"
#include "port/probe/url.h"

#define HTTP_REDIRECTS_MAX 10

/* "Name: value" lines that every request carries, in the order of the spec, with our defaults:
 * User-Agent, Accept-Encoding, and those of authentication when `with_login`.  False: the probe has
 * failed. */
bool http_add_headers(struct probe *p, const struct url *url, bool with_login, struct str *out);
/* The value that the spec gives a header, or NULL. */
const char *http_spec_header(const struct http_spec *spec, const char *name);

/* The last answer is there: note what it was, judge it, and end the probe. */
void http_conclude(struct probe *p, const struct http_facts *facts);

/* The same kind through libcurl. */
bool http_needs_curl(const struct http_spec *spec);
extern const struct engine http_curl_engine;

#endif
