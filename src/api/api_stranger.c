/* SPDX-License-Identifier: Apache-2.0 */
#include "api/api_stranger.h"

#include <strings.h>

#define IDLE_TURNS 12 /* of the loop, without a byte: there is no more to come */

/* All that comes until the server closes, or waits for more than it will get. */
static void converse(struct fixture *f, const void *bytes, size_t n, struct str *ret)
{
	scoped(pump_fini) struct pump p;

	pump_connect(&p, &f->loop, api_address(f->api));
	pump_send_bytes(&p, bytes, n);
	for (int idle = 0; idle < IDLE_TURNS && !p.is_closed; idle++) {
		size_t before = p.got.len;

		uv_run(&f->loop, UV_RUN_NOWAIT);
		pump_receive(&p);
		idle = p.got.len > before ? 0 : idle;
	}
	str_addn(ret, str_c(&p.got), p.got.len);
}

static const char *header(const char *head, const char *name)
{
	const char *at = strcasestr(head, name);

	return at ? at + strlen(name) : NULL;
}

static void check_body(const char *head, const char *body, size_t n)
{
	const char *type = header(head, "\r\nContent-Type: ");
	scoped(json_decref) json_t *json = NULL;

	if (n && type && str_starts(type, "application/json"))
		must(json_read(&json, body, n, NULL) == RC_OK);
}

/* One answer after the other; false: the rest is none, or not whole. */
static bool check_answer(const char **at, const char *end)
{
	const char *head = *at, *body = strstr(head, "\r\n\r\n"), *length;
	scoped(str_fini) struct str text = STR_EMPTY;
	int status;
	size_t n;

	if (!str_starts(head, "HTTP/1.") || !body)
		return false;
	status = atoi(head + strlen("HTTP/1.1 "));
	must(status >= 100 && status < 600 && status != 500);
	body += 4;
	str_addn(&text, head, (size_t)(body - head));
	length = header(str_c(&text), "\r\nContent-Length: ");
	n = length ? strtoul(length, NULL, 10) : 0;
	*at = body;
	if (str_starts(body, "HTTP/1."))
		return true; /* the length is what a GET would have got */
	if (n > (size_t)(end - body))
		return false; /* an answer to HEAD, or cut off */
	check_body(str_c(&text), body, n);
	*at += n;
	return true;
}

void stranger_says(struct fixture *f, const void *bytes, size_t n)
{
	scoped(str_fini) struct str got = STR_EMPTY;

	converse(f, bytes, n, &got);
	for (const char *at = str_c(&got); check_answer(&at, str_c(&got) + got.len);)
		;
}
