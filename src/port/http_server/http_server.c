/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon on the loop, its connections and their deadlines.
 *
 * MHD's own timeout starts over with every byte, so that a client that sends one a minute could
 * stay for good: deadlines are kept here, a stage each, and a late connection is shut down, which
 * MHD then sees as its end.
 *
 * When every place is taken MHD leaves newcomers in the kernel's queue.  Then the door is watched:
 * if somebody knocks, the connection that does nothing for longest has to go.  One that only sits
 * there between two requests goes first, then one that hasn't said what it wants; whoever is being
 * served stays.
 */
#include "port/http_server/server_private.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define SWEEP_MS             1000
#define TLS_PRIORITIES       "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
#define RUNS_WITHOUT_A_BREAK 8

/* ---- the loop */

static void on_run_timer(uv_timer_t *timer);

/* Let MHD work, and come back when it wants to: at once only after others had their turn.  A place
 * that became free is given away by MHD's next run only, which it doesn't ask for. */
static void run(struct http_server *s)
{
	MHD_UNSIGNED_LONG_LONG wait_ms = 0;

	for (int i = 0; i < RUNS_WITHOUT_A_BREAK; i++) {
		s->has_free_place = false;
		MHD_run(s->daemon);
		if (s->has_free_place)
			continue;
		if (MHD_get_timeout(s->daemon, &wait_ms) != MHD_YES) {
			uv_timer_stop(&s->run_timer);
			return;
		}
		if (wait_ms)
			break;
	}
	uv_timer_start(&s->run_timer, on_run_timer, wait_ms, 0);
}

static void on_readable(uv_poll_t *handle, int status, int events)
{
	(void)status;
	(void)events;
	run(handle->data);
}

static void on_run_timer(uv_timer_t *timer)
{
	run(timer->data);
}

void server_run_soon(struct http_server *s)
{
	uv_timer_start(&s->run_timer, on_run_timer, 0, 0);
}

/* ---- connections */

static void show_out(struct visitor *v)
{
	v->is_shown_out = true;
	v->deadline_ms = 0;
	shutdown(v->fd, SHUT_RDWR);
}

/* Of those in `stage` the one that has been longest; NULL when there is none. */
static struct visitor *longest_in(const struct http_server *s, enum visitor_stage stage)
{
	struct visitor *longest = NULL;

	for (struct visitor *v = s->visitors; v; v = v->next)
		if (v->stage == stage && !v->is_shown_out &&
			(!longest || v->entered < longest->entered))
			longest = v;
	return longest;
}

/* Somebody knocks, and there is no place.  Not asked again before that has changed, or a second has
 * passed: the kernel would go on telling. */
static void on_knock(uv_poll_t *door, int status, int events)
{
	struct http_server *s = door->data;
	struct visitor *v = longest_in(s, VISITOR_IDLE);

	(void)status;
	(void)events;
	uv_poll_stop(door);
	v = v ? v : longest_in(s, VISITOR_NEW);
	if (v)
		show_out(v);
	server_run_soon(s);
}

static void watch_door(struct http_server *s)
{
	if (uv_is_closing((uv_handle_t *)&s->door))
		return;
	if (s->n_visitors >= s->most)
		uv_poll_start(&s->door, UV_READABLE, on_knock);
	else
		uv_poll_stop(&s->door);
}

static void on_sweep(uv_timer_t *timer)
{
	struct http_server *s = timer->data;
	uint64_t now = uv_now(s->setup.loop);

	for (struct visitor *v = s->visitors; v; v = v->next) {
		if (v->deadline_ms && now >= v->deadline_ms)
			show_out(v);
	}
	watch_door(s);
	server_run_soon(s);
}

void visitor_enter(struct http_server *s, struct visitor *v, enum visitor_stage stage)
{
	const struct http_patience *p = &s->setup.patience;
	const uint32_t stage_ms[] = {
		[VISITOR_NEW] = p->head_ms,
		[VISITOR_IDLE] = p->idle_ms,
		[VISITOR_SENDING_BODY] = p->body_ms,
		[VISITOR_WAITING] = 0,
		[VISITOR_ANSWERED] = p->answer_ms,
		[VISITOR_FOLLOWING] = 0,
	};

	v->stage = stage;
	v->entered = ++s->n_entered;
	v->deadline_ms = stage_ms[stage] ? uv_now(s->setup.loop) + stage_ms[stage] : 0;
}

