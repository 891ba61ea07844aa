/* SPDX-License-Identifier: Apache-2.0 */
/* One table a message; the messages of opentelemetry/proto/metrics/v1/metrics.proto and common.proto. */
#include "core/remote/otlp_json.h"

#include "base/hash.h"
#include "base/json_flat.h"
#include "base/protobuf.h"

#include <math.h>

enum kind {
	TEXT,
	HEX,    /* bytes as digits */
	BASE64, /* bytes */
	WHOLE,  /* a varint: bool, int64, uint32, enum */
	SIGNED, /* zigzag */
	FIXED,  /* 64 bits, signed or not */
	DOUBLE,
	MESSAGE,
};

struct field {
	const char *name;
	uint32_t number;
	enum kind kind;
	bool is_list;              /* of numbers: packed */
	const struct field *inner; /* of MESSAGE */
};

/* A value may be a list or a map of values. */
static const struct field any_value[8], key_value[3];
static const struct field value_list[] = { { "values", 1, MESSAGE, true, any_value }, { 0 } };
static const struct field value_map[] = { { "values", 1, MESSAGE, true, key_value }, { 0 } };
static const struct field any_value[8] = {
	{ "stringValue", 1, TEXT, false, NULL },
	{ "boolValue", 2, WHOLE, false, NULL },
	{ "intValue", 3, WHOLE, false, NULL },
	{ "doubleValue", 4, DOUBLE, false, NULL },
	{ "arrayValue", 5, MESSAGE, false, value_list },
	{ "kvlistValue", 6, MESSAGE, false, value_map },
	{ "bytesValue", 7, BASE64, false, NULL },
	{ 0 },
};
static const struct field key_value[3] = {
	{ "key", 1, TEXT, false, NULL },
	{ "value", 2, MESSAGE, false, any_value },
	{ 0 },
};
static const struct field resource[] = { { "attributes", 1, MESSAGE, true, key_value }, { 0 } };

#define EXEMPLARS(number)                                    \
	{                                                    \
		"exemplars", number, MESSAGE, true, exemplar \
	}
#define ATTRIBUTES(number)                                     \
	{                                                      \
		"attributes", number, MESSAGE, true, key_value \
	}
#define TIMES                                           \
	{ "startTimeUnixNano", 2, FIXED, false, NULL }, \
	{                                               \
		"timeUnixNano", 3, FIXED, false, NULL   \
	}
#define COUNT_AND_SUM                         \
	{ "count", 4, FIXED, false, NULL },   \
	{                                     \
		"sum", 5, DOUBLE, false, NULL \
	}

static const struct field exemplar[] = {
	{ "filteredAttributes", 7, MESSAGE, true, key_value },
	{ "timeUnixNano", 2, FIXED, false, NULL },
	{ "asDouble", 3, DOUBLE, false, NULL },
	{ "asInt", 6, FIXED, false, NULL },
	{ "spanId", 4, HEX, false, NULL },
	{ "traceId", 5, HEX, false, NULL },
	{ 0 },
};
static const struct field number_point[] = {
	ATTRIBUTES(7),
	TIMES,
	{ "asDouble", 4, DOUBLE, false, NULL },
	{ "asInt", 6, FIXED, false, NULL },
	EXEMPLARS(5),
	{ "flags", 8, WHOLE, false, NULL },
	{ 0 },
};
static const struct field histogram_point[] = {
	ATTRIBUTES(9),
	TIMES,
	COUNT_AND_SUM,
	{ "bucketCounts", 6, FIXED, true, NULL },
	{ "explicitBounds", 7, DOUBLE, true, NULL },
	EXEMPLARS(8),
	{ "flags", 10, WHOLE, false, NULL },
	{ 0 },
};
static const struct field buckets[] = {
	{ "offset", 1, SIGNED, false, NULL },
	{ "bucketCounts", 2, WHOLE, true, NULL },
	{ 0 },
};
static const struct field exponential_point[] = {
	ATTRIBUTES(1),
	TIMES,
	COUNT_AND_SUM,
	{ "scale", 6, SIGNED, false, NULL },
	{ "zeroCount", 7, FIXED, false, NULL },
	{ "positive", 8, MESSAGE, false, buckets },
	{ "negative", 9, MESSAGE, false, buckets },
	{ "flags", 10, WHOLE, false, NULL },
	EXEMPLARS(11),
	{ "zeroThreshold", 14, DOUBLE, false, NULL },
	{ 0 },
};
static const struct field quantile[] = {
	{ "quantile", 1, DOUBLE, false, NULL },
	{ "value", 2, DOUBLE, false, NULL },
	{ 0 },
};
static const struct field summary_point[] = {
	ATTRIBUTES(7),
	TIMES,
	COUNT_AND_SUM,
	{ "quantileValues", 6, MESSAGE, true, quantile },
	{ "flags", 8, WHOLE, false, NULL },
	{ 0 },
};

