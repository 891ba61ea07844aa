/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/term/term.h"

#include "base/str.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char *environment(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

/* The first of the three that is set decides (locale(7)). */
static bool is_utf8_locale(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < COUNT(names); i++) {
		const char *value = environment(names[i]);

		if (*value)
			return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
	}
	return false;
}

static uint32_t width_of(int fd)
{
	struct winsize size = { 0 };
	long columns = strtol(environment("COLUMNS"), NULL, 10);

	if (columns <= 0 && ioctl(fd, TIOCGWINSZ, &size) == 0)
		columns = size.ws_col;
	if (columns <= 0)
		columns = 80;
	return columns < TERM_WIDTH_MIN ? TERM_WIDTH_MIN
	       : columns > 1000         ? 1000
					: (uint32_t)columns;
}

void term_look(struct term *t, int fd, enum colour_wish wish)
{
	bool is_terminal = isatty(fd), is_plain = *environment("NO_COLOR");

	t->width = is_terminal ? width_of(fd) : 0;
	t->has_utf8 = is_utf8_locale();
	t->has_colour = wish == COLOUR_ALWAYS || (wish == COLOUR_AUTO && is_terminal && !is_plain &&
							 !str_eq(environment("TERM"), "dumb"));
}

static struct tz *read_zone(const char *name, const char *path)
{
	char bytes[TZ_FILE_MAX];
	struct tz *zone = NULL;
	FILE *f = fopen(path, "re");
	size_t n;

	if (!f)
		return NULL;
	n = fread(bytes, 1, sizeof bytes, f);
	fclose(f);
	return tz_parse(&zone, name, bytes, n, NULL) == RC_OK ? zone : NULL;
}

struct tz *term_zone(void)
{
	const char *name = getenv("TZ");
	char path[256];

	if (!name)
		return read_zone("local", "/etc/localtime");
	name += *name == ':';
	if (*name == '/')
		return read_zone(name, name);
	if (*name == '\0' || strlen(name) >= TZ_NAME_MAX || strstr(name, ".."))
		return NULL;
	snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
	return read_zone(name, path);
}
