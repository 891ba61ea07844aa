/* SPDX-License-Identifier: Apache-2.0 */
/* Any line is read or refused with a reason; what is read has sorted labels, and histograms whose
 * spans say as many buckets as there are. */
#include "core/promql/notation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BYTES_MAX 4096

static void check_histogram(const struct histogram *h)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < h->n_positive_spans; i++)
		n += h->positive_spans[i].length;
	must(n == h->n_positive);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped(arena_fini) struct arena a = { .budget_bytes = 1 << 20 };
	char text[BYTES_MAX];
	struct notation notation;
	struct err e = { 0 };

	if (size >= sizeof text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (notation_parse(text, &a, &notation, &e) != RC_OK) {
		must(*e.text != '\0');
		return 0;
	}
	for (uint32_t i = 1; i < notation.labels.n; i++)
		must(strcmp(notation.labels.v[i - 1].name, notation.labels.v[i].name) <= 0);
	for (uint32_t i = 0; i < notation.n; i++)
		if (notation.values[i].h)
			check_histogram(notation.values[i].h);
	return 0;
}
