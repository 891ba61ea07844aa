/* SPDX-License-Identifier: Apache-2.0 */
#include "api/prometheus/result.h"

#include "base/json.h"
#include "base/number_text.h"
#include "core/promql/histogram_sum.h"

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

#define TIME_TEXT_MAX (NUMBER_WHOLE_MAX + 8)

static size_t time_text(int64_t t_ms, char ret[TIME_TEXT_MAX])
{
	uint64_t rest = t_ms < 0 ? 0 - (uint64_t)t_ms : (uint64_t)t_ms;
	unsigned fraction = (unsigned)(rest % 1000);
	size_t n = 0;

	if (t_ms < 0)
		ret[n++] = '-';
	n += number_text_whole(rest / 1000, ret + n);
	if (!fraction)
		return n;
	ret[n++] = '.';
	ret[n++] = (char)('0' + fraction / 100);
	ret[n++] = (char)('0' + fraction / 10 % 10);
	ret[n++] = (char)('0' + fraction % 10);
	return n;
}

void result_write_time(struct str *out, int64_t t_ms)
{
	char text[TIME_TEXT_MAX];

	str_addn(out, text, time_text(t_ms, text));
}

void result_write_number(struct str *out, double v)
{
	char text[NUMBER_TEXT_MAX + 2];
	size_t n = number_text(v, NUMBER_SAMPLE, text + 1);

	text[0] = text[n + 1] = '"';
	str_addn(out, text, n + 2);
}

/* ---- points */

/* Which of a bucket's bounds belong to it, as the API has it: 0 the upper one, 1 the lower one, 2 none,
 * 3 both. */
static int boundaries_of(const struct histogram_bucket *b)
{
	if (b->has_lower)
		return b->has_upper ? 3 : 1;
	return b->has_upper ? 0 : 2;
}

static void write_bucket(struct str *out, const struct histogram_bucket *b)
{
	str_addf(out, "[%d,", boundaries_of(b));
	result_write_number(out, b->lower);
	str_addc(out, ',');
	result_write_number(out, b->upper);
	str_addc(out, ',');
	result_write_number(out, b->count);
	str_addc(out, ']');
}

static void write_histogram(struct str *out, const struct histogram *h)
{
	scoped(histogram_buckets_fini) struct histogram_buckets buckets = { 0 };

	histogram_buckets_load(&buckets, h);
	str_add(out, "{\"count\":");
	result_write_number(out, h->count);
	str_add(out, ",\"sum\":");
	result_write_number(out, h->sum);
	for (uint32_t i = 0; i < buckets.n; i++) {
		str_add(out, i ? "," : ",\"buckets\":[");
		write_bucket(out, &buckets.v[i]);
	}
	str_add(out, buckets.n ? "]}" : "}");
}

/* In one piece: an answer has some hundred thousand of them. */
static void write_float(struct str *out, const struct promql_point *p)
{
	char text[TIME_TEXT_MAX + NUMBER_TEXT_MAX + 8];
	size_t n = 0;

	text[n++] = '[';
	n += time_text(p->t_ms, text + n);
	text[n++] = ',';
	text[n++] = '"';
	n += number_text(p->v, NUMBER_SAMPLE, text + n);
	text[n++] = '"';
	text[n++] = ']';
	str_addn(out, text, n);
}

static void write_point(struct str *out, const struct promql_point *p)
{
	if (!p->h) {
		write_float(out, p);
		return;
	}
	str_addc(out, '[');
	result_write_time(out, p->t_ms);
	str_addc(out, ',');
	write_histogram(out, p->h);
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
	struct str *out;
	const char *key;
	uint32_t n; /* written so far */
};

static void write_note(struct notes *notes, const char *text)
{
	if (notes->n++)
		str_addc(notes->out, ',');
	else
		str_addf(notes->out, ",\"%s\":[", notes->key);
	result_write_text(notes->out, text, (uint32_t)strlen(text));
}

static void write_notes(struct notes *notes, const char *const *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		write_note(notes, v[i]);
}

static void end_notes(struct notes *notes)
{
	if (notes->n)
		str_addc(notes->out, ']');
}

/* Parsing and sorting aren't measured apart: they are part of what is. */
static void write_timings(struct str *out, const struct result_options *o)
{
	double waited = (double)o->waited_ns / 1e9, evaluated = (double)o->evaluated_ns / 1e9;

	str_addf(out,
		",\"stats\":{\"timings\":{\"evalTotalTime\":%.9f,\"resultSortTime\":0"
		",\"queryPreparationTime\":0,\"innerEvalTime\":%.9f,\"execQueueTime\":%.9f"
		",\"execTotalTime\":%.9f}",
		evaluated, evaluated, waited, waited + evaluated);
}

static void write_stats(struct str *out, const struct promql_stats *s)
{
	str_addf(out,
		",\"samples\":{\"totalQueryableSamples\":%" PRIu64 ",\"peakSamples\":%" PRIu64 "}}",
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
	struct notes warnings = { out, "warnings", 0 }, infos = { out, "infos", 0 };

	str_add(out, "{\"status\":\"success\",\"data\":{\"resultType\":\"");
	str_add(out, type_name(r->type));
	str_add(out, "\",\"result\":");
	write_result(out, r, is_cut ? (uint32_t)o.series_max : r->n_series);
	if (o.with_stats) {
		write_timings(out, &o);
		write_stats(out, &r->stats);
	}
	str_addc(out, '}');
	write_notes(&warnings, o.warnings, o.n_warnings);
	write_notes(&warnings, r->warnings, r->n_warnings);
	if (is_cut)
		write_note(&warnings, "results truncated due to limit");
	end_notes(&warnings);
	write_notes(&infos, r->infos, r->n_infos);
	end_notes(&infos);
	str_addc(out, '}');
}
