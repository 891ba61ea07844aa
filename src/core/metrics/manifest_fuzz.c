/* SPDX-License-Identifier: Apache-2.0 */
/* Lines between the first one and a checksum that fits: what is read can be written and read again. */
#include "core/metrics/manifest.h"

#include <xxhash.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void parse(const char *text, size_t n)
{
	scoped(manifest_fini) struct manifest m = { 0 }, again = { 0 };
	scoped(str_fini) struct str s = STR_EMPTY, t = STR_EMPTY;

	if (manifest_parse(text, n, &m, NULL) != RC_OK)
		return;
	manifest_text(&m, &s);
	must(manifest_parse(s.s, s.len, &again, NULL) == RC_OK);
	must(again.n == m.n && again.next_id == m.next_id);
	manifest_text(&again, &t);
	must(str_eq(str_c(&s), str_c(&t)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	scoped(str_fini) struct str s = STR_EMPTY;

	parse((const char *)data, n);
	str_add(&s, "diarchy-metrics 1\n");
	str_addn(&s, data, n);
	str_addf(&s, "sum %016llx\n", (unsigned long long)XXH3_64bits(s.s, s.len));
	parse(s.s, s.len);
	return 0;
}
