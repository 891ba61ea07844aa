/* SPDX-License-Identifier: Apache-2.0 */
/* lab.yaml changes while sites are connected. */
#include "port/link/link_port_fixture.h"

#include "test/support/loopback.h"

#include <unistd.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_changed_key_ends_the_connection),
		cmocka_unit_test(a_peer_that_moves_in_the_list_keeps_its_connection),
		cmocka_unit_test(a_peer_that_is_gone_is_dropped_without_a_word),
		cmocka_unit_test(a_dial_to_an_address_that_changes_ends),
		cmocka_unit_test(a_bad_reload_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
