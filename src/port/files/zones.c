/* SPDX-License-Identifier: Apache-2.0 */
#include "port/files/zones.h"

#include "base/map.h"
#include "port/files/files.h"

#include <stdio.h>

#define ZONES_FOLDER "/usr/share/zoneinfo"

struct zones {
	struct map by_name; /* struct tz * */
};

struct zones *zones_new(void)
{
	return must_alloc(sizeof(struct zones));
}

void zones_free(struct zones *z)
{
	if (!z)
		return;
	map_each (&z->by_name, it)
		tz_free(it->value);
	map_fini(&z->by_name);
	free(z);
}

/* The names of the IANA database: parts of letters, digits, '_', '-' and '+', joined by '/'. */
static bool is_zone_name(const char *name)
{
	static const char accepted[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+/";
	size_t n = strlen(name);

	return n > 0 && n < TZ_NAME_MAX && strspn(name, accepted) == n && name[0] != '/' &&
	       name[n - 1] != '/' && !strstr(name, "//");
}

static struct tz *read_zone(const char *name)
{
	const char *folder = getenv("TZDIR");
	char path[512], bytes[TZ_FILE_MAX];
	struct tz *zone = NULL;
	size_t n;

	if (!folder || folder[0] != '/')
		folder = ZONES_FOLDER;
	if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
		return NULL;
	if (file_read_into(path, bytes, sizeof bytes, &n, NULL) != RC_OK ||
		tz_parse(&zone, name, bytes, n, NULL) != RC_OK)
		return NULL;
	return zone;
}

const struct tz *zones_find(struct zones *z, const char *name)
{
	struct tz *zone = map_get(&z->by_name, name);

	if (zone || !is_zone_name(name))
		return zone;
	zone = read_zone(name);
	if (zone)
		map_put(&z->by_name, name, zone);
	else if (str_eq(name, "UTC") || str_eq(name, "Etc/UTC"))
		return tz_utc();
	return zone;
}
