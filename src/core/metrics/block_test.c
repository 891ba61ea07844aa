/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/block.h"

#include "core/metrics/few_fixture.h"

#include "base/rng.h"
#include "base/str.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* What went into a block, and the block. */
#define SERIES_MAX 2000
struct written {
	uint32_t n;
	uint32_t ids[SERIES_MAX];
	struct series_column columns[SERIES_MAX];
	struct str file;
	struct block block;
	struct block_info info;
};

static enum rc write_str(void *self, const void *bytes, size_t n, struct err *e)
{
	(void)e;
	str_addn(self, bytes, n);
	return RC_OK;
}

static void fini(struct written *w)
{
	for (uint32_t i = 0; i < w->n; i++)
		series_column_fini(&w->columns[i]);
	str_fini(&w->file);
	free(w);
}
static struct written *begin(void)
{
	return must_alloc(sizeof(struct written));
}

static struct series_column *add(struct written *w, uint32_t id)
{
	assert_true(w->n < SERIES_MAX);
	w->ids[w->n] = id;
	return &w->columns[w->n++];
}

static void seal(struct written *w)
{
	struct block_output out = { &w->file, write_str };
	scoped(block_writer_free) struct block_writer *writer =
		block_writer_new(&out, &(struct block_settings){ .level = 1 });

	for (uint32_t i = 0; i < w->n; i++)
		assert_int_equal(block_writer_add(writer, w->ids[i], &w->columns[i], NULL), RC_OK);
	assert_int_equal(block_writer_finish(writer, &w->info, NULL), RC_OK);
	assert_int_equal(w->info.size_bytes, w->file.len);
	assert_int_equal(block_open(&w->block, (uint8_t *)w->file.s, w->file.len, NULL), RC_OK);
	assert_memory_equal(&w->info, &w->block.info, sizeof w->info);
}

static bool is_equal(const struct series_column *a, const struct series_column *b)
{
	return a->n == b->n && (!a->n || (memcmp(a->t_ms, b->t_ms, a->n * 8) == 0 &&
						 memcmp(a->v, b->v, a->n * 8) == 0));
}

static void assert_reads_back(const struct written *w)
{
	scoped(block_cursor_free) struct block_cursor *c = block_cursor_new(&w->block);
	scoped(series_column_fini) struct series_column column = { 0 };
	uint32_t id;
	bool has;

	for (uint32_t i = 0; i < w->n; i++) {
		if (!w->columns[i].n)
			continue;
		assert_int_equal(block_next(c, &id, &has, NULL), RC_OK);
		assert_true(has);
		assert_int_equal(id, w->ids[i]);
		column.n = 0;
		assert_int_equal(block_read(c, NULL, &column, NULL), RC_OK);
		assert_true(is_equal(&column, &w->columns[i]));
	}
	assert_int_equal(block_next(c, &id, &has, NULL), RC_OK);
	assert_false(has);
}

static double any_value(struct rng *r, unsigned kind, double last)
{
	switch (kind) {
	case 0:
		return last;
	case 1:
		return last + (double)rng_below(r, 100);
	case 2:
		return (double)rng_between(r, -5000, 5000) / 100;
	case 3:
		return double_of_bits(rng_next(r));
	case 4:
		return rng_chance(r, 1, 50) ? double_of_bits(STALE_NAN_BITS) : last + 1;
	default:
		return rng_chance(r, 1, 100) ? 0 : last + 0.01;
	}
}

static void fill(struct series_column *c, struct rng *r, uint32_t n, bool is_regular)
{
	unsigned kind = (unsigned)rng_below(r, 6);
	int64_t t = 1700000000000 + (is_regular ? 0 : rng_between(r, 0, 100000));
	double v = 0;

	for (uint32_t i = 0; i < n; i++) {
		t += 15000 + (is_regular ? 0 : rng_between(r, -14999, 20000));
		v = any_value(r, kind, v);
		series_column_add(c, t, v);
	}
}

static void what_was_written_is_read(void **unused)
{
	struct rng r;

	(void)unused;
	rng_seed(&r, 1);
	for (unsigned turn = 0; turn < 6; turn++) {
		struct written *w = begin();
		uint32_t id = 0;

		for (unsigned i = 0; i < turn * 300; i++)
			fill(add(w, id += 1 + (uint32_t)rng_below(&r, 3)), &r,
				(uint32_t)rng_below(&r, turn == 1 ? 2000 : 300), i % 3);
		seal(w);
		assert_reads_back(w);
		fini(w);
	}
}

