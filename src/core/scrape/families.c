/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A series' text is written as the text format has it, since what is known of a target's lines is known by
 * their texts, and relabelling reads labels from there.
 */
#include "core/scrape/families.h"

#include "base/histogram.h"
#include "base/limits.h"
#include "base/number_text.h"
#include "base/protobuf.h"

#include <math.h>

/* Numbers of fields, by message. */
enum family_field { FAMILY_NAME = 1, FAMILY_HELP, FAMILY_TYPE, FAMILY_METRIC, FAMILY_UNIT };
enum metric_field {
	METRIC_LABEL = 1,
	METRIC_GAUGE_VALUE,
	METRIC_COUNTER_VALUE,
	METRIC_SUMMARY_VALUE,
	METRIC_UNTYPED_VALUE,
	METRIC_TIME,
	METRIC_HISTOGRAM_VALUE
};
enum pair_field { PAIR_NAME = 1, PAIR_VALUE };
enum exemplar_field { EXEMPLAR_LABEL = 1, EXEMPLAR_VALUE, EXEMPLAR_TIME };
enum summary_field { SUMMARY_COUNT = 1, SUMMARY_SUM, SUMMARY_QUANTILE };
enum histogram_field {
	HISTOGRAM_COUNT = 1,
	HISTOGRAM_SUM,
	HISTOGRAM_BUCKET,
	HISTOGRAM_COUNT_FLOAT,
	HISTOGRAM_SCHEMA,
	HISTOGRAM_ZERO_THRESHOLD,
	HISTOGRAM_ZERO_COUNT,
	HISTOGRAM_ZERO_COUNT_FLOAT,
	HISTOGRAM_NEGATIVE_SPAN,
	HISTOGRAM_NEGATIVE_DELTA,
	HISTOGRAM_NEGATIVE_COUNT,
	HISTOGRAM_POSITIVE_SPAN,
	HISTOGRAM_POSITIVE_DELTA,
	HISTOGRAM_POSITIVE_COUNT,
	HISTOGRAM_EXEMPLAR = 16
};
enum bucket_field { BUCKET_COUNT = 1, BUCKET_BOUND, BUCKET_EXEMPLAR, BUCKET_COUNT_FLOAT };

/* As MetricType numbers them. */
static const struct {
	enum metric_type type;
	uint32_t field; /* where a metric of the type has its value */
} types[] = {
	{ METRIC_COUNTER, METRIC_COUNTER_VALUE },
	{ METRIC_GAUGE, METRIC_GAUGE_VALUE },
	{ METRIC_SUMMARY, METRIC_SUMMARY_VALUE },
	{ METRIC_UNKNOWN, METRIC_UNTYPED_VALUE },
	{ METRIC_HISTOGRAM, METRIC_HISTOGRAM_VALUE },
	{ METRIC_GAUGEHISTOGRAM, METRIC_HISTOGRAM_VALUE },
};

#define EXEMPLARS_MAX 256 /* of one sample; the rest are left out */

struct reading {
	const struct families_wish *wish;
	const struct families_visitor *visitor;
	struct err *e;
	enum rc rc;
	struct piece name, help, unit;
	enum metric_type type;
	struct protobuf_field metric; /* its bytes */
	int64_t t_ms;
	bool has_time;
	struct str text, exemplar_text;
	struct family_exemplar exemplars[EXEMPLARS_MAX];
	uint32_t n_exemplars;
	struct arena arena; /* of one histogram */
};

static struct piece piece_of(const struct protobuf_field *f)
{
	return (struct piece){ (const char *)f->s, f->n };
}

static bool fail(struct reading *r, const char *what)
{
	r->rc = err_set(r->e, RC_INPUT, "a protobuf message is malformed: %s", what);
	return false;
}

/* ---- texts */

static void add_escaped(struct str *out, struct piece p)
{
	const char *from = p.s, *end = p.s + p.n;

	for (const char *s = from; s < end; s++) {
		if (*s != '\\' && *s != '"' && *s != '\n')
			continue;
		str_addn(out, from, (size_t)(s - from));
		str_addc(out, '\\');
		str_addc(out, *s == '\n' ? 'n' : *s);
		from = s + 1;
	}
	str_addn(out, from, (size_t)(end - from));
}

static void add_quoted(struct str *out, struct piece p)
{
	str_addc(out, '"');
	add_escaped(out, p);
	str_addc(out, '"');
}

