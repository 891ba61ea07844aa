/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log of somebody else's making: as it is, and again with the checksum of its first record put
 * right, so that what is behind it is read.  Labels are terminated; what a commit says is what it
 * was told.
 */
#include "core/metrics/wal.h"

#include "base/limits.h"
#include "core/metrics/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct seen {
	struct wal_commit again;
	uint64_t n_labels, n_samples;
};

static bool see_series(void *self, const struct labels *l)
{
	struct seen *seen = self;

	must(l->n <= SERIES_LABELS_MAX);
	for (uint32_t i = 0; i < l->n; i++) {
		must(!l->v[i].name[l->v[i].name_len] && !l->v[i].value[l->v[i].value_len]);
		seen->n_labels++;
	}
	wal_add_series(&seen->again, l);
	return true;
}

static bool see_sample(void *self, uint32_t id, const uint8_t *bytes, unsigned n)
{
	struct seen *seen = self;

	must(n <= 65535);
	wal_add_sample(&seen->again, id, bytes, n);
	return ++seen->n_samples < 1000000;
}

static bool see_late(void *self, uint32_t id, int64_t t_ms, double v)
{
	struct seen *seen = self;

	wal_add_late(&seen->again, id, t_ms, v);
	return true;
}

static bool see_late_histogram(void *self, uint32_t id, int64_t t_ms, const uint8_t *packed,
	unsigned n)
{
	struct seen *seen = self;

	beside_add_late_histogram(&seen->again.beside, id, t_ms, packed, n);
	return true;
}

static bool see_exemplar(void *self, uint32_t id, const struct exemplar *x)
{
	struct seen *seen = self;
	scoped(str_fini) struct str labels = STR_EMPTY;

	beside_labels(&labels, &x->labels);
	beside_add_exemplar(&seen->again.beside, id, x, &labels);
	return true;
}

static bool see_metadata(void *self, const char *metric, const struct metric_metadata *m)
{
	struct seen *seen = self;

	beside_add_metadata(&seen->again.beside, metric, m);
	return true;
}

static void read_all(const uint8_t *p, size_t n)
{
	struct seen seen = { 0 };
	struct wal_visitor visitor = { &seen, see_series, see_sample, see_late,
		{ &seen, see_late_histogram, see_exemplar, see_metadata } };
	struct wal_reading reading = { p, n, WAL_HEADER_BYTES, 1 };
	bool has = true;

	while (has && wal_next(&reading, &visitor, &has, NULL) == RC_OK)
		must(reading.at <= n);
	wal_commit_fini(&seen.again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct wal_header h;
	uint8_t *copy;
	uint64_t sum;

	if (wal_read_header(data, n, &h, NULL) == RC_OK)
		read_all(data, n);
	if (n < WAL_HEADER_BYTES + WAL_RECORD_BYTES || n > 1 << 20)
		return 0;
	copy = must_alloc(n);
	memcpy(copy, data, n);
	sum = (uint32_t)(n - WAL_HEADER_BYTES - WAL_RECORD_BYTES);
	memcpy(copy + WAL_HEADER_BYTES, &sum, 4);
	sum = wal_checksum(copy + WAL_HEADER_BYTES, sum, 1);
	memcpy(copy + WAL_HEADER_BYTES + 16, &sum, 8);
	read_all(copy, n);
	free(copy);
	return 0;
}
