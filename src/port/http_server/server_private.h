/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_private: what the files of this folder share.
 *
 *	http_server.c   the daemon on the loop, its connections and their deadlines
 *	exchange.c      from MHD's callbacks to begin() and handle(), and back
 *	head.h          may a request's head be believed?
 *	certificate.h   what is shown to who speaks TLS
 *	listen.c        a socket for an address
 */
#ifndef PORT_HTTP_SERVER_SERVER_PRIVATE_H
#define PORT_HTTP_SERVER_SERVER_PRIVATE_H

#include "base/endpoint.h"
#include "port/http_server/certificate.h"
#include "port/http_server/http_server.h"

#include <arpa/inet.h>
#include <microhttpd.h>

enum visitor_stage {
	VISITOR_NEW,  /* no whole head yet */
	VISITOR_IDLE, /* the same, after an answered request */
	VISITOR_SENDING_BODY,
	VISITOR_WAITING,   /* for our reply */
	VISITOR_ANSWERED,  /* takes it */
	VISITOR_FOLLOWING, /* a stream */
};

struct visitor { /* one connection */
	struct visitor *next, **link;
	int fd;
	char address[INET6_ADDRSTRLEN];
	char network[NETWORK_TEXT_MAX];
	struct http_exchange *exchange; /* its request; NULL: none */
	enum visitor_stage stage;
	uint64_t entered;     /* the stage: when, in order of events */
	uint64_t deadline_ms; /* of uv_now; 0: none */
	bool is_shown_out;    /* its connection was shut down, and MHD will say so */
};

struct http_server {
	struct http_server_setup setup;
	struct certificate certificate; /* newest NULL: plain HTTP */
	struct MHD_Daemon *daemon;
	uv_poll_t poll;
	uv_timer_t run_timer;   /* MHD wants to run again */
	uv_timer_t sweep_timer; /* while there are visitors */
	uv_poll_t door;         /* the listening socket, while every place is taken */
	uint32_t most;          /* places */
	bool has_free_place;    /* just now, after all were taken */
	struct visitor *visitors;
	uint32_t n_visitors;
	size_t body_bytes;               /* of all exchanges */
	uint64_t n_entered;              /* stages, by all of them */
	struct http_exchange *suspended; /* streams and late replies, to be resumed at the end */
	char address[ENDPOINT_TEXT_MAX];
	int open_handles;
	void (*stopped)(void *ctx);
	void *stopped_ctx;
};

/* exchange.c */
void *exchange_new(void *server, const char *uri, struct MHD_Connection *c);
enum MHD_Result exchange_step(void *server, struct MHD_Connection *c, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_bytes,
	void **exchange);
/* The visitor's request, if there is one, is over. */
void exchange_end(struct http_server *s, struct visitor *v);
void exchange_completed(void *server, struct MHD_Connection *c, void **exchange,
	enum MHD_RequestTerminationCode why);
void exchange_resume_all(struct http_server *s);

/* http_server.c */
void visitor_enter(struct http_server *s, struct visitor *v, enum visitor_stage stage);
void server_run_soon(struct http_server *s);

/* listen.c: a listening socket, and the address that it really has */
enum rc listen_on(const char *listen, int *ret_fd, char ret_address[ENDPOINT_TEXT_MAX],
	struct err *e) MUST_USE;

#endif
