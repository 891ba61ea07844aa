/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as either message: no sample without a series, labels of each can be asked for, and a
 * histogram that was read is the same when it was written and read again. */
#include "base/histogram_protobuf.h"
#include "core/remote/write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_series(const struct series_batch *b, uint32_t i)
{
	scoped(arena_fini) struct arena a;
	struct batch_metadata m;
	struct labels l;

	arena_init(&a, 1 << 20);
	if (b->labels(b, i, &a, &l, NULL) != RC_OK)
		return;
	must(l.n > 0 && labels_find(&l, METRIC_NAME));
	if (b->series_metadata && b->series_metadata(b, i, &l, &a, &m))
		must(*m.metric && *m.m.type);
}

static void check_histogram(const struct batch_histogram *x)
{
	scoped(str_fini) struct str once = STR_EMPTY, twice = STR_EMPTY;
	scoped(arena_fini) struct arena a;
	const struct histogram *again;
	int64_t t_ms;

	arena_init(&a, 1 << 20);
	histogram_protobuf_write(x->h, x->t_ms, &once);
	must(histogram_protobuf_read(protobuf_over(once.s, once.len), &a, &again, &t_ms, NULL) ==
		RC_OK);
	histogram_protobuf_write(again, t_ms, &twice);
	must(once.len == twice.len && memcmp(once.s, twice.s, once.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped(series_batch_fini) struct series_batch b = { 0 };
	scoped(str_fini) struct str body = STR_EMPTY;

	if (!size)
		return 0;
	str_addn(&body, data + 1, size - 1);
	series_batch_init(&b, 1, 1 << 20);
	b.samples_max = 1000;
	if (remote_write_read(data[0] & 1 ? REMOTE_VERSION_2 : REMOTE_VERSION_1, str_c(&body),
		    body.len, &b, NULL) != RC_OK)
		return 0;
	for (uint32_t i = 0; i < b.n_samples; i++)
		must(b.samples[i].series < b.n_series);
	for (uint32_t i = 0; i < b.n_series; i++)
		check_series(&b, i);
	for (uint32_t i = 0; i < b.n_histograms; i++)
		check_histogram(&b.histograms[i]);
	return 0;
}
