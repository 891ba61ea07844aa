/* SPDX-License-Identifier: Apache-2.0 */
/* parse: the text of a template to its tree, or what Go says is wrong with it. */
#ifndef CORE_TEMPLATE_PARSE_H
#define CORE_TEMPLATE_PARSE_H

#include "base/err.h"
#include "core/template/tree.h"

struct template_source {
	const char *name; /* in messages */
	const char *text;
	size_t n;
};

/* The tree points into name and text, and lives in the arena.  RC_INPUT: `why` gets Go's words;
 * RC_LIMIT: the arena is full, or it is nested too deep. */
enum rc template_parse(const struct template_source *source, struct arena *a, struct template **ret,
	struct str *why) MUST_USE;

/* NULL: there is no template of that name. */
struct definition *definition_find(const struct template *t, struct text name);

#endif