static void address_text(const struct sockaddr *at, char ret[INET6_ADDRSTRLEN])
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)at;

	str_copy(ret, INET6_ADDRSTRLEN, "?");
	if (at->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)at)->sin_addr, ret,
			INET6_ADDRSTRLEN);
	else if (at->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
		inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], ret, INET6_ADDRSTRLEN);
	else if (at->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &v6->sin6_addr, ret, INET6_ADDRSTRLEN);
}

/* One network can't take all connections.  Loopback may: a reverse proxy speaks for everybody. */
static enum MHD_Result on_accept(void *server, const struct sockaddr *at, socklen_t n)
{
	const struct http_server *s = server;
	char address[INET6_ADDRSTRLEN], network[NETWORK_TEXT_MAX];
	uint32_t same = 0;

	(void)n;
	address_text(at, address);
	if (host_is_loopback(address))
		return MHD_YES;
	address_network(address, network);
	for (const struct visitor *v = s->visitors; v; v = v->next)
		same += str_eq(v->network, network);
	return same < HTTP_CONNECTIONS_PER_ADDRESS_MAX ? MHD_YES : MHD_NO;
}

static void visitor_arrive(struct http_server *s, struct MHD_Connection *c, void **ret)
{
	struct visitor *v = must_alloc(sizeof *v);

	v->fd = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	address_text(MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr,
		v->address);
	address_network(v->address, v->network);
	if (s->certificate.newest)
		gnutls_db_set_ptr(
			MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION)->tls_session,
			s);
	visitor_enter(s, v, VISITOR_NEW);
	v->next = s->visitors;
	v->link = &s->visitors;
	if (v->next)
		v->next->link = &v->next;
	s->visitors = v;
	if (s->n_visitors++ == 0)
		uv_timer_start(&s->sweep_timer, on_sweep, SWEEP_MS, SWEEP_MS);
	watch_door(s);
	*ret = v;
}

/* Where MHD gives a request up twice over, as it does with one whose query has more parts than it
 * has memory for, it says only of the connection that it is over. */
static void visitor_leave(struct http_server *s, struct visitor *v)
{
	exchange_end(s, v);
	*v->link = v->next;
	if (v->next)
		v->next->link = v->link;
	free(v);
	s->has_free_place |= s->n_visitors == s->most;
	if (--s->n_visitors == 0)
		uv_timer_stop(&s->sweep_timer);
	watch_door(s);
}

static void on_connection(void *server, struct MHD_Connection *c, void **visitor,
	enum MHD_ConnectionNotificationCode what)
{
	if (what == MHD_CONNECTION_NOTIFY_STARTED)
		visitor_arrive(server, c, visitor);
	else
		visitor_leave(server, *visitor);
}

/* ---- life cycle */

/* Paths stay as they were sent: who decodes %2F before splitting can't tell it from "/". */
static size_t leave_escaped(void *ctx, struct MHD_Connection *c, char *text)
{
	(void)ctx;
	(void)c;
	return strlen(text);
}

PRINTF(2, 0) static void on_log(void *ctx, const char *fmt, va_list ap)
{
	char text[256];

	(void)ctx;
	vsnprintf(text, sizeof text, fmt, ap);
	log_debug("http server: %s", text);
}

/* Which certificate does a handshake show?  The session's database pointer leads to the server: MHD
 * keeps no sessions, and its own pointers are its own. */
static int choose_certificate(gnutls_session_t session, const gnutls_datum_t *authorities, int n,
	const gnutls_pk_algorithm_t *algorithms, int n_algorithms, gnutls_pcert_st **ret_chain,
	unsigned *ret_n, gnutls_privkey_t *ret_key)
{
	struct http_server *s = gnutls_db_get_ptr(session);
	struct pair *p = s->certificate.newest;

	(void)authorities;
	(void)n;
	(void)algorithms;
	(void)n_algorithms;
	*ret_chain = p->chain;
	*ret_n = p->n;
	*ret_key = p->key;
	return 0;
}

#define OPTION(name, number, pointer)             \
	{                                         \
		name, (intptr_t)(number), pointer \
	}

static enum rc start_daemon(struct http_server *s, int fd, struct err *e)
{
	const struct MHD_OptionItem tls[] = {
		OPTION(MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(intptr_t)choose_certificate),
		OPTION(MHD_OPTION_HTTPS_PRIORITIES, 0, (char[]){ TLS_PRIORITIES }),
		OPTION(MHD_OPTION_END, 0, NULL),
	};
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
	bool use_tls = s->certificate.newest != NULL;

