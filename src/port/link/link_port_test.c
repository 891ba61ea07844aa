/* SPDX-License-Identifier: Apache-2.0 */
/* Real sockets on loopback: ports against each other, and against all kinds of callers. */
#include "port/link/link_port.h"

#include "base/mem.h"
#include "base/str.h"
#include "core/peer/wire.h"
#include "port/tls/tls.h"
#include "test/support/loopback.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 8000
#define SITES       3

enum { DUBLIN, MUMBAI, OSLO };
static const char *const names[SITES] = { "dublin", "mumbai", "oslo" };

/* A site's port, and what it was told. */
struct end {
	uv_loop_t loop;
	struct link_port *port;
	uint8_t self;
	struct link_port_site sites[SITES];
	char addresses[SITES][64];
	unsigned n_connected, n_closed, n_refused, n_received;
	uint64_t connection, closed_connection;
	uint8_t peer, closed_peer;
	bool is_dialled, has_stopped;
	char why[REASON_BYTES_MAX], refused_why[REASON_BYTES_MAX];
	enum link_msg_kind kind; /* of the last message */
	uint64_t next_beat;      /* BEATs come in order */
	size_t events_bytes;
	char bye[REASON_BYTES_MAX];
	bool answers; /* each message with a BEAT */
};

static void on_connected(void *ctx, uint8_t peer, uint64_t connection, bool is_dialled)
{
	struct end *e = ctx;

	e->n_connected++;
	e->peer = peer;
	e->connection = connection;
	e->is_dialled = is_dialled;
}

static void on_closed(void *ctx, uint8_t peer, uint64_t connection, const char *why)
{
	struct end *e = ctx;

	e->n_closed++;
	e->closed_peer = peer;
	e->closed_connection = connection;
	str_copy(e->why, sizeof e->why, why);
}

static void on_received(void *ctx, uint8_t peer, uint64_t connection, const struct link_msg *msg)
{
	struct end *e = ctx;

	assert_int_equal(peer, e->peer);
	assert_true(connection > 0);
	e->n_received++;
	e->kind = msg->kind;
	e->events_bytes += msg->events_len;
	if (msg->kind == LINK_BEAT)
		assert_int_equal(msg->beat, e->next_beat++);
	if (msg->kind == LINK_BYE)
		str_copy(e->bye, sizeof e->bye, msg->why);
	if (e->answers)
		link_port_send(e->port, connection, &(struct link_msg){ .kind = LINK_BEAT });
}

static void on_refused(void *ctx, const char *from, const char *why)
{
	struct end *e = ctx;

	assert_true(str_starts(from, "127.0.0.1:"));
	e->n_refused++;
	str_copy(e->refused_why, sizeof e->refused_why, why);
}

static struct private_key key_of(unsigned site)
{
	struct private_key key;

	memset(key.bytes, (int)site + 1, sizeof key.bytes);
	return key;
}

static struct link_port_lab lab_of(struct end *e)
{
	return (struct link_port_lab){ e->sites, SITES, e->self };
}

/* A port of site `self` on a free port of loopback; it knows nobody's address yet. */
static void end_open(struct end *e, uint8_t self, struct link_port_setup setup)
{
	struct private_key own = key_of(self);
	struct err why = { 0 };

	memset(e, 0, sizeof *e);
	e->self = self;
	for (uint8_t i = 0; i < SITES; i++) {
		struct private_key key = key_of(i);

		strcpy(e->addresses[i], "127.0.0.1:0");
		e->sites[i] =
			(struct link_port_site){ names[i], e->addresses[i], key_public(&key) };
	}
	uv_loop_init(&e->loop);
	if (setup.drain_ms == 0)
		setup.drain_ms = 200;
	setup.loop = &e->loop;
	setup.key = &own;
	setup.lab = lab_of(e);
	setup.owner =
		(struct link_port_owner){ e, on_connected, on_closed, on_received, on_refused };
	if (link_port_new(&e->port, &setup, &why) != RC_OK)
		fail_msg("%s", why.text);
}

static void on_stopped(void *ctx)
{
	((struct end *)ctx)->has_stopped = true;
}

static void end_close(struct end *e)
{
	if (e->port)
		link_port_stop(e->port, on_stopped, e);
	while (uv_run(&e->loop, UV_RUN_ONCE))
		;
	assert_true(!e->port || e->has_stopped);
	assert_int_equal(uv_loop_close(&e->loop), 0);
}
SCOPED_FINI(end_close, struct end)

static void reload(struct end *e)
{
	struct link_port_lab lab = lab_of(e);
	struct err why = { 0 };

	if (link_port_reload(e->port, &lab, &why) != RC_OK)
		fail_msg("%s", why.text);
}

static uint16_t port_of(const struct end *e)
{
	return (uint16_t)atoi(strrchr(link_port_listens(e->port), ':') + 1);
}

/* Tell `e` where `peer` is. */
static void introduce(struct end *e, uint8_t peer, const char *host, uint16_t port)
{
	snprintf(e->addresses[peer], sizeof e->addresses[peer], "%s:%u", host, port);
	reload(e);
}

