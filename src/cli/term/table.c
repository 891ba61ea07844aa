/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/term/table.h"

#define GAP       2 /* columns between two cells */
#define LEAST     8 /* columns that a cut cell keeps */
#define WIDE_CELL 12 /* a column of at most this is left whole */

void table_init(struct table *t, const char *const *heads)
{
	*t = (struct table){ 0 };
	arena_init(&t->arena, 0);
	for (; heads[t->n_columns]; t->n_columns++) {
		must(t->n_columns < TABLE_COLUMNS_MAX);
		t->heads[t->n_columns] = heads[t->n_columns];
		t->has_heads |= *heads[t->n_columns] != '\0';
	}
}

void table_fini(struct table *t)
{
	arena_fini(&t->arena);
	free(t->cells);
}

void table_cell(struct table *t, enum style style, const char *text)
{
	scoped(str_fini) struct str clean = STR_EMPTY;

	text_add_clean(&clean, text);
	must_grow(t->cells, t->n, t->cap);
	t->cells[t->n++] = (struct table_cell){ style, arena_strdup(&t->arena, str_c(&clean)) };
}

void table_cellf(struct table *t, enum style style, const char *fmt, ...)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&text, fmt, ap);
	va_end(ap);
	table_cell(t, style, str_c(&text));
}

static size_t sum(const size_t *widths, uint32_t n)
{
	size_t total = GAP * (n - 1);

	for (uint32_t i = 0; i < n; i++)
		total += widths[i];
	return total;
}

/* Take `excess` from a column, but leave it `least`; what could not be taken is left over. */
static size_t shrink(size_t *width, size_t excess, size_t least)
{
	size_t spare = *width > least ? *width - least : 0, taken = excess < spare ? excess : spare;

	*width -= taken;
	return excess - taken;
}

static void fit_widths(size_t *widths, uint32_t n, size_t room)
{
	size_t total = sum(widths, n), excess = total > room ? total - room : 0;

	excess = shrink(&widths[n - 1], excess, 3 * LEAST);
	while (excess > 0) {
		uint32_t widest = 0;

		for (uint32_t i = 1; i + 1 < n; i++)
			widest = widths[i] > widths[widest] ? i : widest;
		if (widths[widest] <= WIDE_CELL)
			break;
		shrink(&widths[widest], 1, WIDE_CELL);
		excess--;
	}
	shrink(&widths[n - 1], excess, LEAST);
}

static void measure(const struct table *t, const struct page *p, size_t indent, size_t *widths)
{
	for (uint32_t i = 0; i < t->n_columns; i++)
		widths[i] = t->has_heads ? text_width(t->heads[i]) : 0;
	for (uint32_t i = 0; i < t->n; i++) {
		size_t width = text_width(t->cells[i].text), *widest = &widths[i % t->n_columns];

		*widest = width > *widest ? width : *widest;
	}
	if (p->term.width > 0)
		fit_widths(widths, t->n_columns, p->term.width - indent);
}

/* The last cells of a row that hold nothing leave no blanks behind. */
static uint32_t used_columns(const struct table_cell *row, uint32_t n)
{
	while (n > 0 && *row[n - 1].text == '\0')
		n--;
	return n;
}

static void print_row(const struct table_cell *row, uint32_t n, const size_t *widths,
	struct page *p)
{
	uint32_t used = used_columns(row, n);

	for (uint32_t i = 0; i < used; i++) {
		scoped(str_fini) struct str cut = STR_EMPTY;
		size_t columns = text_add_cut(&cut, row[i].text, widths[i],
			page_glyph(p, GLYPH_ELLIPSIS));

		page_add(p, row[i].style, str_c(&cut));
		if (i + 1 < used)
			page_fill(p, " ", widths[i] - columns + GAP);
	}
	page_line(p);
}

void table_print(const struct table *t, struct page *p, size_t indent)
{
	struct table_cell heads[TABLE_COLUMNS_MAX];
	size_t widths[TABLE_COLUMNS_MAX];

	must(t->n % t->n_columns == 0);
	measure(t, p, indent, widths);
	for (uint32_t i = 0; i < t->n_columns; i++)
		heads[i] = (struct table_cell){ STYLE_FAINT, t->heads[i] };
	if (t->has_heads) {
		page_fill(p, " ", indent);
		print_row(heads, t->n_columns, widths, p);
	}
	for (uint32_t i = 0; i < t->n; i += t->n_columns) {
		page_fill(p, " ", indent);
		print_row(&t->cells[i], t->n_columns, widths, p);
	}
}
