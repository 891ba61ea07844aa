/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api_private: what the files of this folder share.
 *
 *	api.c          life cycle; a request's way: route, gate, handler, answer
 *	lab_reads.c    status, checks, silences, coverage
 *	dashboards.c   Grafana dashboards of the lab's folder
 *	incidents.c    incidents, of today and of the journal
 *	when.c         the history of a check
 *	events.c       the journals
 *	operators.c    what people tell the site
 *	heartbeats.c   what jobs report
 *	sessions.c     login and logout
 *	stream.c       what changes, to browsers
 *	files.c        the pages
 *	metrics.c      for Prometheus
 *	host.c         this machine, for Prometheus
 *	prometheus/    questions as Prometheus answers them
 *	receive/       samples that others send
 */
#ifndef API_API_PRIVATE_H
#define API_API_PRIVATE_H

#include "api/api.h"
#include "api/facts.h"
#include "api/handlers.h"
#include "api/uri.h"
#include "api/view.h"

#define ANSWER_HEADERS_MAX 6

struct stream;
struct files;
struct buckets;
struct jobs;

struct api {
	struct api_setup setup;
	struct http_server *server;
	struct gate gate;
	struct facts facts;
	struct stream *stream;
	struct files *files;
	struct buckets *buckets;
	struct jobs *jobs;         /* queries on the pool */
	struct receiver *receiver; /* of samples that others send */
	uint64_t counters[API_COUNTERS];
	uint64_t requests; /* since the start */
	uint32_t passwords_in_check;
	uint32_t dashboards_in_reading;
	uint32_t holders; /* server, stream, passwords in check: freed when all let go */
	void (*stopped)(void *ctx);
	void *stopped_ctx;
};

/* One request on its way. */
struct call {
	struct api *api;
	struct http_exchange *exchange;
	const struct http_ask *ask;
	struct arena arena;
	struct uri uri;
	struct route_found found;
	const struct session *session; /* NULL: none, or by token */
	struct now now;
	struct view view;
	/* Not NULL: it is another site that asks, there is no exchange, and a job answers here. */
	api_site_answered *site_answered;
	void *site_ctx;
};

/* What a handler makes; JSON unless it says otherwise. */
struct answer {
	int status;       /* 0: 200 */
	const char *type; /* NULL: JSON */
	struct str body;
	struct json_out json; /* writes to body */
	const void *bytes;    /* instead of a body: what outlives the server */
	size_t n_bytes;
	struct http_header headers[ANSWER_HEADERS_MAX];
	uint32_t n_headers;
	bool is_taken; /* the handler answers by itself, now or later */
};
/* Values live in the call's arena or for good. */
void answer_header(struct answer *a, const char *name, const char *value);

/* An integer parameter. */
struct call_range {
	int64_t least, most;
	int64_t usual; /* where the parameter is absent */
};
enum rc call_number(const struct call *c, const char *name, struct call_range range, int64_t *ret,
	struct err *e) MUST_USE;
const struct journal_store *call_store(const struct call *c);

/* A time parameter: RFC 3339, or a duration before now; {0} when absent. */
enum rc call_time(const struct call *c, const char *name, struct wall *ret, struct err *e) MUST_USE;

/* api.c: a site's state at a moment, as nobody in particular sees it. */
struct view api_view(const struct api *a, struct now now);
/* api.c: who holds the API beyond a request lets go of it; the last one frees it. */
void api_let_go(struct api *a);

/* heartbeats.c */
void buckets_free(struct buckets *b);
struct buckets *buckets_new(uint16_t n_checks);

/* stream.c */
struct stream *stream_new(struct api *a); /* holds the API until stream_stop() is through */
void stream_stop(struct stream *s);
void stream_free(struct stream *s); /* when nobody follows any more */
void stream_check_changed(struct stream *s, uint16_t check);
void stream_incident_changed(struct stream *s, const char *id);
void stream_link_changed(struct stream *s);
void stream_event(struct stream *s, const struct event *ev);
void stream_reloaded(struct stream *s);
uint32_t stream_clients(const struct stream *s);

/* files.c */
struct files *files_new(const struct embedded *table);
void files_free(struct files *f);
/* A GET that no route wanted. */
enum rc files_show(struct call *c, struct answer *out, struct err *e) MUST_USE;

#endif
