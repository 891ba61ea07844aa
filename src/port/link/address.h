/* SPDX-License-Identifier: Apache-2.0 */
/* address: "host:port" (base/endpoint.h) for sockets, and socket addresses as text. */
#ifndef PORT_LINK_ADDRESS_H
#define PORT_LINK_ADDRESS_H

#include "base/endpoint.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define ADDRESS_TEXT_MAX 80

struct address {
	char host[ENDPOINT_HOST_MAX]; /* without brackets; "": all interfaces */
	uint16_t port;
	bool is_numeric;
	struct sockaddr_storage sockaddr; /* when numeric */
};

/* "name:7443", "192.0.2.1:7443", "[2001:db8::1]:7443", ":7443". */
enum rc address_parse(const char *text, struct address *ret, struct err *e) MUST_USE;

/* "192.0.2.1:7443", "[2001:db8::1]:7443"; IPv4 in IPv6 as IPv4.  Returns `buf`. */
const char *address_text(const struct sockaddr *sa, char buf[ADDRESS_TEXT_MAX]);

#endif