#define POINTS(of)                                 \
	{                                          \
		"dataPoints", 1, MESSAGE, true, of \
	}
#define TEMPORALITY                                             \
	{                                                       \
		"aggregationTemporality", 2, WHOLE, false, NULL \
	}

static const struct field gauge[] = { POINTS(number_point), { 0 } };
static const struct field sum[] = { POINTS(number_point), TEMPORALITY,
	{ "isMonotonic", 3, WHOLE, false, NULL }, { 0 } };
static const struct field histogram[] = { POINTS(histogram_point), TEMPORALITY, { 0 } };
static const struct field exponential[] = { POINTS(exponential_point), TEMPORALITY, { 0 } };
static const struct field summary[] = { POINTS(summary_point), { 0 } };
static const struct field metric[] = {
	{ "name", 1, TEXT, false, NULL },
	{ "description", 2, TEXT, false, NULL },
	{ "unit", 3, TEXT, false, NULL },
	{ "gauge", 5, MESSAGE, false, gauge },
	{ "sum", 7, MESSAGE, false, sum },
	{ "histogram", 9, MESSAGE, false, histogram },
	{ "exponentialHistogram", 10, MESSAGE, false, exponential },
	{ "summary", 11, MESSAGE, false, summary },
	{ 0 },
};
static const struct field scope[] = {
	{ "name", 1, TEXT, false, NULL },
	{ "version", 2, TEXT, false, NULL },
	{ "attributes", 3, MESSAGE, true, key_value },
	{ 0 },
};
static const struct field scope_metrics[] = {
	{ "scope", 1, MESSAGE, false, scope },
	{ "metrics", 2, MESSAGE, true, metric },
	{ "schemaUrl", 3, TEXT, false, NULL },
	{ 0 },
};
static const struct field resource_metrics[] = {
	{ "resource", 1, MESSAGE, false, resource },
	{ "scopeMetrics", 2, MESSAGE, true, scope_metrics },
	{ 0 },
};
static const struct field request[] = { { "resourceMetrics", 1, MESSAGE, true, resource_metrics },
	{ 0 } };

/* Enums are numbers in OTLP; some write their names all the same. */
static const struct {
	const char *name;
	uint64_t v;
} names[] = {
	{ "AGGREGATION_TEMPORALITY_UNSPECIFIED", 0 },
	{ "AGGREGATION_TEMPORALITY_DELTA", 1 },
	{ "AGGREGATION_TEMPORALITY_CUMULATIVE", 2 },
};

static bool parse_integer(const char *text, uint64_t *ret)
{
	bool is_negative = *text == '-';
	const char *digits = text + is_negative;
	char *end;

	for (size_t i = 0; i < COUNT(names); i++)
		if (str_eq(text, names[i].name)) {
			*ret = names[i].v;
			return true;
		}
	if (!*digits || digits[strspn(digits, "0123456789")] || strlen(digits) > 20)
		return false;
	*ret = strtoull(digits, &end, 10);
	if (is_negative)
		*ret = 0 - *ret;
	return true;
}

static bool integer_of(const struct json_node *v, uint64_t *ret)
{
	switch (v->type) {
	case JSON_INTEGER:
		*ret = (uint64_t)v->integer;
		return true;
	case JSON_REAL: /* 1e3 is a whole number, too */
		*ret = v->real >= 0 && v->real < 0x1p63 ? (uint64_t)v->real : 0;
		return v->real == (double)*ret;
	case JSON_STRING:
		return parse_integer(v->text, ret);
	case JSON_TRUE:
	case JSON_FALSE:
		*ret = v->type == JSON_TRUE;
		return true;
	default:
		return false;
	}
}

