/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/beside.h"
#include "core/metrics/exemplars.h"
#include "core/metrics/store_fixture.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static bool add(struct exemplars *x, uint32_t id, int64_t t_ms, const char *trace)
{
	struct label l = { "trace_id", trace, 8, (uint32_t)strlen(trace) };
	struct exemplar one = { .labels = { &l, 1 }, .v = 1, .t_ms = t_ms };

	return exemplars_add(x, id, &one);
}

struct kept {
	uint32_t id[64];
	int64_t t_ms[64];
	uint32_t n;
};

static bool see(void *self, uint32_t id, const struct exemplar *x)
{
	struct kept *k = self;

	k->id[k->n] = id;
	k->t_ms[k->n++] = x->t_ms;
	return true;
}

static struct kept read_all(const struct exemplars *x)
{
	scoped(str_fini) struct str items = STR_EMPTY;
	struct kept k = { .n = 0 };
	struct beside_visitor visitor = { .self = &k, .exemplar = see };

	exemplars_write(x, &items);
	assert_true(beside_read((uint8_t *)items.s, items.len, &visitor));
	return k;
}

static void of_a_series_they_ascend(void **state)
{
	struct exemplars x;

	(void)state;
	exemplars_init(&x, 10);
	assert_true(add(&x, 1, 1000, "b"));
	assert_false(add(&x, 1, 1000, "b")); /* the same */
	assert_true(add(&x, 1, 1000, "c"));
	assert_false(add(&x, 1, 1000, "a"));
	assert_false(add(&x, 1, 999, "d"));
	assert_true(add(&x, 2, 999, "d"));
	assert_int_equal(read_all(&x).n, 3);
	exemplars_fini(&x);
}

static void labels_longer_than_openmetrics_allows_are_refused(void **state)
{
	char trace[130] = { 0 };
	struct exemplars x;

	(void)state;
	exemplars_init(&x, 10);
	memset(trace, 'x', 121);
	assert_false(add(&x, 1, 1000, trace));
	trace[120] = 0;
	assert_true(add(&x, 1, 1000, trace));
	exemplars_fini(&x);
}

/* Against a naive list: of 32, the newest of all; of each series only newer ones. */
static void the_oldest_give_way(void **state)
{
	struct exemplars x;
	struct kept all = { .n = 0 };
	struct rng r;

	(void)state;
	exemplars_init(&x, 32);
	rng_seed(&r, 1);
	for (int64_t t_ms = 1; t_ms < 20000; t_ms++) {
		uint32_t id = 1 + (uint32_t)rng_below(&r, 200);
		bool is_again = rng_chance(&r, 1, 9), is_newer = true;
		struct kept k;

		for (uint32_t i = 0; i < all.n; i++)
			is_newer &= !(is_again && all.id[i] == id);
		/* One that is older than a kept one of its series isn't taken. */
		assert_int_equal(add(&x, id, is_again ? 0 : t_ms, "t"), is_newer);
		if (!is_newer)
			continue;
		if (all.n == 32) {
			memmove(all.id, all.id + 1, 31 * sizeof *all.id);
			memmove(all.t_ms, all.t_ms + 1, 31 * sizeof *all.t_ms);
			all.n--;
		}
		all.id[all.n] = id;
		all.t_ms[all.n++] = is_again ? 0 : t_ms;
		k = read_all(&x);
		assert_int_equal(k.n, all.n);
		assert_memory_equal(k.id, all.id, k.n * sizeof *k.id);
		assert_memory_equal(k.t_ms, all.t_ms, k.n * sizeof *k.t_ms);
	}
	exemplars_fini(&x);
}

/* ---- in the store */

static void tell(struct store *s, int second)
{
	static const struct label series[] = { { METRIC_NAME, "up", 8, 2 },
		{ "instance", "0", 8, 1 } };
	const struct series_sink *sink = store_sink(s);
	struct metric_metadata m = { "gauge", "help", "" };
	struct label l = { "trace_id", "abc", 8, 3 };
	struct exemplar x = { .labels = { &l, 1 }, .v = second, .t_ms = second * SECOND_MS };
	series_ref ref;

	assert_int_equal(sink->series(sink->self, &(struct labels){ series, 2 }, &ref, NULL),
		RC_OK);
	sink->exemplar(sink->self, ref, &x);
	sink->metadata(sink->self, "up", &m);
	assert_int_equal(fixture_scrape(s, 3, second), RC_OK);
}