	s->daemon = MHD_start_daemon(flags | (use_tls ? MHD_USE_TLS : 0), 0, on_accept, s,
		exchange_step, s, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, s->most,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_HEAD_BYTES_MAX,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
		MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL, MHD_OPTION_URI_LOG_CALLBACK,
		exchange_new, s, MHD_OPTION_NOTIFY_COMPLETED, exchange_completed, s,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_ARRAY,
		use_tls ? tls : &tls[COUNT(tls) - 1], MHD_OPTION_END);
	if (!s->daemon)
		return err_set(e, RC_IO, "no HTTP server on %s", s->address);
	return RC_OK;
}

static void watch(struct http_server *s, int listening)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);

	must(info && info->epoll_fd >= 0);
	must(uv_poll_init(s->setup.loop, &s->poll, info->epoll_fd) == 0);
	uv_timer_init(s->setup.loop, &s->run_timer);
	uv_timer_init(s->setup.loop, &s->sweep_timer);
	must(uv_poll_init(s->setup.loop, &s->door, listening) == 0);
	s->poll.data = s->run_timer.data = s->sweep_timer.data = s->door.data = s;
	must(uv_poll_start(&s->poll, UV_READABLE, on_readable) == 0);
}

static void free_server(struct http_server *s)
{
	if (!s)
		return;
	certificate_fini(&s->certificate);
	free(s);
}
SCOPED_BY(free_server, struct http_server *)

enum rc http_server_start(struct http_server **ret, const struct http_server_setup *setup,
	struct err *e)
{
	scoped(free_server) struct http_server *s = must_alloc(sizeof *s);
	int fd;
	enum rc rc = RC_OK;

	s->setup = *setup;
	s->most = setup->connections_max ? setup->connections_max : HTTP_CONNECTIONS_MAX;
	if (!setup->patience.head_ms)
		s->setup.patience = HTTP_PATIENCE;
	if (!setup->cert_file != !setup->key_file)
		return err_set(e, RC_INPUT, "TLS needs a certificate and its key, not one of them");
	if (setup->cert_file)
		rc = certificate_read(&s->certificate, setup->cert_file, setup->key_file, e);
	if (rc == RC_OK)
		rc = listen_on(setup->listen, &fd, s->address, e);
	if (rc != RC_OK)
		return rc;
	rc = start_daemon(s, fd, e);
	if (rc != RC_OK) {
		close(fd);
		return rc;
	}
	s->setup.cert_file = s->setup.key_file = s->setup.listen = NULL;
	watch(s, fd);
	*ret = TAKE(s);
	return RC_OK;
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct http_server *s = handle->data;

	if (--s->open_handles > 0)
		return;
	if (s->stopped)
		s->stopped(s->stopped_ctx);
	free_server(s);
}

enum rc http_server_use(struct http_server *s, const char *cert_file, const char *key_file,
	struct err *e)
{
	bool uses_tls = s->certificate.newest != NULL;

	if (!cert_file != !key_file || uses_tls != (cert_file != NULL))
		return err_set(e, RC_UNSUPPORTED,
			"TLS is turned on or off by a restart; %s goes on %s it", s->address,
			uses_tls ? "with" : "without");
	return uses_tls ? certificate_read(&s->certificate, cert_file, key_file, e) : RC_OK;
}

enum rc http_server_refresh(struct http_server *s, bool *ret_is_new, struct err *e)
{
	*ret_is_new = false;
	return s->certificate.newest ? certificate_refresh(&s->certificate, ret_is_new, e) : RC_OK;
}

void http_server_stop(struct http_server *s, void (*stopped)(void *ctx), void *ctx)
{
	s->stopped = stopped;
	s->stopped_ctx = ctx;
	uv_poll_stop(&s->poll);
	uv_close((uv_handle_t *)&s->door, on_handle_closed); /* before its socket is */
	exchange_resume_all(s);
	MHD_stop_daemon(s->daemon);
	s->open_handles = 4;
	uv_close((uv_handle_t *)&s->poll, on_handle_closed);
	uv_close((uv_handle_t *)&s->run_timer, on_handle_closed);
	uv_close((uv_handle_t *)&s->sweep_timer, on_handle_closed);
}

const char *http_server_address(const struct http_server *s)
{
	return s->address;
}

uint32_t http_server_connections(const struct http_server *s)
{
	return s->n_visitors;
}
