/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader works where the bytes lie as long as a longest token, and the eight bytes that are
 * loaded at once, surely fit; the last bytes are read from a copy with room behind it.
 */
#include "core/metrics/chunk.h"

#include "core/metrics/bytes.h"
#include "core/metrics/decimal.h"
#include "core/metrics/packed.h"

enum token {
	TOKEN_DELTA_2 = 0x80,
	TOKEN_DELTA_3 = 0xc0,
	TOKEN_DELTA_N = 0xe0,
	TOKEN_DIGITS = 0xe8,
	TOKEN_XOR = 0xf0,
	TOKEN_REPEATS_8 = 0xf1,
	TOKEN_REPEATS_16 = 0xf2,
	TOKEN_STEP_8 = 0xf3,
	TOKEN_STEP_16 = 0xf4,
	TOKEN_STEP_64 = 0xf5,
	TOKEN_SAME = 0xf6,
	TOKEN_HISTOGRAM = 0xf7,
	TOKEN_STEP_SMALL = 0xf8, /* of -4; 0 is left out */
};

static inline __attribute__((always_inline)) uint8_t *put_repeats(uint8_t *p, unsigned repeats)
{
	if (!repeats)
		return p;
	if (repeats <= 256) {
		*p++ = TOKEN_REPEATS_8;
		return put_low(p, repeats - 1, 1);
	}
	*p++ = TOKEN_REPEATS_16;
	return put_low(p, repeats, 2);
}

static inline __attribute__((always_inline)) uint8_t *put_step(uint8_t *p, int64_t change)
{
	if (!change)
		return p;
	if (change >= -4 && change <= 4) {
		*p++ = (uint8_t)(TOKEN_STEP_SMALL + change + (change < 0 ? 4 : 3));
		return p;
	}
	if (change == (int8_t)change) {
		*p++ = TOKEN_STEP_8;
		return put_low(p, (uint64_t)change, 1);
	}
	if (change == (int16_t)change) {
		*p++ = TOKEN_STEP_16;
		return put_low(p, (uint64_t)change, 2);
	}
	*p++ = TOKEN_STEP_64;
	return put_low(p, (uint64_t)change, 8);
}

static uint8_t *put_delta(uint8_t *p, int64_t delta)
{
	uint64_t z = zigzag((uint64_t)delta);
	unsigned n = bytes_of(z);

	if (z < 1 << 7) {
		*p++ = (uint8_t)z;
		return p;
	}
	if (z < 1 << 14) {
		*p++ = (uint8_t)(TOKEN_DELTA_2 | z >> 8);
		return put_low(p, z, 1);
	}
	if (z < 1 << 21) {
		*p++ = (uint8_t)(TOKEN_DELTA_3 | z >> 16);
		return put_low(p, z, 2);
	}
	*p++ = (uint8_t)(TOKEN_DELTA_N | (n - 1));
	return put_low(p, z, n);
}

static uint8_t *put_xor(uint8_t *p, uint64_t xor)
{
	unsigned below = xor? (unsigned)__builtin_ctzll(xor) / 8 : 0;
	unsigned n = xor? bytes_of(xor >> 8 * below) : 0;

	*p++ = TOKEN_XOR;
	*p++ = (uint8_t)(below << 4 | n);
	return put_low(p, xor >> 8 * below, n);
}

static uint8_t *put_value(struct chunk_state *s, uint8_t *p, double v)
{
	struct decimal d;
	int64_t digits;
	uint64_t z;

	if (double_bits(v) == s->bits && !s->is_histogram) {
		*p++ = TOKEN_SAME;
		return p;
	}
	if (s->exp != CHUNK_EXP_NONE && decimal_is(v, s->exp, &digits))
		return put_delta(p, digits - decimal_digits(double_of_bits(s->bits), s->exp));
	if (!decimal_find(v, &d)) {
		s->exp = CHUNK_EXP_NONE;
		return put_xor(p, double_bits(v) ^ s->bits);
	}
	z = zigzag((uint64_t)d.digits);
	s->exp = (uint8_t)d.exp;
	*p++ = (uint8_t)(TOKEN_DIGITS | (bytes_of(z) - 1));
	*p++ = (uint8_t)d.exp;
	return put_low(p, z, bytes_of(z));
}

/* The step after a sample: what doesn't fit in 32 bits is forgotten by both sides. */
static int32_t next_step(uint64_t step)
{
	return (int64_t)step == (int32_t)step ? (int32_t)step : 0;
}

