/* SPDX-License-Identifier: Apache-2.0 */
#include "core/template/value.h"

#define DATA_TYPE                                                                           \
	"struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL " \
	"string; Value interface {} }"

static const struct {
	const char *type, *pointed;
	enum value_class class;
} kinds[] = {
	[VALUE_INVALID] = { "<nil>", NULL, CLASS_NONE },
	[VALUE_NIL] = { "interface {}", NULL, CLASS_NONE },
	[VALUE_BOOL] = { "bool", NULL, CLASS_BOOL },
	[VALUE_INT] = { "int", NULL, CLASS_INT },
	[VALUE_INT64] = { "int64", NULL, CLASS_INT },
	[VALUE_UINT8] = { "uint8", NULL, CLASS_UINT },
	[VALUE_MONTH] = { "time.Month", NULL, CLASS_INT },
	[VALUE_WEEKDAY] = { "time.Weekday", NULL, CLASS_INT },
	[VALUE_FLOAT] = { "float64", NULL, CLASS_FLOAT },
	[VALUE_COMPLEX] = { "complex128", NULL, CLASS_COMPLEX },
	[VALUE_STRING] = { "string", NULL, CLASS_STRING },
	[VALUE_HTML] = { "template.HTML", NULL, CLASS_STRING },
	[VALUE_LABELS] = { "map[string]string", NULL, CLASS_MAP },
	[VALUE_ARGS] = { "map[string]interface {}", NULL, CLASS_MAP },
	[VALUE_SAMPLES] = { "template.queryResult", NULL, CLASS_SLICE },
	[VALUE_SAMPLE] = { "*template.sample", "template.sample", CLASS_POINTER },
	[VALUE_DATA] = { DATA_TYPE, NULL, CLASS_STRUCT },
	[VALUE_TIME] = { "*time.Time", "time.Time", CLASS_POINTER },
	[VALUE_HISTOGRAM] = { "*histogram.FloatHistogram", "histogram.FloatHistogram",
		CLASS_POINTER },
};
_Static_assert(COUNT(kinds) == VALUE_KINDS, "every kind has a type");

enum value_class value_class(const struct value *v)
{
	return kinds[v->kind].class;
}

const char *value_type(const struct value *v)
{
	return kinds[v->kind].type;
}

const char *value_type_pointed(const struct value *v)
{
	return kinds[v->kind].pointed ? kinds[v->kind].pointed : kinds[v->kind].type;
}

bool value_is_nil(const struct value *v)
{
	if (v->kind == VALUE_SAMPLES)
		return v->samples.v == NULL;
	if (v->kind == VALUE_SAMPLE)
		return v->sample == NULL;
	return v->kind == VALUE_INVALID || v->kind == VALUE_NIL;
}

bool value_truth(const struct value *v)
{
	switch (v->kind) {
	case VALUE_BOOL:
		return v->truth;
	case VALUE_FLOAT:
		return v->f != 0;
	case VALUE_COMPLEX:
		return v->complex.re != 0 || v->complex.im != 0;
	case VALUE_STRING:
	case VALUE_HTML:
		return v->text.n > 0;
	case VALUE_LABELS:
		return v->labels->n > 0;
	case VALUE_ARGS:
		return v->args.n > 0;
	case VALUE_SAMPLES:
		return v->samples.n > 0;
	default:
		break;
	}
	if (value_class(v) == CLASS_INT || value_class(v) == CLASS_UINT)
		return v->i != 0;
	return !value_is_nil(v);
}

struct value value_of_sample(const struct template_sample *s)
{
	if (s->h)
		return (struct value){ .kind = VALUE_HISTOGRAM, .histogram = s->h };
	return value_of_float(s->v);
}

struct text labels_text(const struct labels *l, struct text name)
{
	for (uint32_t i = 0; i < l->n; i++)
		if (l->v[i].name_len == name.n && memcmp(l->v[i].name, name.s, name.n) == 0)
			return (struct text){ l->v[i].value, l->v[i].value_len };
	return (struct text){ "", 0 };
}
