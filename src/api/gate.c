/* SPDX-License-Identifier: Apache-2.0 */
#include "api/gate.h"

#include "api/uri.h"
#include "base/endpoint.h"
#include "base/str.h"
#include "core/lab/address.h"

#include <strings.h>

/* ---- Host */

static bool is_known_host(const struct gate *g, const char *header)
{
	char ours[ADDRESS_HOST_MAX];
	struct endpoint p;

	if (!header || endpoint_parse_or(header, 80, &p, NULL) != RC_OK)
		return false;
	if (strchr(p.host, ':') && header[0] != '[')
		return false; /* no address in a URL looks like that */
	if (host_is_loopback(p.host))
		return true;
	return g->url && address_host(g->url, ours) && strcasecmp(ours, p.host) == 0;
}

/* ---- Origin */

/* Origins are scheme://host[:port]; a TLS proxy in front of us changes the scheme, so host and port
 * decide. */
static bool is_our_origin(const char *origin, const char *host)
{
	const char *at = strstr(origin, "://");

	return at && host && strcasecmp(at + 3, host) == 0;
}

static enum rc check_origin(const struct http_ask *ask, struct err *e)
{
	const char *origin = http_ask_header(ask, "Origin");
	const char *site = http_ask_header(ask, "Sec-Fetch-Site");

	if (origin && !is_our_origin(origin, http_ask_header(ask, "Host")))
		return err_set(e, RC_REFUSED,
			"a page of another origin sent this; open the pages of this site itself");
	if (site && (strcasecmp(site, "cross-site") == 0 || strcasecmp(site, "same-site") == 0))
		return err_set(e, RC_REFUSED,
			"a page of another site sent this; open the pages of this site itself");
	return RC_OK;
}

/* ---- login */

static const struct session *session_of(const struct gate *g, struct mono now,
	const struct http_ask *ask)
{
	char id[AUTH_ID_MAX];

	if (!cookie_value(http_ask_header(ask, "Cookie"), GATE_COOKIE, id, sizeof id))
		return NULL;
	return auth_session(g->auth, now, id);
}

static enum rc check_csrf(const struct http_ask *ask, const struct session *s, struct err *e)
{
	const char *given = http_ask_header(ask, GATE_CSRF);
	size_t n = s ? strlen(s->csrf) : 0;

	if (!given)
		return err_set(e, RC_REFUSED, "the header " GATE_CSRF " is missing");
	if (s && (strlen(given) != n || !secret_equal(given, s->csrf, n)))
		return err_set(e, RC_REFUSED,
			"the header " GATE_CSRF " is not that of this session; reload the page");
	return RC_OK;
}

static enum rc check_login(const struct gate *g, const struct gate_visit *v,
	const struct session *session, struct err *e)
{
	bool has_token = auth_bearer(g->auth, http_ask_header(v->ask, "Authorization"));

	if (v->needs == ROUTE_OPEN || v->needs == ROUTE_PING)
		return RC_OK;
	if (auth_is_needed(g->auth) && !has_token && !session)
		return err_set(e, RC_AUTH,
			"log in, or send the site's token as 'Authorization: Bearer TOKEN'");
	if (v->needs != ROUTE_CHANGE || has_token)
		return RC_OK;
	return check_csrf(v->ask, auth_is_needed(g->auth) ? session : NULL, e);
}

enum rc gate_pass(const struct gate *g, const struct gate_visit *v,
	const struct session **ret_session, struct err *e)
{
	const char *host = http_ask_header(v->ask, "Host");
	const struct session *session;
	enum rc rc = RC_OK;

	if (g->is_loopback && !is_known_host(g, host))
		return err_set(e, RC_REFUSED,
			"this site listens for this machine only, and '%.64s' is no name of it; "
			"tell "
			"`diarchy serve` the --url that people open, if a proxy stands before it",
			host ? host : "");
	session = session_of(g, v->now, v->ask);
	if (v->needs == ROUTE_PING || v->needs == ROUTE_CHANGE || v->needs == ROUTE_FEED)
		rc = check_origin(v->ask, e);
	if (rc == RC_OK)
		rc = check_login(g, v, session, e);
	if (rc == RC_OK)
		*ret_session = session;
	return rc;
}

enum rc api_check_exposure(const char *listen, bool has_login, struct err *e)
{
	struct endpoint p;
	enum rc rc = endpoint_parse(listen, &p, e);

	if (rc != RC_OK)
		return err_in(e, rc, "the site's http address");
	if (has_login || host_is_loopback(p.host))
		return RC_OK;
	return err_set(e, RC_REFUSED,
		"others can reach %s, and no login is set up: in lab.yaml give the site a 'login' "
		"with "
		"a 'password' (the output of `diarchy login-hash`, as a secret) or a 'token', or "
		"let "
		"it listen on 127.0.0.1:%u",
		listen, p.port);
}
