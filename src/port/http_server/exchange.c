/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From MHD's callbacks to begin() and handle(), and back.
 *
 * MHD wants the answer queued inside its callback.  So a reply is first kept in the exchange, and
 * queued when MHD calls next: right after handle() returned, or after the suspended connection was
 * resumed.  A connection that is closed meanwhile leaves its exchange to whoever still owes the
 * reply.
 */
#include "port/http_server/server_private.h"

#include "base/json.h"
#include "port/http_server/head.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <strings.h>
#include <sys/socket.h>

#define STREAM_BLOCK_BYTES 8192

struct http_exchange {
	struct http_server *server;
	struct MHD_Connection *connection; /* NULL: the client is gone */
	struct visitor *visitor;
	struct http_ask ask;
	struct http_header headers[HTTP_HEADERS_MAX];
	char *target;
	const char *raw_target, *version; /* where MHD read them: behind the method */
	struct str body;
	size_t body_seen, body_most;
	bool is_crowded;               /* there was no room for its body */
	struct MHD_Response *response; /* kept until MHD can take it */
	int status;
	bool has_begun, has_ended; /* begin() and handle() were called */
	bool is_replied;
	bool is_suspended;
	struct http_exchange *next_suspended, **link_suspended;
	const struct http_stream_source *source; /* of a stream */
	void *client;
	bool is_ended;
};

const char *http_ask_header(const struct http_ask *ask, const char *name)
{
	for (uint32_t i = 0; i < ask->n_headers; i++) {
		if (strcasecmp(ask->headers[i].name, name) == 0)
			return ask->headers[i].value;
	}
	return NULL;
}

/* ---- suspending: MHD asks nothing of a connection until it is resumed */

static void suspend(struct http_exchange *x)
{
	struct http_exchange **list = &x->server->suspended;

	MHD_suspend_connection(x->connection);
	x->is_suspended = true;
	x->next_suspended = *list;
	x->link_suspended = list;
	if (x->next_suspended)
		x->next_suspended->link_suspended = &x->next_suspended;
	*list = x;
}

static void resume(struct http_exchange *x)
{
	if (!x->is_suspended)
		return;
	*x->link_suspended = x->next_suspended;
	if (x->next_suspended)
		x->next_suspended->link_suspended = x->link_suspended;
	x->is_suspended = false;
	MHD_resume_connection(x->connection);
	server_run_soon(x->server);
}

void exchange_resume_all(struct http_server *s)
{
	while (s->suspended)
		resume(s->suspended);
}

/* ---- what was asked */

void *exchange_new(void *server, const char *uri, struct MHD_Connection *c)
{
	struct http_exchange *x = must_alloc(sizeof *x);

	x->server = server;
	x->connection = c;
	x->visitor = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
	must(!x->visitor->exchange);
	x->visitor->exchange = x;
	x->target = must_strdup(uri);
	x->raw_target = uri;
	return x;
}

static void exchange_free(struct http_exchange *x)
{
	if (x->response)
		MHD_destroy_response(x->response);
	if (x->body.s) /* it may hold a password */
		explicit_bzero(x->body.s, x->body.cap);
	str_fini(&x->body);
	free(x->target);
	free(x);
}

static enum MHD_Result keep_header(void *exchange, enum MHD_ValueKind kind, const char *name,
	const char *value)
{
	struct http_exchange *x = exchange;
	struct http_ask *ask = &x->ask;

	(void)kind;
	if (ask->n_headers == HTTP_HEADERS_MAX) {
		ask->n_headers++;
		return MHD_NO;
	}
	x->headers[ask->n_headers++] = (struct http_header){ name, value ? value : "" };
	return MHD_YES;
}

static void reply_json(struct http_exchange *x, struct http_reply *r, const char *code,
	const char *text)
{
	struct json_out w;

	r->type = "application/json";
	json_begin(&w, &r->body);
	json_object_open(&w, NULL);
	json_text(&w, "error", code);
	json_text(&w, "text", text);
	json_close(&w);
	http_reply(x, r);
}

static void refuse(struct http_exchange *x, int status, const char *text)
{
	reply_json(x, &(struct http_reply){ .status = status }, rc_name(RC_LIMIT), text);
}

static bool promises_too_much(const struct http_exchange *x)
{
	const char *length = http_ask_header(&x->ask, "Content-Length");

	return length && strtoull(length, NULL, 10) > x->body_most;
}

