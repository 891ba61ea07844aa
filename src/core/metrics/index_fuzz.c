/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A segment of somebody else's making, with its checksums put right: everything in it is asked for,
 * and nothing leads out of it.
 */
#include "core/metrics/index.h"

#include "base/limits.h"
#include "core/metrics/index_format.h"

#include <xxhash.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void put_right(uint8_t *p, size_t n)
{
	struct index_header h;

	memcpy(&h, p, sizeof h);
	for (unsigned i = 0; i < INDEX_PARTS; i++)
		if (h.sections[i].at <= n && h.sections[i].n <= n - h.sections[i].at)
			h.sections[i].checksum = XXH3_64bits(p + h.sections[i].at, h.sections[i].n);
	h.checksum = XXH3_64bits(&h, offsetof(struct index_header, checksum));
	memcpy(p, &h, sizeof h);
}

static uint64_t touch(const char *s, size_t n)
{
	return XXH3_64bits(s, n) + (s[n] != 0);
}

static uint64_t ask_series(const struct index *x)
{
	struct label *v = must_alloc(SERIES_LABELS_MAX * sizeof *v);
	uint64_t sum = 0;

	for (uint32_t i = 0; i < index_count(x) && i < 1000; i++) {
		struct labels l;

		sum += index_has_id(x, index_id(x, i));
		if (index_labels(x, i, v, &l, NULL) != RC_OK)
			continue;
		for (uint32_t k = 0; k < l.n; k++)
			sum += touch(l.v[k].name, l.v[k].name_len) +
			       touch(l.v[k].value, l.v[k].value_len);
		sum += index_find(x, &l, labels_hash(&l));
	}
	free(v);
	return sum;
}

static uint64_t ask_pairs(const struct index *x)
{
	scoped(runs_fini) struct runs runs = { 0 };
	uint64_t sum = 0;

	for (uint32_t name = 0; name < index_n_names(x) && name < 1000; name++) {
		struct run pairs = index_pairs(x, name);
		struct index_text text = index_label_name(x, name);

		sum += touch(text.s, text.n);
		for (uint32_t i = pairs.from; i < pairs.to && i < pairs.from + 1000; i++) {
			sum += touch(index_value(x, i).s, index_value(x, i).n);
			sum += index_pair_count(x, i);
			if (index_postings(x, i, &runs, NULL) == RC_OK && runs.n)
				must(runs.v[runs.n - 1].to <= index_count(x));
		}
	}
	return sum;
}

static uint64_t ask_matchers(const struct index *x)
{
	static const struct {
		enum matcher_op op;
		const char *name, *value;
	} asked[] = {
		{ MATCHER_EQUAL, METRIC_NAME, "up" },
		{ MATCHER_NOT_EQUAL, "instance", "a" },
		{ MATCHER_REGEX, "instance", "a.*" },
		{ MATCHER_REGEX, METRIC_NAME, "up|down" },
		{ MATCHER_NOT_REGEX, METRIC_NAME, ".*p" },
	};
	uint64_t sum = 0;

	for (size_t i = 0; i < COUNT(asked); i++) {
		scoped(matcher_free) struct matcher *m = NULL;
		scoped(runs_fini) struct runs runs = { 0 };
		const struct matcher *matchers[1];

		must(matcher_new(&m, asked[i].op, asked[i].name, asked[i].value, NULL) == RC_OK);
		matchers[0] = m;
		if (index_select(x, matchers, 1, &runs, NULL) == RC_OK)
			sum += runs_count(&runs);
	}
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct index *x = NULL;
	uint8_t *copy;

	if (n < INDEX_HEADER_BYTES || n > 1 << 20)
		return 0;
	copy = must_alloc(n);
	memcpy(copy, data, n);
	put_right(copy, n);
	/* Asking for everything may take long only as long as the file is short. */
	if (index_open_bytes(&x, copy, n, NULL) == RC_OK && index_count(x) <= 1 << 20)
		must(ask_series(x) + ask_pairs(x) + ask_matchers(x) != 1);
	index_drop(x);
	free(copy);
	return 0;
}
