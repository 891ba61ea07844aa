/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers are read into an array of words, whatever their width, and then put together as the mode
 * says.  The row of quotients is read a byte at a time: a table has the zeros before each of its
 * ones, so that no branch depends on what is read.
 */
#include "core/metrics/ints.h"

#include "core/metrics/bytes.h"
#include "core/metrics/ints_private.h"

/* What stands before the numbers. */
struct head {
	enum ints_mode mode;
	uint64_t base, change, factor;
	unsigned n; /* numbers */
	unsigned width, patch_width, n_patches;
	bool is_rice;
	const uint8_t *map; /* of INTS_FEW */
};

static bool get_zigzag(struct ints_span *in, uint64_t *ret)
{
	uint64_t z;

	if (!get_varint(&in->p, in->end, &z))
		return false;
	*ret = unzigzag(z);
	return true;
}

/* Up to 57 bits lie within the eight bytes that begin where the number does. */
static inline __attribute__((always_inline)) void get_narrow(const uint8_t *p, unsigned n,
	unsigned width, uint64_t *u)
{
	const uint64_t mask = (UINT64_C(1) << width) - 1;
	unsigned i = 0;

	for (; i + 8 <= n; i += 8, p += width) {
#pragma GCC unroll 8
		for (unsigned k = 0; k < 8; k++)
			u[i + k] = get_u64(p + k * width / 8) >> k * width % 8 & mask;
	}
	for (unsigned at = 0; i < n; i++, at += width)
		u[i] = get_u64(p + at / 8) >> at % 8 & mask;
}

/* The same for each usual width, so that the compiler knows it: twice as fast. */
/* clang-format off */
#define WIDTHS(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) \
	X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23) X(24)
/* clang-format on */
#define X(width)                                                           \
	static void get_##width(const uint8_t *p, unsigned n, uint64_t *u) \
	{                                                                  \
		get_narrow(p, n, width, u);                                \
	}
WIDTHS(X)
#undef X
static void (*const get_width[])(const uint8_t *p, unsigned n, uint64_t *u) = {
#define X(width) [width] = get_##width,
	WIDTHS(X)
#undef X
};

static void get_wide(const uint8_t *p, unsigned n, unsigned width, uint64_t *u)
{
	uint64_t mask = UINT64_MAX >> (64 - width);

	for (unsigned i = 0, at = 0; i < n; i++, at += width) {
		const uint8_t *from = p + at / 8;

		u[i] = get_u64(from) >> at % 8;
		if (at % 8)
			u[i] |= (uint64_t)from[8] << (64 - at % 8);
		u[i] &= mask;
	}
}

/* The first `few` of n; behind all of them. */
static bool get_bits(struct ints_span *in, unsigned n, unsigned few, unsigned width, uint64_t *u)
{
	size_t size = (n * width + 7) / 8;

	if (width > 64 || size > (size_t)(in->end - in->p))
		return false;
	if (!width)
		memset(u, 0, few * sizeof *u);
	else if (width < sizeof get_width / sizeof *get_width)
		get_width[width](in->p, few, u);
	else if (width <= 57)
		get_narrow(in->p, few, width, u);
	else
		get_wide(in->p, few, width, u);
	in->p += size;
	return true;
}

static bool patch(struct ints_span *in, const struct head *head, unsigned few, uint64_t *u)
{
	const uint8_t *places = in->p;
	uint64_t high[INTS_MAX];

	if (head->n_patches > (size_t)(in->end - in->p) || head->width + head->patch_width > 64)
		return false;
	in->p += head->n_patches;
	if (head->width > 63 ||
		!get_bits(in, head->n_patches, head->n_patches, head->patch_width, high))
		return false;
	for (unsigned i = 0; i < head->n_patches; i++) {
		if (places[i] >= head->n)
			return false;
		if (places[i] < few)
			u[places[i]] |= high[i] << head->width;
	}
	return true;
}

/* Of a byte of the row of quotients: the zeros before each of its ones, a byte each, how many ones
 * there are, and the zeros behind the last. */
/* clang-format off */
#define BELOW(row, k)  ((row) & ((1u << (k)) - 1))
#define LENGTH(low)    ((low) ? 32 - __builtin_clz((low) | 1) : 0)
#define ZEROS(row, k)  ((row) >> (k) & 1 ? (uint64_t)((k) - LENGTH(BELOW(row, k))) \
				<< 8 * __builtin_popcount(BELOW(row, k)) : 0)
