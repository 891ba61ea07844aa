/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema: what may stand in lab.yaml, and in a blackbox module's file, as tables.
 *
 * A shape is a mapping with known keys; a key has a type, a rule for its absence, a place in a
 * struct of decl.h, and a sentence for people.  The reader (reader.h) fills the structs from these
 * tables; describe.c prints them as JSON Schema and as the reference page.  A key exists in
 * schema.c or not at all.
 */
#ifndef CORE_LAB_SCHEMA_H
#define CORE_LAB_SCHEMA_H

#include "base/doc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reader;
struct key;
struct shape;

struct choice {
	const char *text;
	int value;
};

struct type {
	const char *name; /* with its article, for messages: "a duration such as 15s or 1h30m" */
	const char *word; /* for the reference page: "duration" */
	/* Check `node` and store it at `to`; complains to the reader and stores nothing otherwise.
	 */
	void (*read)(struct reader *r, const struct key *key, const struct doc_node *node,
		void *to);
	const struct shape *shape;    /* what is inside: one, or each of a list or map */
	const struct choice *choices; /* ended by a NULL text */
	int64_t low, high;            /* bounds of numbers, sizes and durations */
	uint8_t size_bytes;           /* numbers: of what they are stored in */
	bool is_embedded;             /* a shape that is part of the outer struct, not pointed to */
	enum { ONE, LIST, MAP } many; /* of its shape or choices; a list of choices may be one */
	const char *schema; /* JSON Schema of it, without braces; NULL: from shape or choices */
};

enum presence {
	KEY_OPTIONAL, /* absent: zero, which the reader of the value explains */
	KEY_REQUIRED,
	KEY_DEFAULT,  /* absent: as if `otherwise` had been written */
	KEY_COMPUTED, /* absent: found out later, as `otherwise` says in words */
};

struct key {
	const char *name;
	const struct type *type;
	size_t at; /* in the shape's struct */
	enum presence presence;
	const char *otherwise;
	const char *what;
};

struct shape {
	/* "probe": of messages, of the definition, of the reference page's section. */
	const char *name;
	const char *what;
	size_t size_bytes;
	const struct key *keys; /* ended by a NULL name */
	/* The key that is meant when something other than a mapping stands here. */
	const char *brief;
	const char *const *one_of; /* exactly one of these must be there; ended by NULL */
	/* Keys that aren't in the table are entries, in a struct list that stands at `rest_at`. */
	const struct type *rest;
	size_t rest_at;
};

extern const struct shape lab_shape;      /* lab.yaml -> struct lab_decl */
extern const struct shape blackbox_shape; /* a module's file -> struct modules_decl */
extern const struct shape prometheus_shape; /* a prometheus.yml -> struct prometheus_decl */

const struct key *shape_key(const struct shape *shape, const char *name); /* NULL */

#endif
