/* SPDX-License-Identifier: Apache-2.0 */
/* Merging beside a model: a table of what each series should have at each time. */
#include "core/metrics/merge.h"

#include "base/rng.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define IDS    1500 /* some groups */
#define TIMES  80
#define BLOCKS 4

struct model {
	bool has[IDS][TIMES];
	double v[IDS][TIMES];
};

struct input {
	struct str file;
	struct block block;
	unsigned number;
	int64_t deleted_from, deleted_to; /* of ids with id % 7 == number */
	unsigned n_damaged;
	struct block_ids damaged;
};

static enum rc write_str(void *self, const void *bytes, size_t n, struct err *e)
{
	(void)e;
	str_addn(self, bytes, n);
	return RC_OK;
}

static struct block_writer *writer_to(struct str *file)
{
	struct block_output out = { file, write_str };

	return block_writer_new(&out, &(struct block_settings){ .level = 2 });
}

static void add_some(struct input *in, struct rng *r, struct model *m, struct block_writer *w,
	unsigned id)
{
	scoped(series_column_fini) struct series_column c = { 0 };
	unsigned first = (unsigned)rng_below(r, TIMES), last = (unsigned)rng_below(r, TIMES + 1);

	for (unsigned t = first; t < last; t += 1 + (unsigned)rng_below(r, 3)) {
		double v = in->number * 10000 + t;

		series_column_add(&c, t, v);
		if (id % 7 == in->number && t >= in->deleted_from && t <= in->deleted_to)
			continue;
		m->has[id][t] = true;
		m->v[id][t] = v;
	}
	assert_int_equal(block_writer_add(w, id, &c, NULL), RC_OK);
}

static void make_input(struct input *in, unsigned number, struct rng *r, struct model *m)
{
	scoped(block_writer_free) struct block_writer *w = writer_to(&in->file);
	struct block_info info;

	in->number = number;
	in->deleted_from = rng_between(r, 0, TIMES);
	in->deleted_to = rng_between(r, 0, TIMES);
	for (unsigned id = 0; id < IDS; id++)
		if (rng_chance(r, 2, 3))
			add_some(in, r, m, w, id);
	assert_int_equal(block_writer_finish(w, &info, NULL), RC_OK);
	assert_int_equal(block_open(&in->block, (uint8_t *)in->file.s, in->file.len, NULL), RC_OK);
}

static void without(void *self, uint32_t id, struct series_column *c, uint32_t from)
{
	const struct input *in = self;
	uint32_t n = from;

	if (id % 7 != in->number)
		return;
	for (uint32_t i = from; i < c->n; i++) {
		if (c->t_ms[i] >= in->deleted_from && c->t_ms[i] <= in->deleted_to)
			continue;
		c->t_ms[n] = c->t_ms[i];
		c->v[n++] = c->v[i];
	}
	c->n = n;
}

static void damaged(void *self, uint32_t input, struct block_ids ids, const struct err *what)
{
	struct input *in = (struct input *)self + input;

	assert_int_equal(what->rc, RC_CORRUPT);
	in->n_damaged++;
	in->damaged = ids;
}

/* The inputs merged into `file`, which is opened. */
static struct block merge_all(struct input *inputs, unsigned n, int64_t min_ms, int64_t max_ms,
	struct str *file)
{
	scoped(block_writer_free) struct block_writer *w = writer_to(file);
	struct merge_input places[BLOCKS];
	struct merge m = { .inputs = places,
		.n_inputs = n,
		.min_ms = min_ms,
		.max_ms = max_ms,
		.self = inputs,
		.damaged = damaged };
	struct block_info info;
	struct block b;

	for (unsigned i = 0; i < n; i++)
		places[i] = (struct merge_input){ &inputs[i].block, &inputs[i], without };
	assert_int_equal(merge_run(&m, w, NULL), RC_OK);
	assert_int_equal(block_writer_finish(w, &info, NULL), RC_OK);
	assert_int_equal(block_open(&b, (uint8_t *)file->s, file->len, NULL), RC_OK);
	return b;
}

