/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/client.h"

#include "base/endpoint.h"
#include "base/json.h"
#include "port/files/files.h"
#include "port/http/fetch.h"

#include <stdlib.h>

#define HEADERS_MAX     4
#define TOKEN_BYTES_MAX 4096

/* ---- requests */

struct asking {
	const struct client_site *site;
	struct str url, authorization, type;
	const char *headers[HEADERS_MAX];
	struct http_request request;
	struct sse *stream; /* NULL: one answer */
	bool is_enough;     /* the stream's reader said so */
	enum rc rc;         /* what the answer comes to */
	struct str *answer;
	struct err *e;
};

static void asking_fini(struct asking *a)
{
	str_fini(&a->url);
	str_fini(&a->type);
	if (a->authorization.s)
		explicit_bzero(a->authorization.s, a->authorization.cap);
	str_fini(&a->authorization);
}
SCOPED_FINI(asking_fini, struct asking)

static void add_header(struct asking *a, const char *line)
{
	must(a->request.n_headers < HEADERS_MAX);
	a->headers[a->request.n_headers++] = line;
}

/* A proxy of the environment can't reach what only this machine can. */
static bool is_loopback(const char *url)
{
	const char *start = strstr(url, "://");
	char host[ENDPOINT_HOST_MAX];
	size_t n;

	start = start ? start + 3 : url;
	if (*start == '[')
		start++;
	n = strcspn(start, start[-1] == '[' ? "]" : ":/");
	if (n >= sizeof host)
		return false;
	memcpy(host, start, n);
	host[n] = '\0';
	return host_is_loopback(host);
}

static void asking_init(struct asking *a, const struct client_site *site,
	const struct client_order *order)
{
	*a = (struct asking){ .site = site };
	str_addf(&a->url, "%s%s", site->url, order->path);
	if (site->token && *site->token) {
		str_addf(&a->authorization, "Authorization: Bearer %s", site->token);
		add_header(a, str_c(&a->authorization));
	}
	if (order->method && !str_eq(order->method, "GET"))
		add_header(a, "X-Diarchy-CSRF: cli");
	if (order->type)
		str_addf(&a->type, "Content-Type: %s", order->type);
	if (order->body)
		add_header(a, order->type ? str_c(&a->type) : "Content-Type: application/json");
	a->request.method = order->method;
	a->request.url = str_c(&a->url);
	a->request.headers = a->headers;
	a->request.body = order->body;
	a->request.body_bytes = order->type   ? order->body_bytes
				: order->body ? strlen(order->body)
					      : 0;
	a->request.timeout_ms = order->timeout_ms ? order->timeout_ms : CLIENT_TIMEOUT_MS;
	a->request.connect_timeout_ms = CLIENT_CONNECT_MS;
	a->request.answer_bytes_max = CLIENT_ANSWER_BYTES_MAX;
	a->request.proxy_url = is_loopback(site->url) ? "" : NULL;
}

/* ---- answers */

static const struct {
	enum rc rc;
	const char *what;
} failures[] = {
	[HTTP_ANSWERED] = { RC_OK, "" },
	[HTTP_NO_NAME] = { RC_OFFLINE, "has no address" },
	[HTTP_NO_CONNECTION] = { RC_OFFLINE, "cannot be reached" },
	[HTTP_NO_TLS] = { RC_OFFLINE, "cannot be trusted" },
	[HTTP_UNANSWERED] = { RC_TIMEOUT, "took the request and did not answer" },
	[HTTP_TOO_LARGE] = { RC_LIMIT, "answered too much" },
	[HTTP_UNUSABLE] = { RC_USAGE, "is no address of a site" },
};

/* What a status comes to when whoever answered isn't a site. */
static enum rc rc_of_status(int status)
{
	static const enum rc likely[] = { RC_INPUT, RC_AUTH, RC_REFUSED, RC_NOT_FOUND, RC_CONFLICT,
		RC_LIMIT, RC_UNSUPPORTED, RC_OFFLINE, RC_TIMEOUT };

	for (size_t i = 0; i < COUNT(likely); i++) {
		if (rc_http(likely[i]) == status)
			return likely[i];
	}
	return RC_IO;
}

static enum rc rc_named(const char *name, enum rc otherwise)
{
	for (enum rc rc = RC_OK + 1; rc <= RC_INTERNAL; rc++) {
		if (str_eq(rc_name(rc), name))
			return rc;
	}
	return otherwise;
}

