/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lab/address.h"

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

static bool is_port(const char *s, size_t n)
{
	unsigned port = 0;

	if (n == 0 || n > 5)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!isdigit((unsigned char)s[i]))
			return false;
		port = 10 * port + (unsigned)(s[i] - '0');
	}
	return port >= 1 && port <= 65535;
}

/* The pieces of "host", "host:port", "[v6]" or "[v6]:port", which ends at text[n]. */
struct authority {
	const char *host, *port;
	size_t host_len, port_len;
	bool is_bracketed, has_port;
};

static bool split(const char *text, size_t n, struct authority *ret)
{
	struct authority a = { .host = text, .host_len = n };
	const char *end = text + n;
	const char *close = n && text[0] == '[' ? memchr(text, ']', n) : NULL;
	const char *colon;

	if (n && text[0] == '[') {
		if (!close)
			return false;
		a.is_bracketed = true;
		a.host = text + 1;
		a.host_len = (size_t)(close - a.host);
		colon = close + 1;
		if (colon < end && *colon != ':')
			return false;
	} else {
		colon = memchr(text, ':', n);
		if (!colon)
			colon = end;
		a.host_len = (size_t)(colon - text);
	}
	if (colon < end) {
		a.has_port = true;
		a.port = colon + 1;
		a.port_len = (size_t)(end - a.port);
	}
	*ret = a;
	return true;
}

static bool copy_host(const struct authority *a, char ret[ADDRESS_HOST_MAX])
{
	if (a->host_len == 0 || a->host_len >= ADDRESS_HOST_MAX)
		return false;
	for (size_t i = 0; i < a->host_len; i++)
		ret[i] = (char)tolower((unsigned char)a->host[i]);
	ret[a->host_len] = '\0';
	return a->is_bracketed ? strchr(ret, ':') && address_is_ip(ret) : address_is_host(ret);
}

static bool is_authority(const char *text, size_t n, bool needs_port)
{
	char host[ADDRESS_HOST_MAX];
	struct authority a;

	if (!split(text, n, &a) || !copy_host(&a, host) || (needs_port && !a.has_port))
		return false;
	return !a.has_port || is_port(a.port, a.port_len);
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
	struct authority a = { 0 };

	if (rest)
		return split(rest, strcspn(rest, "/?#"), &a) && copy_host(&a, ret);
	if (address_is_ip(text)) {
		a.host = text;
		a.host_len = strlen(text);
		return copy_host(&a, ret);
	}
	return split(text, strlen(text), &a) && copy_host(&a, ret);
}
