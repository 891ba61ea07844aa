/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One exchange after the other, each over a connection of its own, until an answer is no redirect
 * that is to be followed.
 */
#include "port/probe/http_probe.h"

#include "base/mem.h"
#include "port/files/secret.h"
#include "port/probe/channel.h"
#include "port/probe/inflate.h"

#include <stdio.h>
#include <strings.h>

#define COOKIES_BYTES_MAX 4096

struct exchange {
	struct channel channel;
	struct tls_spec tls;   /* of this hop */
	struct url url, first; /* of this hop, of the first one */
	const char *method;
	bool sends_body;
	struct http_answer answer;
	bool has_begun; /* the answer's first byte came */
	struct inflater *inflater;
	bool has_body;   /* compressed bytes came */
	struct str body; /* kept when a pattern wants to see it */
	bool keeps_body;
	uint64_t limit_bytes;
	char trouble[REASON_BYTES_MAX + 1]; /* with the body; "" */
	struct str cookies;                 /* "a=b; c=d", for where the login goes */
};

static bool is_first_host(const struct exchange *x)
{
	return url_same_host(&x->url, &x->first);
}

static bool is_trusted(const struct exchange *x)
{
	return url_shares_login(&x->first, &x->url);
}

static bool take_plain(void *ctx, const char *bytes, size_t n)
{
	struct probe *p = ctx;
	struct exchange *x = p->state;
	const struct http_spec *spec = &p->spec->http;
	int64_t *read = &p->result.http.body_bytes;
	uint64_t room = x->limit_bytes - (uint64_t)*read;

	if (x->keeps_body)
		str_addn(&x->body, bytes, n < room ? n : (size_t)room);
	*read += (int64_t)(n < room ? n : room);
	if (n <= room)
		return true;
	if (spec->body_size_limit_bytes) /* else: what was read is enough to judge by */
		snprintf(x->trouble, sizeof x->trouble, "the body is over %llu bytes",
			(unsigned long long)x->limit_bytes);
	return false;
}

static bool is_redirect(const struct http_spec *spec, const struct http_answer *a)
{
	const char *cursor = NULL;
	size_t n;
	uint16_t s = a->status;
	bool is_status = s == 301 || s == 302 || s == 303 || s == 307 || s == 308;

	return spec->follow_redirects && is_status &&
	       http_answer_header(a, "Location", &cursor, &n);
}

static bool take_body(void *ctx, const char *bytes, size_t n)
{
	struct probe *p = ctx;
	struct exchange *x = p->state;
	struct err e;

	if (is_redirect(&p->spec->http, &x->answer))
		return true; /* nobody reads the page that says where to go */
	if (!x->inflater)
		return take_plain(p, bytes, n);
	x->has_body = true;
	if (inflater_feed(x->inflater, bytes, n, &e) != RC_OK) {
		snprintf(x->trouble, sizeof x->trouble, "%.*s", REASON_BYTES_MAX, e.text);
		return false;
	}
	return !inflater_is_complete(x->inflater);
}

static void write_request(struct probe *p, struct str *out)
{
	struct exchange *x = p->state;
	const struct http_spec *spec = &p->spec->http;
	const char *host = is_first_host(x) ? http_spec_header(spec, "Host") : NULL;
	char authority[URL_AUTHORITY_MAX];
	const char *body = x->sends_body ? spec->body : NULL;
	bool says_length = body || str_eq(x->method, "POST") || str_eq(x->method, "PUT") ||
			   str_eq(x->method, "PATCH");

	str_addf(out, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", x->method,
		x->url.target, host ? host : url_authority(&x->url, authority));
	if (says_length)
		str_addf(out, "Content-Length: %zu\r\n", body ? strlen(body) : 0);
	if (x->cookies.len && is_trusted(x))
		str_addf(out, "Cookie: %s\r\n", str_c(&x->cookies));
}

static void send_request(struct probe *p)
{
	struct exchange *x = p->state;
	scoped(secret_wipe) struct str request = STR_EMPTY;

	write_request(p, &request);
	if (!http_add_headers(p, &x->url, is_trusted(x), &request))
		return;
	str_add(&request, "\r\n");
	if (x->sends_body && p->spec->http.body)
		str_add(&request, p->spec->http.body);
	probe_enter(p, PHASE_PROCESSING, "waiting for the answer");
	channel_send(&x->channel, request.s, request.len);
}

static void on_received(struct probe *p, const char *bytes, size_t n);
static void on_ended(struct probe *p);

/* One request to x->url. */
static void begin(struct probe *p)
{
	static const struct channel_events events = {
		.ready = send_request,
		.received = on_received,
		.ended = on_ended,
	};
	struct exchange *x = p->state;
	const struct http_spec *spec = &p->spec->http;
	struct endpoint to = { .port = x->url.port };
	const char *host = http_spec_header(spec, "Host");
	const char *compression = spec->compression;

	memcpy(to.host, x->url.host, sizeof to.host);
	x->tls = spec->tls;
	if (!is_first_host(x))
		x->tls.server_name = NULL;
	else if (!x->tls.server_name && host)
		x->tls.server_name = host;
	http_answer_fini(&x->answer);
	http_answer_init(&x->answer, str_eq(x->method, "HEAD"), take_body, p);
	x->has_begun = false;
	if (compression && strcasecmp(compression, "identity") != 0 && !x->inflater)
		x->inflater = inflater_new(compression, take_plain, p);
	channel_open(&x->channel, p,
		&(struct channel_wish){ .on = &events,
			.to = &to,
			.tls = &x->tls,
			.use_tls = x->url.is_https,
			.alpn = "http/1.1" });
}

