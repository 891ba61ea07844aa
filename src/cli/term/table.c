/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/term/table.h"

#define GAP 2 /* columns between two cells */

void table_init(struct table *t, const char *const *heads)
{
	*t = (struct table){ 0 };
	arena_init(&t->arena, 0);
	for (; heads[t->n_columns]; t->n_columns++) {
		must(t->n_columns < TABLE_COLUMNS_MAX);
		t->is_name[t->n_columns] = *heads[t->n_columns] == '!';
		t->heads[t->n_columns] = heads[t->n_columns] + t->is_name[t->n_columns];
		t->has_heads |= *t->heads[t->n_columns] != '\0';
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

/* Which columns are cut, and down to what; one after the other until the rows fit. */
static const struct {
	bool is_last, is_other, is_name;
	size_t least;
} cuts[] = {
	{ true, false, false, 24 },
	{ false, true, false, 12 },
	{ true, true, false, 8 },
	{ true, true, true, 3 },
};

/* The widest column that this cut may make narrower; NULL. */
static size_t *widest(const struct table *t, size_t *widths, size_t cut)
{
	size_t *found = NULL;

	for (uint32_t i = 0; i < t->n_columns; i++) {
		bool is_last = i + 1 == t->n_columns;
		bool applies = is_last         ? cuts[cut].is_last
			       : t->is_name[i] ? cuts[cut].is_name
					       : cuts[cut].is_other;

		if (applies && widths[i] > cuts[cut].least && (!found || widths[i] > *found))
			found = &widths[i];
	}
	return found;
}

static void fit_widths(const struct table *t, size_t *widths, size_t room)
{
	for (size_t cut = 0; cut < COUNT(cuts); cut++) {
		size_t *column;

		while (sum(widths, t->n_columns) > room && (column = widest(t, widths, cut)))
			--*column;
	}
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
		fit_widths(t, widths, p->term.width - indent);
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
		size_t columns =
			text_add_cut(&cut, row[i].text, widths[i], page_glyph(p, GLYPH_ELLIPSIS));

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
