/* SPDX-License-Identifier: Apache-2.0 */
#include "port/scrape/fetch.h"

#include "base/limits.h"
#include "base/mem.h"
#include "port/discovery/request.h"
#include "port/files/secret.h"
#include "port/probe/inflate.h"
#include "port/scrape/request.h"

#include <stdio.h>
#include <strings.h>

#define HEADERS_MAX       128 /* of a request */
#define STATUS_OK         200
#define INFLATED_BYTES    4096  /* of a packed body, at once */
#define REFUSAL_BYTES_MAX 65536 /* of an answer that isn't what was asked for; nobody reads it */

struct fetch {
	struct fetch_tools *tools;
	struct scrape_target *target;
	struct connection *connection; /* NULL: none yet */
	struct http_call *call;        /* through libcurl; NULL: none */
	struct request_files files;    /* for it */
	struct scrape_page page;       /* of this program */
	bool is_reading;               /* it */
	bool is_packed;                /* the body is gzip */
	struct str packed;             /* it, as long as it may be unpacked at once */
	struct inflater *inflater;     /* not NULL: it is unpacked as it comes */
	uint64_t n_packed, n_plain;    /* bytes of it so far, before and after */
	bool is_redirect;              /* asked for once more, through libcurl */
	bool has_head, has_enough; /* through libcurl: the answer has begun; no more is wanted */
	uint64_t began_ns;
	struct err failure; /* what was wrong with the answer */
};

static double took_s(const struct fetch *f)
{
	return (double)(uv_hrtime() - f->began_ns) / 1e9;
}

/* Nothing of the answer is left. */
static void clean(struct fetch *f)
{
	inflater_free(f->inflater);
	f->inflater = NULL;
	str_fini(&f->packed);
	f->packed = STR_EMPTY;
	f->is_packed = false;
	f->n_packed = f->n_plain = 0;
	f->failure = (struct err){ 0 };
	f->is_redirect = f->has_head = f->has_enough = false;
}

static void end(struct fetch *f)
{
	struct fetch_tools *tools = f->tools;

	clean(f);
	scraper_done(tools->scraper, f->target, took_s(f));
	tools->fetched(tools->ctx);
}

static void fail(struct fetch *f, const char *why)
{
	struct fetch_tools *tools = f->tools;
	char text[ERR_TEXT_MAX];

	snprintf(text, sizeof text, "%s", why);
	clean(f);
	scraper_failed(tools->scraper, f->target, text, took_s(f));
	tools->fetched(tools->ctx);
}

/* As Go's HTTP client says it. */
static void fail_to_get(struct fetch *f, const char *why)
{
	char text[ERR_TEXT_MAX];

	snprintf(text, sizeof text, "Get \"%.200s\": %.250s", f->target->spec.url, why);
	fail(f, text);
}

