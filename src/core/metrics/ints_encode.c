/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The encoder counts what each mode would cost and takes the cheapest.  A histogram of how many
 * bits the numbers have tells the best width at once, of plain numbers and of Rice's code: those
 * that are much wider become patches.
 *
 * Entropy coding of bit lengths with one table a series would save another 2 to 3 % of a host's
 * bytes, and cost twice the time of decoding.
 */
#include "core/metrics/bytes.h"
#include "core/metrics/ints.h"
#include "core/metrics/ints_private.h"

/* How a vector would be written. */
struct plan {
	enum ints_mode mode;
	uint64_t base, change, factor;
	unsigned n; /* numbers */
	unsigned width, patch_width, n_patches;
	unsigned patched_bits; /* numbers with more are patched */
	bool is_rice;
	unsigned cost_bits;
	const uint64_t *numbers;
	const uint64_t *map; /* of INTS_FEW */
};

/* One vector, and room for what plans make of it. */
struct work {
	const int64_t *v;
	unsigned n;
	int64_t changes[INTS_MAX]; /* n - 1; divided by their factor */
	uint64_t factor;
	uint64_t map[INTS_MAX / 64];
	uint64_t numbers[INTS_MODES + 1][INTS_MAX];
};

/* The greatest number that divides all.  Powers of two are seen in one look, and what is left is
 * nearly always 1 after a few steps. */
static uint64_t common_factor(const uint64_t *u, unsigned n)
{
	uint64_t all = 0, factor = 0;
	unsigned zeros;

	for (unsigned i = 0; i < n; i++)
		all |= u[i];
	if (!all)
		return 1;
	zeros = (unsigned)__builtin_ctzll(all);
	for (unsigned i = 0; i < n && factor != 1; i++) {
		uint64_t a = u[i] >> zeros, b = factor;

		while (b) {
			uint64_t rest = a % b;

			a = b;
			b = rest;
		}
		factor = a;
	}
	return factor << zeros;
}

#define PATCH_BITS 16 /* what patches cost together, beside the bits of each */

/* The width that costs least, given how many numbers have how many bits. */
static void choose_width(struct plan *p, const unsigned has_bits[65], unsigned widest)
{
	unsigned above = 0;

	p->width = p->patched_bits = widest;
	p->cost_bits = p->n * widest;
	for (unsigned width = widest; width-- > 0;) {
		unsigned cost;

		above += has_bits[width + 1];
		cost = p->n * width + above * (8 + widest - width) + PATCH_BITS;
		if (cost >= p->cost_bits)
			continue;
		p->cost_bits = cost;
		p->width = p->patched_bits = width;
		p->patch_width = widest - width;
		p->n_patches = above;
	}
}

#define REACH_MAX 6 /* bits above the low ones that may be written as a row of zeros */

/* What quotients of so many bits take on average, in half bits. */
static const unsigned quotient_cost[REACH_MAX + 1] = { 0, 2, 5, 11, 23, 47, 95 };

/* About what it costs when numbers of `reach` bits more than `width` or less aren't patched. */
static struct plan rice_plan(const struct plan *p, const unsigned has_bits[65], unsigned widest,
	unsigned width, unsigned reach)
{
	struct plan rice = *p;
	unsigned half_bits = 0, above = 0;

	rice.is_rice = true;
	rice.width = width;
	rice.patched_bits = width + reach;
	for (unsigned i = 1; i <= reach; i++)
		half_bits += has_bits[width + i] * quotient_cost[i];
	for (unsigned bits = width + reach + 1; bits <= widest; bits++)
		above += has_bits[bits];
	rice.n_patches = above;
	rice.patch_width = above ? widest - width : 0;
	rice.cost_bits = p->n * (width + 1) + half_bits / 2 +
			 (above ? above * (8 + rice.patch_width) + PATCH_BITS : 0);
	return rice;
}

/* Where half of the numbers have this many bits or less. */
static unsigned median_bits(const unsigned has_bits[65], unsigned n)
{
	unsigned bits = 0, below = has_bits[0];

	while (2 * below < n)
		below += has_bits[++bits];
	return bits;
}

static unsigned quotients(const struct plan *p)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < p->n; i++)
		if (bits_of(p->numbers[i]) <= p->patched_bits)
			sum += (unsigned)(p->numbers[i] >> p->width);
	return sum;
}