static bool is_sound(const struct http_exchange *x, char ret_why[REASON_BYTES_MAX])
{
	const struct head head = {
		.method = x->ask.method,
		.target = x->raw_target,
		.version = x->version,
		.target_kept = x->target,
		.headers = x->headers,
		.n_headers = x->ask.n_headers,
		.bytes = MHD_get_connection_info(x->connection,
			MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)
				 ->header_size,
	};

	return head_is_sound(&head, ret_why);
}

static void begin(struct http_exchange *x, const char *method)
{
	const struct http_server_setup *setup = &x->server->setup;
	struct http_ask *ask = &x->ask;
	char why[REASON_BYTES_MAX];

	ask->method = method;
	ask->target = x->target;
	ask->address = x->visitor->address;
	ask->is_tls = MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_PROTOCOL) != NULL;
	ask->headers = x->headers;
	ask->body = "";
	MHD_get_connection_values(x->connection, MHD_HEADER_KIND, keep_header, x);
	if (ask->n_headers > HTTP_HEADERS_MAX) {
		ask->n_headers = HTTP_HEADERS_MAX;
		refuse(x, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE,
			"more headers than anybody needs");
	} else if (!is_sound(x, why)) {
		http_reply_error(x, RC_INPUT, why, NULL, 0);
	} else {
		setup->begin(setup->ctx, x, ask);
	}
	if (!x->is_replied && promises_too_much(x))
		refuse(x, MHD_HTTP_CONTENT_TOO_LARGE, "the body is longer than what is taken here");
}

void http_take_body(struct http_exchange *x, size_t keep_bytes, size_t most_bytes)
{
	must(!x->is_replied);
	x->body.limit_bytes = keep_bytes;
	x->body_most = most_bytes;
}

static void take(struct http_exchange *x, const char *bytes, size_t n)
{
	size_t before = x->body.len;

	x->body_seen += n;
	x->is_crowded |= x->server->body_bytes + n > HTTP_BODIES_BYTES_MAX;
	if (x->body.limit_bytes && !x->is_crowded)
		str_addn(&x->body, bytes, n);
	else
		x->body.is_cut = true;
	x->server->body_bytes += x->body.len - before;
}

static void finish(struct http_exchange *x)
{
	const struct http_server_setup *setup = &x->server->setup;

	if (x->body_seen > x->body_most) {
		refuse(x, MHD_HTTP_CONTENT_TOO_LARGE, "the body is longer than what is taken here");
		return;
	}
	if (x->is_crowded) {
		refuse(x, MHD_HTTP_SERVICE_UNAVAILABLE, "too many bodies at once: ask again later");
		return;
	}
	x->has_ended = true;
	visitor_enter(x->server, x->visitor, VISITOR_WAITING);
	x->ask.body = str_c(&x->body);
	x->ask.body_bytes = x->body.len;
	x->ask.is_cut = x->body.is_cut;
	setup->handle(setup->ctx, x, &x->ask);
}

/* ---- the answer */

static enum MHD_Result queue(struct http_exchange *x)
{
	enum MHD_Result ok;

	visitor_enter(x->server, x->visitor, x->source ? VISITOR_FOLLOWING : VISITOR_ANSWERED);
	ok = MHD_queue_response(x->connection, (unsigned)x->status, x->response);
	MHD_destroy_response(TAKE(x->response));
	return ok;
}

/* More than was announced or can be: nobody honest sends that. */
static bool is_flood(const struct http_exchange *x)
{
	return x->body_seen > 2 * x->body_most + HTTP_HEAD_BYTES_MAX;
}

static enum MHD_Result step(struct http_exchange *x, const char *method, const char *upload,
	size_t *upload_bytes)
{
	if (x->is_replied)
		return x->response ? queue(x) : MHD_YES;
	must(!x->has_ended);
	if (!x->has_begun) {
		x->has_begun = true;
		visitor_enter(x->server, x->visitor, VISITOR_SENDING_BODY);
		begin(x, method);
		return x->is_replied ? queue(x) : MHD_YES;
	}
	if (*upload_bytes) {
		take(x, upload, *upload_bytes);
		*upload_bytes = 0;
		return is_flood(x) ? MHD_NO : MHD_YES;
	}
	finish(x);
	if (x->is_replied)
		return queue(x);
	suspend(x);
	return MHD_YES;
}

enum MHD_Result exchange_step(void *server, struct MHD_Connection *c, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_bytes,
	void **exchange)
{
	struct http_exchange *x = *exchange;

	(void)server;
	(void)c;
	(void)url;
	x->version = version;
	return step(x, method, upload, upload_bytes);
}

