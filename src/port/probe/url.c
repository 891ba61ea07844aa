/* SPDX-License-Identifier: Apache-2.0 */
#include "port/probe/url.h"

#include "base/str.h"

#include <ctype.h>
#include <stdio.h>

static uint16_t default_port(bool is_https)
{
	return is_https ? 443 : 80;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* %XX and plain characters of a login; false when it doesn't fit or hides a NUL. */
static bool decode(const char *text, size_t n, char *ret, size_t size)
{
	size_t length = 0;

	for (size_t i = 0; i < n; i++) {
		char c = text[i];

		if (c == '%' && i + 2 < n && hex_digit(text[i + 1]) >= 0 &&
			hex_digit(text[i + 2]) >= 0) {
			c = (char)(hex_digit(text[i + 1]) << 4 | hex_digit(text[i + 2]));
			i += 2;
		}
		if (c == '\0' || length + 1 >= size)
			return false;
		ret[length++] = c;
	}
	ret[length] = '\0';
	return true;
}

/* Path and query with what may not stand in a request line written as %XX; the fragment stays
 * here. */
static enum rc set_target(struct url *u, const char *text, struct err *e)
{
	size_t length = 0;

	if (*text != '/')
		u->target[length++] = '/';
	for (; *text && *text != '#'; text++) {
		unsigned char c = (unsigned char)*text;
		bool is_plain = c > ' ' && c < 0x7f && !strchr("\"<>\\^`{|}", c);

		if (length + 4 > sizeof u->target)
			return err_set(e, RC_INPUT, "the URL is over %d bytes", URL_TARGET_MAX);
		if (is_plain)
			u->target[length++] = (char)c;
		else
			length += (size_t)snprintf(u->target + length, 4, "%%%02X", c);
	}
	u->target[length] = '\0';
	return RC_OK;
}

static enum rc set_host(struct url *u, struct err *e)
{
	bool is_v6 = strchr(u->host, ':') != NULL;
	const char *marks = is_v6 ? ":.%-_" : "-._"; /* an address may name its zone */
	struct ip_address ignored;

	for (char *c = u->host; *c; c++) {
		if (!isascii(*c))
			return err_set(e, RC_INPUT, "host '%s': write it in its xn-- form",
				u->host);
		if (!isalnum((unsigned char)*c) && !strchr(marks, *c))
			return err_set(e, RC_INPUT, "'%s' names no host", u->host);
		if (!is_v6)
			*c = (char)tolower((unsigned char)*c);
	}
	if (is_v6 && !ip_parse(u->host, 0, &ignored))
		return err_set(e, RC_INPUT, "'%s' is no IPv6 address", u->host);
	return RC_OK;
}

/* "user:password@host:port" of `n` bytes. */
static enum rc set_authority(struct url *u, const char *text, size_t n, struct err *e)
{
	const char *at = memrchr(text, '@', n);
	char host_port[ENDPOINT_HOST_MAX + 16];
	struct endpoint found;
	enum rc rc;

	u->login[0] = '\0';
	if (at && !decode(text, (size_t)(at - text), u->login, sizeof u->login))
		return err_set(e, RC_INPUT, "the URL's login is malformed");
	if (at) {
		n -= (size_t)(at + 1 - text);
		text = at + 1;
	}
	if (n > 0 && text[n - 1] == ':') /* "host:" is allowed */
		n--;
	if (n >= sizeof host_port)
		return err_set(e, RC_INPUT, "the URL's host is too long");
	memcpy(host_port, text, n);
	host_port[n] = '\0';
	rc = endpoint_parse_or(host_port, default_port(u->is_https), &found, e);
	if (rc != RC_OK)
		return rc;
	memcpy(u->host, found.host, sizeof u->host);
	u->port = found.port;
	return set_host(u, e);
}

/* Length of "scheme" when `text` begins with "scheme:"; 0 otherwise. */
static size_t scheme_length(const char *text)
{
	size_t n = 0;

	if (!isalpha((unsigned char)text[0]))
		return 0;
	while (isalnum((unsigned char)text[n]) || (text[n] && strchr("+-.", text[n])))
		n++;
	return text[n] == ':' ? n : 0;
}

static enum rc parse_rest(struct url *u, const char *text, struct err *e)
{
	size_t n = strcspn(text, "/?#");
	enum rc rc = set_authority(u, text, n, e);

	return rc == RC_OK ? set_target(u, text + n, e) : rc;
}

enum rc url_parse(const char *text, struct url *ret, struct err *e)
{
	struct url u = { 0 };
	const char *rest = text;
	enum rc rc;

	if (strncasecmp(text, "https://", 8) == 0) {
		u.is_https = true;
		rest = text + 8;
	} else if (strncasecmp(text, "http://", 7) == 0) {
		rest = text + 7;
	} else if (strstr(text, "://")) {
		return err_set(e, RC_INPUT, "'%.40s' is neither http:// nor https://", text);
	}
	rc = parse_rest(&u, rest, e);
	if (rc == RC_OK)
		*ret = u;
	return rc;
}

/* RFC 3986, 5.2.4, on a path that begins with '/'; the query isn't looked at. */
static void remove_dot_segments(char *target)
{
	char *query = target + strcspn(target, "?"), *out = target, *in = target;

	while (in < query) {
		char *end = in + 1;
		size_t n;

		while (end < query && *end != '/')
			end++;
		n = (size_t)(end - in);
		if (n == 3 && in[1] == '.' && in[2] == '.') {
			while (out > target && *--out != '/')
				;
			if (end == query)
				*out++ = '/';
		} else if (n == 2 && in[1] == '.') {
			if (end == query)
				*out++ = '/';
		} else {
			memmove(out, in, n);
			out += n;
		}
		in = end;
	}
	memmove(out, query, strlen(query) + 1);
}

/* `location` without scheme and host, joined to the base's path. */
static enum rc join(const struct url *base, const char *location, char *ret, size_t size)
{
	size_t path = strcspn(base->target, "?"), keep = path;

	if (*location == '/')
		keep = 0;
	else if (*location == '#' || *location == '\0')
		keep = strlen(base->target);
	else if (*location != '?')
		while (keep > 0 && base->target[keep - 1] != '/')
			keep--;
	if (keep + strlen(location) >= size)
		return RC_INPUT;
	memcpy(ret, base->target, keep);
	memcpy(ret + keep, location, strlen(location) + 1);
	return RC_OK;
}

enum rc url_redirect(const struct url *base, const char *location, struct url *ret, struct err *e)
{
	struct url u = *base;
	char joined[URL_TARGET_MAX];
	enum rc rc;

	if (scheme_length(location)) {
		if (strncasecmp(location, "http", 4) != 0 || !strstr(location, "://"))
			return err_set(e, RC_INPUT, "'%.40s' is no web address", location);
		rc = url_parse(location, &u, e);
	} else if (str_starts(location, "//")) {
		rc = parse_rest(&u, location + 2, e);
	} else if (join(base, location, joined, sizeof joined) == RC_OK) {
		rc = set_target(&u, joined, e);
	} else {
		rc = err_set(e, RC_INPUT, "the URL is over %d bytes", URL_TARGET_MAX);
	}
	if (rc != RC_OK)
		return rc;
	remove_dot_segments(u.target);
	*ret = u;
	return RC_OK;
}

bool url_same_host(const struct url *a, const struct url *b)
{
	return str_eq(a->host, b->host);
}

bool url_same_origin(const struct url *a, const struct url *b)
{
	return a->is_https == b->is_https && a->port == b->port && url_same_host(a, b);
}

bool url_shares_login(const struct url *first, const struct url *next)
{
	bool is_upgrade = !first->is_https && first->port == default_port(false) &&
			  next->is_https && next->port == default_port(true);

	return url_same_origin(first, next) || (is_upgrade && url_same_host(first, next));
}

const char *url_authority(const struct url *u, char buf[URL_AUTHORITY_MAX])
{
	bool is_v6 = strchr(u->host, ':') != NULL;
	const char *open = is_v6 ? "[" : "", *shut = is_v6 ? "]" : "";

	if (u->port == default_port(u->is_https))
		snprintf(buf, URL_AUTHORITY_MAX, "%s%s%s", open, u->host, shut);
	else
		snprintf(buf, URL_AUTHORITY_MAX, "%s%s%s:%u", open, u->host, shut, u->port);
	return buf;
}
