/* SPDX-License-Identifier: Apache-2.0 */
/* files: the pages, out of the binary. */
#include "api/api_private.h"

#include <stdio.h>
#include <strings.h>

#define ETAG_BYTES 10 /* of the SHA-256 */
#define ETAG_MAX   (2 * ETAG_BYTES + 6)

struct file {
	const struct embedded *plain, *gzip; /* gzip: NULL when there is none */
	char etag[ETAG_MAX], gzip_etag[ETAG_MAX]; /* "": nobody has asked yet */
	const char *type;
};

struct files {
	struct file *items;
	size_t n, cap;
	struct file *index;
};

static const struct {
	const char *ending, *type;
} types[] = {
	{ ".html", "text/html; charset=utf-8" },
	{ ".js", "text/javascript; charset=utf-8" },
	{ ".css", "text/css; charset=utf-8" },
	{ ".svg", "image/svg+xml" },
	{ ".json", "application/json" },
	{ ".webmanifest", "application/manifest+json" },
	{ ".png", "image/png" },
	{ ".ico", "image/x-icon" },
	{ ".woff2", "font/woff2" },
	{ ".txt", "text/plain; charset=utf-8" },
};

static bool ends_with(const char *name, const char *ending)
{
	size_t n = strlen(name), n_ending = strlen(ending);

	return n >= n_ending && str_eq(name + n - n_ending, ending);
}

static const char *type_of(const char *name)
{
	for (size_t i = 0; i < COUNT(types); i++) {
		if (ends_with(name, types[i].ending))
			return types[i].type;
	}
	return "application/octet-stream";
}

/* The two encodings are two representations, and have two tags (RFC 9110, 8.8.3.3). */
static void tag(const struct embedded *of, const char *suffix, char ret[ETAG_MAX])
{
	struct sha256 hash = sha256_of(of->bytes, of->n);
	char hex[2 * ETAG_BYTES + 1];

	hex_encode(hash.bytes, ETAG_BYTES, hex);
	snprintf(ret, ETAG_MAX, "\"%s%s\"", hex, suffix);
}

static const struct embedded *find_gzip(const struct embedded *table, const char *name)
{
	for (const struct embedded *row = table; row->name; row++) {
		size_t n = strlen(name);

		if (strncmp(row->name, name, n) == 0 && str_eq(row->name + n, ".gz"))
			return row;
	}
	return NULL;
}

struct files *files_new(const struct embedded *table)
{
	struct files *f = must_alloc(sizeof *f);

	for (const struct embedded *row = table; row && row->name; row++) {
		struct file file = { .plain = row,
			.gzip = find_gzip(table, row->name),
			.type = type_of(row->name) };

		if (ends_with(row->name, ".gz"))
			continue;
		must_grow(f->items, f->n, f->cap);
		f->items[f->n++] = file;
	}
	for (size_t i = 0; i < f->n; i++) {
		if (str_eq(f->items[i].plain->name, "index.html"))
			f->index = &f->items[i];
	}
	return f;
}

void files_free(struct files *f)
{
	if (!f)
		return;
	free(f->items);
	free(f);
}

static struct file *find(const struct files *f, const char *path)
{
	for (size_t i = 0; i < f->n; i++) {
		if (str_eq(f->items[i].plain->name, path + 1))
			return &f->items[i];
	}
	return f->index;
}

/* "gzip" or "*" in the list, and not with q=0 (RFC 9110, 12.5.3). */
static bool takes_gzip(const char *header)
{
	for (const char *at = header; at && *at;) {
		size_t n;

		at += strspn(at, ", \t");
		n = strcspn(at, ", \t;");
		if ((n == 4 && strncasecmp(at, "gzip", 4) == 0) || (n == 1 && *at == '*')) {
			const char *q = at + n;

			q += strspn(q, " \t;");
			if (strncasecmp(q, "q=", 2) != 0 || strtod(q + 2, NULL) > 0)
				return true;
		}
		at += strcspn(at, ",");
	}
	return false;
}

/* A list of tags, weak ones too, or "*" (RFC 9110, 13.1.2). */
static bool has_tag(const char *header, const char *etag)
{
	return header && (str_eq(header, "*") || strstr(header, etag));
}

/* Hashing would bring all of the pages into memory at every start; most are never asked for. */
static const char *etag_of(struct file *file, bool is_gzip)
{
	char *etag = is_gzip ? file->gzip_etag : file->etag;

	if (!*etag)
		tag(is_gzip ? file->gzip : file->plain, is_gzip ? "-gz" : "", etag);
	return etag;
}

enum rc files_show(struct call *c, struct answer *out, struct err *e)
{
	struct file *file = find(c->api->files, c->uri.path);
	bool is_gzip;
	const char *etag;

	if (!file)
		return err_set(e, RC_NOT_FOUND, "this program was built without the pages");
	is_gzip = file->gzip && takes_gzip(http_ask_header(c->ask, "Accept-Encoding"));
	etag = etag_of(file, is_gzip);
	out->type = file->type;
	answer_header(out, "Cache-Control", "no-cache");
	answer_header(out, "ETag", etag);
	if (file->gzip)
		answer_header(out, "Vary", "Accept-Encoding");
	if (has_tag(http_ask_header(c->ask, "If-None-Match"), etag)) {
		out->status = 304;
		return RC_OK;
	}
	if (is_gzip)
		answer_header(out, "Content-Encoding", "gzip");
	out->bytes = is_gzip ? file->gzip->bytes : file->plain->bytes;
	out->n_bytes = is_gzip ? file->gzip->n : file->plain->n;
	return RC_OK;
}
