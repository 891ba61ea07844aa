/* SPDX-License-Identifier: Apache-2.0 */
/* What is sent arrives, in order, whole, and within bounds. */
#include "port/link/link_port_fixture.h"

#include "base/limits.h"

#include <endian.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

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

/* A message with a record of so many bytes. */
static struct link_msg one_event(struct str *record, uint32_t size)
{
	uint32_t length = htobe32(size - (uint32_t)sizeof length);

	str_addn(record, &length, sizeof length);
	while (record->len < size)
		str_addc(record, 'x');
	return (struct link_msg){ .kind = LINK_EVENTS,
		.n_events = 1,
		.events = record->s,
		.events_len = record->len };
}

static void who_does_not_take_what_is_sent_is_disconnected(void **unused)
{
	scoped(end_close) struct end a;
	scoped(end_close) struct end b;
	scoped(str_fini) struct str record = STR_EMPTY;
	struct link_msg m = one_event(&record, 1000000);

	(void)unused;
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
	scoped(str_fini) struct str record = STR_EMPTY;
	struct link_msg m = one_event(&record, LINK_FRAME_BYTES_MAX - 2 - 4);

	(void)unused;
	open_pair(&a, &b);
	link_port_send(a.port, a.connection, &m);
	pump_until(&a, &b, b.n_received);
	assert_int_equal(b.events_bytes, record.len);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ten_thousand_messages_arrive_in_order),
		cmocka_unit_test(who_does_not_take_what_is_sent_is_disconnected),
		cmocka_unit_test(the_largest_frame_fits),
		cmocka_unit_test(one_byte_at_a_time_is_enough),
		cmocka_unit_test(what_was_sent_before_closing_still_arrives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
