/* SPDX-License-Identifier: Apache-2.0 */
#include "port/probe/resolve.h"

#include "base/mem.h"
#include "test/support/dns_answer.h"
#include "test/support/loopback.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TYPE_A    1
#define TYPE_AAAA 28

/* nas.* has both addresses, four.* one, mute.* never answers, all else doesn't exist. */
static size_t serve(void *ctx, unsigned number, uint8_t *datagram, size_t n, size_t size)
{
	static const struct dns_answer_rr v4 = { "\xc0\x0c", 2, TYPE_A, 1, "\x0a\1\0\2", 4 };
	static const struct dns_answer_rr v6 = { "\xc0\x0c", 2, TYPE_AAAA, 1,
		"\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2", 16 };
	const char *name = (const char *)datagram + 13;
	bool is_nas = memcmp(name, "nas", 3) == 0, is_four = memcmp(name, "four", 4) == 0;
	struct dns_answer a;
	size_t question = 12 + strlen((char *)datagram + 12) + 1 + 4;
	uint16_t type = (uint16_t)(datagram[question - 4] << 8 | datagram[question - 3]);

	(void)number, (void)size, (void)n;
	if (ctx || memcmp(name, "mute", 4) == 0)
		return 0;
	datagram[10] = datagram[11] = 0; /* what else the query carries isn't answered */
	dns_answer_to(&a, datagram, question, is_nas || is_four ? 0 : 3);
	if (type == TYPE_A && (is_nas || is_four))
		dns_answer_add(&a, DNS_ANSWER, &v4);
	if (type == TYPE_AAAA && is_nas)
		dns_answer_add(&a, DNS_ANSWER, &v6);
	memcpy(datagram, a.bytes, a.n);
	return a.n;
}

struct bench {
	uv_loop_t loop;
	struct resolver *resolver;
	struct loopback *server;
	bool is_closed;
};

struct asked {
	unsigned n_answers;
	bool is_found;
	char address[IP_PORT_TEXT_MAX], why[320];
	struct bench *bench;
};

static void on_closed(void *ctx)
{
	struct bench *b = ctx;

	b->is_closed = true;
}

static int set_up(void **state)
{
	struct bench *b = must_alloc(sizeof *b);
	char server[32];

	must(uv_loop_init(&b->loop) == 0);
	b->server = loopback_udp(serve, NULL);
	b->resolver = resolver_new(&b->loop);
	snprintf(server, sizeof server, "127.0.0.1:%u", loopback_port(b->server));
	resolver_use_server(b->resolver, server);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	resolver_close(b->resolver, on_closed, b);
	uv_run(&b->loop, UV_RUN_DEFAULT);
	must(b->is_closed && uv_loop_close(&b->loop) == 0);
	loopback_free(b->server);
	free(b);
	return 0;
}

static void on_answer(void *ctx, const struct ip_address *to, const char *why)
{
	struct asked *a = ctx;

	a->n_answers++;
	a->is_found = to != NULL;
	if (to)
		ip_text_port(to, a->address);
	else
		snprintf(a->why, sizeof a->why, "%s", why);
}

static struct lookup *ask(struct bench *b, struct asked *a, const char *host, enum ip_protocol ip)
{
	struct lookup_wish wish = { .host = host, .port = 80, .ip = ip };

	return lookup_start(b->resolver, &wish, on_answer, a);
}

static struct asked answer_to(struct bench *b, const struct lookup_wish *wish)
{
	struct asked a = { 0 };

	lookup_start(b->resolver, wish, on_answer, &a);
	while (a.n_answers == 0)
		uv_run(&b->loop, UV_RUN_ONCE);
	return a;
}

static void assert_found(struct bench *b, struct lookup_wish wish, const char *address)
{
	struct asked a = answer_to(b, &wish);

	assert_string_equal(a.why, "");
	assert_string_equal(a.address, address);
}

static void the_wanted_protocol_comes_first_and_the_other_as_fallback(void **state)
{
	struct bench *b = *state;

	assert_found(b, (struct lookup_wish){ "nas.test", 443, IP_V4, false }, "10.1.0.2:443");
	assert_found(b, (struct lookup_wish){ "nas.test", 443, IP_V6, false }, "[fd00::2]:443");
	assert_found(b, (struct lookup_wish){ "nas.test", 443, IP_V4, true }, "10.1.0.2:443");
	assert_found(b, (struct lookup_wish){ "nas.test", 443, IP_V6, true }, "[fd00::2]:443");
	assert_found(b, (struct lookup_wish){ "four.test", 1, IP_V6, true }, "10.1.0.2:1");
	assert_found(b, (struct lookup_wish){ "four.test", 1, IP_ANY, false }, "10.1.0.2:1");
}

