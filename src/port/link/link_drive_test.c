/* SPDX-License-Identifier: Apache-2.0 */
/* core/peer/link driven over real sockets: the two parts must fit. */
#include "base/mem.h"
#include "base/str.h"
#include "test/support/link_site.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define PATIENCE_MS 10000

#define run_until(loop, condition)                                              \
	do {                                                                    \
		uint64_t until_ = uv_hrtime() + PATIENCE_MS * 1000000ull;       \
		while (!(condition)) {                                          \
			if (uv_hrtime() > until_)                               \
				fail_msg("waited in vain for: %s", #condition); \
			uv_run(loop, UV_RUN_ONCE);                              \
		}                                                               \
	} while (0)

static void meet(struct link_site *a, struct link_site *b)
{
	link_site_meet(a, link_port_listens(b->port));
	link_site_meet(b, link_port_listens(a->port));
}

static void end(uv_loop_t *loop, struct link_site *a, struct link_site *b)
{
	link_site_stop(a, true);
	if (!b->is_stopped)
		link_site_stop(b, true);
	while (uv_run(loop, UV_RUN_ONCE))
		;
	assert_true(a->is_stopped && b->is_stopped);
	assert_int_equal(uv_loop_close(loop), 0);
}

static void two_sites_find_each_other_and_hold_the_same(void **unused)
{
	struct link_site a, b;
	uv_loop_t loop;

	(void)unused;
	uv_loop_init(&loop);
	link_site_open(&a, &loop, 0, "127.0.0.1:0");
	link_site_open(&b, &loop, 1, "127.0.0.1:0");
	link_site_append(&a, 5000);
	link_site_append(&b, 300);
	meet(&a, &b);
	run_until(&loop, link_sites_agree(&a, &b) && a.n_beats && b.n_beats);
	link_site_append(&b, 1);
	run_until(&loop, link_sites_agree(&a, &b));
	assert_int_equal(a.n_up + b.n_up, 2);
	assert_int_equal(a.n_down + b.n_down, 0); /* settling on one connection is no outage */
	assert_in_range(a.link.rtt_ms, 0, 1000);
	assert_in_range(a.link.skew_ms + 1000, 0, 2000);
	end(&loop, &a, &b);
}

static void a_site_that_comes_back_catches_up(void **unused)
{
	struct link_site a, b;
	char address[64];
	uv_loop_t loop;

	(void)unused;
	uv_loop_init(&loop);
	link_site_open(&a, &loop, 0, "127.0.0.1:0");
	link_site_open(&b, &loop, 1, "127.0.0.1:0");
	meet(&a, &b);
	run_until(&loop, link_sites_agree(&a, &b));
	str_copy(address, sizeof address, link_port_listens(b.port));
	link_site_stop(&b, false);
	run_until(&loop, b.is_stopped && a.n_down);
	assert_string_equal(a.why, "closed by the other side");
	link_site_append(&a, 777);
	link_site_open(&b, &loop, 1, address);
	link_site_meet(&b, link_port_listens(a.port));
	run_until(&loop, link_sites_agree(&a, &b));
	assert_int_equal(b.heads[1].seq, 777);
	end(&loop, &a, &b);
}

static void a_site_that_stops_in_order_says_goodbye(void **unused)
{
	struct link_site a, b;
	uv_loop_t loop;

	(void)unused;
	uv_loop_init(&loop);
	link_site_open(&a, &loop, 0, "127.0.0.1:0");
	link_site_open(&b, &loop, 1, "127.0.0.1:0");
	meet(&a, &b);
	run_until(&loop, link_sites_agree(&a, &b));
	link_site_stop(&b, true);
	run_until(&loop, b.is_stopped && a.n_down);
	assert_string_equal(a.why, "stopping");
	end(&loop, &a, &b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_sites_find_each_other_and_hold_the_same),
		cmocka_unit_test(a_site_that_comes_back_catches_up),
		cmocka_unit_test(a_site_that_stops_in_order_says_goodbye),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
