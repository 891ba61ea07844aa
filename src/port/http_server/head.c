/* SPDX-License-Identifier: Apache-2.0 */
#include "port/http_server/head.h"

#include <stdio.h>
#include <strings.h>

static const char *value_of(const struct head *h, const char *name, uint32_t *ret_n)
{
	const char *value = NULL;

	*ret_n = 0;
	for (uint32_t i = 0; i < h->n_headers; i++) {
		if (strcasecmp(h->headers[i].name, name) != 0)
			continue;
		value = value ? value : h->headers[i].value;
		++*ret_n;
	}
	return value;
}

/* Two of these, two ways to say how long the body is, a coding that we don't know, or space before
 * the colon make a request mean different things to different readers (RFC 9110, 7.2; RFC 9112,
 * 5.1, 6.1, 6.3). */
static const char *ambiguous_header(const struct head *h)
{
	static const char *const once[] = { "Host", "Content-Length", "Transfer-Encoding", "Origin",
		"Authorization" };
	const char *coding;
	uint32_t n;

	for (uint32_t i = 0; i < h->n_headers; i++)
		if (strpbrk(h->headers[i].name, " \t"))
			return h->headers[i].name;
	for (size_t i = 0; i < COUNT(once); i++) {
		value_of(h, once[i], &n);
		if (n > 1)
			return once[i];
	}
	coding = value_of(h, "Transfer-Encoding", &n);
	if (coding && value_of(h, "Content-Length", &n))
		return "Content-Length";
	return coding && strcasecmp(coding, "chunked") != 0 ? "Transfer-Encoding" : NULL;
}

/* Nothing but visible characters stands in a target (RFC 9112, 3.2); those beyond ASCII are let
 * pass, as many a script sends them unescaped. */
static bool is_target(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || *text == 0x7f)
			return false;
	return true;
}

/* Each text of the line begins where the one before it ended: no NUL of the sender's cut it
 * short. */
static bool is_line_clean(const struct head *h)
{
	return h->target == h->method + strlen(h->method) + 1 &&
	       h->version == h->target + strlen(h->target_kept) + 1 && is_target(h->target_kept);
}

static bool is_value(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' && *text != '\t')
			return false;
	return true;
}

/* Behind the NULs in the place of a line's end, LF or CR LF. */
static const char *next_line(const char *text)
{
	const char *end = text + strlen(text);

	return end[1] ? end + 1 : end + 2;
}

/* The same of the headers: each begins where the one before it ended, and behind the last there is
 * the empty line alone. */
static bool are_headers_clean(const struct head *h)
{
	const char *last = h->version, *end = h->method + h->bytes, *at;

	for (uint32_t i = 0; i < h->n_headers; i++) {
		if (h->headers[i].name != next_line(last) || !is_value(h->headers[i].value))
			return false;
		last = h->headers[i].value;
	}
	last += strlen(last);
	for (at = last; at < end; at++)
		if (*at)
			return false;
	return end - last <= 4; /* CR LF CR LF */
}

bool head_is_sound(const struct head *h, char ret_why[REASON_BYTES_MAX])
{
	const char *doubtful;

	if (!is_line_clean(h)) {
		str_copy(ret_why, REASON_BYTES_MAX, "the request's line holds control characters");
		return false;
	}
	if (!are_headers_clean(h)) {
		str_copy(ret_why, REASON_BYTES_MAX,
			"a header holds control characters, or goes on in the next line");
		return false;
	}
	doubtful = ambiguous_header(h);
	if (!doubtful)
		return true;
	snprintf(ret_why, REASON_BYTES_MAX,
		"the header %.48s is repeated, contradicted or not understood", doubtful);
	return false;
}
