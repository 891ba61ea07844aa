/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http: requests to other people's servers, and mails, through libcurl on a uv loop.
 *
 * For notifications, beacons, and the few probes that port/probe does not speak itself.  A call
 * runs to exactly one of: its callback, once, from the loop; or http_cancel().  Everything it was
 * given is copied.  What it answers is bounded; so is how long it takes.
 *
 *	call ─► name ─► connection ─► TLS ─► request sent ─► ANSWERED
 *	         │          │          │          │
 *	      NO_NAME  NO_CONNECTION  NO_TLS  UNANSWERED (it may have arrived)
 *
 * The outcome says how far it got, since that decides whether a message may be sent again.
 */
#ifndef PORT_HTTP_HTTP_H
#define PORT_HTTP_HTTP_H

#include "base/err.h"
#include "base/limits.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#define HTTP_HEADER_BYTES_MAX 65536
#define HTTP_TIMEOUT_MS       30000 /* when the request names none */

enum http_outcome {
	HTTP_ANSWERED,      /* whatever the status */
	HTTP_NO_NAME,       /* the host's name has no address */
	HTTP_NO_CONNECTION, /* refused, unreachable, or no connection in time */
	HTTP_NO_TLS,        /* handshake failed or the certificate is not good */
	HTTP_UNANSWERED,    /* sent, in part at least, but no whole answer came */
	HTTP_TOO_LARGE,     /* the answer is longer than the limit */
	HTTP_UNUSABLE, /* the request itself: bad URL, unreadable file, rejected mail address */
};

struct http_tls {
	const char *ca_file;              /* PEM; NULL: the system's */
	const char *cert_file, *key_file; /* PEM; NULL: none */
	bool is_insecure;                 /* don't verify */
	uint8_t min_version, max_version; /* 10, 11, 12, 13; 0: the library's choice */
};

struct http_mail { /* for smtp:// and smtps:// */
	const char *from;
	const char *const *to;
	uint32_t n_to;
	bool use_starttls; /* insist on it */
};

/* Shown as `Authorization: Bearer TOKEN`, and got first where none is held that is good for ten
 * more seconds: OAuth 2.0's client credentials (RFC 6749, 4.4). */
struct http_token {
	const char *key; /* who asks for the same has the same; secrets aren't in it */
	/* Asked one after the other, until one is answered with a token: servers differ in where they
	 * want the client's secret.  `done` and `token` of them are not looked at. */
	const struct http_request *requests;
	uint32_t n_requests; /* at most HTTP_TOKEN_REQUESTS_MAX */
};
#define HTTP_TOKEN_REQUESTS_MAX 2

struct http_response;
typedef void http_done(void *ctx, const struct http_response *r);

struct http_request {
	const char *method;         /* NULL: GET, or POST with a body */
	const char *url;            /* http, https, smtp, smtps */
	const char *const *headers; /* "Name: value" */
	uint32_t n_headers;
	const void *body; /* or the mail's text */
	size_t body_bytes;
	int64_t timeout_ms;         /* for all of it; 0: HTTP_TIMEOUT_MS */
	int64_t connect_timeout_ms; /* until the request can be sent; 0: as timeout_ms */
	size_t answer_bytes_max;    /* of the body; 0: PROBE_BODY_BYTES_MAX */
	bool is_fresh;         /* a connection of its own, closed afterwards: never sent twice */
	bool wants_http2;      /* HTTP/2 where TLS offers it */
	uint8_t redirects_max; /* 0: not followed */
	const char *user, *password;     /* basic, or the mail server's login; NULL: none */
	const char *proxy_url;           /* NULL: as the environment says; "": none */
	const char *falls_back_on_proxy; /* of http:// when the environment names none; or NULL */
	const char *no_proxy; /* hosts, domains and networks that are asked directly; or NULL */
	const char *const *proxy_headers; /* of CONNECT */
	uint32_t n_proxy_headers;
	const struct http_token *token; /* NULL: none */
	const char *connect_to;         /* "HOST:PORT:ADDRESS": use this address for the host */
	const char *connect_host; /* "HOST:PORT": connect there, whatever the URL says; or NULL */
	const char *source_address;
	uint8_t ip_version;          /* 4 or 6: addresses of this protocol only; 0: any */
	const char *accept_encoding; /* asked for, and decoded; NULL: none */
	struct http_tls tls;
	struct http_mail mail;
	http_done *done; /* called once, from the loop */
	void *ctx;       /* for all functions */
	/* The body of an answer of status 200 piece by piece, instead of in the response; false ends
	 * the request, unanswered.  No request may be cancelled meanwhile.  NULL: as a whole. */
	bool (*on_part)(void *ctx, const char *bytes, size_t n);
	/* Before the first part: the answer's headers, as a response has them; NULL: don't. */
	void (*on_head)(void *ctx, const char *headers);
	/* Shows the connection's gnutls_session_t once, when the answer begins; NULL: don't. */
	void (*on_session)(void *ctx, void *gnutls_session);
};

struct http_timings { /* of all requests when redirects were followed */
	int64_t resolve_us, connect_us, tls_us;
	int64_t processing_us; /* request sent until the first byte of the answer */
	int64_t transfer_us, total_us;
};

struct http_response { /* lives during the callback only */
	enum http_outcome outcome;
	int status;          /* 200; for mails the last reply, 250; 0: none */
	uint8_t version;     /* 10, 11, 20; 0: none */
	uint8_t redirects;   /* followed */
	const char *headers; /* "Name: value\r\n"..., of the last answer only; "" */
	const char *body;    /* terminated; "" */
	size_t body_bytes;
	int64_t received_bytes; /* before decoding */
	const char *address;    /* the server's, numeric; "" */
	const char *url;        /* of the last request */
	struct http_timings timings;
	char reason[REASON_BYTES_MAX]; /* when not answered, for people; no secrets of the URL */
};

struct http_client; /* one a loop; keeps idle connections */
struct http_call;

struct http_client *http_client_new(uv_loop_t *loop);
/* Cancels all calls; frees itself when its handles are closed, then calls `closed` (or NULL). */
void http_client_close(struct http_client *c, void (*closed)(void *ctx), void *ctx);

/* RC_UNSUPPORTED without libcurl, RC_INPUT when the request can't be put; `done` isn't called
 * then.  *ret is valid until `done` has been called. */
enum rc http_start(struct http_client *c, const struct http_request *r, struct http_call **ret,
	struct err *e) MUST_USE;
void http_cancel(struct http_call *call); /* `done` will not be called; NULL allowed */

/* Copy a header's value out of http_response.headers (the first of that name, any case).  False
 * when it is absent or doesn't fit. */
bool http_header(const char *headers, const char *name, char *ret, size_t size);

/* The system's bundle of certificate authorities: SSL_CERT_FILE, else the first that exists of the
 * places where distributions keep it; NULL when none does. */
const char *http_ca_bundle(void);

#endif
