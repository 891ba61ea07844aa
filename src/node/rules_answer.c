/* SPDX-License-Identifier: Apache-2.0 */
#include "node/rules_answer.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/number.h"
#include "node/rules_histogram.h"

#define NOT_PROMETHEUS "the outside server's answer is not as Prometheus'"

static enum rc full(struct err *e)
{
	return err_set(e, RC_LIMIT, "the result takes more than %d bytes", RULE_RESULT_BYTES_MAX);
}

/* [seconds, "number"] */
static bool read_value(const json_t *pair, double *ret)
{
	const char *text = json_string_value(json_array_get(pair, 1));

	return text && number_parse(text, strlen(text), ret) == NUMBER_OK;
}

static enum rc read_labels(const json_t *metric, struct arena *a, struct labels *ret, struct err *e)
{
	struct label *v = arena_alloc(a, (json_object_size(metric) + 1) * sizeof *v);
	const char *name;
	json_t *value;
	uint32_t n = 0;

	if (!v)
		return full(e);
	json_object_foreach ((json_t *)metric, name, value) {
		struct label *l = &v[n++];

		if (!json_is_string(value))
			return err_set(e, RC_INPUT, NOT_PROMETHEUS ": a label is no text");
		*l = (struct label){ .name = arena_strdup(a, name),
			.value = arena_strndup(a, json_string_value(value),
				json_string_length(value)),
			.name_len = (uint32_t)strlen(name),
			.value_len = (uint32_t)json_string_length(value) };
		if (!l->name || !l->value)
			return full(e);
	}
	return labels_sort(v, n, ret, e);
}

static enum rc read_sample(const json_t *one, struct arena *a, struct rules_sample *ret,
	struct err *e)
{
	const json_t *histogram = json_array_get(json_object_get(one, "histogram"), 1);
	enum rc rc;

	*ret = (struct rules_sample){ 0 };
	if (histogram) {
		rc = rules_histogram_read(histogram, a, &ret->h, e);
		if (rc != RC_OK)
			return rc;
	} else if (!read_value(json_object_get(one, "value"), &ret->v))
		return err_set(e, RC_INPUT, NOT_PROMETHEUS ": a series lacks its value");
	return read_labels(json_object_get(one, "metric"), a, &ret->labels, e);
}

static enum rc read_vector(const json_t *result, struct arena *a, struct rules_vector *ret,
	struct err *e)
{
	uint32_t n = (uint32_t)json_array_size(result);
	struct rules_sample *v = arena_alloc(a, (n + 1) * sizeof *v);
	enum rc rc = v ? RC_OK : full(e);

	for (uint32_t i = 0; rc == RC_OK && i < n; i++)
		rc = read_sample(json_array_get(result, i), a, &v[i], e);
	if (rc == RC_OK)
		*ret = (struct rules_vector){ v, n, 1 };
	return rc;
}

static enum rc read_scalar(const json_t *result, struct arena *a, struct rules_vector *ret,
	struct err *e)
{
	struct rules_sample *v = arena_alloc(a, sizeof *v);

	if (!v)
		return full(e);
	*v = (struct rules_sample){ 0 };
	if (!read_value(result, &v->v))
		return err_set(e, RC_INPUT, NOT_PROMETHEUS ": a scalar lacks its value");
	*ret = (struct rules_vector){ v, 1, 1 };
	return RC_OK;
}

static enum rc read_result(const json_t *data, struct arena *a, struct rules_vector *ret,
	struct err *e)
{
	const char *type = json_get_text(data, "resultType", "");
	const json_t *result = json_object_get(data, "result");

	if (strcmp(type, "vector") == 0 && json_is_array(result))
		return read_vector(result, a, ret, e);
	if (strcmp(type, "scalar") == 0)
		return read_scalar(result, a, ret, e);
	if (*type)
		return err_set(e, RC_INPUT, "rule result is not a vector or scalar");
	return err_set(e, RC_INPUT, NOT_PROMETHEUS ": it lacks a resultType");
}

enum rc rules_answer_read(const struct rules_answer *answer, struct arena *a,
	struct rules_vector *ret, struct err *e)
{
	scoped(json_decref) json_t *whole = NULL;
	const char *error;

	if (json_read(&whole, answer->body, answer->n, NULL) != RC_OK || !json_is_object(whole))
		return err_set(e, RC_INPUT,
			"the outside server answers with status %d, and not in JSON",
			answer->status);
	error = json_get_text(whole, "error", NULL);
	if (error)
		return err_set(e, RC_INPUT, "%.400s", error);
	if (strcmp(json_get_text(whole, "status", ""), "success") != 0)
		return err_set(e, RC_INPUT, "the outside server answers with status %d",
			answer->status);
	return read_result(json_object_get(whole, "data"), a, ret, e);
}
