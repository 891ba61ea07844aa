/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heartbeats: a job reports that it started, finished or failed.
 *
 * Every report is an fsynced event in the journal for good, so a job that loops, or a stranger on
 * the LAN, must not be able to write as fast as it can ask: after PING_BURST reports of one
 * heartbeat one a second is taken (the generic cell rate algorithm, ITU-T I.371).
 */
#include "api/api_private.h"

#include <stdio.h>

#define PING_BURST    20
#define PING_EVERY_MS SECOND_MS

struct buckets {
	uint16_t n;
	struct mono due[]; /* by check: when it would be empty of reports */
};

struct buckets *buckets_new(uint16_t n_checks)
{
	struct buckets *b = must_alloc(sizeof *b + n_checks * sizeof b->due[0]);

	b->n = n_checks;
	for (uint16_t i = 0; i < n_checks; i++)
		b->due[i].ms = INT64_MIN / 2;
	return b;
}

void buckets_free(struct buckets *b)
{
	free(b);
}

static bool may_ping(struct buckets *b, struct mono now, uint16_t check)
{
	int64_t due = now.ms;

	must(check < b->n);
	if (b->due[check].ms > due)
		due = b->due[check].ms;
	if (due - now.ms > (PING_BURST - 1) * PING_EVERY_MS)
		return false;
	b->due[check].ms = due + PING_EVERY_MS;
	return true;
}

static enum rc check_token(const struct call *c, const struct lab_check *check, struct err *e)
{
	const char *bearer = http_ask_header(c->ask, "Authorization");
	const char *param = uri_pair(&c->uri.query, "token");
	scoped(str_fini) struct str wanted = STR_EMPTY;
	struct sha256 given = { 0 }, hash;
	enum rc rc;

	if (check->token.kind == SECRET_NONE)
		return RC_OK;
	if (bearer && strncasecmp(bearer, "Bearer ", 7) == 0)
		given = sha256_of(bearer + 7, strlen(bearer + 7));
	else if (param)
		given = sha256_of(param, strlen(param));
	rc = c->api->setup.secret(c->api->setup.ctx, &check->token, &wanted, e);
	if (rc != RC_OK)
		return err_in(e, rc, "the token of heartbeat '%s'", check->name);
	hash = sha256_of(str_c(&wanted), wanted.len);
	if (wanted.s)
		explicit_bzero(wanted.s, wanted.cap);
	if (wanted.len == 0 || !secret_equal(given.bytes, hash.bytes, sizeof hash.bytes))
		return err_set(e, RC_AUTH,
			"heartbeat '%s' wants its token, as bearer or as ?token=", check->name);
	return RC_OK;
}

static enum rc read_report(const char *text, struct heartbeat_ping *ret, struct err *e)
{
	size_t digits = text ? strspn(text, "0123456789") : 0;

	ret->what = "success";
	if (!text)
		return RC_OK;
	if (str_eq(text, "start") || str_eq(text, "fail")) {
		ret->what = text;
		return RC_OK;
	}
	ret->what = "exit";
	ret->code = digits && digits <= 3 && !text[digits] ? atoi(text) : 256;
	if (ret->code > 255)
		return err_set(e, RC_INPUT,
			"after the name stands start, fail, or an exit status (0-255)");
	return RC_OK;
}

/* Control characters would take six bytes each in the journal; a log needs none but these.  A NUL
 * is one of them, and no end. */
static char *clean_log(struct call *c)
{
	size_t n = c->ask->body_bytes;
	char *log = arena_alloc(&c->arena, n + 1);

	if (!log)
		return NULL;
	memcpy(log, c->ask->body, n);
	log[n] = '\0';
	for (size_t i = 0; i < n; i++) {
		unsigned char ch = (unsigned char)log[i];

		if ((ch < 0x20 && ch != '\n' && ch != '\t') || ch == 0x7f)
			log[i] = ' ';
	}
	return log;
}

enum rc heartbeat_ping(struct call *c, struct answer *out, struct err *e)
{
	const char *name = c->found.args[0];
	const struct lab *lab = site_lab(c->view.site);
	uint16_t check = lab_check_index(lab, name);
	struct heartbeat_ping ping = { .name = name };
	enum rc rc;

	if (check == NO_CHECK || lab->checks[check].kind != CHECK_HEARTBEAT)
		return err_set(e, RC_NOT_FOUND, "no heartbeat '%.64s' is declared", name);
	rc = read_report(c->found.args[1], &ping, e);
	if (rc == RC_OK)
		rc = check_token(c, &lab->checks[check], e);
	if (rc != RC_OK)
		return rc;
	if (!may_ping(c->api->buckets, c->now.mono, check)) {
		answer_header(out, "Retry-After", "1");
		return err_set(e, RC_LIMIT,
			"heartbeat '%s' reports too fast; once a second is enough", name);
	}
	ping.log = clean_log(c);
	rc = site_ping(c->api->setup.site, c->now, &ping, e);
	c->api->setup.after_input(c->api->setup.ctx);
	if (rc != RC_OK)
		return rc;
	out->type = "text/plain; charset=utf-8";
	str_add(&out->body, "ok");
	return RC_OK;
}
