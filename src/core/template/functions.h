/* SPDX-License-Identifier: Apache-2.0 */
/*
 * functions: what templates may call, as the table functions.def.
 *
 * The evaluator has checked number and types of the arguments; a function gets them as they are
 * then: ANY a value that is VALUE_NIL when nothing was there, VALUE a value as it is, the others the
 * type that they name (of SAMPLES and SAMPLE maybe none).
 */
#ifndef CORE_TEMPLATE_FUNCTIONS_H
#define CORE_TEMPLATE_FUNCTIONS_H

#include "core/template/exec.h"

#define PARAMETERS_MAX 3

enum parameter {
	PARAMETER_ANY,
	PARAMETER_VALUE,
	PARAMETER_STRING,
	PARAMETER_SAMPLES,
	PARAMETER_SAMPLE
};

struct arguments {
	struct value *v;
	uint32_t n;
};

struct function {
	const char *name;
	uint8_t n_fixed;
	bool is_variadic; /* takes more of the last type */
	enum parameter types[PARAMETERS_MAX];
	/* After exec_fail() the result doesn't matter.  NULL: the evaluator does it (and, or). */
	struct value (*call)(struct exec *x, const struct arguments *a);
};

const struct function *function_find(struct text name); /* NULL */
const struct function *method_find(struct text name);   /* of time.Time; NULL */

/* For a URL's query: url.QueryEscape. */
void query_escape(const char *s, size_t n, struct str *out);

#define FUNCTION(name, ...) struct value function_##name(struct exec *x, const struct arguments *a);
#include "core/template/functions.def"
#undef FUNCTION

#endif