static void a_series_longer_than_a_chunk_is_read_whole(void **unused)
{
	struct written *w = begin();
	struct rng r;

	(void)unused;
	rng_seed(&r, 2);
	for (uint32_t id = 1; id < 300; id++)
		fill(add(w, id), &r, id == 254 ? 3 * BLOCK_CHUNK_MAX + 5 : 2, true);
	seal(w);
	assert_int_equal(w->info.n_series, 299);
	assert_int_equal(w->info.n_chunks, 299 + 3);
	assert_reads_back(w);
	fini(w);
}

static void series_are_found_by_their_ids(void **unused)
{
	struct written *w = begin();
	scoped(block_cursor_free) struct block_cursor *c = NULL;
	struct rng r;
	bool has;

	(void)unused;
	rng_seed(&r, 3);
	for (uint32_t id = 3; id < 3 * 1500; id += 3)
		series_column_add(add(w, id), id, id);
	seal(w);
	c = block_cursor_new(&w->block);
	for (unsigned turn = 0; turn < 20000; turn++) {
		uint32_t id = turn < 5000 ? turn : (uint32_t)rng_below(&r, 5000);
		scoped(series_column_fini) struct series_column column = { 0 };

		assert_int_equal(block_find(c, id, &has, NULL), RC_OK);
		assert_int_equal(has, id > 0 && id % 3 == 0 && id < 4500);
		if (!has)
			continue;
		assert_int_equal(block_read(c, NULL, &column, NULL), RC_OK);
		assert_int_equal(column.n, 1);
		assert_int_equal(column.t_ms[0], id);
	}
	fini(w);
}

/* As the contract of series_query says it. */
static bool is_wanted(const struct series_query *q, int64_t t)
{
	if (t < q->min_ms || t > q->max_ms)
		return false;
	for (int64_t end = q->first_ms; q->step_ms && end <= q->max_ms + q->step_ms;
		end += q->step_ms)
		if (t > end - q->range_ms && t <= end)
			return true;
	return !q->step_ms;
}

static void windows_have_all_their_samples(void **unused)
{
	struct written *w = begin();
	struct rng r;

	(void)unused;
	rng_seed(&r, 4);
	for (uint32_t id = 1; id <= 20; id++)
		fill(add(w, id), &r, 3000, id % 2);
	seal(w);
	for (unsigned turn = 0; turn < 400; turn++) {
		const struct series_column *all = &w->columns[turn % 20];
		int64_t begins = all->t_ms[0];
		struct series_query q = {
			.min_ms = begins + rng_between(&r, -100000, 40000000),
			.max_ms = begins + rng_between(&r, -100000, 50000000),
			.first_ms = begins + rng_between(&r, -100000, 1000000),
			.step_ms = turn % 4 ? rng_between(&r, 1000, 10000000) : 0,
			.range_ms = rng_between(&r, 1, turn % 2 ? 2000000 : 50000),
		};
		scoped(block_cursor_free) struct block_cursor *c = block_cursor_new(&w->block);
		scoped(series_column_fini) struct series_column column = { 0 };
		uint32_t at = 0;
		bool has;

		assert_int_equal(block_find(c, w->ids[turn % 20], &has, NULL), RC_OK);
		assert_int_equal(block_read(c, &q, &column, NULL), RC_OK);
		for (uint32_t i = 0; i < all->n; i++) {
			bool is_there = at < column.n && column.t_ms[at] == all->t_ms[i];

			if (is_there)
				assert_true(double_bits(column.v[at++]) == double_bits(all->v[i]));
			assert_true(is_there || !is_wanted(&q, all->t_ms[i]));
		}
		assert_int_equal(at, column.n);
		if (column.n)
			assert_true(column.t_ms[0] >= q.min_ms &&
				    column.t_ms[column.n - 1] <= q.max_ms);
	}
	fini(w);
}

