/* SPDX-License-Identifier: Apache-2.0 */
/* address: what hosts, endpoints and URLs look like, and the host in them. */
#ifndef CORE_LAB_ADDRESS_H
#define CORE_LAB_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#define ADDRESS_HOST_MAX 254 /* a DNS name (RFC 1035) and its terminator */

/* "10.2.0.10", "fd00::10", "nas.lan": an IP address or a DNS name, no port. */
bool address_is_host(const char *text);
bool address_is_ip(const char *text);

/* "nas.lan:22", "10.1.0.1:22", "[fd00::10]:22". */
bool address_is_endpoint(const char *text);

/* "http://..." or "https://..." with a host, and a port in range if there is one.  Credentials in
 * it are refused: they would end up in messages. */
bool address_is_url(const char *text);
/* "http://user:password@host": not a URL that is taken, nor one to repeat in a message. */
bool address_has_login(const char *text);

/* A URL without a path, a query or a fragment. */
bool address_is_base_url(const char *text);

/* The host of any of the above, in lower case, without brackets.  False: there is none. */
bool address_host(const char *text, char ret[ADDRESS_HOST_MAX]);

#endif
