/* SPDX-License-Identifier: Apache-2.0 */
/* All kinds of callers: silent, slow, many, and peers gone bad. */
#include "port/link/link_port_fixture.h"

#include "core/peer/wire.h"
#include "port/tls/tls.h"
#include "test/support/loopback.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