unsigned chunk_append(struct chunk_state *s, uint8_t out[CHUNK_APPEND_ROOM], int64_t t_ms, double v)
{
	uint64_t step = (uint64_t)t_ms - (uint64_t)s->t_ms;
	int64_t change = (int64_t)(step - (uint64_t)(int64_t)s->step_ms);
	uint8_t *p = out;

	s->t_ms = t_ms;
	if (!change && double_bits(v) == s->bits && s->repeats < UINT16_MAX && !s->is_histogram) {
		s->repeats++;
		return 0;
	}
	p = put_repeats(p, s->repeats);
	p = put_step(p, change);
	p = put_value(s, p, v);
	s->repeats = 0;
	s->bits = double_bits(v);
	s->step_ms = next_step(step);
	s->is_histogram = false;
	return (unsigned)(p - out);
}

unsigned chunk_append_histogram(struct chunk_state *s, uint8_t *out, int64_t t_ms,
	const uint8_t *bytes, unsigned n)
{
	uint64_t step = (uint64_t)t_ms - (uint64_t)s->t_ms;
	int64_t change = (int64_t)(step - (uint64_t)(int64_t)s->step_ms);
	uint8_t *p = out;

	must(n || s->is_histogram);
	s->t_ms = t_ms;
	if (!n && !change && s->repeats < UINT16_MAX) {
		s->repeats++;
		return 0;
	}
	p = put_repeats(p, s->repeats);
	p = put_step(p, change);
	*p++ = n ? TOKEN_HISTOGRAM : TOKEN_SAME;
	if (n) {
		p = put_varint(p, n);
		memcpy(p, bytes, n);
	}
	s->repeats = 0;
	s->step_ms = next_step(step);
	s->is_histogram = true;
	return (unsigned)(p + n - out);
}

struct reader {
	const uint8_t *p, *end;
	int64_t t_ms, step_ms;
	uint64_t bits;
	int64_t digits;
	unsigned exp; /* CHUNK_EXP_NONE: `digits` isn't known */
	uint32_t n, n_samples;
	int64_t min_ms, max_ms;
	struct series_column *column;
	bool is_histogram;         /* the last sample */
	const struct histogram *h; /* the last histogram; NULL: none, or none are wanted */
	bool is_full;
};

static inline int64_t small_change(unsigned token)
{
	int64_t change = (int64_t)token - TOKEN_STEP_SMALL - 4;

	return change + (change >= 0);
}

/* Read the change of the step, if there is one at p; p then stands at the value. */
static int64_t read_step(struct reader *r)
{
	unsigned token = *r->p;
	int64_t change;

	if (token >= TOKEN_STEP_SMALL) {
		r->p++;
		return small_change(token);
	}
	if (token < TOKEN_STEP_8 || token > TOKEN_STEP_64)
		return 0;
	change = (int64_t)get_u64(r->p + 1);
	r->p += token == TOKEN_STEP_8 ? 2 : token == TOKEN_STEP_16 ? 3 : 9;
	return token == TOKEN_STEP_8    ? (int8_t)change
	       : token == TOKEN_STEP_16 ? (int16_t)change
					: change;
}

static bool set_digits(struct reader *r, uint64_t digits)
{
	r->digits = (int64_t)digits;
	r->bits = double_bits(decimal_value(r->digits, r->exp));
	return true;
}

static bool read_delta(struct reader *r, unsigned token)
{
	const uint8_t *p = r->p;
	uint64_t z;

	if (r->exp == CHUNK_EXP_NONE)
		return false;
	if (token < TOKEN_DELTA_2) {
		z = token;
		r->p += 1;
	} else if (token < TOKEN_DELTA_3) {
		z = (uint64_t)(token & 0x3f) << 8 | p[1];
		r->p += 2;
	} else if (token < TOKEN_DELTA_N) {
		z = (uint64_t)(token & 0x1f) << 16 | get_u16(p + 1);
		r->p += 3;
	} else {
		z = get_low(p + 1, (token & 7) + 1);
		r->p += (token & 7) + 2;
	}
	return set_digits(r, (uint64_t)r->digits + unzigzag(z));
}