static void assert_told(struct store *s, uint32_t n)
{
	scoped(arena_fini) struct arena a;
	scoped(str_fini) struct str copied = STR_EMPTY;
	struct store_view *v = store_view_new(s);
	struct store_selection all = { .min_ms = INT64_MIN, .max_ms = INT64_MAX };
	struct store_exemplar_list list;
	struct metric_metadata m;

	arena_init(&a, 1 << 20);
	store_copy_exemplars(s, &copied);
	assert_int_equal(store_find_exemplars(v, &copied, &all, 1, &a, &list, NULL), RC_OK);
	assert_int_equal(list.n, 1);
	assert_string_equal(labels_get(&list.v[0].series, "instance"), "0");
	assert_int_equal(list.v[0].n, n);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(list.v[0].v[i].t_ms, i * SECOND_MS);
	assert_string_equal(labels_get(&list.v[0].v[0].labels, "trace_id"), "abc");
	assert_true(store_metadata(s, "up", &m));
	assert_string_equal(m.help, "help");
	store_view_free(v);
}

static void exemplars_and_metadata_survive(void **state)
{
	struct memory_files *files = memory_files_new(1);
	struct store *s = fixture_open(files, NULL);

	(void)state;
	tell(s, 0);
	tell(s, 1);
	assert_told(s, 2);
	store_close(s);
	s = fixture_open(files, NULL); /* from the log */
	assert_told(s, 2);
	store_flush_soon(s);
	assert_int_equal(fixture_work(s, 2000, NULL), RC_OK);
	store_close(s);
	s = fixture_open(files, NULL); /* from their file, and the log behind it */
	assert_told(s, 2);
	tell(s, 2);
	store_close(s);
	s = fixture_open(files, NULL);
	assert_told(s, 3);
	store_close(s);
	memory_files_free(files);
}

static void a_damaged_file_of_exemplars_costs_them_only(void **state)
{
	struct memory_files *files = memory_files_new(1);
	struct store *s = fixture_open(files, NULL);
	const struct files *port = memory_files_port(files);
	struct files_entry *v;
	struct metric_metadata m;
	uint32_t n;

	(void)state;
	tell(s, 0);
	store_flush_soon(s);
	assert_int_equal(fixture_work(s, 2000, NULL), RC_OK);
	store_close(s);
	assert_int_equal(port->list(port->self, &v, &n, NULL), RC_OK);
	for (uint32_t i = 0; i < n; i++)
		if (strncmp(v[i].name, "beside-", 7) == 0)
			assert_true(memory_files_flip(files, v[i].name, 200));
	free(v);
	s = fixture_open(files, NULL);
	assert_int_equal(store_findings(s).n, 1);
	assert_false(store_metadata(s, "up", &m));
	fixture_look(s, 3, 1);
	store_close(s);
	memory_files_free(files);
}

/* Whoever sends may have any bytes in a label: what was taken must be read back, or all that was
 * committed behind it would be lost. */
static void a_zero_byte_in_a_label_costs_nothing(void **state)
{
	struct memory_files *files = memory_files_new(1);
	struct store *s = fixture_open(files, NULL);
	const struct series_sink *sink = store_sink(s);
	struct label l = { "trace_id", "a\0b", 8, 3 };
	struct exemplar x = { .labels = { &l, 1 }, .v = 1, .t_ms = 1000 };

	(void)state;
	assert_int_equal(fixture_scrape(s, 3, 0), RC_OK);
	sink->exemplar(sink->self, 1, &x);
	assert_int_equal(fixture_scrape(s, 3, 1), RC_OK);
	store_close(s);
	s = fixture_open(files, NULL); /* from the log */
	assert_int_equal(store_findings(s).n, 0);
	fixture_look(s, 3, 2);
	store_flush_soon(s);
	assert_int_equal(fixture_work(s, 2000, NULL), RC_OK);
	store_close(s);
	s = fixture_open(files, NULL); /* from their file */
	assert_int_equal(store_findings(s).n, 0);
	fixture_look(s, 3, 2);
	store_close(s);
	memory_files_free(files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_zero_byte_in_a_label_costs_nothing),
		cmocka_unit_test(of_a_series_they_ascend),
		cmocka_unit_test(labels_longer_than_openmetrics_allows_are_refused),
		cmocka_unit_test(the_oldest_give_way),
		cmocka_unit_test(exemplars_and_metadata_survive),
		cmocka_unit_test(a_damaged_file_of_exemplars_costs_them_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
