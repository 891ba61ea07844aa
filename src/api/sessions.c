/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sessions: login and logout.
 *
 * Checking a password takes tens of milliseconds on purpose, so it runs on the pool, and the answer
 * waits for it.
 */
#include "api/api_private.h"

#include "base/endpoint.h"
#include "base/log.h"
#include "port/password/password.h"

#include <stdio.h>
#include <strings.h>

#define COOKIE_MAX 256

struct password_check {
	uv_work_t work;
	struct api *api;
	struct http_exchange *exchange;
	char *password, *hash, *address;
	bool is_secure; /* the browser came by https */
	bool matches;
};

static void wipe(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

static void password_check_free(struct password_check *p)
{
	wipe(p->password);
	wipe(p->hash);
	free(p->address);
	free(p);
}

/* On the pool's thread: touches nothing but `p`. */
static void check_password(uv_work_t *work)
{
	struct password_check *p = work->data;

	p->matches = password_matches(p->password, p->hash);
}

static void reply_with_session(struct password_check *p)
{
	struct api *a = p->api;
	struct mono now = a->setup.now(a->setup.ctx).mono;
	char id[AUTH_ID_MAX], cookie[COOKIE_MAX];
	const struct http_header headers[] = { { "Set-Cookie", cookie },
		{ "Cache-Control", "no-store" } };
	struct http_reply r = { .status = 200,
		.type = "application/json",
		.headers = headers,
		.n_headers = COUNT(headers) };

	auth_succeeded(a->gate.auth, now, p->address);
	auth_open(a->gate.auth, now, id);
	snprintf(cookie, sizeof cookie,
		GATE_COOKIE "=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%lld%s", id,
		(long long)(AUTH_SESSION_MS / SECOND_MS), p->is_secure ? "; Secure" : "");
	str_add(&r.body, "{}");
	http_reply(p->exchange, &r);
	explicit_bzero(id, sizeof id);
	explicit_bzero(cookie, sizeof cookie);
}

static void on_password_checked(uv_work_t *work, int status)
{
	struct password_check *p = work->data;
	struct api *a = p->api;

	a->passwords_in_check--;
	if (status == 0 && p->matches) {
		log_info("login from %s", p->address);
		reply_with_session(p);
	} else {
		log_warning("login from %s refused: wrong password", p->address);
		http_reply_error(p->exchange, RC_AUTH, "that is not the password", NULL, 0);
	}
	password_check_free(p);
	api_let_go(a);
}

/* By our own TLS, or by that of a proxy on this machine, which says so. */
static bool came_by_https(const struct http_ask *ask)
{
	const char *scheme = http_ask_header(ask, "X-Forwarded-Proto");

	return ask->is_tls ||
	       (scheme && strcasecmp(scheme, "https") == 0 && host_is_loopback(ask->address));
}

static enum rc wait_before_next(struct call *c, struct answer *out, int64_t wait_ms, struct err *e)
{
	const char *seconds =
		arena_printf(&c->arena, "%lld", (long long)((wait_ms + SECOND_MS - 1) / SECOND_MS));

	answer_header(out, "Retry-After", seconds ? seconds : "60");
	return err_set(e, RC_LIMIT, "too many tries: wait %s s", seconds ? seconds : "60");
}

static enum rc read_password(struct call *c, const char **ret, struct err *e)
{
	struct uri_pairs form;
	enum rc rc = uri_pairs_parse(c->ask->body, c->ask->body_bytes, &c->arena, &form, e);

	if (rc != RC_OK)
		return rc;
	*ret = uri_pair(&form, "password");
	return *ret ? RC_OK : err_set(e, RC_INPUT, "the form has no 'password'");
}

static void start_check(struct call *c, const char *password)
{
	struct api *a = c->api;
	struct password_check *p = must_alloc(sizeof *p);

	p->work.data = p;
	p->api = a;
	p->exchange = c->exchange;
	p->password = must_strdup(password);
	p->hash = must_strdup(auth_password_hash(a->gate.auth));
	p->address = must_strdup(c->ask->address);
	p->is_secure = came_by_https(c->ask);
	a->passwords_in_check++;
	a->holders++;
	must(uv_queue_work(a->setup.loop, &p->work, check_password, on_password_checked) == 0);
}

enum rc session_open(struct call *c, struct answer *out, struct err *e)
{
	struct api *a = c->api;
	const char *password;
	int64_t wait_ms;
	enum rc rc;

	if (!auth_password_hash(a->gate.auth))
		return err_set(e, RC_CONFLICT, "this site has no password to log in with");
	rc = read_password(c, &password, e);
	if (rc != RC_OK)
		return rc;
	if (a->passwords_in_check >= LOGIN_CHECKS_MAX)
		return wait_before_next(c, out, SECOND_MS, e);
	if (!auth_may_try(a->gate.auth, c->now.mono, c->ask->address, &wait_ms))
		return wait_before_next(c, out, wait_ms, e);
	start_check(c, password);
	out->is_taken = true;
	return RC_OK;
}

enum rc session_close(struct call *c, struct answer *out, struct err *e)
{
	(void)e;
	if (c->session)
		auth_close(c->api->gate.auth, c->session);
	answer_header(out, "Set-Cookie",
		GATE_COOKIE "=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
	json_object_open(&out->json, NULL);
	json_close(&out->json);
	return RC_OK;
}
