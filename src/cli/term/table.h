/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table: rows of cells, aligned by what they take on the screen.
 *
 *	table_init(&t, (const char *const[]){ "CHECK", "SINCE", "WHY", NULL });
 *	table_cell(&t, STYLE_BAD, "immich");  table_cell(&t, STYLE_PLAIN, "4 min");  ...
 *	table_print(&t, page, 2);
 *
 * A row is as many cells as there are columns.  On a terminal the right column is cut to what is
 * left of the width, and if that is too little, the widest of the others as well, those last whose
 * heading begins with '!' (which isn't shown): names that one wants to copy.  Elsewhere nothing is
 * cut.  The last column is never padded.
 */
#ifndef CLI_TERM_TABLE_H
#define CLI_TERM_TABLE_H

#include "base/arena.h"
#include "cli/term/page.h"

#define TABLE_COLUMNS_MAX 8

struct table_cell {
	enum style style;
	const char *text;
};

struct table {
	struct arena arena;
	const char *heads[TABLE_COLUMNS_MAX]; /* borrowed */
	uint32_t n_columns;
	bool is_name[TABLE_COLUMNS_MAX];
	bool has_heads; /* shown; false when all are "" */
	struct table_cell *cells;
	uint32_t n, cap;
};

void table_init(struct table *t, const char *const *heads); /* up to a NULL */
void table_fini(struct table *t);
SCOPED_FINI(table_fini, struct table)

void table_cell(struct table *t, enum style style, const char *text);
void table_cellf(struct table *t, enum style style, const char *fmt, ...) PRINTF(3, 4);

void table_print(const struct table *t, struct page *p, size_t indent);

#endif
