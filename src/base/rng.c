/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"

#include "base/mem.h"

__extension__ typedef unsigned __int128 wide;

static uint64_t splitmix64(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

void rng_seed(struct rng *r, uint64_t seed)
{
	for (size_t i = 0; i < COUNT(r->s); i++)
		r->s[i] = splitmix64(&seed);
}

static uint64_t rotated(uint64_t x, int left)
{
	return x << left | x >> (64 - left);
}

uint64_t rng_next(struct rng *r)
{
	uint64_t *s = r->s;
	uint64_t result = rotated(s[1] * 5, 7) * 9;
	uint64_t shifted = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= shifted;
	s[3] = rotated(s[3], 45);
	return result;
}

/* Lemire, "Fast Random Integer Generation in an Interval", 2019: the high half of a product, whose
 * low half tells the few draws that would favour some numbers. */
uint64_t rng_below(struct rng *r, uint64_t bound)
{
	wide product;

	must(bound > 0);
	product = (wide)rng_next(r) * bound;
	if ((uint64_t)product < bound) {
		uint64_t unfair = (0 - bound) % bound;

		while ((uint64_t)product < unfair)
			product = (wide)rng_next(r) * bound;
	}
	return (uint64_t)(product >> 64);
}

int64_t rng_between(struct rng *r, int64_t low, int64_t high)
{
	uint64_t span = (uint64_t)high - (uint64_t)low + 1;

	must(low <= high);
	/* 0: all 2^64 numbers. */
	return (int64_t)((uint64_t)low + (span ? rng_below(r, span) : rng_next(r)));
}

bool rng_chance(struct rng *r, uint32_t numerator, uint32_t denominator)
{
	return rng_below(r, denominator) < numerator;
}
