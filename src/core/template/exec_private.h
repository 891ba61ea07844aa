/* SPDX-License-Identifier: Apache-2.0 */
/* What exec.c, exec_expression.c and exec_control.c share. */
#ifndef CORE_TEMPLATE_EXEC_PRIVATE_H
#define CORE_TEMPLATE_EXEC_PRIVATE_H

#include "core/template/exec.h"
#include "core/template/tree.h"

#define NOTHING ((struct value){ .kind = VALUE_INVALID })

/* Behind an interface, as messages call it. */
static inline struct value wrapped(struct value v)
{
	v.is_wrapped = true;
	return v;
}

/* ---- exec.c */

/* One step more.  False: it fails, or has failed. */
bool exec_may_go_on(struct exec *x);
void exec_push(struct exec *x, struct text name, struct value v);
/* NULL after having failed. */
struct exec_variable *exec_find_variable(struct exec *x, struct text name);
void exec_set_variable(struct exec *x, struct text name, struct value v);

/* ---- exec_expression.c */

/* The value of a pipeline, after its variables were set. */
struct value exec_pipe(struct exec *x, struct value dot, const struct node *n);

/* ---- exec_control.c */

/* What to do with the nodes behind this one. */
enum walk { WALK_ON, WALK_BREAK, WALK_CONTINUE };

enum walk exec_walk_list(struct exec *x, struct value dot, const struct node *n);

#endif
