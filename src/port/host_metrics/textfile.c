/* SPDX-License-Identifier: Apache-2.0 */
/*
 * textfile: what jobs leave behind in *.prom files, as node_exporter's --collector.textfile has it:
 * a file that can't be read, or that says when its samples are from, is left out and said.
 *
 * One metric may stand in several files: its samples are written together, under the first file's
 * words, since readers of the format want a metric in one place.
 */
#include "port/host_metrics/host.h"

#include "base/limits.h"
#include "base/map.h"
#include "base/number_text.h"
#include "core/scrape/exposition.h"

#include <stdio.h>
#include <sys/stat.h>

#define SUFFIX ".prom"

struct family {
	const char *name, *type, *help;
	struct str lines; /* its samples */
};

struct texts {
	struct host *host;
	struct map families; /* name -> struct family, in the arena but for its lines */
	size_t read_bytes;
	bool failed;
};

/* What `x_bucket` belongs to while a histogram `x` is spoken of. */
static bool is_part(const struct family *f, const char *name)
{
	static const char *const suffixes[] = { "", "_bucket", "_sum", "_count" };
	size_t n = strlen(f->name);

	if (strncmp(name, f->name, n) != 0)
		return false;
	for (size_t i = 0; i < COUNT(suffixes); i++)
		if (str_eq(name + n, suffixes[i]))
			return i == 0 || str_eq(f->type, "histogram") || str_eq(f->type, "summary");
	return false;
}

static struct family *family_of(struct texts *t, const char *name)
{
	struct family *f = map_get(&t->families, name);

	if (f)
		return f;
	f = arena_alloc(&t->host->arena, sizeof *f);
	must(f);
	*f = (struct family){ .name = name, .type = "untyped" };
	map_put(&t->families, name, f);
	return f;
}

static void add_sample(struct texts *t, struct family **at, const struct exposition_entry *x)
{
	struct piece whole = x->text;
	const char *brace = memchr(whole.s, '{', whole.n);
	size_t n = brace ? (size_t)(brace - whole.s) : whole.n;
	const char *name = arena_strndup(&t->host->arena, whole.s, n);
	char value[NUMBER_TEXT_MAX];

	must(name);
	if (!*at || !is_part(*at, name))
		*at = family_of(t, name);
	number_text(x->v, NUMBER_SHORT, value);
	str_addn(&(*at)->lines, whole.s, whole.n);
	str_addf(&(*at)->lines, " %s\n", value);
}

static const char *copy(struct texts *t, struct piece p)
{
	const char *text = arena_strndup(&t->host->arena, p.s, p.n);

	must(text);
	return text;
}

/* False: the whole file is to be left out. */
static bool is_good(const struct exposition *whole)
{
	struct exposition x = *whole;
	struct exposition_entry entry;

	for (;;) {
		if (exposition_next(&x, &entry, NULL) != RC_OK || entry.kind == EXPOSITION_MORE)
			return false;
		if (entry.kind == EXPOSITION_END)
			return true;
		if (entry.kind == EXPOSITION_SERIES && entry.has_time)
			return false;
	}
}

static void take(struct texts *t, struct exposition *x)
{
	struct family *at = NULL;
	struct exposition_entry entry;

	while (exposition_next(x, &entry, NULL) == RC_OK && entry.kind != EXPOSITION_END) {
		if (entry.kind == EXPOSITION_SERIES) {
			add_sample(t, &at, &entry);
		} else if (entry.kind == EXPOSITION_TYPE) {
			at = family_of(t, copy(t, entry.name));
			if (x->type != METRIC_UNKNOWN)
				at->type = metric_type_name(x->type);
		} else if (entry.kind == EXPOSITION_HELP) {
			at = family_of(t, copy(t, entry.name));
			if (!at->help)
				at->help = copy(t, entry.value);
		}
	}
}

static bool read_text(struct texts *t, const char *name)
{
	char *text = host_file(t->host, "%s/%s", t->host->textfile, name);
	size_t n = text ? strlen(text) : 0;
	struct exposition x = { .is_last = true };

	if (!text || t->read_bytes + n > TEXTFILES_BYTES_MAX)
		return false;
	t->read_bytes += n;
	text = arena_printf(&t->host->arena, "%s\n", text);
	must(text);
	x.at = text;
	x.end = text + n + 1;
	if (!is_good(&x))
		return false;
	take(t, &x);
	return true;
}

static bool ends_in_suffix(const char *name)
{
	size_t n = strlen(name), m = strlen(SUFFIX);

	return n >= m && str_eq(name + n - m, SUFFIX);
}

/* Remember the time of a file in `mtimes`, as samples. */
static void read_named(struct texts *t, const char *name, struct str *mtimes)
{
	const char *path = arena_printf(&t->host->arena, "%s/%s", t->host->textfile, name);
	const char *whole = arena_printf(&t->host->arena, "%s%s", t->host->root, path);
	struct stat is;

	must(path && whole);
	if (stat(whole, &is) != 0 || !read_text(t, name)) {
		t->failed = true;
		return;
	}
	str_addf(mtimes, "node_textfile_mtime_seconds{%s} %lld\n",
		host_labels(t->host, "file", path, NULL), (long long)is.st_mtim.tv_sec);
}

static void write_families(struct texts *t)
{
	map_each (&t->families, it) {
		struct family *f = it->value;

		if (!f->lines.len)
			continue;
		str_addf(t->host->out, "# HELP %s %s\n# TYPE %s %s\n", f->name,
			f->help ? f->help : "Metric read from a text file", f->name, f->type);
		str_addn(t->host->out, str_c(&f->lines), f->lines.len);
		str_fini(&f->lines);
	}
}

void collect_textfile(struct host *h)
{
	scoped(str_fini) struct str mtimes = STR_EMPTY;
	struct texts t = { .host = h };
	char **names = h->textfile ? host_folder(h, "%s", h->textfile) : NULL;

	for (; names && *names; names++)
		if (ends_in_suffix(*names))
			read_named(&t, *names, &mtimes);
	h->failed = false; /* that is said below, of files */
	write_families(&t);
	map_fini(&t.families);
	if (mtimes.len) {
		host_metric(h, "node_textfile_mtime_seconds", GAUGE,
			"Unixtime mtime of textfiles successfully read.");
		str_addn(h->out, str_c(&mtimes), mtimes.len);
	}
	host_gauge(h, "node_textfile_scrape_error", t.failed,
		"1 if there was an error opening or reading a file, 0 otherwise");
}