#define pump_until(a, b, condition)                                             \
	do {                                                                    \
		uint64_t until_ = uv_hrtime() + PATIENCE_MS * 1000000ull;       \
		while (!(condition)) {                                          \
			if (uv_hrtime() > until_)                               \
				fail_msg("waited in vain for: %s", #condition); \
			pump(a, b);                                             \
		}                                                               \
	} while (0)

/* One round of one or two loops (NULL: none). */
static void pump(struct end *a, struct end *b)
{
	if (a)
		uv_run(&a->loop, UV_RUN_NOWAIT);
	if (b)
		uv_run(&b->loop, UV_RUN_NOWAIT);
	usleep(50);
}

static void pump_for(struct end *a, struct end *b, uint64_t ms)
{
	uint64_t until = uv_hrtime() + ms * 1000000;

	while (uv_hrtime() < until)
		pump(a, b);
}

/* Dublin and Mumbai, connected; Dublin dialled. */
static void open_pair(struct end *a, struct end *b)
{
	end_open(a, DUBLIN, (struct link_port_setup){ 0 });
	end_open(b, MUMBAI, (struct link_port_setup){ 0 });
	introduce(a, MUMBAI, "127.0.0.1", port_of(b));
	link_port_dial(a->port, MUMBAI);
	pump_until(a, b, a->n_connected && b->n_connected);
}

static struct link_msg hello_of(uint8_t site)
{
	struct link_msg m = { .kind = LINK_HELLO, .protocol = LINK_PROTOCOL };

	str_copy(m.site, sizeof m.site, names[site]);
	return m;
}

static void two_sites_connect_and_exchange_messages(void **unused)
{
	scoped(end_close) struct end a;
	scoped(end_close) struct end b;
	struct link_msg m = hello_of(DUBLIN);

	(void)unused;
	open_pair(&a, &b);
	assert_true(a.is_dialled && a.peer == MUMBAI);
	assert_true(!b.is_dialled && b.peer == DUBLIN);
	link_port_send(a.port, a.connection, &m);
	m = hello_of(MUMBAI);
	link_port_send(b.port, b.connection, &m);
	pump_until(&a, &b, a.n_received && b.n_received);
	assert_int_equal(a.kind, LINK_HELLO);
	assert_int_equal(link_port_usage(a.port).connections, 1);
	assert_int_equal(link_port_usage(b.port).strangers, 0);
	assert_int_equal(a.n_closed + b.n_closed, 0);
}

static void both_may_dial_at_once_and_both_connections_are_told(void **unused)
{
	scoped(end_close) struct end a;
	scoped(end_close) struct end b;

	(void)unused;
	end_open(&a, DUBLIN, (struct link_port_setup){ 0 });
	end_open(&b, MUMBAI, (struct link_port_setup){ 0 });
	introduce(&a, MUMBAI, "127.0.0.1", port_of(&b));
	introduce(&b, DUBLIN, "localhost", port_of(&a));
	for (int i = 0; i < 3; i++) { /* asking again changes nothing */
		link_port_dial(a.port, MUMBAI);
		link_port_dial(b.port, DUBLIN);
	}
	pump_until(&a, &b, a.n_connected == 2 && b.n_connected == 2);
	pump_for(&a, &b, 50);
	assert_int_equal(a.n_connected + b.n_connected, 4);
	assert_int_equal(a.n_closed + b.n_closed, 0);
}

static void ipv6_works_as_well(void **unused)
{
	scoped(end_close) struct end a;
	scoped(end_close) struct end b;

	(void)unused;
	end_open(&a, DUBLIN, (struct link_port_setup){ 0 });
	end_open(&b, MUMBAI, (struct link_port_setup){ 0 });
	introduce(&b, MUMBAI, "[::1]", 0);
	introduce(&a, MUMBAI, "[::1]", port_of(&b));
	link_port_dial(a.port, MUMBAI);
	pump_until(&a, &b, a.n_connected && b.n_connected);
}

static void a_name_as_own_address_means_all_interfaces(void **unused)
{
	scoped(end_close) struct end a;

	(void)unused;
	end_open(&a, DUBLIN, (struct link_port_setup){ 0 });
	introduce(&a, DUBLIN, "dublin.example.net", 0);
	assert_true(str_starts(link_port_listens(a.port), "[::]:") ||
		    str_starts(link_port_listens(a.port), "0.0.0.0:"));
	introduce(&a, DUBLIN, "192.0.2.77", 0); /* behind a NAT */
	assert_true(str_starts(link_port_listens(a.port), "[::]:") ||
		    str_starts(link_port_listens(a.port), "0.0.0.0:"));
}

static void who_dials_and_finds_another_key_says_so_and_both_know_why(void **unused)
{
	scoped(end_close) struct end a;
	scoped(end_close) struct end b;

	(void)unused;
	end_open(&a, DUBLIN, (struct link_port_setup){ 0 });
	end_open(&b, MUMBAI, (struct link_port_setup){ 0 });
	introduce(&a, OSLO, "127.0.0.1", port_of(&b));
	link_port_dial(a.port, OSLO);
	pump_until(&a, &b, a.n_closed && b.n_refused);
	assert_int_equal(a.closed_connection, 0);
	assert_int_equal(a.closed_peer, OSLO);
	assert_non_null(strstr(a.why, ": its key is ed25519:"));
	assert_non_null(strstr(a.why, " for oslo"));
	assert_true(str_starts(b.refused_why, "the other side refused our key, ed25519:"));
	assert_int_equal(a.n_connected + b.n_connected, 0);
}

static void a_caller_with_an_unknown_key_is_refused_and_both_know_why(void **unused)
{
	scoped(end_close) struct end a;
	scoped(end_close) struct end b;
	struct private_key other = key_of(77);

	(void)unused;
	end_open(&a, DUBLIN, (struct link_port_setup){ 0 });
	end_open(&b, MUMBAI, (struct link_port_setup){ 0 });
	b.sites[DUBLIN].key = key_public(&other);
	reload(&b);
	introduce(&a, MUMBAI, "127.0.0.1", port_of(&b));
	link_port_dial(a.port, MUMBAI);
	pump_until(&a, &b, a.n_closed && b.n_refused);
	assert_non_null(strstr(b.refused_why, "is none that lab.yaml names"));
	assert_non_null(strstr(a.why, "the other side refused our key, ed25519:"));
	assert_int_equal(b.n_connected, 0);
}

static void an_address_that_leads_back_to_ourselves_is_recognised(void **unused)
{
	scoped(end_close) struct end a;

	(void)unused;
	end_open(&a, DUBLIN, (struct link_port_setup){ 0 });
	introduce(&a, MUMBAI, "127.0.0.1", port_of(&a));
	link_port_dial(a.port, MUMBAI);
	pump_until(&a, NULL, a.n_closed && a.n_refused);
	assert_non_null(strstr(a.why, "this is our own key: the address leads back here"));
}

static void a_dial_that_nobody_answers_fails_once_with_the_reason(void **unused)
{
	scoped(end_close) struct end a;

	(void)unused;
	end_open(&a, DUBLIN, (struct link_port_setup){ 0 });
	introduce(&a, MUMBAI, "127.0.0.1", loopback_closed_port());
	link_port_dial(a.port, MUMBAI);
	assert_int_equal(a.n_closed, 0); /* never from inside the call */
	pump_until(&a, NULL, a.n_closed);
	assert_true(str_starts(a.why, "dialling 127.0.0.1:"));
	assert_non_null(strstr(a.why, "connection refused"));
	assert_int_equal(a.closed_connection, 0);
	pump_for(&a, NULL, 20);
	assert_int_equal(a.n_closed, 1);
}

static void a_dial_into_a_black_hole_ends_by_its_deadline(void **unused)
{
	scoped(end_close) struct end a;
	struct loopback *hole = loopback_black_hole();

	(void)unused;
	end_open(&a, DUBLIN, (struct link_port_setup){ .connect_ms = 100 });
	introduce(&a, MUMBAI, "127.0.0.1", loopback_port(hole));
	link_port_dial(a.port, MUMBAI);
	pump_until(&a, NULL, a.n_closed);
	assert_non_null(strstr(a.why, "no answer in time"));
	loopback_free(hole);
}

static void a_name_that_does_not_exist_fails_with_the_reason(void **unused)
{
	scoped(end_close) struct end a;

	(void)unused;
	end_open(&a, DUBLIN, (struct link_port_setup){ .lookup_ms = 2000 });
	introduce(&a, MUMBAI, "no-such-host.invalid", 7443);
	link_port_dial(a.port, MUMBAI);
	pump_until(&a, NULL, a.n_closed);
	assert_true(str_starts(a.why, "dialling no-such-host.invalid:7443: "));
}

/* Keep libuv's pool busy, so that no lookup gets its turn: as good as a resolver that hangs. */
#define POOL_THREADS 4
struct pool_jam {
	uv_work_t work[POOL_THREADS];
	uv_sem_t may_end;
};

static void wait_in_pool(uv_work_t *work)
{
	uv_sem_wait(work->data);
}

static void ignore_work(uv_work_t *work, int status)
{
	(void)work;
	(void)status;
}

static void jam_pool(struct pool_jam *jam, struct end *e)
{
	uv_sem_init(&jam->may_end, 0);
	for (int i = 0; i < POOL_THREADS; i++) {
		jam->work[i].data = &jam->may_end;
		uv_queue_work(&e->loop, &jam->work[i], wait_in_pool, ignore_work);
	}
}

static void free_pool(struct pool_jam *jam)
{
	for (int i = 0; i < POOL_THREADS; i++)
		uv_sem_post(&jam->may_end);
}

static void a_resolver_that_hangs_fails_the_dial_in_time(void **unused)
{
	scoped(end_close) struct end a;
	struct pool_jam jam;

	(void)unused;
	end_open(&a, DUBLIN, (struct link_port_setup){ .lookup_ms = 100 });
	introduce(&a, MUMBAI, "localhost", loopback_closed_port());
	jam_pool(&jam, &a);
	link_port_dial(a.port, MUMBAI);
	pump_until(&a, NULL, a.n_closed);
	assert_non_null(strstr(a.why, "its name isn't answered in time"));
	link_port_dial(a.port, MUMBAI); /* waits for the same lookup */
	free_pool(&jam);
	pump_until(&a, NULL, a.n_closed == 2);
	assert_non_null(strstr(a.why, "connection refused"));
}

static void without_a_resolver_a_name_is_dialled_where_it_last_was(void **unused)
{
	scoped(end_close) struct end a;
	scoped(end_close) struct end b;
	struct pool_jam jam;

	(void)unused;
	end_open(&a, DUBLIN, (struct link_port_setup){ .lookup_ms = 500 });
	end_open(&b, MUMBAI, (struct link_port_setup){ 0 });
	introduce(&a, MUMBAI, "localhost", port_of(&b));
	link_port_dial(a.port, MUMBAI);
	pump_until(&a, &b, a.n_connected == 1 && b.n_connected == 1);
	jam_pool(&jam, &a);
	link_port_dial(a.port, MUMBAI);
	pump_until(&a, &b, a.n_connected == 2 && b.n_connected == 2);
	free_pool(&jam);
	pump_for(&a, &b, 20);
	assert_int_equal(a.n_closed, 0);
}

/* A caller without manners: a plain socket. */
static int call(const struct end *e)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port_of(e)) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&sin, sizeof sin), 0);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

