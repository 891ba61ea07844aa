/* SPDX-License-Identifier: Apache-2.0 */
#include "api/auth.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static uint64_t draws;

static void draw(void *ctx, void *bytes, size_t n)
{
	(void)ctx;
	memset(bytes, 0, n);
	draws++;
	memcpy(bytes, &draws, sizeof draws);
}

static struct mono at(int64_t ms)
{
	return (struct mono){ 1000000 + ms };
}

static void a_login_is_needed_once_there_is_a_secret(void **state)
{
	scoped(auth_free) struct auth *a = auth_new(draw, NULL);

	(void)state;
	assert_false(auth_is_needed(a));
	assert_int_equal(auth_set(a, NULL, "0123456789abcdef", NULL), RC_OK);
	assert_true(auth_is_needed(a));
	assert_null(auth_password_hash(a));
	assert_int_equal(auth_set(a, "$y$hash", NULL, NULL), RC_OK);
	assert_true(auth_is_needed(a));
	assert_int_equal(auth_set(a, NULL, NULL, NULL), RC_OK);
	assert_false(auth_is_needed(a));
}

static void only_the_token_itself_is_a_bearer(void **state)
{
	scoped(auth_free) struct auth *a = auth_new(draw, NULL);
	static const char *const wrong[] = { "Bearer", "Bearer ", "Bearer 0123456789abcde",
		"Bearer 0123456789abcdef0", "Bearer 0123456789abcdeF", "Basic 0123456789abcdef",
		"0123456789abcdef", "Bearer 0123456789abcdef " };

	(void)state;
	assert_false(auth_bearer(a, "Bearer "));
	assert_int_equal(auth_set(a, NULL, "0123456789abcdef", NULL), RC_OK);
	assert_true(auth_bearer(a, "Bearer 0123456789abcdef"));
	assert_true(auth_bearer(a, "bearer  0123456789abcdef"));
	assert_false(auth_bearer(a, NULL));
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_false(auth_bearer(a, wrong[i]));
}

static void a_token_that_can_be_guessed_is_refused_and_nothing_changes(void **state)
{
	scoped(auth_free) struct auth *a = auth_new(draw, NULL);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(auth_set(a, NULL, "0123456789abcdef", NULL), RC_OK);
	assert_int_equal(auth_set(a, NULL, "letmein", &e), RC_INPUT);
	assert_null(strstr(e.text, "letmein"));
	assert_true(auth_bearer(a, "Bearer 0123456789abcdef"));
}

static void tries_are_free_at_first_and_then_ever_further_apart(void **state)
{
	static const int64_t waits[] = { 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000,
		60000 };
	scoped(auth_free) struct auth *a = auth_new(draw, NULL);
	int64_t now = 0, wait;

	(void)state;
	for (int i = 0; i < AUTH_FREE_TRIES; i++)
		assert_true(auth_may_try(a, at(now), "192.0.2.1", &wait));
	for (size_t i = 0; i < COUNT(waits); i++) {
		assert_false(auth_may_try(a, at(now), "192.0.2.1", &wait));
		assert_int_equal(wait, waits[i]);
		now += wait - 1;
		assert_false(auth_may_try(a, at(now), "192.0.2.1", &wait));
		assert_int_equal(wait, 1);
		assert_true(auth_may_try(a, at(++now), "192.0.2.1", &wait));
	}
}

static void one_address_does_not_lock_out_another(void **state)
{
	scoped(auth_free) struct auth *a = auth_new(draw, NULL);
	int64_t wait;

	(void)state;
	while (auth_may_try(a, at(0), "192.0.2.1", &wait)) {
	}
	assert_true(auth_may_try(a, at(0), "192.0.2.2", &wait));
	assert_true(auth_may_try(a, at(0), "2001:db8::1", &wait));
}

static void addresses_of_one_ipv6_network_count_as_one(void **state)
{
	scoped(auth_free) struct auth *a = auth_new(draw, NULL);
	char address[64];
	int tries = 0;
	int64_t wait;

	(void)state;
	for (int i = 1; i < 100; i++) {
		snprintf(address, sizeof address, "2001:db8:0:7:%x::%x", i, i);
		tries += auth_may_try(a, at(0), address, &wait);
	}
	assert_int_equal(tries, AUTH_FREE_TRIES);
	assert_true(auth_may_try(a, at(0), "2001:db8:0:8::1", &wait));
}

static void the_right_password_and_a_quarter_of_an_hour_forgive(void **state)
{
	scoped(auth_free) struct auth *a = auth_new(draw, NULL);
	int64_t wait;

	(void)state;
	while (auth_may_try(a, at(0), "192.0.2.1", &wait)) {
	}
	auth_succeeded(a, at(0), "192.0.2.1");
	for (int i = 0; i < AUTH_FREE_TRIES; i++)
		assert_true(auth_may_try(a, at(0), "192.0.2.1", &wait));
	assert_false(auth_may_try(a, at(0), "192.0.2.1", &wait));
	for (int i = 0; i < AUTH_FREE_TRIES; i++)
		assert_true(auth_may_try(a, at(AUTH_FORGET_MS + 1), "192.0.2.1", &wait));
	assert_false(auth_may_try(a, at(AUTH_FORGET_MS + 1), "192.0.2.1", &wait));
}

static bool try_from(struct auth *a, int64_t now, int number)
{
	char address[64];
	int64_t wait;

	snprintf(address, sizeof address, "10.%d.%d.%d", number >> 16, number >> 8 & 255,
		number & 255);
	return auth_may_try(a, at(now), address, &wait);
}