/* Rice's code costs least near the median, and the best one is then counted exactly. */
static void try_rice(struct plan *p, const unsigned has_bits[65], unsigned widest)
{
	unsigned median = median_bits(has_bits, p->n);
	unsigned least = median > 2 ? median - 2 : 0;
	struct plan best = { .cost_bits = UINT32_MAX };

	for (unsigned width = least; width <= median && width <= INTS_RICE_WIDTH_MAX; width++) {
		for (unsigned reach = 2; reach <= REACH_MAX && width + reach <= 64; reach++) {
			struct plan rice = rice_plan(p, has_bits, widest, width, reach);

			if (rice.cost_bits < best.cost_bits)
				best = rice;
		}
	}
	if (best.cost_bits > p->cost_bits + p->n / 8)
		return;
	best.cost_bits =
		best.n * (best.width + 1) + quotients(&best) +
		(best.n_patches ? best.n_patches * (8 + best.patch_width) + PATCH_BITS : 0);
	if (best.cost_bits < p->cost_bits)
		*p = best;
}

/* Two counts by turns: numbers of one width after each other would wait for each other. */
static void count_bits(const uint64_t *u, unsigned n, unsigned has_bits[65])
{
	unsigned odd[65] = { 0 }, i = 0;

	for (; i + 2 <= n; i += 2) {
		has_bits[bits_of(u[i])]++;
		odd[bits_of(u[i + 1])]++;
	}
	if (i < n)
		odd[bits_of(u[i])]++;
	for (i = 0; i < 65; i++)
		has_bits[i] += odd[i];
}

/* How the numbers are written, and what all costs. */
static void finish_plan(struct plan *p, const uint64_t *u)
{
	unsigned has_bits[65] = { 0 }, widest = 64;

	p->numbers = u;
	count_bits(u, p->n, has_bits);
	while (widest > 0 && !has_bits[widest])
		widest--;
	p->n_patches = p->patch_width = 0;
	choose_width(p, has_bits, widest);
	if (p->cost_bits)
		try_rice(p, has_bits, widest);
	if (p->factor != 1)
		p->cost_bits += 8 * bytes_of(p->factor);
	if (ints_has_change(p->mode))
		p->cost_bits += 8 * bytes_of(zigzag(p->change));
}

static void divide(uint64_t *u, unsigned n, uint64_t factor)
{
	if (factor == 1)
		return;
	for (unsigned i = 0; i < n; i++)
		u[i] /= factor;
}

static void take_cheaper(struct plan *best, struct plan other)
{
	if (other.cost_bits < best->cost_bits)
		*best = other;
}

static void try_offsets(struct work *w, struct plan *best)
{
	struct plan p = { .mode = INTS_OFFSETS, .n = w->n };
	uint64_t *u = w->numbers[INTS_OFFSETS];
	int64_t least = w->v[0];

	for (unsigned i = 1; i < w->n; i++)
		least = w->v[i] < least ? w->v[i] : least;
	for (unsigned i = 0; i < w->n; i++)
		u[i] = (uint64_t)w->v[i] - (uint64_t)least;
	p.base = (uint64_t)least;
	p.factor = common_factor(u, w->n);
	divide(u, w->n, p.factor);
	finish_plan(&p, u);
	take_cheaper(best, p);
}

static struct plan changes_from(const struct work *w, int64_t least, uint64_t *u)
{
	struct plan p = { .mode = INTS_CHANGES, .n = w->n - 1, .base = (uint64_t)w->v[0] };

	for (unsigned i = 0; i < p.n; i++)
		u[i] = (uint64_t)w->changes[i] - (uint64_t)least;
	p.change = (uint64_t)least;
	p.factor = common_factor(u, p.n);
	divide(u, p.n, p.factor);
	finish_plan(&p, u);
	return p;
}

#define RESETS_MAX 8

/* Reckoned from the least change; or, when few go down, from the least that doesn't: where a counter
 * began again, the number is huge then and becomes a patch. */
static struct plan plan_changes(struct work *w)
{
	int64_t least = INT64_MAX, least_up = INT64_MAX;
	struct plan best, without_resets;
	unsigned resets = 0;

	for (unsigned i = 0; i + 1 < w->n; i++) {
		int64_t change = w->changes[i];

		resets += change < 0;
		least = change < least ? change : least;
		least_up = change >= 0 && change < least_up ? change : least_up;
	}
	best = changes_from(w, least, w->numbers[INTS_CHANGES]);
	if (resets == 0 || resets > RESETS_MAX || resets == w->n - 1)
		return best;
	without_resets = changes_from(w, least_up, w->numbers[INTS_MODES]);
	return without_resets.cost_bits < best.cost_bits ? without_resets : best;
}