/* The socket is at its end: nothing more to read, or reset. */
static bool has_ended(int fd)
{
	char bytes[4096];
	ssize_t n = recv(fd, bytes, sizeof bytes, 0);

	return n == 0 || (n < 0 && errno != EAGAIN);
}

static void plain_text_is_turned_away_at_once(void **unused)
{
	scoped(end_close) struct end a;
	const char *get = "GET / HTTP/1.1\r\nHost: dublin\r\n\r\n";
	int fd;

	(void)unused;
	end_open(&a, DUBLIN, (struct link_port_setup){ 0 });
	fd = call(&a);
	assert_int_equal(send(fd, get, strlen(get), 0), strlen(get));
	pump_until(&a, NULL, a.n_refused && has_ended(fd));
	assert_true(str_starts(a.refused_why, "not a TLS 1.3 peer: "));
	close(fd);
}

static void a_caller_who_says_nothing_is_dropped_by_the_deadline(void **unused)
{
	scoped(end_close) struct end a;
	int fd;

	(void)unused;
	end_open(&a, DUBLIN, (struct link_port_setup){ .handshake_ms = 100 });
	fd = call(&a);
	pump_until(&a, NULL, a.n_refused && has_ended(fd));
	assert_string_equal(a.refused_why, "no TLS handshake within 100 ms");
	close(fd);
}

