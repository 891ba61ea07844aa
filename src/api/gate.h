/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate: may this request pass?
 *
 * Four attackers: who reaches an address that was meant for this machine only; a page elsewhere
 * that has the reader's browser send requests (CSRF); one whose name resolves to our loopback
 * address (DNS rebinding), so that the browser takes it for us; and a stranger without a login.
 *
 *	Host             on a loopback address it names loopback, or the host of `url`
 *	Origin           PING, CHANGE, FEED: absent, or ours; Sec-Fetch-Site neither cross-site nor same-site
 *	login            READ, CHANGE, FEED: the token as bearer, or a session's cookie
 *	X-Diarchy-CSRF   CHANGE, unless by token: the session's; without login anything
 */
#ifndef API_GATE_H
#define API_GATE_H

#include "api/auth.h"
#include "api/route.h"
#include "port/http_server/http_server.h"

#define GATE_COOKIE "diarchy"
#define GATE_CSRF   "X-Diarchy-CSRF"

struct gate {
	struct auth *auth;
	bool is_loopback; /* we listen where only this machine can reach us */
	const char *url;  /* where people open the pages, by lab.yaml; NULL: not said */
};

/* Who stands before it. */
struct gate_visit {
	const struct http_ask *ask;
	enum route_needs needs; /* of where it leads to */
	struct mono now;
};

/* RC_REFUSED, or RC_AUTH.  *ret_session: whose cookie it was; NULL without. */
enum rc gate_pass(const struct gate *g, const struct gate_visit *v,
	const struct session **ret_session, struct err *e) MUST_USE;

/* Before anything listens: RC_REFUSED when others could reach `listen` and no login is set up; the
 * text says what to set. */
enum rc api_check_exposure(const char *listen, bool has_login, struct err *e) MUST_USE;

#endif
