/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ip: where a probe goes.
 */
#ifndef PORT_PROBE_IP_H
#define PORT_PROBE_IP_H

#include "base/endpoint.h"
#include "core/lab/probe_spec.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#define IP_TEXT_MAX 64 /* an IPv6 address with its zone */

struct ip_address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
};

/* True when `host` is a numeric address ("fe80::1%eth0" too). */
bool ip_parse(const char *host, uint16_t port, struct ip_address *ret);

/* Which of the `n` addresses a probe takes: the first of the wanted protocol; with `fallback` else
 * the first of the other; IP_ANY takes the first.  NULL: none fits. */
const struct ip_address *ip_choose(const struct ip_address *all, uint32_t n, enum ip_protocol ip,
	bool fallback);

socklen_t ip_length(const struct ip_address *a);
bool ip_equal(const struct ip_address *a, const struct ip_address *b); /* but for the port */
uint16_t ip_port(const struct ip_address *a);
int ip_version(const struct ip_address *a);   /* 4, 6 */
uint32_t ip_hash(const struct ip_address *a); /* FNV-1a of the address's bytes, as blackbox's */
const char *ip_text(const struct ip_address *a, char buf[IP_TEXT_MAX]); /* without port */

#define IP_PORT_TEXT_MAX (IP_TEXT_MAX + 8)
/* "10.2.0.20:993", "[::1]:993". */
const char *ip_text_port(const struct ip_address *a, char buf[IP_PORT_TEXT_MAX]);

#endif