/* A name that needs no quotes. */
static bool is_plain(struct piece p, bool may_have_colon)
{
	for (uint32_t i = 0; i < p.n; i++) {
		char c = p.s[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
			    (c == ':' && may_have_colon) || (c >= '0' && c <= '9' && i > 0)))
			return false;
	}
	return p.n > 0;
}

static void add_label(struct str *out, struct piece name, struct piece value)
{
	if (out->s[out->len - 1] != '{')
		str_addc(out, ',');
	if (is_plain(name, false))
		str_addn(out, name.s, name.n);
	else
		add_quoted(out, name);
	str_addc(out, '=');
	add_quoted(out, value);
}

/* A text that may stand in a series. */
static bool is_text(struct piece p)
{
	return !memchr(p.s, 0, p.n) && utf8_valid(p.s, p.n);
}

/* What the labels of a message say, each of field `number`. */
static bool add_labels(struct reading *r, const struct protobuf_field *of, uint32_t number,
	struct str *out)
{
	struct protobuf p = protobuf_inside(of);
	struct protobuf_field f;

	while (protobuf_next(&p, &f)) {
		struct protobuf pair;
		struct protobuf_field part;
		struct piece name = { "", 0 }, value = { "", 0 };

		if (f.key != PROTOBUF_BYTES(number))
			continue;
		pair = protobuf_inside(&f);
		while (protobuf_next(&pair, &part)) {
			if (part.key == PROTOBUF_BYTES(PAIR_NAME))
				name = piece_of(&part);
			else if (part.key == PROTOBUF_BYTES(PAIR_VALUE))
				value = piece_of(&part);
		}
		if (pair.is_bad || !name.n || !is_text(name) || !is_text(value))
			return fail(r, "a label");
		add_label(out, name, value);
	}
	return !p.is_bad || fail(r, "labels");
}

struct series_name {
	const char *suffix;
	const char *label; /* one more; NULL: none */
	double value;      /* of it */
};

/* The series' text, to r->text. */
static bool write_series(struct reading *r, const struct series_name *s)
{
	struct str *out = &r->text;
	char number[NUMBER_TEXT_MAX];
	bool is_quoted = !is_plain(r->name, true);

	str_clear(out);
	if (!is_quoted)
		str_addn(out, r->name.s, r->name.n);
	else
		str_add(out, "{\"");
	if (is_quoted)
		add_escaped(out, r->name);
	str_add(out, s->suffix);
	str_add(out, is_quoted ? "\"" : "{");
	if (!add_labels(r, &r->metric, METRIC_LABEL, out))
		return false;
	if (s->label) {
		size_t n = number_text(s->value, NUMBER_SHORT, number);

		add_label(out, (struct piece){ s->label, (uint32_t)strlen(s->label) },
			(struct piece){ number, (uint32_t)n });
	}
	if (out->s[out->len - 1] == '{')
		out->len--; /* no labels: no braces */
	else
		str_addc(out, '}');
	if (out->is_cut)
		r->rc = err_set(r->e, RC_LIMIT, "a line is over %d bytes", SCRAPE_LINE_BYTES_MAX);
	return !out->is_cut;
}

/* ---- what is told */

static bool tell(struct reading *r, const struct family_entry *f)
{
	r->rc = r->visitor->take(r->visitor->self, f, r->e);
	return r->rc == RC_OK;
}

static bool tell_metadata(struct reading *r, enum exposition_kind kind, const char *word,
	struct piece said)
{
	struct family_entry f = { .type = r->type };
	scoped(str_fini) struct str line = STR_EMPTY;
	size_t name_at, value_at;

	str_addf(&line, "# %s ", word);
	name_at = line.len;
	add_escaped(&line, r->name);
	str_addc(&line, ' ');
	value_at = line.len;
	for (uint32_t i = 0; i < said.n; i++) { /* a help knows no escaped quote */
		if (said.s[i] == '\\')
			str_addc(&line, '\\');
		if (said.s[i] == '\n')
			str_add(&line, "\\n");
		else
			str_addc(&line, said.s[i]);
	}
	f.entry.kind = kind;
	f.entry.text = (struct piece){ line.s, (uint32_t)line.len };
	f.entry.name = (struct piece){ line.s + name_at, (uint32_t)(value_at - 1 - name_at) };
	f.entry.value = (struct piece){ line.s + value_at, (uint32_t)(line.len - value_at) };
	return tell(r, &f);
}