static bool read_digits(struct reader *r, unsigned token)
{
	unsigned n = (token & 7) + 1;
	const uint8_t *p = r->p;

	if (p[1] > DECIMAL_EXP_MAX)
		return false;
	r->exp = p[1];
	r->p += 2 + n;
	return set_digits(r, unzigzag(get_low(p + 2, n)));
}

static bool read_xor(struct reader *r)
{
	unsigned n = r->p[1] & 15, below = r->p[1] >> 4;

	if (n + below > 8)
		return false;
	if (n)
		r->bits ^= get_low(r->p + 2, n) << 8 * below;
	r->exp = CHUNK_EXP_NONE;
	r->p += 2 + n;
	return true;
}

static bool read_float(struct reader *r, unsigned token)
{
	r->is_histogram = false;
	if (token < TOKEN_DIGITS)
		return read_delta(r, token);
	if (token < TOKEN_XOR)
		return read_digits(r, token);
	return read_xor(r);
}

static __attribute__((noinline)) bool read_histogram(struct reader *r)
{
	const uint8_t *p = r->p + 1;
	struct varint_bytes in;
	struct err e = { 0 };
	uint64_t n;

	if (!get_varint(&p, r->end, &n) || !n || n > (size_t)(r->end - p))
		return false;
	r->p = p + n;
	r->is_histogram = true;
	if (!r->column->histograms)
		return true;
	in = (struct varint_bytes){ p, p + n };
	if (packed_take(&in, r->h, r->column->histograms, &r->h, &e) != RC_OK) {
		r->is_full = e.rc == RC_LIMIT;
		return false;
	}
	return in.p == in.end;
}

static bool read_value(struct reader *r)
{
	unsigned token = *r->p;

	if (token <= TOKEN_XOR)
		return read_float(r, token);
	if (token == TOKEN_HISTOGRAM)
		return read_histogram(r);
	r->p++;
	return token == TOKEN_SAME;
}

static __attribute__((noinline)) void give_histogram(struct reader *r)
{
	struct series_column *c = r->column;

	r->n++;
	if (r->h && r->t_ms >= r->min_ms && r->t_ms <= r->max_ms)
		series_column_add_histogram(c, r->t_ms, r->h);
}

/* The column has room for all samples of the chunk. */
static inline __attribute__((always_inline)) void give(struct reader *r)
{
	struct series_column *c = r->column;

	if (__builtin_expect(r->is_histogram, 0)) {
		give_histogram(r);
		return;
	}
	c->t_ms[c->n] = r->t_ms;
	c->v[c->n] = double_of_bits(r->bits);
	c->n += r->t_ms >= r->min_ms && r->t_ms <= r->max_ms;
	r->n++;
}

static bool read_repeats(struct reader *r, uint32_t repeats)
{
	int64_t span;

	if (repeats > r->n_samples - r->n)
		return false;
	if (repeats && r->step_ms <= 0 && (r->n > 0 || repeats > 1))
		return false;
	if (__builtin_mul_overflow(repeats, r->step_ms, &span) ||
		__builtin_add_overflow(r->t_ms, span, &span))
		return false;
	while (repeats--) {
		r->t_ms += r->step_ms;
		give(r);
	}
	return true;
}

/* Later than the last one, and there is such a time. */
static bool move_on(struct reader *r, int64_t change)
{
	int64_t step = (int64_t)((uint64_t)r->step_ms + (uint64_t)change);
	int64_t t_ms = (int64_t)((uint64_t)r->t_ms + (uint64_t)step);

	if (r->n > 0 && t_ms <= r->t_ms)
		return false;
	r->t_ms = t_ms;
	r->step_ms = next_step((uint64_t)step);
	return true;
}

/* A token that tells a change of up to three bytes, or of more; without a branch for the short ones,
 * which nobody could foresee. */
static inline uint64_t get_change(const uint8_t **p, unsigned token)
{
	static const uint8_t high[] = { 0x7f, 0x3f, 0x1f };
	static const uint32_t low[] = { 0, 0xff, 0xffff };
	const uint8_t *at = *p + 1;
	unsigned more;

	if (__builtin_expect(token >= TOKEN_DELTA_N, 0)) {
		*p = at + (token & 7) + 1;
		return get_low(at, (token & 7) + 1);
	}
	more = (token >= TOKEN_DELTA_2) + (token >= TOKEN_DELTA_3);
	*p = at + more;
	return (uint64_t)(token & high[more]) << 8 * more | (get_u32(at) & low[more]);
}

