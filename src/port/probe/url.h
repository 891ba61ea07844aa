/* SPDX-License-Identifier: Apache-2.0 */
/*
 * url: where an HTTP request goes, and where a redirect leads (RFC 3986).
 *
 * What comes out is safe to be put into a request: no blanks, no control characters, nothing that
 * isn't ASCII.
 */
#ifndef PORT_PROBE_URL_H
#define PORT_PROBE_URL_H

#include "port/probe/ip.h"

#define URL_TARGET_MAX 4096
#define URL_LOGIN_MAX  256

struct url {
	bool is_https;
	char host[ENDPOINT_HOST_MAX]; /* lower case, without brackets */
	uint16_t port;
	char login[URL_LOGIN_MAX];   /* "user:password" of the URL, decoded; "" */
	char target[URL_TARGET_MAX]; /* path and query, at least "/" */
};

/* http:// is assumed when there is no scheme, as blackbox_exporter does. */
enum rc url_parse(const char *text, struct url *ret, struct err *e) MUST_USE;

/* The Location header `location`, met at `base`.  RC_INPUT for other schemes and nonsense. */
enum rc url_redirect(const struct url *base, const char *location, struct url *ret,
	struct err *e) MUST_USE;

bool url_same_host(const struct url *a, const struct url *b);   /* host only */
bool url_same_origin(const struct url *a, const struct url *b); /* scheme, host and port */
/* May a login and cookies that were meant for `first` go to `next`, where a redirect led?  To the
 * same origin; and from plain HTTP to HTTPS on the same host, at their usual ports, which is where
 * a server sends its own visitors.  Never from HTTPS to where all can read them. */
bool url_shares_login(const struct url *first, const struct url *next);

#define URL_AUTHORITY_MAX (ENDPOINT_HOST_MAX + 16)
/* For the Host header: "photos.example.net", "[::1]:8080". */
const char *url_authority(const struct url *u, char buf[URL_AUTHORITY_MAX]);

#endif
