/* SPDX-License-Identifier: Apache-2.0 */
#include "port/link/link_port_fixture.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const names[SITES] = { "dublin", "mumbai", "oslo" };

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

struct private_key key_of(unsigned site)
{
	struct private_key key;

	memset(key.bytes, (int)site + 1, sizeof key.bytes);
	return key;
}

struct link_port_lab lab_of(struct end *e)
{
	return (struct link_port_lab){ e->sites, SITES, e->self };
}

/* A port of site `self` on a free port of loopback; it knows nobody's address yet. */
void end_open(struct end *e, uint8_t self, struct link_port_setup setup)
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

void on_stopped(void *ctx)
{
	((struct end *)ctx)->has_stopped = true;
}

void end_close(struct end *e)
{
	if (e->port)
		link_port_stop(e->port, on_stopped, e);
	while (uv_run(&e->loop, UV_RUN_ONCE))
		;
	assert_true(!e->port || e->has_stopped);
	assert_int_equal(uv_loop_close(&e->loop), 0);
}

void reload(struct end *e)
{
	struct link_port_lab lab = lab_of(e);
	struct err why = { 0 };

	if (link_port_reload(e->port, &lab, &why) != RC_OK)
		fail_msg("%s", why.text);
}

uint16_t port_of(const struct end *e)
{
	return (uint16_t)atoi(strrchr(link_port_listens(e->port), ':') + 1);
}

/* Tell `e` where `peer` is. */
void introduce(struct end *e, uint8_t peer, const char *host, uint16_t port)
{
	snprintf(e->addresses[peer], sizeof e->addresses[peer], "%s:%u", host, port);
	reload(e);
}

/* One round of one or two loops (NULL: none). */
void pump(struct end *a, struct end *b)
{
	if (a)
		uv_run(&a->loop, UV_RUN_NOWAIT);
	if (b)
		uv_run(&b->loop, UV_RUN_NOWAIT);
	usleep(50);
}

void pump_for(struct end *a, struct end *b, uint64_t ms)
{
	uint64_t until = uv_hrtime() + ms * 1000000;

	while (uv_hrtime() < until)
		pump(a, b);
}

/* Dublin and Mumbai, connected; Dublin dialled. */
void open_pair(struct end *a, struct end *b)
{
	end_open(a, DUBLIN, (struct link_port_setup){ 0 });
	end_open(b, MUMBAI, (struct link_port_setup){ 0 });
	introduce(a, MUMBAI, "127.0.0.1", port_of(b));
	link_port_dial(a->port, MUMBAI);
	pump_until(a, b, a->n_connected && b->n_connected);
}

struct link_msg hello_of(uint8_t site)
{
	struct link_msg m = { .kind = LINK_HELLO, .protocol = LINK_PROTOCOL };

	str_copy(m.site, sizeof m.site, names[site]);
	return m;
}

/* A caller without manners: a plain socket. */
int call(const struct end *e)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port_of(e)) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&sin, sizeof sin), 0);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}
