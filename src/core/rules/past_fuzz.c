/* SPDX-License-Identifier: Apache-2.0 */
/* A file that somebody changed on the disk: what of it is taken is evaluated, and kept in the same words. */
#include "core/rules/past.h"
#include "core/rules/rules_fixture.h"

#define RULES "{groups: [{name: g, rules: [{alert: Down, expr: x, keep_firing_for: 5m}]}]}"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void read_again(const struct str *kept)
{
	scoped(fixture_fini) struct fixture f;
	scoped(str_fini) struct str again = STR_EMPTY;

	fixture_init(&f);
	fixture_load(&f, RULES);
	must(rules_past_read(f.rules, (struct wall){ 240000 }, kept, NULL) == RC_OK);
	rules_past_write(f.rules, (struct wall){ 240000 }, &again);
	must(str_eq(str_c(kept), str_c(&again)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	scoped(fixture_fini) struct fixture f;
	scoped(str_fini) struct str text = STR_EMPTY, kept = STR_EMPTY;

	if (n > 16384)
		return 0;
	str_addn(&text, data, n);
	fixture_init(&f);
	fixture_load(&f, RULES);
	if (rules_past_read(f.rules, (struct wall){ 240000 }, &text, NULL) == RC_OK) {
		rules_past_write(f.rules, (struct wall){ 240000 }, &kept);
		read_again(&kept);
	}
	fixture_answer(&f, "x", "i=1 1");
	fixture_evaluate(&f, 300);
	return 0;
}
