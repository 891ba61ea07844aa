/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader works where the bytes lie as long as a longest token, and the eight bytes that are
 * loaded at once, surely fit; the last bytes are read from a copy with room behind it.
 */
#include "core/metrics/chunk.h"

#include "core/metrics/bytes.h"
#include "core/metrics/decimal.h"

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
	TOKEN_STEP_SMALL = 0xf8, /* of -4; 0 is left out */
};

static uint8_t *put_repeats(uint8_t *p, unsigned repeats)
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

static uint8_t *put_step(uint8_t *p, int64_t change)
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

	if (double_bits(v) == s->bits) {
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
	if (!change && double_bits(v) == s->bits && s->repeats < UINT16_MAX) {
		s->repeats++;
		return 0;
	}
	p = put_repeats(p, s->repeats);
	p = put_step(p, change);
	p = put_value(s, p, v);
	s->repeats = 0;
	s->bits = double_bits(v);
	s->step_ms = next_step(step);
	return (unsigned)(p - out);
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
};

/* Read the change of the step, if there is one at p; p then stands at the value. */
static int64_t read_step(struct reader *r)
{
	unsigned token = *r->p;
	int64_t change;

	if (token >= TOKEN_STEP_SMALL) {
		change = (int64_t)token - TOKEN_STEP_SMALL - 4;
		r->p++;
		return change >= 0 ? change + 1 : change;
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

static bool read_value(struct reader *r)
{
	unsigned token = *r->p;

	if (token < TOKEN_DIGITS)
		return read_delta(r, token);
	if (token < TOKEN_XOR)
		return read_digits(r, token);
	if (token == TOKEN_XOR)
		return read_xor(r);
	r->p++;
	return token == TOKEN_SAME;
}

/* The column has room for all samples of the chunk. */
static void give(struct reader *r)
{
	struct series_column *c = r->column;

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

/* Read tokens while they begin before `until`. */
static bool read_tokens(struct reader *r, const uint8_t *until)
{
	while (r->p < until) {
		unsigned token = *r->p;

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

/* The last bytes, from a copy: what is loaded at once may reach beyond them. */
static bool read_end(struct reader *r)
{
	uint8_t copy[2 * CHUNK_APPEND_ROOM] = { 0 };
	size_t n = (size_t)(r->end - r->p);

	if (n)
		memcpy(copy, r->p, n);
	r->p = copy;
	r->end = copy + n;
	return read_tokens(r, r->end) && r->p == r->end;
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
	uint32_t before = column->n;
	bool is_well = true;

	if (c->n_samples > CHUNK_SAMPLES_MAX || c->n_bytes > CHUNK_BYTES_MAX)
		return err_set(e, RC_CORRUPT, "a chunk claims %u samples in %u bytes", c->n_samples,
			c->n_bytes);
	series_column_reserve(column, column->n + c->n_samples + 1); /* give() writes one ahead */
	if (c->n_bytes > CHUNK_APPEND_ROOM)
		is_well = read_tokens(&r, r.end - CHUNK_APPEND_ROOM);
	is_well = is_well && read_end(&r) && read_repeats(&r, r.n_samples - r.n);
	if (column->h)
		memset(column->h + before, 0, (column->n - before) * sizeof *column->h);
	if (!is_well)
		return err_set(e, RC_CORRUPT,
			"a chunk of %u bytes is malformed after %u of %u "
			"samples",
			c->n_bytes, r.n, c->n_samples);
	return RC_OK;
}
