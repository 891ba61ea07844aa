/* SPDX-License-Identifier: Apache-2.0 */
/*
 * address: where a probe goes, and the names that are written for it.
 */
#ifndef PORT_PROBE_ADDRESS_H
#define PORT_PROBE_ADDRESS_H

#include "base/err.h"
#include "core/lab/probe_spec.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#define HOST_MAX         256 /* a name has at most 253 characters (RFC 1035, 2.3.4) */
#define ADDRESS_TEXT_MAX 64  /* an IPv6 address with its zone */

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
};

struct endpoint {
	char host[HOST_MAX]; /* without brackets */
	uint16_t port;
};

/* "HOST:PORT", "[V6]:PORT"; without port when `default_port` isn't 0. */
enum rc endpoint_parse(
	const char *text, uint16_t default_port, struct endpoint *ret, struct err *e) MUST_USE;

/* True when `host` is a numeric address ("fe80::1%eth0" too). */
bool address_parse(const char *host, uint16_t port, struct address *ret);

/* Which of the `n` addresses a probe takes: the first of the wanted protocol; with `fallback` else
 * the first of the other; IP_ANY takes the first.  NULL: none fits. */
const struct address *address_choose(
	const struct address *all, uint32_t n, enum ip_protocol ip, bool fallback);

socklen_t address_length(const struct address *a);
bool address_equal(const struct address *a, const struct address *b); /* but for the port */
uint16_t address_port(const struct address *a);
int address_version(const struct address *a);   /* 4, 6 */
uint32_t address_hash(const struct address *a); /* FNV-1a of the address's bytes, as blackbox's */
const char *address_text(const struct address *a, char buf[ADDRESS_TEXT_MAX]); /* without port */

#define ENDPOINT_TEXT_MAX (ADDRESS_TEXT_MAX + 8)
/* "10.2.0.20:993", "[::1]:993". */
const char *address_text_port(const struct address *a, char buf[ENDPOINT_TEXT_MAX]);

#endif
