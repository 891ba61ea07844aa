/* SPDX-License-Identifier: Apache-2.0 */
/*
 * c-ares cannot abandon a single query: a cancelled lookup stays until its callback, which finds
 * that nobody listens any more.
 */
#include "port/probe/resolve.h"

#include "base/mem.h"
#include "base/str.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/stat.h>

#define TRY_MS        1500 /* per server, doubled by c-ares each round */
#define TRIES         3
#define ADDRESSES_MAX 32
#define RECHECK_MS    1000
#define RESOLV_CONF   "/etc/resolv.conf"

struct resolver {
	uv_loop_t *loop;
	ares_channel channel;
	bool has_channel;
	char server[IP_PORT_TEXT_MAX]; /* "": the system's */
	bool is_stale;                 /* the channel is to be opened again */
	struct timespec config_mtime;
	uint64_t checked_ms;
	struct watch *watches;
	uv_timer_t timer;
	unsigned n_handles; /* of libuv, and lookups: what must end before the memory does */
	bool is_closing;
	void (*closed)(void *ctx);
	void *closed_ctx;
};

struct lookup {
	struct resolver *resolver;
	char host[ENDPOINT_HOST_MAX];
	struct lookup_wish wish;
	lookup_done *done; /* NULL: cancelled */
	void *ctx;
	bool is_starting; /* within lookup_start */
	bool is_over;
	unsigned restarts;
	uv_getaddrinfo_t system;
	bool is_system; /* getaddrinfo runs on the pool */
};

struct watch {
	uv_poll_t poll;
	struct resolver *resolver;
	ares_socket_t socket;
	struct watch *next;
};

static void ask(struct lookup *l);

static void release(struct resolver *r)
{
	void (*closed)(void *) = r->closed;
	void *ctx = r->closed_ctx;

	if (--r->n_handles > 0)
		return;
	free(r);
	if (closed)
		closed(ctx);
}

static void free_lookup(struct lookup *l)
{
	struct resolver *r = l->resolver;

	free(l);
	release(r);
}

/* The end of a lookup.  During lookup_start the memory is freed there. */
static void finish(struct lookup *l, const struct ip_address *to, const char *why)
{
	lookup_done *done = l->done;

	l->is_over = true;
	l->done = NULL;
	if (done)
		done(l->ctx, to, why);
	if (!l->is_starting)
		free_lookup(l);
}

static void finish_with(struct lookup *l, const struct ip_address *all, uint32_t n)
{
	const struct ip_address *to = ip_choose(all, n, l->wish.ip, l->wish.fallback);
	char why[ENDPOINT_HOST_MAX + 64];

	if (n == 0)
		snprintf(why, sizeof why, "'%s' has no address", l->host);
	else
		snprintf(why, sizeof why, "'%s' has no IPv%d address", l->host,
			l->wish.ip == IP_V4 ? 4 : 6);
	finish(l, to, to ? NULL : why);
}

static void add_address(struct ip_address *all, uint32_t *n, const struct sockaddr *sa,
	uint16_t port)
{
	struct ip_address a = { 0 };

	if (*n == ADDRESSES_MAX)
		return;
	if (sa->sa_family == AF_INET) {
		memcpy(&a.v4, sa, sizeof a.v4);
		a.v4.sin_port = htons(port);
	} else if (sa->sa_family == AF_INET6) {
		memcpy(&a.v6, sa, sizeof a.v6);
		a.v6.sin6_port = htons(port);
	} else {
		return;
	}
	all[(*n)++] = a;
}

static void on_system(uv_getaddrinfo_t *req, int status, struct addrinfo *list)
{
	struct lookup *l = req->data;
	struct ip_address all[ADDRESSES_MAX];
	uint32_t n = 0;

	for (struct addrinfo *a = list; a; a = a->ai_next)
		add_address(all, &n, a->ai_addr, l->wish.port);
	uv_freeaddrinfo(list);
	(void)status;
	finish_with(l, all, n);
}

static int family(const struct lookup_wish *wish)
{
	if (wish->ip == IP_ANY || wish->fallback)
		return AF_UNSPEC;
	return wish->ip == IP_V4 ? AF_INET : AF_INET6;
}

static void ask_system(struct lookup *l)
{
	struct addrinfo hints = { .ai_family = family(&l->wish), .ai_socktype = SOCK_STREAM };

	l->system.data = l;
	l->is_system = true;
	if (uv_getaddrinfo(l->resolver->loop, &l->system, on_system, l->host, NULL, &hints) != 0)
		finish_with(l, NULL, 0);
}

