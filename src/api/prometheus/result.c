/* SPDX-License-Identifier: Apache-2.0 */
#include "api/prometheus/result.h"

#include "base/json.h"
#include "base/number_text.h"

#include <inttypes.h>

void result_write_text(struct str *out, const char *s, uint32_t n)
{
	struct json_out w;

	if (ascii_plain(s, n) == n) {
		str_addc(out, '"');
		str_addn(out, s, n);
		str_addc(out, '"');
		return;
	}
	json_begin(&w, out);
	json_textn(&w, NULL, s, n);
}

void result_write_labels(struct str *out, const struct labels *l)
{
	str_addc(out, '{');
	for (uint32_t i = 0; i < l->n; i++) {
		if (i)
			str_addc(out, ',');
		result_write_text(out, l->v[i].name, l->v[i].name_len);
		str_addc(out, ':');
		result_write_text(out, l->v[i].value, l->v[i].value_len);
	}
	str_addc(out, '}');
}

void result_write_time(struct str *out, int64_t t_ms)
{
	char text[24], *at = text + sizeof text;
	uint64_t rest = t_ms < 0 ? 0 - (uint64_t)t_ms : (uint64_t)t_ms;
	unsigned fraction = (unsigned)(rest % 1000);

	if (fraction) {
		for (int i = 0; i < 3; i++, fraction /= 10)
			*--at = (char)('0' + fraction % 10);
		*--at = '.';
	}
	rest /= 1000;
	do
		*--at = (char)('0' + rest % 10);
	while (rest /= 10);
	if (t_ms < 0)
		*--at = '-';
	str_addn(out, at, (size_t)(text + sizeof text - at));
}

static void write_number(struct str *out, double v)
{
	char text[NUMBER_TEXT_MAX + 2];
	size_t n = number_text(v, NUMBER_SAMPLE, text + 1);

	text[0] = text[n + 1] = '"';
	str_addn(out, text, n + 2);
}

/* ---- points */

static void write_point(struct str *out, const struct promql_point *p)
{
	str_addc(out, '[');
	result_write_time(out, p->t_ms);
	str_addc(out, ',');
	write_number(out, p->v);
	str_addc(out, ']');
}

/* Floats and histograms of a series stand in lists of their own. */
static void write_points(struct str *out, const struct promql_series *s, bool histograms)
{
	bool has_one = false;

	for (uint32_t i = 0; i < s->n_points; i++) {
		if (!s->points[i].h == histograms)
			continue;
		if (has_one)
			str_addc(out, ',');
		else
			str_add(out, histograms ? ",\"histograms\":[" : ",\"values\":[");
		write_point(out, &s->points[i]);
		has_one = true;
	}
	if (has_one)
		str_addc(out, ']');
}

static void write_series(struct str *out, const struct promql_series *s, enum promql_type type)
{
	str_add(out, "{\"metric\":");
	result_write_labels(out, &s->labels);
	if (type == PROMQL_VECTOR) {
		str_add(out, s->points[0].h ? ",\"histogram\":" : ",\"value\":");
		write_point(out, &s->points[0]);
	} else {
		write_points(out, s, false);
		write_points(out, s, true);
	}
	str_addc(out, '}');
}

static void write_result(struct str *out, const struct promql_result *r, uint32_t n)
{
	struct promql_point at = r->scalar;

	switch (r->type) {
	case PROMQL_SCALAR:
		write_point(out, &at);
		return;
	case PROMQL_STRING:
		str_addc(out, '[');
		result_write_time(out, at.t_ms);
		str_addc(out, ',');
		result_write_text(out, r->text, (uint32_t)strlen(r->text));
		str_addc(out, ']');
		return;
	default:
		str_addc(out, '[');
		for (uint32_t i = 0; i < n; i++) {
			if (i)
				str_addc(out, ',');
			write_series(out, &r->series[i], r->type);
		}
		str_addc(out, ']');
	}
}

/* ---- the envelope */

struct notes {
	const char *key;
	const char *const *v;
	uint32_t n;
	const char *last; /* one more; NULL: none */
};

static void write_notes(struct str *out, const struct notes *notes)
{
	if (!notes->n && !notes->last)
		return;
	str_addf(out, ",\"%s\":[", notes->key);
	for (uint32_t i = 0; i < notes->n; i++) {
		if (i)
			str_addc(out, ',');
		result_write_text(out, notes->v[i], (uint32_t)strlen(notes->v[i]));
	}
	if (notes->last) {
		if (notes->n)
			str_addc(out, ',');
		result_write_text(out, notes->last, (uint32_t)strlen(notes->last));
	}
	str_addc(out, ']');
}

static void write_stats(struct str *out, const struct promql_stats *s)
{
	str_addf(out,
		",\"stats\":{\"samples\":{\"totalQueryableSamples\":%" PRIu64
		",\"peakSamples\":%" PRIu64 "}}",
		s->samples_read, s->peak_bytes / sizeof(struct promql_point));
}

static const char *type_name(enum promql_type type)
{
	static const char *const names[] = { [PROMQL_SCALAR] = "scalar",
		[PROMQL_VECTOR] = "vector",
		[PROMQL_MATRIX] = "matrix",
		[PROMQL_STRING] = "string" };

	return names[type];
}

void result_write(struct str *out, const struct promql_result *r, struct result_options o)
{
	bool is_cut = o.series_max && r->n_series > o.series_max;
	const char *cut = is_cut ? "results truncated due to limit" : NULL;

	str_add(out, "{\"status\":\"success\",\"data\":{\"resultType\":\"");
	str_add(out, type_name(r->type));
	str_add(out, "\",\"result\":");
	write_result(out, r, is_cut ? (uint32_t)o.series_max : r->n_series);
	if (o.with_stats)
		write_stats(out, &r->stats);
	str_addc(out, '}');
	write_notes(out, &(struct notes){ "warnings", r->warnings, r->n_warnings, cut });
	write_notes(out, &(struct notes){ "infos", r->infos, r->n_infos, NULL });
	str_addc(out, '}');
}
