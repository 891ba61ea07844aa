/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/policy.h"

#include "base/mem.h"
#include "base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define T0 (1000 * DAY_MS)

/* Parts of three minutes each, from T0 on. */
static uint32_t flushes(struct policy_part *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		v[i] = (struct policy_part){ .min_ms = T0 + i * 3 * MINUTE_MS,
			.max_ms = T0 + i * 3 * MINUTE_MS + 170 * SECOND_MS,
			.bytes = 1000 };
	return n;
}

static struct policy policy_of(const struct policy_part *v, uint32_t n)
{
	return (struct policy){ .v = v,
		.n = n,
		.newest_ms = v[n - 1].max_ms,
		.retention_ms = 400 * DAY_MS };
}

static uint32_t count(const bool *pick, uint32_t n)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += pick[i];
	return sum;
}

static void a_few_flushes_become_one(void **state)
{
	struct policy_part v[POLICY_FEW];
	struct policy p;
	bool pick[POLICY_FEW];
	uint32_t level;

	(void)state;
	p = policy_of(v, flushes(v, POLICY_FEW - 1));
	assert_false(policy_pick(&p, pick, &level));
	p = policy_of(v, flushes(v, POLICY_FEW));
	assert_true(policy_pick(&p, pick, &level));
	assert_int_equal(level, 1);
	assert_int_equal(count(pick, p.n), POLICY_FEW);
}

static void a_flush_with_samples_of_long_ago_is_sealed_by_itself(void **state)
{
	struct policy_part v[3];
	bool pick[3];
	struct policy p = policy_of(v, flushes(v, 3));
	uint32_t level;

	(void)state;
	v[1].min_ms -= DAY_MS;
	assert_true(policy_pick(&p, pick, &level));
	assert_int_equal(level, 1);
	assert_int_equal(count(pick, p.n), 1);
	assert_true(pick[1]);
	v[1].level = 1;
	assert_false(policy_pick(&p, pick, &level));
}

static void two_hours_become_one_when_they_are_over(void **state)
{
	struct policy_part v[42];
	struct policy p;
	bool pick[42];
	uint32_t level;

	(void)state;
	flushes(v, 42);
	for (int i = 0; i < 40; i++)
		v[i].level = 1;
	p = policy_of(v, 40);
	assert_false(policy_pick(&p, pick, &level));
	p = policy_of(v, 42);
	assert_true(policy_pick(&p, pick, &level));
	assert_int_equal(level, 2);
	assert_int_equal(count(pick, p.n), 40);
	assert_false(pick[40]);
}

static void a_late_drop_doesnt_move_a_sea(void **state)
{
	struct policy_part v[] = {
		{ T0, T0 + DAY_MS - 1, 1000000, 3, false },
		{ T0 + HOUR_MS, T0 + 2 * HOUR_MS - 1, 1000, 2, false },
		{ T0 + DAY_MS, T0 + DAY_MS + HOUR_MS, 1000, 1, false },
	};
	struct policy p = policy_of(v, 3);
	bool pick[3];
	uint32_t level;

	(void)state;
	assert_false(policy_pick(&p, pick, &level));
	v[1].bytes = 300000;
	assert_true(policy_pick(&p, pick, &level));
	assert_int_equal(level, 3);
	assert_int_equal(count(pick, 3), 2);
}

static void ten_days_are_too_long_for_a_short_retention(void **state)
{
	struct policy_part v[11];
	struct policy p;
	bool pick[11];
	uint32_t level;

	(void)state;
	for (int i = 0; i < 11; i++)
		v[i] = (struct policy_part){ T0 + i * DAY_MS, T0 + (i + 1) * DAY_MS - 1, 1000, 3,
			false };
	p = policy_of(v, 11);
	assert_true(policy_pick(&p, pick, &level));
	assert_int_equal(level, 4);
	assert_int_equal(count(pick, 11), 10);
	p.retention_ms = 30 * DAY_MS;
	assert_false(policy_pick(&p, pick, &level));
}