/* Exemplars gathered for a sample, in order of time. */
static int by_time(const void *a, const void *b)
{
	const struct family_exemplar *x = a, *y = b;

	if (x->t_ms != y->t_ms)
		return x->t_ms < y->t_ms ? -1 : 1;
	return (x->v > y->v) - (x->v < y->v);
}

static bool tell_series(struct reading *r, const struct series_name *s, double v,
	const struct histogram *h)
{
	struct family_entry f = { .type = r->type,
		.exemplars = r->exemplars,
		.n_exemplars = r->n_exemplars };

	if (!write_series(r, s))
		return false;
	for (uint32_t i = 0; i < r->n_exemplars; i++)
		r->exemplars[i].labels.s = r->exemplar_text.s + r->exemplars[i].at;
	if (r->n_exemplars)
		qsort(r->exemplars, r->n_exemplars, sizeof *r->exemplars, by_time);
	f.entry = (struct exposition_entry){ .kind = EXPOSITION_SERIES,
		.text = { r->text.s, (uint32_t)r->text.len },
		.v = v,
		.h = h,
		.t_ms = r->t_ms,
		.has_time = r->has_time };
	tell(r, &f);
	r->n_exemplars = 0;
	str_clear(&r->exemplar_text);
	return r->rc == RC_OK;
}

static bool read_time(const struct protobuf_field *of, int64_t *ret_ms)
{
	struct protobuf p = protobuf_inside(of);
	struct protobuf_field f;
	int64_t seconds = 0, nanos = 0;

	while (protobuf_next(&p, &f)) {
		if (f.key == PROTOBUF_VARINT(1))
			seconds = (int64_t)f.v;
		else if (f.key == PROTOBUF_VARINT(2))
			nanos = (int64_t)f.v;
	}
	if (p.is_bad || seconds < -(INT64_C(1) << 40) || seconds > INT64_C(1) << 40 || nanos < 0 ||
		nanos >= 1000000000)
		return false;
	*ret_ms = seconds * 1000 + nanos / 1000000;
	return true;
}

/* One of the sample that is told next; a native histogram's needs a time. */
static bool gather_exemplar(struct reading *r, const struct protobuf_field *of, bool is_native)
{
	struct protobuf p = protobuf_inside(of);
	struct family_exemplar x = { .v = 0 };
	struct protobuf_field f;
	size_t at = r->exemplar_text.len;

	while (protobuf_next(&p, &f)) {
		if (f.key == PROTOBUF_FIXED64(EXEMPLAR_VALUE))
			x.v = protobuf_double(&f);
		else if (f.key == PROTOBUF_BYTES(EXEMPLAR_TIME) && !read_time(&f, &x.t_ms))
			return fail(r, "an exemplar's time");
		x.has_time |= f.key == PROTOBUF_BYTES(EXEMPLAR_TIME);
	}
	if (p.is_bad)
		return fail(r, "an exemplar");
	if ((is_native && !x.has_time) || r->n_exemplars == EXEMPLARS_MAX)
		return true;
	str_addc(&r->exemplar_text, '{');
	if (!add_labels(r, of, EXEMPLAR_LABEL, &r->exemplar_text))
		return false;
	str_addc(&r->exemplar_text, '}');
	x.labels.n = (uint32_t)(r->exemplar_text.len - at);
	x.at = at;
	r->exemplars[r->n_exemplars++] = x;
	return true;
}

/* ---- kinds of metrics */

/* A counter, gauge or untyped: a value, and of counters an exemplar. */
static bool read_value(struct reading *r, const struct protobuf_field *of)
{
	struct protobuf p = protobuf_inside(of);
	struct protobuf_field f;
	double v = 0;

	while (protobuf_next(&p, &f)) {
		if (f.key == PROTOBUF_FIXED64(1))
			v = protobuf_double(&f);
		else if (f.key == PROTOBUF_BYTES(2) && r->type == METRIC_COUNTER &&
			 !gather_exemplar(r, &f, false))
			return false;
	}
	if (p.is_bad)
		return fail(r, "a value");
	return tell_series(r, &(struct series_name){ .suffix = "" }, v, NULL);
}

