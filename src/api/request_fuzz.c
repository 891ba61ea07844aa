/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of a stranger's connection, to the real API behind the real server: the first byte chooses
 * whether the site has a login.  Whatever they are, what is answered is an answer, in JSON where it
 * says so, and the server lives.
 */
#include "api/api_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <strings.h>

#include <cmocka.h>

#define INPUT_BYTES_MAX 65536
#define INPUTS_A_SITE   2000 /* each may add an event to its journal */
#define IDLE_TURNS      12   /* of the loop, without a byte: there is no more to come */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fixture sites[2]; /* open, and with a token */
static unsigned left;

static void start(struct fixture *f, bool has_login)
{
	struct api_setup setup;

	fixture_init_site(f);
	setup = fixture_setup(f);
	setup.login.token = has_login ? FIXTURE_TOKEN : NULL;
	must(api_start(&f->api, &setup, NULL) == RC_OK);
}

static struct fixture *site_for(uint8_t first)
{
	if (left == 0) {
		for (int i = 0; i < 2; i++) {
			if (sites[i].api)
				fixture_fini(&sites[i]);
			start(&sites[i], i == 1);
		}
		left = INPUTS_A_SITE;
	}
	left--;
	return &sites[first & 1];
}

/* All that comes until the server closes, or waits for more than it will get. */
static void converse(struct fixture *f, const uint8_t *data, size_t n, struct str *ret)
{
	scoped(pump_fini) struct pump p;

	pump_connect(&p, &f->loop, api_address(f->api));
	pump_send_bytes(&p, data, n);
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped(str_fini) struct str got = STR_EMPTY;
	struct fixture *f;
	const char *at;

	if (size < 2 || size > INPUT_BYTES_MAX)
		return 0;
	f = site_for(data[0]);
	converse(f, data + 1, size - 1, &got);
	for (at = str_c(&got); check_answer(&at, got.s + got.len);)
		;
	return 0;
}
