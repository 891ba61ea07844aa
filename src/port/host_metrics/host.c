/* SPDX-License-Identifier: Apache-2.0 */
#include "port/host_metrics/host.h"

#include "base/number_text.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_BYTES_MAX 4194304
#define FOLDER_MAX     4096 /* names */

static void path_of(const struct host *h, char path[PATH_MAX], const char *fmt, va_list ap)
	PRINTF(3, 0);
static void path_of(const struct host *h, char path[PATH_MAX], const char *fmt, va_list ap)
{
	size_t n = strlen(h->root);

	if (!str_copy(path, PATH_MAX, h->root) || n + 1 >= PATH_MAX)
		n = 0;
	vsnprintf(path + n, PATH_MAX - n, fmt, ap);
}

/* Files of the kernel have no size before they are read. */
static char *read_whole(struct host *h, int fd)
{
	scoped(str_fini) struct str text = { .limit_bytes = FILE_BYTES_MAX };
	char piece[8192];
	ssize_t n;

	while ((n = read(fd, piece, sizeof piece)) > 0)
		str_addn(&text, piece, (size_t)n);
	if (n < 0 || text.is_cut)
		return NULL;
	while (text.len && text.s[text.len - 1] == '\n')
		text.len--;
	return arena_strndup(&h->arena, str_c(&text), text.len);
}

/* Some files of sysfs are there and have nothing to say: a network device that is down has no
 * speed. */
static bool is_mere_absence(int errnum)
{
	return errnum == ENOENT || errnum == ENOTDIR || errnum == EINVAL || errnum == ENODATA ||
	       errnum == ENODEV || errnum == EOPNOTSUPP || errnum == EAGAIN || errnum == ENXIO;
}

static char *file_at(struct host *h, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = NULL;

	if (fd >= 0) {
		errno = 0;
		text = read_whole(h, fd);
		if (!text && !is_mere_absence(errno))
			h->failed = true;
		close(fd);
	} else if (!is_mere_absence(errno)) {
		h->failed = true;
	}
	return text;
}

char *host_file(struct host *h, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;

	va_start(ap, fmt);
	path_of(h, path, fmt, ap);
	va_end(ap);
	return file_at(h, path);
}

bool host_number(struct host *h, int64_t *ret, const char *fmt, ...)
{
	char path[PATH_MAX], *text, *end;
	va_list ap;

	va_start(ap, fmt);
	path_of(h, path, fmt, ap);
	va_end(ap);
	text = file_at(h, path);
	if (!text || !*text)
		return false;
	*ret = strtoll(text, &end, 0);
	return end != text;
}

char *host_link(struct host *h, const char *fmt, ...)
{
	char path[PATH_MAX], target[PATH_MAX], *slash;
	ssize_t n;
	va_list ap;

	va_start(ap, fmt);
	path_of(h, path, fmt, ap);
	va_end(ap);
	n = readlink(path, target, sizeof target - 1);
	if (n < 0)
		return NULL;
	target[n] = '\0';
	slash = strrchr(target, '/');
	return arena_strdup(&h->arena, slash ? slash + 1 : target);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **host_folder(struct host *h, const char *fmt, ...)
{
	char path[PATH_MAX], **names = arena_alloc(&h->arena, (FOLDER_MAX + 1) * sizeof *names);
	struct dirent *entry;
	uint32_t n = 0;
	va_list ap;
	DIR *dir;

	must(names);
	va_start(ap, fmt);
	path_of(h, path, fmt, ap);
	va_end(ap);
	dir = opendir(path);
	if (!dir)
		return names;
	while (n < FOLDER_MAX && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			names[n++] = arena_strdup(&h->arena, entry->d_name);
	closedir(dir);
	qsort(names, n, sizeof *names, by_text);
	return names;
}

char *host_line(char **text)
{
	char *line = *text, *end;

	if (!line || !*line)
		return NULL;
	end = strchr(line, '\n');
	*text = end ? end + 1 : line + strlen(line);
	if (end)
		*end = '\0';
	return line;
}

uint32_t host_words(char *line, char **words, uint32_t most)
{
	uint32_t n = 0;
	char *rest = NULL;

	for (char *w = strtok_r(line, " \t", &rest); w && n < most;
		w = strtok_r(NULL, " \t", &rest))
		words[n++] = w;
	return n;
}

/* ---- writing */

void host_metric(struct host *h, const char *name, enum host_type type, const char *help)
{
	static const char *const types[] = { "counter", "gauge", "untyped" };

	must(str_copy(h->metric, sizeof h->metric, name));
	str_addf(h->out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, types[type]);
}

void host_field(struct host *h, const char *name, enum host_type type, const char *help, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, help);
	vsnprintf(text, sizeof text, help, ap);
	va_end(ap);
	host_metric(h, name, type, text);
}

static void begin_sample(struct host *h, const char *labels)
{
	str_add(h->out, h->metric);
	if (labels && *labels) {
		str_addc(h->out, '{');
		str_add(h->out, labels);
		str_addc(h->out, '}');
	}
	str_addc(h->out, ' ');
}

void host_value(struct host *h, const char *labels, double v)
{
	char text[NUMBER_TEXT_MAX];
	size_t n = number_text(v, NUMBER_SHORT, text);

	begin_sample(h, labels);
	str_addn(h->out, text, n);
	str_addc(h->out, '\n');
}

void host_count(struct host *h, const char *labels, uint64_t v)
{
	begin_sample(h, labels);
	str_addf(h->out, "%" PRIu64 "\n", v);
}

static void add_escaped(struct str *out, const char *value)
{
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			str_addc(out, '\\');
		if (*value == '\n')
			str_add(out, "\\n");
		else
			str_addc(out, *value);
	}
}