#define ALL_ZEROS(row) (ZEROS(row, 0) | ZEROS(row, 1) | ZEROS(row, 2) | ZEROS(row, 3) | \
			ZEROS(row, 4) | ZEROS(row, 5) | ZEROS(row, 6) | ZEROS(row, 7))
#define ROW(row)       { ALL_ZEROS(row), __builtin_popcount(row), 8 - LENGTH(row) },
#define ROWS_4(row)    ROW(row) ROW((row) + 1) ROW((row) + 2) ROW((row) + 3)
#define ROWS_16(row)   ROWS_4(row) ROWS_4((row) + 4) ROWS_4((row) + 8) ROWS_4((row) + 12)
#define ROWS_64(row)   ROWS_16(row) ROWS_16((row) + 16) ROWS_16((row) + 32) ROWS_16((row) + 48)
/* clang-format on */
static const struct {
	uint64_t zeros;
	uint32_t ones, zeros_behind;
} rows[256] = { ROWS_64(0u) ROWS_64(64u) ROWS_64(128u) ROWS_64(192u) };

#define QUOTIENT_MAX 247 /* so that one byte more doesn't make it too large for a byte */

/* Add the quotients, as so many times 2^width. */
static bool add_quotients(struct ints_span *in, unsigned n, unsigned width, uint64_t *u)
{
	uint8_t quotients[INTS_MAX + 8];
	const uint8_t *p = in->p;
	uint32_t zeros = 0, most = 0;

	for (unsigned i = 0; i < n; p++) {
		uint64_t here;

		if (p >= in->end)
			return false;
		here = rows[*p].zeros + zeros;
		memcpy(quotients + i, &here, sizeof here);
		i += rows[*p].ones;
		zeros = rows[*p].zeros_behind + (*p ? 0 : zeros);
		most = zeros > most ? zeros : most;
	}
	in->p = p;
	for (unsigned i = 0; i < n; i++)
		u[i] += (uint64_t)quotients[i] << width;
	return most <= QUOTIENT_MAX;
}

/* The first `few`; what stands above their low bits may be written in quotients behind. */
static bool get_low_numbers(struct ints_span *in, const struct head *head, unsigned few,
	uint64_t *u)
{
	return get_bits(in, head->n, few, head->width, u) &&
	       (!head->n_patches || patch(in, head, few, u));
}

static bool get_numbers(struct ints_span *in, const struct head *head, unsigned few, uint64_t *u)
{
	return get_low_numbers(in, head, few, u) &&
	       (!head->is_rice || add_quotients(in, few, head->width, u));
}

static void set_width(struct head *head, uint8_t how)
{
	head->width = how & INTS_WIDTH;
	head->is_rice = head->width >= INTS_RICE;
	if (head->is_rice)
		head->width -= INTS_RICE;
}

/* Which changes of n there are; the number of these is that of the numbers. */
static bool get_map(struct ints_span *in, unsigned n, struct head *head)
{
	unsigned bytes = (n + 6) / 8, in_last = (n - 1) % 8;

	if (bytes > (size_t)(in->end - in->p) || (in_last && in->p[bytes - 1] >> in_last))
		return false;
	head->map = in->p;
	head->n = 0;
	in->p += bytes;
	for (unsigned i = 0; i < bytes; i += 8)
		head->n += (unsigned)__builtin_popcountll(
			get_low(head->map + i, bytes - i < 8 ? bytes - i : 8));
	return true;
}

/* How many numbers there are; but INTS_FEW, whose map tells. */
static bool count_numbers(unsigned n, struct head *head)
{
	static const uint8_t
		fewer[INTS_MODES] = { [INTS_CHANGES] = 1, [INTS_SIGNED] = 1, [INTS_TURNS] = 2 };

	if (head->mode >= INTS_MODES || n < fewer[head->mode])
		return false;
	head->n = n - fewer[head->mode];
	return true;
}

static bool get_head(struct ints_span *in, unsigned n, struct head *head)
{
	uint8_t first, how;

	if (in->p == in->end)
		return false;
	first = *in->p++;
	head->mode = first & INTS_MODE;
	if (!count_numbers(n, head) || !get_zigzag(in, &head->base) ||
		(ints_has_change(head->mode) && !get_zigzag(in, &head->change)) ||
		(first & INTS_FACTOR && !get_varint(&in->p, in->end, &head->factor)))
		return false;
	head->factor++;
	if (head->mode == INTS_SAME)
		return true;
	if (in->p == in->end)
		return false;
	how = *in->p++;
	set_width(head, how);
	if (how & INTS_PATCHED) {
		if (in->end - in->p < 2)
			return false;
		head->n_patches = *in->p++ + 1u;
		head->patch_width = *in->p++;
	}
	return head->mode != INTS_FEW || get_map(in, n, head);
}

