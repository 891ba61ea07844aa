/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts are put together in a buffer of our own before they reach the struct err, because callers
 * may pass e->text itself as an argument.  What does not fit is cut between characters.
 */
#include "base/err.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	int exit;
	int http;
	const char *text;
} rows[] = {
#define X(name, exit, http, text) [RC_##name] = { #name, exit, http, text },
	RC_TABLE(X)
#undef X
};

static PRINTF(2, 0) void format(char buf[ERR_TEXT_MAX], const char *fmt, va_list ap)
{
	int n = vsnprintf(buf, ERR_TEXT_MAX, fmt, ap);

	if (n < 0)
		str_copy(buf, ERR_TEXT_MAX, fmt);
	else if (n >= ERR_TEXT_MAX)
		buf[utf8_cut(buf, ERR_TEXT_MAX - 1)] = '\0';
}

static PRINTF(3, 4) enum rc record(struct err *e, enum rc rc, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	format(text, fmt, ap);
	va_end(ap);
	e->rc = rc;
	memcpy(e->text, text, strlen(text) + 1);
	return rc;
}

enum rc err_set(struct err *e, enum rc rc, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	if (!e)
		return rc;
	va_start(ap, fmt);
	format(text, fmt, ap);
	va_end(ap);
	return record(e, rc, "%s", text);
}

enum rc err_errno(struct err *e, enum rc rc, int errnum, const char *fmt, ...)
{
	char what[ERR_TEXT_MAX];
	char reason[128];
	va_list ap;

	if (!e)
		return rc;
	va_start(ap, fmt);
	format(what, fmt, ap);
	va_end(ap);
	return record(e, rc, "%s: %s", what, strerror_r(errnum, reason, sizeof reason));
}

enum rc err_in(struct err *e, enum rc rc, const char *fmt, ...)
{
	char where[ERR_TEXT_MAX];
	va_list ap;

	if (!e)
		return rc;
	va_start(ap, fmt);
	format(where, fmt, ap);
	va_end(ap);
	return record(e, rc, "%s: %s", where, e->text[0] ? e->text : rc_text(rc));
}

const char *rc_name(enum rc rc)
{
	must((size_t)rc < COUNT(rows));
	return rows[rc].name;
}

const char *rc_text(enum rc rc)
{
	must((size_t)rc < COUNT(rows));
	return rows[rc].text;
}

int rc_exit(enum rc rc)
{
	must((size_t)rc < COUNT(rows));
	return rows[rc].exit;
}

int rc_http(enum rc rc)
{
	must((size_t)rc < COUNT(rows));
	return rows[rc].http;
}
