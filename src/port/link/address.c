/* SPDX-License-Identifier: Apache-2.0 */
#include "port/link/address.h"

#include "base/str.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

static bool parse_port(const char *text, uint16_t *ret)
{
	unsigned port = 0;
	size_t n = strspn(text, "0123456789");

	if (n == 0 || n > 5 || text[n])
		return false;
	for (const char *p = text; *p; p++)
		port = 10 * port + (unsigned)(*p - '0');
	if (port > UINT16_MAX)
		return false;
	*ret = (uint16_t)port;
	return true;
}

static bool parse_number(struct address *a)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&a->sockaddr;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a->sockaddr;

	if (inet_pton(AF_INET, a->host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(a->port);
		return true;
	}
	if (inet_pton(AF_INET6, a->host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(a->port);
		return true;
	}
	return false;
}

enum rc address_parse(const char *text, struct address *ret, struct err *e)
{
	struct address a = { 0 };
	const char *colon = strrchr(text, ':');
	const char *host = text, *end = colon;

	if (!colon || !parse_port(colon + 1, &a.port))
		return err_set(e, RC_INPUT, "'%s' is no host:port", text);
	if (host[0] == '[' && end > host + 1 && end[-1] == ']') {
		host++;
		end--;
	} else if (memchr(host, ':', (size_t)(end - host))) {
		return err_set(e, RC_INPUT, "'%s': an IPv6 address stands in [brackets]", text);
	}
	if ((size_t)(end - host) >= sizeof a.host)
		return err_set(e, RC_INPUT, "'%s': the name is too long", text);
	memcpy(a.host, host, (size_t)(end - host));
	a.is_numeric = parse_number(&a);
	if (host != text && !a.is_numeric)
		return err_set(e, RC_INPUT, "'%s' holds no IPv6 address", text);
	*ret = a;
	return RC_OK;
}

const char *address_text(const struct sockaddr *sa, char buf[ADDRESS_TEXT_MAX])
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)sa;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)sa;
	char ip[INET6_ADDRSTRLEN] = "?";

	if (sa->sa_family == AF_INET) {
		inet_ntop(AF_INET, &v4->sin_addr, ip, sizeof ip);
		snprintf(buf, ADDRESS_TEXT_MAX, "%s:%u", ip, ntohs(v4->sin_port));
	} else if (sa->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
		inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], ip, sizeof ip);
		snprintf(buf, ADDRESS_TEXT_MAX, "%s:%u", ip, ntohs(v6->sin6_port));
	} else if (sa->sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &v6->sin6_addr, ip, sizeof ip);
		snprintf(buf, ADDRESS_TEXT_MAX, "[%s]:%u", ip, ntohs(v6->sin6_port));
	} else {
		str_copy(buf, ADDRESS_TEXT_MAX, "an unknown address");
	}
	return buf;
}