static void put_offsets(const struct head *head, const uint64_t *u, unsigned n, uint64_t *ret)
{
	if (head->factor == 1)
		for (unsigned i = 0; i < n; i++)
			ret[i] = head->base + u[i];
	else
		for (unsigned i = 0; i < n; i++)
			ret[i] = head->base + u[i] * head->factor;
}

static void put_changes(const struct head *head, const uint64_t *u, unsigned n, uint64_t *ret)
{
	uint64_t v = head->base;

	ret[0] = v;
	if (head->factor == 1)
		for (unsigned i = 1; i < n; i++)
			ret[i] = v += u[i - 1] + head->change;
	else
		for (unsigned i = 1; i < n; i++)
			ret[i] = v += u[i - 1] * head->factor + head->change;
}

static void put_signed(const struct head *head, const uint64_t *u, unsigned n, uint64_t *ret)
{
	uint64_t v = head->base;

	ret[0] = v;
	for (unsigned i = 1; i < n; i++)
		ret[i] = v += (unzigzag(u[i - 1]) + head->change) * head->factor;
}

static void put_turns(const struct head *head, const uint64_t *u, unsigned n, uint64_t *ret)
{
	uint64_t change = head->change, v = head->base + change * head->factor;

	ret[0] = head->base;
	ret[1] = v;
	for (unsigned i = 2; i < n; i++) {
		change += unzigzag(u[i - 2]);
		ret[i] = v += change * head->factor;
	}
}

static void put_few(const struct head *head, const uint64_t *u, unsigned n, uint64_t *ret)
{
	uint64_t v = head->base;
	unsigned at = 0;

	ret[0] = v;
	for (unsigned i = 1; i < n; i++) {
		unsigned has_changed = head->map[(i - 1) / 8] >> (i - 1) % 8 & 1;

		ret[i] = v += unzigzag(u[at] + 1) * head->factor & (0 - (uint64_t)has_changed);
		at += has_changed;
	}
}

static void (*const put[INTS_MODES])(const struct head *head, const uint64_t *u, unsigned n,
	uint64_t *ret) = { [INTS_OFFSETS] = put_offsets,
	[INTS_CHANGES] = put_changes,
	[INTS_SIGNED] = put_signed,
	[INTS_TURNS] = put_turns,
	[INTS_FEW] = put_few };

/* `n` of them, for which these numbers are needed. */
static bool decode(struct ints_span *in, const struct head *head, unsigned numbers, unsigned n,
	int64_t *ret)
{
	uint64_t u[INTS_MAX];

	if (head->mode == INTS_SAME) {
		for (unsigned i = 0; i < n; i++)
			ret[i] = (int64_t)head->base;
		return true;
	}
	if (!get_numbers(in, head, numbers, u))
		return false;
	put[head->mode](head, u, n, (uint64_t *)ret);
	return true;
}

bool ints_decode(struct ints_span *in, unsigned n, int64_t *ret)
{
	struct head head = { 0 };

	return n >= 1 && n <= INTS_MAX && get_head(in, n, &head) &&
	       decode(in, &head, head.n, n, ret);
}

/* How many changes there are among the first n - 1. */
static unsigned count_map(const uint8_t *map, unsigned n)
{
	unsigned count = 0;

	for (unsigned i = 0; i + 1 < n; i += 8) {
		unsigned left = n - 1 - i;

		count += (unsigned)__builtin_popcount(
			map[i / 8] & (left < 8 ? (1u << left) - 1 : 255));
	}
	return count;
}

bool ints_decode_first(struct ints_span in, unsigned n, unsigned few, int64_t *ret)
{
	struct head head = { 0 };
	unsigned numbers;

	if (few < 1 || few > n || n > INTS_MAX || !get_head(&in, n, &head))
		return false;
	numbers = few - (n - head.n < few ? n - head.n : few);
	if (head.mode == INTS_FEW)
		numbers = count_map(head.map, few);
	return decode(&in, &head, numbers, few, ret);
}

bool ints_is_regular(struct ints_span in, unsigned n, int64_t *ret_first, int64_t *ret_change)
{
	struct head head = { 0 };

	if (n < 1 || n > INTS_MAX || !get_head(&in, n, &head) || head.mode != INTS_CHANGES ||
		head.width || head.n_patches || head.is_rice)
		return false;
	*ret_first = (int64_t)head.base;
	*ret_change = (int64_t)head.change;
	return true;
}

/* ---- some of a vector that never falls: sums, without the integers between */

