/* SPDX-License-Identifier: Apache-2.0 */
/* The matchers of another site's silence, and of whoever may write one. */
#include "core/alert/silence.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct silence_label labels[] = { { "name", "immich" }, { "site", "mumbai" } };
	scoped(matchers_free) struct matchers *m = NULL;
	scoped(mem_free) char *text = must_alloc(size + 1);
	struct err e = { 0 };

	memcpy(text, data, size);
	if (matchers_parse(&m, text, &e) != RC_OK) {
		must(m == NULL && e.text[0]);
		return 0;
	}
	matchers_match(m, labels, COUNT(labels));
	must(!matchers_match(m, NULL, 0)); /* nothing silences what has no labels at all */
	return 0;
}
