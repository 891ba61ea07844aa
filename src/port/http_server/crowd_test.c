/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that are too slow or too many. */
#include "port/http_server/http_fixture.h"

#include <sched.h>

/* Bytes keep coming, so no timeout that starts over with each would ever end. */
static void dribble(struct fixture *f, const char *first, const char *then)
{
	scoped(pump_fini) struct pump p;

	fixture_connect(f, &p);
	pump_send(&p, first);
	for (int i = 0; i < 100 && !pump_until_closed(&p, 50); i++)
		pump_send(&p, then);
	assert_true(p.is_closed);
}

static void a_client_that_dribbles_is_cut_off(void **state)
{
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_start(&f, (struct http_server_setup){ .patience = fixture_short_patience });
	dribble(&f, "GET / " HEAD, "a: b\r\n");
	dribble(&f, "POST / " HEAD "Content-Length: 900\r\n\r\n", "x");
	dribble(&f, "", "");
	assert_int_equal(f.handled, 0);
	assert_int_equal(http_server_connections(f.server), 0);
}

static void an_idle_connection_is_closed(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_fini) struct pump p;
	scoped(pump_answer_fini) struct pump_answer a;

	(void)state;
	fixture_start(&f, (struct http_server_setup){ .patience = fixture_short_patience });
	fixture_connect(&f, &p);
	pump_send(&p, "GET / " HEAD "\r\n");
	pump_answer(&p, &a);
	assert_int_equal(a.status, 200);
	assert_true(pump_until_closed(&p, 3000));
}

/* `n` connections, one after the other, each of which sends `text`. */
static void crowd(struct fixture *f, struct pump *p, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++) {
		fixture_connect(f, &p[i]);
		pump_send(&p[i], text);
		pump_run(&f->loop, 20);
	}
}

static void beyond_the_limit_connections_wait_for_those_being_served(void **state)
{
	scoped(fixture_fini) struct fixture f;
	struct pump p[3];

	(void)state;
	fixture_start(&f, (struct http_server_setup){ .connections_max = 2 });
	crowd(&f, p, 2, "POST / " HEAD "Content-Length: 9\r\n\r\n");
	fixture_connect(&f, &p[2]);
	pump_send(&p[2], "GET / " HEAD "\r\n");
	assert_false(pump_until_closed(&p[0], 200));
	assert_int_equal(p[2].got.len, 0);
	assert_int_equal(http_server_connections(f.server), 2);
	pump_fini(&p[0]);
	assert_true(pump_until(&p[2], "200 OK"));
	pump_fini(&p[1]);
	pump_fini(&p[2]);
}

static void idle_connections_make_room_the_longest_idle_first(void **state)
{
	scoped(fixture_fini) struct fixture f;
	struct pump p[4];

	(void)state;
	fixture_start(&f, (struct http_server_setup){ .connections_max = 3 });
	crowd(&f, p, 3, "GET / " HEAD "\r\n");
	pump_send(&p[0], "GET /again " HEAD "\r\n"); /* so that p[1] is idle for longest */
	pump_run(&f.loop, 20);
	fixture_connect(&f, &p[3]);
	pump_send(&p[3], "GET / " HEAD "\r\n");
	assert_true(pump_until(&p[3], "200 OK"));
	assert_true(pump_until_closed(&p[1], 1000));
	assert_false(pump_until_closed(&p[0], 50));
	assert_false(pump_until_closed(&p[2], 50));
	for (size_t i = 0; i < COUNT(p); i++)
		pump_fini(&p[i]);
}

static void a_crowd_that_says_nothing_keeps_nobody_out(void **state)
{
	enum { PLACES = 8 };
	scoped(fixture_fini) struct fixture f;
	struct pump silent[5 * PLACES];

	(void)state;
	fixture_start(&f, (struct http_server_setup){ .connections_max = PLACES });
	for (size_t i = 0; i < COUNT(silent); i++)
		fixture_connect(&f, &silent[i]);
	for (int i = 0; i < 3; i++) {
		scoped(pump_fini) struct pump honest;

		fixture_connect(&f, &honest);
		pump_send(&honest, "GET / " HEAD "\r\n");
		assert_true(pump_until(&honest, "200 OK"));
	}
	assert_in_range(http_server_connections(f.server), 1, PLACES);
	for (size_t i = 0; i < COUNT(silent); i++)
		pump_fini(&silent[i]);
}