void exchange_end(struct http_server *s, struct visitor *v)
{
	struct http_exchange *x = TAKE(v->exchange);

	if (!x)
		return;
	visitor_enter(s, v, VISITOR_IDLE);
	if (x->source)
		x->source->closed(x->client);
	s->body_bytes -= x->body.len;
	x->connection = NULL;
	x->visitor = NULL;
	if (x->is_replied || !x->has_ended)
		exchange_free(x);
}

void exchange_completed(void *server, struct MHD_Connection *c, void **exchange,
	enum MHD_RequestTerminationCode why)
{
	struct http_exchange *x = *exchange;

	(void)c;
	(void)why;
	*exchange = NULL;
	if (x)
		exchange_end(server, x->visitor);
}

static void add_headers(struct MHD_Response *response, const struct http_header *headers,
	uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		MHD_add_response_header(response, headers[i].name, headers[i].value);
}

/* Keep the response, or drop it with the exchange when the client has gone. */
static void keep(struct http_exchange *x, const struct http_reply *r, struct MHD_Response *response)
{
	must(!x->is_replied && response);
	x->is_replied = true;
	x->response = response;
	x->status = r->status ? r->status : MHD_HTTP_OK;
	if (!x->connection) {
		exchange_free(x);
		return;
	}
	if (r->type)
		MHD_add_response_header(response, "Content-Type", r->type);
	add_headers(response, x->server->setup.headers, x->server->setup.n_headers);
	add_headers(response, r->headers, r->n_headers);
	resume(x);
}

/* ---- an answer in pieces */

struct pieces {
	struct str first;
	struct str_pieces more;
};

static void free_pieces(void *pieces)
{
	struct pieces *p = pieces;

	str_fini(&p->first);
	str_pieces_fini(&p->more);
	free(p);
}

/* They are sent from where they are. */
static struct MHD_Response *response_of_pieces(struct http_reply *r)
{
	struct pieces *p = must_alloc(sizeof *p);
	struct MHD_IoVec *v = must_alloc((1 + (size_t)r->more.n) * sizeof *v);
	struct MHD_Response *response;

	*p = (struct pieces){ r->body, r->more };
	r->body = STR_EMPTY;
	r->more = (struct str_pieces){ 0 };
	v[0] = (struct MHD_IoVec){ p->first.s, p->first.len };
	for (uint32_t i = 0; i < p->more.n; i++)
		v[1 + i] = (struct MHD_IoVec){ str_c(&p->more.v[i]), p->more.v[i].len };
	response = MHD_create_response_from_iovec(v, 1 + p->more.n, free_pieces, p);
	free(v);
	return response;
}

void http_reply(struct http_exchange *x, struct http_reply *r)
{
	size_t n = r->body.len;

	if (r->more.n)
		keep(x, r, response_of_pieces(r));
	else if (n)
		keep(x, r,
			MHD_create_response_from_buffer(n, str_take(&r->body),
				MHD_RESPMEM_MUST_FREE));
	else
		keep(x, r,
			MHD_create_response_from_buffer(r->n_bytes, (void *)(uintptr_t)r->bytes,
				MHD_RESPMEM_PERSISTENT));
}

void http_reply_error(struct http_exchange *x, enum rc rc, const char *text,
	const struct http_header *headers, uint32_t n_headers)
{
	struct http_reply r = { .status = rc_http(rc), .headers = headers, .n_headers = n_headers };

	reply_json(x, &r, rc_name(rc), text);
}

/* ---- streams */

static ssize_t on_pull(void *exchange, uint64_t position, char *bytes, size_t n)
{
	struct http_exchange *x = exchange;
	size_t got;

	(void)position;
	if (x->is_ended)
		return MHD_CONTENT_READER_END_OF_STREAM;
	got = x->source->pull(x->client, bytes, n);
	if (got == 0)
		suspend(x);
	return (ssize_t)got;
}

/* So that a client that reads nothing is behind soon, and one that is gone is noticed. */
static void bound_buffers(int fd)
{
	int bytes = HTTP_STREAM_BUFFER_BYTES / 2; /* the kernel doubles it */
	unsigned stalled_ms = HTTP_STALLED_MS;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &stalled_ms, sizeof stalled_ms);
}

void http_reply_stream(struct http_exchange *x, const struct http_reply *r,
	const struct http_stream_source *source, void *client)
{
	must(x->connection);
	bound_buffers(x->visitor->fd);
	x->source = source;
	x->client = client;
	keep(x, r,
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK_BYTES, on_pull, x,
			NULL));
}

void http_stream_wake(struct http_exchange *x)
{
	must(x->source);
	resume(x);
}

void http_stream_end(struct http_exchange *x)
{
	must(x->source);
	x->is_ended = true;
	shutdown(x->visitor->fd, SHUT_RDWR);
	resume(x);
}
