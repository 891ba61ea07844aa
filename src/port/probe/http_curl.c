/* SPDX-License-Identifier: Apache-2.0 */
/* The kind http through libcurl; see http_probe.h for when. */
#include "port/probe/http_probe.h"

#include "base/mem.h"
#include "port/files/secret.h"
#include "port/probe/trust.h"

#include <stdio.h>
#include <strings.h>

#define HEADER_LINES_MAX 128

struct visit {
	struct http_call *call; /* NULL: answered */
	struct url url;
	char why[REASON_BYTES_MAX + 1]; /* the certificate is not good; "" */
};

bool http_needs_curl(const struct http_spec *spec)
{
	bool wants_http2 = spec->n_versions > 0;

	for (uint32_t i = 0; i < spec->n_versions; i++)
		wants_http2 &= strncmp(spec->versions[i], "HTTP/2", 6) == 0;
	return wants_http2 || spec->proxy_url ||
	       (spec->compression && strcasecmp(spec->compression, "br") == 0);
}

/* libcurl has verified the chain by its own means; ours says what stands in it, and applies the
 * rule on expiry. */
static void on_session(void *ctx, void *session)
{
	struct probe *p = ctx;
	struct visit *v = p->state;
	struct tls_check check = { .spec = &p->spec->http.tls, .host = v->url.host };
	struct tls_verdict verdict;
	struct err e;

	if (trust_check(probe_trust(p), session, &check, &verdict, &e) == RC_OK) {
		probe_note_tls(p, &verdict.facts);
		memcpy(v->why, verdict.why, sizeof v->why);
	} else {
		snprintf(v->why, sizeof v->why, "%.*s", REASON_BYTES_MAX, e.text);
	}
}

static void note_timings(struct probe *p, const struct http_response *r)
{
	struct ip_address a;

	p->result.phase_us[PHASE_RESOLVE] = r->timings.resolve_us;
	p->result.phase_us[PHASE_CONNECT] = r->timings.connect_us;
	p->result.phase_us[PHASE_TLS] = r->timings.tls_us;
	p->result.phase_us[PHASE_PROCESSING] = r->timings.processing_us;
	p->result.phase_us[PHASE_TRANSFER] = r->timings.transfer_us;
	p->result.lookup_us = r->timings.resolve_us;
	p->result.http.redirects = r->redirects;
	p->result.http.body_bytes = (int64_t)r->body_bytes;
	if (!ip_parse(r->address, 0, &a))
		return;
	p->result.ip_version = (uint8_t)ip_version(&a);
	p->result.ip_hash = ip_hash(&a);
}

static bool take_nothing(void *ctx, const char *bytes, size_t n)
{
	(void)ctx, (void)bytes, (void)n;
	return true;
}

/* The judge wants the head as our own parser leaves it. */
static void conclude(struct probe *p, const struct http_response *r)
{
	scoped(http_answer_fini) struct http_answer answer;
	scoped(str_fini) struct str head = STR_EMPTY;
	struct http_facts facts = {
		.answer = &answer,
		.body = r->body,
		.body_bytes = r->body_bytes,
		.version = r->version,
		.is_tls = strncasecmp(r->url, "https:", 6) == 0,
	};
	struct err e;

	http_answer_init(&answer, true, take_nothing, NULL);
	str_addf(&head, "HTTP/1.1 %03d\r\n%s", r->status, r->headers);
	if (http_answer_feed(&answer, head.s, head.len, &e) != RC_OK)
		probe_fail(p, "%s", e.text);
	else
		http_conclude(p, &facts);
}

static void on_done(void *ctx, const struct http_response *r)
{
	struct probe *p = ctx;
	struct visit *v = p->state;

	v->call = NULL;
	note_timings(p, r);
	if (v->why[0])
		probe_fail(p, "%s", v->why);
	else if (r->outcome == HTTP_TOO_LARGE)
		probe_fail(p, "the body is over %zu bytes", r->body_bytes);
	else if (r->outcome != HTTP_ANSWERED || r->reason[0])
		probe_fail(p, "%s", r->reason);
	else
		conclude(p, r);
}

/* Lines to separate texts, in place. */
static uint32_t split_lines(struct str *text, const char **ret)
{
	uint32_t n = 0;

	for (char *line = text->s; line && *line && n < HEADER_LINES_MAX;) {
		char *end = strstr(line, "\r\n");

		if (!end)
			break;
		*end = '\0';
		ret[n++] = line;
		line = end + 2;
	}
	return n;
}

/* libcurl can insist on a protocol, but not prefer one. */
static uint8_t only_ip_version(const struct probe_spec *spec)
{
	if (spec->ip == IP_ANY || spec->ip_fallback)
		return 0;
	return spec->ip == IP_V4 ? 4 : 6;
}

static void ask(struct probe *p, const struct http_request *r)
{
	struct visit *v = p->state;
	struct err e;

	probe_enter(p, PROBE_PHASES, "waiting for the answer");
	if (http_start(probe_http_client(p), r, &v->call, &e) != RC_OK)
		probe_fail(p, "%s", e.text);
}

static void start(struct probe *p)
{
	const struct http_spec *spec = &p->spec->http;
	const char *lines[HEADER_LINES_MAX];
	scoped(secret_wipe) struct str headers = STR_EMPTY;
	const char *host = http_spec_header(spec, "Host");
	struct visit *v = must_alloc(sizeof *v);
	struct http_request r = {
		.method = spec->method,
		.url = spec->url,
		.headers = lines,
		.body = spec->body,
		.body_bytes = spec->body ? strlen(spec->body) : 0,
		.timeout_ms = p->spec->timeout_ms,
		.answer_bytes_max = spec->body_size_limit_bytes,
		.is_fresh = true,
		.wants_http2 = spec->enable_http2,
		.redirects_max = spec->follow_redirects ? HTTP_REDIRECTS_MAX : 0,
		.proxy_url = spec->proxy_url ? spec->proxy_url : "",
		.source_address = p->spec->source_address,
		.ip_version = only_ip_version(p->spec),
		.accept_encoding = spec->compression,
		.tls = { .ca_file = spec->tls.ca_file,
			.cert_file = spec->tls.cert_file,
			.key_file = spec->tls.key_file,
			.is_insecure = spec->tls.is_insecure },
		.done = on_done,
		.ctx = p,
		.on_session = on_session,
	};
	struct err e;

	p->state = v;
	if (url_parse(spec->url, &v->url, &e) != RC_OK) {
		probe_fail(p, "%s", e.text);
		return;
	}
	if (spec->tls.server_name && strcmp(spec->tls.server_name, v->url.host) != 0) {
		probe_fail(p, "tls server_name goes with neither a proxy, HTTP/2 alone nor brotli");
		return;
	}
	if (!http_add_headers(p, &v->url, true, &headers))
		return;
	if (host)
		str_addf(&headers, "Host: %s\r\n", host);
	r.n_headers = split_lines(&headers, lines);
	ask(p, &r);
}

static void stop(struct probe *p)
{
	struct visit *v = p->state;

	if (!v)
		return;
	http_cancel(v->call);
	free(v);
	p->state = NULL;
}

const struct engine http_curl_engine = { .start = start, .stop = stop };