static void divide(double *v, uint32_t n, unsigned exp)
{
	double power = decimal_power[exp];

	for (uint32_t i = 0; exp && i < n; i++)
		v[i] /= power;
}

#define TIME_ENDS (INT64_MAX >> 1) /* no chunk that begins before reaches the last time of all */

/* Samples told by changes of their digits, as nearly all are, with everything in registers.  Stands
 * before the first that needs a closer look. */
static void read_changes(struct reader *r, const uint8_t *until)
{
	struct series_column *c = r->column;
	int64_t t_ms = r->t_ms, step = r->step_ms, digits = r->digits;
	uint32_t n = c->n, left = r->n_samples - r->n;
	const uint8_t *p = r->p;
	int64_t *times = c->t_ms;
	double *values = c->v;

	while (p < until && left && t_ms <= r->max_ms) {
		const uint8_t *at = p;
		int64_t next = step;
		unsigned token = *at;

		if (token >= TOKEN_STEP_SMALL) {
			next += small_change(token);
			token = *++at;
		}
		if (token >= TOKEN_DIGITS || next <= 0 || next > INT32_MAX)
			break;
		digits = (int64_t)((uint64_t)digits + unzigzag(get_change(&at, token)));
		p = at;
		t_ms += step = next;
		times[n] = t_ms;
		values[n] = decimal_of_digits(digits);
		n += t_ms >= r->min_ms && t_ms <= r->max_ms;
		left--;
	}
	if (p == r->p)
		return;
	r->p = p;
	r->t_ms = t_ms;
	r->step_ms = step;
	r->is_histogram = false;
	r->n = r->n_samples - left;
	divide(values + c->n, n - c->n, r->exp);
	c->n = n;
	(void)set_digits(r, (uint64_t)digits);
}

/* Nobody asks for what is left. */
static bool is_over(const struct reader *r)
{
	return r->n > 0 && r->t_ms > r->max_ms;
}

/* Read tokens while they begin before `until`, and are of the time. */
static bool read_tokens(struct reader *r, const uint8_t *until)
{
	while (r->p < until) {
		unsigned token;

		if (r->exp != CHUNK_EXP_NONE && r->t_ms < TIME_ENDS)
			read_changes(r, until);
		if (r->p >= until || is_over(r))
			return true;
		token = *r->p;
		if (token == TOKEN_REPEATS_8 || token == TOKEN_REPEATS_16) {
			bool is_wide = token == TOKEN_REPEATS_16;
			uint32_t repeats = is_wide ? get_u16(r->p + 1) : r->p[1] + 1u;

			r->p += is_wide ? 3 : 2;
			if (!read_repeats(r, repeats))
				return false;
			continue;
		}
		if (r->n == r->n_samples || !move_on(r, read_step(r)) || !read_value(r))
			return false;
		give(r);
	}
	return true;
}

/* The last bytes, from a copy: what is loaded at once may reach beyond them.  A histogram that began
 * before may have taken them all. */
static bool read_end(struct reader *r)
{
	uint8_t copy[2 * CHUNK_APPEND_ROOM] = { 0 };
	size_t n = (size_t)(r->end - r->p);

	if (n)
		memcpy(copy, r->p, n);
	r->p = copy;
	r->end = copy + n;
	return read_tokens(r, r->end) && (r->p == r->end || is_over(r));
}

enum rc chunk_read(const struct chunk *c, int64_t min_ms, int64_t max_ms,
	struct series_column *column, struct err *e)
{
	struct reader r = { .p = c->bytes,
		.end = c->n_bytes ? c->bytes + c->n_bytes : c->bytes, /* may be NULL */
		.t_ms = c->base_ms,
		.n_samples = c->n_samples,
		.min_ms = min_ms,
		.max_ms = max_ms,
		.column = column };
	bool is_well = true;

	if (c->n_samples > CHUNK_SAMPLES_MAX || c->n_bytes > CHUNK_BYTES_MAX)
		return err_set(e, RC_CORRUPT, "a chunk claims %u samples in %u bytes", c->n_samples,
			c->n_bytes);
	series_column_reserve(column, column->n + c->n_samples + 1); /* give() writes one ahead */
	if (column->h)
		memset(column->h + column->n, 0, c->n_samples * sizeof *column->h);
	if (c->n_bytes > CHUNK_APPEND_ROOM)
		is_well = read_tokens(&r, r.end - CHUNK_APPEND_ROOM);
	is_well = is_well &&
		  (is_over(&r) || (read_end(&r) && read_repeats(&r, r.n_samples - r.n)));
	if (r.is_full)
		return err_set(e, RC_LIMIT, "histograms of more than %zu bytes",
			column->histograms->budget_bytes);
	if (!is_well)
		return err_set(e, RC_CORRUPT,
			"a chunk of %u bytes is malformed after %u of %u "
			"samples",
			c->n_bytes, r.n, c->n_samples);
	return RC_OK;
}

