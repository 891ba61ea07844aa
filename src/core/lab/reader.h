/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader: fills the structs of decl.h from a document, by the tables of schema.h.
 *
 * It never stops at a complaint: what can't be read stays zero, and the rest is read too.
 */
#ifndef CORE_LAB_READER_H
#define CORE_LAB_READER_H

#include "base/map.h"
#include "base/nearest.h"
#include "core/lab/decl.h"
#include "core/lab/schema.h"

#define NAME_PATTERN "^[a-z0-9][a-z0-9._-]*$" /* what lab_name_is_valid() takes, for editors */

/* Something that is understood but not supported, in a file that isn't ours: bad only if used. */
struct refusal {
	const struct entry *entry; /* the module that holds it */
	struct place at;
	const char *text;
};

struct reader {
	struct arena *arena; /* the lab's */
	struct findings *findings;
	const struct lab_source *source;
	const char *file;
	const char *folder; /* goes before relative paths: "" or "/etc/diarchy/" */
	bool is_foreign;    /* a module's file: empty values mean absent, secrets may stand in it */
	const struct entry *entry; /* the outermost entry that is being read; NULL */
	const struct shape *entry_shape;
	const struct doc_node *at_key; /* the key whose value is being read; NULL in a list */
	struct map patterns;           /* text -> struct pattern *, so that equal ones are one */
	struct refusal *refusals;
	uint32_t n_refusals, cap_refusals;
	bool is_full;
};

void reader_init(struct reader *r, struct arena *arena, struct findings *findings,
	const struct lab_source *source);
void reader_fini(struct reader *r); /* the patterns belong to whoever took them */

/* Read `root` of the file into `to`, a struct of the shape's size. */
void reader_read(struct reader *r, const struct shape *shape, const struct doc *doc, void *to);

/* Complaints, at `node`. */
struct place reader_place(const struct reader *r, const struct doc_node *node);
void reader_error(struct reader *r, const struct doc_node *node, const char *fmt, ...) PRINTF(3, 4);
/* "every: expected a duration such as 15s, not 'abc'", from the key's type. */
void reader_expected(struct reader *r, const struct key *key, const struct doc_node *node);
/* Whether it is a scalar; complains otherwise. */
bool reader_scalar(struct reader *r, const struct key *key, const struct doc_node *node);
/* The choice of the key's type that is written here; NULL after a complaint. */
const struct choice *reader_choice(struct reader *r, const struct key *key,
	const struct doc_node *node);
/* "'x' is not supported yet": an error in lab.yaml, a refusal in a module's file. */
void reader_refuse(struct reader *r, const struct doc_node *node, const char *fmt, ...)
	PRINTF(3, 4);

/* Memory of the lab.  NULL when its budget is used up, which has then been said. */
void *reader_alloc(struct reader *r, size_t n);
/* A copy of a scalar's text; complains about NUL bytes. */
const char *reader_text(struct reader *r, const struct doc_node *node);
/* The same with the folder before a relative path. */
const char *reader_path(struct reader *r, const struct doc_node *node);

/* A pattern of the lab's, compiled once for equal texts; NULL when it is malformed. */
struct pattern *reader_pattern(struct reader *r, const char *text, struct err *e);

/* The types that are made of shapes.  `type->shape` is read into: */
void read_shape(struct reader *r, const struct key *key, const struct doc_node *node, void *to);
void read_shapes(struct reader *r, const struct key *key, const struct doc_node *node, void *to);
void read_entries(struct reader *r, const struct key *key, const struct doc_node *node, void *to);

#endif
