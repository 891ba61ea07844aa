/* SPDX-License-Identifier: Apache-2.0 */
/* Native histograms as bytes, and in all that keeps them: packed, in chunks, in blocks, merged. */
#include "core/metrics/packed.h"

#include "core/metrics/column.h"
#include "core/metrics/histogram_fixture.h"
#include "core/metrics/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct arena arena; /* of one test */

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

static void what_was_packed_is_taken_again(void **state)
{
	struct rng r;

	(void)state;
	rng_seed(&r, 1);
	for (unsigned turn = 0; turn < 300; turn++) {
		scoped(str_fini) struct str bytes = STR_EMPTY;
		const struct histogram *v[30] = { NULL }, *back = NULL;
		struct varint_bytes in;

		for (unsigned i = 0; i < COUNT(v); i++) {
			v[i] = fixture_next(i ? v[i - 1] : NULL, &r, &arena);
			packed_add(&bytes, i ? v[i - 1] : NULL, v[i]);
		}
		in = (struct varint_bytes){ (uint8_t *)bytes.s, (uint8_t *)bytes.s + bytes.len };
		for (unsigned i = 0; i < COUNT(v); i++) {
			assert_int_equal(packed_take(&in, back, &arena, &back, NULL), RC_OK);
			assert_true(histogram_equal(back, v[i]));
		}
		assert_ptr_equal(in.p, in.end);
	}
}

/* A histogram of `n` buckets. */
static struct histogram *wide(uint32_t n)
{
	struct histogram *h = arena_alloc(&arena, sizeof *h);
	struct histogram_span *span = arena_alloc(&arena, sizeof *span);

	*span = (struct histogram_span){ 0, n };
	h->positive_spans = span;
	h->n_positive_spans = 1;
	h->positive = arena_alloc(&arena, n * sizeof *h->positive);
	h->n_positive = n;
	return h;
}

static void what_did_not_change_costs_a_bit_a_bucket(void **state)
{
	scoped(str_fini) struct str bytes = STR_EMPTY;
	struct histogram *before = wide(160), *h = wide(160);

	(void)state;
	packed_add(&bytes, before, before);
	assert_int_equal(bytes.len, 1);
	str_clear(&bytes);
	((double *)h->positive)[7] = 3;
	h->count = 3;
	h->sum = 1;
	packed_add(&bytes, before, h);
	/* Flags, two bytes of 1.0 and how many, the bits of 162 numbers, the bucket; not the count. */
	assert_int_equal(bytes.len, 1 + 1 + 2 + 21 + 1);
}

static void the_largest_histogram_fits(void **state)
{
	scoped(str_fini) struct str bytes = STR_EMPTY;
	struct histogram *h = wide(HISTOGRAM_BUCKETS_MAX);
	const struct histogram *back;
	struct varint_bytes in;
	struct rng r;

	(void)state;
	rng_seed(&r, 3);
	for (uint32_t i = 0; i < h->n_positive; i++)
		((double *)h->positive)[i] = double_of_bits(rng_next(&r));
	assert_int_equal(histogram_check_layout(h, NULL), RC_OK);
	packed_add(&bytes, NULL, h);
	assert_true(bytes.len <= PACKED_BYTES_MAX);
	in = (struct varint_bytes){ (uint8_t *)bytes.s, (uint8_t *)bytes.s + bytes.len };
	assert_int_equal(packed_take(&in, NULL, &arena, &back, NULL), RC_OK);
	assert_true(histogram_equal(back, h));
}

static void a_full_arena_is_a_limit_and_cut_bytes_are_damage(void **state)
{
	scoped(str_fini) struct str bytes = STR_EMPTY;
	scoped(arena_fini) struct arena small;
	const struct histogram *h = wide(100), *back;
	struct varint_bytes in;

	(void)state;
	packed_add(&bytes, NULL, h);
	arena_init(&small, 300);
	in = (struct varint_bytes){ (uint8_t *)bytes.s, (uint8_t *)bytes.s + bytes.len };
	assert_int_equal(packed_take(&in, NULL, &small, &back, NULL), RC_LIMIT);
	for (size_t n = 0; n < bytes.len; n++) {
		in = (struct varint_bytes){ (uint8_t *)bytes.s, (uint8_t *)bytes.s + n };
		assert_int_equal(packed_take(&in, NULL, &arena, &back, NULL), RC_CORRUPT);
	}
}

/* Floats and histograms by turns, stale marks between them. */
static void fill(struct series_column *c, uint32_t n, struct rng *r)
{
	while (c->n < n) {
		uint32_t some = 1 + (uint32_t)rng_below(r, 40);

		if (rng_chance(r, 2, 3)) {
			fixture_histograms(c, some, r, &arena);
			continue;
		}
		for (uint32_t i = 0; i < some; i++)
			series_column_add(c, (c->n ? c->t_ms[c->n - 1] : 0) + 15000,
				rng_chance(r, 1, 9) ? double_of_bits(STALE_NAN_BITS)
						    : (double)rng_below(r, 3));
	}
}