static bool is_unknown(int status)
{
	return status == ARES_ENOTFOUND || status == ARES_ENODATA;
}

static void on_answer(void *ctx, int status, int timeouts, struct ares_addrinfo *list)
{
	struct lookup *l = ctx;
	struct resolver *r = l->resolver;
	struct ip_address all[ADDRESSES_MAX];
	char why[ENDPOINT_HOST_MAX + 96];
	uint32_t n = 0;

	(void)timeouts;
	for (struct ares_addrinfo_node *a = list ? list->nodes : NULL; a; a = a->ai_next)
		add_address(all, &n, a->ai_addr, l->wish.port);
	ares_freeaddrinfo(list);
	if (status == ARES_EDESTRUCTION && !r->is_closing && l->done && l->restarts++ == 0)
		ask(l); /* resolv.conf changed under us */
	else if (status == ARES_SUCCESS || !l->done)
		finish_with(l, all, n);
	else if (is_unknown(status) && r->server[0] == '\0' && !r->is_closing)
		ask_system(l);
	else if (is_unknown(status))
		finish_with(l, NULL, 0);
	else {
		snprintf(why, sizeof why, "'%s' can't be resolved: %s", l->host,
			ares_strerror(status));
		finish(l, NULL, why);
	}
}

static void on_watch_closed(uv_handle_t *handle)
{
	struct watch *w = handle->data;

	release(w->resolver);
	free(w);
}

static void on_socket(uv_poll_t *poll, int status, int events);

static struct watch *watch_new(struct resolver *r, ares_socket_t socket)
{
	struct watch *w = must_alloc(sizeof *w);

	if (uv_poll_init(r->loop, &w->poll, socket) != 0) {
		free(w);
		return NULL;
	}
	w->poll.data = w;
	w->resolver = r;
	w->socket = socket;
	w->next = r->watches;
	r->watches = w;
	r->n_handles++;
	return w;
}

/* c-ares: watch this socket, or forget it because it is about to be closed. */
static void watch_socket(void *ctx, ares_socket_t socket, int reads, int writes)
{
	struct resolver *r = ctx;
	struct watch **link = &r->watches, *w;

	while (*link && (*link)->socket != socket)
		link = &(*link)->next;
	w = *link;
	if (!reads && !writes) {
		if (!w)
			return;
		*link = w->next;
		uv_close((uv_handle_t *)&w->poll, on_watch_closed);
		return;
	}
	if (!w)
		w = watch_new(r, socket);
	if (w)
		uv_poll_start(&w->poll, (reads ? UV_READABLE : 0) | (writes ? UV_WRITABLE : 0),
			on_socket);
}

static bool open_channel(struct resolver *r)
{
	struct ares_options options = {
		.timeout = TRY_MS,
		.tries = TRIES,
		.sock_state_cb = watch_socket,
		.sock_state_cb_data = r,
	};
	int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
	ares_channel channel;

	if (ares_init_options(&channel, &options, mask) != ARES_SUCCESS)
		return false;
	if (r->server[0] && ares_set_servers_ports_csv(channel, r->server) != ARES_SUCCESS) {
		ares_destroy(channel);
		return false;
	}
	r->channel = channel;
	r->has_channel = true;
	return true;
}

/* Lookups under way begin again at the new servers, see on_answer(). */
static void reopen_channel(struct resolver *r)
{
	ares_channel old = r->channel;
	bool had_channel = r->has_channel;

	r->is_stale = false;
	if (open_channel(r) && had_channel)
		ares_destroy(old);
}

static void arm(struct resolver *r);

/* Everything that may destroy a channel happens here, never inside one of its callbacks. */
static void on_timer(uv_timer_t *timer)
{
	struct resolver *r = timer->data;

	if (r->is_stale)
		reopen_channel(r);
	if (r->has_channel)
		ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	arm(r);
}

static void arm(struct resolver *r)
{
	struct timeval tv, *next = NULL;
	uint64_t wait_ms = 0;

	if (r->is_closing)
		return;
	if (!r->is_stale) {
		next = r->has_channel ? ares_timeout(r->channel, NULL, &tv) : NULL;
		if (!next) {
			uv_timer_stop(&r->timer);
			return;
		}
		wait_ms = (uint64_t)next->tv_sec * 1000 + (uint64_t)next->tv_usec / 1000 + 1;
	}
	uv_timer_start(&r->timer, on_timer, wait_ms, 0);
}