static void assert_series(const struct model *m, const struct block *b, unsigned id, int64_t min_ms,
	int64_t max_ms)
{
	scoped(block_cursor_free) struct block_cursor *c = block_cursor_new(b);
	scoped(series_column_fini) struct series_column column = { 0 };
	uint32_t at = 0;
	bool has;

	assert_int_equal(block_find(c, id, &has, NULL), RC_OK);
	if (has)
		assert_int_equal(block_read(c, NULL, &column, NULL), RC_OK);
	for (int64_t t = 0; t < TIMES; t++) {
		if (!m->has[id][t] || t < min_ms || t > max_ms)
			continue;
		assert_true(at < column.n);
		assert_int_equal(column.t_ms[at], t);
		assert_true(column.v[at++] == m->v[id][t]);
	}
	assert_int_equal(at, column.n);
	assert_int_equal(has, at > 0);
}

static void free_inputs(struct input *inputs, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		str_fini(&inputs[i].file);
}

static void merging_is_what_the_model_says(void **unused)
{
	struct model *m = must_alloc(sizeof *m);
	struct rng r;

	(void)unused;
	rng_seed(&r, 1);
	for (unsigned turn = 0; turn < 25; turn++) {
		unsigned n = turn % (BLOCKS + 1);
		int64_t min_ms = turn % 2 ? rng_between(&r, 0, TIMES) : INT64_MIN;
		int64_t max_ms = turn % 3 ? rng_between(&r, 0, TIMES) : INT64_MAX;
		scoped(str_fini) struct str file = STR_EMPTY;
		struct input inputs[BLOCKS] = { 0 };
		struct block b;

		*m = (struct model){ 0 };
		for (unsigned i = 0; i < n; i++)
			make_input(&inputs[i], i, &r, m);
		b = merge_all(inputs, n, min_ms, max_ms, &file);
		for (unsigned id = 0; id < IDS; id++)
			assert_series(m, &b, id, min_ms, max_ms);
		free_inputs(inputs, n);
	}
	free(m);
}

static void what_is_damaged_in_an_input_is_told_and_the_rest_goes_on(void **unused)
{
	struct model *m = must_alloc(sizeof *m);
	struct input inputs[2] = { 0 };
	scoped(str_fini) struct str file = STR_EMPTY;
	struct block b;
	struct rng r;

	(void)unused;
	rng_seed(&r, 2);
	make_input(&inputs[0], 0, &r, m);
	inputs[0].file.s[(const uint8_t *)inputs[0].block.table - inputs[0].block.bytes - 1] ^= 1;
	*m = (struct model){ 0 };
	make_input(&inputs[1], 1, &r, m);
	b = merge_all(inputs, 2, INT64_MIN, INT64_MAX, &file);
	assert_int_equal(inputs[0].n_damaged, 1);
	assert_int_equal(inputs[1].n_damaged, 0);
	assert_true(inputs[0].damaged.first > 256);
	assert_int_equal(inputs[0].damaged.last, inputs[0].block.info.last_id);
	for (unsigned id = inputs[0].damaged.first; id < IDS; id++)
		assert_series(m, &b, id, INT64_MIN, INT64_MAX);
	free_inputs(inputs, 2);
	free(m);
}

static void a_merge_can_downsample(void **unused)
{
	scoped(str_fini) struct str file = STR_EMPTY, smaller = STR_EMPTY;
	scoped(block_writer_free) struct block_writer *w = writer_to(&file),
						      *to = writer_to(&smaller);
	scoped(series_column_fini) struct series_column c = { 0 };
	struct block_info info;
	struct block b;
	struct merge_input input = { .block = &b };
	struct merge m = { .inputs = &input,
		.n_inputs = 1,
		.min_ms = INT64_MIN,
		.max_ms = INT64_MAX,
		.window_ms = 300000 };

	(void)unused;
	for (unsigned i = 0; i < 2000; i++)
		series_column_add(&c, i * 15000, i);
	assert_int_equal(block_writer_add(w, 1, &c, NULL), RC_OK);
	assert_int_equal(block_writer_finish(w, &info, NULL), RC_OK);
	assert_int_equal(block_open(&b, (uint8_t *)file.s, file.len, NULL), RC_OK);
	assert_int_equal(merge_run(&m, to, NULL), RC_OK);
	assert_int_equal(block_writer_finish(to, &info, NULL), RC_OK);
	assert_int_equal(info.n_samples, 1 + 2 * 100); /* 0, then first and last of each window */
	assert_int_equal(info.max_ms, 1999 * 15000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(merging_is_what_the_model_says),
		cmocka_unit_test(what_is_damaged_in_an_input_is_told_and_the_rest_goes_on),
		cmocka_unit_test(a_merge_can_downsample),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
