/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes are families or refused; what is told of them can be taken apart again as a text can. */
#include "core/scrape/families.h"

#include "base/histogram.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static enum rc take(void *self, const struct family_entry *f, struct err *e)
{
	struct exposition x = { .format = EXPOSITION_TEXT, .type = f->type };
	struct arena *a = self;
	struct labels l;

	arena_reset(a);
	if (f->entry.kind != EXPOSITION_SERIES)
		return RC_OK;
	must(!f->entry.h || histogram_check_layout(f->entry.h, NULL) == RC_OK);
	(void)!exposition_labels(&x, f->entry.text, a, &l, NULL);
	for (uint32_t i = 0; i < f->n_exemplars; i++) {
		must(i == 0 || f->exemplars[i].t_ms >= f->exemplars[i - 1].t_ms);
		(void)!exposition_exemplar_labels(&x, f->exemplars[i].labels, a, &l, e);
	}
	return RC_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	scoped(arena_fini) struct arena a = { .budget_bytes = 1 << 20 };
	struct families_visitor visitor = { &a, take };
	struct families_wish wish;
	scoped(mem_free) char *copy = NULL;
	size_t used;

	if (n < 1)
		return 0;
	wish = (struct families_wish){ .has_native = data[0] & 1,
		.has_classic = data[0] & 2,
		.buckets_max = data[0] & 4 ? 5 : 0,
		.bucket_factor_least = data[0] & 8 ? 1.2 : 0 };
	copy = must_alloc(n);
	memcpy(copy, data + 1, n - 1);
	(void)!families_read(copy, n - 1, &wish, &visitor, &used, NULL);
	must(used <= n - 1);
	return 0;
}