static const struct {
	int status;
	const char *text;
} phrases[] = {
	{ 201, "Created" },
	{ 204, "No Content" },
	{ 301, "Moved Permanently" },
	{ 302, "Found" },
	{ 304, "Not Modified" },
	{ 307, "Temporary Redirect" },
	{ 308, "Permanent Redirect" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 408, "Request Timeout" },
	{ 410, "Gone" },
	{ 418, "I'm a teapot" },
	{ 429, "Too Many Requests" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
};

static const char *phrase(int status)
{
	for (size_t i = 0; i < COUNT(phrases); i++)
		if (phrases[i].status == status)
			return phrases[i].text;
	return "";
}

static enum rc refuse_status(struct fetch *f, int status)
{
	return err_set(&f->failure, RC_INPUT, "server returned HTTP status %d %s", status,
		phrase(status));
}

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static bool take_plain(void *ctx, const char *bytes, size_t n)
{
	struct fetch *f = ctx;

	return scraper_feed(f->target, bytes, n);
}

static bool is_gzip(const struct http_answer *a)
{
	char coding[32];

	return http_answer_header_text(a, "Content-Encoding", coding, sizeof coding) &&
	       strcasecmp(coding, "gzip") == 0;
}

/* Of a body that was packed.  What grows without end is no list of different series. */
static bool take_unpacked(void *ctx, const char *bytes, size_t n)
{
	struct fetch *f = ctx;

	f->n_plain += n;
	if (f->n_plain <= UNPACKED_MAX || f->n_plain <= SCRAPE_PACKED_RATIO_MAX * f->n_packed)
		return take_plain(f, bytes, n);
	err_set(&f->failure, RC_LIMIT,
		"the packed body is more than %d times as long when it is unpacked",
		SCRAPE_PACKED_RATIO_MAX);
	return false;
}

/* Piece by piece, so that what grows too fast is known early.  False: no more is wanted. */
static bool inflate(struct fetch *f, const char *bytes, size_t n)
{
	for (size_t piece; n > 0; bytes += piece, n -= piece) {
		struct err e = { 0 };
		enum rc rc;

		piece = n < INFLATED_BYTES ? n : INFLATED_BYTES;
		f->n_packed += piece;
		rc = inflater_feed(f->inflater, bytes, piece, &e);
		if (rc != RC_OK && f->failure.rc == RC_OK)
			f->failure = e;
		if (f->failure.rc != RC_OK || inflater_is_complete(f->inflater))
			return false;
	}
	return true;
}

/* Too large to be unpacked at once, or not what it seems: from here on as it comes. */
static bool inflate_all(struct fetch *f)
{
	f->inflater = inflater_new("gzip", take_unpacked, f);
	return inflate(f, str_c(&f->packed), f->packed.len);
}

static bool take_packed(struct fetch *f, const char *bytes, size_t n)
{
	if (f->inflater)
		return inflate(f, bytes, n);
	str_addn(&f->packed, bytes, n);
	return f->packed.len <= PACKED_MAX || inflate_all(f);
}

/* All of the packed body is there. */
static void unpack_all(struct fetch *f)
{
	const char *body;
	size_t n;

	if (f->inflater)
		return;
	if (unpack(&f->tools->unpacker, str_c(&f->packed), f->packed.len, &body, &n)) {
		take_plain(f, body, n);
		f->is_packed = false; /* done */
	} else {
		inflate_all(f);
	}
}

static bool on_answered(void *ctx, const struct http_answer *a)
{
	struct fetch *f = ctx;
	char type[256] = "";

	f->is_redirect = is_redirect(a->status) && f->target->job->config->http.follow_redirects;
	if (f->is_redirect)
		return false;
	if (a->status != STATUS_OK) {
		refuse_status(f, a->status);
		return false;
	}
	if (!http_answer_header_text(a, "Content-Type", type, sizeof type))
		type[0] = '\0';
	scraper_answer(f->target, type);
	f->is_packed = is_gzip(a);
	return true;
}

static bool on_received(void *ctx, const char *bytes, size_t n)
{
	struct fetch *f = ctx;

	return f->is_packed ? take_packed(f, bytes, n) : take_plain(f, bytes, n);
}

static void start_curl(struct fetch *f);

static void on_done(void *ctx)
{
	struct fetch *f = ctx;

	if (f->is_redirect) {
		start_curl(f);
		return;
	}
	if (f->is_packed && f->failure.rc == RC_OK)
		unpack_all(f);
	if (f->failure.rc != RC_OK)
		fail(f, f->failure.text);
	else if (f->is_packed && !inflater_is_complete(f->inflater))
		fail(f, "unexpected EOF in the packed body");
	else
		end(f);
}

static void on_failed(void *ctx, const char *why)
{
	fail_to_get(ctx, why);
}

static void start_plain(struct fetch *f)
{
	static const struct connection_events events = { on_answered, on_received, on_done,
		on_failed };
	scoped(secret_wipe) struct str request = STR_EMPTY;
	struct endpoint to;
	struct err e = { 0 };

	if (endpoint_parse_or(f->target->spec.address, 80, &to, &e) != RC_OK ||
		request_text(f->target, &request, &e) != RC_OK) {
		fail_to_get(f, e.text);
		return;
	}
	if (!f->connection)
		f->connection = connection_new(&f->tools->connections, &events, f);
	connection_get(f->connection, &to, &request);
}

/* ---- through libcurl */

/* The file that a PEM text stands in: its own, or one in memory; NULL: none was configured. */
static const char *pem_file(const struct secret *s, const char *memory)
{
	if (s->kind == SECRET_FILE)
		return s->name;
	return s->kind == SECRET_INLINE ? memory : NULL;
}

/* What stands inline is put into files anew each time: the job may have changed. */
static enum rc use_tls(struct fetch *f, const struct tls_config *tls, struct http_request *r,
	struct err *e)
{
	enum rc rc;

	request_files_fini(&f->files);
	rc = request_files_open(&f->files, tls, e);
	r->tls = (struct http_tls){ .ca_file = pem_file(&tls->ca, f->files.ca_path),
		.cert_file = pem_file(&tls->cert, f->files.cert_path),
		.key_file = pem_file(&tls->key, f->files.key_path),
		.is_insecure = tls->is_insecure,
		.min_version = (uint8_t)HTTP_TLS_VERSION(tls->min_version),
		.max_version = (uint8_t)HTTP_TLS_VERSION(tls->max_version) };
	return rc;
}

/* What is put together for libcurl, which copies it. */
struct order {
	struct str url, host, headers;
	const char *lines[HEADERS_MAX];
	uint32_t n_lines;
	struct request extras; /* proxy and token */
};

static void order_fini(struct order *o)
{
	str_fini(&o->url);
	str_fini(&o->host);
	secret_wipe(&o->headers);
	request_fini(&o->extras);
}
SCOPED_FINI(order_fini, struct order)

/* "Name: value\r\n"... into lines. */
static void split(struct order *o)
{
	for (char *s = o->headers.s, *end; (end = strstr(s, "\r\n")) && o->n_lines < HEADERS_MAX;
		s = end + 2) {
		*end = '\0';
		o->lines[o->n_lines++] = s;
	}
}

/* The name that the certificate is for stands in the URL then, and the connection goes where the
 * target's address says. */
static enum rc use_server_name(struct fetch *f, struct order *o, struct http_request *r,
	struct err *e)
{
	const struct target_spec *spec = &f->target->spec;
	const char *name = f->target->job->config->http.tls.server_name;
	bool is_https = str_eq(spec->scheme, "https");
	char where[ENDPOINT_TEXT_MAX];
	struct endpoint to;
	enum rc rc;

	if (!name || !is_https) {
		str_add(&o->url, spec->url);
		return RC_OK;
	}
	rc = endpoint_parse_or(spec->address, 443, &to, e);
	if (rc != RC_OK)
		return rc;
	str_add(&o->host, endpoint_text(&to, where));
	str_addf(&o->url, "https://%s:%u%s", name, to.port,
		spec->url + strlen("https://") + strlen(spec->address));
	str_addf(&o->headers, "Host: %s\r\n", spec->address);
	r->connect_host = str_c(&o->host);
	return RC_OK;
}

static void on_head(void *ctx, const char *headers)
{
	struct fetch *f = ctx;
	char type[256] = "", coding[32] = "";

	if (!http_header(headers, "Content-Type", type, sizeof type))
		type[0] = '\0';
	f->is_packed = http_header(headers, "Content-Encoding", coding, sizeof coding) &&
		       strcasecmp(coding, "gzip") == 0;
	f->has_head = true;
	scraper_answer(f->target, type);
}

/* As it comes: libcurl reads some hundred kilobytes before the loop goes on, at most. */
static bool on_part(void *ctx, const char *bytes, size_t n)
{
	struct fetch *f = ctx;

	f->has_enough = !on_received(f, bytes, n);
	return !f->has_enough;
}

static void on_response(void *ctx, const struct http_response *r)
{
	struct fetch *f = ctx;

	f->call = NULL;
	if (f->has_enough) {
		on_done(f);
		return;
	}
	if (r->outcome != HTTP_ANSWERED && r->outcome != HTTP_TOO_LARGE) {
		fail_to_get(f, r->reason);
		return;
	}
	if (r->status != STATUS_OK) {
		refuse_status(f, r->status);
		fail(f, f->failure.text);
		return;
	}
	if (!f->has_head)
		on_head(f, r->headers);
	on_done(f);
}

static enum rc fill(struct fetch *f, struct order *o, struct http_request *r, struct err *e)
{
	const struct scrape_config *c = f->target->job->config;
	enum rc rc = use_server_name(f, o, r, e);

	if (rc == RC_OK)
		rc = request_headers(f->target, &o->headers, e);
	if (rc == RC_OK)
		rc = use_tls(f, &c->http.tls, r, e);
	if (rc == RC_OK)
		rc = request_use_proxy_and_token(&o->extras, &c->http, r, e);
	if (rc != RC_OK)
		return rc;
	split(o);
	r->url = str_c(&o->url);
	r->headers = o->lines;
	r->n_headers = o->n_lines;
	r->timeout_ms = f->target->spec.timeout_ms;
	r->answer_bytes_max = REFUSAL_BYTES_MAX;
	r->redirects_max = c->http.follow_redirects ? FETCH_REDIRECTS_MAX : 0;
	r->on_head = on_head;
	r->on_part = on_part;
	r->done = on_response;
	r->ctx = f;
	return RC_OK;
}

static void start_curl(struct fetch *f)
{
	scoped(order_fini) struct order o = { .n_lines = 0 };
	struct http_request r = { 0 };
	struct err e = { 0 };
	enum rc rc = fill(f, &o, &r, &e);

	f->is_redirect = false;
	if (rc == RC_OK)
		rc = http_start(f->tools->http, &r, &f->call, &e);
	if (rc != RC_OK)
		fail_to_get(f, e.text);
}

/* ---- from this program */

static void on_page(void *ctx, const struct str *text, const char *why)
{
	struct fetch *f = ctx;

	f->is_reading = false;
	if (why) {
		fail_to_get(f, why);
		return;
	}
	scraper_answer(f->target, "text/plain; version=0.0.4; charset=utf-8");
	take_plain(f, str_c(text), text->len);
	end(f);
}

static void start_page(struct fetch *f)
{
	const struct scrape_pages *pages = &f->tools->pages;

	if (!pages->read) {
		fail_to_get(f, "no pages are served here");
		return;
	}
	f->is_reading = true;
	f->page = (struct scrape_page){ .path = f->target->job->config->metrics_path,
		.done = on_page,
		.ctx = f };
	pages->read(pages->ctx, &f->page);
}

/* ---- for the port */

static struct fetch *fetch_of(struct fetch_tools *tools, struct scrape_target *t)
{
	struct fetch *f = t->port;

	if (f)
		return f;
	f = must_alloc(sizeof *f);
	f->tools = tools;
	f->target = t;
	request_files_init(&f->files);
	t->port = f;
	return f;
}

void fetch_start(struct fetch_tools *tools, struct scrape_target *t)
{
	struct fetch *f = fetch_of(tools, t);

	f->began_ns = uv_hrtime();
	if (t->job->config->is_inside)
		start_page(f);
	else if (request_needs_curl(t))
		start_curl(f);
	else
		start_plain(f);
}

void fetch_cancel(struct scrape_target *t)
{
	struct fetch *f = t->port;

	if (!f)
		return;
	if (f->is_reading)
		f->tools->pages.leave(f->tools->pages.ctx, &f->page);
	f->is_reading = false;
	if (f->connection)
		connection_cancel(f->connection);
	http_cancel(f->call);
	f->call = NULL;
	clean(f);
}

void fetch_free(struct scrape_target *t)
{
	struct fetch *f = t->port;

	if (!f)
		return;
	fetch_cancel(t);
	connection_free(f->connection);
	request_files_fini(&f->files);
	free(f);
	t->port = NULL;
}
