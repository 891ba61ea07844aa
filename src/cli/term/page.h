/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page: what a command says to people, built in memory and written in one go.
 *
 * Styles mean something ("this is bad"), not a colour; they vanish where colours are off.  Text is
 * made clean on its way in (text.h), so that a renderer can hand over whatever a site sent.
 */
#ifndef CLI_TERM_PAGE_H
#define CLI_TERM_PAGE_H

#include "base/err.h"
#include "cli/term/term.h"
#include "cli/term/text.h"

enum style {
	STYLE_PLAIN,
	STYLE_STRONG, /* headings, names that one looks for */
	STYLE_FAINT,  /* what one can do without */
	STYLE_OK,
	STYLE_BAD,
	STYLE_DOUBT, /* silent, suspect, about to end: not known to be bad */
	STYLE_NOTE,  /* paused, silenced, acknowledged: somebody's doing */
	STYLES,
};

enum glyph {
	GLYPH_OK,
	GLYPH_BAD,
	GLYPH_DOUBT,
	GLYPH_IDLE,
	GLYPH_NOTE, /* one column each */
	GLYPH_ELLIPSIS,
	GLYPH_DOT,
	GLYPH_LINE,
	GLYPH_PILLAR,
	GLYPH_CORNER_NW,
	GLYPH_CORNER_NE,
	GLYPH_CORNER_SW,
	GLYPH_CORNER_SE,
	GLYPH_LEFT,
	GLYPH_RIGHT,
	GLYPH_UP,
	GLYPH_BROKEN,
	GLYPHS,
};

struct page {
	struct term term;
	struct str out;
};

void page_fini(struct page *p);
SCOPED_FINI(page_fini, struct page)

const char *page_glyph(const struct page *p, enum glyph g); /* ASCII where UTF-8 isn't known */

void page_add(struct page *p, enum style style, const char *text);
void page_addf(struct page *p, enum style style, const char *fmt, ...) PRINTF(3, 4);
void page_fill(struct page *p, const char *glyph, size_t columns);
/* Text in exactly so many columns: cut or filled up. */
void page_cell(struct page *p, enum style style, const char *text, size_t columns);
void page_line(struct page *p); /* ends the line, without blanks at its end */
void page_heading(struct page *p,
	const char *text); /* an empty line unless first, then a strong one */

/* The text as a paragraph: it begins where the page stands, goes on in lines that begin at column
 * `hang`, and ends the line.  Not wrapped where the width has no bound. */
void page_wrap(struct page *p, enum style style, size_t hang, const char *text);

/* Write to `fd` and start over.  RC_IO. */
enum rc page_flush(struct page *p, int fd, struct err *e) MUST_USE;

#endif
