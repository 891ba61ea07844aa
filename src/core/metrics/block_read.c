/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The series that is read next mostly has the same times: the cursor keeps the column of times, with
 * those of its vectors decoded that were looked at.  The first time of a vector stands at its
 * beginning, so that finding a time decodes one vector only.
 */
#include "core/metrics/block_private.h"

#include "core/metrics/bytes.h"
#include "core/metrics/packed.h"
#include "core/metrics/values.h"

/* A chunk, or column of times, as far as all have it the same. */
struct piece {
	const uint8_t *checked; /* what its check covers begins here */
	const uint8_t *p, *end; /* what comes next; as far as chunks reach */
	uint32_t check, n;
	unsigned kind;
};

static bool open_piece(const struct block *b, uint64_t offset, struct piece *ret)
{
	const uint8_t *end = block_chunks_end(b);
	uint64_t n;

	if (offset < BLOCK_HEADER_BYTES || offset >= (uint64_t)(end - b->bytes) ||
		(uint64_t)(end - b->bytes) - offset < 6)
		return false;
	ret->checked = b->bytes + offset + 4;
	ret->check = get_u32(b->bytes + offset);
	ret->kind = *ret->checked;
	ret->p = ret->checked + 1;
	ret->end = end;
	if (!get_varint(&ret->p, end, &n) || n == 0 || n > BLOCK_CHUNK_MAX)
		return false;
	ret->n = (uint32_t)n;
	return true;
}

static bool is_whole(const struct piece *piece, const uint8_t *end)
{
	return check_32(piece->checked, (size_t)(end - piece->checked)) == piece->check;
}

static bool open_column(struct piece *piece, struct column *ret)
{
	uint64_t size;

	ret->is_same = piece->kind & BLOCK_SAME;
	ret->n = piece->n;
	ret->n_vectors = (piece->n + BLOCK_VECTOR - 1) / BLOCK_VECTOR;
	ret->rows = NULL;
	if (ret->is_same || piece->n <= BLOCK_VECTOR) {
		if (!get_varint(&piece->p, piece->end, &size) ||
			size > (uint64_t)(piece->end - piece->p))
			return false;
		ret->vectors = piece->p;
		ret->size = (uint32_t)size;
		return is_whole(piece, piece->p + size);
	}
	if (4 * (uint64_t)ret->n_vectors > (uint64_t)(piece->end - piece->p))
		return false;
	ret->rows = piece->p;
	ret->vectors = piece->p + 4 * (size_t)ret->n_vectors;
	return is_whole(piece, ret->vectors);
}

static uint32_t vector_size(const struct column *c, uint32_t i)
{
	return c->rows ? get_u16(c->rows + 4 * (size_t)i) : c->size;
}

/* The bytes of a vector that begins `at` bytes behind the first, when they are undamaged. */
static bool open_vector(const struct column *c, uint32_t i, uint32_t at, const uint8_t *end,
	struct ints_span *ret)
{
	uint32_t size = vector_size(c, i);

	if (at > (size_t)(end - c->vectors) || size > (size_t)(end - c->vectors) - at)
		return false;
	*ret = (struct ints_span){ c->vectors + at, c->vectors + at + size };
	return !c->rows || check_16(ret->p, size) == get_u16(c->rows + 4 * (size_t)i + 2);
}

static void reserve_times(struct times *t, uint32_t n_vectors)
{
	if (n_vectors <= t->cap)
		return;
	t->cap = n_vectors < 8 ? 8 : n_vectors;
	t->vectors = must_realloc(t->vectors, t->cap * sizeof *t->vectors);
	t->t_ms = must_realloc(t->t_ms, (size_t)t->cap * BLOCK_VECTOR * sizeof *t->t_ms);
}