static bool read_quantile(struct reading *r, const struct protobuf_field *of)
{
	struct protobuf p = protobuf_inside(of);
	struct protobuf_field f;
	double quantile = 0, v = 0;

	while (protobuf_next(&p, &f)) {
		if (f.key == PROTOBUF_FIXED64(1))
			quantile = protobuf_double(&f);
		else if (f.key == PROTOBUF_FIXED64(2))
			v = protobuf_double(&f);
	}
	if (p.is_bad)
		return fail(r, "a quantile");
	return tell_series(r, &(struct series_name){ "", "quantile", quantile }, v, NULL);
}

static bool read_quantiles(struct reading *r, const struct protobuf_field *of)
{
	struct protobuf p = protobuf_inside(of);
	struct protobuf_field f;

	while (protobuf_next(&p, &f))
		if (f.key == PROTOBUF_BYTES(SUMMARY_QUANTILE) && !read_quantile(r, &f))
			return false;
	return true;
}

static bool read_summary(struct reading *r, const struct protobuf_field *of)
{
	struct protobuf p = protobuf_inside(of);
	struct protobuf_field f;
	double count = 0, sum = 0;

	while (protobuf_next(&p, &f)) {
		if (f.key == PROTOBUF_VARINT(SUMMARY_COUNT))
			count = (double)f.v;
		else if (f.key == PROTOBUF_FIXED64(SUMMARY_SUM))
			sum = protobuf_double(&f);
	}
	if (p.is_bad)
		return fail(r, "a summary");
	return tell_series(r, &(struct series_name){ .suffix = "_count" }, count, NULL) &&
	       tell_series(r, &(struct series_name){ .suffix = "_sum" }, sum, NULL) &&
	       read_quantiles(r, of);
}

/* ---- histograms */

/* What stands in a histogram by itself; lists are read by those who want them. */
struct histogram_head {
	double count, sum, zero_threshold, zero_count;
	int64_t schema;
	bool is_float, is_native, has_buckets;
};

static void take_number(struct histogram_head *h, const struct protobuf_field *f)
{
	switch (f->key) {
	case PROTOBUF_VARINT(HISTOGRAM_COUNT):
		h->count = h->is_float ? h->count : (double)f->v;
		break;
	case PROTOBUF_FIXED64(HISTOGRAM_COUNT_FLOAT):
		if (protobuf_double(f) > 0) {
			h->count = protobuf_double(f);
			h->is_float = true;
		}
		break;
	case PROTOBUF_FIXED64(HISTOGRAM_SUM):
		h->sum = protobuf_double(f);
		break;
	case PROTOBUF_VARINT(HISTOGRAM_SCHEMA):
		h->schema = protobuf_zigzag(f->v);
		break;
	case PROTOBUF_FIXED64(HISTOGRAM_ZERO_THRESHOLD):
		h->zero_threshold = protobuf_double(f);
		h->is_native |= h->zero_threshold > 0;
		break;
	case PROTOBUF_VARINT(HISTOGRAM_ZERO_COUNT):
		h->zero_count = (double)f->v;
		h->is_native |= f->v > 0;
		break;
	case PROTOBUF_FIXED64(HISTOGRAM_ZERO_COUNT_FLOAT):
		if (protobuf_double(f) > 0)
			h->zero_count = protobuf_double(f);
		break;
	case PROTOBUF_BYTES(HISTOGRAM_NEGATIVE_SPAN):
	case PROTOBUF_BYTES(HISTOGRAM_POSITIVE_SPAN):
		h->is_native = true;
		break;
	case PROTOBUF_BYTES(HISTOGRAM_BUCKET):
		h->has_buckets = true;
	}
}

static bool read_head(struct reading *r, const struct protobuf_field *of,
	struct histogram_head *ret)
{
	struct protobuf p = protobuf_inside(of);
	struct protobuf_field f;

	*ret = (struct histogram_head){ 0 };
	while (protobuf_next(&p, &f))
		take_number(ret, &f);
	return !p.is_bad || fail(r, "a histogram");
}

/* One side's buckets. */
struct side {
	struct histogram_span *spans;
	double *counts;
	uint32_t n_spans, n_counts;
};
struct side_fields {
	uint32_t span, delta, count;
};
static const struct side_fields negative_side = { HISTOGRAM_NEGATIVE_SPAN, HISTOGRAM_NEGATIVE_DELTA,
	HISTOGRAM_NEGATIVE_COUNT };