static void on_socket(uv_poll_t *poll, int status, int events)
{
	struct watch *w = poll->data;
	struct resolver *r = w->resolver;
	bool reads = status < 0 || (events & UV_READABLE);
	bool writes = status < 0 || (events & UV_WRITABLE);

	ares_process_fd(r->channel, reads ? w->socket : ARES_SOCKET_BAD,
		writes ? w->socket : ARES_SOCKET_BAD);
	arm(r);
}

static void ask(struct lookup *l)
{
	struct resolver *r = l->resolver;
	struct ares_addrinfo_hints hints = { .ai_family = family(&l->wish) };

	if (!r->has_channel && !open_channel(r)) {
		finish(l, NULL, "the resolver does not start");
		return;
	}
	/* Sorting by reachability (RFC 6724) opens a socket for each address. */
	hints.ai_flags = l->wish.ip == IP_ANY ? 0 : ARES_AI_NOSORT;
	ares_getaddrinfo(r->channel, l->host, NULL, &hints, on_answer, l);
	arm(r);
}

/* Notices at most once a second that resolv.conf has changed. */
static void check_config(struct resolver *r)
{
	uint64_t now_ms = uv_now(r->loop);
	struct stat st;

	if (r->checked_ms && now_ms - r->checked_ms < RECHECK_MS)
		return;
	if (stat(RESOLV_CONF, &st) != 0)
		return;
	if (r->checked_ms && (st.st_mtim.tv_sec != r->config_mtime.tv_sec ||
				     st.st_mtim.tv_nsec != r->config_mtime.tv_nsec))
		r->is_stale = true;
	r->config_mtime = st.st_mtim;
	r->checked_ms = now_ms;
}

struct lookup *lookup_start(struct resolver *r, const struct lookup_wish *wish, lookup_done *done,
	void *ctx)
{
	struct lookup *l = must_alloc(sizeof *l);

	l->resolver = r;
	r->n_handles++;
	l->wish = *wish;
	l->done = done;
	l->ctx = ctx;
	l->is_starting = true;
	check_config(r);
	if (str_copy(l->host, sizeof l->host, wish->host))
		ask(l);
	else
		finish(l, NULL, "the host's name is too long");
	l->is_starting = false;
	if (!l->is_over)
		return l;
	free_lookup(l);
	return NULL;
}

struct records {
	struct resolver *resolver;
	records_done *done;
	void *ctx;
	char name[ENDPOINT_HOST_MAX];
};

static void on_records(void *ctx, int status, int timeouts, unsigned char *answer, int n)
{
	struct records *q = ctx;
	char why[ENDPOINT_HOST_MAX + 96];

	(void)timeouts;
	snprintf(why, sizeof why, "'%s' can't be resolved: %s", q->name, ares_strerror(status));
	if (status == ARES_SUCCESS)
		q->done(q->ctx, answer, (size_t)n, NULL);
	else
		q->done(q->ctx, NULL, 0, is_unknown(status) ? NULL : why);
	release(q->resolver);
	free(q);
}

void records_ask(struct resolver *r, const char *name, int type, records_done *done, void *ctx)
{
	struct records *q;

	check_config(r);
	if (!r->has_channel && !open_channel(r)) {
		done(ctx, NULL, 0, "the resolver does not start");
		return;
	}
	q = must_alloc(sizeof *q);
	*q = (struct records){ .resolver = r, .done = done, .ctx = ctx };
	if (!str_copy(q->name, sizeof q->name, name)) {
		free(q);
		done(ctx, NULL, 0, "the name is too long");
		return;
	}
	r->n_handles++;
	ares_search(r->channel, q->name, ns_c_in, type, on_records, q);
	arm(r);
}

void lookup_cancel(struct lookup *l)
{
	if (!l)
		return;
	l->done = NULL;
	if (l->is_system)
		uv_cancel((uv_req_t *)&l->system);
}

void resolver_use_server(struct resolver *r, const char *server)
{
	must(str_copy(r->server, sizeof r->server, server));
	r->is_stale = r->has_channel;
	arm(r);
}

struct resolver *resolver_new(uv_loop_t *loop)
{
	struct resolver *r = must_alloc(sizeof *r);

	r->loop = loop;
	must(uv_timer_init(loop, &r->timer) == 0);
	r->timer.data = r;
	r->n_handles = 1;
	return r;
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct resolver *r = handle->data;

	if (r->has_channel)
		ares_destroy(r->channel);
	release(r);
}

void resolver_close(struct resolver *r, void (*closed)(void *ctx), void *ctx)
{
	r->closed = closed;
	r->closed_ctx = ctx;
	r->is_closing = true;
	uv_close((uv_handle_t *)&r->timer, on_timer_closed);
}