/* A TLS record header that promises 500 bytes, and then one byte now and then. */
static void a_caller_who_dribbles_is_dropped_by_the_same_deadline(void **unused)
{
	scoped(end_close) struct end a;
	uint64_t began;
	int fd;

	(void)unused;
	end_open(&a, DUBLIN, (struct link_port_setup){ .handshake_ms = 200 });
	fd = call(&a);
	began = uv_hrtime();
	assert_int_equal(send(fd, "\x16\x03\x01\x01\xf4\x01\x00\x01\xf0", 9, MSG_NOSIGNAL), 9);
	while (!a.n_refused && uv_hrtime() - began < 2000000000) {
		send(fd, "\x03", 1, MSG_NOSIGNAL);
		pump_for(&a, NULL, 10);
	}
	assert_string_equal(a.refused_why, "no TLS handshake within 200 ms");
	close(fd);
}

static void a_dialled_one_who_says_nothing_is_given_up_by_the_deadline(void **unused)
{
	scoped(end_close) struct end a;
	struct loopback *silent = loopback_tcp(visitor_wait, NULL);

	(void)unused;
	end_open(&a, DUBLIN, (struct link_port_setup){ .handshake_ms = 100 });
	introduce(&a, MUMBAI, "127.0.0.1", loopback_port(silent));
	link_port_dial(a.port, MUMBAI);
	pump_until(&a, NULL, a.n_closed);
	assert_non_null(strstr(a.why, "no TLS handshake within 100 ms"));
	assert_int_equal(a.closed_connection, 0);
	loopback_free(silent);
}

static void of_too_many_strangers_the_oldest_goes_and_peers_still_get_in(void **unused)
{
	scoped(end_close) struct end a;
	scoped(end_close) struct end b;
	int fds[LINK_STRANGERS_MAX + 8];

	(void)unused;
	end_open(&a, DUBLIN, (struct link_port_setup){ 0 });
	end_open(&b, MUMBAI, (struct link_port_setup){ 0 });
	for (size_t i = 0; i < COUNT(fds); i++) {
		fds[i] = call(&a);
		pump_for(&a, NULL, 1);
	}
	pump_until(&a, NULL, a.n_refused == COUNT(fds) - LINK_STRANGERS_MAX);
	assert_string_equal(a.refused_why, "too many callers who are not known yet");
	pump_until(&a, NULL, has_ended(fds[0]));
	assert_false(has_ended(fds[COUNT(fds) - 1]));
	introduce(&b, DUBLIN, "127.0.0.1", port_of(&a));
	link_port_dial(b.port, DUBLIN);
	pump_until(&a, &b, a.n_connected && b.n_connected);
	for (size_t i = 0; i < COUNT(fds); i++)
		close(fds[i]);
}

/* A peer gone bad: the right key, and any bytes. */
struct rogue {
	int fd;
	struct tls_identity *id;
	struct tls_session *tls;
	struct str plain;
	struct err e;
	enum rc rc;
};

