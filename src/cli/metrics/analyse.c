/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/metrics/folder.h"
#include "cli/term/table.h"
#include "core/metrics/analysis.h"
#include "port/blockfiles/blockfiles.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define ROWS           10
#define ANALYSIS_BYTES (1u << 30) /* names of metrics and labels */

const char *metrics_bytes_text(uint64_t bytes, char buf[BYTES_TEXT_MAX])
{
	static const char *const units[] = { "kB", "MB", "GB", "TB" };
	double v = (double)bytes / 1000;
	size_t unit = 0;

	if (bytes < 1000) {
		snprintf(buf, BYTES_TEXT_MAX, "%" PRIu64 " bytes", bytes);
		return buf;
	}
	for (; v >= 999.5 && unit + 1 < COUNT(units); unit++)
		v /= 1000;
	snprintf(buf, BYTES_TEXT_MAX, v < 9.95 ? "%.1f %s" : "%.0f %s", v, units[unit]);
	return buf;
}

const char *metrics_count_text(uint64_t n, char buf[BYTES_TEXT_MAX])
{
	char digits[24];
	int length = snprintf(digits, sizeof digits, "%" PRIu64, n), at = 0;

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			buf[at++] = ',';
		buf[at++] = digits[i];
	}
	buf[at] = '\0';
	return buf;
}

const char *metrics_span_text(int64_t from_ms, int64_t to_ms, char buf[SPAN_TEXT_MAX])
{
	time_t from = from_ms / 1000, to = to_ms / 1000;
	char a[20], b[20];
	struct tm t;

	strftime(a, sizeof a, "%Y-%m-%d %H:%M", gmtime_r(&from, &t));
	strftime(b, sizeof b, "%Y-%m-%d %H:%M", gmtime_r(&to, &t));
	snprintf(buf, SPAN_TEXT_MAX, "%s - %s UTC", a, b);
	return buf;
}

/* ---- the page */

static void show_sum(struct page *p, const struct metrics_analysis *x)
{
	char a[SPAN_TEXT_MAX], b[BYTES_TEXT_MAX], c[BYTES_TEXT_MAX];
	uint64_t bytes = x->part_bytes + x->index_bytes;

	page_addf(p, STYLE_STRONG, "%s", metrics_count_text(x->n_series, b));
	page_addf(p, STYLE_PLAIN, " series, %s samples", metrics_count_text(x->n_samples, c));
	page_line(p);
	if (x->min_ms <= x->max_ms) {
		page_add(p, STYLE_PLAIN, metrics_span_text(x->min_ms, x->max_ms, a));
		page_line(p);
	}
	page_addf(p, STYLE_PLAIN, "%s", metrics_bytes_text(bytes, b));
	if (x->n_samples)
		page_addf(p, STYLE_PLAIN, ", %.2f bytes a sample",
			(double)bytes / (double)x->n_samples);
	page_addf(p, STYLE_FAINT, " (index %s, times %s)", metrics_bytes_text(x->index_bytes, b),
		metrics_bytes_text(x->shared_times_bytes, c));
	page_line(p);
	if (!x->n_gone)
		return;
	page_addf(p, STYLE_DOUBT, "%s series", metrics_count_text(x->n_gone, b));
	page_add(p, STYLE_PLAIN, " had no samples in the newest hours: they came and went");
	page_line(p);
}

static void show_metrics(struct page *p, const struct metrics_analysis *x)
{
	scoped(table_fini) struct table t = { 0 };
	char text[BYTES_TEXT_MAX];

	page_heading(p, "Metrics by room");
	table_init(&t,
		(const char *const[]){ "BYTES", "SERIES", "GONE", "A SAMPLE", "!METRIC", NULL });
	for (uint32_t i = 0; i < x->n_metrics; i++) {
		const struct analysed_metric *m = &x->metrics[i];

		table_cell(&t, STYLE_PLAIN, metrics_bytes_text(m->bytes, text));
		table_cell(&t, STYLE_PLAIN, metrics_count_text(m->n_series, text));
		table_cell(&t, m->n_gone ? STYLE_DOUBT : STYLE_FAINT,
			metrics_count_text(m->n_gone, text));
		table_cellf(&t, STYLE_PLAIN, "%.2f",
			m->n_samples ? (double)m->bytes / (double)m->n_samples : 0);
		table_cell(&t, STYLE_STRONG, m->name);
	}
	table_print(&t, p, 2);
	if (x->n_metrics_all > x->n_metrics)
		page_addf(p, STYLE_FAINT, "  and %u more", x->n_metrics_all - x->n_metrics);
	if (x->n_metrics_all > x->n_metrics)
		page_line(p);
}

static void show_labels(struct page *p, const struct metrics_analysis *x)
{
	scoped(table_fini) struct table t = { 0 };
	char text[BYTES_TEXT_MAX];

	page_heading(p, "Labels by number of values");
	table_init(&t, (const char *const[]){ "VALUES", "TEXT", "!LABEL", NULL });
	for (uint32_t i = 0; i < x->n_labels; i++) {
		table_cell(&t, STYLE_PLAIN, metrics_count_text(x->labels[i].n_values, text));
		table_cell(&t, STYLE_PLAIN, metrics_bytes_text(x->labels[i].bytes, text));
		table_cell(&t, STYLE_STRONG, x->labels[i].name);
	}
	table_print(&t, p, 2);
}

static void show_pairs(struct page *p, const struct metrics_analysis *x)
{
	scoped(table_fini) struct table t = { 0 };
	char text[BYTES_TEXT_MAX];

	page_heading(p, "Labels and values that most series have");
	table_init(&t, (const char *const[]){ "SERIES", "!LABEL", NULL });
	for (uint32_t i = 0; i < x->n_pairs; i++) {
		table_cell(&t, STYLE_PLAIN, metrics_count_text(x->pairs[i].n_series, text));
		table_cellf(&t, STYLE_PLAIN, "%s=%s", x->pairs[i].name, x->pairs[i].value);
	}
	table_print(&t, p, 2);
}

enum rc metrics_analyse_folder(struct call *c, struct err *e)
{
	scoped(blockfiles_close) struct blockfiles *b = NULL;
	scoped(arena_fini) struct arena a;
	struct metrics_analysis x;
	enum rc rc;

	arena_init(&a, ANALYSIS_BYTES);
	if (c->n_arguments != 2)
		return err_set(e, RC_USAGE, "metrics analyze FOLDER");
	rc = blockfiles_look(&b, c->arguments[1], e);
	if (rc == RC_OK)
		rc = metrics_analyse(blockfiles_port(b), ROWS, &a, &x, e);
	if (rc != RC_OK)
		return rc;
	show_sum(&c->page, &x);
	if (!x.n_series) {
		page_wrap(&c->page, STYLE_FAINT, 0,
			"nothing is in parts yet: a site that runs writes one every few minutes");
		return RC_OK;
	}
	show_metrics(&c->page, &x);
	show_labels(&c->page, &x);
	show_pairs(&c->page, &x);
	return RC_OK;
}
