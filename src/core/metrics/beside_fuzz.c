/* SPDX-License-Identifier: Apache-2.0 */
/* Items of somebody else's making: texts are terminated, those of labels where their
 * lengths say (a value may have a NUL), and what is written again reads the same. */
#include "core/metrics/beside.h"

#include "base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool see_late_histogram(void *self, uint32_t id, int64_t t_ms, const uint8_t *packed,
	unsigned n)
{
	beside_add_late_histogram(self, id, t_ms, packed, n);
	return true;
}

static bool see_exemplar(void *self, uint32_t id, const struct exemplar *x)
{
	scoped(str_fini) struct str labels = STR_EMPTY;

	must(x->labels.n <= EXEMPLAR_LABELS_MAX);
	for (uint32_t i = 0; i < x->labels.n; i++)
		must(!x->labels.v[i].name[x->labels.v[i].name_len] &&
			!x->labels.v[i].value[x->labels.v[i].value_len]);
	beside_labels(&labels, &x->labels);
	beside_add_exemplar(self, id, x, &labels);
	return true;
}

static bool see_metadata(void *self, const char *metric, const struct metric_metadata *m)
{
	beside_add_metadata(self, metric, m);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	scoped(str_fini) struct str once = STR_EMPTY, twice = STR_EMPTY;
	struct beside_visitor visitor = { &once, see_late_histogram, see_exemplar, see_metadata };
	scoped(mem_free) char *copy = must_alloc(n + !n);

	(void)!beside_parse(data, n, &visitor, NULL);
	if (n)
		memcpy(copy, data, n);
	str_clear(&once);
	if (!beside_read((uint8_t *)copy, n, &visitor))
		return 0;
	visitor.self = &twice;
	must(beside_read((uint8_t *)once.s, once.len, &visitor));
	must(once.len == twice.len && (!once.len || memcmp(once.s, twice.s, once.len) == 0));
	return 0;
}
