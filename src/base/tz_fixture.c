/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tz_fixture.h"

#include "base/mem.h"

#include <stdio.h>

struct tz *tz_fixture(const char *name)
{
	scoped(mem_free) char *bytes = must_alloc(TZ_FILE_MAX);
	struct tz *z = NULL;
	struct err e = { 0 };
	char path[128];
	FILE *file;
	size_t n;

	snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
	file = fopen(path, "rb");
	if (!file) {
		fprintf(stderr, "%s is missing here\n", path);
		return NULL;
	}
	n = fread(bytes, 1, TZ_FILE_MAX, file);
	fclose(file);
	if (tz_parse(&z, name, bytes, n, &e) != RC_OK)
		fprintf(stderr, "%s: %s\n", path, e.text);
	must(z != NULL);
	return z;
}

struct wall tz_fixture_instant(const struct tz *z, const char *local)
{
	struct civil c = { 0 };

	must(sscanf(local, "%d-%d-%d %d:%d", &c.year, &c.month, &c.day, &c.hour, &c.minute) == 5);
	return tz_instant(z, c);
}
