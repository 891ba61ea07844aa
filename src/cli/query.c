/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ask.h"
#include "cli/plot.h"
#include "cli/shows.h"
#include "cli/term/moment.h"
#include "cli/term/table.h"

#define STEPS_USUAL   120 /* of a range, when no step is given */
#define SPARK_COLUMNS 24

/* up{instance="a",job="b"} */
static void add_series(struct str *out, const json_t *metric)
{
	const char *name = json_get_text(metric, "__name__", ""), *key;
	const char *before = "{";
	json_t *value;

	str_add(out, name);
	json_object_foreach ((json_t *)(uintptr_t)metric, key, value) {
		if (str_eq(key, "__name__") || !json_is_string(value))
			continue;
		str_addf(out, "%s%s=\"%s\"", before, key, json_string_value(value));
		before = ",";
	}
	str_add(out, *before == ',' ? "}" : *name ? "" : "{}");
}

static const char *point_text(const json_t *point)
{
	const char *text = json_string_value(json_array_get(point, 1));

	return text ? text : "(histogram)";
}

static void show_vector(struct page *p, const json_t *series)
{
	scoped(table_fini) struct table t = { 0 };
	size_t i;
	json_t *one;

	table_init(&t, (const char *const[]){ "VALUE", "SERIES", NULL });
	json_array_foreach (series, i, one) {
		scoped(str_fini) struct str name = STR_EMPTY;

		add_series(&name, json_object_get(one, "metric"));
		table_cell(&t, STYLE_STRONG, point_text(json_object_get(one, "value")));
		table_cell(&t, STYLE_PLAIN, str_c(&name));
	}
	table_print(&t, p, 0);
}

static void show_ranges(struct page *p, const json_t *series, struct plot_span span)
{
	scoped(table_fini) struct table t = { 0 };
	size_t i;
	json_t *one;

	table_init(&t, (const char *const[]){ "", "LAST", "MIN", "MAX", "SERIES", NULL });
	json_array_foreach (series, i, one) {
		scoped(str_fini) struct str name = STR_EMPTY, spark = STR_EMPTY;
		struct plot plot;

		plot_take(&plot, json_object_get(one, "values"), span, SPARK_COLUMNS);
		plot_spark(&plot, p, &spark);
		add_series(&name, json_object_get(one, "metric"));
		table_cell(&t, STYLE_PLAIN, str_c(&spark));
		table_cellf(&t, STYLE_STRONG, "%.6g", plot.last);
		table_cellf(&t, STYLE_PLAIN, "%.6g", plot.min);
		table_cellf(&t, STYLE_PLAIN, "%.6g", plot.max);
		table_cell(&t, STYLE_PLAIN, str_c(&name));
	}
	table_print(&t, p, 0);
}

/* One series alone has the whole terminal. */
static void show_one(struct page *p, const json_t *one, struct plot_span span)
{
	scoped(str_fini) struct str name = STR_EMPTY;
	struct plot plot;

	add_series(&name, json_object_get(one, "metric"));
	page_wrap(p, STYLE_STRONG, 2, str_c(&name));
	plot_take(&plot, json_object_get(one, "values"), span, plot_columns(p));
	plot_show(&plot, p, span);
	page_addf(p, STYLE_PLAIN, "last %.6g, min %.6g, max %.6g", plot.last, plot.min, plot.max);
	page_line(p);
}

static void show_matrix(struct page *p, const json_t *series)
{
	struct plot_span span = plot_span_of(series);

	if (p->term.width && json_array_size(series) == 1 && span.n > 1)
		show_one(p, json_array_get(series, 0), span);
	else
		show_ranges(p, series, span);
}

static void show_notes(struct page *p, const json_t *notes)
{
	size_t i;
	json_t *note;

	json_array_foreach (notes, i, note) {
		if (json_is_string(note))
			page_wrap(p, STYLE_DOUBT, 2, json_string_value(note));
	}
}

void show_query(struct page *p, const json_t *answer)
{
	const json_t *data = json_object_get(answer, "data"),
		     *result = json_object_get(data, "result");
	const char *type = json_get_text(data, "resultType", "");

	if (str_eq(type, "scalar") || str_eq(type, "string"))
		page_wrap(p, STYLE_STRONG, 0, point_text(result));
	else if (json_array_size(result) == 0)
		page_wrap(p, STYLE_PLAIN, 0,
			"No series has a value there: a name may be misspelt, or what sends it is "
			"silent; --range 1d looks further back.");
	else if (str_eq(type, "matrix"))
		show_matrix(p, result);
	else
		show_vector(p, result);
	show_notes(p, json_object_get(answer, "warnings"));
	show_notes(p, json_object_get(answer, "infos"));
}

/* ---- the command */

static void add_time(struct str *path, const char *name, int64_t ms)
{
	str_addf(path, "&%s=%lld.%03d", name, (long long)(ms / 1000), (int)(ms % 1000));
}

static enum rc write_path(struct call *c, struct str *path, struct err *e)
{
	const char *time = call_option(c, query, time);
	int64_t range_ms = call_number(c, query, range, 0), step_ms;
	struct wall at = c->page.term.now;
	enum rc rc = time ? moment_parse(&c->page.term, time, MOMENT_PAST, &at, e) : RC_OK;

	if (rc != RC_OK)
		return rc;
	if (!range_ms && call_option(c, query, step))
		return err_set(e, RC_USAGE, "--step is for a --range");
	step_ms = call_number(c, query, step,
		(range_ms / STEPS_USUAL + SECOND_MS - 1) / SECOND_MS * SECOND_MS);
	str_add(path, range_ms ? "/api/v1/query_range?query=" : "/api/v1/query?query=");
	ask_encode(path, c->arguments[0]);
	if (!range_ms) {
		if (time)
			add_time(path, "time", at.ms);
		return RC_OK;
	}
	add_time(path, "start", at.ms > range_ms ? at.ms - range_ms : 0);
	add_time(path, "end", at.ms);
	add_time(path, "step", step_ms > 0 ? step_ms : SECOND_MS);
	return RC_OK;
}

enum rc command_query(struct call *c, struct err *e)
{
	scoped(answer_fini) struct answer a = { 0 };
	scoped(str_fini) struct str path = STR_EMPTY;
	enum rc rc = write_path(c, &path, e);

	if (rc == RC_OK)
		rc = ask(c, str_c(&path), &a, e);
	if (rc != RC_OK)
		return rc;
	if (call_option(c, json, json))
		answer_print(c, &a);
	else
		show_query(&c->page, a.json);
	return RC_OK;
}
