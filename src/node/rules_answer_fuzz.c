/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a server answers is a vector in order, or an error. */
#include "node/rules_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	scoped(arena_fini) struct arena a;
	struct rules_answer answer = { 200, (const char *)bytes, n };
	struct rules_vector v;
	struct err e = { 0 };

	arena_init(&a, 1 << 20);
	if (rules_answer_read(&answer, &a, &v, &e) != RC_OK) {
		must(e.text[0] != '\0');
		return 0;
	}
	for (uint32_t i = 0; i < v.n; i++)
		for (uint32_t k = 1; k < v.v[i].labels.n; k++)
			must(strcmp(v.v[i].labels.v[k - 1].name, v.v[i].labels.v[k].name) < 0);
	return 0;
}
