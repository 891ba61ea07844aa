/* SPDX-License-Identifier: Apache-2.0 */
#include "port/http_server/endpoint.h"

#include "base/str.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static bool port_parse(const char *text, uint16_t *ret)
{
	size_t n = strspn(text, "0123456789");
	unsigned long port;

	if (n == 0 || n > 5 || text[n])
		return false;
	port = strtoul(text, NULL, 10);
	if (port > UINT16_MAX)
		return false;
	*ret = (uint16_t)port;
	return true;
}

enum rc endpoint_parse(const char *text, struct endpoint *ret, struct err *e)
{
	const char *colon = strrchr(text, ':');
	bool is_bracketed = text[0] == '[' && colon && colon > text + 2 && colon[-1] == ']';
	const char *host = text + is_bracketed;
	size_t n = colon ? (size_t)(colon - is_bracketed - host) : 0;
	struct endpoint p = { 0 };

	if (!colon || !port_parse(colon + 1, &p.port))
		return err_set(e, RC_INPUT, "'%s' is not host:port with a port of 0 to 65535",
			text);
	if (n >= sizeof p.host)
		return err_set(e, RC_INPUT, "the host in '%s' is longer than %zu bytes", text,
			sizeof p.host - 1);
	memcpy(p.host, host, n);
	if (strcspn(p.host, "[]/@ ") != n || (!is_bracketed && strchr(p.host, ':')))
		return err_set(e, RC_INPUT,
			"'%s' is not host:port (IPv6 addresses stand in brackets: [::1]:7080)",
			text);
	*ret = p;
	return RC_OK;
}

const char *endpoint_text(const struct endpoint *p, char buf[ENDPOINT_TEXT_MAX])
{
	bool is_v6 = strchr(p->host, ':') != NULL;

	snprintf(buf, ENDPOINT_TEXT_MAX, "%s%s%s:%u", is_v6 ? "[" : "", p->host, is_v6 ? "]" : "",
		p->port);
	return buf;
}

static bool is_localhost_name(const char *host)
{
	static const char name[] = "localhost";
	size_t n = strlen(host), wanted = sizeof name - 1;

	if (n && host[n - 1] == '.')
		n--;
	if (n < wanted || strncasecmp(host + n - wanted, name, wanted) != 0)
		return false;
	return n == wanted || host[n - wanted - 1] == '.';
}

bool host_is_loopback(const char *host)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	if (inet_pton(AF_INET6, host, &v6) == 1)
		return IN6_IS_ADDR_LOOPBACK(&v6) ||
		       (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
	return is_localhost_name(host);
}
