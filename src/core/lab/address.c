/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lab/address.h"

#include "base/endpoint.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <ctype.h>

/* inet_pton only computes; nothing here looks names up. */
bool address_is_ip(const char *text)
{
	unsigned char bytes[16];

	return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

/* RFC 1123, section 2.1, and the underscores that people use all the same. */
static bool is_label(const char *s, size_t n)
{
	if (n == 0 || n > 63 || s[0] == '-' || s[n - 1] == '-')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && s[i] != '-' && s[i] != '_')
			return false;
	return true;
}

static bool is_dns_name(const char *text)
{
	size_t n = strnlen(text, ADDRESS_HOST_MAX);
	bool has_letter = false;

	if (n == 0 || n == ADDRESS_HOST_MAX)
		return false;
	if (text[n - 1] == '.')
		n--;
	for (const char *label = text, *end = text + n; label <= end;) {
		size_t length = strcspn(label, ".");

		if (length > (size_t)(end - label))
			length = (size_t)(end - label);
		if (!is_label(label, length))
			return false;
		label += length + 1;
	}
	for (size_t i = 0; i < n; i++)
		has_letter |= !isdigit((unsigned char)text[i]) && text[i] != '.';
	return has_letter; /* "10.1.0" and "300.1.1.1" are mistyped addresses, not names */
}

bool address_is_host(const char *text)
{
	return address_is_ip(text) || is_dns_name(text);
}

/* "host", "host:port", "[v6]" or "[v6]:port", which ends at text[n]; the host in lower case. */
static bool read_authority(const char *text, size_t n, bool needs_port, struct endpoint *ret)
{
	char copy[ENDPOINT_TEXT_MAX] = "";
	enum rc rc;

	if (n >= sizeof copy)
		return false;
	memcpy(copy, text, n);
	rc = endpoint_parse_or(copy, needs_port ? 0 : 80, ret, NULL);
	if (rc != RC_OK || strlen(ret->host) >= ADDRESS_HOST_MAX)
		return false;
	for (char *c = ret->host; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (strchr(ret->host, ':'))
		return copy[0] == '[' && address_is_ip(ret->host);
	return address_is_host(ret->host);
}

static bool is_authority(const char *text, size_t n, bool needs_port)
{
	struct endpoint ignored;

	return read_authority(text, n, needs_port, &ignored);
}

bool address_is_endpoint(const char *text)
{
	return is_authority(text, strlen(text), true);
}

/* What follows "http://" or "https://"; NULL when neither is there. */
static const char *after_scheme(const char *text)
{
	if (strncasecmp(text, "http://", 7) == 0)
		return text + 7;
	return strncasecmp(text, "https://", 8) == 0 ? text + 8 : NULL;
}

bool address_is_url(const char *text)
{
	const char *rest = after_scheme(text);

	if (!rest)
		return false;
	for (const char *c = rest; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f)
			return false;
	return is_authority(rest, strcspn(rest, "/?#"), false);
}

bool address_has_login(const char *text)
{
	const char *rest = strstr(text, "://");

	return rest && memchr(rest + 3, '@', strcspn(rest + 3, "/?#"));
}

bool address_is_base_url(const char *text)
{
	const char *rest = after_scheme(text);
	size_t n = rest ? strcspn(rest, "/?#") : 0;

	return address_is_url(text) && (rest[n] == '\0' || str_eq(rest + n, "/"));
}

bool address_host(const char *text, char ret[ADDRESS_HOST_MAX])
{
	const char *rest = after_scheme(text);
	struct endpoint p = { 0 };

	if (!rest && address_is_ip(text)) {
		str_copy(ret, ADDRESS_HOST_MAX, text);
		for (char *c = ret; *c; c++)
			*c = (char)tolower((unsigned char)*c);
		return true;
	}
	if (!read_authority(rest ? rest : text, rest ? strcspn(rest, "/?#") : strlen(text), false,
		    &p))
		return false;
	str_copy(ret, ADDRESS_HOST_MAX, p.host);
	return true;
}
