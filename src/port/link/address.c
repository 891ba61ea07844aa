/* SPDX-License-Identifier: Apache-2.0 */
#include "port/link/address.h"

#include "base/endpoint.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

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
	struct endpoint p;
	enum rc rc = endpoint_parse(text, &p, e);

	if (rc != RC_OK)
		return rc;
	str_copy(a.host, sizeof a.host, p.host);
	a.port = p.port;
	a.is_numeric = parse_number(&a);
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