/* Who follows the log sees each append, and of histograms the times. */
static void assert_follows(struct chunk_tail *t, const uint8_t *bytes, unsigned n,
	const struct series_column *c, uint32_t i)
{
	bool is_histogram = c->h && c->h[i];

	assert_true(chunk_tail_next(t, bytes, n));
	assert_int_equal(t->t_ms, c->t_ms[i]);
	assert_int_equal(t->is_histogram, is_histogram);
	if (!is_histogram)
		assert_int_equal(t->bits, double_bits(c->v[i]));
}

static struct chunk write_chunk(const struct series_column *c, struct str *bytes)
{
	scoped(str_fini) struct str packed = STR_EMPTY;
	struct chunk_state state = chunk_begin(c->t_ms[0]);
	struct chunk_tail tail = chunk_tail_begin(c->t_ms[0]);
	const struct histogram *last = NULL;
	uint8_t *room = must_alloc(PACKED_BYTES_MAX + CHUNK_APPEND_ROOM);
	uint32_t i;

	for (i = 0; i < c->n && bytes->len < CHUNK_BYTES_MAX - 2000; i++) {
		const struct histogram *h = c->h ? c->h[i] : NULL;
		unsigned n;

		str_clear(&packed);
		if (h)
			packed_add(&packed, last, h);
		if (!h)
			n = chunk_append(&state, room, c->t_ms[i], c->v[i]);
		else if (packed.len == 1 && state.is_histogram)
			n = chunk_append_histogram(&state, room, c->t_ms[i], NULL, 0);
		else
			n = chunk_append_histogram(&state, room, c->t_ms[i], (uint8_t *)packed.s,
				(unsigned)packed.len);
		assert_follows(&tail, room, n, c, i);
		str_addn(bytes, room, n);
		last = h ? h : last;
	}
	free(room);
	return (struct chunk){ (uint8_t *)bytes->s, (uint32_t)bytes->len, i, c->t_ms[0] };
}

static void a_chunk_holds_floats_and_histograms_by_turns(void **state)
{
	struct rng r;

	(void)state;
	rng_seed(&r, 4);
	for (unsigned turn = 0; turn < 100; turn++) {
		scoped(series_column_fini) struct series_column all = { 0 }, floats = { 0 };
		scoped(series_column_fini) struct series_column back = { .histograms = &arena };
		scoped(str_fini) struct str bytes = STR_EMPTY;
		struct chunk chunk;
		uint32_t n = 0;

		fill(&all, 300, &r);
		chunk = write_chunk(&all, &bytes);
		all.n = chunk.n_samples;
		assert_int_equal(chunk_read(&chunk, INT64_MIN, INT64_MAX, &back, NULL), RC_OK);
		assert_true(fixture_equal(&all, &back));
		assert_int_equal(chunk_read(&chunk, INT64_MIN, INT64_MAX, &floats, NULL), RC_OK);
		for (uint32_t i = 0; i < all.n; i++)
			if (!all.h || !all.h[i])
				assert_int_equal(floats.t_ms[n++], all.t_ms[i]);
		assert_int_equal(floats.n, n);
	}
}

static enum rc write_str(void *self, const void *bytes, size_t n, struct err *e)
{
	(void)e;
	str_addn(self, bytes, n);
	return RC_OK;
}

/* A block of one series. */
static struct block write_block(const struct series_column *c, struct str *file)
{
	struct block_output out = { file, write_str };
	scoped(block_writer_free) struct block_writer *w =
		block_writer_new(&out, &(struct block_settings){ .level = 1 });
	struct block_info info;
	struct block b;

	assert_int_equal(block_writer_add(w, 5, c, NULL), RC_OK);
	assert_int_equal(block_writer_finish(w, &info, NULL), RC_OK);
	assert_int_equal(info.n_samples, c->n);
	assert_int_equal(block_open(&b, (uint8_t *)file->s, file->len, NULL), RC_OK);
	return b;
}

static enum rc read_block(const struct block *b, const struct series_query *q,
	struct series_column *ret)
{
	scoped(block_cursor_free) struct block_cursor *c = block_cursor_new(b);
	bool has;
	enum rc rc = block_find(c, 5, &has, NULL);

	if (rc != RC_OK)
		return rc;
	assert_true(has);
	ret->n = 0;
	return block_read(c, q, ret, NULL);
}