static void no_address_is_said_as_such(void **state)
{
	struct lookup_wish none = { "nowhere.test", 1, IP_ANY, false };
	struct lookup_wish other = { "four.test", 1, IP_V6, false };

	assert_string_equal(answer_to(*state, &none).why, "'nowhere.test' has no address");
	assert_string_equal(answer_to(*state, &other).why, "'four.test' has no address");
}

static void a_name_of_this_machine_needs_no_server(void **state)
{
	struct asked a = { 0 };

	assert_null(ask(*state, &a, "localhost", IP_V4));
	assert_int_equal(a.n_answers, 1);
	assert_string_equal(a.address, "127.0.0.1:80");
}

static void a_slow_name_does_not_hold_up_the_others(void **state)
{
	struct bench *b = *state;
	struct asked slow = { 0 }, quick[50] = { 0 };
	struct lookup *lookup = ask(b, &slow, "mute.test", IP_V4);
	unsigned n = 0;

	for (size_t i = 0; i < COUNT(quick); i++)
		assert_non_null(ask(b, &quick[i], "nas.test", IP_V4));
	while (n < COUNT(quick)) {
		uv_run(&b->loop, UV_RUN_ONCE);
		n = 0;
		for (size_t i = 0; i < COUNT(quick); i++)
			n += quick[i].n_answers;
	}
	assert_int_equal(slow.n_answers, 0);
	lookup_cancel(lookup);
}

static void a_cancelled_lookup_never_answers(void **state)
{
	struct bench *b = *state;
	struct asked a = { 0 }, other = { 0 };
	struct lookup *lookup = ask(b, &a, "nas.test", IP_V4);

	lookup_cancel(lookup);
	ask(b, &other, "four.test", IP_V4);
	while (other.n_answers == 0)
		uv_run(&b->loop, UV_RUN_ONCE);
	assert_int_equal(a.n_answers, 0);
}

static void a_changed_server_takes_over_what_is_under_way(void **state)
{
	struct bench *b = *state;
	struct loopback *mute = loopback_udp(serve, b);
	struct asked a = { 0 };
	char silent[32], good[32];

	snprintf(silent, sizeof silent, "127.0.0.1:%u", loopback_port(mute));
	snprintf(good, sizeof good, "127.0.0.1:%u", loopback_port(b->server));
	resolver_use_server(b->resolver, silent);
	ask(b, &a, "nas.test", IP_V4);
	while (loopback_visits(mute) == 0)
		uv_run(&b->loop, UV_RUN_NOWAIT);
	assert_int_equal(a.n_answers, 0);
	resolver_use_server(b->resolver, good);
	while (a.n_answers == 0)
		uv_run(&b->loop, UV_RUN_ONCE);
	assert_string_equal(a.address, "10.1.0.2:80");
	loopback_free(mute);
}

static void on_answer_ask_again(void *ctx, const struct ip_address *to, const char *why)
{
	struct asked *a = ctx;
	struct lookup_wish wish = { .host = "four.test", .port = 2 };

	(void)to, (void)why;
	lookup_start(a->bench->resolver, &wish, on_answer, a);
}

static void an_answer_may_ask_the_next_question(void **state)
{
	struct lookup_wish wish = { .host = "nas.test", .port = 1, .ip = IP_V4 };
	struct asked a = { .bench = *state };

	lookup_start(a.bench->resolver, &wish, on_answer_ask_again, &a);
	while (a.n_answers == 0)
		uv_run(&a.bench->loop, UV_RUN_ONCE);
	assert_string_equal(a.address, "10.1.0.2:2");
}

int main(void)
{
#define RESOLVING(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		RESOLVING(the_wanted_protocol_comes_first_and_the_other_as_fallback),
		RESOLVING(no_address_is_said_as_such),
		RESOLVING(a_name_of_this_machine_needs_no_server),
		RESOLVING(a_slow_name_does_not_hold_up_the_others),
		RESOLVING(a_cancelled_lookup_never_answers),
		RESOLVING(a_changed_server_takes_over_what_is_under_way),
		RESOLVING(an_answer_may_ask_the_next_question),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