static bool double_of(const struct json_node *v, uint64_t *ret)
{
	double number;
	char *end;

	if (v->type == JSON_STRING) {
		number = strtod(v->text, &end);
		if (!*v->text || *end)
			return false;
	} else if (v->type == JSON_REAL) {
		number = v->real;
	} else if (v->type == JSON_INTEGER) {
		number = (double)v->integer;
	} else {
		return false;
	}
	memcpy(ret, &number, sizeof number);
	return true;
}

static void put_fixed(struct str *out, uint64_t v)
{
	str_addn(out, &v, sizeof v);
}

/* Without its key.  False: it isn't such a number. */
static bool put_number(struct str *out, enum kind kind, const struct json_node *v)
{
	uint64_t n;

	if (!(kind == DOUBLE ? double_of(v, &n) : integer_of(v, &n)))
		return false;
	if (kind == SIGNED)
		n = n << 1 ^ (uint64_t)((int64_t)n >> 63);
	if (kind == FIXED || kind == DOUBLE)
		put_fixed(out, n);
	else
		protobuf_put_varint(out, n);
	return true;
}

static bool put_hex(struct str *out, uint32_t number, const struct json_node *v)
{
	scoped(str_fini) struct str bytes = STR_EMPTY;

	if (v->n % 2 || v->text[strspn(v->text, "0123456789abcdefABCDEF")])
		return false;
	for (uint32_t i = 0; i < v->n; i += 2) {
		const char pair[] = { v->text[i], v->text[i + 1], 0 };

		str_addc(&bytes, (char)strtoul(pair, NULL, 16));
	}
	protobuf_add_bytes(out, number, bytes.s, bytes.len);
	return true;
}

static bool put_base64(struct str *out, uint32_t number, const struct json_node *v)
{
	scoped(mem_free) char *bytes = must_alloc(v->n + (size_t)1);
	long n = base64_decode(v->text, bytes, v->n);

	if (n < 0)
		return false;
	protobuf_add_bytes(out, number, bytes, (size_t)n);
	return true;
}

static bool put_message(struct str *out, const struct field *fields, const struct json_node *v);

static bool put_one(struct str *out, const struct field *f, const struct json_node *v)
{
	size_t opened;

	if (f->kind == MESSAGE) {
		opened = protobuf_open(out, f->number);
		if (!put_message(out, f->inner, v))
			return false;
		protobuf_close(out, opened);
		return true;
	}
	if (f->kind == TEXT || f->kind == HEX || f->kind == BASE64) {
		if (v->type != JSON_STRING)
			return false;
		if (f->kind != TEXT)
			return (f->kind == HEX ? put_hex : put_base64)(out, f->number, v);
		protobuf_add_bytes(out, f->number, v->text, v->n);
		return true;
	}
	/* Zeros, too: whether there is a sum at all is told by its being there. */
	protobuf_put_varint(out, f->kind == FIXED || f->kind == DOUBLE
					 ? PROTOBUF_FIXED64(f->number)
					 : PROTOBUF_VARINT(f->number));
	return put_number(out, f->kind, v);
}

static bool put_list(struct str *out, const struct field *f, const struct json_node *list)
{
	size_t opened;

	if (list->type != JSON_ARRAY)
		return false;
	if (f->kind != MESSAGE) {
		opened = protobuf_open(out, f->number);
		json_node_each (it, list)
			if (!put_number(out, f->kind, it))
				return false;
		protobuf_close(out, opened);
		return true;
	}
	json_node_each (it, list)
		if (!put_one(out, f, it))
			return false;
	return true;
}

static bool put_message(struct str *out, const struct field *fields, const struct json_node *v)
{
	if (v->type != JSON_OBJECT)
		return false;
	for (const struct field *f = fields; f->name && !out->is_cut; f++) {
		const struct json_node *member = json_node_get(v, f->name);

		if (!member || member->type == JSON_NULL)
			continue;
		if (!(f->is_list ? put_list : put_one)(out, f, member))
			return false;
	}
	return true;
}

enum rc otlp_json_to_protobuf(const char *text, size_t n, struct str *out, struct err *e)
{
	scoped(json_flat_fini) struct json_flat flat = JSON_FLAT_EMPTY;
	const struct json_node *root;
	enum rc rc = json_flat_read(&flat, text, n, &root, e);

	if (rc != RC_OK)
		return rc;
	if (!put_message(out, request, root))
		return err_set(e, RC_INPUT,
			"a field has a value of another type than OTLP gives it");
	return out->is_cut ? err_set(e, RC_LIMIT, "more than is taken at once") : RC_OK;
}