static void a_block_holds_floats_and_histograms_by_turns(void **state)
{
	struct rng r;

	(void)state;
	rng_seed(&r, 5);
	for (unsigned turn = 0; turn < 30; turn++) {
		scoped(series_column_fini) struct series_column all = { 0 }, some = { 0 };
		scoped(series_column_fini) struct series_column back = { .histograms = &arena };
		scoped(str_fini) struct str file = STR_EMPTY;
		struct series_query q;
		struct block b;

		fill(&all, 1500, &r);
		b = write_block(&all, &file);
		assert_int_equal(read_block(&b, NULL, &back), RC_OK);
		assert_true(fixture_equal(&all, &back));
		q = (struct series_query){ .min_ms = all.t_ms[rng_below(&r, all.n)],
			.max_ms = all.t_ms[rng_below(&r, all.n)] };
		assert_int_equal(read_block(&b, &q, &back), RC_OK);
		for (uint32_t i = 0; i < all.n; i++) {
			if (all.t_ms[i] < q.min_ms || all.t_ms[i] > q.max_ms)
				continue;
			if (all.h && all.h[i])
				series_column_add_histogram(&some, all.t_ms[i], all.h[i]);
			else
				series_column_add(&some, all.t_ms[i], all.v[i]);
		}
		assert_true(fixture_equal(&some, &back));
	}
}

static void any_damage_to_histograms_is_found(void **state)
{
	scoped(series_column_fini) struct series_column all = { 0 };
	scoped(str_fini) struct str file = STR_EMPTY;
	struct rng r;

	(void)state;
	rng_seed(&r, 6);
	fixture_histograms(&all, 300, &r, &arena);
	write_block(&all, &file);
	for (size_t at = BLOCK_HEADER_BYTES; at < file.len; at += 1 + rng_below(&r, 9)) {
		scoped(series_column_fini) struct series_column back = { .histograms = &arena };
		struct block b;

		file.s[at] ^= 4;
		if (block_open(&b, (uint8_t *)file.s, file.len, NULL) == RC_OK)
			assert_int_equal(read_block(&b, NULL, &back), RC_CORRUPT);
		file.s[at] ^= 4;
	}
}

/* So many that they are merged some time at a time. */
static void many_histograms_are_merged_in_little_memory(void **state)
{
	scoped(series_column_fini) struct series_column all = { 0 };
	scoped(series_column_fini) struct series_column back = { .histograms = &arena };
	struct series_column halves[2] = { 0 };
	struct str files[2] = { 0 };
	scoped(str_fini) struct str merged = STR_EMPTY;
	struct block blocks[2];
	struct merge_input inputs[2] = { { .block = &blocks[0] }, { .block = &blocks[1] } };
	struct merge m = { .inputs = inputs,
		.n_inputs = 2,
		.min_ms = INT64_MIN,
		.max_ms = INT64_MAX };
	struct block_output out = { &merged, write_str };
	scoped(block_writer_free) struct block_writer *w =
		block_writer_new(&out, &(struct block_settings){ .level = 2 });
	struct block_info info;
	struct rng r;
	struct block b;

	(void)state;
	rng_seed(&r, 7);
	fixture_histograms(&all, 150000, &r, &arena);
	for (uint32_t i = 0; i < all.n; i++)
		series_column_add_histogram(&halves[i % 2], all.t_ms[i], all.h[i]);
	for (int i = 0; i < 2; i++)
		blocks[i] = write_block(&halves[i], &files[i]);
	assert_int_equal(merge_run(&m, w, NULL), RC_OK);
	assert_int_equal(block_writer_finish(w, &info, NULL), RC_OK);
	assert_int_equal(block_open(&b, (uint8_t *)merged.s, merged.len, NULL), RC_OK);
	assert_int_equal(read_block(&b, NULL, &back), RC_OK);
	assert_true(fixture_equal(&all, &back));
	for (int i = 0; i < 2; i++) {
		series_column_fini(&halves[i]);
		str_fini(&files[i]);
	}
}

static void a_reset_of_a_histogram_stays_with_both_its_sides(void **state)
{
	scoped(series_column_fini) struct series_column c = { 0 };
	struct histogram *low = wide(4), *high = wide(4);

	(void)state;
	high->count = ((double *)high->positive)[2] = 9;
	for (uint32_t i = 0; i < 40; i++)
		series_column_add_histogram(&c, 15000 * (i + 1), i < 21 ? high : low);
	column_downsample(&c, 600000);
	assert_int_equal(c.n, 4);
	assert_ptr_equal(c.h[1], high);
	assert_int_equal(c.t_ms[1], 15000 * 21);
	assert_ptr_equal(c.h[2], low);
	assert_int_equal(c.t_ms[2], 15000 * 22);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_packed_is_taken_again),
		TEST(what_did_not_change_costs_a_bit_a_bucket),
		TEST(the_largest_histogram_fits),
		TEST(a_full_arena_is_a_limit_and_cut_bytes_are_damage),
		TEST(a_chunk_holds_floats_and_histograms_by_turns),
		TEST(a_block_holds_floats_and_histograms_by_turns),
		TEST(any_damage_to_histograms_is_found),
		TEST(many_histograms_are_merged_in_little_memory),
		TEST(a_reset_of_a_histogram_stays_with_both_its_sides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