/* Counters that begin anew, gauges, and marks where a series ended, at times that are regular or not. */
static void fill_for_few(struct series_column *column, struct rng *r, uint32_t n)
{
	unsigned shape = (unsigned)rng_below(r, 6), jitter = rng_chance(r, 1, 2) ? 1 : 400;
	unsigned resets = rng_chance(r, 1, 2) ? 100000 : 700, marks = rng_chance(r, 2, 3) ? 100000 : 400;
	int64_t t = 1700000000000 + rng_between(r, 0, 100000);
	double v = 0;

	for (uint32_t i = 0; i < n; i++) {
		t += 15000 + rng_between(r, 0, (int64_t)jitter - 1) + (rng_chance(r, 1, 900) ? 9000000 : 0);
		if (shape < 4)
			v = rng_chance(r, 1, resets) ? 0 : v + (double)rng_below(r, shape ? 300 : 2) /
				(shape == 3 ? 100 : 1);
		else
			v = shape == 4 ? (double)rng_below(r, 1000) : (double)rng_below(r, 1 << 30) / 7;
		series_column_add(column, t, rng_chance(r, 1, marks) ? double_of_bits(STALE_NAN_BITS) : v);
	}
}

static void few_samples_say_what_all_do(void **unused)
{
	static const uint8_t needs[] = { SERIES_LAST, SERIES_ENDS, SERIES_ENDS | SERIES_LAST_TWO,
		SERIES_GROWTH };
	struct written *w = begin();
	uint64_t n_left_out = 0;
	struct rng r;

	(void)unused;
	rng_seed(&r, 5);
	for (uint32_t id = 1; id <= 24; id++)
		fill_for_few(add(w, id), &r, 1 + (uint32_t)rng_below(&r, 5000));
	seal(w);
	for (unsigned turn = 0; turn < 2000; turn++) {
		const struct series_column *all = &w->columns[turn % 24];
		int64_t begins = all->t_ms[0];
		struct series_query q = {
			.min_ms = begins + rng_between(&r, -100000, 20000000),
			.max_ms = begins + rng_between(&r, 20000000, 90000000),
			.first_ms = begins + rng_between(&r, -100000, 1000000),
			.step_ms = turn % 7 ? rng_between(&r, 50000, 7000000) : 0,
			.range_ms = rng_between(&r, 1, turn % 2 ? 9000000 : 300000),
			.need = needs[rng_below(&r, COUNT(needs))],
		};
		scoped(block_cursor_free) struct block_cursor *c = block_cursor_new(&w->block);
		scoped(series_column_fini) struct series_column column = { 0 };
		bool has;

		if (!q.step_ms)
			q.range_ms = q.max_ms - q.min_ms + 1;
		assert_int_equal(block_find(c, w->ids[turn % 24], &has, NULL), RC_OK);
		assert_int_equal(block_read(c, &q, &column, NULL), RC_OK);
		assert_few_suffice(all, &column, &q);
		n_left_out += column.has_gaps ? column.nth[column.n - 1] + 1 - column.n : 0;
	}
	assert_true(n_left_out > 100000);
	fini(w);
}

static void times_and_chunks_that_are_equal_stand_there_once(void **unused)
{
	struct written *w = begin();

	(void)unused;
	for (uint32_t id = 1; id <= 1000; id++) {
		struct series_column *c = add(w, id);

		for (uint32_t i = 0; i < 480; i++)
			series_column_add(c, i * 15000 + i * i % 7, id % 4);
	}
	seal(w);
	assert_true(w->file.len < 480 + 1000 * 4); /* times once; four chunks; ids and offsets */
	assert_reads_back(w);
	fini(w);
}

static void open_chunks_are_kept_as_they_are(void **unused)
{
	struct written *w = begin();
	struct block_output out = { &w->file, write_str };
	scoped(block_writer_free) struct block_writer *writer =
		block_writer_new(&out, &(struct block_settings){ .base_ms = 1000000 });
	struct rng r;

	(void)unused;
	rng_seed(&r, 6);
	for (uint32_t id = 1; id <= 700; id++) {
		struct series_column *c = add(w, id);
		struct chunk_state s = chunk_begin(1000000 + id % 3);
		uint8_t bytes[60 * CHUNK_APPEND_ROOM];
		struct chunk chunk = { bytes, 0, 0, 1000000 + id % 3 };

		fill(c, &r, id % 60, true);
		for (; chunk.n_samples < c->n; chunk.n_samples++)
			chunk.n_bytes += chunk_append(&s, bytes + chunk.n_bytes,
				c->t_ms[chunk.n_samples], c->v[chunk.n_samples]);
		assert_int_equal(block_writer_add_chunk(writer, id, &chunk, NULL), RC_OK);
	}
	assert_int_equal(block_writer_finish(writer, &w->info, NULL), RC_OK);
	assert_int_equal(block_open(&w->block, (uint8_t *)w->file.s, w->file.len, NULL), RC_OK);
	assert_reads_back(w);
	fini(w);
}

