/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include "base/rng.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static int one, two, three;

static void what_is_put_is_found(void **unused)
{
	scoped(map_fini) struct map m = MAP_EMPTY;

	(void)unused;
	assert_null(map_put(&m, "dublin", &one));
	assert_null(map_put(&m, "mumbai", &two));
	assert_ptr_equal(map_get(&m, "dublin"), &one);
	assert_ptr_equal(map_get(&m, "mumbai"), &two);
	assert_null(map_get(&m, "dubli"));
	assert_int_equal(map_count(&m), 2);
}

static void an_empty_map_answers(void **unused)
{
	scoped(map_fini) struct map m = MAP_EMPTY;

	(void)unused;
	assert_null(map_get(&m, "x"));
	assert_false(map_has(&m, "x"));
	assert_null(map_remove(&m, "x"));
	assert_int_equal(map_count(&m), 0);
	map_each (&m, it)
		fail_msg("nothing is there, but %s was", it->key);
}

static void putting_again_replaces_and_returns_the_former(void **unused)
{
	scoped(map_fini) struct map m = MAP_EMPTY;

	(void)unused;
	map_put(&m, "a", &one);
	map_put(&m, "b", &two);
	assert_ptr_equal(map_put(&m, "a", &three), &one);
	assert_ptr_equal(map_get(&m, "a"), &three);
	assert_int_equal(map_count(&m), 2);
	assert_string_equal(m.entries[0].key, "a"); /* its place in the order stays */
}

static void keys_are_copied(void **unused)
{
	scoped(map_fini) struct map m = MAP_EMPTY;
	char key[] = "key";

	(void)unused;
	map_put(&m, key, &one);
	key[0] = 'X';
	assert_ptr_equal(map_get(&m, "key"), &one);
	assert_null(map_get(&m, key));
}

static void a_key_may_stand_for_null(void **unused)
{
	scoped(map_fini) struct map m = MAP_EMPTY;

	(void)unused;
	map_put(&m, "", NULL);
	assert_true(map_has(&m, ""));
	assert_null(map_get(&m, ""));
	assert_int_equal(map_count(&m), 1);
}

static void entries_may_be_removed_while_iterating(void **unused)
{
	scoped(map_fini) struct map m = MAP_EMPTY;
	char key[16];
	int seen = 0;

	(void)unused;
	for (int i = 0; i < 100; i++) {
		snprintf(key, sizeof key, "%d", i);
		map_put(&m, key, &one);
	}
	map_each (&m, it) {
		if (seen++ % 2)
			assert_ptr_equal(map_remove(&m, it->key), &one);
	}
	assert_int_equal(seen, 100);
	assert_int_equal(map_count(&m), 50);
	assert_true(map_has(&m, "98"));
	assert_false(map_has(&m, "99"));
}

static void a_map_in_steady_use_does_not_grow(void **unused)
{
	scoped(map_fini) struct map m = MAP_EMPTY;
	char key[16];

	(void)unused;
	for (int i = 0; i < 10000; i++) {
		snprintf(key, sizeof key, "%d", i);
		map_put(&m, key, &one);
		snprintf(key, sizeof key, "%d", i - 3);
		map_remove(&m, key);
	}
	assert_int_equal(map_count(&m), 3);
	assert_true(m.cap_entries <= 16);
}

/* Among so many keys, a few pairs share all 32 bits of their hash. */
static void keys_of_equal_hash_are_told_apart(void **unused)
{
	scoped(map_fini) struct map m = MAP_EMPTY;
	const uintptr_t n = 200000;
	char key[16];

	(void)unused;
	for (uintptr_t i = 1; i <= n; i++) {
		snprintf(key, sizeof key, "key%u", (unsigned)i);
		assert_null(map_put(&m, key, (void *)i));
	}
	assert_int_equal(map_count(&m), n);
	for (uintptr_t i = 1; i <= n; i++) {
		snprintf(key, sizeof key, "key%u", (unsigned)i);
		assert_ptr_equal(map_get(&m, key), (void *)i);
	}
}

/* The naive map: an array in order of insertion. */
struct model {
	char keys[400][12];
	void *values[400];
	size_t n;
};

static size_t model_find(const struct model *l, const char *key)
{
	size_t i = 0;

	while (i < l->n && strcmp(l->keys[i], key) != 0)
		i++;
	return i;
}

static void *model_put(struct model *l, const char *key, void *value)
{
	size_t i = model_find(l, key);
	void *before = i < l->n ? l->values[i] : NULL;

	if (i == l->n)
		str_copy(l->keys[l->n++], sizeof l->keys[0], key);
	l->values[i] = value;
	return before;
}

static void *model_remove(struct model *l, const char *key)
{
	size_t i = model_find(l, key);
	void *before;

	if (i == l->n)
		return NULL;
	before = l->values[i];
	l->n--;
	memmove(l->keys + i, l->keys + i + 1, (l->n - i) * sizeof l->keys[0]);
	memmove(l->values + i, l->values + i + 1, (l->n - i) * sizeof l->values[0]);
	return before;
}

static void assert_same(const struct map *m, const struct model *l)
{
	size_t i = 0;

	assert_int_equal(map_count(m), l->n);
	map_each (m, it) {
		assert_true(i < l->n);
		assert_string_equal(it->key, l->keys[i]);
		assert_ptr_equal(it->value, l->values[i]);
		i++;
	}
	assert_int_equal(i, l->n);
}

static void step(struct rng *r, struct map *m, struct model *l, unsigned puts_of_10)
{
	char key[12];
	void *value = (void *)(uintptr_t)rng_between(r, 1, 1000);
	size_t at;

	snprintf(key, sizeof key, "key%u", (unsigned)rng_below(r, COUNT(l->keys)));
	if (rng_chance(r, puts_of_10, 10))
		assert_ptr_equal(map_put(m, key, value), model_put(l, key, value));
	else
		assert_ptr_equal(map_remove(m, key), model_remove(l, key));
	snprintf(key, sizeof key, "key%u", (unsigned)rng_below(r, COUNT(l->keys)));
	at = model_find(l, key);
	assert_int_equal(map_has(m, key), at < l->n);
	assert_ptr_equal(map_get(m, key), at < l->n ? l->values[at] : NULL);
}

static void a_map_behaves_like_an_array_of_pairs(void **unused)
{
	(void)unused;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		scoped(map_fini) struct map m = MAP_EMPTY;
		struct model l = { .n = 0 };
		struct rng r;

		rng_seed(&r, seed);
		for (int i = 0; i < 3000; i++) {
			/* Seasons of growth and of shrinking. */
			step(&r, &m, &l, i / 500 % 2 ? 2 : 8);
			if (i % 50 == 0)
				assert_same(&m, &l);
		}
		assert_same(&m, &l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_is_found),
		cmocka_unit_test(an_empty_map_answers),
		cmocka_unit_test(putting_again_replaces_and_returns_the_former),
		cmocka_unit_test(keys_are_copied),
		cmocka_unit_test(a_key_may_stand_for_null),
		cmocka_unit_test(entries_may_be_removed_while_iterating),
		cmocka_unit_test(a_map_in_steady_use_does_not_grow),
		cmocka_unit_test(keys_of_equal_hash_are_told_apart),
		cmocka_unit_test(a_map_behaves_like_an_array_of_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
