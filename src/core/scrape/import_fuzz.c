/* SPDX-License-Identifier: Apache-2.0 */
/* Any text in either format: no sample without a series, and labels of each can be asked for. */
#include "core/scrape/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped(series_batch_fini) struct series_batch b = { 0 };
	scoped(str_fini) struct str s = STR_EMPTY;
	struct import_text text = { .t_ms = 1 };

	if (!size)
		return 0;
	text.format = data[0] & 1 ? EXPOSITION_OPENMETRICS : EXPOSITION_TEXT;
	str_addn(&s, data + 1, size - 1);
	text.is_cut = !s.len || s.s[s.len - 1] != '\n';
	if (text.is_cut)
		str_addc(&s, '\n');
	text.s = s.s;
	text.n = s.len;
	series_batch_init(&b, 1, 65536);
	if (import_parse(&text, &b, NULL) != RC_OK)
		return 0;
	for (uint32_t i = 0; i < b.n_samples; i++)
		must(b.samples[i].series < b.n_series);
	for (uint32_t i = 0; i < b.n_series; i++) {
		scoped(arena_fini) struct arena a;
		struct labels l;

		arena_init(&a, 1 << 20);
		if (b.labels(&b, i, &a, &l, NULL) == RC_OK)
			must(l.n > 0);
	}
	return 0;
}
