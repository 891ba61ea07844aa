/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rng: xoshiro256** (Blackman and Vigna, 2018), seeded through splitmix64.
 *
 * For jitter and for the simulator; never for secrets.  The same seed gives the same numbers on
 * every machine.
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
	uint64_t s[4];
};

void rng_seed(struct rng *r, uint64_t seed);
uint64_t rng_next(struct rng *r);
uint64_t rng_below(struct rng *r, uint64_t bound); /* 0 .. bound-1, unbiased; bound > 0 */
int64_t rng_between(struct rng *r, int64_t low, int64_t high); /* inclusive */
bool rng_chance(struct rng *r, uint32_t numerator, uint32_t denominator);

#endif
