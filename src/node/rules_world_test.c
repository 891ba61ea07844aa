/* SPDX-License-Identifier: Apache-2.0 */
/* What a rule's expression reads, and whether it is ready for there being none of it. */
#include "node/rules_world.h"

#include <setjmp.h>
#include <stdarg.h>
/* after the two above */
#include <cmocka.h>

/* "NAME,NAME", and " ready" behind that. */
static void assert_reads(const char *expression, const char *wanted)
{
	struct rules_promql promql = { 0 };
	const struct rules_world world = rules_world_over(&promql);
	scoped(arena_fini) struct arena arena;
	scoped(str_fini) struct str got = STR_EMPTY;
	struct rules_reads reads;
	struct err e = { 0 };
	const void *parsed;

	arena_init(&arena, 0);
	if (world.parse(world.ctx, expression, &arena, &parsed, &e) != RC_OK)
		fail_msg("%s: %s", expression, e.text);
	assert_int_equal(world.reads(world.ctx, parsed, &arena, &reads), RC_OK);
	for (uint32_t i = 0; i < reads.n; i++)
		str_addf(&got, "%s%s", i ? "," : "", reads.metrics[i]);
	str_add(&got, reads.is_ready_for_none ? " ready" : "");
	assert_string_equal(str_c(&got), wanted);
}

static void all_that_is_selected_is_read(void **state)
{
	(void)state;
	assert_reads("up", "up");
	assert_reads("{__name__=\"up\"} / {job=\"x\"}", "up,");
	assert_reads("{\"up\", job=\"x\"}", "up");
	assert_reads("-sum by (job) (rate(a[5m])) > on () (max_over_time(b[1h:1m]) or c)", "a,b,c");
	assert_reads("topk(scalar(n), quantile(0.9, m))", "m,n");
	assert_reads("vector(time()) > 5", "");
}

static void who_looks_for_none_or_provides_for_it_is_ready(void **state)
{
	(void)state;
	assert_reads("absent(up)", "up ready");
	assert_reads("absent_over_time(up[5m]) == 1", "up ready");
	assert_reads("(count(up) or vector(0)) < 3", "up ready");
	assert_reads("count(up) or on () (vector(0) > 5)", "up ready");
	assert_reads("vector(0) or up", "up ready");
	assert_reads("vector(1) or vector(2)", "");
	assert_reads("up unless down", "up,down");
	assert_reads("a or b", "a,b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_is_selected_is_read),
		cmocka_unit_test(who_looks_for_none_or_provides_for_it_is_ready),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
