/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file is cut behind the last line of each piece.  What a "# TYPE" line says holds until the next
 * one: the last of a piece begins the next.
 */
#include "cli/metrics/importing.h"

#include "base/time.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define QUIET_MS      2000 /* nobody wonders within this time */
#define TELL_EVERY_MS 200
#define LOG_EVERY_MS  15000 /* where there is no terminal */
#define EOF_LINE      "# EOF\n"

/* ---- progress */

struct progress {
	const char *path;
	int64_t begin_ms, told_ms;
	uint64_t samples_before; /* of other files */
	uint64_t done, bytes;    /* of the file; bytes 0: nobody knows */
	bool is_terminal, is_shown;
};

static int64_t mono_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void tell(struct progress *p, uint64_t samples)
{
	int64_t now = mono_ms(), took = now - p->begin_ms;
	double n = (double)(samples - p->samples_before);
	char left[64] = "";

	if (took < QUIET_MS || now - p->told_ms < (p->is_terminal ? TELL_EVERY_MS : LOG_EVERY_MS))
		return;
	p->told_ms = now;
	if (p->bytes && p->done)
		snprintf(left, sizeof left, ", %.0f %%, %.0f s left",
			100.0 * (double)p->done / (double)p->bytes,
			(double)took / 1000 * ((double)p->bytes / (double)p->done - 1));
	fprintf(stderr, "%s%s: %.1f million samples, %.2f million a second%s%s",
		p->is_terminal ? "\r\033[K" : "", p->path, n / 1e6, n / 1e3 / (double)took, left,
		p->is_terminal ? "" : "\n");
	p->is_shown = p->is_terminal;
}

static void end_progress(const struct progress *p)
{
	if (p->is_shown)
		fputs("\r\033[K", stderr);
}

/* ---- pieces */

struct reading {
	FILE *f;
	const char *path;
	bool is_openmetrics, is_over;
	struct str buffer; /* the piece, and behind it the beginning of the next */
	size_t whole;      /* bytes of it that are the piece */
	struct str type;   /* the last "# TYPE" line before it */
};

static void reading_fini(struct reading *r)
{
	if (r->f && r->f != stdin)
		fclose(r->f);
	str_fini(&r->buffer);
	str_fini(&r->type);
}
SCOPED_FINI(reading_fini, struct reading)

static enum rc open_file(struct reading *r, struct err *e)
{
	r->f = str_eq(r->path, "-") ? stdin : fopen(r->path, "rbe");
	return r->f ? RC_OK : err_errno(e, RC_NOT_FOUND, errno, "%s", r->path);
}

/* The last line of the piece that begins so. */
static void keep_type(struct reading *r)
{
	static const char mark[] = "\n# TYPE ";
	const char *found = NULL, *end = r->buffer.s + r->whole;

	for (const char *s = r->buffer.s; (s = memmem(s, (size_t)(end - s), mark, sizeof mark - 1));
		s++)
		found = s + 1;
	if (!found && str_starts(r->buffer.s, mark + 1))
		found = r->buffer.s;
	if (!found)
		return;
	str_clear(&r->type);
	str_addn(&r->type, found,
		(size_t)((char *)memchr(found, '\n', (size_t)(end - found)) + 1 - found));
}

/* Drop the piece, and put what is known of the type before what follows. */
static void go_on(struct reading *r)
{
	scoped(str_fini) struct str rest = STR_EMPTY;

	if (!r->whole)
		return;
	keep_type(r);
	str_addn(&rest, r->buffer.s + r->whole, r->buffer.len - r->whole);
	str_clear(&r->buffer);
	str_addn(&r->buffer, str_c(&r->type), r->type.len);
	str_addn(&r->buffer, str_c(&rest), rest.len);
	r->whole = 0;
}

static size_t whole_lines(const struct str *s)
{
	const char *end = s->len ? memrchr(s->s, '\n', s->len) : NULL;

	return end ? (size_t)(end + 1 - s->s) : 0;
}

/* The next piece stands in the buffer; its size 0: there is none. */
static enum rc read_piece(struct reading *r, struct err *e)
{
	static char bytes[1 << 18];

	go_on(r);
	while (!r->is_over && (r->buffer.len < IMPORT_PIECE_BYTES || !whole_lines(&r->buffer))) {
		size_t n = fread(bytes, 1, sizeof bytes, r->f);

		if (!n && ferror(r->f))
			return err_errno(e, RC_IO, errno, "%s", r->path);
		r->is_over = !n;
		str_addn(&r->buffer, bytes, n);
		if (r->buffer.len > 4 * IMPORT_PIECE_BYTES)
			return err_set(e, RC_LIMIT, "%s: a line is over %u bytes", r->path,
				4 * IMPORT_PIECE_BYTES);
	}
	if (r->is_over && r->buffer.len && r->buffer.s[r->buffer.len - 1] != '\n')
		str_addc(&r->buffer, '\n');
	r->whole = whole_lines(&r->buffer);
	return RC_OK;
}

static bool ends_with_eof(const struct str *s)
{
	size_t n = strlen(EOF_LINE);

	return s->len >= n && memcmp(s->s + s->len - n, EOF_LINE, n) == 0;
}

/* Every piece of OpenMetrics ends as the whole does. */
static enum rc give(struct reading *r, const struct import_taker *taker,
	struct import_counts *counts, struct err *e)
{
	struct import_piece piece = { r->buffer.s, r->whole, r->is_openmetrics };
	scoped(str_fini) struct str text = STR_EMPTY;

	if (r->is_openmetrics && !(r->is_over && ends_with_eof(&r->buffer))) {
		str_addn(&text, r->buffer.s, r->whole);
		str_add(&text, EOF_LINE);
		piece.s = text.s;
		piece.n = text.len;
	}
	return taker->take(taker->self, &piece, counts, e);
}

static uint64_t size_of(FILE *f)
{
	struct stat st;

	return fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
}

enum rc import_file(const char *path, bool is_openmetrics, const struct import_taker *taker,
	struct import_counts *counts, struct err *e)
{
	scoped(reading_fini) struct reading r = { .path = path, .is_openmetrics = is_openmetrics };
	struct progress p = { .path = path,
		.begin_ms = mono_ms(),
		.samples_before = counts->taken,
		.is_terminal = isatty(STDERR_FILENO) };
	enum rc rc = open_file(&r, e);

	if (rc != RC_OK)
		return rc;
	p.bytes = size_of(r.f);
	while (rc == RC_OK) {
		rc = read_piece(&r, e);
		if (rc != RC_OK || !r.whole || r.whole == r.type.len)
			break;
		rc = give(&r, taker, counts, e);
		p.done += r.whole;
		tell(&p, counts->taken);
	}
	end_progress(&p);
	return rc == RC_OK
		       ? RC_OK
		       : err_in(e, rc, "%s, behind byte %llu", path, (unsigned long long)p.done);
}