static enum rc admit_anybody(void *ctx, const struct public_key *shown, struct err *why)
{
	(void)ctx;
	(void)shown;
	(void)why;
	return RC_OK;
}

static void rogue_pump(struct rogue *r)
{
	char bytes[4096];
	ssize_t n = recv(r->fd, bytes, sizeof bytes, 0);
	struct str out;

	if (n > 0 && r->rc == RC_OK)
		r->rc = tls_session_feed(r->tls, bytes, (size_t)n, &r->plain, &r->e);
	out = tls_session_take(r->tls);
	if (out.len)
		assert_int_equal(send(r->fd, out.s, out.len, MSG_NOSIGNAL), out.len);
	str_fini(&out);
}

static void rogue_open(struct rogue *r, struct end *a, uint8_t site)
{
	struct private_key key = key_of(site);

	*r = (struct rogue){ .fd = call(a) };
	assert_int_equal(tls_identity_new(&r->id, "x", &key, NULL), RC_OK);
	assert_int_equal(tls_session_new(&r->tls, r->id, TLS_DIAL,
				 &(struct tls_gate){ NULL, admit_anybody }, NULL),
		RC_OK);
	pump_until(a, NULL, (rogue_pump(r), a->n_connected));
}

static void rogue_say(struct rogue *r, const void *bytes, size_t n)
{
	assert_int_equal(tls_session_write(r->tls, bytes, n, NULL), RC_OK);
	rogue_pump(r);
}

static void rogue_close(struct rogue *r)
{
	close(r->fd);
	tls_session_free(r->tls);
	tls_identity_free(r->id);
	str_fini(&r->plain);
}
SCOPED_FINI(rogue_close, struct rogue)

/* What the port said before it closed. */
static void assert_told(struct rogue *r, struct end *a, const char *why)
{
	struct wire_in in;
	size_t used;

	pump_until(a, NULL, (rogue_pump(r), a->n_closed && r->rc != RC_OK));
	assert_string_equal(a->why, why);
	assert_int_equal(wire_read(r->plain.s, r->plain.len, &in, &used, NULL), RC_OK);
	assert_true(used > 0 && in.msg.kind == LINK_BYE);
	assert_string_equal(in.msg.why, why);
	assert_int_equal(r->rc, RC_OFFLINE); /* closed in order */
}

static void an_oversized_frame_ends_the_connection_and_both_know_why(void **unused)
{
	scoped(end_close) struct end a;
	scoped(rogue_close) struct rogue r;

	(void)unused;
	end_open(&a, DUBLIN, (struct link_port_setup){ 0 });
	rogue_open(&r, &a, MUMBAI);
	rogue_say(&r, "\x00\x40\x00\x01\x01\x01", 6);
	assert_told(&r, &a, "frame of 4194305 bytes, allowed are 2 to 4194304");
}

static void a_malformed_message_ends_the_connection_and_both_know_why(void **unused)
{
	scoped(end_close) struct end a;
	scoped(rogue_close) struct rogue r;

	(void)unused;
	end_open(&a, DUBLIN, (struct link_port_setup){ 0 });
	rogue_open(&r, &a, MUMBAI);
	rogue_say(&r, "\x00\x00\x00\x04\x01\x04{}", 8);
	assert_told(&r, &a, "BYE: member \"why\" is not a text");
}

static void a_peer_that_calls_itself_another_is_not_believed(void **unused)
{
	scoped(end_close) struct end a;
	scoped(rogue_close) struct rogue r;
	scoped(str_fini) struct str frame = STR_EMPTY;
	struct link_msg m = hello_of(OSLO);

	(void)unused;
	end_open(&a, DUBLIN, (struct link_port_setup){ 0 });
	rogue_open(&r, &a, MUMBAI);
	wire_write(&m, &frame);
	rogue_say(&r, frame.s, frame.len);
	assert_told(&r, &a, "it calls itself oslo and has the key of mumbai");
	assert_int_equal(a.n_received, 0);
}

/* What was said last and the closing note often arrive in one piece. */
static void rogue_say_and_leave(struct rogue *r, const void *bytes, size_t n)
{
	assert_int_equal(tls_session_write(r->tls, bytes, n, NULL), RC_OK);
	tls_session_end(r->tls);
	rogue_pump(r);
}

static void last_words_are_heard_though_nobody_waits_for_the_answer(void **unused)
{
	scoped(end_close) struct end a;
	scoped(rogue_close) struct rogue r;

	(void)unused;
	end_open(&a, DUBLIN, (struct link_port_setup){ 0 });
	a.answers = true;
	rogue_open(&r, &a, MUMBAI);
	rogue_say_and_leave(&r, "\x00\x00\x00\x0d\x01\x04{\"why\":\"x\"}", 17);
	pump_until(&a, NULL, a.n_closed);
	assert_string_equal(a.bye, "x");
	assert_string_equal(a.why, "closed by the other side");
}

static void nonsense_as_last_words_is_no_more_than_nonsense(void **unused)
{
	scoped(end_close) struct end a;
	scoped(rogue_close) struct rogue r;

	(void)unused;
	end_open(&a, DUBLIN, (struct link_port_setup){ 0 });
	rogue_open(&r, &a, MUMBAI);
	rogue_say_and_leave(&r, "\x00\x00\x00\x04\x01\x04{}", 8);
	pump_until(&a, NULL, a.n_closed);
	assert_string_equal(a.why, "BYE: member \"why\" is not a text");
}

