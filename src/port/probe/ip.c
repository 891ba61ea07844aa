/* SPDX-License-Identifier: Apache-2.0 */
#include "port/probe/ip.h"

#include "base/str.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <uv.h>

static enum rc parse_port(const char *text, uint16_t *ret, struct err *e)
{
	uint32_t port = 0;

	for (const char *c = text; *c; c++) {
		if (*c < '0' || *c > '9' || port > UINT16_MAX)
			return err_set(e, RC_INPUT, "'%s' is no port number", text);
		port = port * 10 + (uint32_t)(*c - '0');
	}
	if (port == 0 || port > UINT16_MAX)
		return err_set(e, RC_INPUT, "'%s' is no port number", text);
	*ret = (uint16_t)port;
	return RC_OK;
}

enum rc target_parse(const char *text, uint16_t default_port, struct target *ret, struct err *e)
{
	const char *first = strchr(text, ':'), *last = strrchr(text, ':'),
		   *end = text + strlen(text);
	const char *port = NULL;
	struct target found = { .port = default_port };

	if (*text == '[') {
		text++;
		end = strchr(text, ']');
		if (!end)
			return err_set(e, RC_INPUT, "'[%s' lacks the closing ']'", text);
		if (!memchr(text, ':', (size_t)(end - text)))
			return err_set(e, RC_INPUT, "'[%s' is no IPv6 address", text);
		port = end[1] == ':' ? end + 2 : NULL;
		if (end[1] && !port)
			return err_set(e, RC_INPUT, "'%s' behind the ']' is no port", end + 1);
	} else if (last && first == last) { /* several colons: a bare IPv6 address */
		end = last;
		port = last + 1;
	}
	if (end == text || (size_t)(end - text) >= sizeof found.host)
		return err_set(e, RC_INPUT, "'%.64s' names no host", text);
	memcpy(found.host, text, (size_t)(end - text));
	if (!port && !default_port)
		return err_set(e, RC_INPUT, "'%s' lacks a port", text);
	if (port) {
		enum rc rc = parse_port(port, &found.port, e);

		if (rc != RC_OK)
			return rc;
	}
	*ret = found;
	return RC_OK;
}

bool ip_parse(const char *host, uint16_t port, struct ip_address *ret)
{
	struct ip_address a = { 0 };

	if (uv_ip4_addr(host, port, &a.v4) != 0 && uv_ip6_addr(host, port, &a.v6) != 0)
		return false;
	*ret = a;
	return true;
}

static bool is_of(const struct ip_address *a, enum ip_protocol ip)
{
	return ip == IP_ANY || (ip == IP_V4) == (a->any.sa_family == AF_INET);
}

const struct ip_address *ip_choose(const struct ip_address *all, uint32_t n, enum ip_protocol ip,
	bool fallback)
{
	for (uint32_t i = 0; i < n; i++)
		if (is_of(&all[i], ip))
			return &all[i];
	return fallback && n > 0 ? &all[0] : NULL;
}

socklen_t ip_length(const struct ip_address *a)
{
	return a->any.sa_family == AF_INET ? sizeof a->v4 : sizeof a->v6;
}

static const uint8_t *bytes_of(const struct ip_address *a, size_t *ret_n)
{
	bool is_v4 = a->any.sa_family == AF_INET;

	*ret_n = is_v4 ? sizeof a->v4.sin_addr : sizeof a->v6.sin6_addr;
	return is_v4 ? (const uint8_t *)&a->v4.sin_addr : a->v6.sin6_addr.s6_addr;
}

bool ip_equal(const struct ip_address *a, const struct ip_address *b)
{
	size_t na, nb;
	const uint8_t *bytes_a = bytes_of(a, &na), *bytes_b = bytes_of(b, &nb);

	return na == nb && memcmp(bytes_a, bytes_b, na) == 0;
}

uint16_t ip_port(const struct ip_address *a)
{
	return ntohs(a->any.sa_family == AF_INET ? a->v4.sin_port : a->v6.sin6_port);
}

int ip_version(const struct ip_address *a)
{
	return a->any.sa_family == AF_INET ? 4 : 6;
}

uint32_t ip_hash(const struct ip_address *a)
{
	uint32_t hash = 2166136261u;
	size_t n;
	const uint8_t *bytes = bytes_of(a, &n);

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	return hash;
}

const char *ip_text(const struct ip_address *a, char buf[IP_TEXT_MAX])
{
	size_t n;
	const uint8_t *bytes = bytes_of(a, &n);

	if (!inet_ntop(a->any.sa_family, bytes, buf, IP_TEXT_MAX))
		buf[0] = '\0';
	return buf;
}

const char *ip_text_port(const struct ip_address *a, char buf[IP_PORT_TEXT_MAX])
{
	char address[IP_TEXT_MAX];
	bool is_v6 = a->any.sa_family == AF_INET6;

	snprintf(buf, IP_PORT_TEXT_MAX, "%s%s%s:%u", is_v6 ? "[" : "", ip_text(a, address),
		is_v6 ? "]" : "", ip_port(a));
	return buf;
}