/* Changes as multiples of what they have in common. */
static void factor_changes(struct work *w)
{
	uint64_t size[INTS_MAX];
	unsigned n = w->n - 1;

	for (unsigned i = 0; i < n; i++)
		size[i] = w->changes[i] < 0 ? 0 - (uint64_t)w->changes[i] : (uint64_t)w->changes[i];
	w->factor = common_factor(size, n);
	if (w->factor == 1)
		return;
	divide(size, n, w->factor);
	for (unsigned i = 0; i < n; i++)
		w->changes[i] = (int64_t)(w->changes[i] < 0 ? 0 - size[i] : size[i]);
}

#define TYPICAL_OF 31

/* The median of some of the changes. */
static int64_t typical_change(const struct work *w)
{
	int64_t v[TYPICAL_OF] = { 0 };
	unsigned n = w->n - 1 < TYPICAL_OF ? w->n - 1 : TYPICAL_OF;

	for (unsigned i = 0; i < n; i++) {
		int64_t change = w->changes[i * (w->n - 1) / n];
		unsigned at = i;

		for (; at > 0 && v[at - 1] > change; at--)
			v[at] = v[at - 1];
		v[at] = change;
	}
	return v[n / 2];
}

/* For what goes up and down by little, and sometimes by much. */
static struct plan begin_signed(struct work *w)
{
	struct plan p = { .mode = INTS_SIGNED, .n = w->n - 1, .base = (uint64_t)w->v[0] };

	p.change = (uint64_t)typical_change(w);
	p.factor = w->factor;
	for (unsigned i = 0; i < p.n; i++)
		w->numbers[INTS_SIGNED][i] = zigzag((uint64_t)w->changes[i] - p.change);
	return p;
}

/* For what goes up at a pace that changes now and then. */
static struct plan begin_turns(struct work *w)
{
	struct plan p = { .mode = INTS_TURNS, .n = w->n - 2, .base = (uint64_t)w->v[0] };

	p.change = (uint64_t)w->changes[0];
	p.factor = w->factor;
	for (unsigned i = 0; i < p.n; i++)
		w->numbers[INTS_TURNS][i] =
			zigzag((uint64_t)w->changes[i + 1] - (uint64_t)w->changes[i]);
	return p;
}

/* The bits of every fourth number, a measure that few large ones don't spoil. */
static unsigned sampled_bits(const uint64_t *u, unsigned n)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < n; i += 4)
		bits += bits_of(u[i]);
	return bits;
}

static void try_signed(struct work *w, struct plan *best)
{
	struct plan p = begin_signed(w), turns;
	const uint64_t *u = w->numbers[INTS_SIGNED];

	if (w->n > 2) {
		turns = begin_turns(w);
		if (sampled_bits(w->numbers[INTS_TURNS], turns.n) < sampled_bits(u, p.n)) {
			p = turns;
			u = w->numbers[INTS_TURNS];
		}
	}
	finish_plan(&p, u);
	take_cheaper(best, p);
}

#define MAP_BYTES(n) (((n) + 6) / 8) /* a bit for each change of n */

static bool often_stays(const struct work *w)
{
	unsigned same = 0;

	for (unsigned i = 0; i + 1 < w->n; i++)
		same += w->changes[i] == 0;
	return same >= w->n / 8;
}

static void try_few(struct work *w, struct plan *best)
{
	struct plan p = { .mode = INTS_FEW, .base = (uint64_t)w->v[0], .map = w->map };
	uint64_t *u = w->numbers[INTS_FEW];

	if (!often_stays(w))
		return;
	memset(w->map, 0, sizeof w->map);
	p.factor = w->factor;
	for (unsigned i = 0; i + 1 < w->n; i++) {
		bool has_changed = w->changes[i] != 0;

		w->map[i / 64] |= (uint64_t)has_changed << i % 64;
		u[p.n] = zigzag((uint64_t)w->changes[i]) - 1;
		p.n += has_changed;
	}
	finish_plan(&p, u);
	p.cost_bits += 8 * MAP_BYTES(w->n);
	take_cheaper(best, p);
}

static struct plan choose_plan(struct work *w)
{
	struct plan best;