static void many_addresses_do_not_make_room_for_each_other(void **state)
{
	scoped(auth_free) struct auth *a = auth_new(draw, NULL);
	int64_t wait;

	(void)state;
	while (auth_may_try(a, at(0), "192.0.2.1", &wait)) {
	}
	for (int i = 0; i < 2 * LOGIN_ADDRESSES_MAX; i++)
		try_from(a, 500, i);
	assert_false(auth_may_try(a, at(999), "192.0.2.1", &wait));
	assert_true(auth_may_try(a, at(1000), "192.0.2.1", &wait));
	assert_true(try_from(a, 500 + AUTH_FORGET_MS + 1, 1000)); /* old ones did make room */
}

/* Each with an address of its own: an IPv6 /48 has 65,536 networks, a botnet more. */
static void a_hundred_thousand_addresses_guess_hardly_faster_than_the_table_is_long(void **state)
{
	scoped(auth_free) struct auth *a = auth_new(draw, NULL);
	int most = LOGIN_ADDRESSES_MAX + 20, tries = 0;

	(void)state;
	for (int i = 0; i < 100000; i++)
		tries += try_from(a, i * (10 * MINUTE_MS) / 100000, i);
	assert_in_range(tries, LOGIN_ADDRESSES_MAX, most);
	for (int i = 100000; i < 200000; i++)
		tries += try_from(a, 10 * MINUTE_MS, i);
	assert_in_range(tries, LOGIN_ADDRESSES_MAX, most + 1);
}

static void a_session_lives_from_login_to_logout(void **state)
{
	scoped(auth_free) struct auth *a = auth_new(draw, NULL);
	char id[AUTH_ID_MAX], other[AUTH_ID_MAX];
	const struct session *s = auth_open(a, at(0), id);
	uint64_t number = s->number;

	(void)state;
	assert_int_equal(strlen(id), AUTH_ID_MAX - 1);
	assert_ptr_equal(auth_session(a, at(1), id), s);
	assert_string_not_equal(s->csrf, id);
	assert_true(auth_is_open(a, at(1), number));
	str_copy(other, sizeof other, id);
	other[5] ^= 1;
	assert_null(auth_session(a, at(1), other));
	assert_null(auth_session(a, at(1), ""));
	auth_close(a, s);
	assert_null(auth_session(a, at(1), id));
	assert_false(auth_is_open(a, at(1), number));
}

static void a_session_ends_a_week_after_its_last_use_and_a_month_after_the_login(void **state)
{
	scoped(auth_free) struct auth *a = auth_new(draw, NULL);
	char idle[AUTH_ID_MAX], used[AUTH_ID_MAX];
	int64_t now = 0;

	(void)state;
	auth_open(a, at(0), idle);
	auth_open(a, at(0), used);
	for (; now < AUTH_SESSION_IDLE_MS; now += DAY_MS)
		assert_non_null(auth_session(a, at(now), used));
	assert_null(auth_session(a, at(now), idle));
	for (; now < AUTH_SESSION_MS; now += DAY_MS)
		assert_non_null(auth_session(a, at(now), used));
	assert_null(auth_session(a, at(now), used));
}

static void the_least_recently_used_session_gives_way(void **state)
{
	scoped(auth_free) struct auth *a = auth_new(draw, NULL);
	char ids[SESSIONS_MAX + 1][AUTH_ID_MAX];

	(void)state;
	for (int i = 0; i < SESSIONS_MAX; i++)
		auth_open(a, at(i), ids[i]);
	assert_non_null(auth_session(a, at(1000), ids[0]));
	auth_open(a, at(1001), ids[SESSIONS_MAX]);
	assert_null(auth_session(a, at(1002), ids[1]));
	assert_non_null(auth_session(a, at(1002), ids[0]));
	for (int i = 2; i <= SESSIONS_MAX; i++)
		assert_non_null(auth_session(a, at(1002), ids[i]));
}

static void another_password_ends_all_sessions_and_another_token_does_not(void **state)
{
	scoped(auth_free) struct auth *a = auth_new(draw, NULL);
	char id[AUTH_ID_MAX];

	(void)state;
	assert_int_equal(auth_set(a, "$y$one", NULL, NULL), RC_OK);
	auth_open(a, at(0), id);
	assert_int_equal(auth_set(a, "$y$one", "0123456789abcdef", NULL), RC_OK);
	assert_non_null(auth_session(a, at(0), id));
	assert_int_equal(auth_set(a, "$y$two", "0123456789abcdef", NULL), RC_OK);
	assert_null(auth_session(a, at(0), id));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_login_is_needed_once_there_is_a_secret),
		cmocka_unit_test(only_the_token_itself_is_a_bearer),
		cmocka_unit_test(a_token_that_can_be_guessed_is_refused_and_nothing_changes),
		cmocka_unit_test(tries_are_free_at_first_and_then_ever_further_apart),
		cmocka_unit_test(one_address_does_not_lock_out_another),
		cmocka_unit_test(addresses_of_one_ipv6_network_count_as_one),
		cmocka_unit_test(the_right_password_and_a_quarter_of_an_hour_forgive),
		cmocka_unit_test(many_addresses_do_not_make_room_for_each_other),
		cmocka_unit_test(
			a_hundred_thousand_addresses_guess_hardly_faster_than_the_table_is_long),
		cmocka_unit_test(a_session_lives_from_login_to_logout),
		cmocka_unit_test(
			a_session_ends_a_week_after_its_last_use_and_a_month_after_the_login),
		cmocka_unit_test(the_least_recently_used_session_gives_way),
		cmocka_unit_test(another_password_ends_all_sessions_and_another_token_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
