/* SPDX-License-Identifier: Apache-2.0 */
/* Ports find each other, or say why not; opening and stopping. */
#include "port/link/link_port_fixture.h"

#include "test/support/loopback.h"

#include <unistd.h>

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
		cmocka_unit_test(a_port_that_cannot_be_opened_says_why),
		cmocka_unit_test(stopping_says_the_last_words_and_ends_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