/* The bytes begin with the number of samples that were told without any. */
static bool skip_repeats(struct reader *r, uint16_t repeats)
{
	unsigned told = 0;

	if (r->p < r->end && *r->p == TOKEN_REPEATS_8) {
		told = r->p[1] + 1u;
		r->p += 2;
	} else if (r->p < r->end && *r->p == TOKEN_REPEATS_16) {
		told = get_u16(r->p + 1);
		r->p += 3;
	}
	return told == repeats && r->p < r->end;
}

static bool tail_repeat(struct chunk_tail *t)
{
	if ((t->is_begun && t->step_ms <= 0) || t->repeats == UINT16_MAX ||
		__builtin_add_overflow(t->t_ms, t->step_ms, &t->t_ms))
		return false;
	t->repeats++;
	t->is_begun = true;
	return true;
}

/* What stands at the value is a histogram, or one again, and nothing follows it. */
static bool is_histogram_at(const struct reader *r, bool was_histogram, size_t n_left)
{
	const uint8_t *p = r->p + 1;
	uint64_t n;

	if (*r->p == TOKEN_SAME)
		return was_histogram && n_left == 1;
	return *r->p == TOKEN_HISTOGRAM && get_varint(&p, r->end, &n) && n > 0 &&
	       n == n_left - (size_t)(p - r->p);
}

static bool read_tail(struct reader *r, const struct chunk_tail *t, size_t n_left)
{
	r->is_histogram = is_histogram_at(r, t->is_histogram, n_left);
	if (r->is_histogram)
		return true;
	return *r->p != TOKEN_HISTOGRAM && (!t->is_histogram || *r->p != TOKEN_SAME) &&
	       n_left <= CHUNK_APPEND_MAX && read_value(r) && r->p == r->end;
}

bool chunk_tail_next(struct chunk_tail *t, const uint8_t *bytes, unsigned n)
{
	uint8_t copy[2 * CHUNK_APPEND_ROOM] = { 0 };
	unsigned n_copied = n < CHUNK_APPEND_ROOM ? n : CHUNK_APPEND_ROOM;
	struct reader r = { .p = copy,
		.end = copy + n_copied,
		.t_ms = t->t_ms,
		.step_ms = t->step_ms,
		.bits = t->bits,
		.digits = t->digits,
		.exp = t->exp,
		.n = t->is_begun };

	if (!n)
		return tail_repeat(t);
	memcpy(copy, bytes, n_copied);
	if (!skip_repeats(&r, t->repeats) || !move_on(&r, read_step(&r)) || r.p >= r.end ||
		!read_tail(&r, t, n - (size_t)(r.p - copy)))
		return false;
	*t = (struct chunk_tail){ r.t_ms, r.bits, r.digits, (int32_t)r.step_ms, 0, (uint8_t)r.exp,
		true, r.is_histogram };
	return true;
}

const uint8_t *chunk_tail_packed(const uint8_t *bytes, unsigned n, unsigned *ret_n)
{
	uint8_t copy[2 * CHUNK_APPEND_ROOM] = { 0 };
	struct reader r = { .p = copy,
		.end = copy + (n < CHUNK_APPEND_ROOM ? n : CHUNK_APPEND_ROOM) };
	const uint8_t *p;
	uint64_t n_packed;

	if (!n)
		return NULL;
	memcpy(copy, bytes, (size_t)(r.end - copy));
	if (*r.p == TOKEN_REPEATS_8 || *r.p == TOKEN_REPEATS_16)
		r.p += *r.p == TOKEN_REPEATS_8 ? 2 : 3;
	(void)read_step(&r);
	p = r.p + 1;
	if (*r.p != TOKEN_HISTOGRAM || !get_varint(&p, r.end, &n_packed))
		return NULL;
	*ret_n = (unsigned)n_packed;
	return bytes + (p - copy);
}
