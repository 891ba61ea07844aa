/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value: what a template reckons with: the few Go types that occur in Prometheus' templates.
 *
 * Texts, lists and maps live in the arena of the expansion, or belong to who asked for it.
 */
#ifndef CORE_TEMPLATE_VALUE_H
#define CORE_TEMPLATE_VALUE_H

#include "core/template/template.h"
#include "core/template/tree.h"

enum value_kind {
	VALUE_INVALID, /* no value at all */
	VALUE_NIL,     /* an interface that holds nothing */
	VALUE_BOOL,
	VALUE_INT,
	VALUE_INT64,
	VALUE_UINT8,
	VALUE_MONTH,
	VALUE_WEEKDAY, /* i */
	VALUE_FLOAT,   /* f */
	VALUE_COMPLEX,
	VALUE_STRING,
	VALUE_HTML, /* text */
	VALUE_LABELS,
	VALUE_ARGS,
	VALUE_SAMPLES,
	VALUE_SAMPLE,
	VALUE_DATA,
	VALUE_TIME, /* i: milliseconds since 1970 */
	VALUE_HISTOGRAM,
	VALUE_KINDS
};

struct values {
	const struct value *v;
	uint32_t n;
};

struct entry; /* of a map of anything */

struct value {
	enum value_kind kind;
	bool is_wrapped; /* it came out of an interface: messages about its fields say so */
	union {
		bool truth;
		int64_t i;
		double f;
		struct {
			double re, im;
		} complex;
		struct text text;
		const struct labels *labels;
		struct {
			const struct entry *v; /* in order of names */
			uint32_t n;
		} args;
		struct {
			const struct template_sample *const *v; /* NULL: nil */
			uint32_t n;
		} samples;
		const struct template_sample *sample; /* NULL: nil */
		const struct template_data *data;
		const struct histogram *histogram;
	};
};

struct entry {
	struct text name;
	struct value value;
};

/* What reflect calls the kind: decides what can be compared, indexed, ranged over. */
enum value_class {
	CLASS_NONE,
	CLASS_BOOL,
	CLASS_INT,
	CLASS_UINT,
	CLASS_FLOAT,
	CLASS_COMPLEX,
	CLASS_STRING,
	CLASS_MAP,
	CLASS_SLICE,
	CLASS_POINTER,
	CLASS_STRUCT,
};

enum value_class value_class(const struct value *v);
const char *value_type(const struct value *v);         /* "map[string]string" */
const char *value_type_pointed(const struct value *v); /* of a pointer: "template.sample" */
bool value_truth(const struct value *v);
bool value_is_nil(const struct value *v);

static inline struct value value_of_text(struct text t)
{
	return (struct value){ .kind = VALUE_STRING, .text = t };
}
static inline struct value value_of_int(int64_t i)
{
	return (struct value){ .kind = VALUE_INT, .i = i };
}
static inline struct value value_of_float(double f)
{
	return (struct value){ .kind = VALUE_FLOAT, .f = f };
}
static inline struct value value_of_bool(bool truth)
{
	return (struct value){ .kind = VALUE_BOOL, .truth = truth };
}
/* A histogram, or the number. */
struct value value_of_sample(const struct template_sample *s);
struct text labels_text(const struct labels *l, struct text name); /* "" when absent */

/* time.c: 2006-01-02 15:04:05.999 +0000 UTC */
void value_time_text(int64_t ms, struct str *out);
/* As Time.Format does, with Go's layouts. */
void value_time_format(int64_t ms, struct text layout, struct str *out);
const char *value_month(int64_t month);     /* "January" */
const char *value_weekday(int64_t weekday); /* "Sunday" */

#endif