static const struct side_fields positive_side = { HISTOGRAM_POSITIVE_SPAN, HISTOGRAM_POSITIVE_DELTA,
	HISTOGRAM_POSITIVE_COUNT };

static bool take_span(struct reading *r, struct side *s, const struct protobuf_field *of)
{
	struct protobuf p = protobuf_inside(of);
	struct protobuf_field f;
	struct histogram_span span = { 0 };

	while (protobuf_next(&p, &f)) {
		if (f.key == PROTOBUF_VARINT(1))
			span.offset = (int32_t)protobuf_zigzag(f.v);
		else if (f.key == PROTOBUF_VARINT(2))
			span.length = (uint32_t)f.v;
	}
	if (p.is_bad || s->n_spans == HISTOGRAM_BUCKETS_MAX)
		return fail(r, "spans of a histogram");
	s->spans[s->n_spans++] = span;
	return true;
}

static bool take_count(struct reading *r, struct side *s, double count)
{
	if (s->n_counts == HISTOGRAM_BUCKETS_MAX)
		return fail(r, "more buckets than a histogram may have");
	s->counts[s->n_counts++] = count;
	return true;
}

/* Several counts in one field, as proto3 writes them. */
static bool take_packed(struct reading *r, struct side *s, const struct protobuf_field *of,
	bool is_delta)
{
	struct protobuf p = protobuf_inside(of);
	uint64_t v;

	while (p.at < p.end) {
		struct protobuf_field one;

		if (!(is_delta ? protobuf_take_varint(&p, &v) : protobuf_take_fixed(&p, 8, &v)))
			return fail(r, "buckets of a histogram");
		one.v = v;
		if (!take_count(r, s,
			    is_delta ? (double)protobuf_zigzag(v) : protobuf_double(&one)))
			return false;
	}
	return true;
}

static bool take_part(struct reading *r, struct side *s, const struct side_fields *fields,
	const struct protobuf_field *f, bool is_float)
{
	if (f->key == PROTOBUF_BYTES(fields->span))
		return take_span(r, s, f);
	if (!is_float && f->key == PROTOBUF_VARINT(fields->delta))
		return take_count(r, s, (double)protobuf_zigzag(f->v));
	if (is_float && f->key == PROTOBUF_FIXED64(fields->count))
		return take_count(r, s, protobuf_double(f));
	if (f->key == PROTOBUF_BYTES(is_float ? fields->count : fields->delta))
		return take_packed(r, s, f, !is_float);
	return true;
}

static bool read_side(struct reading *r, const struct protobuf_field *of,
	const struct side_fields *fields, bool is_float, struct side *ret)
{
	struct protobuf p = protobuf_inside(of);
	struct protobuf_field f;

	*ret = (struct side){
		.spans = arena_alloc(&r->arena, HISTOGRAM_BUCKETS_MAX * sizeof *ret->spans),
		.counts = arena_alloc(&r->arena, HISTOGRAM_BUCKETS_MAX * sizeof *ret->counts),
	};
	must(ret->spans && ret->counts);
	while (protobuf_next(&p, &f))
		if (!take_part(r, ret, fields, &f, is_float))
			return false;
	for (uint32_t i = 1; !is_float && i < ret->n_counts; i++)
		ret->counts[i] += ret->counts[i - 1];
	/* A span without buckets stands for "this is native", and is no layout. */
	if (ret->n_spans == 1 && !ret->spans[0].length)
		ret->n_spans = 0;
	return true;
}

/* The finest schema whose buckets grow by the factor at least. */
static int schema_of_factor(double factor)
{
	double floor_log = floor(log2(log2(factor)));

	if (!(factor > 1))
		return 8;
	return floor_log <= -8 ? 8 : floor_log >= 4 ? -4 : -(int)floor_log;
}

static bool reduce(struct reading *r, struct histogram *h)
{
	const struct families_wish *w = r->wish;
	uint64_t most = w->buckets_max ? w->buckets_max : UINT64_MAX;
	int finest = schema_of_factor(w->bucket_factor_least);

	if (h->schema == HISTOGRAM_CUSTOM)
		finest = h->schema;
	if (h->schema > finest)
		histogram_reduce(h, (int8_t)finest);
	while ((uint64_t)h->n_positive + h->n_negative > most && h->schema > -4)
		histogram_reduce(h, (int8_t)(h->schema - 1));
	if ((uint64_t)h->n_positive + h->n_negative <= most)
		return true;
	r->rc = err_set(r->e, RC_LIMIT, "histogram bucket limit exceeded");
	return false;
}

