/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/deletion.h"

#include "base/str.h"
#include "core/metrics/bytes.h"
#include "core/metrics/manifest.h"

#include <stdio.h>
#include <xxhash.h>

#define HEADER_BYTES 40

static const char magic[8] = "DiaDel1\n";

struct deletion *deletion_new(int64_t min_ms, int64_t max_ms)
{
	struct deletion *d = must_alloc(sizeof *d);

	*d = (struct deletion){ .refs = 1, .min_ms = min_ms, .max_ms = max_ms };
	return d;
}

struct deletion *deletion_hold(struct deletion *d)
{
	d->refs++;
	return d;
}

void deletion_drop(struct deletion *d)
{
	if (!d || --d->refs)
		return;
	runs_fini(&d->ids);
	free(d);
}

bool deletion_has(const struct deletion *d, uint32_t id)
{
	uint32_t low = 0, high = d->ids.n;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (d->ids.v[mid].to <= id)
			low = mid + 1;
		else
			high = mid;
	}
	return low < d->ids.n && d->ids.v[low].from <= id;
}

void deletion_apply(const struct deletion *d, uint32_t id, struct series_column *column,
	uint32_t from)
{
	uint32_t n = from;

	if (from == column->n || column->t_ms[column->n - 1] < d->min_ms ||
		column->t_ms[from] > d->max_ms || !deletion_has(d, id))
		return;
	for (uint32_t i = from; i < column->n; i++) {
		if (column->t_ms[i] >= d->min_ms && column->t_ms[i] <= d->max_ms)
			continue;
		column->t_ms[n] = column->t_ms[i];
		column->v[n] = column->v[i];
		if (column->h)
			column->h[n] = column->h[i];
		n++;
	}
	column->n = n;
}

static void spell(const struct deletion *d, struct str *ret)
{
	uint32_t zero = 0;
	uint64_t sum;

	str_addn(ret, magic, 8);
	str_addn(ret, &d->min_ms, 8);
	str_addn(ret, &d->max_ms, 8);
	str_addn(ret, &d->number, 4);
	str_addn(ret, &d->generation, 4);
	str_addn(ret, &zero, 4);
	str_addn(ret, &d->ids.n, 4);
	for (uint32_t i = 0; i < d->ids.n; i++)
		str_addn(ret, &d->ids.v[i], 8);
	sum = XXH3_64bits(ret->s, ret->len);
	str_addn(ret, &sum, 8);
}

enum rc deletion_write(const struct deletion *d, const struct files *files, struct err *e)
{
	scoped(str_fini) struct str bytes = STR_EMPTY;
	char name[FILES_NAME_MAX];
	enum rc rc;

	spell(d, &bytes);
	manifest_file_name(MANIFEST_DELETION, d->number, name);
	rc = files_write(files, name, &bytes, e);
	return rc == RC_OK ? files->sync_folder(files->self, e) : rc;
}

enum rc deletion_parse(struct deletion **ret, const uint8_t *p, size_t n, struct err *e)
{
	scoped(deletion_drop) struct deletion *d = NULL;
	uint32_t n_runs, end = 0;

	if (n < HEADER_BYTES + 8 || memcmp(p, magic, 8) != 0)
		return err_set(e, RC_CORRUPT, "it isn't a deletion");
	if (get_u64(p + n - 8) != XXH3_64bits(p, n - 8))
		return err_set(e, RC_CORRUPT, "its checksum is wrong");
	n_runs = get_u32(p + 36);
	if (n_runs != (n - HEADER_BYTES - 8) / 8 || n % 8)
		return err_set(e, RC_CORRUPT, "it isn't as long as it says");
	d = deletion_new((int64_t)get_u64(p + 8), (int64_t)get_u64(p + 16));
	d->number = get_u32(p + 24);
	d->generation = get_u32(p + 28);
	for (uint32_t i = 0; i < n_runs; i++) {
		uint32_t from = get_u32(p + HEADER_BYTES + 8 * (size_t)i);
		uint32_t to = get_u32(p + HEADER_BYTES + 8 * (size_t)i + 4);

		if (from < end || to <= from)
			return err_set(e, RC_CORRUPT, "its series aren't in order");
		runs_add(&d->ids, from, to);
		end = to;
	}
	*ret = TAKE(d);
	return RC_OK;
}

enum rc deletion_open(struct deletion **ret, const struct files *files, const char *name,
	struct err *e)
{
	struct files_map map = { 0 };
	enum rc rc = files->map(files->self, name, &map, e);

	if (rc == RC_OK)
		rc = deletion_parse(ret, map.p, map.n, e);
	files->unmap(files->self, &map);
	return rc == RC_OK ? rc : err_in(e, rc, "%s", name);
}