	for (unsigned i = 0; i + 1 < w->n; i++)
		w->changes[i] = (int64_t)((uint64_t)w->v[i + 1] - (uint64_t)w->v[i]);
	best = plan_changes(w);
	if (!best.width && !best.n_patches)
		return best;
	factor_changes(w);
	try_signed(w, &best);
	try_few(w, &best);
	try_offsets(w, &best);
	return best;
}

/* The low `width` bits of each. */
static uint8_t *put_bits(uint8_t *p, const uint64_t *u, unsigned n, unsigned width)
{
	uint64_t mask = width ? UINT64_MAX >> (64 - width) : 0, held = 0;
	unsigned n_held = 0;

	for (unsigned i = 0; i < n && width; i++) {
		uint64_t number = u[i] & mask;

		held |= number << n_held;
		n_held += width;
		if (n_held < 64)
			continue;
		p = put_low(p, held, 8);
		n_held -= 64;
		held = n_held ? number >> (width - n_held) : 0;
	}
	return n_held ? put_low(p, held, (n_held + 7) / 8) : p;
}

static uint8_t *put_patches(uint8_t *p, const struct plan *plan)
{
	uint64_t high[INTS_MAX];
	unsigned n = 0;

	if (!plan->n_patches)
		return p;
	for (unsigned i = 0; i < plan->n; i++) {
		if (bits_of(plan->numbers[i]) <= plan->patched_bits)
			continue;
		high[n++] = plan->numbers[i] >> plan->width;
		*p++ = (uint8_t)i;
	}
	return put_bits(p, high, n, plan->patch_width);
}

/* Of each number as many zeros as its quotient, then a one. */
static uint8_t *put_quotients(uint8_t *p, const struct plan *plan)
{
	uint64_t held = 0;
	unsigned n_held = 0;

	for (unsigned i = 0; i < plan->n; i++) {
		bool is_patched = bits_of(plan->numbers[i]) > plan->patched_bits;

		n_held += is_patched ? 0 : (unsigned)(plan->numbers[i] >> plan->width);
		for (; n_held >= 64; n_held -= 64, held = 0)
			p = put_low(p, held, 8);
		held |= UINT64_C(1) << n_held++;
	}
	for (; n_held >= 64; n_held -= 64, held = 0)
		p = put_low(p, held, 8);
	return put_low(p, held, (n_held + 7) / 8);
}

static uint8_t *put_head(uint8_t *p, const struct plan *plan, unsigned tag)
{
	*p++ = (uint8_t)(tag << 4 | plan->mode | (plan->factor != 1 ? INTS_FACTOR : 0));
	p = put_varint(p, zigzag(plan->base));
	if (ints_has_change(plan->mode))
		p = put_varint(p, zigzag(plan->change));
	if (plan->factor != 1)
		p = put_varint(p, plan->factor - 1);
	*p++ = (uint8_t)((plan->is_rice ? INTS_RICE : 0) + plan->width +
			 (plan->n_patches ? INTS_PATCHED : 0));
	if (plan->n_patches) {
		*p++ = (uint8_t)(plan->n_patches - 1);
		*p++ = (uint8_t)plan->patch_width;
	}
	return p;
}

static unsigned put_plan(const struct plan *plan, unsigned n, unsigned tag, uint8_t *out)
{
	uint8_t *p = put_head(out, plan, tag);

	if (plan->mode == INTS_FEW) {
		memcpy(p, plan->map, MAP_BYTES(n));
		p += MAP_BYTES(n);
	}
	p = put_bits(p, plan->numbers, plan->n, plan->width);
	p = put_patches(p, plan);
	if (plan->is_rice)
		p = put_quotients(p, plan);
	return (unsigned)(p - out);
}

static bool all_same(const int64_t *v, unsigned n)
{
	uint64_t differs = 0;

	for (unsigned i = 1; i < n; i++)
		differs |= (uint64_t)v[i] ^ (uint64_t)v[0];
	return !differs;
}

unsigned ints_encode(const int64_t *v, unsigned n, unsigned tag, uint8_t *out)
{
	struct work w;
	struct plan best;

	if (all_same(v, n)) {
		out[0] = (uint8_t)(tag << 4 | INTS_SAME);
		return (unsigned)(put_varint(out + 1, zigzag((uint64_t)v[0])) - out);
	}
	w.v = v;
	w.n = n;
	best = choose_plan(&w);
	return put_plan(&best, n, tag, out);
}