/* Where each vector begins, in the file and in time. */
static bool index_times(struct times *t, const uint8_t *end)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < t->column.n_vectors; i++) {
		const uint8_t *p = t->column.vectors + at + 1;
		uint64_t first;

		if (at >= (size_t)(end - t->column.vectors) || !get_varint(&p, end, &first))
			return false;
		t->vectors[i] =
			(struct times_vector){ .at = at, .first_ms = (int64_t)unzigzag(first) };
		if (i > 0 && t->vectors[i].first_ms <= t->vectors[i - 1].first_ms)
			return false;
		at += vector_size(&t->column, i);
	}
	return true;
}

static bool hold_times(struct block_cursor *c, uint64_t offset, uint32_t n)
{
	struct times *t = &c->times;
	struct piece piece;

	if (t->offset && t->offset == offset && t->column.n == n)
		return true;
	t->offset = 0;
	if (!open_piece(c->block, offset, &piece) || piece.kind != BLOCK_TIMES || piece.n != n ||
		!open_column(&piece, &t->column))
		return false;
	reserve_times(t, t->column.n_vectors);
	if (!index_times(t, piece.end))
		return false;
	t->offset = offset;
	return true;
}

static bool decode_times(struct block_cursor *c, uint32_t i)
{
	struct times *t = &c->times;
	int64_t *t_ms = t->t_ms + (size_t)i * BLOCK_VECTOR;
	uint32_t n = vector_n(&t->column, i);
	bool is_last = i + 1 == t->column.n_vectors, descends = false;
	struct ints_span in;

	if (t->vectors[i].is_decoded)
		return true;
	if (!open_vector(&t->column, i, t->vectors[i].at, block_chunks_end(c->block), &in) ||
		!ints_decode(&in, n, t_ms))
		return false;
	for (uint32_t k = 1; k < n; k++)
		descends |= t_ms[k] <= t_ms[k - 1];
	if (descends || t_ms[0] != t->vectors[i].first_ms ||
		(!is_last && t_ms[n - 1] >= t->vectors[i + 1].first_ms))
		return false;
	t->vectors[i].is_decoded = true;
	return true;
}

/* Mostly a scrape is as long after the one before as that one was. */
static bool is_regular(struct block_cursor *c, uint32_t i)
{
	struct times *t = &c->times;
	struct times_vector *v = &t->vectors[i];
	int64_t n = vector_n(&t->column, i), first_ms, span_ms, last_ms;
	struct ints_span in;

	if (!open_vector(&t->column, i, v->at, block_chunks_end(c->block), &in) ||
		!ints_is_regular(in, (unsigned)n, &first_ms, &v->change_ms) ||
		first_ms != v->first_ms || v->change_ms <= 0 ||
		__builtin_mul_overflow(v->change_ms, n - 1, &span_ms) ||
		__builtin_add_overflow(first_ms, span_ms, &last_ms))
		return false;
	return i + 1 == t->column.n_vectors || last_ms < v[1].first_ms;
}

bool block_hold_times(struct block_cursor *c, uint32_t i)
{
	struct times_vector *v = &c->times.vectors[i];

	if (!v->is_regular && !v->is_decoded)
		v->is_regular = is_regular(c, i);
	return v->is_regular || decode_times(c, i);
}

