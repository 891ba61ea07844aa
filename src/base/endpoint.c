/* SPDX-License-Identifier: Apache-2.0 */
#include "base/endpoint.h"

#include "base/str.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

struct pieces {
	const char *host, *port; /* port NULL: none */
	size_t n_host;
	bool is_bracketed;
};

/* One colon begins the port; several are an IPv6 address that stands bare. */
static bool split(const char *text, struct pieces *ret)
{
	const char *first = strchr(text, ':'), *close = strchr(text, ']');

	if (text[0] == '[') {
		if (!close || (close[1] && close[1] != ':'))
			return false;
		*ret = (struct pieces){ text + 1, close[1] ? close + 2 : NULL,
			(size_t)(close - text - 1), true };
	} else if (first && first == strrchr(text, ':')) {
		*ret = (struct pieces){ text, first + 1, (size_t)(first - text), false };
	} else {
		*ret = (struct pieces){ text, NULL, strlen(text), false };
	}
	return true;
}

static bool read_port(const char *text, uint16_t *ret)
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

static bool is_v6(const char *host)
{
	char address[INET6_ADDRSTRLEN] = "";
	size_t n = strcspn(host, "%");
	struct in6_addr ignored;

	if (n >= sizeof address || (host[n] && !host[n + 1]))
		return false;
	memcpy(address, host, n);
	return inet_pton(AF_INET6, address, &ignored) == 1;
}

/* No judge of names; but nothing that would end a name, or mean something else around it. */
static bool read_host(const struct pieces *from, char ret[ENDPOINT_HOST_MAX])
{
	if (from->n_host >= ENDPOINT_HOST_MAX)
		return false;
	memcpy(ret, from->host, from->n_host);
	ret[from->n_host] = '\0';
	for (const char *c = ret; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f || strchr("[]/@?#\\\"", *c))
			return false;
	return from->is_bracketed || strchr(ret, ':') ? is_v6(ret) : true;
}

enum rc endpoint_parse(const char *text, struct endpoint *ret, struct err *e)
{
	struct endpoint p = { 0 };
	struct pieces pieces;

	if (!split(text, &pieces) || !pieces.port || !read_host(&pieces, p.host))
		return err_set(e, RC_INPUT,
			"'%s' is not host:port (IPv6 addresses stand in brackets: [::1]:7080)",
			text);
	if (!read_port(pieces.port, &p.port))
		return err_set(e, RC_INPUT, "'%s' is not host:port with a port of 0 to 65535",
			text);
	*ret = p;
	return RC_OK;
}

enum rc endpoint_parse_or(const char *text, uint16_t port, struct endpoint *ret, struct err *e)
{
	struct endpoint p = { .port = port };
	struct pieces pieces;

	if (!split(text, &pieces) || !read_host(&pieces, p.host) || !p.host[0])
		return err_set(e, RC_INPUT, "'%s' names no host", text);
	if (pieces.port && (!read_port(pieces.port, &p.port) || p.port == 0))
		return err_set(e, RC_INPUT, "'%s' is no port number (1 to 65535)", pieces.port);
	if (p.port == 0)
		return err_set(e, RC_INPUT, "'%s' lacks a port", text);
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

_Static_assert(NETWORK_TEXT_MAX == INET6_ADDRSTRLEN, "every address fits");

const char *address_network(const char *address, char buf[NETWORK_TEXT_MAX])
{
	struct in6_addr v6;

	if (inet_pton(AF_INET6, address, &v6) == 1) {
		memset(&v6.s6_addr[8], 0, 8);
		inet_ntop(AF_INET6, &v6, buf, NETWORK_TEXT_MAX);
	} else {
		str_copy(buf, NETWORK_TEXT_MAX, address);
	}
	return buf;
}
