/* SPDX-License-Identifier: Apache-2.0 */
/* exec: one expansion under way. */
#ifndef CORE_TEMPLATE_EXEC_H
#define CORE_TEMPLATE_EXEC_H

#include "base/err.h"
#include "core/template/value.h"

struct exec_variable {
	struct text name;
	struct value value;
};

struct exec {
	const struct template *t;
	struct text name; /* of the template that is being expanded, maybe a defined one */
	const struct template_data *data;
	struct arena arena; /* of all that is made on the way */
	struct str *out;
	struct value receiver;        /* of the method that is being called */
	const struct node *first_arg; /* as written; NULL: it came through the pipeline */
	const struct node *at;        /* what is being evaluated, for messages */
	struct exec_variable *variables;
	uint32_t n_variables, cap_variables;
	uint32_t first_variable; /* those before belong to templates further out */
	uint32_t depth, steps;
	/* After the first failure everything comes to nothing. */
	enum rc rc;
	struct str why;
	struct str refusal; /* what the function that is being called says */
};

/* "executing ... at <...>: " and the text.  The first failure is kept. */
void exec_fail(struct exec *x, const char *fmt, ...) PRINTF(2, 3);
/* What a function reports: "error calling NAME: " and the text; exec.c puts the name before it. */
void exec_refuse(struct exec *x, const char *fmt, ...) PRINTF(2, 3);
void exec_limit(struct exec *x, const char *fmt, ...) PRINTF(2, 3); /* RC_LIMIT */

/* A copy in the arena; "" after having failed. */
struct text exec_keep(struct exec *x, const struct str *s);
void *exec_alloc(struct exec *x, size_t n); /* NULL after having failed */
/* A text that is being made: bounded by what is left. */
struct str exec_text(struct exec *x);

/* print.h: as fmt.Sprint, fmt.Sprintf and fmt.Sprintln do. */
void exec_print(struct exec *x, const struct value *v, uint32_t n, struct str *out);
void exec_println(struct exec *x, const struct value *v, uint32_t n, struct str *out);
void exec_printf(struct exec *x, struct text format, const struct values *args, struct str *out);
/* As templates show it: "<no value>" for nothing, pointers as what they point to. */
void exec_show(struct exec *x, const struct value *v, struct str *out);

#endif