static bool gather_exemplars(struct reading *r, const struct protobuf_field *of)
{
	struct protobuf p = protobuf_inside(of);
	struct protobuf_field f;

	while (protobuf_next(&p, &f))
		if (f.key == PROTOBUF_BYTES(HISTOGRAM_EXEMPLAR) && !gather_exemplar(r, &f, true))
			return false;
	return true;
}

static bool read_native(struct reading *r, const struct protobuf_field *of,
	const struct histogram_head *head)
{
	struct side negative, positive;
	struct histogram h = { .is_float = head->is_float,
		.reset = r->type == METRIC_GAUGEHISTOGRAM ? HISTOGRAM_GAUGE : HISTOGRAM_UNKNOWN,
		.schema = (int8_t)head->schema,
		.zero_threshold = head->zero_threshold,
		.zero_count = head->zero_count,
		.count = head->count,
		.sum = head->sum };
	struct err why = { 0 };

	arena_reset(&r->arena);
	if (!read_side(r, of, &negative_side, h.is_float, &negative) ||
		!read_side(r, of, &positive_side, h.is_float, &positive))
		return false;
	h.negative_spans = negative.spans;
	h.n_negative_spans = negative.n_spans;
	h.negative = negative.counts;
	h.n_negative = negative.n_counts;
	h.positive_spans = positive.spans;
	h.n_positive_spans = positive.n_spans;
	h.positive = positive.counts;
	h.n_positive = positive.n_counts;
	if (head->schema != h.schema || histogram_check(&h, &why) != RC_OK) {
		r->rc = err_set(r->e, RC_INPUT, "%.*s: %s", (int)r->name.n, r->name.s,
			why.text[0] ? why.text : "its schema is none");
		return false;
	}
	return reduce(r, &h) && gather_exemplars(r, of) &&
	       tell_series(r, &(struct series_name){ .suffix = "" }, 0, &h);
}

/* *has_infinite: it is the bucket of everything. */
static bool read_bucket(struct reading *r, const struct protobuf_field *of, bool *has_infinite)
{
	struct protobuf p = protobuf_inside(of);
	struct protobuf_field f;
	double bound = 0, count = 0;

	while (protobuf_next(&p, &f)) {
		if (f.key == PROTOBUF_VARINT(BUCKET_COUNT))
			count = (double)f.v;
		else if (f.key == PROTOBUF_FIXED64(BUCKET_COUNT_FLOAT) && protobuf_double(&f) > 0)
			count = protobuf_double(&f);
		else if (f.key == PROTOBUF_FIXED64(BUCKET_BOUND))
			bound = protobuf_double(&f);
		else if (f.key == PROTOBUF_BYTES(BUCKET_EXEMPLAR) && !gather_exemplar(r, &f, false))
			return false;
	}
	if (p.is_bad)
		return fail(r, "a bucket");
	*has_infinite |= bound == INFINITY;
	return tell_series(r, &(struct series_name){ "_bucket", "le", bound }, count, NULL);
}

static bool read_classic(struct reading *r, const struct protobuf_field *of,
	const struct histogram_head *head)
{
	struct protobuf p = protobuf_inside(of);
	struct protobuf_field f;
	bool has_infinite = false;

	if (!tell_series(r, &(struct series_name){ .suffix = "_count" }, head->count, NULL) ||
		!tell_series(r, &(struct series_name){ .suffix = "_sum" }, head->sum, NULL))
		return false;
	while (protobuf_next(&p, &f))
		if (f.key == PROTOBUF_BYTES(HISTOGRAM_BUCKET) && !read_bucket(r, &f, &has_infinite))
			return false;
	return has_infinite || tell_series(r, &(struct series_name){ "_bucket", "le", INFINITY },
				       head->count, NULL);
}

static bool read_histogram(struct reading *r, const struct protobuf_field *of)
{
	struct histogram_head head;
	bool is_native;

	if (!read_head(r, of, &head))
		return false;
	is_native = head.is_native && r->wish->has_native;
	if (is_native && !read_native(r, of, &head))
		return false;
	if (is_native && !(r->wish->has_classic && head.has_buckets))
		return true;
	/* Of a native one that isn't wanted there may be nothing else. */
	return (head.is_native && !head.has_buckets) || read_classic(r, of, &head);
}