/* So many ones in each byte of the word and those below it. */
static uint64_t count_ones(uint64_t word)
{
	word -= word >> 1 & UINT64_C(0x5555555555555555);
	word = (word & UINT64_C(0x3333333333333333)) + (word >> 2 & UINT64_C(0x3333333333333333));
	word = (word + (word >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return word * UINT64_C(0x0101010101010101);
}

/* The place of a word's k-th one, k from 1 on; there is one. */
static unsigned find_one(uint64_t word, unsigned k)
{
	uint64_t ones = count_ones(word);
	unsigned byte = 0;

	while ((ones >> 8 * byte & 255) < k)
		byte++;
	k -= byte ? ones >> (8 * byte - 8) & 255 : 0;
	for (word >>= 8 * byte; k > 1; k--)
		word &= word - 1;
	return 8 * byte + (unsigned)__builtin_ctzll(word);
}

/* Add the sum of the first quotients up to each place: the zeros before the one of that number. */
static bool add_quotient_sums(const struct ints_span *in, const struct head *head,
	const struct ints_places *at, uint64_t *sums)
{
	size_t size = (size_t)(in->end - in->p), byte = 0;
	unsigned before = 0; /* ones */

	for (unsigned i = 0; i < at->n; i++) {
		unsigned k = at->v[i];

		if (k == 0)
			continue;
		for (;; byte += 8) {
			uint64_t word, ones;

			if (byte >= size)
				return false;
			word = get_low(in->p + byte, size - byte < 8 ? (unsigned)(size - byte) : 8);
			ones = count_ones(word) >> 56;
			if (before + ones >= k) {
				unsigned place = (unsigned)byte * 8 + find_one(word, k - before);

				sums[i] += (uint64_t)(place + 1 - k) << head->width;
				break;
			}
			before += (unsigned)ones;
		}
	}
	return true;
}

/* Of each place the sum of the numbers before it. */
static bool sum_numbers(struct ints_span *in, const struct head *head, const struct ints_places *at,
	uint64_t *sums)
{
	uint64_t u[INTS_MAX], sum = 0;
	unsigned few = at->v[at->n - 1], k = 0;

	if (!get_low_numbers(in, head, few, u))
		return false;
	for (unsigned i = 0; i < at->n; i++) {
		for (; k < at->v[i]; k++)
			sum += u[k];
		sums[i] = sum;
	}
	return !head->is_rice || add_quotient_sums(in, head, at, sums);
}

/* So small that no sum of theirs gets near 2^63: all quotients of a vector are less than 2^15. */
static bool has_small_sums(const struct head *head)
{
	int64_t base = (int64_t)head->base;

	return base < INT64_C(1) << 53 && base > -(INT64_C(1) << 53) &&
	       head->change < UINT64_C(1) << 50 && head->factor < 1 << 12 && head->width <= 32 &&
	       head->width + head->patch_width <= 40;
}

/* Those at the places of what is decoded, when it never falls and is so small that differences tell. */
static bool pick_decoded(const int64_t *v, unsigned n, const struct ints_places *at,
	struct ints_picked *ret)
{
	int64_t falls = v[0] ^ (int64_t)((uint64_t)v[0] << 1), stays = 0;

	for (unsigned i = 1; i < n; i++) {
		int64_t change = (int64_t)((uint64_t)v[i] - (uint64_t)v[i - 1]);

		falls |= change | (v[i] ^ (int64_t)((uint64_t)v[i] << 1));
		stays |= (int64_t)((uint64_t)change - 1);
	}
	for (unsigned i = 0; i < at->n; i++)
		ret->v[i] = v[at->v[i]];
	ret->is_strict = stays >= 0;
	return falls >= 0;
}

bool ints_pick_rising(struct ints_span in, unsigned n, const struct ints_places *at,
	struct ints_picked *ret)
{
	struct head head = { 0 };
	uint64_t sums[INTS_MAX];
	int64_t all[INTS_MAX];

	if (n < 1 || n > INTS_MAX || at->n < 1 || at->v[at->n - 1] >= n || !get_head(&in, n, &head))
		return false;
	if (head.mode != INTS_CHANGES || !has_small_sums(&head))
		return decode(&in, &head, head.n, n, all) && pick_decoded(all, n, at, ret);
	if (!sum_numbers(&in, &head, at, sums))
		return false;
	for (unsigned i = 0; i < at->n; i++)
		ret->v[i] = (int64_t)(head.base + head.change * at->v[i] + head.factor * sums[i]);
	ret->is_strict = head.change > 0;
	return true;
}
