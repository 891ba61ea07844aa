/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/term/page.h"

#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

#define WRAP_MIN  20 /* a paragraph that would be narrower begins on a line of its own, */
#define WRAP_HANG 4  /* here */

/* Parameters of "select graphic rendition" (ECMA-48, 8.3.117), of those that every theme has. */
static const char *const renditions[STYLES] = {
	[STYLE_STRONG] = "1",
	[STYLE_FAINT] = "2",
	[STYLE_OK] = "32",
	[STYLE_BAD] = "1;31",
	[STYLE_DOUBT] = "33",
	[STYLE_NOTE] = "36",
};

static const char *const glyphs[GLYPHS][2] = {
	[GLYPH_OK] = { "+", "●" },
	[GLYPH_BAD] = { "x", "✗" },
	[GLYPH_DOUBT] = { "?", "?" },
	[GLYPH_IDLE] = { "o", "○" },
	[GLYPH_NOTE] = { "=", "◦" },
	[GLYPH_ELLIPSIS] = { "...", "…" },
	[GLYPH_DOT] = { "-", "·" },
	[GLYPH_LINE] = { "-", "─" },
	[GLYPH_PILLAR] = { "|", "│" },
	[GLYPH_CORNER_NW] = { "+", "╭" },
	[GLYPH_CORNER_NE] = { "+", "╮" },
	[GLYPH_CORNER_SW] = { "+", "╰" },
	[GLYPH_CORNER_SE] = { "+", "╯" },
	[GLYPH_LEFT] = { "<", "◀" },
	[GLYPH_RIGHT] = { ">", "▶" },
	[GLYPH_UP] = { "^", "▲" },
	[GLYPH_BROKEN] = { "x", "✗" },
};

void page_fini(struct page *p)
{
	str_fini(&p->out);
}

const char *page_glyph(const struct page *p, enum glyph g)
{
	return glyphs[g][p->term.has_utf8];
}

void page_add(struct page *p, enum style style, const char *text)
{
	const char *rendition = p->term.has_colour && *text ? renditions[style] : NULL;

	if (rendition)
		str_addf(&p->out, "\033[%sm", rendition);
	text_add_clean(&p->out, text);
	if (rendition)
		str_add(&p->out, "\033[0m");
}

void page_addf(struct page *p, enum style style, const char *fmt, ...)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&text, fmt, ap);
	va_end(ap);
	page_add(p, style, str_c(&text));
}

void page_fill(struct page *p, const char *glyph, size_t columns)
{
	while (columns-- > 0)
		str_add(&p->out, glyph);
}

void page_cell(struct page *p, enum style style, const char *text, size_t columns)
{
	scoped(str_fini) struct str clean = STR_EMPTY, cut = STR_EMPTY;
	size_t used;

	text_add_clean(&clean, text);
	used = text_add_cut(&cut, str_c(&clean), columns, page_glyph(p, GLYPH_ELLIPSIS));
	page_add(p, style, str_c(&cut));
	page_fill(p, " ", columns - used);
}

void page_line(struct page *p)
{
	while (p->out.len > 0 && p->out.s[p->out.len - 1] == ' ')
		p->out.s[--p->out.len] = '\0';
	str_addc(&p->out, '\n');
}

void page_heading(struct page *p, const char *text)
{
	if (p->out.len > 0)
		page_line(p);
	page_add(p, STYLE_STRONG, text);
	page_line(p);
}

/* Columns of the line so far, without what only changes the colour. */
static size_t column(const struct page *p)
{
	scoped(str_fini) struct str seen = STR_EMPTY;
	const char *newline = p->out.len ? strrchr(p->out.s, '\n') : NULL;

	for (const char *s = newline ? newline + 1 : str_c(&p->out); *s; s++) {
		if (*s == '\033')
			s += strcspn(s, "m");
		else
			str_addc(&seen, *s);
	}
	return text_width(str_c(&seen));
}

static size_t room(const struct page *p, size_t at)
{
	return p->term.width == 0 ? SIZE_MAX : p->term.width > at ? p->term.width - at : 0;
}

void page_wrap(struct page *p, enum style style, size_t hang, const char *text)
{
	scoped(str_fini) struct str clean = STR_EMPTY;
	size_t at = column(p);

	text_add_clean(&clean, text);
	if (at > 0 && text_width(str_c(&clean)) > room(p, at) && room(p, hang) < WRAP_MIN) {
		hang = at = WRAP_HANG;
		page_line(p);
		page_fill(p, " ", hang);
	}
	for (const char *s = str_c(&clean); *s; at = hang) {
		size_t next, n = text_wrap(s, room(p, at), &next);

		if (s != clean.s)
			page_fill(p, " ", hang);
		page_addf(p, style, "%.*s", (int)n, s);
		page_line(p);
		s += next;
	}
	if (clean.len == 0)
		page_line(p);
}

enum rc page_flush(struct page *p, int fd, struct err *e)
{
	for (size_t done = 0; done < p->out.len;) {
		ssize_t n = write(fd, p->out.s + done, p->out.len - done);

		if (n < 0 && errno != EINTR)
			return err_errno(e, RC_IO, errno, "writing the output");
		done += n > 0 ? (size_t)n : 0;
	}
	str_clear(&p->out);
	return RC_OK;
}