/* ---- messages */

static bool read_metric(struct reading *r, const struct protobuf_field *of, uint32_t value_field)
{
	struct protobuf p = protobuf_inside(of);
	struct protobuf_field f, value = { .s = (const uint8_t *)"" };

	r->metric = *of;
	r->t_ms = 0;
	while (protobuf_next(&p, &f)) {
		if (f.key == PROTOBUF_VARINT(METRIC_TIME))
			r->t_ms = (int64_t)f.v;
		else if (f.key == PROTOBUF_BYTES(value_field))
			value = f;
	}
	if (p.is_bad)
		return fail(r, "a metric");
	r->has_time = r->t_ms != 0;
	if (value_field == METRIC_HISTOGRAM_VALUE)
		return read_histogram(r, &value);
	return value_field == METRIC_SUMMARY_VALUE ? read_summary(r, &value)
						   : read_value(r, &value);
}

static bool read_head_of_family(struct reading *r, const struct protobuf *message,
	uint64_t *ret_type)
{
	struct protobuf p = *message;
	struct protobuf_field f;

	*ret_type = 0;
	r->name = r->help = r->unit = (struct piece){ "", 0 };
	while (protobuf_next(&p, &f)) {
		if (f.key == PROTOBUF_BYTES(FAMILY_NAME))
			r->name = piece_of(&f);
		else if (f.key == PROTOBUF_BYTES(FAMILY_HELP))
			r->help = piece_of(&f);
		else if (f.key == PROTOBUF_BYTES(FAMILY_UNIT))
			r->unit = piece_of(&f);
		else if (f.key == PROTOBUF_VARINT(FAMILY_TYPE))
			*ret_type = f.v;
	}
	if (p.is_bad || !r->name.n || !is_text(r->name) || !is_text(r->help) || !is_text(r->unit))
		return fail(r, "a family's name");
	return *ret_type < COUNT(types) || fail(r, "a family's type");
}

static bool read_family(struct reading *r, struct protobuf message)
{
	struct protobuf_field f;
	uint64_t type;

	if (!read_head_of_family(r, &message, &type))
		return false;
	r->type = types[type].type;
	if (!tell_metadata(r, EXPOSITION_HELP, "HELP", r->help) ||
		!tell_metadata(r, EXPOSITION_TYPE, "TYPE", (struct piece){ "", 0 }) ||
		(r->unit.n && !tell_metadata(r, EXPOSITION_UNIT, "UNIT", r->unit)))
		return false;
	while (protobuf_next(&message, &f))
		if (f.key == PROTOBUF_BYTES(FAMILY_METRIC) &&
			!read_metric(r, &f, types[type].field))
			return false;
	return true;
}

/* One message from the front.  *ret_has false: it isn't whole yet. */
static enum rc read_one(struct reading *r, struct protobuf *p, bool *ret_has)
{
	struct protobuf from = *p;
	uint64_t n;

	*ret_has = false;
	if (!protobuf_take_varint(&from, &n)) {
		if (p->end - p->at < 10)
			return RC_OK;
		fail(r, "its length");
		return r->rc;
	}
	if (n > SCRAPE_FAMILY_BYTES_MAX)
		return err_set(r->e, RC_LIMIT, "a protobuf message is over %d bytes",
			SCRAPE_FAMILY_BYTES_MAX);
	if (n > (uint64_t)(from.end - from.at))
		return RC_OK;
	*ret_has = true;
	read_family(r, protobuf_over(from.at, n));
	p->at = from.at + n;
	return r->rc;
}

enum rc families_read(const char *bytes, size_t n, const struct families_wish *wish,
	const struct families_visitor *visitor, size_t *ret_used, struct err *e)
{
	struct reading *r = must_alloc(sizeof *r);
	struct protobuf p = protobuf_over(bytes, n);
	enum rc rc = RC_OK;
	bool has = true;

	r->wish = wish;
	r->visitor = visitor;
	r->e = e;
	arena_init(&r->arena, 0);
	r->text.limit_bytes = SCRAPE_LINE_BYTES_MAX;
	while (rc == RC_OK && has && p.at < p.end)
		rc = read_one(r, &p, &has);
	*ret_used = (size_t)(p.at - (const uint8_t *)bytes);
	arena_fini(&r->arena);
	str_fini(&r->text);
	str_fini(&r->exemplar_text);
	free(r);
	return rc;
}
