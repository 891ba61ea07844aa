/* SPDX-License-Identifier: Apache-2.0 */
#include "api/uri.h"

#include "base/str.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct encoded { /* a part of a URI, or of a form, as it was sent */
	const char *text;
	size_t n;
	bool is_form;     /* "+" is a space */
	const char *what; /* for errors, which never repeat the text: it may be a password */
};

static enum rc decode(const struct encoded *part, struct arena *a, const char **ret, struct err *e)
{
	const char *text = part->text;
	char *out = arena_alloc(a, part->n + 1);
	size_t len = 0;

	if (!out)
		return err_set(e, RC_LIMIT, "%s is too long", part->what);
	for (size_t i = 0; i < part->n; i++) {
		int high, low;

		if (text[i] != '%') {
			out[len++] = part->is_form && text[i] == '+' ? ' ' : text[i];
			continue;
		}
		high = i + 1 < part->n ? hex_digit(text[i + 1]) : -1;
		low = high >= 0 && i + 2 < part->n ? hex_digit(text[i + 2]) : -1;
		if (low < 0)
			return err_set(e, RC_INPUT,
				"%s: %% at byte %zu is not followed by two hex digits", part->what,
				i);
		out[len++] = (char)(high << 4 | low);
		i += 2;
	}
	if (!utf8_valid(out, len))
		return err_set(e, RC_INPUT, "%s is not UTF-8", part->what);
	*ret = out;
	return RC_OK;
}

static enum rc parse_pair(const char *text, size_t n, struct arena *a, struct uri_pairs *pairs,
	struct err *e)
{
	const char *equals = memchr(text, '=', n);
	size_t n_name = equals ? (size_t)(equals - text) : n;
	size_t skip = equals ? n_name + 1 : n;
	const struct encoded name = { text, n_name, true, "the name of a parameter" };
	const struct encoded value = { text + skip, n - skip, true, "the value of a parameter" };
	struct uri_pair pair;
	enum rc rc;

	if (n == 0)
		return RC_OK;
	if (pairs->n == URI_PAIRS_MAX)
		return err_set(e, RC_LIMIT, "more than %d parameters", URI_PAIRS_MAX);
	rc = decode(&name, a, &pair.name, e);
	if (rc == RC_OK)
		rc = decode(&value, a, &pair.value, e);
	if (rc == RC_OK)
		pairs->items[pairs->n++] = pair;
	return rc;
}

enum rc uri_pairs_parse(const char *text, size_t n, struct arena *a, struct uri_pairs *ret,
	struct err *e)
{
	struct uri_pairs pairs = { .n = 0 };

	for (size_t at = 0; at < n;) {
		const char *end = memchr(text + at, '&', n - at);
		size_t len = end ? (size_t)(end - text) - at : n - at;
		enum rc rc = parse_pair(text + at, len, a, &pairs, e);

		if (rc != RC_OK)
			return rc;
		at += len + 1;
	}
	*ret = pairs;
	return RC_OK;
}

enum rc uri_parse(const char *target, struct arena *a, struct uri *ret, struct err *e)
{
	size_t n = strcspn(target, "?#");
	struct uri uri = { .path = arena_strndup(a, target, n) };
	enum rc rc = RC_OK;

	if (target[0] != '/')
		return err_set(e, RC_INPUT, "the request's target doesn't begin with a slash");
	if (!uri.path)
		return err_set(e, RC_LIMIT, "the path is too long");
	if (target[n] == '?')
		rc = uri_pairs_parse(target + n + 1, strcspn(target + n + 1, "#"), a, &uri.query,
			e);
	if (rc == RC_OK)
		*ret = uri;
	return rc;
}

const char *uri_pair(const struct uri_pairs *pairs, const char *name)
{
	for (uint32_t i = 0; i < pairs->n; i++) {
		if (str_eq(pairs->items[i].name, name))
			return pairs->items[i].value;
	}
	return NULL;
}

enum rc uri_segment(const char *text, size_t n, struct arena *a, const char **ret, struct err *e)
{
	return decode(&(struct encoded){ text, n, .what = "a part of the path" }, a, ret, e);
}

bool cookie_value(const char *header, const char *name, char *ret, size_t size)
{
	size_t n = strlen(name);

	for (const char *at = header; at && *at;) {
		size_t len;

		at += strspn(at, " \t;");
		len = strcspn(at, ";");
		if (len > n && strncmp(at, name, n) == 0 && at[n] == '=') {
			len -= n + 1;
			if (len >= size)
				return false;
			memcpy(ret, at + n + 1, len);
			ret[len] = '\0';
			return true;
		}
		at += len;
	}
	return false;
}
