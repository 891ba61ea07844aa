/* SPDX-License-Identifier: Apache-2.0 */
/* A segment against a naive look at all of its series. */
#include "core/metrics/index.h"

#include "base/limits.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define SERIES_MAX 400

struct member {
	uint32_t id;
	char texts[4][16];
	struct label v[4];
	struct labels l;
};
struct world {
	struct member *members;
	uint32_t n;
	struct str bytes;
	struct index *index;
};

static const char *const names[4] = { METRIC_NAME, "b", "cc", "ddd" };

static void make_member(struct member *m, struct rng *rng, uint32_t unique)
{
	m->l = (struct labels){ m->v, 0 };
	for (uint32_t i = 0; i < 4; i++) {
		uint64_t value = i == 1 ? unique : rng_below(rng, 5);

		if (i > 1 && rng_chance(rng, 1, 2))
			continue;
		snprintf(m->texts[i], sizeof m->texts[i], "%s%lu", i % 2 ? "x" : "yy", value);
		m->v[m->l.n++] = (struct label){ names[i], m->texts[i], (uint32_t)strlen(names[i]),
			(uint32_t)strlen(m->texts[i]) };
	}
}

static void world_init(struct world *w, uint64_t seed)
{
	scoped(index_builder_free) struct index_builder *b = index_builder_new();
	struct err e = { 0 };
	struct rng rng;
	uint32_t id = 1;

	rng_seed(&rng, seed);
	*w = (struct world){ .n = (uint32_t)rng_below(&rng, SERIES_MAX) + 1 };
	w->members = must_alloc(w->n * sizeof *w->members);
	for (uint32_t i = 0; i < w->n; i++) {
		struct member *m = &w->members[i];

		id += seed % 2 ? 1 : (uint32_t)rng_below(&rng, 4) + 1;
		m->id = id;
		make_member(m, &rng, i / 3 + (i % 3 == 0 ? 0 : 1000 + i));
		index_builder_add(b, id, &m->l, labels_hash(&m->l));
	}
	index_builder_finish(b, &w->bytes);
	if (index_open_bytes(&w->index, (const uint8_t *)w->bytes.s, w->bytes.len, &e) != RC_OK)
		fail_msg("seed %lu: %s", seed, e.text);
}

static void world_fini(struct world *w)
{
	index_drop(w->index);
	str_fini(&w->bytes);
	free(w->members);
}
SCOPED_FINI(world_fini, struct world)

static void check_series(const struct world *w)
{
	struct label v[SERIES_LABELS_MAX];

	assert_int_equal(index_count(w->index), w->n);
	for (uint32_t i = 0; i < w->n; i++) {
		const struct member *m = &w->members[i];
		struct labels l;

		assert_int_equal(index_id(w->index, i), m->id);
		assert_true(index_has_id(w->index, m->id));
		assert_int_equal(index_labels(w->index, i, v, &l, NULL), RC_OK);
		assert_true(labels_equal(&l, &m->l));
		assert_true(index_find(w->index, &l, labels_hash(&l)) <= m->id);
		assert_true(index_find(w->index, &l, labels_hash(&l)) > 0);
	}
	assert_false(index_has_id(w->index, w->members[w->n - 1].id + 1));
	assert_int_equal(index_find(w->index, &(struct labels){ v, 0 }, 77), 0);
}

static bool matches(const struct matcher *m, const struct labels *l)
{
	const char *value = labels_get(l, matcher_name(m));

	return matcher_matches(m, value, strlen(value));
}

static void check_matchers(const struct world *w, const struct matcher *const *m, uint32_t n)
{
	scoped(runs_fini) struct runs runs = { 0 };
	scoped(runs_fini) struct runs expected = { 0 };

	for (uint32_t i = 0; i < w->n; i++) {
		bool is_match = true;

		for (uint32_t k = 0; k < n; k++)
			is_match = is_match && matches(m[k], &w->members[i].l);
		if (is_match)
			runs_add(&expected, i, i + 1);
	}
	assert_int_equal(index_select(w->index, m, n, &runs, NULL), RC_OK);
	assert_int_equal(runs.n, expected.n);
	if (runs.n)
		assert_memory_equal(runs.v, expected.v, runs.n * sizeof *runs.v);
}

static void check_selection(const struct world *w, struct rng *rng)
{
	static const char *const values[] = { "", "x1", "yy2", "x1|x2|x1001", "yy.*", ".*1", ".+",
		".*", "x1|", "nothing" };

	for (int i = 0; i < 100; i++) {
		struct matcher *m[2] = { NULL, NULL };

		for (int k = 0; k < 2; k++)
			assert_int_equal(
				matcher_new(&m[k], (enum matcher_op)rng_below(rng, 4),
					rng_chance(rng, 1, 9) ? "absent" : names[rng_below(rng, 4)],
					values[rng_below(rng, COUNT(values))], NULL),
				RC_OK);
		check_matchers(w, (const struct matcher *const *)m, (uint32_t)rng_below(rng, 3));
		matcher_free(m[0]);
		matcher_free(m[1]);
	}
}

static void a_segment_finds_what_a_look_at_everything_finds(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		scoped(world_fini) struct world w;
		struct rng rng;

		rng_seed(&rng, seed);
		world_init(&w, seed);
		check_series(&w);
		check_selection(&w, &rng);
	}
}

static void any_bit_that_is_wrong_is_found(void **state)
{
	scoped(world_fini) struct world w;

	(void)state;
	world_init(&w, 3);
	for (size_t bit = 0; bit < 8 * w.bytes.len; bit += 7) {
		struct index *x = NULL;

		w.bytes.s[bit / 8] ^= (char)(1 << bit % 8);
		/* Between sections stand bytes that mean nothing. */
		if (index_open_bytes(&x, (const uint8_t *)w.bytes.s, w.bytes.len, NULL) == RC_OK)
			assert_int_equal((uint8_t)w.bytes.s[bit / 8], 1 << bit % 8);
		index_drop(x);
		w.bytes.s[bit / 8] ^= (char)(1 << bit % 8);
	}
}

static void a_segment_that_is_cut_off_is_refused(void **state)
{
	scoped(world_fini) struct world w;

	(void)state;
	world_init(&w, 4);
	for (size_t n = 0; n < w.bytes.len; n += 13) {
		struct index *x = NULL;

		assert_int_equal(index_open_bytes(&x, (const uint8_t *)w.bytes.s, n, NULL),
			RC_CORRUPT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_segment_finds_what_a_look_at_everything_finds),
		cmocka_unit_test(any_bit_that_is_wrong_is_found),
		cmocka_unit_test(a_segment_that_is_cut_off_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