static void messages_of_unknown_kinds_are_skipped(void **unused)
{
	scoped(end_close) struct end a;
	scoped(rogue_close) struct rogue r;

	(void)unused;
	end_open(&a, DUBLIN, (struct link_port_setup){ 0 });
	rogue_open(&r, &a, MUMBAI);
	rogue_say(&r, "\x00\x00\x00\x05\x01\x63xyz\x00\x00\x00\x0d\x01\x04{\"why\":\"x\"}", 26);
	pump_until(&a, NULL, a.n_received);
	assert_int_equal(a.n_received, 1);
	assert_string_equal(a.bye, "x");
}

static void a_stream_cut_off_is_told(void **unused)
{
	scoped(end_close) struct end a;
	scoped(rogue_close) struct rogue r;

	(void)unused;
	end_open(&a, DUBLIN, (struct link_port_setup){ 0 });
	rogue_open(&r, &a, MUMBAI);
	shutdown(r.fd, SHUT_RDWR);
	pump_until(&a, NULL, a.n_closed);
	assert_string_equal(a.why, "the connection was closed by the other side");
	assert_int_equal(a.closed_connection, a.connection);
}

static void ten_thousand_messages_arrive_in_order(void **unused)
{
	scoped(end_close) struct end a;
	scoped(end_close) struct end b;
	static struct link_head heads[8];
	size_t fullest = 0;

	(void)unused;
	for (size_t i = 0; i < COUNT(heads); i++)
		strcpy(heads[i].site, "dublin");
	open_pair(&a, &b);
	for (uint64_t i = 0; i < 10000; i++) { /* 8 MB; the other side doesn't read meanwhile */
		struct link_msg m = { .kind = LINK_BEAT, .beat = i, .heads = heads, .n_heads = 8 };

		link_port_send(a.port, a.connection, &m);
	}
	fullest = link_port_usage(a.port).outbox_bytes;
	assert_in_range(fullest, 1 << 20, LINK_OUTBOX_BYTES_MAX);
	pump_until(&a, &b, b.n_received == 10000);
	assert_int_equal(b.next_beat, 10000);
	pump_until(&a, &b, link_port_usage(a.port).outbox_bytes == 0);
	assert_int_equal(a.n_closed + b.n_closed, 0);
}

static void who_does_not_take_what_is_sent_is_disconnected(void **unused)
{
	scoped(end_close) struct end a;
	scoped(end_close) struct end b;
	scoped(str_fini) struct str line = STR_EMPTY;
	struct link_msg m = { .kind = LINK_EVENTS, .n_events = 1 };

	(void)unused;
	for (int i = 0; i < 1000000; i++)
		str_addc(&line, 'x');
	str_addc(&line, '\n');
	m.events = line.s;
	m.events_len = line.len;
	open_pair(&a, &b);
	for (int i = 0; i < 64 && a.n_closed == 0; i++) {
		link_port_send(a.port, a.connection, &m);
		assert_int_equal(a.n_closed, 0); /* never from inside the call */
		pump(&a, NULL);                  /* b stands still */
	}
	assert_int_equal(a.n_closed, 1);
	assert_string_equal(a.why, "the other side doesn't take what is sent: 16 MiB wait");
	pump_until(&a, &b, b.n_closed);
}

static void the_largest_frame_fits(void **unused)
{
	scoped(end_close) struct end a;
	scoped(end_close) struct end b;
	scoped(str_fini) struct str line = STR_EMPTY;
	struct link_msg m = { .kind = LINK_EVENTS, .n_events = 1 };

	(void)unused;
	while (line.len < LINK_FRAME_BYTES_MAX - 2 - 4 - 1)
		str_addc(&line, 'x');
	str_addc(&line, '\n');
	m.events = line.s;
	m.events_len = line.len;
	open_pair(&a, &b);
	link_port_send(a.port, a.connection, &m);
	pump_until(&a, &b, b.n_received);
	assert_int_equal(b.events_bytes, line.len);
}

/* Between the two: one byte each way a round. */
struct relay {
	int listener, in, out;
};

static void relay_open(struct relay *r, const struct end *to, uint16_t *ret_port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t n = sizeof sin;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	r->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(r->listener, (struct sockaddr *)&sin, sizeof sin), 0);
	assert_int_equal(listen(r->listener, 1), 0);
	assert_int_equal(getsockname(r->listener, (struct sockaddr *)&sin, &n), 0);
	*ret_port = ntohs(sin.sin_port);
	fcntl(r->listener, F_SETFL, O_NONBLOCK);
	r->in = -1;
	r->out = call(to);
}

static void carry_byte(int from, int to)
{
	char byte;

	if (recv(from, &byte, 1, MSG_DONTWAIT) == 1)
		assert_int_equal(send(to, &byte, 1, MSG_NOSIGNAL), 1);
}