static void an_import_among_what_goes_on_is_sealed_at_once(void **state)
{
	struct policy_part v[] = { { T0, T0 + MINUTE_MS, 1000, 0, false },
		{ T0 - 30 * DAY_MS, T0 + MINUTE_MS, 1000000, 0, false } };
	struct policy p = policy_of(v, 2);
	bool pick[2];
	uint32_t level;

	(void)state;
	assert_true(policy_pick(&p, pick, &level));
	assert_true(!pick[0] && pick[1]);
	assert_int_equal(level, 1);
	v[1].level = 1;
	assert_false(policy_pick(&p, pick, &level));
}

/* Merging until nothing is left to be done ends, and leaves few parts. */
static void merging_comes_to_an_end(void **state)
{
	static struct policy_part v[40000];
	static bool pick[40000];
	uint32_t n = 0, merges = 0, level;
	uint64_t bytes_written = 0;

	(void)state;
	for (uint32_t i = 0; i < 30 * 480; i++) {
		struct policy p;

		v[n++] = (struct policy_part){ T0 + i * 3 * MINUTE_MS,
			T0 + i * 3 * MINUTE_MS + 170 * SECOND_MS, 1000, 0, false };
		p = policy_of(v, n);
		while (policy_pick(&p, pick, &level)) {
			struct policy_part made = { INT64_MAX, INT64_MIN, 0, level, false };
			uint32_t left = 0;

			for (uint32_t k = 0; k < n; k++) {
				if (!pick[k]) {
					v[left++] = v[k];
					continue;
				}
				made.min_ms = v[k].min_ms < made.min_ms ? v[k].min_ms : made.min_ms;
				made.max_ms = v[k].max_ms > made.max_ms ? v[k].max_ms : made.max_ms;
				made.bytes += v[k].bytes;
			}
			v[left++] = made;
			n = left;
			p.n = n;
			bytes_written += made.bytes;
			merges++;
		}
	}
	assert_true(n < 60);
	assert_true(merges < 3000);
	assert_true(bytes_written < 5 * 1000ull * 30 * 480);
}

static void parts_that_are_too_old_go_and_then_the_oldest_until_they_fit(void **state)
{
	const struct policy_part v[] = {
		{ T0 + DAY_MS, T0 + 2 * DAY_MS, 100, 3, false },
		{ T0, T0 + DAY_MS, 100, 3, false },
		{ T0 + 2 * DAY_MS, T0 + 3 * DAY_MS, 100, 3, false },
		{ T0 + 3 * DAY_MS, T0 + 4 * DAY_MS, 100, 3, false },
	};
	struct policy p = policy_of(v, 4);
	bool drop[4];

	(void)state;
	assert_int_equal(policy_drop(&p, T0, 0, drop), 0);
	assert_int_equal(policy_drop(&p, T0 + DAY_MS + 1, 0, drop), 1);
	assert_true(drop[1]);
	assert_int_equal(policy_drop(&p, T0 + DAY_MS + 1, 200, drop), 2);
	assert_true(drop[0] && drop[1]);
	assert_int_equal(policy_drop(&p, T0, 50, drop), 4);
}

static void what_is_deleted_is_written_again_when_that_is_asked_for(void **state)
{
	const struct policy_part v[] = {
		{ T0, T0 + DAY_MS - 1, 100, 3, false },
		{ T0 + DAY_MS, T0 + DAY_MS + HOUR_MS, 100, 1, true },
	};
	struct policy p = policy_of(v, 2);
	bool pick[2];
	uint32_t level;

	(void)state;
	assert_false(policy_pick(&p, pick, &level));
	p.is_cleaning = true;
	assert_true(policy_pick(&p, pick, &level));
	assert_true(!pick[0] && pick[1]);
	assert_int_equal(level, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_few_flushes_become_one),
		cmocka_unit_test(a_flush_with_samples_of_long_ago_is_sealed_by_itself),
		cmocka_unit_test(two_hours_become_one_when_they_are_over),
		cmocka_unit_test(a_late_drop_doesnt_move_a_sea),
		cmocka_unit_test(ten_days_are_too_long_for_a_short_retention),
		cmocka_unit_test(an_import_among_what_goes_on_is_sealed_at_once),
		cmocka_unit_test(merging_comes_to_an_end),
		cmocka_unit_test(parts_that_are_too_old_go_and_then_the_oldest_until_they_fit),
		cmocka_unit_test(what_is_deleted_is_written_again_when_that_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
