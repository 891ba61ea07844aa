/* SPDX-License-Identifier: Apache-2.0 */
#include "core/promql/notes.h"

#include "base/golang.h"
#include "core/promql/eval.h"

enum { WARNING, INFO };

static const struct {
	int level;
	const char *text;
} rows[NOTES] = {
#define X(name, level, text) [NOTE_##name] = { level, text },
	NOTE_TABLE(X)
#undef X
};

static const char *const prefixes[] = { [WARNING] = "PromQL warning: ", [INFO] = "PromQL info: " };

void notes_fini(struct notes *n)
{
	map_fini(&n->seen[WARNING]);
	map_fini(&n->seen[INFO]);
}

/* " (line:column)" of a byte in the text; characters count as their bytes. */
static char *place(struct arena *a, const char *text, uint32_t at)
{
	uint32_t line = 1, column = 1;

	if (!text || !*text)
		return arena_strdup(a, "");
	for (uint32_t i = 0; i < at && text[i]; i++) {
		column = text[i] == '\n' ? 1 : column + 1;
		line += text[i] == '\n';
	}
	return arena_printf(a, " (%u:%u)", line, column);
}

/* Prometheus has no position for what it makes of a subquery. */
static uint32_t start_of(const struct promql_node *at)
{
	return eval_unwrap(at)->kind == PROMQL_SUBQUERY ? 0 : at->start;
}

/* Whether it is evaluated later: behind what it holds, else in order of the text. */
static bool is_later(const struct promql_node *at, const struct promql_node *other)
{
	if (at->start <= other->start && at->end >= other->end)
		return true;
	return at->start > other->start && at->end > other->end;
}

/* The same words once only, for the place that is evaluated last. */
void notes_add(struct notes *n, enum note note, const struct promql_node *at, const char *detail)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	int level = rows[note].level;
	struct map *seen = &n->seen[level];
	const struct promql_node *last;

	str_add(&text, prefixes[level]);
	str_add(&text, rows[note].text);
	str_add(&text, detail);
	last = map_get(seen, str_c(&text));
	if (last && !is_later(at, last))
		return;
	if (last || map_count(seen) < NOTES_MAX)
		map_put(seen, str_c(&text), (void *)(uintptr_t)at); /* only read */
	else
		n->n_left_out[level]++;
}

void notes_add_metric(struct notes *n, enum note note, const struct promql_node *at,
	const char *metric)
{
	scoped(str_fini) struct str detail = STR_EMPTY;

	go_quote(&detail, metric, strlen(metric), GO_QUOTE);
	notes_add(n, note, at, str_c(&detail));
}

void notes_add_number(struct notes *n, enum note note, const struct promql_node *at, double v)
{
	scoped(str_fini) struct str detail = STR_EMPTY;

	go_float(&detail, v, 'g', GO_SHORTEST);
	notes_add(n, note, at, str_c(&detail));
}

bool notes_take(const struct notes *n, struct arena *a, int level, const char ***ret,
	uint32_t *ret_n)
{
	uint32_t count = 0;
	const char **texts = arena_alloc(a, (map_count(&n->seen[level]) + 1) * sizeof *texts);

	if (!texts)
		return false;
	map_each (&n->seen[level], entry) {
		const char *where = place(a, n->text, start_of(entry->value));

		texts[count] = where ? arena_printf(a, "%s%s", entry->key, where) : NULL;
		if (!texts[count++])
			return false;
	}
	if (n->n_left_out[level]) {
		texts[count] = arena_printf(a, "%u more %s annotations omitted",
			n->n_left_out[level], level == WARNING ? "warning" : "info");
		if (!texts[count++])
			return false;
	}
	*ret = texts;
	*ret_n = count;
	return true;
}
