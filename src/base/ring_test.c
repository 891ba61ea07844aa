/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ring.h"

#include "base/mem.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct item {
	uint64_t number;
	char text[13];
};

static void push(struct ring *r, uint64_t number)
{
	struct item *it = ring_push(r);

	assert_int_equal(it->number, 0);
	assert_int_equal(it->text[0], 0);
	*it = (struct item){ number, "x" };
}

static void what_goes_in_first_comes_out_first_however_it_grows_and_wraps(void **state)
{
	struct ring r = RING_OF(struct item);
	uint64_t in = 0, out = 0;
	struct item it;
	struct rng rng;

	(void)state;
	rng_seed(&rng, 7);
	for (int i = 0; i < 10000; i++) {
		if (rng_below(&rng, 100) < 52) {
			push(&r, ++in);
		} else if (ring_pop(&r, &it)) {
			assert_int_equal(it.number, ++out);
		}
		assert_int_equal(r.n, in - out);
	}
	while (ring_pop(&r, &it))
		assert_int_equal(it.number, ++out);
	assert_int_equal(out, in);
	assert_true(r.cap < in);
	ring_fini(&r);
}

static void an_empty_one_gives_nothing_and_can_be_used_again(void **state)
{
	struct ring r = RING_OF(struct item);
	struct item it;

	(void)state;
	assert_false(ring_pop(&r, &it));
	push(&r, 1);
	ring_clear(&r);
	assert_false(ring_pop(&r, &it));
	ring_fini(&r);
	push(&r, 2);
	assert_true(ring_pop(&r, &it));
	assert_int_equal(it.number, 2);
	ring_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_in_first_comes_out_first_however_it_grows_and_wraps),
		cmocka_unit_test(an_empty_one_gives_nothing_and_can_be_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
