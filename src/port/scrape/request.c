/* SPDX-License-Identifier: Apache-2.0 */
#include "port/scrape/request.h"

#include "base/golang.h"
#include "base/hash.h"
#include "base/mem.h"
#include "port/files/secret.h"

/* A secret, or nothing when none is configured. */
static enum rc read_secret(const struct secret *s, struct str *ret, struct err *e)
{
	enum rc rc;

	str_clear(ret);
	if (s->kind == SECRET_NONE)
		return RC_OK;
	rc = secret_resolve(s, ret, e);
	if (rc == RC_OK && strpbrk(str_c(ret), "\r\n"))
		rc = err_set(e, RC_INPUT, "a secret of the job holds a line break");
	return rc;
}

static enum rc add_basic(const struct http_basic_auth *auth, struct str *out, struct err *e)
{
	scoped(secret_wipe) struct str user = STR_EMPTY, password = STR_EMPTY, both = STR_EMPTY,
				       coded = STR_EMPTY;
	enum rc rc = read_secret(&auth->user, &user, e);

	if (rc == RC_OK)
		rc = read_secret(&auth->password, &password, e);
	if (rc != RC_OK)
		return err_in(e, rc, "basic_auth");
	str_addf(&both, "%s:%s", str_c(&user), str_c(&password));
	for (size_t i = 0; i < 4 * ((both.len + 2) / 3) + 1; i++)
		str_addc(&coded, '=');
	base64_encode(both.s, both.len, coded.s);
	str_addf(out, "Authorization: Basic %s\r\n", coded.s);
	return RC_OK;
}

static enum rc add_authorization(const struct http_authorization *a, struct str *out, struct err *e)
{
	scoped(secret_wipe) struct str credentials = STR_EMPTY;
	enum rc rc = read_secret(&a->credentials, &credentials, e);

	if (rc != RC_OK)
		return err_in(e, rc, "authorization");
	str_addf(out, "Authorization: %s %s\r\n", a->type, str_c(&credentials));
	return RC_OK;
}

static enum rc add_own(const struct http_config *http, struct str *out, struct err *e)
{
	scoped(secret_wipe) struct str value = STR_EMPTY;

	for (uint32_t i = 0; i < http->n_headers; i++) {
		const struct http_config_header *h = &http->headers[i];

		for (uint32_t k = 0; k < h->n_values; k++) {
			enum rc rc = read_secret(&h->values[k], &value, e);

			if (rc != RC_OK)
				return err_in(e, rc, "http_headers");
			str_addf(out, "%s: %s\r\n", h->name, str_c(&value));
		}
	}
	return RC_OK;
}

static void add_timeout(int64_t timeout_ms, struct str *out)
{
	str_add(out, "\r\nX-Prometheus-Scrape-Timeout-Seconds: ");
	go_float(out, (double)timeout_ms / 1000, 'f', GO_SHORTEST);
	str_add(out, "\r\n");
}

enum rc request_headers(const struct scrape_target *t, struct str *out, struct err *e)
{
	const struct scrape_config *c = t->job->config;
	enum rc rc = RC_OK;

	str_add(out, "User-Agent: diarchy/" DIARCHY_VERSION "\r\nAccept: ");
	str_addn(out, t->job->accept.s, t->job->accept.len);
	str_add(out, c->enable_compression ? "\r\nAccept-Encoding: gzip"
					   : "\r\nAccept-Encoding: identity");
	add_timeout(t->spec.timeout_ms, out);
	if (c->http.basic_auth)
		rc = add_basic(c->http.basic_auth, out, e);
	else if (c->http.authorization)
		rc = add_authorization(c->http.authorization, out, e);
	return rc == RC_OK ? add_own(&c->http, out, e) : rc;
}

/* Path and query of the URL; at least a slash. */
static const char *target_of(const char *url)
{
	const char *host = strstr(url, "://"), *path;

	path = host ? strpbrk(host + 3, "/?") : NULL;
	return path ? path : "/";
}

enum rc request_text(const struct scrape_target *t, struct str *out, struct err *e)
{
	const char *target = target_of(t->spec.url);

	str_add(out, *target == '?' ? "GET /" : "GET ");
	str_add(out, target);
	str_add(out, " HTTP/1.1\r\nHost: ");
	str_add(out, t->spec.address);
	str_add(out, "\r\n");
	if (request_headers(t, out, e) != RC_OK)
		return e ? e->rc : RC_INPUT;
	str_add(out, "\r\n");
	return RC_OK;
}

bool request_needs_curl(const struct scrape_target *t)
{
	const struct http_config *c = &t->job->config->http;

	return c->proxy.url || c->proxy.from_environment || c->oauth2 ||
	       !str_eq(t->spec.scheme, "http");
}
