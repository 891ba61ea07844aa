/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_flat: JSON read where it lies, for what is read once and by the thousand.
 *
 * A text becomes one array of nodes over one copy of it, in which texts are terminated and escapes
 * are taken out.  Both are used again for the next text, so reading allocates nothing.
 *
 *	{"a":[1,2],"b":"x"}     object n 2 │ "a" array n 2 │ 1 │ 2 │ "b" "x"      behind each all that is inside
 *
 * Plain JSON (no real numbers, no \u, no huge objects) is read here, in a tenth of jansson's
 * instructions.  jansson decides about everything else, and words every error.
 */
#ifndef BASE_JSON_FLAT_H
#define BASE_JSON_FLAT_H

#include "base/json.h"

struct json_node {
	json_type type;
	uint32_t span;    /* nodes from this one to the next that isn't inside it */
	uint32_t n;       /* members, items, or bytes of a text */
	uint32_t n_name;  /* bytes of `name` */
	const char *name; /* as a member of an object; else NULL */
	union {
		const char *text;
		int64_t integer;
		double real;
	};
};

struct json_flat {
	struct json_node *nodes;
	uint32_t n_nodes, cap_nodes;
	char *text;
	size_t cap_text;
	json_t *tree; /* what the nodes of a text that isn't plain stand for */
};

#define JSON_FLAT_EMPTY ((struct json_flat){ 0 })

void json_flat_fini(struct json_flat *f);
SCOPED_FINI(json_flat_fini, struct json_flat)

/* Takes and refuses what json_read() does.  The nodes live until the next text is read into `f`. */
enum rc json_flat_read(struct json_flat *f, const char *text, size_t n,
	const struct json_node **ret, struct err *e) MUST_USE;
/* The same for plain JSON; NULL: it isn't, or it is malformed. */
const struct json_node *json_flat_plain(struct json_flat *f, const char *text, size_t n);

/* NULL when there is none, and when `object` is NULL or something else. */
const struct json_node *json_node_get(const struct json_node *object, const char *name);
/* For each member or item, `it`, of what may be NULL or something else. */
#define json_node_each(it, of)                                                   \
	for (const struct json_node *it = (of) ? (of) + 1 : NULL,                \
				    *it##_end = (of) ? (of) + (of)->span : NULL; \
		it < it##_end; it += it->span)

/* As json_get_text() and its like. */
const char *json_node_text(const struct json_node *object, const char *name, const char *otherwise);
int64_t json_node_int(const struct json_node *object, const char *name, int64_t otherwise);
bool json_node_bool(const struct json_node *object, const char *name, bool otherwise);
struct wall json_node_time(const struct json_node *object, const char *name);

#endif
