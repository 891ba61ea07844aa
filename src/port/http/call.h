/* SPDX-License-Identifier: Apache-2.0 */
/*
 * call: one request as a libcurl handle.  Private to port/http: client.c drives it on the loop.
 */
#ifndef PORT_HTTP_CALL_H
#define PORT_HTTP_CALL_H

#include "base/str.h"
#include "port/http/curl_api.h"
#include "port/http/http.h"

#include <stdatomic.h>

struct http_call {
	const struct curl_api *api;
	struct http_client *client;
	struct http_call *next, **link; /* the client's list; `link` NULL when not in it */
	CURL *easy;
	struct curl_slist *headers, *proxy_headers, *recipients;
	struct token *token; /* that it waits for, and isn't sent before; NULL */
	http_done *done;
	void *ctx;
	void (*on_session)(void *ctx, void *gnutls_session);
	bool (*on_part)(void *ctx, const char *bytes, size_t n);
	void (*on_head)(void *ctx, const char *headers); /* NULL: told, or nobody asks */
	bool is_too_large;
	bool is_mail;
	uv_work_t work; /* mails run on the pool, see client.c */
	CURLcode mail_code;
	atomic_bool is_cancelled; /* the only thing that both threads touch meanwhile */
	char *body;               /* the request's */
	size_t body_bytes, body_sent;
	struct str head, answer; /* what came */
	char detail[CURL_ERROR_SIZE];
};

/* A handle that is ready to be added to a multi handle.  Copies everything out of `r`. */
enum rc call_new(struct http_call **ret, const struct curl_api *api, const struct http_request *r,
	struct err *e) MUST_USE;
void call_free(struct http_call *call); /* not in a multi handle any more */
SCOPED_BY(call_free, struct http_call *)

/* One more header, before it is added to a multi handle. */
enum rc call_add_header(struct http_call *call, const char *header, struct err *e) MUST_USE;
/* What becomes of one that is never sent. */
void call_response_unsent(const char *why, struct http_response *ret);

/* What became of it; texts belong to the call. */
void call_response(struct http_call *call, CURLcode code, struct http_response *ret);

#endif