/* What isn't UTF-8 (a mount point may be anything) can't be a label's value. */
static void add_value(struct str *out, const char *value)
{
	size_t n = strlen(value);

	if (utf8_valid(value, n)) {
		add_escaped(out, value);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)value[i] < 0x80)
			add_escaped(out, (char[]){ value[i], '\0' });
		else
			str_addc(out, '?');
}

const char *host_labels(struct host *h, ...)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	const char *name, *copy;
	va_list ap;

	va_start(ap, h);
	while ((name = va_arg(ap, const char *))) {
		str_addf(&text, "%s%s=\"", text.len ? "," : "", name);
		add_value(&text, va_arg(ap, const char *));
		str_addc(&text, '"');
	}
	va_end(ap);
	copy = arena_strdup(&h->arena, str_c(&text));
	must(copy);
	return copy;
}

void host_gauge(struct host *h, const char *name, double v, const char *help)
{
	host_metric(h, name, GAUGE, help);
	host_value(h, NULL, v);
}

void host_counter(struct host *h, const char *name, uint64_t v, const char *help)
{
	host_metric(h, name, COUNTER, help);
	host_count(h, NULL, v);
}

/* ---- places */

struct host_places host_places_new(struct host *h)
{
	struct host_places p = { .v = arena_alloc(&h->arena, HOST_PLACES_MAX * sizeof *p.v) };

	must(p.v);
	return p;
}

void host_place(struct host *h, struct host_places *p, const char *labels, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;

	if (p->n == HOST_PLACES_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(path, sizeof path, fmt, ap);
	va_end(ap);
	p->v[p->n].path = arena_strdup(&h->arena, path);
	p->v[p->n++].labels = labels;
}

struct host_places host_places_of(struct host *h, const char *folder, const char *label)
{
	struct host_places p = host_places_new(h);

	for (char **names = host_folder(h, "%s", folder); *names; names++)
		host_place(h, &p, host_labels(h, label, *names, NULL), "%s/%s", folder, *names);
	return p;
}

/* Of what follows a number: the digit behind a point, and the unit as a power of 1024. */
static void read_unit(const char *s, unsigned *ret_tenths, int *ret_power)
{
	static const char units[] = "kMGTPE";
	const char *unit;

	*ret_tenths = 0;
	if (s[0] == '.' && isdigit((unsigned char)s[1])) {
		*ret_tenths = (unsigned)(s[1] - '0');
		s += 2;
	}
	unit = *s ? strchr(units, *s) : NULL;
	*ret_power = unit ? (int)(unit - units) + 1 : 0;
}

bool host_quantity(const char *text, double *ret)
{
	bool is_negative = *text == '-';
	const char *digits = text + is_negative;
	unsigned tenths;
	uint64_t whole;
	char *end;
	int power;

	if (!isdigit((unsigned char)*digits))
		return false;
	whole = strtoull(digits, &end, str_starts(digits, "0x") ? 16 : 10);
	if (whole == UINT64_MAX)
		return false;
	read_unit(end, &tenths, &power);
	*ret = ldexp((double)whole, 10 * power);
	if (power)
		*ret += ldexp(100.0 * tenths, 10 * (power - 1));
	if (is_negative)
		*ret = -*ret;
	return true;
}

void host_fields(struct host *h, const struct field *f, size_t n, const struct host_places *p)
{
	for (; n > 0; f++, n--) {
		bool has_metric = false;

		for (uint32_t i = 0; i < p->n; i++) {
			const char *text = host_file(h, "%s/%s", p->v[i].path, f->file);
			double v;

			if (!text || !host_quantity(text, &v))
				continue;
			if (!has_metric)
				host_metric(h, f->metric, f->type, f->help);
			has_metric = true;
			host_value(h, p->v[i].labels, v * f->factor);
		}
	}
}

/* The bytes of the first character; 0: it isn't UTF-8. */
static size_t character(const char *s, size_t n)
{
	for (size_t i = 1; i <= 4 && i <= n; i++)
		if (utf8_valid(s, i))
			return i;
	return 0;
}

const char *host_text(struct host *h, char *text)
{
	scoped(str_fini) struct str whole = STR_EMPTY;
	size_t n;

	text += strspn(text, " \t\n");
	for (n = strlen(text); n > 0 && strchr(" \t\n", text[n - 1]); n--)
		continue;
	for (size_t used; n > 0; text += used, n -= used) {
		used = character(text, n);
		if (used)
			str_addn(&whole, text, used);
		else
			str_add(&whole, "\xef\xbf\xbd");
		used += !used;
	}
	return arena_strdup(&h->arena, str_c(&whole));
}
