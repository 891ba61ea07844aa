/* SPDX-License-Identifier: Apache-2.0 */
#include "base/finding.h"

#include "base/str.h"

#include <stdio.h>

/* Texts are kept short: a finding quotes what was written, and that may be anything. */
#define FINDING_TEXT_MAX 512

static void PRINTF(4, 0)
	add(struct findings *f, struct place at, bool is_warning, const char *fmt, va_list ap)
{
	char text[FINDING_TEXT_MAX];
	struct finding *it;
	int n;

	if (!is_warning)
		f->n_errors++;
	if (f->n == FINDINGS_MAX)
		return;
	n = vsnprintf(text, sizeof text, fmt, ap);
	if (n >= (int)sizeof text)
		text[utf8_cut(text, sizeof text - 1)] = '\0';
	must_grow(f->items, f->n, f->cap);
	it = &f->items[f->n++];
	it->file = arena_strdup(&f->arena, at.file);
	it->line = at.line;
	it->column = at.column;
	it->is_warning = is_warning;
	it->text = arena_strdup(&f->arena, text);
}

void finding_error(struct findings *f, struct place at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(f, at, false, fmt, ap);
	va_end(ap);
}

void finding_warning(struct findings *f, struct place at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(f, at, true, fmt, ap);
	va_end(ap);
}

void findings_fini(struct findings *f)
{
	free(f->items);
	arena_fini(&f->arena);
	*f = (struct findings){ 0 };
}