static void who_is_served_is_not_shown_out_for_a_crowd(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_fini) struct pump follower;
	struct pump many[6];

	(void)state;
	fixture_start(&f, (struct http_server_setup){ .connections_max = 3 });
	fixture_connect(&f, &follower);
	pump_send(&follower, "GET /stream " HEAD "\r\n");
	assert_true(pump_until(&follower, "\r\n\r\n"));
	crowd(&f, many, COUNT(many), "GET / HTTP/1.1\r\n");
	pump_run(&f.loop, 50);
	str_add(&f.flow, "still here");
	http_stream_wake(f.kept);
	assert_true(pump_until(&follower, "still here"));
	for (size_t i = 0; i < COUNT(many); i++)
		pump_fini(&many[i]);
}

/* An address of this machine that isn't loopback, with the port of `listen`. */
static bool outside_address(const char *listen, char *ret, size_t size)
{
	uv_interface_address_t *all;
	int n;
	bool found = false;

	if (uv_interface_addresses(&all, &n) != 0)
		return false;
	for (int i = 0; i < n && !found; i++) {
		char ip[64];

		found = !all[i].is_internal && all[i].address.address4.sin_family == AF_INET;
		if (found && uv_ip4_name(&all[i].address.address4, ip, sizeof ip) == 0)
			snprintf(ret, size, "%s%s", ip, strrchr(listen, ':'));
	}
	uv_free_interface_addresses(all, n);
	return found;
}

static void one_address_cannot_take_all_connections(void **state)
{
	scoped(fixture_fini) struct fixture f;
	struct pump p[HTTP_CONNECTIONS_PER_ADDRESS_MAX + 1];
	char address[128];

	(void)state;
	fixture_start(&f, (struct http_server_setup){ .listen = ":0" });
	if (!outside_address(http_server_address(f.server), address, sizeof address))
		skip();
	for (size_t i = 0; i < COUNT(p); i++)
		pump_connect(&p[i], &f.loop, address);
	assert_true(pump_until_closed(&p[COUNT(p) - 1], PUMP_MS));
	assert_int_equal(http_server_connections(f.server), HTTP_CONNECTIONS_PER_ADDRESS_MAX);
	for (size_t i = 0; i < COUNT(p); i++)
		pump_fini(&p[i]);
}

/* A network of our own, with nothing in it but these addresses; false where we may not make one. */
static bool enter_network(uv_loop_t *loop, const char *const *addresses, size_t n)
{
	const char *const up[] = { "ip", "link", "set", "lo", "up", NULL };

	if (unshare(CLONE_NEWNET) != 0 || fixture_run(loop, up) != 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		const char *const add[] = { "ip", "addr", "add", addresses[i], "dev", "lo", "nodad",
			NULL };

		if (fixture_run(loop, add) != 0)
			return false;
	}
	return true;
}

/* As many addresses as one likes come with one line from a provider. */
static void one_ipv6_network_cannot_take_all_connections(void **state)
{
	static const char *const addresses[] = { "2001:db8:0:1::1/128", "2001:db8:0:1::2/128",
		"2001:db8:0:2::1/128" };
	scoped(fixture_fini) struct fixture f;
	struct pump p[HTTP_CONNECTIONS_PER_ADDRESS_MAX + 1], other;
	char to[64];

	(void)state;
	fixture_start(&f, (struct http_server_setup){ 0 });
	if (!enter_network(&f.loop, addresses, COUNT(addresses)))
		skip();
	fixture_fini(&f);
	fixture_start(&f, (struct http_server_setup){ .listen = ":0" });
	snprintf(to, sizeof to, "[2001:db8:0:1::1]%s", strrchr(http_server_address(f.server), ':'));
	for (size_t i = 0; i < COUNT(p); i++)
		pump_connect_from(&p[i], &f.loop, to,
			i % 2 ? "2001:db8:0:1::1" : "2001:db8:0:1::2");
	assert_true(pump_until_closed(&p[COUNT(p) - 1], PUMP_MS));
	assert_int_equal(http_server_connections(f.server), HTTP_CONNECTIONS_PER_ADDRESS_MAX);
	pump_connect_from(&other, &f.loop, to, "2001:db8:0:2::1");
	pump_send(&other, "GET / " HEAD "\r\n");
	assert_true(pump_until(&other, "200 OK"));
	pump_fini(&other);
	for (size_t i = 0; i < COUNT(p); i++)
		pump_fini(&p[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_that_dribbles_is_cut_off),
		cmocka_unit_test(an_idle_connection_is_closed),
		cmocka_unit_test(beyond_the_limit_connections_wait_for_those_being_served),
		cmocka_unit_test(idle_connections_make_room_the_longest_idle_first),
		cmocka_unit_test(a_crowd_that_says_nothing_keeps_nobody_out),
		cmocka_unit_test(who_is_served_is_not_shown_out_for_a_crowd),
		cmocka_unit_test(one_address_cannot_take_all_connections),
		cmocka_unit_test(one_ipv6_network_cannot_take_all_connections), /* leaves ours */
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