/* The last vector from `i` on that begins at this time or before; `i` does. */
static uint32_t vector_of(const struct times *t, uint32_t i, int64_t t_ms)
{
	uint32_t low = i, high = t->column.n_vectors, reach = 1;

	for (; low + reach < high && t->vectors[low + reach].first_ms <= t_ms; reach *= 2)
		low += reach;
	high = low + reach < high ? low + reach : high;
	while (low + 1 < high) {
		uint32_t middle = (low + high) / 2;

		if (t->vectors[middle].first_ms <= t_ms)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* The first of n ascending times that is later than this; the first of all isn't, the last is.
 * Times are nearly regular: a guess is right, or nearly so. */
static uint32_t first_after(const int64_t *t, uint32_t n, int64_t t_ms)
{
	uint64_t ahead = (uint64_t)t_ms - (uint64_t)t[0],
		 span = (uint64_t)t[n - 1] - (uint64_t)t[0];
	double along = (double)ahead / (double)span;
	uint32_t at = (uint32_t)(along * (n - 1));

	at = at < n - 1 ? at : n - 1;
	while (t[at] <= t_ms)
		at++;
	while (t[at - 1] > t_ms)
		at--;
	return at;
}

/* The same in a vector of regular ones. */
static uint32_t regular_after(const struct times_vector *v, uint32_t n, int64_t t_ms)
{
	uint64_t k = ((uint64_t)t_ms - (uint64_t)v->first_ms) / (uint64_t)v->change_ms + 1;

	return k < n ? (uint32_t)k : n;
}

bool block_find_after(struct block_cursor *c, uint32_t from, int64_t t_ms, uint32_t *ret)
{
	struct times *t = &c->times;
	uint32_t i = from / BLOCK_VECTOR, low, high;

	if (t->vectors[i].first_ms > t_ms) {
		*ret = from;
		return true;
	}
	i = vector_of(t, i, t_ms);
	if (!block_hold_times(c, i))
		return false;
	low = from > i * BLOCK_VECTOR ? from : i * BLOCK_VECTOR;
	high = i * BLOCK_VECTOR + vector_n(&t->column, i);
	if (block_time(t, low) > t_ms)
		*ret = low;
	else if (block_time(t, high - 1) <= t_ms)
		*ret = high;
	else if (t->vectors[i].is_regular)
		*ret = i * BLOCK_VECTOR +
		       regular_after(&t->vectors[i], high - i * BLOCK_VECTOR, t_ms);
	else
		*ret = low + first_after(t->t_ms + low, high - low, t_ms);
	return true;
}

bool block_open_values(struct reading *r, uint32_t i, struct ints_span *ret)
{
	if (r->values.is_same)
		i = 0;
	for (; r->next < i; r->next++)
		r->at += vector_size(&r->values, r->next);
	return open_vector(&r->values, i, r->at, r->end, ret);
}

bool block_may_be_special(const struct reading *r, uint32_t i)
{
	uint32_t at = r->at;

	if (i >= r->values.n_vectors || r->values.is_same)
		return false;
	for (uint32_t k = r->next; k < i; k++)
		at += vector_size(&r->values, k);
	return at < (size_t)(r->end - r->values.vectors) &&
	       values_may_be_special(r->values.vectors[at]);
}

bool block_decode_values(struct reading *r, uint32_t i, double *v)
{
	uint32_t n = vector_n(&r->values, i);
	struct ints_span in;

	if (!block_open_values(r, i, &in))
		return false;
	if (!r->values.is_same)
		return values_decode(&in, n, v);
	if (!values_decode(&in, 1, v))
		return false;
	for (uint32_t k = 1; k < n; k++)
		v[k] = v[0];
	return true;
}

static bool give_some(struct reading *r, uint32_t i, uint32_t from, uint32_t n)
{
	if (r->held != i && !block_decode_values(r, i, r->vector->v))
		return false;
	r->held = i;
	memcpy(r->into->v + r->into->n, r->vector->v + from, n * sizeof *r->vector->v);
	return true;
}

static bool give_floats(struct reading *r, uint32_t from, uint32_t to)
{
	struct series_column *into = r->into;
	struct times *t = &r->c->times;

	series_column_reserve(into, into->n + (to - from));
	while (from < to) {
		uint32_t i = from / BLOCK_VECTOR, end = i * BLOCK_VECTOR + vector_n(&r->values, i);
		uint32_t n = (end < to ? end : to) - from;
		bool is_all = n == vector_n(&r->values, i);

		if (!decode_times(r->c, i))
			return false;
		if (!(is_all ? block_decode_values(r, i, into->v + into->n)
			     : give_some(r, i, from % BLOCK_VECTOR, n)))
			return false;
		memcpy(into->t_ms + into->n, t->t_ms + from, n * sizeof *t->t_ms);
		if (into->h)
			memset(into->h + into->n, 0, n * sizeof *into->h);
		into->n += n;
		from += n;
	}
	return true;
}

/* Unpack the first `n` histograms of vector i, of those that aren't yet. */
static bool hold_histograms(struct reading *r, uint32_t i, uint32_t n)
{
	const uint8_t *row = r->values.rows + 8 * (size_t)i;
	const struct histogram **h = r->vector->h;
	struct err e = { 0 };
	struct varint_bytes in;

	if (r->held == i && r->n_held >= n)
		return true;
	for (; r->next < i; r->next++)
		r->at += get_u32(r->values.rows + 8 * (size_t)r->next);
	if (r->at > (size_t)(r->end - r->values.vectors) ||
		get_u32(row) > (size_t)(r->end - r->values.vectors) - r->at)
		return false;
	in.p = r->values.vectors + r->at;
	in.end = in.p + get_u32(row);
	if (check_32(in.p, get_u32(row)) != get_u32(row + 4))
		return false;
	r->held = i;
	r->n_held = 0;
	for (; e.rc == RC_OK && r->n_held < n; r->n_held++)
		(void)!packed_take(&in, r->n_held ? h[r->n_held - 1] : NULL, r->into->histograms,
			&h[r->n_held], &e);
	r->rc = e.rc;
	return e.rc == RC_OK;
}

static bool give_histograms(struct reading *r, uint32_t from, uint32_t to)
{
	for (; from < to; from++) {
		uint32_t i = from / BLOCK_HISTOGRAM_VECTOR, at = from % BLOCK_HISTOGRAM_VECTOR;
		uint32_t begin = i * BLOCK_HISTOGRAM_VECTOR;
		uint32_t n =
			to - begin < BLOCK_HISTOGRAM_VECTOR ? to - begin : BLOCK_HISTOGRAM_VECTOR;

		if (!decode_times(r->c, from / BLOCK_VECTOR) || !hold_histograms(r, i, n))
			return false;
		series_column_add_histogram(r->into, r->c->times.t_ms[from], r->vector->h[at]);
	}
	return true;
}

struct block_window block_window_at(const struct series_query *q, int64_t t_ms)
{
	uint64_t ahead = t_ms <= q->first_ms ? 0 : (uint64_t)t_ms - (uint64_t)q->first_ms;
	uint64_t step = (uint64_t)q->step_ms, k = ahead / step + (ahead % step != 0);
	struct block_window ret;

	if (__builtin_add_overflow(q->first_ms, k * step, &ret.end_ms))
		ret.end_ms = INT64_MAX;
	if (__builtin_sub_overflow(ret.end_ms, q->range_ms, &ret.start_ms))
		ret.start_ms = INT64_MIN;
	return ret;
}

#define SKIPPED_MIN 64

/* Leaving samples out pays when they are many: finding the next window takes as long as reading
 * some dozen. */
static bool has_windows(const struct times *t, const struct series_query *q)
{
	uint32_t vectors = t->column.n_vectors - 1;
	uint64_t span;

	if (!q || q->step_ms <= 0 || q->range_ms <= 0 || q->step_ms <= q->range_ms || !vectors)
		return false;
	span = (uint64_t)t->vectors[vectors].first_ms - (uint64_t)t->vectors[0].first_ms;
	return (uint64_t)(q->step_ms - q->range_ms) > span / (vectors * BLOCK_VECTOR) * SKIPPED_MIN;
}

static bool give_windows(struct reading *r, const struct series_query *q, uint32_t from,
	uint32_t to)
{
	struct times *t = &r->c->times;

	while (from < to) {
		struct block_window w;
		uint32_t stop;

		if (!block_hold_times(r->c, from / BLOCK_VECTOR))
			return false;
		w = block_window_at(q, block_time(t, from));
		if (block_time(t, from) <= w.start_ms) {
			if (!block_find_after(r->c, from, w.start_ms, &from))
				return false;
			continue;
		}
		if (!block_find_after(r->c, from, w.end_ms, &stop))
			return false;
		stop = stop < to ? stop : to;
		if (!r->give(r, from, stop))
			return false;
		from = stop;
	}
	return true;
}

/* The rows of a chunk of histograms. */
static bool open_histograms(struct piece *piece, struct column *ret)
{
	uint32_t n = (piece->n + BLOCK_HISTOGRAM_VECTOR - 1) / BLOCK_HISTOGRAM_VECTOR;

	if (8 * (uint64_t)n > (uint64_t)(piece->end - piece->p))
		return false;
	*ret = (struct column){ .n = piece->n, .n_vectors = n, .rows = piece->p };
	ret->vectors = piece->p + 8 * (size_t)n;
	return is_whole(piece, ret->vectors);
}

/* Give what lies in the query's time. */
static bool read_times(struct reading *r, uint64_t times, uint32_t n, const struct series_query *q)
{
	struct block_cursor *c = r->c;
	uint32_t from = 0, to = n;

	if (!hold_times(c, times, n))
		return false;
	if (q && q->min_ms > INT64_MIN && !block_find_after(c, 0, q->min_ms - 1, &from))
		return false;
	if (q && from < to && !block_find_after(c, from, q->max_ms, &to))
		return false;
	if (r->give == give_floats && from < to && block_needs_few(c, q, from, to))
		return r->gives_few = true, block_give_few(r, q, from, to);
	return has_windows(&c->times, q) ? give_windows(r, q, from, to) : r->give(r, from, to);
}

static bool read_sealed(struct reading *r, struct piece *piece, const struct series_query *q)
{
	uint64_t times;

	r->give = give_floats;
	return get_varint(&piece->p, piece->end, &times) && open_column(piece, &r->values) &&
	       read_times(r, times, piece->n, q);
}

static bool read_histograms(struct reading *r, struct piece *piece, const struct series_query *q)
{
	uint64_t times;

	r->give = give_histograms;
	if (!get_varint(&piece->p, piece->end, &times) || !open_histograms(piece, &r->values))
		return false;
	return !r->into->histograms || read_times(r, times, piece->n, q);
}

static bool read_open(struct reading *r, struct piece *piece, const struct series_query *q)
{
	struct chunk chunk = { .n_samples = piece->n };
	uint64_t base, size;
	struct err e = { 0 };

	if (!get_varint(&piece->p, piece->end, &base) ||
		!get_varint(&piece->p, piece->end, &size) ||
		size > (uint64_t)(piece->end - piece->p) || size > CHUNK_BYTES_MAX ||
		!is_whole(piece, piece->p + size))
		return false;
	chunk.base_ms = (int64_t)((uint64_t)r->c->block->base_ms + unzigzag(base));
	chunk.bytes = piece->p;
	chunk.n_bytes = (uint32_t)size;
	r->rc = chunk_read(&chunk, q ? q->min_ms : INT64_MIN, q ? q->max_ms : INT64_MAX, r->into,
		&e);
	return r->rc == RC_OK;
}

static bool read_whole(struct reading *r, struct piece *piece, const struct series_query *q)
{
	if (piece->kind == BLOCK_OPEN)
		return read_open(r, piece, q);
	if (piece->kind == BLOCK_HISTOGRAMS)
		return read_histograms(r, piece, q);
	return (piece->kind & ~BLOCK_SAME) == BLOCK_SEALED && read_sealed(r, piece, q);
}

static bool read_piece(struct reading *r, struct piece *piece, const struct series_query *q)
{
	uint32_t from = r->into->n;
	bool had_gaps = r->into->has_gaps, is_good = read_whole(r, piece, q);

	if (had_gaps && !r->gives_few)
		series_column_number(r->into, from);
	return is_good;
}

enum rc block_read_chunk(struct block_cursor *c, uint64_t offset, const struct series_query *q,
	struct series_column *into)
{
	union vector room;
	struct reading r = { .c = c, .into = into, .vector = &room, .held = UINT32_MAX };
	struct piece piece;

	if (!open_piece(c->block, offset, &piece))
		return RC_CORRUPT;
	r.end = piece.end;
	if (read_piece(&r, &piece, q))
		return RC_OK;
	return r.rc == RC_LIMIT ? RC_LIMIT : RC_CORRUPT;
}
