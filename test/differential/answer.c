/* SPDX-License-Identifier: Apache-2.0 */
#include "test/differential/answer.h"

#include "base/json.h"

#include <math.h>
#include <stdio.h>

#define NUMBER_MAX 32

static const char *number(double v, char text[NUMBER_MAX])
{
	if (isnan(v))
		return "NaN";
	if (isinf(v))
		return v > 0 ? "+Inf" : "-Inf";
	snprintf(text, NUMBER_MAX, "%.17g", v);
	return text;
}

static void number_member(struct json_out *w, const char *key, double v)
{
	char text[NUMBER_MAX];

	json_text(w, key, number(v, text));
}

static void seconds(struct json_out *w, int64_t t_ms)
{
	char text[NUMBER_MAX];

	snprintf(text, sizeof text, "%.3f", (double)t_ms / 1000);
	json_raw(w, NULL, text);
}

static const char *const types[] = {
	[PROMQL_NONE] = "none",
	[PROMQL_SCALAR] = "scalar",
	[PROMQL_VECTOR] = "vector",
	[PROMQL_MATRIX] = "matrix",
	[PROMQL_STRING] = "string",
};

/* Absolute counts and the layout that they belong to; the comparison works out the bounds. */
static void spans(struct json_out *w, const char *key, const struct histogram_span *v, uint32_t n)
{
	json_array_open(w, key);
	for (uint32_t i = 0; i < n; i++) {
		json_array_open(w, NULL);
		json_int(w, NULL, v[i].offset);
		json_int(w, NULL, v[i].length);
		json_close(w);
	}
	json_close(w);
}

static void counts(struct json_out *w, const char *key, const double *v, uint32_t n)
{
	json_array_open(w, key);
	for (uint32_t i = 0; i < n; i++)
		number_member(w, NULL, v[i]);
	json_close(w);
}

static void histogram(struct json_out *w, const struct histogram *h)
{
	json_object_open(w, NULL);
	json_int(w, "schema", h->schema);
	number_member(w, "zero_threshold", h->zero_threshold);
	number_member(w, "zero_count", h->zero_count);
	number_member(w, "count", h->count);
	number_member(w, "sum", h->sum);
	spans(w, "positive_spans", h->positive_spans, h->n_positive_spans);
	counts(w, "positive", h->positive, h->n_positive);
	spans(w, "negative_spans", h->negative_spans, h->n_negative_spans);
	counts(w, "negative", h->negative, h->n_negative);
	counts(w, "bounds", h->bounds, h->n_bounds);
	json_close(w);
}

/* [time, "value"] */
static void point(struct json_out *w, const char *key, const struct promql_point *p)
{
	json_array_open(w, key);
	seconds(w, p->t_ms);
	if (p->h)
		histogram(w, p->h);
	else
		number_member(w, NULL, p->v);
	json_close(w);
}

static void points(struct json_out *w, const struct promql_series *s, bool is_histogram)
{
	bool is_open = false;

	for (uint32_t i = 0; i < s->n_points; i++) {
		if (!!s->points[i].h != is_histogram)
			continue;
		if (!is_open)
			json_array_open(w, is_histogram ? "histograms" : "values");
		is_open = true;
		point(w, NULL, &s->points[i]);
	}
	if (is_open)
		json_close(w);
}

static void series(struct json_out *w, const struct promql_series *s, bool is_vector)
{
	json_object_open(w, NULL);
	json_object_open(w, "metric");
	for (uint32_t i = 0; i < s->labels.n; i++)
		json_textn(w, s->labels.v[i].name, s->labels.v[i].value, s->labels.v[i].value_len);
	json_close(w);
	if (is_vector) {
		point(w, s->points[0].h ? "histogram" : "value", &s->points[0]);
	} else {
		points(w, s, false);
		points(w, s, true);
	}
	json_close(w);
}

static void text_point(struct json_out *w, const struct promql_result *r)
{
	json_array_open(w, "result");
	seconds(w, r->scalar.t_ms);
	json_text(w, NULL, r->text);
	json_close(w);
}

static void result(struct json_out *w, const struct promql_result *r)
{
	if (r->type == PROMQL_STRING) {
		text_point(w, r);
	} else if (r->type == PROMQL_SCALAR) {
		point(w, "result", &r->scalar);
	} else {
		json_array_open(w, "result");
		for (uint32_t i = 0; i < r->n_series; i++)
			series(w, &r->series[i], r->type == PROMQL_VECTOR);
		json_close(w);
	}
}

static void texts(struct json_out *w, const char *key, const char *const *v, uint32_t n)
{
	if (n == 0)
		return;
	json_array_open(w, key);
	for (uint32_t i = 0; i < n; i++)
		json_text(w, NULL, v[i]);
	json_close(w);
}

void answer_error(struct str *out, const char *kind, const char *text)
{
	struct json_out w;

	json_begin(&w, out);
	json_object_open(&w, NULL);
	json_text(&w, "status", "error");
	json_text(&w, "errorType", kind);
	json_text(&w, "error", text);
	json_close(&w);
}

void answer_result(struct str *out, const struct promql_result *r)
{
	struct json_out w;

	json_begin(&w, out);
	json_object_open(&w, NULL);
	json_text(&w, "status", "success");
	json_object_open(&w, "data");
	json_text(&w, "resultType", types[r->type]);
	result(&w, r);
	json_close(&w);
	texts(&w, "warnings", r->warnings, r->n_warnings);
	texts(&w, "infos", r->infos, r->n_infos);
	json_close(&w);
}