/* Name and value of each Set-Cookie, for the requests that follow. */
static void take_cookies(struct exchange *x)
{
	const char *cursor = NULL, *value;
	size_t n;

	if (!is_trusted(x))
		return;
	while ((value = http_answer_header(&x->answer, "Set-Cookie", &cursor, &n))) {
		const char *end = memchr(value, ';', n);

		if (x->cookies.len)
			str_add(&x->cookies, "; ");
		str_addn(&x->cookies, value, end ? (size_t)(end - value) : n);
	}
}

/* RFC 9110, 15.4: 301, 302 and 303 turn into GET, as all clients do. */
static void change_method(struct exchange *x)
{
	if (x->answer.status >= 307)
		return;
	x->sends_body = false;
	if (!str_eq(x->method, "HEAD"))
		x->method = "GET";
}

static void follow(struct probe *p)
{
	struct exchange *x = p->state;
	char location[URL_TARGET_MAX];
	struct url next;
	struct err e;

	p->result.http.status = x->answer.status;
	if (!http_answer_header_text(&x->answer, "Location", location, sizeof location)) {
		probe_fail(p, "HTTP %u to a URL of over %d bytes", x->answer.status,
			URL_TARGET_MAX);
		return;
	}
	if (p->result.http.redirects == HTTP_REDIRECTS_MAX) {
		probe_fail(p, "over %d redirects, the last to %.120s", HTTP_REDIRECTS_MAX,
			location);
		return;
	}
	if (url_redirect(&x->url, location, &next, &e) != RC_OK) {
		probe_fail(p, "HTTP %u to %s", x->answer.status, e.text);
		return;
	}
	p->result.http.redirects++;
	take_cookies(x);
	change_method(x);
	x->url = next;
	channel_close(&x->channel);
	begin(p);
}

static void conclude(struct probe *p)
{
	struct exchange *x = p->state;
	bool is_cut = x->has_body && !inflater_is_complete(x->inflater);
	struct http_facts facts = {
		.answer = &x->answer,
		.body = str_c(&x->body),
		.body_bytes = x->body.len,
		.version = x->answer.version,
		.is_tls = x->url.is_https,
	};

	if (is_cut && !x->trouble[0])
		str_copy(x->trouble, sizeof x->trouble, "the compressed body is cut short");
	facts.body_trouble = x->trouble[0] ? x->trouble : NULL;
	http_conclude(p, &facts);
}

static void proceed(struct probe *p)
{
	struct exchange *x = p->state;

	if (x->answer.state > ANSWER_HEADER && is_redirect(&p->spec->http, &x->answer))
		follow(p);
	else if (x->answer.state == ANSWER_DONE)
		conclude(p);
}

static void on_received(struct probe *p, const char *bytes, size_t n)
{
	struct exchange *x = p->state;
	struct err e;

	if (!x->has_begun)
		probe_enter(p, PHASE_TRANSFER, "reading the answer");
	x->has_begun = true;
	if (http_answer_feed(&x->answer, bytes, n, &e) == RC_OK)
		proceed(p);
	else
		probe_fail(p, "%s", e.text);
}

static void on_ended(struct probe *p)
{
	struct exchange *x = p->state;
	struct err e;

	if (http_answer_end(&x->answer, &e) == RC_OK)
		proceed(p);
	else
		probe_fail(p, "%s", e.text);
}

static void start(struct probe *p)
{
	const struct http_spec *spec = &p->spec->http;
	struct exchange *x;
	struct err e;

	p->result.http.content_length = ANSWER_LENGTH_UNKNOWN;
	if (http_needs_curl(spec)) {
		p->engine = &http_curl_engine;
		p->engine->start(p);
		return;
	}
	x = must_alloc(sizeof *x);
	p->state = x;
	x->method = spec->method;
	x->sends_body = spec->body != NULL;
	x->keeps_body = spec->body_matches.n || spec->body_matches_not.n;
	x->limit_bytes =
		spec->body_size_limit_bytes ? spec->body_size_limit_bytes : PROBE_BODY_BYTES_MAX;
	x->body.limit_bytes = PROBE_BODY_BYTES_MAX;
	x->cookies.limit_bytes = COOKIES_BYTES_MAX;
	if (url_parse(spec->url, &x->url, &e) != RC_OK) {
		probe_fail(p, "%s", e.text);
		return;
	}
	x->first = x->url;
	begin(p);
}

static void stop(struct probe *p)
{
	struct exchange *x = p->state;

	if (!x)
		return;
	channel_close(&x->channel);
	http_answer_fini(&x->answer);
	inflater_free(x->inflater);
	str_fini(&x->body);
	str_fini(&x->cookies);
	free(x);
	p->state = NULL;
}

const struct engine http_engine = { .start = start, .stop = stop };
