/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plot.h"

#include "base/number.h"
#include "cli/term/moment.h"

#include <math.h>

#define ROWS       10
#define EIGHTHS    8
#define AXIS       11 /* columns of its numbers */
#define STEPS_MOST 1000000

static const char *const bars[2][EIGHTHS + 1] = {
	{ " ", "_", ".", "-", ":", "=", "+", "*", "#" },
	{ " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" },
};

/* ---- samples */

static double time_of(const json_t *point)
{
	return json_number_value(json_array_get(point, 0));
}

static double value_of(const json_t *point)
{
	const char *text = json_string_value(json_array_get(point, 1));
	double v;

	return text && number_parse(text, strlen(text), &v) == NUMBER_OK ? v : NAN;
}

static void widen(struct plot_span *span, const json_t *values)
{
	double before = 0;
	size_t i;
	json_t *point;

	json_array_foreach (values, i, point) {
		double t = time_of(point), apart = t - before;

		if (!span->n++ || t < span->first_s)
			span->first_s = t;
		if (t > span->last_s || span->n == 1)
			span->last_s = t;
		if (i && apart > 0 && (apart < span->step_s || !(span->step_s > 0)))
			span->step_s = apart;
		before = t;
	}
}

struct plot_span plot_span_of(const json_t *series)
{
	struct plot_span span = { 0 };
	double steps;
	size_t i;
	json_t *one;

	json_array_foreach (series, i, one)
		widen(&span, json_object_get(one, "values"));
	if (!(span.step_s > 0))
		span.step_s = 1;
	steps = round((span.last_s - span.first_s) / span.step_s);
	span.n = steps >= 0 && steps < STEPS_MOST ? (uint32_t)steps + 1 : STEPS_MOST;
	return span;
}

static void take_value(struct plot *plot, uint64_t step, struct plot_span span, double v)
{
	uint64_t from = step * plot->n_columns / span.n;
	uint64_t to = (step + 1) * plot->n_columns / span.n;

	for (uint64_t c = from; c < (to > from ? to : from + 1) && c < plot->n_columns; c++) {
		plot->sum[c] += v;
		plot->n[c]++;
	}
}

void plot_take(struct plot *plot, const json_t *values, struct plot_span span, uint32_t n_columns)
{
	size_t i;
	json_t *point;

	*plot = (struct plot){ .n_columns = n_columns, .last = NAN, .min = NAN, .max = NAN };
	json_array_foreach (values, i, point) {
		double step = round((time_of(point) - span.first_s) / span.step_s);
		double v = value_of(point);

		plot->last = v;
		plot->min = fmin(plot->min, v);
		plot->max = fmax(plot->max, v);
		if (isfinite(v) && step >= 0 && step < span.n)
			take_value(plot, (uint64_t)step, span, v);
	}
}

/* ---- pictures */

struct scale {
	double low, high; /* of the columns' means */
};

static struct scale scale_of(const struct plot *plot)
{
	struct scale s = { NAN, NAN };

	for (uint32_t c = 0; c < plot->n_columns; c++) {
		if (!plot->n[c])
			continue;
		s.low = fmin(s.low, plot->sum[c] / plot->n[c]);
		s.high = fmax(s.high, plot->sum[c] / plot->n[c]);
	}
	return s;
}

/* How many of `most` eighths a column is high: at least one where there is a value. */
static uint32_t height(const struct plot *plot, uint32_t c, struct scale s, uint32_t most)
{
	double share;

	if (!plot->n[c])
		return 0;
	share = s.high > s.low ? (plot->sum[c] / plot->n[c] - s.low) / (s.high - s.low) : 0.5;
	if (!(share >= 0 && share <= 1)) /* the difference is no number that fits */
		share = 0.5;
	return 1 + (uint32_t)(share * (most - 1) + 0.5);
}

void plot_spark(const struct plot *plot, const struct page *p, struct str *out)
{
	struct scale s = scale_of(plot);

	for (uint32_t c = 0; c < plot->n_columns; c++)
		str_add(out, bars[p->term.has_utf8][height(plot, c, s, EIGHTHS)]);
}

uint32_t plot_columns(const struct page *p)
{
	uint32_t width = p->term.width < TERM_WIDTH_MIN ? TERM_WIDTH_MIN : p->term.width;
	uint32_t columns = width - AXIS - 3;

	return columns < PLOT_COLUMNS_MAX ? columns : PLOT_COLUMNS_MAX;
}

static void show_row(const struct plot *plot, struct page *p, struct scale s, uint32_t row)
{
	page_add(p, STYLE_FAINT, page_glyph(p, GLYPH_PILLAR));
	for (uint32_t c = 0; c < plot->n_columns; c++) {
		uint32_t all = height(plot, c, s, ROWS * EIGHTHS), below = row * EIGHTHS;
		uint32_t here = all > below ? all - below : 0;

		page_add(p, STYLE_PLAIN, bars[p->term.has_utf8][here < EIGHTHS ? here : EIGHTHS]);
	}
	page_line(p);
}

static struct wall wall_of(double s)
{
	return (struct wall){ s > 0 && s < 1e11 ? (int64_t)(s * 1000) : 0 };
}

static void show_times(struct page *p, uint32_t n_columns, struct plot_span span)
{
	char from[MOMENT_TEXT_MAX], to[MOMENT_TEXT_MAX];
	size_t n;

	moment_text(&p->term, wall_of(span.first_s), from);
	moment_text(&p->term, wall_of(span.last_s), to);
	n = text_width(from) + text_width(to);
	page_fill(p, " ", AXIS + 2);
	page_add(p, STYLE_FAINT, from);
	if (n < n_columns)
		page_fill(p, " ", n_columns - n);
	else
		page_fill(p, " ", 1);
	page_add(p, STYLE_FAINT, to);
	page_line(p);
}

void plot_show(const struct plot *plot, struct page *p, struct plot_span span)
{
	struct scale s = scale_of(plot);

	for (uint32_t row = ROWS; row-- > 0;) {
		double at = s.low + (s.high - s.low) * row / (ROWS - 1);
		char text[32] = "";

		if (row % 3 == 0)
			snprintf(text, sizeof text, "%*.5g", AXIS, at);
		page_cell(p, STYLE_FAINT, text, AXIS);
		page_add(p, STYLE_PLAIN, " ");
		show_row(plot, p, s, row);
	}
	page_fill(p, " ", AXIS + 1);
	page_add(p, STYLE_FAINT, page_glyph(p, GLYPH_CORNER_SW));
	page_fill(p, page_glyph(p, GLYPH_LINE), plot->n_columns);
	page_line(p);
	show_times(p, plot->n_columns, span);
}
