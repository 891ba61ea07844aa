/* SPDX-License-Identifier: Apache-2.0 */
/* Parts from a peer that means no good, each behind its length (u16 big-endian), and all that they
 * make us do: bounds hold, and what is read can be written again. */
#include "core/peer/asking.h"

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const char *bytes, size_t n)
{
	scoped(str_fini) struct str again = STR_EMPTY;
	struct asking_part p;

	if (asking_part_read(bytes, n, &p, NULL) != RC_OK)
		return;
	asking_part_write(&p, &again);
	must(again.len == n && memcmp(again.s, bytes, n) == 0);
}

static void drain(struct asking *a, struct mono now, uint64_t *ret_computing)
{
	struct asking_effect fx;

	while (asking_next(a, now, &fx)) {
		if (fx.kind == ASKING_DO_SEND)
			check_again(fx.bytes.s, fx.bytes.len);
		if (fx.kind == ASKING_DO_COMPUTE)
			*ret_computing = fx.number;
		asking_effect_fini(&fx);
	}
}

static void step(struct asking *a, struct mono now, const char *part, size_t n)
{
	uint64_t computing = 0;
	struct str body = STR_EMPTY;

	check_again(part, n);
	if (asking_received(a, now, part, n, NULL) != RC_OK)
		return;
	drain(a, now, &computing);
	for (size_t i = 0; computing && i < n * 64; i++)
		str_addc(&body, 'x');
	asking_computed(a, computing, 200, &body);
	drain(a, now, &computing);
	asking_tick(a, now);
	drain(a, now, &computing);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct asking a = { 0 };
	struct asking_question q = { ASKING_QUERY, "", "query=up", 1000 };
	struct mono now = { 0 };

	asking_connected(&a, 1);
	for (int i = 0; i < 3; i++)
		must(asking_ask(&a, now, &q, NULL, NULL) == RC_OK);
	while (size >= 2) {
		size_t n = (size_t)data[0] << 8 | data[1];

		data += 2;
		size -= 2;
		if (n > size)
			n = size;
		now.ms += 500;
		step(&a, now, (const char *)data, n);
		data += n;
		size -= n;
	}
	asking_fini(&a);
	return 0;
}