/* {"status": "error", "errorType": "...", "error": "..."}, of /api/v1: our fault when it says so. */
static enum rc refusal_of_prometheus(const struct asking *a, const json_t *body, int status)
{
	const char *type = json_get_text(body, "errorType", "");
	bool is_ours = str_eq(type, "bad_data") || str_eq(type, "execution");

	return err_set(a->e, is_ours ? RC_INPUT : rc_of_status(status), "%s",
		json_get_text(body, "error", type));
}

/* {"error": "CODE", "text": "..."} */
static enum rc refusal(const struct asking *a, const struct http_response *r)
{
	enum rc rc = rc_of_status(r->status);
	scoped(json_decref) json_t *body = NULL;
	const char *text;

	if (json_read(&body, r->body, r->body_bytes, NULL) != RC_OK)
		return err_set(a->e, rc, "%s answers %d, and not as a site does", a->site->url,
			r->status);
	if (str_eq(json_get_text(body, "status", ""), "error"))
		return refusal_of_prometheus(a, body, r->status);
	text = json_get_text(body, "text", "");
	rc = rc_named(json_get_text(body, "error", ""), rc);
	return err_set(a->e, rc, "%s", *text ? text : rc_text(rc));
}

static void on_done(void *ctx, const struct http_response *r)
{
	struct asking *a = ctx;

	if (a->is_enough)
		a->rc = RC_OK;
	else if (r->outcome != HTTP_ANSWERED && !(a->stream && r->status == 200))
		a->rc = err_set(a->e, failures[r->outcome].rc, "%s %s: %s", a->site->url,
			failures[r->outcome].what, r->reason);
	else if (r->status < 200 || r->status > 299)
		a->rc = refusal(a, r);
	else if (a->stream && a->stream->is_overlong)
		a->rc = err_set(a->e, RC_LIMIT, "%s sent a message without end", a->site->url);
	else if (a->stream)
		a->rc = err_set(a->e, RC_OFFLINE, "%s ended the stream%s%s", a->site->url,
			*r->reason ? ": " : "", r->reason);
	else
		str_addn(a->answer, r->body, r->body_bytes);
}

/* ---- calls */

enum rc client_token(struct str *ret, struct err *e)
{
	const char *token = getenv("DIARCHY_TOKEN"), *path = getenv("DIARCHY_TOKEN_FILE");
	enum rc rc;

	if (token && *token)
		str_add(ret, token);
	if ((token && *token) || !path || !*path)
		return RC_OK;
	rc = file_read(path, TOKEN_BYTES_MAX, ret, e);
	if (rc != RC_OK)
		return err_in(e, rc, "DIARCHY_TOKEN_FILE");
	ret->len = strcspn(str_c(ret), "\r\n");
	ret->s[ret->len] = '\0';
	if (ret->len == 0)
		return err_set(e, RC_INPUT, "DIARCHY_TOKEN_FILE: %s holds no token", path);
	return RC_OK;
}

enum rc client_ask(const struct client_site *site, const struct client_order *order,
	struct str *ret, struct err *e)
{
	scoped(asking_fini) struct asking a;
	enum rc rc;

	asking_init(&a, site, order);
	a.answer = ret;
	a.e = e;
	rc = http_fetch(&a.request, on_done, &a, e);
	return rc == RC_OK ? a.rc : rc;
}

static bool on_bytes(void *ctx, const char *bytes, size_t n)
{
	struct asking *a = ctx;
	bool goes_on = sse_take(a->stream, bytes, n);

	a->is_enough = !goes_on && !a->stream->is_overlong;
	return goes_on;
}

enum rc client_follow(const struct client_site *site, const char *path, sse_each *each, void *ctx,
	struct err *e)
{
	const struct client_order order = { .path = path };
	scoped(asking_fini) struct asking a;
	scoped(sse_fini) struct sse sse;
	struct http_stream stream;
	enum rc rc;

	asking_init(&a, site, &order);
	sse_init(&sse, each, ctx);
	a.stream = &sse;
	a.e = e;
	stream = (struct http_stream){ .request = &a.request,
		.stall_ms = CLIENT_STALL_MS,
		.take = on_bytes,
		.done = on_done,
		.ctx = &a };
	rc = http_fetch_stream(&stream, e);
	return rc == RC_OK ? a.rc : rc;
}