static void an_empty_block_can_be_read(void **unused)
{
	struct written *w = begin();

	(void)unused;
	seal(w);
	assert_true(w->info.min_ms > w->info.max_ms);
	assert_reads_back(w);
	fini(w);
}

/* What a damaged file gives of each series is what was written, or RC_CORRUPT. */
static unsigned count_damaged(const struct written *w, const struct block *b)
{
	scoped(block_cursor_free) struct block_cursor *c = block_cursor_new(b);
	scoped(series_column_fini) struct series_column column = { 0 };
	unsigned damaged = 0;

	for (uint32_t i = 0; i < w->n; i++) {
		struct err e = { 0 };
		bool has = false;
		enum rc rc = block_find(c, w->ids[i], &has, &e);

		column.n = 0;
		if (rc == RC_OK) {
			assert_true(has);
			rc = block_read(c, NULL, &column, &e);
		}
		assert_true(rc == RC_CORRUPT || is_equal(&column, &w->columns[i]));
		assert_true(rc == RC_OK || e.text[0]);
		damaged += rc != RC_OK;
	}
	return damaged;
}

static void any_damage_is_found_and_costs_only_what_it_hit(void **unused)
{
	struct written *w = begin();
	unsigned opened = 0, most = 0;
	struct rng r;

	(void)unused;
	rng_seed(&r, 7);
	for (uint32_t id = 1; id <= 600; id++)
		fill(add(w, id), &r, id % 50 ? 3 : 700, false);
	seal(w);
	for (size_t at = 0; at < w->file.len; at += 1 + rng_below(&r, 40)) {
		char bit = (char)(1 << rng_below(&r, 8));
		struct block b;

		w->file.s[at] ^= bit;
		if (block_open(&b, (uint8_t *)w->file.s, w->file.len, NULL) == RC_OK) {
			uint64_t found;
			unsigned damaged = count_damaged(w, &b);

			opened++;
			most = damaged > most ? damaged : most;
			assert_true(damaged >= 1 && damaged <= BLOCK_GROUP);
			assert_int_equal(block_verify(&b, NULL, &found, NULL), RC_CORRUPT);
			assert_true(found >= 1 && found <= damaged);
		}
		w->file.s[at] ^= bit;
	}
	assert_true(most == BLOCK_GROUP);
	assert_true(opened > 500);
	fini(w);
}

static void a_file_that_is_cut_is_no_block(void **unused)
{
	struct written *w = begin();
	struct block b;

	(void)unused;
	series_column_add(add(w, 1), 1, 1);
	seal(w);
	for (size_t n = 0; n < w->file.len; n++)
		assert_int_equal(block_open(&b, (uint8_t *)w->file.s, n, NULL), RC_CORRUPT);
	fini(w);
}

static enum rc refuse(void *self, const void *bytes, size_t n, struct err *e)
{
	(void)self, (void)bytes, (void)n;
	return err_set(e, RC_FULL, "no room");
}

static void a_full_disk_ends_the_writing(void **unused)
{
	struct block_output out = { NULL, refuse };
	scoped(block_writer_free) struct block_writer *writer =
		block_writer_new(&out, &(struct block_settings){ 0 });
	struct block_info info;

	(void)unused;
	assert_int_equal(block_writer_finish(writer, &info, NULL), RC_FULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(a_series_longer_than_a_chunk_is_read_whole),
		cmocka_unit_test(series_are_found_by_their_ids),
		cmocka_unit_test(windows_have_all_their_samples),
		cmocka_unit_test(few_samples_say_what_all_do),
		cmocka_unit_test(times_and_chunks_that_are_equal_stand_there_once),
		cmocka_unit_test(open_chunks_are_kept_as_they_are),
		cmocka_unit_test(an_empty_block_can_be_read),
		cmocka_unit_test(any_damage_is_found_and_costs_only_what_it_hit),
		cmocka_unit_test(a_file_that_is_cut_is_no_block),
		cmocka_unit_test(a_full_disk_ends_the_writing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
