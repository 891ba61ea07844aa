/* SPDX-License-Identifier: Apache-2.0 */
#include "port/probe/ip.h"

#include "base/str.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <uv.h>

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