static void relay_pump(struct relay *r)
{
	int one = 1;

	if (r->in < 0) {
		r->in = accept(r->listener, NULL, NULL);
		if (r->in >= 0)
			setsockopt(r->in, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		return;
	}
	carry_byte(r->in, r->out);
	carry_byte(r->out, r->in);
}

static void one_byte_at_a_time_is_enough(void **unused)
{
	scoped(end_close) struct end a;
	scoped(end_close) struct end b;
	struct link_msg m = hello_of(DUBLIN);
	struct relay r;
	uint16_t port;

	(void)unused;
	end_open(&a, DUBLIN, (struct link_port_setup){ 0 });
	end_open(&b, MUMBAI, (struct link_port_setup){ 0 });
	relay_open(&r, &b, &port);
	introduce(&a, MUMBAI, "127.0.0.1", port);
	link_port_dial(a.port, MUMBAI);
	pump_until(&a, &b, (relay_pump(&r), a.n_connected && b.n_connected));
	link_port_send(a.port, a.connection, &m);
	m.kind = LINK_BYE;
	link_port_send(a.port, a.connection, &m);
	pump_until(&a, &b, (relay_pump(&r), b.n_received == 2));
	close(r.listener);
	close(r.in);
	close(r.out);
}

static void what_was_sent_before_closing_still_arrives(void **unused)
{
	scoped(end_close) struct end a;
	scoped(end_close) struct end b;
	struct link_msg bye = { .kind = LINK_BYE, .why = "stopping" };
	struct link_msg beat = { .kind = LINK_BEAT };

	(void)unused;
	open_pair(&a, &b);
	link_port_send(b.port, b.connection, &beat); /* unread by a when it closes */
	pump_for(NULL, &b, 5);
	link_port_send(a.port, a.connection, &bye);
	link_port_close(a.port, a.connection);
	link_port_send(a.port, a.connection, &bye); /* too late, ignored */
	pump_until(&a, &b, b.n_closed);
	assert_int_equal(b.n_received, 1);
	assert_string_equal(b.bye, "stopping");
	assert_string_equal(b.why, "closed by the other side");
	pump_until(&a, &b, link_port_usage(a.port).connections == 0);
	assert_int_equal(a.n_closed, 0); /* it was us */
}

static void a_changed_key_ends_the_connection(void **unused)
{
	scoped(end_close) struct end a;
	scoped(end_close) struct end b;
	struct private_key other = key_of(77);

	(void)unused;
	open_pair(&a, &b);
	a.sites[MUMBAI].key = key_public(&other);
	reload(&a);
	assert_int_equal(a.n_closed, 0);
	pump_until(&a, &b, a.n_closed && b.n_closed);
	assert_string_equal(a.why, "its key in lab.yaml is another one now");
	link_port_dial(a.port, MUMBAI);
	pump_until(&a, &b, a.n_closed == 2);
	assert_non_null(strstr(a.why, "its key is ed25519:"));
}

static void a_peer_that_moves_in_the_list_keeps_its_connection(void **unused)
{
	scoped(end_close) struct end a;
	scoped(end_close) struct end b;
	struct link_port_site mumbai;
	struct link_msg m = hello_of(MUMBAI);

	(void)unused;
	open_pair(&a, &b);
	mumbai = a.sites[MUMBAI];
	a.sites[MUMBAI] = a.sites[OSLO];
	a.sites[OSLO] = mumbai;
	reload(&a);
	a.peer = OSLO; /* on_received checks it */
	link_port_send(b.port, b.connection, &m);
	pump_until(&a, &b, a.n_received);
	assert_int_equal(a.n_closed, 0);
}

static void a_peer_that_is_gone_is_dropped_without_a_word(void **unused)
{
	scoped(end_close) struct end a;
	scoped(end_close) struct end b;

	(void)unused;
	open_pair(&a, &b);
	a.sites[MUMBAI].name = "lisbon";
	reload(&a);
	pump_until(&a, &b, b.n_closed);
	assert_int_equal(a.n_closed, 0);
}

static void a_dial_to_an_address_that_changes_ends(void **unused)
{
	scoped(end_close) struct end a;
	struct loopback *hole = loopback_black_hole();

	(void)unused;
	end_open(&a, DUBLIN, (struct link_port_setup){ 0 });
	introduce(&a, MUMBAI, "127.0.0.1", loopback_port(hole));
	link_port_dial(a.port, MUMBAI);
	pump_for(&a, NULL, 5);
	introduce(&a, MUMBAI, "127.0.0.1", loopback_closed_port());
	pump_until(&a, NULL, a.n_closed);
	assert_non_null(strstr(a.why, "its address in lab.yaml is another one now"));
	link_port_dial(a.port, MUMBAI);
	pump_until(&a, NULL, a.n_closed == 2);
	assert_non_null(strstr(a.why, "connection refused"));
	loopback_free(hole);
}

static void a_bad_reload_changes_nothing(void **unused)
{
	scoped(end_close) struct end a;
	scoped(end_close) struct end b;
	struct link_port_lab lab;
	struct err e = { 0 };

	(void)unused;
	open_pair(&a, &b);
	lab = lab_of(&a);
	a.sites[OSLO].address = "nonsense";
	assert_int_equal(link_port_reload(a.port, &lab, &e), RC_INPUT);
	assert_string_equal(e.text, "address of site oslo: 'nonsense' is not host:port (IPv6 "
				    "addresses stand in brackets: [::1]:7080)");
	a.sites[OSLO].address = "127.0.0.1:1";
	lab.self = OSLO;
	assert_int_equal(link_port_reload(a.port, &lab, &e), RC_REFUSED);
	lab.self = DUBLIN;
	a.sites[DUBLIN].address = link_port_listens(b.port); /* taken */
	assert_int_equal(link_port_reload(a.port, &lab, &e), RC_IO);
	assert_non_null(strstr(e.text, "address already in use"));
	pump_for(&a, &b, 20);
	assert_int_equal(a.n_closed + b.n_closed, 0);
	close(call(&a)); /* it listens again */
}

static void a_port_that_cannot_be_opened_says_why(void **unused)
{
	scoped(end_close) struct end a;
	struct private_key own = key_of(MUMBAI);
	struct link_port_setup setup = { .key = &own };
	struct link_port *port = NULL;
	struct err e = { 0 };

	(void)unused;
	end_open(&a, DUBLIN, (struct link_port_setup){ 0 });
	setup.loop = &a.loop;
	setup.lab = lab_of(&a);
	assert_int_equal(link_port_new(&port, &setup, &e), RC_REFUSED);
	assert_string_equal(e.text, "our private key isn't the one of site dublin in lab.yaml");
	setup.lab.self = MUMBAI;
	a.sites[MUMBAI].address = link_port_listens(a.port);
	assert_int_equal(link_port_new(&port, &setup, &e), RC_IO);
	assert_non_null(strstr(e.text, "address already in use"));
	assert_null(port);
}

static void stopping_says_the_last_words_and_ends_everything(void **unused)
{
	scoped(end_close) struct end a;
	scoped(end_close) struct end b;
	struct link_msg bye = { .kind = LINK_BYE, .why = "stopping" };
	struct loopback *hole = loopback_black_hole();
	int fd;

	(void)unused;
	open_pair(&a, &b);
	introduce(&a, OSLO, "127.0.0.1", loopback_port(hole));
	link_port_dial(a.port, OSLO);
	fd = call(&a);
	pump_for(&a, &b, 5);
	link_port_send(a.port, a.connection, &bye);
	link_port_stop(a.port, on_stopped, &a);
	a.port = NULL;
	pump_until(&a, &b, a.has_stopped);
	assert_string_equal(b.bye, "stopping");
	assert_int_equal(a.n_closed, 0);
	close(fd);
	loopback_free(hole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_sites_connect_and_exchange_messages),
		cmocka_unit_test(both_may_dial_at_once_and_both_connections_are_told),
		cmocka_unit_test(ipv6_works_as_well),
		cmocka_unit_test(a_name_as_own_address_means_all_interfaces),
		cmocka_unit_test(who_dials_and_finds_another_key_says_so_and_both_know_why),
		cmocka_unit_test(a_caller_with_an_unknown_key_is_refused_and_both_know_why),
		cmocka_unit_test(an_address_that_leads_back_to_ourselves_is_recognised),
		cmocka_unit_test(a_dial_that_nobody_answers_fails_once_with_the_reason),
		cmocka_unit_test(a_dial_into_a_black_hole_ends_by_its_deadline),
		cmocka_unit_test(a_name_that_does_not_exist_fails_with_the_reason),
		cmocka_unit_test(a_resolver_that_hangs_fails_the_dial_in_time),
		cmocka_unit_test(without_a_resolver_a_name_is_dialled_where_it_last_was),
		cmocka_unit_test(plain_text_is_turned_away_at_once),
		cmocka_unit_test(a_caller_who_says_nothing_is_dropped_by_the_deadline),
		cmocka_unit_test(a_caller_who_dribbles_is_dropped_by_the_same_deadline),
		cmocka_unit_test(a_dialled_one_who_says_nothing_is_given_up_by_the_deadline),
		cmocka_unit_test(of_too_many_strangers_the_oldest_goes_and_peers_still_get_in),
		cmocka_unit_test(an_oversized_frame_ends_the_connection_and_both_know_why),
		cmocka_unit_test(a_malformed_message_ends_the_connection_and_both_know_why),
		cmocka_unit_test(a_peer_that_calls_itself_another_is_not_believed),
		cmocka_unit_test(last_words_are_heard_though_nobody_waits_for_the_answer),
		cmocka_unit_test(nonsense_as_last_words_is_no_more_than_nonsense),
		cmocka_unit_test(messages_of_unknown_kinds_are_skipped),
		cmocka_unit_test(a_stream_cut_off_is_told),
		cmocka_unit_test(ten_thousand_messages_arrive_in_order),
		cmocka_unit_test(who_does_not_take_what_is_sent_is_disconnected),
		cmocka_unit_test(the_largest_frame_fits),
		cmocka_unit_test(one_byte_at_a_time_is_enough),
		cmocka_unit_test(what_was_sent_before_closing_still_arrives),
		cmocka_unit_test(a_changed_key_ends_the_connection),
		cmocka_unit_test(a_peer_that_moves_in_the_list_keeps_its_connection),
		cmocka_unit_test(a_peer_that_is_gone_is_dropped_without_a_word),
		cmocka_unit_test(a_dial_to_an_address_that_changes_ends),
		cmocka_unit_test(a_bad_reload_changes_nothing),
		cmocka_unit_test(a_port_that_cannot_be_opened_says_why),
		cmocka_unit_test(stopping_says_the_last_words_and_ends_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
